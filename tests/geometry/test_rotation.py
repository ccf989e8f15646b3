"""Laws of rotations, against SciPy."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from tests.builders import Floats, assert_same, random_quaternions

finite = st.floats(-1, 1, width=32)
quaternions = arrays(np.float64, 4, elements=finite).filter(lambda q: np.linalg.norm(q) > 1e-3).map(rotation.normalize)
vectors = arrays(np.float64, 3, elements=st.floats(-10, 10))
directions = arrays(np.float64, 3, elements=finite).filter(lambda v: np.linalg.norm(v) > 1e-3).map(rotation.normalize)


def _same_rotation(a: FloatArray, b: FloatArray, tolerance: float = 1e-12) -> None:
    """Equal up to the sign, which does not matter to a rotation."""
    sign = np.where(np.sum(a * b, axis=-1, keepdims=True) < 0, -1.0, 1.0)
    assert_same(a * sign, b, tolerance)


@given(quaternions, quaternions, quaternions)
def test_group_laws(a: Floats, b: Floats, c: Floats) -> None:
    assert_same(rotation.multiply(rotation.multiply(a, b), c), rotation.multiply(a, rotation.multiply(b, c)), 1e-12)
    assert_same(rotation.multiply(a, rotation.IDENTITY), a, 0.0)
    assert_same(rotation.multiply(rotation.IDENTITY, a), a, 0.0)
    assert_same(rotation.multiply(a, rotation.conjugate(a)), rotation.IDENTITY, 1e-12)


@given(quaternions, quaternions, vectors)
def test_agrees_with_scipy(a: Floats, b: Floats, v: Floats) -> None:
    ra, rb = Rotation.from_quat(a), Rotation.from_quat(b)
    _same_rotation(rotation.multiply(a, b), (ra * rb).as_quat())
    assert_same(rotation.rotate(a, v), ra.apply(v), 1e-12)
    assert_same(rotation.to_matrix(a), ra.as_matrix(), 1e-12)


@given(quaternions, quaternions, vectors)
def test_product_rotates_by_the_right_factor_first(a: Floats, b: Floats, v: Floats) -> None:
    assert_same(rotation.rotate(rotation.multiply(a, b), v), rotation.rotate(a, rotation.rotate(b, v)), 1e-11)
    assert_same(rotation.to_matrix(a) @ v, rotation.rotate(a, v), 1e-12)


@given(quaternions)
def test_matrix_round_trip(q: Floats) -> None:
    round_trip = rotation.from_matrix(rotation.to_matrix(q))
    assert round_trip[3] >= 0
    _same_rotation(round_trip, q)


@given(directions, st.sampled_from([np.pi, np.pi - 1e-9, np.pi - 1e-5, np.pi + 1e-7, 1e-9, 0.0]))
def test_matrix_round_trip_at_half_turns(axis: Floats, angle: float) -> None:
    q = np.append(axis * np.sin(angle / 2), np.cos(angle / 2))
    round_trip = rotation.from_matrix(rotation.to_matrix(q))
    assert_same(np.linalg.norm(round_trip), 1.0, 1e-12)
    _same_rotation(round_trip, q, 1e-12)


@given(quaternions)
def test_rotvec_round_trip(q: Floats) -> None:
    rotvec = rotation.to_rotvec(q)
    assert np.linalg.norm(rotvec) <= np.pi + 1e-12
    _same_rotation(rotation.from_rotvec(rotvec), q)


@given(directions, st.floats(0, 10))
def test_rotvec_is_axis_times_angle(axis: Floats, angle: float) -> None:
    expected = np.append(axis * np.sin(angle / 2), np.cos(angle / 2))
    assert_same(rotation.from_rotvec(axis * angle), expected, 1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-300, 1e-12, 1e-9, 1e-6, 1e-3, 3.0])
def test_small_rotvecs_keep_their_digits(angle: float) -> None:
    rotvec = np.array([0.0, 0.6, -0.8]) * angle
    np.testing.assert_allclose(rotation.to_rotvec(rotation.from_rotvec(rotvec)), rotvec, rtol=1e-12)


@given(directions, directions)
def test_between_is_the_shortest_rotation(a: Floats, b: Floats) -> None:
    q = rotation.between(a, b)
    assert_same(np.linalg.norm(q), 1.0, 1e-12)
    assert_same(rotation.rotate(q, a), b, 1e-4)
    angle = np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)
    assert_same(rotation.angle_between(q, rotation.IDENTITY), angle, 1e-4)


@given(directions, st.sampled_from([0.0, 1e-12, 1e-8, 1e-6, 1e-4, 1e-2]))
def test_between_almost_opposite_directions(a: Floats, angle: float) -> None:
    side = rotation.normalize(np.cross(a, np.roll(a, 1) + np.array([0.1, -0.2, 0.3])))
    b = -np.cos(angle) * a + np.sin(angle) * side
    assert_same(rotation.rotate(rotation.between(a, b), a), b, 1e-6)


@given(directions, directions)
def test_from_axes_is_a_rotation(primary: Floats, secondary: Floats) -> None:
    if np.linalg.norm(np.cross(primary, secondary)) > 1e-3:
        m = rotation.from_axes(3.0 * primary, 0.5 * secondary)
        assert_same(m.T @ m, np.eye(3), 1e-9)
        assert_same(np.linalg.det(m), 1.0, 1e-9)
        assert_same(m[:, 0], primary, 1e-9)
        assert m[:, 1] @ secondary > 0


@pytest.mark.parametrize("frames", [1, 2, 50])
def test_make_continuous_changes_signs_only(frames: int) -> None:
    q = random_quaternions(np.random.default_rng(frames), (frames, 5))
    smooth = rotation.make_continuous(q)
    np.testing.assert_array_equal(np.abs(smooth), np.abs(q))
    _same_rotation(smooth, q, 0.0)
    np.testing.assert_array_equal(smooth[0], q[0])
    assert (np.sum(smooth[1:] * smooth[:-1], axis=-1) >= 0).all()
    np.testing.assert_array_equal(rotation.make_continuous(smooth), smooth)


@given(quaternions, quaternions)
def test_angle_between(a: Floats, b: Floats) -> None:
    expected = (Rotation.from_quat(a).inv() * Rotation.from_quat(b)).magnitude()
    assert_same(rotation.angle_between(a, b), expected, 1e-9)
    assert_same(rotation.angle_between(a, -b), expected, 1e-9)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-9, 1e-6, 1e-3, 3.0, np.pi])
def test_angle_between_keeps_small_angles(angle: float) -> None:
    a = random_quaternions(np.random.default_rng(0), ())
    b = rotation.multiply(a, rotation.from_rotvec(np.array([0.6, 0.0, -0.8]) * angle))
    assert_same(rotation.angle_between(a, b), angle, 1e-15 + 1e-12 * angle)


def test_normalize_keeps_zero() -> None:
    assert_same(rotation.normalize(np.array([[0.0, 0.0], [3.0, 4.0]])), np.array([[0.0, 0.0], [0.6, 0.8]]), 1e-15)


def test_all_functions_work_on_batches() -> None:
    rng = np.random.default_rng(1)
    a, b = random_quaternions(rng, (2, 3)), random_quaternions(rng, (3,))
    v = rng.normal(size=(2, 3, 3))
    for i in range(2):
        for j in range(3):
            assert_same(rotation.multiply(a, b)[i, j], rotation.multiply(a[i, j], b[j]), 1e-15)
            assert_same(rotation.rotate(a, v)[i, j], rotation.rotate(a[i, j], v[i, j]), 1e-14)
            assert_same(
                rotation.from_matrix(rotation.to_matrix(a))[i, j],
                rotation.from_matrix(rotation.to_matrix(a[i, j])),
                1e-15,
            )
            assert_same(rotation.to_rotvec(a)[i, j], rotation.to_rotvec(a[i, j]), 1e-14)
            assert_same(rotation.from_rotvec(v)[i, j], rotation.from_rotvec(v[i, j]), 1e-14)
            unit = rotation.normalize(v)
            assert_same(rotation.between(unit, unit[0, 0])[i, j], rotation.between(unit[i, j], unit[0, 0]), 1e-14)


def test_rotate_vectors_agrees_with_rotate() -> None:
    rng = np.random.default_rng(3)
    quaternions_, vectors_ = random_quaternions(rng, (4, 5)), rng.normal(size=(4, 5, 3))
    assert_same(
        rotation.rotate_vectors(rotation.to_matrix(quaternions_), vectors_),
        rotation.rotate(quaternions_, vectors_),
        1e-12,
    )


@pytest.mark.parametrize("nearest", [rotation.nearest_rotation, rotation.nearest_rotation_by_determinant])
def test_nearest_rotation_is_a_rotation_and_no_other_one_is_nearer(nearest: Callable[[FloatArray], FloatArray]) -> None:
    rng = np.random.default_rng(9)
    matrices = rng.normal(size=(50, 3, 3))
    assert (np.linalg.det(matrices) < 0).any()
    rotations = nearest(matrices)
    assert_same(rotations @ np.swapaxes(rotations, -1, -2), np.broadcast_to(np.eye(3), rotations.shape), 1e-12)
    assert_same(np.linalg.det(rotations), 1.0, 1e-12)
    others = nearest(rng.normal(size=(200, 1, 3, 3)))
    distance, distance_of_others = (np.linalg.norm(r - matrices, axis=(-2, -1)) for r in (rotations, others))
    assert (distance <= distance_of_others + 1e-12).all()


@pytest.mark.parametrize("nearest", [rotation.nearest_rotation, rotation.nearest_rotation_by_determinant])
def test_nearest_rotation_of_a_scaled_rotation_is_the_rotation(nearest: Callable[[FloatArray], FloatArray]) -> None:
    rotations = rotation.to_matrix(random_quaternions(np.random.default_rng(10), (4, 5)))
    assert_same(nearest(rotations), rotations, 1e-12)
    assert_same(nearest(2.5 * rotations), rotations, 1e-12)


def test_singular_values_of_the_polar_rotation_recover_the_determinant() -> None:
    matrices = np.random.default_rng(11).normal(size=(50, 3, 3))
    _, values = rotation.polar_rotation(matrices)
    assert_same(np.prod(values, axis=-1), np.linalg.det(matrices), 1e-9)
    assert (values[:, :2] >= 0).all()


def test_tangent_basis_is_orthonormal_and_across_the_directions() -> None:
    directions_ = rotation.normalize(np.random.default_rng(12).normal(size=(40, 3)))
    basis = rotation.tangent_basis(directions_)
    assert_same(np.swapaxes(basis, 1, 2) @ basis, np.tile(np.eye(2), (40, 1, 1)), 1e-12)
    assert_same((directions_[:, None] @ basis)[:, 0], np.zeros((40, 2)), 1e-12)
