"""Laws of the deformation: its gradient is that of its cost, and it moves what it must."""

import numpy as np
import pytest

from bodydouble.data import IntArray
from bodydouble.geometry import rotation
from bodydouble.motion.corrections.deformation import deform
from bodydouble.motion.corrections.deformation_terms import PointTargets, Problem, linearize, point_positions
from bodydouble.motion.fit.kinematics import BLOCK_COUNT, DOF
from tests import builders

FRAMES = 12


def random_targets(rng: np.random.Generator, rows: IntArray) -> PointTargets:
    count = len(rows)
    return PointTargets(
        rows,
        rng.integers(0, 22, count),
        0.1 * rng.normal(size=(count, 3)),
        rng.normal(size=(count, 3)),
        np.full(count, 0.01),
        rotation.normalize(rng.normal(size=(count, 3))) * (np.arange(count) % 2)[:, None],
    )


def test_gradient_is_that_of_the_cost() -> None:
    rng = np.random.default_rng(0)
    motion = builders.smooth_motion(FRAMES)
    is_own = rng.uniform(size=(6, BLOCK_COUNT)) > 0.5
    targets = random_targets(rng, rng.integers(0, 6, 9))
    problem = Problem.build(motion, slice(3, 9), targets, is_own)
    change = 0.3 * rng.normal(size=(6, DOF))
    _, equations = linearize(problem, change, 1.0)
    for _ in range(40):
        direction = rng.normal(size=(6, DOF))
        steps = (change + 1e-6 * direction, change - 1e-6 * direction)
        ahead, back = (linearize(problem, step, 1.0)[0] for step in steps)
        expected = float((equations.gradient * direction).sum())
        assert (ahead - back) / 2e-6 == pytest.approx(expected, rel=1e-5, abs=1e-3)


def test_normal_equations_hold_the_products_of_the_jacobian() -> None:
    """With no change, the curvature along a direction is that of the cost without the bend of the constraints."""
    rng = np.random.default_rng(1)
    motion = builders.smooth_motion(FRAMES)
    problem = Problem.build(
        motion, slice(2, 8), random_targets(rng, np.arange(6)), np.ones((6, BLOCK_COUNT), dtype=bool)
    )
    start = point_positions(problem, np.zeros((6, DOF)))
    met = problem.aim(start)
    _, equations = linearize(met, np.zeros((6, DOF)), 1.0)
    for _ in range(10):
        direction = rng.normal(size=(6, DOF))
        cost = linearize(met, 1e-5 * direction, 1.0)[0]
        upper = np.triu(equations.diagonal)
        product = np.einsum("tij,tj->ti", upper + np.swapaxes(np.triu(upper, 1), 1, 2), direction)
        product[:-1] += np.einsum("tij,tj->ti", equations.off_diagonal_1, direction[1:])
        product[1:] += np.einsum("tji,tj->ti", equations.off_diagonal_1, direction[:-1])
        blocks = direction.reshape(6, BLOCK_COUNT, 3)
        second = np.zeros_like(blocks)
        second[:-2] += np.einsum("tgij,tgj->tgi", equations.off_diagonal_2, blocks[2:])
        second[2:] += np.einsum("tgji,tgj->tgi", equations.off_diagonal_2, blocks[:-2])
        curvature = float((direction * (product + second.reshape(6, DOF))).sum())
        assert cost == pytest.approx(0.5e-10 * curvature, rel=1e-3)


def test_motion_without_targets_is_unchanged() -> None:
    motion = builders.smooth_motion(FRAMES)
    nothing = PointTargets(
        np.zeros(0, dtype=int),
        np.zeros(0, dtype=int),
        np.zeros((0, 3)),
        np.zeros((0, 3)),
        np.zeros(0),
        np.zeros((0, 3)),
    )
    everything = np.ones((FRAMES, BLOCK_COUNT), dtype=bool)
    deformed = deform(motion, nothing, np.ones(FRAMES, dtype=bool), everything)
    np.testing.assert_array_equal(deformed.rotations, motion.rotations)
    np.testing.assert_array_equal(deformed.root_position, motion.root_position)


def test_targets_outside_the_free_frames_do_not_count() -> None:
    motion = builders.smooth_motion(FRAMES)
    is_free = np.arange(FRAMES) >= 6
    targets = random_targets(np.random.default_rng(0), np.array([1, 2]))
    deformed = deform(motion, targets, is_free, np.ones((FRAMES, BLOCK_COUNT), dtype=bool))
    np.testing.assert_array_equal(deformed.rotations, motion.rotations)
