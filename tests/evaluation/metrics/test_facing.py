"""Laws of the metrics of facing: symmetry, invariance, and known angles."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.evaluation.metrics import facing
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.motion.body.body_landmarks import landmark_positions, template_skeleton
from bodydouble.skeletons import blazepose, humanoid

INTRINSICS = camera.intrinsics_from_focal_length(1000.0, (1000, 1000))


def turned_joints(angles_deg: FloatArray) -> FloatArray:
    """Joints (T, 22, 3) m of a T-pose that faces the camera, 5 m away, turned about the vertical axis."""
    skeleton = template_skeleton()
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (len(angles_deg), 22, 1))
    turn = rotation.from_rotvec(np.radians(angles_deg)[:, None] * np.array([0.0, 1.0, 0.0]))
    upright = rotation.from_rotvec(np.array([np.pi, 0.0, 0.0]))
    rotations[:, 0] = rotation.multiply(upright, turn)
    return np.asarray(kinematics.forward_kinematics(skeleton, rotations, np.tile([0.0, 0.0, 5.0], (len(turn), 1)))[0])


def keypoints_of(angles_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Keypoints (T, 33, 3) px and boxes (T, 4) of the same person."""
    skeleton = template_skeleton()
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (len(angles_deg), 22, 1))
    turn = rotation.from_rotvec(np.radians(angles_deg)[:, None] * np.array([0.0, 1.0, 0.0]))
    rotations[:, 0] = rotation.multiply(rotation.from_rotvec(np.array([np.pi, 0.0, 0.0])), turn)
    points = landmark_positions(skeleton, rotations, np.tile([0.0, 0.0, 5.0], (len(turn), 1)))
    pixels = camera.project(INTRINSICS, points)
    keypoints = np.concatenate([pixels, np.full((*pixels.shape[:2], 1), 0.9)], axis=-1)
    return keypoints, np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=-1)


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 150.0, 180.0])
def test_the_error_is_the_angle_by_which_a_person_is_turned(angle: float) -> None:
    headings = np.array([0.0, 70.0, 200.0])
    errors = facing.facing_errors_deg(turned_joints(headings + angle), turned_joints(headings))
    np.testing.assert_allclose(errors, angle, atol=1e-4)


def test_the_error_is_symmetric_and_the_same_in_the_mirror() -> None:
    a, b = turned_joints(np.array([10.0, 50.0])), turned_joints(np.array([130.0, 40.0]))
    mirrored = [joints[:, list(humanoid.MIRROR)] * np.array([-1.0, 1.0, 1.0]) for joints in (a, b)]
    errors = facing.facing_errors_deg(a, b)
    np.testing.assert_allclose(errors, facing.facing_errors_deg(b, a))
    np.testing.assert_allclose(errors, facing.facing_errors_deg(mirrored[0], mirrored[1]))


def test_changes_between_the_sides_are_counted_over_gaps() -> None:
    errors = np.array([0.0, 170.0, np.nan, 160.0, 10.0, np.nan, 20.0])
    assert facing.count_facing_changes(errors) == 2


def test_a_person_seen_from_the_other_side_contradicts_the_keypoints() -> None:
    angles = np.array([0.0, 30.0, 180.0, 210.0])
    keypoints, boxes = keypoints_of(angles)
    seen = camera.project(INTRINSICS, turned_joints(angles))
    from_behind = camera.project(INTRINSICS, turned_joints(angles + 180.0))
    assert not facing.contradicts_keypoints(seen, keypoints, boxes).any()
    assert facing.contradicts_keypoints(from_behind, keypoints, boxes).all()


def test_neither_profiles_nor_unsure_nor_missing_keypoints_are_contradicted() -> None:
    profile, boxes = keypoints_of(np.array([90.0, 270.0]))
    assert not facing.contradicts_keypoints(profile[:, :22, :2], profile, boxes).any()
    front, boxes = keypoints_of(np.zeros(2))
    front[0, [blazepose.INDEX["left_shoulder"], blazepose.INDEX["left_hip"]], 2] = 0.1
    front[1] = [np.nan, np.nan, 0.0]
    from_behind = camera.project(INTRINSICS, turned_joints(np.full(2, 180.0)))
    assert not facing.contradicts_keypoints(from_behind, front, boxes).any()
