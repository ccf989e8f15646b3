"""Laws of the second network: its region of interest, and its keypoints on a real frame."""

import numpy as np

from bodydouble.geometry.similarity import pose_similarity
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.perception.pose.movenet import MoveNetDetector
from bodydouble.perception.pose.thunder import Thunder, roi_from_pose
from bodydouble.perception.protocols import KeypointRequest
from bodydouble.skeletons import blazepose, coco
from tests.clips import read_example_frames

COCO = list(coco.BLAZEPOSE_INDICES)


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


def test_both_networks_see_the_same_pose_and_sides() -> None:
    frame = read_example_frames(40, 1)[0]
    detection = max(MoveNetDetector().detect(frame), key=lambda d: d.score)
    model = BlazePose("full")
    landmarks = model.locate(frame, model.locate(frame, model.roi_from_detection(detection)).roi)
    keypoints = Thunder().estimate(frame, KeypointRequest(0, landmarks.pose))
    exchanged = landmarks.pose[list(blazepose.MIRROR)]
    same, other = (float(pose_similarity(keypoints[:, :2], pose[COCO])) for pose in (landmarks.pose, exchanged))
    # 0.7 is nearly the same pose. The woman walks in profile, so that exchanged sides still overlap by half.
    assert same > 0.7
    assert other < same - 0.2
