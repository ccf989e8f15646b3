"""Products with the Jacobian of landmarks, against the dense Jacobian and finite steps."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.geometry.rotation_log import exponential
from bodydouble.motion.body import body_landmarks, proportions
from bodydouble.motion.fit.jacobian import Jacobian
from bodydouble.motion.fit.kinematics import DOF, JOINT_COUNT, ROOT_DOF, blocks_of_landmarks, pose_skeleton
from bodydouble.motion.fit.solve import retract
from bodydouble.motion.fit.terms import State
from tests.builders import assert_same

FRAMES = 3
SOME = (0, 15, 16, 24, 27, 31, 32)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(8)


@pytest.fixture
def state(rng: np.random.Generator) -> State:
    return State(exponential(rng.normal(size=(FRAMES, JOINT_COUNT, 3))), rng.normal(size=(FRAMES, 3)))


@pytest.fixture
def jacobian(state: State) -> Jacobian:
    return Jacobian.from_pose(
        pose_skeleton(body_landmarks.template_skeleton(), state.rotations, state.root, SOME), SOME
    )


@pytest.fixture
def rows(jacobian: Jacobian) -> FloatArray:
    return jacobian.to_dense(np.arange(len(SOME)))


def test_jacobian_predicts_the_displacement_of_landmarks(rng: np.random.Generator, state: State) -> None:
    skeleton = proportions.skeleton_from_bone_scales(rng.uniform(0.8, 1.2, len(proportions.BONES)))
    step = rng.normal(0, 1e-5, (FRAMES, DOF))
    before, after = (pose_skeleton(skeleton, s.rotations, s.root, SOME) for s in (state, retract(state, step)))
    dense = Jacobian.from_pose(before, SOME).to_dense(np.arange(len(SOME)))
    predicted = (dense @ step[..., None]).reshape(FRAMES, len(SOME), 3)
    assert_same(after.landmarks - before.landmarks, predicted, 1e-8)


def test_a_translation_of_the_hips_translates_all_landmarks(rows: FloatArray) -> None:
    assert_same(rows[..., ROOT_DOF], np.tile(np.eye(3), (FRAMES, len(SOME), 1)), 0.0)


def test_joints_that_do_not_carry_a_landmark_have_no_derivative(rows: FloatArray) -> None:
    unrelated = ~np.kron(blocks_of_landmarks(SOME), np.ones((3, 3), dtype=bool))
    assert unrelated.any()
    assert not rows[:, unrelated].any()


def test_dense_rows_have_the_order_of_the_given_landmarks(jacobian: Jacobian, rows: FloatArray) -> None:
    assert_same(jacobian.to_dense(np.array([4, 1])), rows[:, [12, 13, 14, 3, 4, 5]], 1e-14)
    assert jacobian.to_dense(np.array([], dtype=int)).shape == (FRAMES, 0, DOF)


def test_transposed_products_are_those_of_the_dense_jacobian(
    rng: np.random.Generator, jacobian: Jacobian, rows: FloatArray
) -> None:
    vectors = rng.normal(size=(FRAMES, len(SOME), 2, 3))
    expected = np.einsum("tlvi,tlin->tvn", vectors, rows.reshape(FRAMES, -1, 3, DOF))
    assert_same(jacobian.transposed_times(vectors), expected, 1e-12)


def test_normal_matrix_is_that_of_the_dense_jacobian(
    rng: np.random.Generator, jacobian: Jacobian, rows: FloatArray
) -> None:
    roots = rng.normal(size=(FRAMES, len(SOME), 3, 3))
    weights = roots @ np.swapaxes(roots, -1, -2)
    first, second = rng.normal(size=(2, FRAMES, DOF))
    first[:, 6:] = 0.0
    weighted = (weights @ rows.reshape(FRAMES, -1, 3, DOF)).reshape(rows.shape)
    outer = first[..., None] * second[:, None]
    expected = np.triu(np.swapaxes(rows, -1, -2) @ weighted - outer - np.swapaxes(outer, -1, -2))
    assert_same(jacobian.upper_normal_matrix(weights, first, second), expected, 1e-11)
