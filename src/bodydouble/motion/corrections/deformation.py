"""Deformation of a motion: points of the body are brought to places, by a change that is small and smooth over time.

In: ``Motion``, ``PointTargets`` and the frames that are free to change. Out: the changed ``Motion``; all other frames
are the same. The cost of ``deformation_terms.py`` is minimized by Levenberg-Marquardt. Points far from their places are
moved there in steps; the method of multipliers makes them exact.

Source: M. Gleicher, "Motion editing with spacetime constraints" (1997).
"""

from dataclasses import replace
from math import ceil

import numpy as np
from threadpoolctl import threadpool_limits

from bodydouble.data import BoolArray, FloatArray, Motion
from bodydouble.geometry import rotation
from bodydouble.motion.corrections.deformation_terms import SIGMAS, PointTargets, Problem, linearize, point_positions
from bodydouble.motion.fit.kinematics import DOF, JOINT_COUNT
from bodydouble.motion.fit.normal_equations import NormalEquations

MAX_DISTANCE_STEP = 0.15
"""Maximum distance in m by which points are moved towards their places at a time."""
MAX_ADVANCES = 12
"""Maximum number of such movements, if not given."""
ADVANCE_SIGMA_FACTOR = 10.0
"""Factor of the sigmas of points until they are near their places."""
MAX_EXACT_ROUNDS = 6
"""Maximum number of rounds in which what is left of the distance is added to it."""
EXACT_DISTANCE = 1e-4
"""Distance in m from their places at which points need no further round."""
MAX_ADVANCE_STEPS, MAX_EXACT_STEPS = 4, 20
"""Maximum number of steps in each movement, and, if not given, in each of the further rounds."""
MIN_RELATIVE_GAIN = 1e-3
"""Relative decrease of the cost below which a round ends."""
EXACT_SIGMA = 2e-4
"""Maximum sigma in m of points that are brought to their places exactly."""
MAX_ROTATION_STEP = 0.5
"""Maximum change of a rotation in one step, rad."""
INITIAL_DAMPING, DAMPING_UP, DAMPING_DOWN = 1e-2, 10.0, 0.1
"""Damping of the first step of a round, and its factors after a step that raised the cost and one that lowered it."""


def deform(
    motion: Motion,
    targets: PointTargets,
    is_free: BoolArray,
    is_own: BoolArray,
    max_advances: int = MAX_ADVANCES,
    max_steps: int = MAX_EXACT_STEPS,
) -> Motion:
    """Brings points of the body to places.

    Args:
        motion: T frames of the 22 humanoid joints.
        targets: points; those outside the free frames are ignored.
        is_free: (T,) frames that may change.
        is_own: (T, 23) what is meant to move: the position of the hips, then the rotation of each joint. Hips, legs
            and trunk help only where they must.
        max_advances: maximum number of movements towards the places.
        max_steps: maximum number of steps in each round after them.

    Returns:
        The motion, unchanged in frames that are not free.
    """
    rotations, root_position = motion.rotations.copy(), motion.root_position.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_free, [False]])))
    for first, stop in edges.reshape(-1, 2):
        inside = (targets.rows >= first) & (targets.rows < stop)
        if not inside.any():
            continue
        rows = slice(first, stop)
        problem = Problem.build(motion, rows, targets.select(inside, first), is_own[rows])
        with threadpool_limits(1, "blas"):
            change = _minimize(problem, max_advances, max_steps)
        root_position[rows] += change[:, :3]
        turns = rotation.from_rotvec(change[:, 3:].reshape(-1, JOINT_COUNT, 3))
        rotations[rows] = rotation.normalize(rotation.multiply(rotations[rows], turns))
    return replace(motion, rotations=rotations, root_position=root_position)


def _minimize(problem: Problem, max_advances: int, max_steps: int) -> FloatArray:
    """Returns the change (n, DOF) of least cost."""
    change: FloatArray = np.zeros((len(problem.rotations), DOF))
    goals = problem.targets.positions
    start = point_positions(problem, change)
    distance = float(np.linalg.norm(problem.targets.distances(start), axis=1).max())
    advances = min(max(ceil(distance / MAX_DISTANCE_STEP), 1), max_advances)
    for fraction in np.arange(1, advances + 1) / advances:
        change = _descend(
            problem.aim(start + fraction * (goals - start)), change, ADVANCE_SIGMA_FACTOR, MAX_ADVANCE_STEPS
        )
    is_exact, aims = problem.targets.sigmas <= EXACT_SIGMA, goals
    for _ in range(MAX_EXACT_ROUNDS):
        change = _descend(problem.aim(aims), change, 1.0, max_steps)
        misses = np.where(is_exact[:, None], -problem.targets.distances(point_positions(problem, change)), 0.0)
        if np.abs(misses).max() < EXACT_DISTANCE:
            break
        # Method of multipliers: a point that is drawn beyond its place by the distance that it lacks reaches it.
        aims = aims + misses
    return change


def _descend(problem: Problem, change: FloatArray, factor: float, max_steps: int) -> FloatArray:
    """Lowers the cost from a change (n, DOF), with sigmas of points enlarged by a factor."""
    damping = INITIAL_DAMPING
    cost, equations = linearize(problem, change, factor)
    for _ in range(max_steps):
        trial = change + _limit_step(_solve_step(problem, equations, damping))
        trial_cost, trial_equations = linearize(problem, trial, factor)
        if trial_cost >= cost:
            damping *= DAMPING_UP
            continue
        gain = (cost - trial_cost) / max(cost, 1e-12)
        change, cost, equations, damping = trial, trial_cost, trial_equations, damping * DAMPING_DOWN
        if gain < MIN_RELATIVE_GAIN:
            break
    return change


def _solve_step(problem: Problem, equations: NormalEquations, damping: float) -> FloatArray:
    """Returns a step (n, DOF) of the blocks that may change, small relative to the sigmas of the joints."""
    blocks = np.flatnonzero(problem.may_change)
    dofs = (3 * blocks[:, None] + np.arange(3)).reshape(-1)
    each, square = np.arange(len(dofs)), np.ix_(np.arange(len(equations.gradient)), dofs, dofs)
    diagonal = equations.diagonal[square]
    diagonal[:, each, each] += damping / SIGMAS[dofs] ** 2
    reduced = NormalEquations(
        diagonal,
        equations.off_diagonal_1[np.ix_(np.arange(len(diagonal) - 1), dofs, dofs)],
        equations.off_diagonal_2[:, blocks],
        equations.gradient[:, dofs],
    )
    step = np.zeros_like(equations.gradient)
    step[:, dofs] = reduced.solve_step(0.0)
    return step


def _limit_step(step: FloatArray) -> FloatArray:
    """Shortens a step (n, DOF) in each frame in which a rotation would change too much."""
    excess = np.abs(step[:, 3:]).max(axis=1) / MAX_ROTATION_STEP
    return np.asarray(step / np.maximum(excess, 1.0)[:, None])
