"""What speaks for a motion: each term adds its residuals to the sums that the fit needs, and tells their cost.

A residual is a number of standard deviations. Where a term is robust its weight falls with the residual (Cauchy), and
the weight is held fixed within a step.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry.rotation_log import log_jacobian, logarithm
from bodydouble.motion.fit.jacobian import Jacobian
from bodydouble.motion.fit.kinematics import BLOCK_COUNT, DOF, JOINT_COUNT, PosedSkeleton, pose_skeleton
from bodydouble.motion.fit.normal_equations import NormalEquations
from bodydouble.skeletons import blazepose, humanoid

FIT_LANDMARKS = tuple(
    blazepose.INDEX[name]
    for name in (
        "nose", "left_ear", "right_ear",
        *(f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "index", "pinky", "hip", "knee", "ankle",
                                        "heel", "foot_index") for side in ("left", "right")),
    )
)  # fmt: skip
"""Landmarks that the fit looks at."""
SOLE_LANDMARKS = tuple(
    FIT_LANDMARKS.index(blazepose.INDEX[name])
    for name in ("left_heel", "left_foot_index", "right_heel", "right_foot_index")
)
"""Rows of LANDMARKS, order of CONTACT_POINTS."""
SUPPORT_LANDMARKS = tuple(
    FIT_LANDMARKS.index(blazepose.INDEX[f"{side}_{part}"])
    for part in ("wrist", "index", "knee")
    for side in ("left", "right")
)
"""Rows of LANDMARKS that somebody who crawls, rolls or stands on the hands rests on."""
COLLISION_LANDMARKS = tuple(
    FIT_LANDMARKS.index(blazepose.INDEX[f"{side}_{part}"])
    for part in ("heel", "foot_index", "knee", "wrist", "index", "elbow", "hip", "shoulder")
    for side in ("left", "right")
)
"""Rows of LANDMARKS that do not sink into the floor."""
_OFF_HINGE_AXES = np.zeros((JOINT_COUNT, 3), dtype=bool)
"""Axes about which knees (all but x) and elbows (x) do not bend."""
for _side in ("left", "right"):
    _OFF_HINGE_AXES[humanoid.INDEX[_side + "LowerLeg"], 1:] = True
    _OFF_HINGE_AXES[humanoid.INDEX[_side + "LowerArm"], 0] = True
_HIP_ROWS = [FIT_LANDMARKS.index(blazepose.INDEX[f"{side}_hip"]) for side in ("left", "right")]
GRAVITY = 9.81
"""m/s2."""
MIN_CONTACT_PROBABILITY = 0.02
"""Points that never rest with more probability than this are left out."""
MIN_DEPTH = 0.1
"""m; landmarks nearer to the camera are taken to be this far away."""


@dataclass(frozen=True, slots=True)
class State:
    """What the fit changes."""

    rotations: FloatArray
    """(T, 22, 3, 3) local; the root's is reference_from_hips."""
    root: FloatArray
    """(T, 3) m, axes of the reference."""


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Standard deviations, and how strongly a motion is held smooth."""

    landmark_outlier: float = 3.0
    """Standard deviations at which the weight of a landmark is halved."""
    effective_sample_rate_hz: float = 3.0
    """Hz; errors of what is seen last, so that a second of video holds this many independent measurements."""
    rotation_sigma: float = 0.45
    """rad, of the lifter's joint rotations."""
    off_hinge_sigma: float = 0.1
    """rad, likewise of knees and elbows, about other axes than those they bend about."""
    angular_acceleration_sigma: float = 15.0
    """rad/s2 per root of 1/s: how calmly joints turn."""
    root_acceleration_sigma: float = 6.0
    """m/s2 per root of 1/s: how calmly the hips travel."""
    root_velocity_sigma: float = 0.15
    """m/s, of the lifter's speed of the hips ..."""
    root_velocity_outlier: float = 3.0
    """... and standard deviations at which its weight is halved: it has seen few who fall."""
    slide_sigma: float = 0.03
    """m/s, of a foot that rests."""
    sole_height_sigma: float = 0.005
    """m, of a sole that rests, above the floor."""
    penetration_sigma: float = 0.005
    """m, of a point of the body below the floor."""
    contact_outlier: float = 0.15
    """m; what is this far from the floor counts half: it rests on something else."""


@dataclass(frozen=True, slots=True)
class FitTargets:
    """What is known about one person, in T frames. The reference is the first camera."""

    fps: float
    camera_from_reference: FloatArray
    """(T, 3, 4)."""
    points: FloatArray
    """(T, L, 2) of LANDMARKS on the plane z = 1 of the camera."""
    points_sigma: FloatArray
    """(T, L)."""
    view_ray: FloatArray
    """(T, 3) unit, axes of the reference: where the hips are seen."""
    depths: FloatArray
    """(T, L) m behind the middle of the hips, along the sight."""
    depths_sigma: FloatArray
    """(T, L) m."""
    rotations: FloatArray
    """(T, 22, 3, 3) that the lifter believes in."""
    root_velocity: FloatArray
    """(T, 3) m/s of the hips, axes of the reference."""
    contacts: FloatArray
    """(T, 4) probability that a sole point rests."""
    support_contacts: FloatArray
    """(T, B) probability that the points BEARING rest."""
    airborne: FloatArray
    """(T,) probability that nothing holds the body, so that it falls freely."""
    origin_height: FloatArray
    """(T,) m, of the reference's origin above what the body may rest on."""
    up: FloatArray | None = None
    """(3,) unit, axes of the reference; None as long as the floor is not known."""


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over residuals r with Jacobians J of J'r and J'J, by places of landmarks and by groups of unknowns."""

    point_gradient: FloatArray
    """(T, L, 3) J'r, by landmarks."""
    point_weights: FloatArray
    """(T, L, 3, 3) J'J, by landmarks."""
    depth_weights: FloatArray
    """(T, L) J'J, by depths of landmarks behind the middle of the hips."""
    step_weights: FloatArray
    """(T - 1, L) J'J, by steps of landmarks from a frame to the next, the same in all directions."""
    gradient: FloatArray
    """(T, GROUPS, 3) J'r, by unknowns."""
    diagonal: FloatArray
    """(T, GROUPS, 3, 3) J'J, by unknowns of a frame."""
    off_diagonal_1: FloatArray
    """(T - 1, GROUPS, 3, 3) J'J, by those of a frame and of the next."""
    off_diagonal_2: FloatArray
    """(T - 2, GROUPS, 3, 3) J'J, by those of a frame and of the one after the next."""

    @classmethod
    def zeros(cls, frames: int) -> Self:
        """No residuals yet."""
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
    """All terms at a state."""

    cost: float
    """Half the sum of the squared residuals."""
    _pose: PosedSkeleton
    _view_ray: FloatArray
    _sums: _Sums

    def normal_equations(self) -> NormalEquations:
        """The normal equations of a step from the state."""
        sums, jacobian = self._sums, Jacobian.from_pose(self._pose, FIT_LANDMARKS)
        behind = sums.depth_weights[..., None] * self._view_ray[:, None]
        middle = np.zeros_like(behind)
        middle[:, _HIP_ROWS] = self._view_ray[:, None] / len(_HIP_ROWS)
        products = jacobian.transposed_times(np.stack([sums.point_gradient, behind, middle], axis=2))
        gradient, depths, hips = np.moveaxis(products, 1, 0)
        # Depths are relative to the hips. With Jacobians a of the depths of landmarks, and h of that of the hips, the
        # sum of w (a - h)(a - h)' is that of w aa', less hb' + bh', where b is the sum of w (a - h / 2).
        rest = depths - sums.depth_weights.sum(axis=1)[:, None] / 2 * hips
        weights = sums.point_weights + behind[..., None] * self._view_ray[:, None, None]
        diagonal = jacobian.upper_normal_matrix(weights, hips, rest)
        _diagonal_blocks(diagonal)[:] += np.triu(sums.diagonal)
        off_diagonal_1 = self._step_coupling(jacobian)
        _diagonal_blocks(off_diagonal_1)[:] += sums.off_diagonal_1
        return NormalEquations(diagonal, off_diagonal_1, sums.off_diagonal_2, gradient + sums.gradient.reshape(-1, DOF))

    def _step_coupling(self, jacobian: Jacobian) -> FloatArray:
        """(T - 1, UNKNOWNS, UNKNOWNS) what ties frames to the next by steps of landmarks."""
        weights = self._sums.step_weights
        points = np.flatnonzero(weights.any(axis=0))
        rows = jacobian.to_dense(points)
        weighted = np.repeat(-weights[:, points], 3, axis=1)[..., None] * rows[1:]
        return np.asarray(np.swapaxes(rows[:-1], -1, -2) @ weighted)


def _diagonal_blocks(blocks: FloatArray) -> FloatArray:
    """A view (T, GROUPS, 3, 3) of what stands within groups in blocks (T, UNKNOWNS, UNKNOWNS)."""
    return np.asarray(np.einsum("tgagb->tgab", blocks.reshape(-1, BLOCK_COUNT, 3, BLOCK_COUNT, 3)))


def linearize(skeleton: Skeleton, state: State, targets: FitTargets, noise_model: NoiseModel) -> Linearized:
    """All terms at a state."""
    pose = pose_skeleton(skeleton, state.rotations, state.root, FIT_LANDMARKS)
    sums = _Sums.zeros(len(state.root))
    total = _reprojection_term(sums, pose, targets, noise_model)
    total += _relative_depth_term(sums, pose, targets, noise_model)
    total += _rotation_prior_term(sums, state, targets, noise_model)
    total += _smoothness_term(sums, state, targets, noise_model)
    total += _root_velocity_term(sums, state, targets, noise_model)
    total += _stance_term(sums, pose, targets, noise_model)
    if targets.up is not None:
        total += _floor_term(sums, pose, targets, targets.up, noise_model)
    return Linearized(0.5 * total, pose, targets.view_ray, sums)


def _sample_weight(targets: FitTargets, noise_model: NoiseModel) -> float:
    """How much a frame counts."""
    return noise_model.effective_sample_rate_hz / targets.fps


def _reprojection_term(sums: _Sums, pose: PosedSkeleton, targets: FitTargets, noise_model: NoiseModel) -> float:
    """Landmarks lie where they are seen."""
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
    """Landmarks lie as far behind the hips as the lifter says."""
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
    """Weights of residuals, and their cost if each counts as much as it is trusted."""
    return 1 / (1 + squared / scale**2), float((confidence * scale**2 * np.log1p(squared / scale**2)).sum())


def _rotation_prior_term(sums: _Sums, state: State, targets: FitTargets, noise_model: NoiseModel) -> float:
    """Joints are turned as the lifter says; knees and elbows hardly turn but about their hinges."""
    weight = (
        _sample_weight(targets, noise_model)
        / np.where(_OFF_HINGE_AXES, noise_model.off_hinge_sigma, noise_model.rotation_sigma) ** 2
    )
    residual = logarithm(np.swapaxes(targets.rotations, -1, -2) @ state.rotations)
    jacobian = log_jacobian(residual)
    weighted_transpose = np.swapaxes(jacobian, -1, -2) * weight[:, None]
    sums.diagonal[:, 1:] += weighted_transpose @ jacobian
    sums.gradient[:, 1:] += (weighted_transpose @ residual[..., None])[..., 0]
    return float((weight * residual**2).sum())


def _smoothness_term(sums: _Sums, state: State, targets: FitTargets, noise_model: NoiseModel) -> float:
    """Nothing changes its speed without need; who touches nothing falls freely."""
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


def _root_velocity_term(sums: _Sums, state: State, targets: FitTargets, noise_model: NoiseModel) -> float:
    """The hips travel as fast as the lifter says, unless they plainly do not."""
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
    """A point of the soles, a hand or a knee that rests stays where it is."""
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
    """Soles that rest lie on the floor, and nothing sinks in."""
    height = pose.landmarks @ up + targets.origin_height[:, None]
    total = 0.0
    for rows, probability, sigma in (
        (SOLE_LANDMARKS, targets.contacts, noise_model.sole_height_sigma),
        (
            COLLISION_LANDMARKS,
            np.asarray(height[:, COLLISION_LANDMARKS] < 0, dtype=np.float64),
            noise_model.penetration_sigma,
        ),
    ):
        weight, loss = _cauchy_loss((height[:, rows] / noise_model.contact_outlier) ** 2, 1.0, probability)
        precision = probability / targets.fps / sigma**2
        sums.point_gradient[:, rows] += (precision * weight * height[:, rows])[..., None] * up
        sums.point_weights[:, rows] += (precision * weight)[..., None, None] * np.outer(up, up)
        total += loss * noise_model.contact_outlier**2 / targets.fps / sigma**2
    return total
