"""Exponential map of rotations and its derivatives, against SciPy and finite differences."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from bodydouble.geometry.rotation_log import SMALL, exponential, log_jacobian, logarithm, skew
from tests.builders import Floats, assert_same

ANGLES = [0.0, 1e-9, 0.5 * SMALL, 2 * SMALL, 0.01, 0.7, 2.0, 3.0, np.pi - 1e-3, np.pi - 1e-5]
TINY = 1e-6


def vectors(angle: float, count: int = 20) -> Floats:
    """Returns rotation vectors (count, 3) of an angle about random axes."""
    axes = np.random.default_rng(1).normal(size=(count, 3))
    return np.asarray(angle * axes / np.linalg.norm(axes, axis=-1, keepdims=True))


def numeric_jacobian(rotvec: Floats, from_left: bool) -> Floats:
    """Returns the derivative (..., 3, 3) of log(R exp(d)), or of log(exp(-d) R), by finite differences."""
    columns = []
    for axis in TINY * np.eye(3):
        ends = []
        for step in (axis, -axis):
            matrix = exponential(rotvec)
            matrix = exponential(-step) @ matrix if from_left else matrix @ exponential(step)
            ends.append(logarithm(matrix))
        columns.append((ends[0] - ends[1]) / (2 * TINY))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("angle", ANGLES)
def test_exponential_and_logarithm_agree_with_scipy(angle: float) -> None:
    rotvec = vectors(angle)
    matrix = Rotation.from_rotvec(rotvec).as_matrix()
    assert_same(exponential(rotvec), matrix, 1e-12)
    assert_same(logarithm(matrix), rotvec, 1e-8)


def test_logarithm_of_half_a_turn_is_half_a_turn() -> None:
    rotvec = vectors(np.pi)
    rotvec_again = logarithm(exponential(rotvec))
    assert_same(np.linalg.norm(rotvec_again, axis=-1), np.pi, 1e-8)
    assert_same(exponential(rotvec_again), exponential(rotvec), 1e-8)


def test_leading_axes_are_batch_axes() -> None:
    rotvec = vectors(1.0, 24)
    batch = rotvec.reshape(2, 3, 4, 3)
    assert_same(logarithm(exponential(batch)), batch, 1e-12)
    assert_same(log_jacobian(batch).reshape(24, 3, 3), log_jacobian(rotvec), 0.0)


def test_skew_is_the_cross_product() -> None:
    a, b = np.random.default_rng(2).normal(size=(2, 10, 3))
    assert_same((skew(a) @ b[..., None])[..., 0], np.cross(a, b), 1e-12)


@pytest.mark.parametrize("angle", ANGLES)
def test_jacobian_agrees_with_finite_differences(angle: float) -> None:
    # Beyond half a turn the logarithm jumps to the opposite axis; no step goes that far.
    assert angle + 2 * TINY < np.pi
    rotvec = vectors(angle)
    assert_same(log_jacobian(rotvec), numeric_jacobian(rotvec, from_left=False), 1e-6)
    assert_same(-np.swapaxes(log_jacobian(rotvec), -1, -2), numeric_jacobian(rotvec, from_left=True), 1e-6)


def test_jacobian_is_continuous_where_the_formula_changes() -> None:
    below, above = (log_jacobian(vectors(factor * SMALL)) for factor in (1 - 1e-9, 1 + 1e-9))
    assert_same(below, above, 1e-10)


@pytest.mark.parametrize("angle", ANGLES)
def test_rotation_about_the_axis_changes_only_the_angle(angle: float) -> None:
    rotvec = vectors(angle)
    assert_same((log_jacobian(rotvec) @ rotvec[..., None])[..., 0], rotvec, 1e-12)
