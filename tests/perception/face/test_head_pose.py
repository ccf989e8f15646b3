"""Head rotation and direction of the eyes of faces that are posed as told."""

import numpy as np
import pytest

from bodydouble.geometry.rotation import from_rotvec, rotate_vectors, to_matrix
from bodydouble.perception.face.head_pose import (
    EYEBALL_DEPTH,
    EYEBALL_RADIUS,
    UP_GAIN,
    UP_OFFSET,
    correct_up_angle,
    eye_directions,
    fit_head_pose,
)
from bodydouble.skeletons import face_mesh

TABLE = np.array(face_mesh.POSE_POINTS)


def face(rotation: np.ndarray, gaze: np.ndarray, scale: float) -> np.ndarray:
    """(478, 3) camera axes, the canonical face with eyes in directions (2, 2) rad; points of no interest are 0."""
    points = np.zeros((face_mesh.LANDMARK_COUNT, 3))
    points[TABLE[:, 0].astype(int)] = TABLE[:, 2:]
    for iris, corners, (left, up) in (
        (face_mesh.LEFT_IRIS, face_mesh.LEFT_EYE_CORNERS, gaze[0]),
        (face_mesh.RIGHT_IRIS, face_mesh.RIGHT_EYE_CORNERS, gaze[1]),
    ):
        center = points[list(corners)].mean(axis=0) - [0, 0, EYEBALL_DEPTH]
        direction = [np.sin(left) * np.cos(up), np.sin(up), np.cos(left) * np.cos(up)]
        points[iris] = center + EYEBALL_RADIUS * np.array(direction)
    return scale * rotate_vectors(rotation, points * [1.0, -1.0, -1.0]) + [120.0, 130.0, -20.0]


@pytest.mark.parametrize("rotvec", [(0, 0, 0), (0.3, 0, 0), (0, 0.7, 0), (0, 0, -0.5), (-0.2, -0.5, 0.3)])
def test_a_posed_face_has_its_rotation_scale_and_gaze(rotvec: tuple[float, float, float]) -> None:
    rotation = to_matrix(from_rotvec(np.array(rotvec)))
    gaze = np.array([[0.2, -0.1], [-0.1, 0.25]])
    points = face(rotation, gaze, 9.0)
    fitted, scale = fit_head_pose(points)
    np.testing.assert_allclose(fitted, rotation, atol=1e-9)
    assert scale == pytest.approx(9.0)
    np.testing.assert_allclose(eye_directions(points, fitted, scale), gaze, atol=1e-9)


def test_an_iris_outside_of_the_eye_gives_a_finite_direction() -> None:
    points = face(np.eye(3), np.zeros((2, 2)), 9.0)
    points[face_mesh.LEFT_IRIS] += [100.0, 0.0, 0.0]
    assert np.all(np.isfinite(eye_directions(points, np.eye(3), 9.0)))


def test_only_the_angle_up_is_corrected() -> None:
    directions = np.array([[0.1, UP_OFFSET], [-0.2, UP_OFFSET + 0.1]])
    np.testing.assert_allclose(correct_up_angle(directions), [[0.1, 0.0], [-0.2, 0.1 * UP_GAIN]], atol=1e-12)
