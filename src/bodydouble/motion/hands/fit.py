"""Fits the pose of one hand over a whole clip: one maximum a posteriori estimate with constant lengths.

In: ``HandViews`` and a ``HandShape``. Out: ``HandFit``. Terms: reprojection, 3D landmarks, limits and habits of the
joints, smoothness. The smoothness adapts to the speed: it is strong where a hand rests, and weak where it is fast.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry import rotation
from bodydouble.geometry.rotation_log import skew
from bodydouble.motion.fit.normal_equations import NormalEquations
from bodydouble.motion.hands.hand_model import (
    DEGREES_OF_FREEDOM,
    DOF_COUNT,
    LIMITS,
    RELAXED,
    HandShape,
    pose_hand,
)
from bodydouble.motion.hands.hand_size import align_palms
from bodydouble.motion.hands.hand_views import HandViews

ROTATION, POSITION, ANGLES = slice(0, 3), slice(3, 6), slice(6, 6 + DOF_COUNT)
UNKNOWNS = 6 + DOF_COUNT
BLOCK = 3
"""Size of the blocks of unknowns that frames two apart couple."""


@dataclass(frozen=True, slots=True)
class HandNoise:
    """Standard deviations of the terms. Those of steps are per frame at 30 frames per second."""

    point: float = 0.03
    """Of a 2D landmark, lengths of the palm."""
    landmark_across: float = 0.08
    """Of a 3D landmark across the line of sight, lengths of the palm."""
    landmark_along: float = 0.16
    """Of a 3D landmark along the line of sight, lengths of the palm."""
    outlier: float = 3.0
    """Residual, in standard deviations, from which a landmark counts less (Cauchy loss)."""
    habit: float = np.radians(45.0)
    """Of a joint from its relaxed angle."""
    spread: float = np.radians(12.0)
    """Of the spread of a finger, and of the roll of the thumb."""
    coupling: float = np.radians(20.0)
    """Of the bend of the last joint from that of the joint before it, times ``coupling_ratio``."""
    coupling_ratio: float = 0.6
    limit: float = np.radians(2.0)
    """Of a joint beyond its limits."""
    rest_step: float = np.radians(0.25)
    """Of the change of an angle at rest."""
    moving_step: float = 0.6
    """Of the change of an angle in motion, relative to its speed."""
    gap_step: float = np.radians(2.0)
    """Minimum of the change of an angle where the hand is not observed."""
    bend_ratio: float = 0.7
    """Of the second difference, relative to the first."""
    image_step: float = 0.05
    """Of the change of the wrist's position on the plane z = 1."""
    depth_step: float = 0.02
    """Of the change of the logarithm of the depth."""


@dataclass(frozen=True, slots=True)
class HandFit:
    """Pose of a left hand in T frames."""

    camera_from_hand: FloatArray
    """(T, 3, 3) rotation; a right hand is mirrored."""
    position: FloatArray
    """(T, 3) x and y of the wrist on the plane z = 1, and the logarithm of its depth in m."""
    angles: FloatArray
    """(T, 21) rad."""


SPREAD_DOFS = np.array([dof.name.endswith(("spread", "roll")) for dof in DEGREES_OF_FREEDOM])
COUPLED_DOFS = [(index - 1, index) for index, dof in enumerate(DEGREES_OF_FREEDOM) if dof.bone == 2 and dof.finger > 0]
FIRST_ROUND_STEPS, LATER_STEPS = 5, 5
MAX_STEP = 0.6
"""Maximum change of an unknown in one step, rad."""
SPEED_WINDOW = 0.1
"""Time before and after a frame over which its speed is measured, s."""


def fit_hand(views: HandViews, shape: HandShape, fps: float, noise: HandNoise | None = None) -> HandFit:
    """Fits the pose of a hand to its views in T frames, at least one of them observed."""
    noise = noise or HandNoise()
    fit = initial_fit(views, shape)
    step = np.full((len(views.points), 6 + DOF_COUNT), np.radians(4.0))
    for _ in range(FIRST_ROUND_STEPS):
        fit = _improve(fit, views, shape, step, noise, fps)
    for _ in range(LATER_STEPS):
        fit = _improve(fit, views, shape, expected_steps(fit, views.observed, fps, noise), noise, fps)
    return fit


def initial_fit(views: HandViews, shape: HandShape) -> HandFit:
    """Returns the pose that each observed frame suggests alone, with relaxed fingers, and the nearest one in gaps."""
    rows = np.flatnonzero(views.observed)
    camera_from_hand = views.camera_from_view[rows] @ align_palms(views.landmarks_3d[rows], shape)
    points = views.points[rows]
    spread_3d = _spread(views.landmarks_3d[rows][..., :2])
    depth = spread_3d / np.maximum(_spread(points), 1e-6)
    position = np.column_stack([points[:, 0], np.log(depth)])
    nearest = np.abs(np.arange(len(views.points))[:, None] - rows).argmin(axis=1)
    angles = np.tile(RELAXED, (len(nearest), 1))
    return HandFit(camera_from_hand[nearest], position[nearest], angles)


def _spread(points: FloatArray) -> FloatArray:
    """Returns the root mean square distances (N,) of points (N, 21, 2) from their mean."""
    return np.asarray(np.sqrt(((points - points.mean(axis=1, keepdims=True)) ** 2).sum(axis=-1).mean(axis=-1)))


def expected_steps(fit: HandFit, observed: BoolArray, fps: float, noise: HandNoise) -> FloatArray:
    """Returns the standard deviations (T, 27) of the change of each unknown from one frame to the next."""
    reach = max(round(SPEED_WINDOW * fps), 1)
    values = np.concatenate([_unrolled_rotations(fit.camera_from_hand), fit.position, fit.angles], axis=1)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    speed = np.abs(padded[2 * reach :] - padded[: -2 * reach]) / (2 * reach)
    speed = maximum_filter1d(speed, 2 * reach + 1, axis=0, mode="nearest")
    step = np.hypot(noise.rest_step * np.sqrt(30 / fps), noise.moving_step * speed)
    in_gap = ~observed[:, None]
    return np.asarray(np.where(in_gap, np.maximum(step, noise.gap_step * np.sqrt(30 / fps)), step))


def _unrolled_rotations(matrices: FloatArray) -> FloatArray:
    """Returns the sums (T, 3) of the rotation vectors from frame to frame of rotations (T, 3, 3)."""
    steps = _rotation_steps(matrices)
    return np.concatenate([np.zeros((1, 3)), np.cumsum(steps, axis=0)])


def _rotation_steps(matrices: FloatArray) -> FloatArray:
    """Returns the rotation vectors (T - 1, 3), camera axes, from each frame to the next."""
    return rotation.to_rotvec(rotation.from_matrix(matrices[1:] @ np.swapaxes(matrices[:-1], 1, 2)))


def _improve(
    fit: HandFit, views: HandViews, shape: HandShape, step: FloatArray, noise: HandNoise, fps: float
) -> HandFit:
    """Returns the fit after one damped Gauss-Newton step."""
    diagonal, gradient = _frame_terms(fit, views, shape, noise)
    equations = _add_smoothness(diagonal, gradient, fit, step, noise, fps)
    change = equations.solve_step(1e-4)
    change /= np.maximum(np.abs(change).max(axis=1, keepdims=True) / MAX_STEP, 1.0)
    turn = rotation.to_matrix(rotation.from_rotvec(change[:, ROTATION]))
    return HandFit(turn @ fit.camera_from_hand, fit.position + change[:, POSITION], fit.angles + change[:, ANGLES])


def _frame_terms(fit: HandFit, views: HandViews, shape: HandShape, noise: HandNoise) -> tuple[FloatArray, FloatArray]:
    """Returns J'J (T, 27, 27) and J'r (T, 27) of all terms that concern one frame."""
    posed = pose_hand(shape, fit.angles)
    relative = posed.landmarks @ np.swapaxes(fit.camera_from_hand, 1, 2)
    jacobian = np.zeros((*relative.shape, UNKNOWNS))
    jacobian[..., ROTATION] = -skew(relative)
    jacobian[..., ANGLES] = fit.camera_from_hand[:, None] @ posed.jacobian
    diagonal, gradient = _angle_terms(fit.angles, noise)
    weights = np.sqrt(np.where(views.observed[:, None], views.confidence, 0.0))
    for residual, derivative in (
        _reprojection(fit.position, relative, jacobian, views, noise.point * shape.palm_length),
        _landmark_term(relative, jacobian, views, noise, shape.palm_length),
    ):
        excess = np.linalg.norm(residual, axis=-1) / noise.outlier
        weight = (weights / np.sqrt(1 + excess**2))[..., None]
        rows = (weight[..., None] * derivative).reshape(len(residual), -1, UNKNOWNS)
        values = (weight * residual).reshape(len(residual), -1, 1)
        diagonal += np.swapaxes(rows, 1, 2) @ rows
        gradient += (np.swapaxes(rows, 1, 2) @ values)[..., 0]
    return diagonal, gradient


def _reprojection(
    position: FloatArray, relative: FloatArray, jacobian: FloatArray, views: HandViews, sigma: float
) -> tuple[FloatArray, FloatArray]:
    """Returns residuals (T, 21, 2) of the 2D landmarks and their derivatives (T, 21, 2, 27)."""
    depth = np.exp(position[:, 2])[:, None]
    wrist = np.concatenate([position[:, :2] * depth, depth], axis=1)
    points = relative + wrist[:, None]
    moved = jacobian.copy()
    moved[..., 0, 3] = moved[..., 1, 4] = depth
    moved[..., 5] = wrist[:, None]
    inverse = 1 / np.maximum(points[..., 2:], 0.2 * depth[:, None])
    projected = points[..., :2] * inverse
    derivative = inverse[..., None] * (moved[..., :2, :] - projected[..., None] * moved[..., 2:, :])
    scale = (depth / sigma)[..., None]
    residual = np.nan_to_num(projected - views.points)
    return scale * residual, scale[..., None] * derivative


def _landmark_term(
    relative: FloatArray, jacobian: FloatArray, views: HandViews, noise: HandNoise, palm_length: float
) -> tuple[FloatArray, FloatArray]:
    """Returns residuals (T, 21, 3) of the 3D landmarks about their mean and their derivatives (T, 21, 3, 27)."""
    view_from_camera = np.swapaxes(views.camera_from_view, 1, 2)
    residual = np.nan_to_num(relative @ views.camera_from_view - views.landmarks_3d)
    derivative = view_from_camera[:, None] @ jacobian
    sigma = palm_length * np.array([noise.landmark_across, noise.landmark_across, noise.landmark_along])
    return (
        (residual - residual.mean(axis=1, keepdims=True)) / sigma,
        (derivative - derivative.mean(axis=1, keepdims=True)) / sigma[:, None],
    )


def _angle_terms(angles: FloatArray, noise: HandNoise) -> tuple[FloatArray, FloatArray]:
    """Returns J'J (T, 27, 27) and J'r (T, 27) of habits, couplings and limits of the joints."""
    habit = np.where(SPREAD_DOFS, noise.spread, noise.habit) ** -2.0
    beyond = np.where(angles < LIMITS[:, 0], angles - LIMITS[:, 0], np.maximum(angles - LIMITS[:, 1], 0.0))
    curvature = habit + (beyond != 0) / noise.limit**2
    slope = habit * (angles - RELAXED) + beyond / noise.limit**2
    matrix = np.zeros((len(angles), DOF_COUNT, DOF_COUNT))
    matrix[:, range(DOF_COUNT), range(DOF_COUNT)] = curvature
    for first, last in COUPLED_DOFS:
        row = np.zeros(DOF_COUNT)
        row[last], row[first] = 1.0, -noise.coupling_ratio
        matrix += np.outer(row, row) / noise.coupling**2
        slope += (angles @ row)[:, None] * row / noise.coupling**2
    diagonal = np.zeros((len(angles), UNKNOWNS, UNKNOWNS))
    diagonal[:, ANGLES, ANGLES] = matrix
    gradient = np.zeros((len(angles), UNKNOWNS))
    gradient[:, ANGLES] = slope
    return diagonal, gradient


def _add_smoothness(
    diagonal: FloatArray, gradient: FloatArray, fit: HandFit, step: FloatArray, noise: HandNoise, fps: float
) -> NormalEquations:
    """Adds the first and second differences in time, whose standard deviations are steps (T, 27)."""
    frames = len(gradient)
    step = step.copy()
    step[:, 3:5] = noise.image_step * np.sqrt(30 / fps)
    step[:, 5] = noise.depth_step * np.sqrt(30 / fps)
    changes = np.concatenate(
        [_rotation_steps(fit.camera_from_hand), np.diff(np.concatenate([fit.position, fit.angles], 1), axis=0)], 1
    )
    index = np.arange(UNKNOWNS)
    first = 2 / (step[1:] ** 2 + step[:-1] ** 2)
    off_1 = np.zeros((max(frames - 1, 0), UNKNOWNS, UNKNOWNS))
    diagonal[1:, index, index] += first
    diagonal[:-1, index, index] += first
    off_1[:, index, index] -= first
    gradient[1:] += first * changes
    gradient[:-1] -= first * changes
    second = (noise.bend_ratio * step[1:-1]) ** -2.0
    bends = np.diff(changes, axis=0)
    off_2 = np.zeros((max(frames - 2, 0), UNKNOWNS // BLOCK, BLOCK, BLOCK))
    for offset, factor in ((0, 1.0), (1, -2.0), (2, 1.0)):
        rows = slice(offset, frames - 2 + offset)
        diagonal[rows, index, index] += factor**2 * second
        gradient[rows] += factor * second * bends
    for rows in (slice(0, frames - 2), slice(1, frames - 1)):
        off_1[rows, index, index] -= 2 * second
    blocks = second.reshape(-1, UNKNOWNS // BLOCK, BLOCK)
    off_2[..., range(BLOCK), range(BLOCK)] = blocks
    return NormalEquations(np.triu(diagonal), off_1, off_2, gradient)
