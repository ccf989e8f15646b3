"""Several shots of one scene: one motion and one world, whoever films it from where."""

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest

from bodydouble.data import Background, Camera, FloatArray, Motion, Track
from bodydouble.geometry import camera, rotation
from bodydouble.geometry.kinematics import joint_positions
from bodydouble.motion import multi_shot
from bodydouble.motion.body import proportions
from bodydouble.motion.multi_shot import reconstruct_shots
from bodydouble.motion.reconstruct import MeasuredInputs, ReconstructionInput, default_intrinsics, reconstruct
from bodydouble.motion.resampling.motion import slice_motion
from tests.motion.scenes import FPS, IMAGE_SIZE, simulated_track, static_camera, waving_motion

FRAMES, CUT = 40, 22
INTRINSICS = default_intrinsics(IMAGE_SIZE)


def moved(motion: Motion, place: tuple[float, float], heading: float, speed: tuple[float, float] = (0, 0)) -> Motion:
    """The motion turned about +Y and carried along, from x and z m at x and z m/s."""
    turn = rotation.from_rotvec(np.array([0.0, heading, 0.0]))
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(turn, rotations[:, 0])
    times = np.arange(len(rotations))[:, None] / float(FPS)
    way = np.insert(np.array(place) + times * speed, 1, 0.0, axis=1)
    return replace(motion, rotations=rotations, root_position=rotation.rotate(turn, motion.root_position) + way)


PAIR = (
    moved(waving_motion(FRAMES), (-0.7, 0.1), 0.3, (0.4, 0.2)),
    moved(waving_motion(FRAMES), (0.8, -0.3), -0.6),
)
VIEWS = np.stack([static_camera(yaw=0.2)] * CUT + [static_camera(yaw=1.7, distance=4.0)] * (FRAMES - CUT))


def without(track: Track, hidden: Sequence[int]) -> Track:
    """The track with frames in which nobody sees the person; the first and the last one are not among them."""
    unseen = np.isin(track.frames, hidden)
    nothing = np.array([np.nan, np.nan, 0.0])
    return Track(
        track.frames,
        ~unseen,
        np.where(unseen[:, None], np.nan, track.boxes),
        np.where(unseen[:, None, None], nothing, track.keypoints),
        np.where(unseen[:, None, None], np.nan, track.landmarks_3d),
    )


def filmed(motion: Motion, hidden: Sequence[int] = ()) -> Track:
    """Seen by the camera of VIEWS."""
    parts = [simulated_track(motion, view, INTRINSICS) for view in VIEWS[[0, -1]]]
    late = np.arange(FRAMES) >= CUT
    seen = {
        name: np.where(late.reshape(-1, *[1] * (getattr(parts[0], name).ndim - 1)), *(getattr(p, name) for p in turned))
        for name in ("boxes", "keypoints", "landmarks_3d")
        if (turned := parts[::-1])
    }
    return without(Track(np.arange(FRAMES), np.ones(FRAMES, dtype=bool), **seen), hidden)


def numbered(person: int, hidden: Sequence[int] = ()) -> Track:
    """A track that says in its boxes whose it is and which frame."""
    track = simulated_track(PAIR[person], VIEWS[0], INTRINSICS)
    boxes = np.stack([np.full(FRAMES, person), np.arange(FRAMES), *np.zeros((2, FRAMES))], axis=1)
    return without(replace(track, boxes=boxes.astype(float)), hidden)


def two_shots(
    tracks: Sequence[Track], background: Background | None = None, stature: float | None = None
) -> ReconstructionInput:
    """A clip of two shots, with a cut at frame CUT."""
    measured = MeasuredInputs(stature=stature)
    return ReconstructionInput(
        tuple(tracks), IMAGE_SIZE, FRAMES, FPS, background, shot_starts=(CUT,), measured=measured
    )


class Elsewhere:
    """Reconstructs everybody as they are, but puts each shot into a world of its own."""

    def __init__(self, worlds: Sequence[FloatArray], sizes: Sequence[float] = (1.0, 1.0)) -> None:
        """Each (4, 4) shot_from_clip, and how large people seem, by the number of the shot."""
        self.worlds, self.sizes = worlds, sizes
        self.backgrounds: list[Background | None] = []

    def __call__(self, inputs: ReconstructionInput) -> tuple[Camera, tuple[Motion, ...]]:
        tracks = inputs.tracks
        start = int(tracks[0].boxes[0, 1] - tracks[0].frames[0])
        world, size_of_people = self.worlds[int(start >= CUT)], self.sizes[int(start >= CUT)]
        self.backgrounds.append(inputs.background)
        poses = VIEWS[start : start + inputs.frame_count] @ camera.inverse(world)
        found = []
        for track in tracks:
            own = slice_motion(PAIR[int(track.boxes[0, 0])], track.frames + start)
            turned = own.rotations.copy()
            turned[:, 0] = rotation.multiply(rotation.from_matrix(world[:3, :3]), turned[:, 0])
            placed = camera.transform(world, own.root_position)
            placed[:, 1] *= size_of_people
            skeleton = proportions.scale_skeleton(own.skeleton, size_of_people)
            found.append(replace(own, skeleton=skeleton, rotations=turned, root_position=placed))
        return Camera(inputs.image_size, INTRINSICS, poses), tuple(found)


def elsewhere(yaw: float, x: float = 0.0, z: float = 0.0) -> FloatArray:
    world = np.eye(4)
    world[:3, :3] = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, yaw, 0.0])))
    world[[0, 2], 3] = x, z
    return world


@pytest.mark.parametrize("yaw", [0.0, 0.7, 2.0, -3.0])
@pytest.mark.parametrize("people", [(0,), (0, 1)])
def test_shots_of_any_world_are_put_into_that_of_the_first(
    monkeypatch: pytest.MonkeyPatch, yaw: float, people: tuple[int, ...]
) -> None:
    monkeypatch.setattr(multi_shot, "reconstruct", Elsewhere([np.eye(4), elsewhere(yaw, 3.0, -5.0)]))
    view, motions = reconstruct_shots(two_shots([numbered(n) for n in people]))
    for n, motion in zip(people, motions, strict=True):
        np.testing.assert_allclose(joint_positions(motion), joint_positions(PAIR[n]), atol=1e-6)
    np.testing.assert_allclose(view.camera_from_world, VIEWS, atol=1e-6)


def test_a_person_at_the_cut_decides_over_one_long_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one left in the first shot and is somewhere else at the end: only whom the camera sees is sure."""
    monkeypatch.setattr(multi_shot, "reconstruct", Elsewhere([np.eye(4), elsewhere(1.0, 2.0, 1.0)]))
    tracks = [numbered(0), numbered(1, range(2, FRAMES - 2))]
    _, motions = reconstruct_shots(two_shots(tracks))
    np.testing.assert_allclose(motions[0].root_position, PAIR[0].root_position, atol=0.02)


def test_who_is_out_of_sight_at_a_cut_goes_straight_on_and_is_unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = range(CUT - 6, CUT + 5)
    monkeypatch.setattr(multi_shot, "reconstruct", Elsewhere([np.eye(4), elsewhere(-0.5, 1.0, 1.0)]))
    _, motions = reconstruct_shots(two_shots([numbered(0, hidden), numbered(1)]))
    np.testing.assert_allclose(motions[0].root_position, PAIR[0].root_position, atol=1e-6)
    sigma = motions[0].joint_sigma.max(axis=1)
    assert sigma[hidden].min() > np.delete(sigma, hidden).max()
    assert sigma[hidden].argmax() == len(hidden) // 2
    assert not motions[0].contacts[hidden].any()


def test_everybody_has_one_body_that_stands_on_the_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi_shot, "reconstruct", Elsewhere([np.eye(4), elsewhere(0.5)], (1.1, 0.9)))
    for height in (None, 1.9):
        _, (motion,) = reconstruct_shots(two_shots([numbered(1)], stature=height))
        usual = 1.1 ** (CUT / FRAMES) * 0.9 ** (1 - CUT / FRAMES)
        true = proportions.stature(PAIR[1].skeleton)
        assert proportions.stature(motion.skeleton) == pytest.approx(height or usual * true)
        larger = proportions.stature(motion.skeleton) / true
        feet = [joint_positions(one)[..., 1].min(axis=1) for one in (motion, PAIR[1])]
        np.testing.assert_allclose(feet[0], larger * feet[1], atol=1e-6)


def test_who_seems_elsewhere_after_a_cut_does_not_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras that are wrong about distances cannot agree on where two people are; still, all go on where they were."""
    squeezed = np.diag([1.0, 1.0, 0.6, 1.0])
    monkeypatch.setattr(multi_shot, "reconstruct", Elsewhere([np.eye(4), squeezed]))
    _, motions = reconstruct_shots(two_shots([numbered(0), numbered(1)]))
    for n, motion in enumerate(motions):
        step, true = (np.linalg.norm(np.diff(one.root_position, axis=0), axis=1) for one in (motion, PAIR[n]))
        assert step.max() < true.max() + 0.002
        assert np.ptp(motion.root_position - PAIR[n].root_position, axis=0)[1] < 1e-9


def test_without_anybody_the_camera_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi_shot, "reconstruct", Elsewhere([np.eye(4), np.eye(4)]))
    track = numbered(0, range(5, FRAMES))
    short = Track(*(getattr(track, field.name)[:5] for field in fields(track)))
    view, motions = reconstruct_shots(two_shots([short]))
    np.testing.assert_allclose(view.camera_from_world, np.broadcast_to(VIEWS[0], (FRAMES, 4, 4)), atol=1e-9)
    assert len(motions[0].rotations) == 5


def test_each_shot_gets_its_own_background(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Elsewhere([np.eye(4), np.eye(4)])
    monkeypatch.setattr(multi_shot, "reconstruct", model)
    frames = np.repeat(np.arange(FRAMES), 2)
    points = np.stack([frames, frames], axis=1).astype(float)
    whole = Background(FRAMES, np.array([0, 9, CUT]), frames, np.tile([0, 1], FRAMES) + 2 * (frames >= CUT), points)
    reconstruct_shots(two_shots([numbered(0)], background=whole))
    first, second = model.backgrounds[:2]
    assert first is not None and second is not None
    assert (first.frame_count, second.frame_count) == (CUT, FRAMES - CUT)
    assert (first.keyframes.tolist(), second.keyframes.tolist()) == ([0, 9], [0])
    np.testing.assert_array_equal(np.concatenate([first.frames, second.frames + CUT]), frames)
    np.testing.assert_array_equal(np.concatenate([first.points, second.points]), points)
    assert set(second.corner_ids) == {2, 3}


def test_a_shot_that_begins_within_a_dissolve_has_a_background_from_its_first_keyframe_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames = np.arange(FRAMES)
    for keyframes, beginning in (([0, CUT + 3], CUT + 3), ([0], FRAMES)):
        model = Elsewhere([np.eye(4), np.eye(4)])
        monkeypatch.setattr(multi_shot, "reconstruct", model)
        whole = Background(FRAMES, np.array(keyframes), frames, 0 * frames, np.zeros((FRAMES, 2)))
        reconstruct_shots(two_shots([numbered(0)], background=whole))
        second = model.backgrounds[1]
        assert second is not None
        assert (second.frames + CUT).tolist() == list(range(beginning, FRAMES))


@pytest.mark.slow
def test_one_shot_is_reconstructed_as_ever() -> None:
    track = simulated_track(waving_motion(FRAMES), static_camera(), INTRINSICS)
    view, (motion,) = reconstruct(ReconstructionInput((track,), IMAGE_SIZE, FRAMES, FPS))
    other_view, (other,) = reconstruct_shots(ReconstructionInput((track,), IMAGE_SIZE, FRAMES, FPS))
    np.testing.assert_array_equal(view.camera_from_world, other_view.camera_from_world)
    for name in ("rotations", "root_position", "contacts", "joint_sigma"):
        np.testing.assert_array_equal(getattr(motion, name), getattr(other, name))


@pytest.mark.slow
def test_a_scene_seen_from_two_sides_is_one_scene() -> None:
    view, motions = reconstruct_shots(two_shots([filmed(motion) for motion in PAIR]))
    found, true = (np.stack([joint_positions(motion) for motion in both]) for both in (motions, PAIR))
    # The world begins below the first person, as the first camera sees it.
    to_camera, from_camera = camera.inverse(VIEWS[0]), view.camera_from_world[0]
    seen = camera.transform(to_camera @ from_camera, found)
    error = np.linalg.norm(seen - true, axis=-1)
    assert np.median(error[:, :CUT]) < 0.15
    assert np.median(error[:, CUT:]) < 0.2
    step = np.linalg.norm(np.diff(found[:, :, 0], axis=1), axis=-1)
    assert step[:, CUT - 1].max() < 0.15
    for motion in motions:
        assert motion.contacts.shape == (FRAMES, 4)
        assert 1.4 < proportions.stature(motion.skeleton) < 2.1
