"""Laws of the second network: its region of interest, and its keypoints on a real frame."""

import numpy as np
import pytest

from bodydouble.data import FloatArray, RgbImage
from bodydouble.geometry.similarity import pose_similarity
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.perception.pose.movenet import MoveNetDetector
from bodydouble.perception.pose.thunder import Thunder, merge_keypoints, roi_from_pose, unflip_keypoints
from bodydouble.perception.protocols import KeypointRequest
from bodydouble.skeletons import blazepose, coco
from tests.clips import read_example_frames

COCO = list(coco.BLAZEPOSE_INDICES)


def example_frame_and_pose() -> tuple[RgbImage, FloatArray]:
    """A real frame, and the landmarks (33, 2) px of the most certain person in it."""
    frame = read_example_frames(40, 1)[0]
    detection = max(MoveNetDetector().detect(frame), key=lambda d: d.score)
    model = BlazePose("full")
    return frame, model.locate(frame, model.locate(frame, model.roi_from_detection(detection)).roi).pose


def test_the_region_follows_shift_scale_and_rotation_of_the_pose() -> None:
    pose = np.random.default_rng(0).uniform(0, 100, (33, 2))
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    first, second = roi_from_pose(pose), roi_from_pose(2 * pose @ turn.T + [30.0, 50.0])
    np.testing.assert_allclose(second.center, 2 * turn @ first.center + [30.0, 50.0])
    np.testing.assert_allclose(second.side, 2 * first.side)
    np.testing.assert_allclose(np.exp(1j * (second.angle - first.angle)), 1j, atol=1e-12)


def test_the_region_holds_all_landmarks() -> None:
    pose = np.random.default_rng(1).uniform(0, 100, (33, 2))
    inside = roi_from_pose(pose).from_image(pose)
    assert inside.min() >= 0
    assert inside.max() <= 1


def test_unflipping_twice_changes_nothing() -> None:
    keypoints = np.random.default_rng(2).uniform(size=(17, 3))
    np.testing.assert_allclose(unflip_keypoints(unflip_keypoints(keypoints)), keypoints)
    nose, left_ear, right_ear = (coco.INDEX[name] for name in ("nose", "left_ear", "right_ear"))
    np.testing.assert_allclose(unflip_keypoints(keypoints)[nose], [1 - keypoints[nose, 0], *keypoints[nose, 1:]])
    np.testing.assert_allclose(unflip_keypoints(keypoints)[left_ear, 1:], keypoints[right_ear, 1:])


def test_flip_test_outputs_are_averaged_where_they_agree_and_chosen_where_not() -> None:
    keypoints = np.random.default_rng(3).uniform(size=(17, 3))
    other = keypoints + np.array([0.02, 0.0, 0.1])
    other[5, :2] += 0.4
    merged = merge_keypoints(keypoints, other)
    np.testing.assert_allclose(merged[5], other[5])
    np.testing.assert_allclose(
        np.delete(merged, 5, axis=0), np.delete(keypoints + np.array([0.01, 0.0, 0.05]), 5, axis=0)
    )
    np.testing.assert_allclose(merge_keypoints(other, keypoints), merged)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_keypoints_turn_with_image_and_pose(turns: int) -> None:
    frame, pose = example_frame_and_pose()
    turned_frame, turned_pose = frame, pose
    for _ in range(turns):
        turned_pose = np.stack([turned_pose[:, 1], turned_frame.shape[1] - 1 - turned_pose[:, 0]], axis=-1)
        turned_frame = np.ascontiguousarray(np.rot90(turned_frame))
    keypoints = Thunder().estimate(frame, KeypointRequest(0, pose))
    expected = keypoints[:, :2]
    shape = frame.shape
    for _ in range(turns):
        expected = np.stack([expected[:, 1], shape[1] - 1 - expected[:, 0]], axis=-1)
        shape = (shape[1], shape[0], shape[2])
    turned = Thunder().estimate(turned_frame, KeypointRequest(0, turned_pose))
    # 1 % of the person, from another interpolation of the image. A hidden limb may move by more.
    size = float(np.ptp(pose, axis=0).max())
    assert np.median(np.linalg.norm(turned[:, :2] - expected, axis=-1)) < 0.01 * size


def test_both_networks_see_the_same_pose_and_sides() -> None:
    frame, pose = example_frame_and_pose()
    exchanged = pose[list(blazepose.MIRROR)]
    for flip_test in (False, True):
        keypoints = Thunder(flip_test=flip_test).estimate(frame, KeypointRequest(0, pose))
        same, other = (float(pose_similarity(keypoints[:, :2], points[COCO])) for points in (pose, exchanged))
        # 0.7 is nearly the same pose. The woman walks in profile, so that exchanged sides still overlap by half.
        assert same > 0.7
        assert other < same - 0.2
