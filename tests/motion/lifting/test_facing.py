"""Laws of the two readings of a person's orientation: the detected one is found, and the cheaper one is kept."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Track
from bodydouble.geometry import camera
from bodydouble.motion.lifting import facing, lifter
from bodydouble.motion.lifting.facing import DetectedPose, find_doubtful_spans, read_detected_orientation, splice
from bodydouble.motion.lifting.lift import prepare_fit
from bodydouble.motion.lifting.lifter import LifterOutput
from bodydouble.skeletons import blazepose
from tests.builders import assert_same
from tests.motion.scenes import IMAGE_SIZE, flipped_track, simulated_track, static_camera, waving_motion

INTRINSICS = camera.intrinsics_from_focal_length(900.0, IMAGE_SIZE)
FPS = 30.0
FRAMES = 45
SPAN = slice(18, 32)
TURN_ABOUT = np.diag([-1.0, 1.0, -1.0])
"""Rotation of the hips by 180 degrees about the trunk."""


def waving_track(yaw: float = 0.4) -> Track:
    return simulated_track(waving_motion(FRAMES), static_camera(yaw=yaw), INTRINSICS)


def lift(track: Track) -> tuple[LifterOutput, DetectedPose]:
    points = camera.rays(INTRINSICS, track.keypoints[..., :2])[..., :2]
    inputs = (points, track.keypoints[..., 2], track.landmarks_3d, track.observed)
    return lifter.run_lifter(*inputs, FPS), DetectedPose.from_lifter_input(*inputs)


def turned_about(output: LifterOutput, frames: slice) -> LifterOutput:
    """The output of a lifter that sees the person from the other side in some frames."""
    rotations, landmarks = output.rotations.copy(), output.landmarks_3d.copy()
    rotations[frames, 0] = rotations[frames, 0] @ TURN_ABOUT
    landmarks[frames] *= [-1.0, 1.0, -1.0]
    return replace(output, rotations=rotations, landmarks_3d=landmarks)


def exchanged(track: Track, frames: slice) -> Track:
    """The track of a landmark network that exchanges left and right in some frames."""
    keypoints, landmarks = track.keypoints.copy(), track.landmarks_3d.copy()
    order = list(blazepose.MIRROR)
    keypoints[frames], landmarks[frames] = keypoints[frames][:, order], landmarks[frames][:, order]
    return replace(track, keypoints=keypoints, landmarks_3d=landmarks)


def lateral_axes(track: Track, monkeypatch: pytest.MonkeyPatch, output: LifterOutput) -> FloatArray:
    """Lateral axes (T, 3) of the target rotations of the fit, if the lifter gives that output."""
    monkeypatch.setattr(lifter, "run_lifter", lambda *_: output)
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    return np.asarray(prepare_fit(track, INTRINSICS, FPS, poses).targets.rotations[:, 0, :, 0])


def cosines(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray((a * b).sum(axis=-1))


@pytest.mark.parametrize("yaw", [0.0, 1.2, 2.5, -2.0])
def test_the_detected_orientation_is_that_of_the_lifter_where_both_are_right(yaw: float) -> None:
    output, detected = lift(waving_track(yaw))
    assert find_doubtful_spans(output, detected, FPS) == []
    other = read_detected_orientation(output, detected)
    assert cosines(other.rotations[:, 0, :, 0], output.rotations[:, 0, :, 0]).min() > 0.8
    assert_same(
        other.rotations[:, 0] @ np.swapaxes(other.rotations[:, 0], -1, -2), np.tile(np.eye(3), (45, 1, 1)), 1e-9
    )


@pytest.mark.parametrize("span", [SPAN, slice(0, 8), slice(38, FRAMES)])
def test_a_lifter_that_sees_the_other_side_is_overruled_by_the_fit(
    span: slice, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = waving_track()
    output, detected = lift(track)
    wrong = turned_about(output, span)
    (found,) = find_doubtful_spans(wrong, detected, FPS)
    assert abs(found.start - span.start) <= 2
    assert abs(found.stop - span.stop) <= 2
    axes = lateral_axes(track, monkeypatch, wrong)
    assert cosines(axes, output.rotations[:, 0, :, 0]).min() > 0.8


def test_a_landmark_network_that_exchanges_left_and_right_for_a_while_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    track = waving_track()
    output, _ = lift(track)
    swapped = exchanged(track, slice(20, 25))
    _, detected = lift(swapped)
    assert len(find_doubtful_spans(output, detected, FPS)) == 1
    axes = lateral_axes(swapped, monkeypatch, output)
    assert_same(axes, output.rotations[:, 0, :, 0], 1e-12)


def test_a_contradiction_in_one_frame_and_unobserved_frames_are_no_doubt() -> None:
    track = waving_track()
    output, _ = lift(track)
    _, one_frame = lift(exchanged(track, slice(20, 21)))
    assert find_doubtful_spans(output, one_frame, FPS) == []
    _, detected = lift(track)
    unobserved = replace(detected, weight=np.where(np.arange(FRAMES) < 35, detected.weight, 0.0))
    assert find_doubtful_spans(turned_about(output, slice(38, FRAMES)), unobserved, FPS) == []


def test_the_mirror_image_has_the_same_spans_and_the_mirrored_reading() -> None:
    track = waving_track()
    output, detected = lift(track)
    mirrored_output, mirrored = lift(flipped_track(track, IMAGE_SIZE[0]))
    spans = [
        find_doubtful_spans(turned_about(one, SPAN), pose, FPS)
        for one, pose in ((output, detected), (mirrored_output, mirrored))
    ]
    assert spans[0] == spans[1]
    one, other = (
        read_detected_orientation(*pair).rotations[:, 0] for pair in ((output, detected), (mirrored_output, mirrored))
    )
    assert_same(other, one * lifter.MIRROR_ROTATION_SIGNS, 1e-6)


def test_a_splice_changes_its_spans_alone() -> None:
    output, detected = lift(waving_track())
    other = read_detected_orientation(output, detected)
    mixed = splice(output, other, [SPAN])
    outside = np.r_[: SPAN.start, SPAN.stop : FRAMES]
    for name in ("landmarks_3d", "points", "sigma", "rotations"):
        assert_same(getattr(mixed, name)[SPAN], getattr(other, name)[SPAN], 0.0)
        assert_same(getattr(mixed, name)[outside], getattr(output, name)[outside], 0.0)
    assert np.all(mixed.sigma[SPAN] >= facing.DETECTED_SIGMA)
