"""Laws of the focal length estimate, on known motions."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.fit.solve import slice_state, slice_targets
from bodydouble.motion.fit.terms import FIT_LANDMARKS, SUPPORT_LANDMARKS, FitTargets, State
from bodydouble.motion.focal_length import FocalLengthEstimate, FocalLengthOptions, estimate_focal_length
from bodydouble.motion.lifting.fit_input import FitInput
from bodydouble.motion.lifting.lift import prepare_fit
from bodydouble.motion.reconstruct import MeasuredInputs, ReconstructionInput, default_intrinsics, reconstruct
from bodydouble.skeletons import blazepose
from tests.motion.scenes import FPS, IMAGE_SIZE, flipped_track, simulated_track, static_camera, waving_motion

FRAMES = 120
INTRINSICS = default_intrinsics(IMAGE_SIZE)
FLAT_PRIOR = FocalLengthOptions(prior_sigma=10.0, log_step=0.3)
"""Options with hardly any prior."""
HIPS = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]


def walking_motion(travel: tuple[float, float], frames: int = FRAMES) -> Motion:
    """Returns a motion that travels in m along x and z."""
    motion = waving_motion(frames)
    fraction = np.linspace(-0.5, 0.5, frames)[:, None]
    return replace(motion, root_position=motion.root_position + fraction * np.array([travel[0], 0.0, travel[1]]))


def ideal_fit_input(motion: Motion, ratio: float) -> FitInput:
    """Returns the fit input of an ideal lifter, for a focal length that is too short by a ratio."""
    view = static_camera(pitch=0.1)
    landmarks = camera.transform(view, landmark_positions(motion.skeleton, motion.rotations, motion.root_position))
    hips = landmarks[:, HIPS].mean(axis=1)
    true_view_ray = rotation.normalize(hips)
    view_ray = rotation.normalize(hips * [ratio, ratio, 1.0])
    optical_axis = np.broadcast_to([0.0, 0.0, 1.0], true_view_ray.shape)
    correction = rotation.to_matrix(rotation.between(optical_axis, view_ray)) @ np.swapaxes(
        rotation.to_matrix(rotation.between(optical_axis, true_view_ray)), -1, -2
    )
    rotations = rotation.to_matrix(motion.rotations)
    rotations[:, 0] = correction @ view[:3, :3] @ rotations[:, 0]
    root = camera.transform(view, motion.root_position)
    fit_landmarks, frames = landmarks[:, list(FIT_LANDMARKS)], len(root)
    targets = FitTargets(
        fps=float(FPS),
        camera_from_reference=np.tile(np.eye(4)[:3], (frames, 1, 1)),
        points=ratio * fit_landmarks[..., :2] / fit_landmarks[..., 2:],
        points_sigma=np.full(fit_landmarks.shape[:2], 0.003),
        view_ray=view_ray,
        depths=np.einsum("tli,ti->tl", fit_landmarks - hips[:, None], true_view_ray),
        depths_sigma=np.full(fit_landmarks.shape[:2], 0.05),
        rotations=rotations,
        root_velocity=(correction @ np.gradient(root, axis=0)[..., None])[..., 0] * float(FPS),
        contacts=np.zeros((frames, 4)),
        support_contacts=np.zeros((frames, len(SUPPORT_LANDMARKS))),
        explained_acceleration=np.full((frames, 3), np.nan),
        airborne=np.zeros(frames),
        origin_height=np.zeros(frames),
    )
    start = State(rotations, root * [1.0, 1.0, 1 / ratio])
    return FitInput(motion.skeleton, targets, start, np.ones((frames, 33)), np.zeros((frames, 22)), view_ray)


def halve_frame_rate(person: FitInput) -> FitInput:
    every_second = slice(None, None, 2)
    targets = replace(slice_targets(person.targets, every_second), fps=person.targets.fps / 2)
    return replace(person, targets=targets, start=slice_state(person.start, every_second))


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.4])
@pytest.mark.parametrize("travel", [(0.0, 2.0), (1.5, 1.5)])
def test_motion_in_depth_determines_the_focal_length(ratio: float, travel: tuple[float, float]) -> None:
    estimate = estimate_focal_length([ideal_fit_input(walking_motion(travel), ratio)], FLAT_PRIOR)
    assert estimate.ratio == pytest.approx(ratio, rel=0.07)


def test_prior_draws_the_estimate_towards_the_default() -> None:
    person = ideal_fit_input(walking_motion((0.0, 2.0)), 1.4)
    unconstrained, with_prior = estimate_focal_length([person], FLAT_PRIOR), estimate_focal_length([person])
    assert 1.0 < with_prior.ratio < unconstrained.ratio
    assert with_prior.log_sigma < FocalLengthOptions().prior_sigma


def test_estimate_does_not_depend_on_the_frame_rate() -> None:
    person = ideal_fit_input(walking_motion((1.0, 2.0)), 1.3)
    assert estimate_focal_length([halve_frame_rate(person)]).ratio == pytest.approx(
        estimate_focal_length([person]).ratio, rel=0.01
    )


def assert_same_estimate(actual: FocalLengthEstimate, expected: FocalLengthEstimate) -> None:
    """Compares two estimates up to the order of floating-point sums, which differs between processors."""
    assert actual.ratio == pytest.approx(expected.ratio, rel=1e-9)
    assert actual.log_sigma == pytest.approx(expected.log_sigma, rel=1e-9)


def test_several_people_count_as_one() -> None:
    person = ideal_fit_input(walking_motion((0.0, 2.0)), 1.4)
    assert_same_estimate(estimate_focal_length([person, person]), estimate_focal_length([person]))


@pytest.mark.parametrize(
    "motion", [walking_motion((0.0, 0.1)), walking_motion((2.0, 2.0), 45)], ids=["on the spot", "too short"]
)
def test_uninformative_tracks_leave_the_default_focal_length(motion: Motion) -> None:
    uninformative, informative = ideal_fit_input(motion, 1.4), ideal_fit_input(walking_motion((0.0, 2.0)), 1.4)
    assert estimate_focal_length([uninformative]) == FocalLengthEstimate(1.0, FocalLengthOptions().prior_sigma)
    assert_same_estimate(estimate_focal_length([uninformative, informative]), estimate_focal_length([informative]))


def lift_track(track_width: int | None, motion: Motion) -> FitInput:
    track = simulated_track(motion, static_camera(), INTRINSICS, noise=1.0)
    track = track if track_width is None else flipped_track(track, track_width)
    return prepare_fit(track, INTRINSICS, float(FPS), np.tile(np.eye(4), (FRAMES, 1, 1)))


def test_flipped_image_gives_the_same_estimate() -> None:
    motion = walking_motion((1.0, 2.0))
    original, flipped = (estimate_focal_length([lift_track(width, motion)]) for width in (None, IMAGE_SIZE[0]))
    assert original.ratio != 1.0
    assert original.ratio == pytest.approx(flipped.ratio, rel=1e-6)


def reconstructed_intrinsics(measured: MeasuredInputs) -> FloatArray:
    track = simulated_track(walking_motion((1.0, 2.0), 66), static_camera(), INTRINSICS)
    view, _ = reconstruct(ReconstructionInput((track,), IMAGE_SIZE, 66, FPS, measured=measured))
    return view.intrinsics


def test_measured_focal_length_is_kept_exactly() -> None:
    np.testing.assert_array_equal(
        reconstructed_intrinsics(MeasuredInputs(focal_length_px=1000.0)),
        camera.intrinsics_from_focal_length(1000.0, IMAGE_SIZE),
    )


def test_estimated_focal_length_is_that_of_the_camera() -> None:
    intrinsics = reconstructed_intrinsics(MeasuredInputs())
    assert intrinsics[0, 0] == intrinsics[1, 1] != INTRINSICS[0, 0]
    np.testing.assert_array_equal(intrinsics[:2, 2], INTRINSICS[:2, 2])
