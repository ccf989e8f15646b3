"""Laws of the estimate of the focal length, on people whose motion is known."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.camera_estimate import CameraEstimate
from bodydouble.motion.fit.solve import slice_state, slice_targets
from bodydouble.motion.fit.terms import FIT_LANDMARKS, SUPPORT_LANDMARKS, FitTargets, State
from bodydouble.motion.focal_length import FocalLengthEstimate, FocalLengthOptions, estimate_focal_length
from bodydouble.motion.lifting.lift import FitInput, prepare_fit
from bodydouble.motion.reconstruct import MeasuredInputs, ReconstructionInput, default_intrinsics, reconstruct
from bodydouble.skeletons import blazepose
from tests.motion.scenes import FPS, IMAGE_SIZE, flipped_track, simulated_track, static_camera, waving_motion

FRAMES = 120
INTRINSICS = default_intrinsics(IMAGE_SIZE)
OPEN = FocalLengthOptions(prior_sigma=10.0, log_step=0.3)
"""Nothing is known but what is seen."""
HIPS = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]


def going(way: tuple[float, float], frames: int = FRAMES) -> Motion:
    """Somebody who goes so far, m, along x and z."""
    motion = waving_motion(frames)
    share = np.linspace(-0.5, 0.5, frames)[:, None]
    return replace(motion, root_position=motion.root_position + share * np.array([way[0], 0.0, way[1]]))


def lifted_perfectly(motion: Motion, ratio: float) -> FitInput:
    """Everything about a body is known, as from its own place, but its lens is taken to be that much shorter."""
    view = static_camera(pitch=0.1)
    landmarks = camera.transform(view, landmark_positions(motion.skeleton, motion.rotations, motion.root_position))
    hips = landmarks[:, HIPS].mean(axis=1)
    sight = rotation.normalize(hips)
    seen = rotation.normalize(hips * [ratio, ratio, 1.0])
    ahead = np.broadcast_to([0.0, 0.0, 1.0], sight.shape)
    turn = rotation.to_matrix(rotation.between(ahead, seen)) @ np.swapaxes(
        rotation.to_matrix(rotation.between(ahead, sight)), -1, -2
    )
    turns = rotation.to_matrix(motion.rotations)
    turns[:, 0] = turn @ view[:3, :3] @ turns[:, 0]
    root = camera.transform(view, motion.root_position)
    used, frames = landmarks[:, list(FIT_LANDMARKS)], len(root)
    evidence = FitTargets(
        fps=float(FPS),
        camera_from_reference=np.tile(np.eye(4)[:3], (frames, 1, 1)),
        points=ratio * used[..., :2] / used[..., 2:],
        points_sigma=np.full(used.shape[:2], 0.003),
        view_ray=seen,
        depths=np.einsum("tli,ti->tl", used - hips[:, None], sight),
        depths_sigma=np.full(used.shape[:2], 0.05),
        rotations=turns,
        root_velocity=(turn @ np.gradient(root, axis=0)[..., None])[..., 0] * float(FPS),
        contacts=np.zeros((frames, 4)),
        support_contacts=np.zeros((frames, len(SUPPORT_LANDMARKS))),
        airborne=np.zeros(frames),
        origin_height=np.zeros(frames),
    )
    start = State(turns, root * [1.0, 1.0, 1 / ratio])
    return FitInput(motion.skeleton, evidence, start, np.ones((frames, 33)), np.zeros((frames, 22)), seen)


def at_half_the_rate(person: FitInput) -> FitInput:
    some = slice(None, None, 2)
    evidence = replace(slice_targets(person.targets, some), fps=person.targets.fps / 2)
    return replace(person, targets=evidence, start=slice_state(person.start, some))


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.4])
@pytest.mark.parametrize("way", [(0.0, 2.0), (1.5, 1.5)])
def test_who_comes_nearer_tells_the_focal_length(ratio: float, way: tuple[float, float]) -> None:
    assert estimate_focal_length([lifted_perfectly(going(way), ratio)], OPEN).ratio == pytest.approx(ratio, rel=0.07)


def test_what_cameras_usually_have_draws_the_estimate() -> None:
    person = lifted_perfectly(going((0.0, 2.0)), 1.4)
    free, drawn = estimate_focal_length([person], OPEN), estimate_focal_length([person])
    assert 1.0 < drawn.ratio < free.ratio
    assert drawn.log_sigma < FocalLengthOptions().prior_sigma


def test_half_the_rate_tells_the_same() -> None:
    person = lifted_perfectly(going((1.0, 2.0)), 1.3)
    assert estimate_focal_length([at_half_the_rate(person)]).ratio == pytest.approx(
        estimate_focal_length([person]).ratio, rel=0.01
    )


def test_people_count_as_much_as_one() -> None:
    person = lifted_perfectly(going((0.0, 2.0)), 1.4)
    assert estimate_focal_length([person, person]) == estimate_focal_length([person])


@pytest.mark.parametrize("motion", [going((0.0, 0.1)), going((2.0, 2.0), 45)], ids=["on the spot", "too short"])
def test_who_tells_nothing_leaves_the_usual_focal_length(motion: Motion) -> None:
    silent, telling = lifted_perfectly(motion, 1.4), lifted_perfectly(going((0.0, 2.0)), 1.4)
    assert estimate_focal_length([silent]) == FocalLengthEstimate(1.0, FocalLengthOptions().prior_sigma)
    assert estimate_focal_length([silent, telling]) == estimate_focal_length([telling])


def lifted(track_width: int | None, motion: Motion) -> FitInput:
    track = simulated_track(motion, static_camera(), INTRINSICS, noise=1.0)
    track = track if track_width is None else flipped_track(track, track_width)
    return prepare_fit(track, INTRINSICS, float(FPS), np.tile(np.eye(4), (FRAMES, 1, 1)))


def test_mirrored_picture_tells_the_same() -> None:
    motion = going((1.0, 2.0))
    one, other = (estimate_focal_length([lifted(width, motion)]) for width in (None, IMAGE_SIZE[0]))
    assert one.ratio != 1.0
    assert one.ratio == pytest.approx(other.ratio, rel=1e-6)


def focal_of(measured: MeasuredInputs) -> FloatArray:
    track = simulated_track(going((1.0, 2.0), 66), static_camera(), INTRINSICS)
    view, _ = reconstruct(ReconstructionInput((track,), IMAGE_SIZE, 66, FPS, measured=measured))
    return view.intrinsics


def test_told_focal_length_is_exact() -> None:
    np.testing.assert_array_equal(
        focal_of(MeasuredInputs(focal_length_px=1000.0)), camera.intrinsics_from_focal_length(1000.0, IMAGE_SIZE)
    )


def test_estimate_goes_into_the_camera() -> None:
    found = focal_of(MeasuredInputs())
    assert found[0, 0] == found[1, 1] != INTRINSICS[0, 0]
    np.testing.assert_array_equal(found[:2, 2], INTRINSICS[:2, 2])


def test_only_a_camera_that_never_moves_is_still() -> None:
    poses = np.tile(np.eye(4), (3, 1, 1))
    assert CameraEstimate(poses, []).is_static
    poses[2, 0, 3] = 0.1
    assert not CameraEstimate(poses, []).is_static
