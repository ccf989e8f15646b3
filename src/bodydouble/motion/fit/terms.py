"""Energy terms of the fit: ``State`` and ``FitTargets`` -> cost and normal equations.

The cost is half the sum of the squared residuals r, each divided by its sigma from ``FitTargets`` or ``NoiseModel``:

- reprojection: r = (projection of a landmark - its image point) / points_sigma, Cauchy loss
- relative depth: r = (depth of a landmark behind the hips - depths) / depths_sigma, Cauchy loss
- rotation prior: r = log(R_target' R) / rotation_sigma, for elbows and knees off their hinges / off_hinge_sigma
- smoothness: r = second difference of rotations and root / acceleration sigma, gravity added while airborne
- explained acceleration: r = (acceleration of the root - explained_acceleration) / explained sigma, Cauchy loss
- root velocity: r = (velocity of the root - root_velocity) / root_velocity_sigma, Cauchy loss
- stance: r = velocity of a point in contact / slide_sigma
- floor: r = height of a point in contact / sole_height_sigma, of a point below the floor / penetration_sigma

Each term adds J'J and J'r of its residuals to ``_Sums`` and returns its cost. The weight of a robust term is held fixed
within a step. The first three terms and the root velocity are scaled to the effective sample rate, since their errors
are correlated in time.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry.rotation_log import log_jacobian, logarithm
from bodydouble.motion.fit.jacobian import Jacobian
from bodydouble.motion.fit.kinematics import BLOCK_COUNT, DOF, JOINT_COUNT, PosedSkeleton, pose_skeleton
from bodydouble.motion.fit.normal_equations import NormalEquations
from bodydouble.motion.physics.dynamics import GRAVITY
from bodydouble.skeletons import blazepose, humanoid

FIT_LANDMARKS = tuple(
    blazepose.INDEX[name]
    for name in (
        "nose", "left_ear", "right_ear",
        *(f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "index", "pinky", "hip", "knee", "ankle",
                                        "heel", "foot_index") for side in ("left", "right")),
    )
)  # fmt: skip
"""BlazePose indices of the L landmarks that the fit uses."""
SOLE_LANDMARKS = tuple(
    FIT_LANDMARKS.index(blazepose.INDEX[name])
    for name in ("left_heel", "left_foot_index", "right_heel", "right_foot_index")
)
"""Rows of FIT_LANDMARKS on the soles, in the order of the contacts."""
SUPPORT_LANDMARKS = tuple(
    FIT_LANDMARKS.index(blazepose.INDEX[f"{side}_{part}"])
    for part in ("wrist", "index", "knee")
    for side in ("left", "right")
)
"""Rows of FIT_LANDMARKS that support a person who crawls, rolls or stands on the hands."""
COLLISION_LANDMARKS = tuple(
    FIT_LANDMARKS.index(blazepose.INDEX[f"{side}_{part}"])
    for part in ("heel", "foot_index", "knee", "wrist", "index", "elbow", "hip", "shoulder")
    for side in ("left", "right")
)
"""Rows of FIT_LANDMARKS that must not be below the floor."""
_OFF_HINGE_AXES = np.zeros((JOINT_COUNT, 3), dtype=bool)
"""Axes about which knees (all but x) and elbows (x) do not bend; True off the hinge."""
for _side in ("left", "right"):
    _OFF_HINGE_AXES[humanoid.INDEX[_side + "LowerLeg"], 1:] = True
    _OFF_HINGE_AXES[humanoid.INDEX[_side + "LowerArm"], 0] = True
_HIP_ROWS = [FIT_LANDMARKS.index(blazepose.INDEX[f"{side}_hip"]) for side in ("left", "right")]
MIN_CONTACT_PROBABILITY = 0.02
"""Points whose contact probability never exceeds this are left out of the stance term."""
MIN_DEPTH = 0.1
"""Minimum depth in m of a landmark in the projection."""


@dataclass(frozen=True, slots=True)
class State:
    """Unknowns of the fit in T frames."""

    rotations: FloatArray
    """(T, 22, 3, 3) local to the parent; that of the root is reference_from_hips."""
    root: FloatArray
    """(T, 3) m, position of the hips in the reference."""


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Standard deviations and Cauchy scales of the energy terms. A larger sigma gives a term less weight."""

    landmark_outlier: float = 3.0
    """Cauchy scale of landmarks: the residual, in sigmas, at which the weight is halved."""
    effective_sample_rate_hz: float = 3.0
    """Independent measurements per second of video; errors of detector and lifter are correlated in time."""
    rotation_sigma: float = 0.45
    """rad, standard deviation of the lifter's joint rotations."""
    off_hinge_sigma: float = 0.1
    """rad, standard deviation of the rotation of knees and elbows about axes other than their hinges."""
    angular_acceleration_sigma: float = 15.0
    """rad/s^2 per square root of 1/s, standard deviation of angular acceleration."""
    root_acceleration_sigma: float = 6.0
    """m/s^2 per square root of 1/s, standard deviation of the acceleration of the hips."""
    explained_acceleration_sigma: float = 0.5
    """m/s^2 per square root of 1/s, deviation of the hips from the acceleration that contacts explain."""
    explained_acceleration_outlier: float = 2.0
    """m/s^2, Cauchy scale of that deviation: contacts are missed, and hands may hold on to something."""
    root_velocity_sigma: float = 0.15
    """m/s, standard deviation of the lifter's velocity of the hips."""
    root_velocity_outlier: float = 3.0
    """Cauchy scale of the root velocity, in sigmas; the lifter was trained on few falls."""
    slide_sigma: float = 0.03
    """m/s, standard deviation of the velocity of a point in contact."""
    sole_height_sigma: float = 0.005
    """m, standard deviation of the height of a sole in contact."""
    penetration_sigma: float = 0.005
    """m, standard deviation of the depth of a point of the body below the floor."""
    contact_outlier: float = 0.15
    """m, Cauchy scale of the height of a point in contact: farther from the floor it rests on something else."""


@dataclass(frozen=True, slots=True)
class FitTargets:
    """Measurements of one person in T frames. The frame of reference is the first camera."""

    fps: float
    camera_from_reference: FloatArray
    """(T, 3, 4)."""
    points: FloatArray
    """(T, L, 2) image points of FIT_LANDMARKS on the plane z = 1 of the camera."""
    points_sigma: FloatArray
    """(T, L) on the plane z = 1."""
    view_ray: FloatArray
    """(T, 3) unit vector towards the hips, axes of the reference."""
    depths: FloatArray
    """(T, L) m behind the midpoint of the hips, along the view ray."""
    depths_sigma: FloatArray
    """(T, L) m."""
    rotations: FloatArray
    """(T, 22, 3, 3) estimated by the lifter, local to the parent."""
    root_velocity: FloatArray
    """(T, 3) m/s, velocity of the hips estimated by the lifter, axes of the reference."""
    contacts: FloatArray
    """(T, 4) contact probability of the points SOLE_LANDMARKS."""
    support_contacts: FloatArray
    """(T, B) contact probability of the points SUPPORT_LANDMARKS."""
    airborne: FloatArray
    """(T,) probability that the body is in free fall."""
    explained_acceleration: FloatArray
    """(T, 3) m/s^2, acceleration of the hips that gravity and contacts explain, axes of the reference; NaN: unknown."""
    origin_height: FloatArray
    """(T,) m, height of the reference's origin above the support surface of the body."""
    up: FloatArray | None = None
    """(3,) unit vector, axes of the reference; None while the floor is not estimated."""


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums of J'r and J'J over residuals r with Jacobians J, by landmark position or by block of unknowns."""

    point_gradient: FloatArray
    """(T, L, 3) J'r with respect to landmark positions."""
    point_weights: FloatArray
    """(T, L, 3, 3) J'J with respect to landmark positions."""
    depth_weights: FloatArray
    """(T, L) J'J with respect to depths of landmarks behind the midpoint of the hips."""
    step_weights: FloatArray
    """(T - 1, L) J'J with respect to steps of landmarks to the next frame, equal in all directions."""
    gradient: FloatArray
    """(T, BLOCK_COUNT, 3) J'r with respect to unknowns."""
    diagonal: FloatArray
    """(T, BLOCK_COUNT, 3, 3) J'J of the unknowns of a frame."""
    off_diagonal_1: FloatArray
    """(T - 1, BLOCK_COUNT, 3, 3) J'J between frames t and t + 1."""
    off_diagonal_2: FloatArray
    """(T - 2, BLOCK_COUNT, 3, 3) J'J between frames t and t + 2."""

    @classmethod
    def zeros(cls, frames: int) -> Self:
        """Returns sums over no residuals."""
        points = len(FIT_LANDMARKS)
        diagonal, off_diagonal_1, off_diagonal_2 = (
            np.zeros((max(frames - distance, 0), BLOCK_COUNT, 3, 3)) for distance in range(3)
        )
        return cls(
            point_gradient=np.zeros((frames, points, 3)),
            point_weights=np.zeros((frames, points, 3, 3)),
            depth_weights=np.zeros((frames, points)),
            step_weights=np.zeros((frames - 1, points)),
            gradient=np.zeros((frames, BLOCK_COUNT, 3)),
            diagonal=diagonal,
            off_diagonal_1=off_diagonal_1,
            off_diagonal_2=off_diagonal_2,
        )


@dataclass(frozen=True, slots=True)
class Linearized:
    """Energy terms at a state."""

    cost: float
    """Half the sum of the squared residuals."""
    _pose: PosedSkeleton
    _view_ray: FloatArray
    _sums: _Sums

    def normal_equations(self) -> NormalEquations:
        """Builds the normal equations of a Gauss-Newton step from the state."""
        sums, jacobian = self._sums, Jacobian.from_pose(self._pose, FIT_LANDMARKS)
        behind = sums.depth_weights[..., None] * self._view_ray[:, None]
        middle = np.zeros_like(behind)
        middle[:, _HIP_ROWS] = self._view_ray[:, None] / len(_HIP_ROWS)
        products = jacobian.transposed_times(np.stack([sums.point_gradient, behind, middle], axis=2))
        gradient, depths, hips = np.moveaxis(products, 1, 0)
        # Depths are relative to the hips. With Jacobians a of the depths of landmarks and h of the depth of the hips,
        # the sum of w (a - h)(a - h)' is the sum of w aa' minus hb' + bh', where b is the sum of w (a - h / 2).
        rest = depths - sums.depth_weights.sum(axis=1)[:, None] / 2 * hips
        weights = sums.point_weights + behind[..., None] * self._view_ray[:, None, None]
        diagonal = jacobian.upper_normal_matrix(weights, hips, rest)
        _diagonal_blocks(diagonal)[:] += np.triu(sums.diagonal)
        off_diagonal_1 = self._step_coupling(jacobian)
        _diagonal_blocks(off_diagonal_1)[:] += sums.off_diagonal_1
        return NormalEquations(diagonal, off_diagonal_1, sums.off_diagonal_2, gradient + sums.gradient.reshape(-1, DOF))

    def _step_coupling(self, jacobian: Jacobian) -> FloatArray:
        """Returns the J'J (T - 1, DOF, DOF) between frames t and t + 1 from steps of landmarks."""
        weights = self._sums.step_weights
        points = np.flatnonzero(weights.any(axis=0))
        rows = jacobian.to_dense(points)
        weighted = np.repeat(-weights[:, points], 3, axis=1)[..., None] * rows[1:]
        return np.asarray(np.swapaxes(rows[:-1], -1, -2) @ weighted)


def _diagonal_blocks(blocks: FloatArray) -> FloatArray:
    """Returns a view (T, BLOCK_COUNT, 3, 3) of the blocks on the diagonal of matrices (T, DOF, DOF)."""
    return np.asarray(np.einsum("tgagb->tgab", blocks.reshape(-1, BLOCK_COUNT, 3, BLOCK_COUNT, 3)))


def linearize(skeleton: Skeleton, state: State, targets: FitTargets, noise_model: NoiseModel) -> Linearized:
    """Evaluates all energy terms and their derivatives at a state."""
    pose = pose_skeleton(skeleton, state.rotations, state.root, FIT_LANDMARKS)
    sums = _Sums.zeros(len(state.root))
    total = _reprojection_term(sums, pose, targets, noise_model)
    total += _relative_depth_term(sums, pose, targets, noise_model)
    total += _rotation_prior_term(sums, state, targets, noise_model)
    total += _smoothness_term(sums, state, targets, noise_model)
    total += _explained_acceleration_term(sums, state, targets, noise_model)
    total += _root_velocity_term(sums, state, targets, noise_model)
    total += _stance_term(sums, pose, targets, noise_model)
    if targets.up is not None:
        total += _floor_term(sums, pose, targets, targets.up, noise_model)
    return Linearized(0.5 * total, pose, targets.view_ray, sums)


def _sample_weight(targets: FitTargets, noise_model: NoiseModel) -> float:
    """Returns the weight of a frame, given that errors are correlated in time."""
    return noise_model.effective_sample_rate_hz / targets.fps


def _reprojection_term(sums: _Sums, pose: PosedSkeleton, targets: FitTargets, noise_model: NoiseModel) -> float:
    """Adds the term that draws projected landmarks to their image points; returns its cost."""
    camera_rotation, camera_translation = targets.camera_from_reference[..., :3], targets.camera_from_reference[..., 3]
    camera_points = pose.landmarks @ np.swapaxes(camera_rotation, -1, -2) + camera_translation[:, None]
    depth = np.maximum(camera_points[..., 2:], MIN_DEPTH)
    projected = camera_points[..., :2] / depth
    residual = (projected - targets.points) / targets.points_sigma[..., None]
    projection = (camera_rotation[:, None, :2] - projected[..., None] * camera_rotation[:, None, 2:]) / depth[..., None]
    rows = projection / targets.points_sigma[..., None, None]
    weight, total = _cauchy_loss(np.sum(residual**2, axis=-1), noise_model.landmark_outlier)
    sample_weight = _sample_weight(targets, noise_model)
    weighted_transpose = np.swapaxes(rows, -1, -2) * (sample_weight * weight)[..., None, None]
    sums.point_gradient[:] += (weighted_transpose @ residual[..., None])[..., 0]
    sums.point_weights[:] += weighted_transpose @ rows
    return sample_weight * total


def _relative_depth_term(sums: _Sums, pose: PosedSkeleton, targets: FitTargets, noise_model: NoiseModel) -> float:
    """Adds the term that draws depths behind the hips to the lifter's depths; returns its cost."""
    hips = pose.landmarks[:, _HIP_ROWS].mean(axis=1)
    depths = np.einsum("tli,ti->tl", pose.landmarks - hips[:, None], targets.view_ray)
    residual = (depths - targets.depths) / targets.depths_sigma
    weight, total = _cauchy_loss(residual**2, noise_model.landmark_outlier)
    sample_weight = _sample_weight(targets, noise_model)
    slope = sample_weight * weight * residual / targets.depths_sigma
    slope[:, _HIP_ROWS] -= slope.sum(axis=1, keepdims=True) / len(_HIP_ROWS)
    sums.point_gradient[:] += slope[..., None] * targets.view_ray[:, None]
    sums.depth_weights[:] += sample_weight * weight / targets.depths_sigma**2
    return sample_weight * total


def _cauchy_loss(squared: FloatArray, scale: float, confidence: FloatArray | float = 1.0) -> tuple[FloatArray, float]:
    """Evaluates the Cauchy loss.

    Args:
        squared: (...) squared residuals.
        scale: the residual at which the weight is halved.
        confidence: (...) factors of the residuals' costs; the weights do not contain them.

    Returns:
        The weights (...) of the residuals, and the sum of the costs.
    """
    return 1 / (1 + squared / scale**2), float((confidence * scale**2 * np.log1p(squared / scale**2)).sum())


def _rotation_prior_term(sums: _Sums, state: State, targets: FitTargets, noise_model: NoiseModel) -> float:
    """Adds the prior of joint rotations, tighter for knees and elbows off their hinges; returns its cost."""
    sigma = np.where(_OFF_HINGE_AXES, noise_model.off_hinge_sigma, noise_model.rotation_sigma)
    weight = _sample_weight(targets, noise_model) / sigma**2
    residual = logarithm(np.swapaxes(targets.rotations, -1, -2) @ state.rotations)
    jacobian = log_jacobian(residual)
    weighted_transpose = np.swapaxes(jacobian, -1, -2) * weight[:, None]
    sums.diagonal[:, 1:] += weighted_transpose @ jacobian
    sums.gradient[:, 1:] += (weighted_transpose @ residual[..., None])[..., 0]
    return float((weight * residual**2).sum())


def _smoothness_term(sums: _Sums, state: State, targets: FitTargets, noise_model: NoiseModel) -> float:
    """Adds the term that penalizes accelerations, of the root relative to free fall; returns its cost."""
    if len(state.root) < 3:
        return 0.0
    steps = logarithm(np.swapaxes(state.rotations[:-1], -1, -2) @ state.rotations[1:])
    jacobian = log_jacobian(steps)
    eye = np.broadcast_to(np.eye(3), (len(steps), 1, 3, 3))
    ahead = np.concatenate([eye, jacobian], axis=1)
    back = -np.swapaxes(ahead, -1, -2)
    steps = np.concatenate([np.diff(state.root, axis=0)[:, None], steps], axis=1)
    inverse_sigma = np.full(BLOCK_COUNT, 1 / noise_model.angular_acceleration_sigma)
    inverse_sigma[0] = 1 / noise_model.root_acceleration_sigma
    inverse_sigma *= targets.fps**1.5
    change_of_step = steps[1:] - steps[:-1]
    if targets.up is not None:
        fall = GRAVITY / targets.fps**2 * targets.up
        change_of_step[:, 0] += targets.airborne[1:-1, None] * fall
    residual = change_of_step * inverse_sigma[:, None]
    scale = inverse_sigma[:, None, None]
    parts = [-back[:-1] * scale, (back[1:] - ahead[:-1]) * scale, ahead[1:] * scale]
    count, blocks = len(residual), (sums.diagonal, sums.off_diagonal_1, sums.off_diagonal_2)
    for i, first in enumerate(parts):
        transpose = np.swapaxes(first, -1, -2)
        sums.gradient[i : i + count] += (transpose @ residual[..., None])[..., 0]
        for j in range(i, len(parts)):
            blocks[j - i][i : i + count] += transpose @ parts[j]
    return float((residual**2).sum())


def _explained_acceleration_term(sums: _Sums, state: State, targets: FitTargets, noise_model: NoiseModel) -> float:
    """Adds the term that draws the hips to the acceleration that contacts explain; returns its cost."""
    count, factors = max(len(state.root) - 2, 0), targets.fps**2 * np.array([1.0, -2.0, 1.0])
    target = targets.explained_acceleration[1:-1]
    is_known = np.asarray(np.isfinite(target).all(axis=1))
    acceleration = np.diff(state.root, n=2, axis=0) * targets.fps**2
    residual = np.where(is_known[:, None], acceleration - target, 0.0)
    precision = is_known / (noise_model.explained_acceleration_sigma**2 * targets.fps)
    weight, total = _cauchy_loss(np.sum(residual**2, axis=1), noise_model.explained_acceleration_outlier, precision)
    slope, block = (precision * weight)[:, None] * residual, (precision * weight)[:, None, None] * np.eye(3)
    blocks = (sums.diagonal, sums.off_diagonal_1, sums.off_diagonal_2)
    for i, first in enumerate(factors):
        sums.gradient[i : i + count, 0] += first * slope
        for j, second in enumerate(factors[i:], start=i):
            blocks[j - i][i : i + count, 0] += first * second * block
    return total


def _root_velocity_term(sums: _Sums, state: State, targets: FitTargets, noise_model: NoiseModel) -> float:
    """Adds the term that draws the velocity of the hips to the lifter's, robustly; returns its cost."""
    if len(state.root) < 2:
        return 0.0
    target_velocity = (targets.root_velocity[:-1] + targets.root_velocity[1:]) / 2
    residual = (np.diff(state.root, axis=0) * targets.fps - target_velocity) / noise_model.root_velocity_sigma
    weight, total = _cauchy_loss(np.sum(residual**2, axis=-1), noise_model.root_velocity_outlier)
    sample_weight = _sample_weight(targets, noise_model)
    slope = (sample_weight * weight)[:, None] * residual * targets.fps / noise_model.root_velocity_sigma
    block = (sample_weight * weight * (targets.fps / noise_model.root_velocity_sigma) ** 2)[:, None, None] * np.eye(3)
    sums.diagonal[:-1, 0] += block
    sums.diagonal[1:, 0] += block
    sums.off_diagonal_1[:, 0] -= block
    sums.gradient[:-1, 0] -= slope
    sums.gradient[1:, 0] += slope
    return sample_weight * total


def _stance_term(sums: _Sums, pose: PosedSkeleton, targets: FitTargets, noise_model: NoiseModel) -> float:
    """Adds the term that keeps points of soles, hands and knees in contact from sliding; returns its cost."""
    if len(pose.joints) < 2:
        return 0.0
    probability = np.concatenate([targets.contacts, targets.support_contacts], axis=1)
    used = np.flatnonzero(probability.max(axis=0) > MIN_CONTACT_PROBABILITY)
    points = np.array(SOLE_LANDMARKS + SUPPORT_LANDMARKS)[used]
    weight = probability[1:, used] * probability[:-1, used] * targets.fps / noise_model.slide_sigma**2
    steps = np.diff(pose.landmarks[:, points], axis=0)
    slope, block = weight[..., None] * steps, weight[..., None, None] * np.eye(3)
    sums.point_gradient[:-1, points] -= slope
    sums.point_gradient[1:, points] += slope
    sums.point_weights[:-1, points] += block
    sums.point_weights[1:, points] += block
    sums.step_weights[:, points] += weight
    return float((slope * steps).sum())


def _floor_term(
    sums: _Sums, pose: PosedSkeleton, targets: FitTargets, up: FloatArray, noise_model: NoiseModel
) -> float:
    """Adds the term that keeps soles in contact on the floor and all points above it; returns its cost."""
    height = pose.landmarks @ up + targets.origin_height[:, None]
    total = 0.0
    is_below = np.asarray(height[:, COLLISION_LANDMARKS] < 0, dtype=np.float64)
    for rows, probability, sigma in (
        (SOLE_LANDMARKS, targets.contacts, noise_model.sole_height_sigma),
        (COLLISION_LANDMARKS, is_below, noise_model.penetration_sigma),
    ):
        weight, loss = _cauchy_loss((height[:, rows] / noise_model.contact_outlier) ** 2, 1.0, probability)
        precision = probability / targets.fps / sigma**2
        sums.point_gradient[:, rows] += (precision * weight * height[:, rows])[..., None] * up
        sums.point_weights[:, rows] += (precision * weight)[..., None, None] * np.outer(up, up)
        total += loss * noise_model.contact_outlier**2 / targets.fps / sigma**2
    return total
