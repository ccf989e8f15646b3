"""Terms of the deformation of a motion: a change of some frames -> its cost and normal equations.

The unknowns are the change of the hips' position and of each joint's rotation in each frame. The cost is half the sum
of squares of

- the change and its second difference over time, divided by the sigma of the joint: limbs bend more easily than the
  trunk, knees and elbows about their hinges only
- the distance of each point from its place, less so along its loose axis, divided by its sigma
- hyperextension of knees and elbows beyond the present one
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, Motion
from bodydouble.geometry import rotation
from bodydouble.geometry.kinematics import forward_kinematics_of_matrices
from bodydouble.geometry.rotation_log import exponential, log_jacobian, logarithm, skew
from bodydouble.motion.fit.kinematics import BLOCK_COUNT, DOF, JOINT_COUNT, block_ancestry
from bodydouble.motion.fit.normal_equations import NormalEquations
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.motion.resampling.smoothing import second_difference_bands
from bodydouble.skeletons import humanoid
from bodydouble.skeletons.joint_limits import HINGE_AXES

SMOOTH_SECONDS = 0.15
"""Time in s of the second difference that costs as much as a change."""
OWN_WEIGHT, FOREIGN_WEIGHT, BEYOND_WEIGHT = 1e-3, 1.0, 3e3
"""Weights of the change itself, relative to its second difference.

They hold for joints where they are meant to move, for joints that are not, and for the former at other times. Where
nothing holds it, a change decays within a second, within 0.2 s, and at once.
"""
ROOT_SIGMA = 0.004
"""Standard deviation in m of the change of the hips' position."""
ROTATIONSIGMAS: dict[str, float] = {
    "hips": 0.01, "spine": 0.02, "chest": 0.02, "upperChest": 0.02, "neck": 0.1, "head": 0.1, "Shoulder": 0.06,
    "UpperArm": 0.5, "LowerArm": 0.5, "Hand": 0.1, "UpperLeg": 0.5, "LowerLeg": 0.5, "Foot": 0.3, "Toes": 0.1,
}  # fmt: skip
"""Standard deviation in rad of the change of a joint's rotation, by joint without its side."""
OFF_HINGE_SIGMA = 0.05
"""Standard deviation in rad of the change of knees and elbows about other axes than their hinges."""
TWIST_SIGMA = 0.25
"""Standard deviation in rad of the change of upper arms and thighs about their own axes."""
MIN_FLEXION, FLEXION_SIGMA = 0.05, 0.02
"""Flexion in rad below which knees and elbows are not extended further, and its standard deviation."""


@dataclass(frozen=True, slots=True)
class PointTargets:
    """Places of N points, each in one frame."""

    rows: IntArray
    """(N,) row of the motion."""
    joints: IntArray
    """(N,) joint that carries the point."""
    offsets: FloatArray
    """(N, 3) m, from the joint, in its axes."""
    positions: FloatArray
    """(N, 3) m, world."""
    sigmas: FloatArray
    """(N,) m, standard deviation of the distance."""
    loose_axes: FloatArray
    """(N, 3) direction in which the point may move more freely, such as a view ray. Its squared length is the fraction
    of the distance along it that does not count: 0 for points that are held in all directions."""

    def distances(self, points: FloatArray) -> FloatArray:
        """Returns the vectors (N, 3) m from the places to points (N, 3), with what counts along the loose axes."""
        vectors = points - self.positions
        return np.asarray(vectors - (vectors * self.loose_axes).sum(axis=-1, keepdims=True) * self.loose_axes)

    def select(self, mask: BoolArray, first_row: int) -> "PointTargets":
        """Returns some of the points, with rows counted from another first one."""
        return PointTargets(
            self.rows[mask] - first_row,
            self.joints[mask],
            self.offsets[mask],
            self.positions[mask],
            self.sigmas[mask],
            self.loose_axes[mask],
        )


def join_targets(parts: list[PointTargets]) -> PointTargets:
    """Joins lists of points, of which there is at least one."""
    names = [field.name for field in fields(PointTargets)]
    return PointTargets(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _without_side(joint: str) -> str:
    return joint.removeprefix("left").removeprefix("right")


def _sigmas() -> FloatArray:
    """Returns the standard deviations (DOF,) of the changes, in m and rad."""
    sigmas = np.full((BLOCK_COUNT, 3), ROOT_SIGMA)
    for joint, name in enumerate(humanoid.JOINTS):
        sigmas[1 + joint] = ROTATIONSIGMAS[_without_side(name)]
        if name in HINGE_AXES:
            sigmas[1 + joint] = np.where(np.abs(HINGE_AXES[name][1]) > 0, sigmas[1 + joint], OFF_HINGE_SIGMA)
        if name.endswith("UpperArm"):
            sigmas[1 + joint, 0] = TWIST_SIGMA
        if name.endswith("UpperLeg"):
            sigmas[1 + joint, 1] = TWIST_SIGMA
    return sigmas.reshape(-1)


SIGMAS = _sigmas()
"""(DOF,) standard deviations of the changes, in m and rad."""
_SUPPORT, _TRUNK = (
    np.array([has_root, *(_without_side(name) in joints for name in humanoid.JOINTS)])
    for has_root, joints in (
        (True, ("hips", "UpperLeg", "LowerLeg", "Foot", "Toes")),
        (False, ("spine", "chest", "upperChest")),
    )
)
"""Blocks that always help a deformation, and those that help if a joint above them is meant to move."""
_HINGES = tuple((humanoid.INDEX[name], np.array(axis)) for name, (_, axis) in HINGE_AXES.items())


def _flexion(matrices: FloatArray, axis: FloatArray) -> FloatArray:
    """Returns the flexion (n,) rad of a knee or an elbow with local rotations (n, 3, 3)."""
    return np.asarray(logarithm(matrices) @ axis)


@dataclass(frozen=True, slots=True)
class Problem:
    """Deformation of n adjacent frames."""

    motion: Motion
    """n frames."""
    rotations: FloatArray
    """(n, 22, 3, 3) local to the parent, before the change."""
    targets: PointTargets
    smoothness: FloatArray
    """(3, n) upper bands of the matrix of second differences of a change of sigma 1, with the frames around held."""
    weights: FloatArray
    """(n, DOF) of the change itself."""
    may_change: BoolArray
    """(23,) position of the hips, and rotation of each joint; the rest keeps its local rotation."""
    min_flexion: FloatArray
    """(n, 4) rad, of the joints of HINGE_AXES."""

    def aim(self, positions: FloatArray) -> "Problem":
        """Returns the problem with other places (N, 3) m of the points."""
        return replace(self, targets=replace(self.targets, positions=positions))

    @classmethod
    def build(cls, motion: Motion, rows: slice, targets: PointTargets, is_own: BoolArray) -> "Problem":
        """Builds the problem of some rows of a motion, in which targets and is_own (n, 23) count."""
        before, after = min(rows.start, 2), min(len(motion.rotations) - rows.stop, 2)
        count = rows.stop - rows.start
        bands = second_difference_bands(max(before + count + after, 3))[:, before : before + count]
        bands *= (float(motion.fps) * SMOOTH_SECONDS) ** 4
        part = slice_motion(motion, rows)
        matrices = rotation.to_matrix(part.rotations)
        flexion = np.stack([_flexion(matrices[:, joint], axis) for joint, axis in _HINGES], axis=1)
        other_weights = np.where(is_own.any(axis=0), BEYOND_WEIGHT, FOREIGN_WEIGHT)
        weights = np.repeat(np.where(is_own, OWN_WEIGHT, other_weights), 3, axis=1)
        may_change = _SUPPORT | is_own.any(axis=0)
        if is_own[:, ~_SUPPORT].any():
            may_change |= _TRUNK
        return cls(part, matrices, targets, bands, weights, may_change, np.minimum(flexion, MIN_FLEXION))


def linearize(problem: Problem, change: FloatArray, factor: float) -> tuple[float, NormalEquations]:
    """Evaluates the cost at a change (n, DOF) and its normal equations, with sigmas of points enlarged by a factor."""
    vectors = change[:, 3:].reshape(-1, JOINT_COUNT, 3)
    rotations = problem.rotations @ exponential(vectors)
    # The steps are in the coordinates of the change; this turns them into rotations about the joints' present axes.
    right = np.linalg.inv(log_jacobian(vectors))
    residuals, jacobian = _point_residuals(problem, change, rotations, right, factor)
    diagonal = np.zeros((len(change), DOF, DOF))
    gradient = np.zeros((len(change), DOF))
    _add_by_row(diagonal, gradient, problem.targets.rows, jacobian, residuals)
    cost = float((residuals**2).sum())
    cost += _add_flexion(problem, rotations, right, diagonal, gradient)
    cost += _add_smoothness(problem, change, diagonal, gradient)
    count = len(change)
    off_diagonal_1 = np.zeros((max(count - 1, 0), DOF, DOF))
    each = np.arange(DOF)
    off_diagonal_1[:, each, each] = problem.smoothness[1, 1:, None] / SIGMAS**2
    off_diagonal_2 = np.zeros((max(count - 2, 0), BLOCK_COUNT, 3, 3))
    inverse = (1 / SIGMAS**2).reshape(BLOCK_COUNT, 3)
    axes = np.arange(3)
    off_diagonal_2[:, :, axes, axes] = problem.smoothness[0, 2:, None, None] * inverse
    return cost / 2, NormalEquations(np.triu(diagonal), off_diagonal_1, off_diagonal_2, gradient)


def _add_smoothness(problem: Problem, change: FloatArray, diagonal: FloatArray, gradient: FloatArray) -> float:
    """Adds the cost of the change itself and of its second differences; returns it."""
    bands, scaled = problem.smoothness, change / SIGMAS
    own = bands[2, :, None] + problem.weights
    product = own * scaled
    for distance, band in ((1, bands[1]), (2, bands[0])):
        product[:-distance] += band[distance:, None] * scaled[distance:]
        product[distance:] += band[distance:, None] * scaled[:-distance]
    each = np.arange(DOF)
    diagonal[:, each, each] += own / SIGMAS**2
    gradient += product / SIGMAS
    return float((scaled * product).sum())


def point_positions(problem: Problem, change: FloatArray) -> FloatArray:
    """Returns the positions (N, 3) m of the points after a change (n, DOF)."""
    rotations = problem.rotations @ exponential(change[:, 3:].reshape(-1, JOINT_COUNT, 3))
    return _pose_points(problem, change, rotations)[0]


def _pose_points(
    problem: Problem, change: FloatArray, rotations: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns positions of the points (N, 3), and positions of the joints in their frames, and
    world rotations (n, 22, 3, 3) of the joints."""
    targets, root = problem.targets, problem.motion.root_position + change[:, :3]
    positions, world = forward_kinematics_of_matrices(problem.motion.skeleton, rotations, root)
    rows, joints = targets.rows, targets.joints
    points = positions[rows, joints] + rotation.rotate_vectors(world[rows, joints], targets.offsets)
    return points, positions[rows], world


def _point_residuals(
    problem: Problem, change: FloatArray, rotations: FloatArray, right: FloatArray, factor: float
) -> tuple[FloatArray, FloatArray]:
    """Returns the residuals (N, 3) of the points and their Jacobian (N, 3, DOF)."""
    targets = problem.targets
    points, positions, world = _pose_points(problem, change, rotations)
    sigmas = factor * targets.sigmas
    # A rotation of a joint about its own axes moves all points that it carries.
    axes = world @ right
    carried, carriers = np.nonzero(block_ancestry()[1:, 1:].T[targets.joints])
    arms = -skew(points[carried] - positions[carried, carriers]) @ axes[targets.rows[carried], carriers]
    jacobian = np.zeros((len(points), 3, BLOCK_COUNT, 3))
    jacobian[:, :, 0] = np.eye(3)
    jacobian[carried, :, 1 + carriers] = arms
    by_dof = jacobian.reshape(-1, 3, DOF)
    by_dof -= targets.loose_axes[:, :, None] * (targets.loose_axes[:, None] @ by_dof)
    by_dof /= sigmas[:, None, None]
    return targets.distances(points) / sigmas[:, None], by_dof


def _add_by_row(
    diagonal: FloatArray, gradient: FloatArray, rows: IntArray, jacobian: FloatArray, residuals: FloatArray
) -> None:
    """Adds J'J and J'r of residuals (N, 3) with Jacobians (N, 3, DOF) to their frames."""
    order = np.argsort(rows, kind="stable")
    sorted_rows = rows[order]
    slots = np.arange(len(rows)) - np.searchsorted(sorted_rows, sorted_rows)
    width = int(slots.max()) + 1
    stacked, values = np.zeros((len(diagonal), width, 3, DOF)), np.zeros((len(diagonal), width, 3))
    stacked[sorted_rows, slots], values[sorted_rows, slots] = jacobian[order], residuals[order]
    by_row = stacked.reshape(len(diagonal), -1, DOF)
    transposed = np.swapaxes(by_row, 1, 2)
    diagonal += transposed @ by_row
    gradient += (transposed @ values.reshape(len(diagonal), -1, 1))[..., 0]


def _add_flexion(
    problem: Problem, rotations: FloatArray, right: FloatArray, diagonal: FloatArray, gradient: FloatArray
) -> float:
    """Adds the cost of hyperextension; returns it."""
    total = 0.0
    for column, (joint, axis) in enumerate(_HINGES):
        local = logarithm(rotations[:, joint])
        residual = np.minimum(local @ axis - problem.min_flexion[:, column], 0.0) / FLEXION_SIGMA
        slope = (axis @ (log_jacobian(local) @ right[:, joint])) / FLEXION_SIGMA * (residual < 0)[:, None]
        dofs = slice(3 + 3 * joint, 6 + 3 * joint)
        diagonal[:, dofs, dofs] += slope[:, :, None] * slope[:, None, :]
        gradient[:, dofs] += slope * residual[:, None]
        total += float((residual**2).sum())
    return total
