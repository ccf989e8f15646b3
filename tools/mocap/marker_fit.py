"""Fit of poses to markers, all frames at once: Levenberg-Marquardt with the normal equations of rigid bodies.

Unknowns of a frame are a translation of the hips in m and, in the axes of each joint, a rotation in rad. As in
``bodydouble.motion.fit.jacobian``, sums over markers are taken first over those that a joint moves.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry.kinematics import forward_kinematics_of_matrices
from bodydouble.geometry.rotation_log import exponential, log_jacobian, logarithm, skew
from mocap.marker_body import ABOVE, INDEX, JOINT_COUNT, MarkerBody

DOF = 3 + 3 * JOINT_COUNT
OUTLIER = 4.0
"""Cauchy scale of markers: the distance, in standard deviations, at which the weight is halved."""
MAX_STEP = 0.6
"""Maximum step in rad or m."""
MIN_RELATIVE_GAIN = 1e-3
"""Relative decrease of the cost below which a frame is finished."""
MAX_DAMPING = 1e6
DEFAULT_SIGMA = 0.35
"""Standard deviation in rad of a joint's rotation from the T-pose, where nothing else is said."""
SIGMAS: dict[str, tuple[float, float, float]] = {
    "hips": (np.inf,) * 3,
    "Shoulder": (0.3, 0.3, 0.3),
    "UpperArm": (3.0, 3.0, 3.0),
    "LowerArm": (0.05, 2.5, 0.1),
    "Forearm": (1.0, 0.02, 0.02),
    "Hand": (0.1, 0.5, 0.7),
    "UpperLeg": (3.0, 3.0, 3.0),
    "LowerLeg": (2.5, 0.1, 0.06),
    "Foot": (0.8, 0.5, 0.5),
    "Toes": (0.02, 0.02, 0.02),
}
"""Standard deviations in rad about the axes of joints; elbows and knees are hinges."""
FLEXION = {"leftLowerArm": (1, -1.0), "rightLowerArm": (1, 1.0), "leftLowerLeg": (0, 1.0), "rightLowerLeg": (0, 1.0)}
"""Hinge -> axis, and sign of flexion about it."""
SPINE = [INDEX[joint] for joint in ("spine", "chest", "upperChest")]
SPINE_DIFFERENCES = (((-0.5, 1.0, -0.5), 0.05), ((1.0, 0.0, -1.0), 0.2))
"""Differences between rotations of the spine's joints and their standard deviations in rad: it bends as an arc."""
MIN_FLEXION, FLEXION_SIGMA = -0.08, 0.03
"""Smallest flexion in rad without a penalty, and its standard deviation beyond."""


def _prior_sigmas() -> FloatArray:
    sigmas = np.full((JOINT_COUNT, 3), DEFAULT_SIGMA)
    for joint, index in INDEX.items():
        for name, sigma in SIGMAS.items():
            if joint.endswith(name):
                sigmas[index] = sigma
    return sigmas


PRIOR_WEIGHTS = 1 / _prior_sigmas() ** 2
"""(J, 3) 1/rad^2."""


@dataclass(frozen=True)
class Poses:
    """Poses of T frames."""

    rotations: FloatArray
    """(T, J, 3, 3) local to the parent."""
    root: FloatArray
    """(T, 3) m."""

    def __getitem__(self, frames: FloatArray | slice) -> "Poses":
        return Poses(self.rotations[frames], self.root[frames])

    def step(self, steps: FloatArray) -> "Poses":
        """Returns the poses after steps (T, DOF)."""
        turns = exponential(steps[:, 3:].reshape(-1, JOINT_COUNT, 3))
        return Poses(self.rotations @ turns, self.root + steps[:, :3])


@dataclass(frozen=True)
class Linearization:
    """Cost of T frames and its derivatives at some poses."""

    joints: FloatArray
    """(T, J, 3) m."""
    world: FloatArray
    """(T, J, 3, 3)."""
    residuals: FloatArray
    """(T, M, 3) m, marker of the body minus measured; 0 where not seen."""
    weights: FloatArray
    """(T, M) 1/m^2, with outliers down-weighted; 0 where not seen."""
    cost: FloatArray
    """(T,) half the weighted sum of squares."""
    gradient: FloatArray
    """(T, DOF)."""
    hessian: FloatArray
    """(T, DOF, DOF) Gauss-Newton approximation."""
    by_twist: FloatArray
    """(T, M, 3, 6) movement of a marker per twist about the hips."""
    twists: FloatArray
    """(T, DOF - 3, 6) twist of all that a rotation moves."""

    @classmethod
    def at(cls, body: MarkerBody, poses: Poses, markers: FloatArray) -> Self:
        """Evaluates the cost of poses, for measured markers (T, M, 3) m."""
        carriers = body.carriers
        joints, world = forward_kinematics_of_matrices(body.build_skeleton(), poses.rotations, poses.root)
        positions = joints[:, carriers] + np.einsum("tmij,mj->tmi", world[:, carriers], body.offsets)
        seen = np.isfinite(markers[..., 0])
        residuals = np.where(seen[..., None], positions - markers, 0.0)
        squared = (residuals**2).sum(axis=-1) / body.noise**2
        weights = seen / (body.noise**2 * (1 + squared / OUTLIER**2))
        cost = 0.5 * (OUTLIER**2 * np.log1p(squared / OUTLIER**2)).sum(axis=1)
        hips = joints[:, :1]
        twists = np.empty((len(joints), JOINT_COUNT, 3, 6))
        twists[..., :3] = np.swapaxes(world, -1, -2)
        twists[..., 3:] = twists[..., :3] @ skew(hips - joints)
        by_twist = np.empty((*residuals.shape, 6))
        by_twist[..., :3], by_twist[..., 3:] = skew(hips - positions), np.eye(3)
        gradient, hessian = _marker_sums(carriers, twists, by_twist, weights, residuals)
        cost = cost + _add_prior(poses, gradient, hessian)
        return cls(
            joints, world, residuals, weights, cost, gradient, hessian, by_twist, twists.reshape(len(joints), -1, 6)
        )

    def dense_jacobian(self, body: MarkerBody) -> FloatArray:
        """Returns the derivatives (T, M, 3, DOF) of the markers."""
        moved = np.repeat(ABOVE[:, body.carriers].T, 3, axis=1)[:, None]
        rotations = (self.by_twist @ np.swapaxes(self.twists, -1, -2)[:, None]) * moved
        translations = np.broadcast_to(np.eye(3), (*rotations.shape[:3], 3))
        return np.concatenate([translations, rotations], axis=-1)


def _marker_sums(
    carriers: FloatArray, twists: FloatArray, by_twist: FloatArray, weights: FloatArray, residuals: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Returns the gradient (T, DOF) and the Gauss-Newton matrix (T, DOF, DOF) of the markers."""
    frames = len(twists)
    weighted = np.swapaxes(by_twist, -1, -2) * weights[..., None, None]
    inertia, force = weighted @ by_twist, (weighted @ residuals[..., None])[..., 0]
    moved = ABOVE[:, carriers]
    inertia = (moved @ inertia.reshape(frames, -1, 36)).reshape(frames, JOINT_COUNT, 6, 6)
    force = moved @ force
    gradient, hessian = np.empty((frames, DOF)), np.empty((frames, DOF, DOF))
    gradient[:, :3] = force[:, 0, 3:]
    gradient[:, 3:] = (twists @ force[..., None]).reshape(frames, -1)
    momenta = (twists @ inertia).reshape(frames, -1, 6)
    upper = (twists.reshape(frames, -1, 6) @ np.swapaxes(momenta, -1, -2)) * np.kron(ABOVE, np.ones((3, 3)))
    blocks = hessian[:, 3:, 3:]
    # The part below the diagonal blocks is the mirror image of that above them.
    blocks[:] = upper + np.swapaxes(upper * np.kron(ABOVE - np.eye(JOINT_COUNT), np.ones((3, 3))), -1, -2)
    hessian[:, :3, :3] = inertia[:, 0, 3:, 3:]
    hessian[:, 3:, :3] = momenta[..., 3:]
    hessian[:, :3, 3:] = np.swapaxes(momenta[..., 3:], -1, -2)
    return gradient, hessian


def _add_prior(poses: Poses, gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    """Adds the prior of the rotations to gradient and Gauss-Newton matrix; returns its cost (T,)."""
    turns = logarithm(poses.rotations)
    weights = np.broadcast_to(PRIOR_WEIGHTS, turns.shape).copy()
    residuals = turns.copy()
    for joint, (axis, sign) in FLEXION.items():
        beyond = MIN_FLEXION - sign * turns[:, INDEX[joint], axis]
        residuals[:, INDEX[joint], axis] = np.where(beyond > 0, -sign * beyond, residuals[:, INDEX[joint], axis])
        weights[:, INDEX[joint], axis] = np.where(beyond > 0, FLEXION_SIGMA**-2, weights[:, INDEX[joint], axis])
    spine_cost = _add_spine_prior(turns[:, SPINE], gradient, hessian)
    jacobian = log_jacobian(turns)
    weighted = np.swapaxes(jacobian, -1, -2) * weights[..., None, :]
    gradient[:, 3:] += (weighted @ residuals[..., None]).reshape(len(turns), -1)
    blocks = np.einsum("tjajb->tjab", hessian[:, 3:, 3:].reshape(-1, JOINT_COUNT, 3, JOINT_COUNT, 3))
    blocks[:] += weighted @ jacobian
    return np.asarray(0.5 * (weights * residuals**2).sum(axis=(1, 2)) + spine_cost)


def _add_spine_prior(turns: FloatArray, gradient: FloatArray, hessian: FloatArray) -> FloatArray:
    """Adds the prior of the rotations (T, 3, 3) of the spine's joints, which are small; returns its cost (T,)."""
    cost = np.zeros(len(turns))
    columns = 3 + 3 * np.array(SPINE)[:, None] + np.arange(3)
    for factors, sigma in SPINE_DIFFERENCES:
        difference = np.einsum("j,tja->ta", factors, turns) / sigma
        cost += 0.5 * (difference**2).sum(axis=1)
        for i, first in zip(columns, factors, strict=True):
            gradient[:, i] += first / sigma * difference
            for j, second in zip(columns, factors, strict=True):
                hessian[:, i, j] += first * second / sigma**2
    return cost


def fit_poses(body: MarkerBody, poses: Poses, markers: FloatArray, max_steps: int) -> tuple[Poses, FloatArray]:
    """Fits the poses of T frames to markers.

    Args:
        body: of the person.
        poses: to start from.
        markers: (T, M, 3) m; NaN where not seen.
        max_steps: maximum number of steps.

    Returns:
        The poses, and the distances (T, M) in m of the markers; NaN where not seen.
    """
    rotations, root = poses.rotations.copy(), poses.root.copy()
    damping, active = np.full(len(root), 1e-3), np.arange(len(root))
    current = Linearization.at(body, poses, markers)
    for _ in range(max_steps):
        steps = _solve(current.hessian, current.gradient, damping[active])
        tried_poses = Poses(rotations[active], root[active]).step(steps)
        tried = Linearization.at(body, tried_poses, markers[active])
        better = tried.cost < current.cost
        rotations[active[better]], root[active[better]] = tried_poses.rotations[better], tried_poses.root[better]
        damping[active] *= np.where(better, 0.1, 10.0)
        finished = (better & (tried.cost > (1 - MIN_RELATIVE_GAIN) * current.cost)) | (damping[active] > MAX_DAMPING)
        current = _select(current, tried, better, ~finished)
        active = active[~finished]
        if not len(active):
            break
    fitted = Poses(rotations, root)
    return fitted, marker_distances(body, fitted, markers)


def _solve(hessian: FloatArray, gradient: FloatArray, damping: FloatArray) -> FloatArray:
    """Returns the damped steps (T, DOF)."""
    diagonal = np.einsum("tii->ti", hessian)
    matrix = hessian.copy()
    np.einsum("tii->ti", matrix)[:] += damping[:, None] * diagonal + 1e-6
    steps = -np.linalg.solve(matrix, gradient[..., None])[..., 0]
    return np.asarray(np.clip(steps, -MAX_STEP, MAX_STEP))


def _select(old: Linearization, new: Linearization, better: BoolArray, kept: BoolArray) -> Linearization:
    """Returns the kept frames: those of the new linearization where they are better, else of the old one."""
    parts = {}
    for name in Linearization.__dataclass_fields__:
        before, after = getattr(old, name), getattr(new, name)
        after[~better] = before[~better]
        parts[name] = after[kept]
    return Linearization(**parts)


def marker_distances(body: MarkerBody, poses: Poses, markers: FloatArray) -> FloatArray:
    """Returns the distances (T, M) in m of the markers of the body from those measured; NaN where not seen."""
    carriers = body.carriers
    joints, world = forward_kinematics_of_matrices(body.build_skeleton(), poses.rotations, poses.root)
    positions = joints[:, carriers] + np.einsum("tmij,mj->tmi", world[:, carriers], body.offsets)
    return np.asarray(np.linalg.norm(positions - markers, axis=-1))
