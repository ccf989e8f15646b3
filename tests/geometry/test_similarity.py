"""Laws of box overlap and pose similarity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.geometry.similarity import box_area, box_iou, pose_extent, pose_similarity


def boxes(seed: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 12, (count, 2))
    return np.concatenate([corner, corner + rng.integers(1, 9, (count, 2))], axis=1).astype(float)


def pixels(box: np.ndarray) -> set[tuple[int, int]]:
    x_min, y_min, x_max, y_max = box.astype(int)
    return {(x, y) for x in range(x_min, x_max) for y in range(y_min, y_max)}


@given(seed=st.integers(0, 10_000))
def test_iou_is_that_of_the_sets_of_pixels(seed: int) -> None:
    a, b = boxes(seed, 2)
    expected = len(pixels(a) & pixels(b)) / len(pixels(a) | pixels(b))
    assert box_iou(a, b) == pytest.approx(expected)
    assert box_area(a) == len(pixels(a))


def test_empty_boxes_have_no_area_and_no_overlap() -> None:
    empty = np.array([3.0, 3.0, 3.0, 3.0])
    assert box_iou(empty, empty) == 0.0
    assert box_area(np.array([5.0, 5.0, 1.0, 1.0])) == 0.0


@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 50), shift=st.floats(0, 6.3))
def test_similarity_is_symmetric_and_independent_of_scale_and_position(seed: int, scale: float, shift: float) -> None:
    a, b = random_pair(seed)
    expected = pose_similarity(a, b)
    assert 0 < expected < 1
    assert pose_similarity(b, a) == pytest.approx(expected)
    assert pose_similarity(a * scale + shift, b * scale + shift) == pytest.approx(expected)


@pytest.mark.parametrize("matrix", [[[0, -1], [1, 0]], [[-1, 0], [0, -1]], [[-1, 0], [0, 1]]])
def test_similarity_is_independent_of_quarter_turns_and_reflections(matrix: list[list[int]]) -> None:
    """The scale is that of the axis-aligned box, so that other rotations change it."""
    a, b = random_pair(7)
    assert pose_similarity(a @ matrix, b @ matrix) == pytest.approx(pose_similarity(a, b))


def random_pair(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns two similar poses (17, 2)."""
    rng = np.random.default_rng(seed)
    pose = rng.normal(size=(17, 2))
    return pose, pose + rng.normal(size=(17, 2)) * 0.2


def test_similarity_is_1_to_itself_and_0_to_a_distant_pose() -> None:
    pose = np.random.default_rng(0).normal(size=(17, 2))
    assert pose_similarity(pose, pose) == pytest.approx(1.0)
    assert pose_similarity(pose, pose + 100) == pytest.approx(0.0, abs=1e-12)


def test_similarity_falls_with_distance() -> None:
    pose = np.random.default_rng(0).normal(size=(17, 2))
    similar = [float(pose_similarity(pose, pose + shift)) for shift in np.linspace(0, 2, 9)]
    assert np.all(np.diff(similar) < 0)


def test_keypoints_of_weight_0_are_ignored() -> None:
    pose = np.random.default_rng(0).normal(size=(17, 2))
    moved = pose.copy()
    moved[:5] += 0.5
    weights = np.ones(17)
    weights[:5] = 0
    assert pose_similarity(pose, moved, weights) == pytest.approx(1.0)
    assert pose_similarity(pose, moved) < 0.9


def test_batches_are_computed_pair_by_pair() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(3, 1, 17, 2)), rng.normal(size=(1, 2, 17, 2))
    table = pose_similarity(a, b)
    assert table.shape == (3, 2)
    assert table[2, 1] == pytest.approx(pose_similarity(a[2, 0], b[0, 1]))


def test_extent_is_half_the_diagonal() -> None:
    assert pose_extent(np.array([[0.0, 0.0], [3.0, 4.0], [1.0, 1.0]])) == pytest.approx(2.5)
