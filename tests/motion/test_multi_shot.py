"""Laws of the reconstruction of several shots: one world, one skeleton per person, no jumps at cuts."""

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


def move_motion(
    motion: Motion, position: tuple[float, float], heading: float, speed: tuple[float, float] = (0, 0)
) -> Motion:
    """Returns the motion rotated about +Y by a heading, starting at x and z in m and moving at x and z in m/s."""
    turn = rotation.from_rotvec(np.array([0.0, heading, 0.0]))
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(turn, rotations[:, 0])
    times = np.arange(len(rotations))[:, None] / float(FPS)
    displacement = np.insert(np.array(position) + times * speed, 1, 0.0, axis=1)
    return replace(
        motion, rotations=rotations, root_position=rotation.rotate(turn, motion.root_position) + displacement
    )


PAIR = (
    move_motion(waving_motion(FRAMES), (-0.7, 0.1), 0.3, (0.4, 0.2)),
    move_motion(waving_motion(FRAMES), (0.8, -0.3), -0.6),
)
VIEWS = np.stack([static_camera(yaw=0.2)] * CUT + [static_camera(yaw=1.7, distance=4.0)] * (FRAMES - CUT))


def hide_frames(track: Track, hidden: Sequence[int]) -> Track:
    """Returns the track with hidden frames, which must not include the first and the last one."""
    is_hidden = np.isin(track.frames, hidden)
    missing = np.array([np.nan, np.nan, 0.0])
    return Track(
        track.frames,
        ~is_hidden,
        np.where(is_hidden[:, None], np.nan, track.boxes),
        np.where(is_hidden[:, None, None], missing, track.keypoints),
        np.where(is_hidden[:, None, None], np.nan, track.landmarks_3d),
    )


def simulated_two_shot_track(motion: Motion, hidden: Sequence[int] = ()) -> Track:
    """Returns the track of a motion seen by the camera of VIEWS."""
    first, second = (simulated_track(motion, view, INTRINSICS) for view in VIEWS[[0, -1]])
    joined = {
        name: np.concatenate([getattr(first, name)[:CUT], getattr(second, name)[CUT:]])
        for name in ("boxes", "keypoints", "landmarks_3d")
    }
    return hide_frames(replace(first, **joined), hidden)


def numbered_track(person: int, hidden: Sequence[int] = ()) -> Track:
    """Returns a track with the person and the frame encoded in its boxes."""
    track = simulated_track(PAIR[person], VIEWS[0], INTRINSICS)
    boxes = np.stack([np.full(FRAMES, person), np.arange(FRAMES), *np.zeros((2, FRAMES))], axis=1)
    return hide_frames(replace(track, boxes=boxes.astype(float)), hidden)


def two_shots(
    tracks: Sequence[Track], background: Background | None = None, stature: float | None = None
) -> ReconstructionInput:
    """Returns the input of a clip of two shots with a cut at frame CUT."""
    measured = MeasuredInputs(stature=stature)
    return ReconstructionInput(
        tuple(tracks), IMAGE_SIZE, FRAMES, FPS, background, shot_starts=(CUT,), measured=measured
    )


class FakeReconstruct:
    """Ideal reconstruction of numbered tracks, with another world for each shot."""

    def __init__(self, worlds: Sequence[FloatArray], sizes: Sequence[float] = (1.0, 1.0)) -> None:
        """Takes shot_from_clip (4, 4) and the relative size of people of each shot."""
        self.worlds, self.sizes = worlds, sizes
        self.backgrounds: list[Background | None] = []

    def __call__(self, inputs: ReconstructionInput) -> tuple[Camera, tuple[Motion, ...]]:
        tracks = inputs.tracks
        start = int(tracks[0].boxes[0, 1] - tracks[0].frames[0])
        world, size_of_people = self.worlds[int(start >= CUT)], self.sizes[int(start >= CUT)]
        self.backgrounds.append(inputs.background)
        poses = VIEWS[start : start + inputs.frame_count] @ camera.inverse(world)
        motions = []
        for track in tracks:
            part = slice_motion(PAIR[int(track.boxes[0, 0])], track.frames + start)
            rotations = part.rotations.copy()
            rotations[:, 0] = rotation.multiply(rotation.from_matrix(world[:3, :3]), rotations[:, 0])
            root_position = camera.transform(world, part.root_position)
            root_position[:, 1] *= size_of_people
            skeleton = proportions.scale_skeleton(part.skeleton, size_of_people)
            motions.append(replace(part, skeleton=skeleton, rotations=rotations, root_position=root_position))
        return Camera(inputs.image_size, INTRINSICS, poses), tuple(motions)


def shot_from_clip(yaw: float, x: float = 0.0, z: float = 0.0) -> FloatArray:
    world = np.eye(4)
    world[:3, :3] = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, yaw, 0.0])))
    world[[0, 2], 3] = x, z
    return world


@pytest.mark.parametrize("yaw", [0.0, 0.7, 2.0, -3.0])
@pytest.mark.parametrize("people", [(0,), (0, 1)])
def test_places_all_shots_in_the_world_of_the_first(
    monkeypatch: pytest.MonkeyPatch, yaw: float, people: tuple[int, ...]
) -> None:
    monkeypatch.setattr(multi_shot, "reconstruct", FakeReconstruct([np.eye(4), shot_from_clip(yaw, 3.0, -5.0)]))
    view, motions = reconstruct_shots(two_shots([numbered_track(n) for n in people]))
    for n, motion in zip(people, motions, strict=True):
        np.testing.assert_allclose(joint_positions(motion), joint_positions(PAIR[n]), atol=1e-6)
    np.testing.assert_allclose(view.camera_from_world, VIEWS, atol=1e-6)


def test_visible_person_outweighs_one_out_of_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other person is hidden around the cut, so that the visible one determines the placement."""
    monkeypatch.setattr(multi_shot, "reconstruct", FakeReconstruct([np.eye(4), shot_from_clip(1.0, 2.0, 1.0)]))
    tracks = [numbered_track(0), numbered_track(1, range(2, FRAMES - 2))]
    _, motions = reconstruct_shots(two_shots(tracks))
    np.testing.assert_allclose(motions[0].root_position, PAIR[0].root_position, atol=0.02)


def test_gap_at_a_cut_is_filled_on_a_line_with_a_larger_sigma(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = range(CUT - 6, CUT + 5)
    monkeypatch.setattr(multi_shot, "reconstruct", FakeReconstruct([np.eye(4), shot_from_clip(-0.5, 1.0, 1.0)]))
    _, motions = reconstruct_shots(two_shots([numbered_track(0, hidden), numbered_track(1)]))
    np.testing.assert_allclose(motions[0].root_position, PAIR[0].root_position, atol=1e-6)
    sigma = motions[0].joint_sigma.max(axis=1)
    assert sigma[hidden].min() > np.delete(sigma, hidden).max()
    assert sigma[hidden].argmax() == len(hidden) // 2
    assert not motions[0].contacts[hidden].any()


def test_each_person_has_one_skeleton_that_stands_on_the_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi_shot, "reconstruct", FakeReconstruct([np.eye(4), shot_from_clip(0.5)], (1.1, 0.9)))
    for height in (None, 1.9):
        _, (motion,) = reconstruct_shots(two_shots([numbered_track(1)], stature=height))
        mean_scale = 1.1 ** (CUT / FRAMES) * 0.9 ** (1 - CUT / FRAMES)
        true = proportions.stature(PAIR[1].skeleton)
        assert proportions.stature(motion.skeleton) == pytest.approx(height or mean_scale * true)
        larger = proportions.stature(motion.skeleton) / true
        feet = [joint_positions(performed)[..., 1].min(axis=1) for performed in (motion, PAIR[1])]
        np.testing.assert_allclose(feet[0], larger * feet[1], atol=1e-6)


def test_depth_error_of_a_shot_causes_no_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong distances make the shots inconsistent for two people; both motions still continue without a jump."""
    squeezed = np.diag([1.0, 1.0, 0.6, 1.0])
    monkeypatch.setattr(multi_shot, "reconstruct", FakeReconstruct([np.eye(4), squeezed]))
    _, motions = reconstruct_shots(two_shots([numbered_track(0), numbered_track(1)]))
    for n, motion in enumerate(motions):
        step, true = (np.linalg.norm(np.diff(moved.root_position, axis=0), axis=1) for moved in (motion, PAIR[n]))
        assert step.max() < true.max() + 0.002
        assert np.ptp(motion.root_position - PAIR[n].root_position, axis=0)[1] < 1e-9


def test_camera_keeps_its_pose_in_a_shot_without_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi_shot, "reconstruct", FakeReconstruct([np.eye(4), np.eye(4)]))
    track = numbered_track(0, range(5, FRAMES))
    short = Track(*(getattr(track, field.name)[:5] for field in fields(track)))
    view, motions = reconstruct_shots(two_shots([short]))
    np.testing.assert_allclose(view.camera_from_world, np.broadcast_to(VIEWS[0], (FRAMES, 4, 4)), atol=1e-9)
    assert len(motions[0].rotations) == 5


def test_each_shot_gets_its_own_background(monkeypatch: pytest.MonkeyPatch) -> None:
    model = FakeReconstruct([np.eye(4), np.eye(4)])
    monkeypatch.setattr(multi_shot, "reconstruct", model)
    frames = np.repeat(np.arange(FRAMES), 2)
    points = np.stack([frames, frames], axis=1).astype(float)
    background = Background(
        FRAMES, np.array([0, 9, CUT]), frames, np.tile([0, 1], FRAMES) + 2 * (frames >= CUT), points
    )
    reconstruct_shots(two_shots([numbered_track(0)], background=background))
    first, second = model.backgrounds[:2]
    assert first is not None and second is not None
    assert (first.frame_count, second.frame_count) == (CUT, FRAMES - CUT)
    assert (first.keyframes.tolist(), second.keyframes.tolist()) == ([0, 9], [0])
    np.testing.assert_array_equal(np.concatenate([first.frames, second.frames + CUT]), frames)
    np.testing.assert_array_equal(np.concatenate([first.points, second.points]), points)
    assert set(second.corner_ids) == {2, 3}


def test_background_of_a_shot_starts_at_its_first_keyframe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames = np.arange(FRAMES)
    for keyframes, beginning in (([0, CUT + 3], CUT + 3), ([0], FRAMES)):
        model = FakeReconstruct([np.eye(4), np.eye(4)])
        monkeypatch.setattr(multi_shot, "reconstruct", model)
        background = Background(FRAMES, np.array(keyframes), frames, 0 * frames, np.zeros((FRAMES, 2)))
        reconstruct_shots(two_shots([numbered_track(0)], background=background))
        second = model.backgrounds[1]
        assert second is not None
        assert (second.frames + CUT).tolist() == list(range(beginning, FRAMES))


@pytest.mark.slow
def test_single_shot_equals_reconstruct() -> None:
    track = simulated_track(waving_motion(FRAMES), static_camera(), INTRINSICS)
    view, (motion,) = reconstruct(ReconstructionInput((track,), IMAGE_SIZE, FRAMES, FPS))
    shots_view, (shots_motion,) = reconstruct_shots(ReconstructionInput((track,), IMAGE_SIZE, FRAMES, FPS))
    np.testing.assert_array_equal(view.camera_from_world, shots_view.camera_from_world)
    for name in ("rotations", "root_position", "contacts", "joint_sigma"):
        np.testing.assert_array_equal(getattr(motion, name), getattr(shots_motion, name))


@pytest.mark.slow
def test_scene_seen_from_two_sides_is_one_scene() -> None:
    view, motions = reconstruct_shots(two_shots([simulated_two_shot_track(motion) for motion in PAIR]))
    joints, true = (np.stack([joint_positions(motion) for motion in both]) for both in (motions, PAIR))
    # The world's origin is below the first person, in the orientation of the first camera.
    to_camera, from_camera = camera.inverse(VIEWS[0]), view.camera_from_world[0]
    aligned = camera.transform(to_camera @ from_camera, joints)
    error = np.linalg.norm(aligned - true, axis=-1)
    assert np.median(error[:, :CUT]) < 0.15
    assert np.median(error[:, CUT:]) < 0.2
    step = np.linalg.norm(np.diff(joints[:, :, 0], axis=1), axis=-1)
    assert step[:, CUT - 1].max() < 0.15
    for motion in motions:
        assert motion.contacts.shape == (FRAMES, 4)
        assert 1.4 < proportions.stature(motion.skeleton) < 2.1
