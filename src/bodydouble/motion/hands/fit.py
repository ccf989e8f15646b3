"""Fits the pose of one hand over a whole clip: one maximum a posteriori estimate with constant lengths.

In: ``HandViews`` and a ``HandShape``. Out: ``HandFit``. Terms: reprojection, 3D landmarks, limits and habits of the
joints, smoothness. The smoothness adapts to the speed: it is strong where a hand rests, and weak where it is fast.
"""

from dataclasses import dataclass, field, fields, replace

import numpy as np

from bodydouble.data import FloatArray, IntArray
from bodydouble.data.windows import shift, split_into_windows
from bodydouble.geometry import rotation
from bodydouble.geometry.rotation_log import skew
from bodydouble.motion.fit.solve import as_float64
from bodydouble.motion.hands.hand_model import (
    DEGREES_OF_FREEDOM,
    DOF_COUNT,
    LIMITS,
    RELAXED,
    HandShape,
    pose_hand,
)
from bodydouble.motion.hands.hand_size import align_palms
from bodydouble.motion.hands.hand_views import HandViews, nearest_observed
from bodydouble.motion.hands.plausible_frames import select_plausible
from bodydouble.motion.hands.smoothness import Smoothness, SmoothnessOptions, adapt_smoothness, uniform_smoothness

ROTATION, POSITION, ANGLES = slice(0, 3), slice(3, 6), slice(6, 6 + DOF_COUNT)
UNKNOWNS = 6 + DOF_COUNT


@dataclass(frozen=True, slots=True)
class HandNoise:
    """Standard deviations of the terms. Those of steps are per frame at 30 frames per second."""

    point: float = 0.03
    """Of a 2D landmark, lengths of the palm."""
    landmark_across: float = 0.2
    """Of a 3D landmark across the line of sight, lengths of the palm."""
    landmark_along: float = 0.12
    """Of a 3D landmark along the line of sight, lengths of the palm."""
    outlier: float = 2.0
    """Residual, in standard deviations, from which a landmark counts less (Cauchy loss)."""
    habit: float = np.radians(35.0)
    """Of a joint from its relaxed angle."""
    spread: float = np.radians(20.0)
    """Of the spread of a finger, and of the roll of the thumb."""
    coupling: float = np.radians(12.0)
    """Of the bend of the last joint from that of the joint before it, times ``coupling_ratio``."""
    coupling_ratio: float = 0.6
    limit: float = np.radians(2.0)
    """Of a joint beyond its limits."""
    smoothness: SmoothnessOptions = field(default_factory=SmoothnessOptions)


@dataclass(frozen=True, slots=True)
class HandFit:
    """Pose of a left hand in T frames."""

    camera_from_hand: FloatArray
    """(T, 3, 3) rotation; a right hand is mirrored."""
    position: FloatArray
    """(T, 3) x and y of the wrist on the plane z = 1, and the logarithm of its depth in m."""
    angles: FloatArray
    """(T, 21) rad."""

    def __getitem__(self, frames: slice) -> "HandFit":
        return HandFit(self.camera_from_hand[frames], self.position[frames], self.angles[frames])


SPREAD_DOFS = np.array([dof.name.endswith(("spread", "roll")) for dof in DEGREES_OF_FREEDOM])
COUPLED_DOFS = [(index - 1, index) for index, dof in enumerate(DEGREES_OF_FREEDOM) if dof.bone == 2 and dof.finger > 0]
FIRST_STEPS = 5
"""Number of steps with the same smoothness everywhere, before those with an adapted one."""
LENIENCY = (3.0, 3.0, 3.0, 3.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0)
"""Factor of ``HandNoise.outlier`` in each step. A finger that is far from its place at first is no outlier.

Source: A. Blake and A. Zisserman, Visual reconstruction (1987), graduated non-convexity.
"""
WINDOW_FRAMES, MARGIN_FRAMES = 400, 60
"""Length of the windows that are fitted independently, and their overlap on either side, in frames."""
MAX_STEP = 0.6
"""Maximum change of an unknown in one step, rad."""


def fit_hand(views: HandViews, shape: HandShape, fps: float, noise: HandNoise | None = None) -> HandFit:
    """Fits the pose of a hand to its views in T frames, at least one of them observed."""
    noise = noise or HandNoise()
    views = _plausible_views(views, shape, fps)
    start = initial_fit(views, shape)
    fitted = HandFit(*(np.empty_like(getattr(start, item.name)) for item in fields(HandFit)))
    for inner, outer in split_into_windows(len(views.points), WINDOW_FRAMES, MARGIN_FRAMES):
        part = _fit_window(start[outer], views[outer], shape, fps, noise)[shift(inner, outer)]
        for item in fields(HandFit):
            getattr(fitted, item.name)[inner] = getattr(part, item.name)
    return fitted


def _fit_window(fit: HandFit, views: HandViews, shape: HandShape, fps: float, noise: HandNoise) -> HandFit:
    smoothness = uniform_smoothness(len(views.points), UNKNOWNS, noise.smoothness, fps)
    for step, leniency in enumerate(LENIENCY):
        if step >= FIRST_STEPS:
            smoothness = adapt_smoothness(_values(fit), views.observed, noise.smoothness, fps)
        fit = _improve(fit, views, shape, smoothness, replace(noise, outlier=leniency * noise.outlier))
    return fit


def _plausible_views(views: HandViews, shape: HandShape, fps: float) -> HandViews:
    """Returns the views without the confidence of the frames in which the palm cannot be as it was seen."""
    rows = np.flatnonzero(views.observed)
    palms = rotation.from_matrix(_align_observed_palms(views, rows, shape))
    is_plausible = select_plausible(palms, rows / fps, views.confidence[rows].max(axis=1))
    confidence = views.confidence.copy()
    confidence[rows[~is_plausible]] = 0.0
    return replace(views, confidence=confidence)


def _align_observed_palms(views: HandViews, rows: IntArray, shape: HandShape) -> FloatArray:
    """Returns the rotations (N, 3, 3) camera_from_hand that the palm of each observed row (N,) suggests."""
    return as_float64(views.camera_from_view[rows]) @ align_palms(as_float64(views.landmarks_3d[rows]), shape)


def initial_fit(views: HandViews, shape: HandShape) -> HandFit:
    """Returns the pose that each observed frame suggests alone, with relaxed fingers, and the nearest one in gaps."""
    rows = np.flatnonzero(views.observed)
    camera_from_hand = _align_observed_palms(views, rows, shape)
    points = as_float64(views.points[rows])
    spread_3d = _spread(as_float64(views.landmarks_3d[rows][..., :2]))
    depth = spread_3d / np.maximum(_spread(points), 1e-6)
    position = np.column_stack([points[:, 0], np.log(depth)])
    nearest = np.searchsorted(rows, nearest_observed(views.observed))
    angles = np.tile(RELAXED, (len(nearest), 1))
    return HandFit(camera_from_hand[nearest], position[nearest], angles)


def _values(fit: HandFit) -> FloatArray:
    """Returns the unknowns (T, 27); of the rotation, the sum of the rotation vectors from frame to frame."""
    steps = fit.camera_from_hand[1:] @ np.swapaxes(fit.camera_from_hand[:-1], 1, 2)
    turned = np.cumsum(rotation.to_rotvec(rotation.from_matrix(steps)), axis=0)
    return np.concatenate([np.insert(turned, 0, 0.0, axis=0), fit.position, fit.angles], axis=1)


def _spread(points: FloatArray) -> FloatArray:
    """Returns the root mean square distances (N,) of points (N, 21, 2) from their mean."""
    return np.asarray(np.sqrt(((points - points.mean(axis=1, keepdims=True)) ** 2).sum(axis=-1).mean(axis=-1)))


def _improve(fit: HandFit, views: HandViews, shape: HandShape, smoothness: Smoothness, noise: HandNoise) -> HandFit:
    """Returns the fit after one damped Gauss-Newton step."""
    diagonal, gradient = _frame_terms(fit, views, shape, noise)
    equations = smoothness.add_to(diagonal, gradient, np.diff(_values(fit), axis=0))
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
