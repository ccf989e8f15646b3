"""Support of a body by the floor: contacts -> the force that they cannot explain, and balance over them.

In: ``RequiredForces`` and the points of the feet that rest. Out: unexplained force and torque of each frame, and the
distance of the extrapolated centre of mass from the area of support.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d
from scipy.optimize import nnls

from bodydouble.data import BoolArray, FloatArray
from bodydouble.motion.physics.dynamics import CUTOFF_HZ, GRAVITY, UP, RequiredForces

CONTACT_PROBABILITY = 0.5
"""Minimum probability of a contact that can bear a force."""
FRICTION = 0.8
"""Coefficient of friction of shoes on a floor."""
CONE_EDGES = 8
"""Number of edges of the pyramid that is inscribed in the friction cone."""
TOLERANCE_SECONDS = 1 / (4 * CUTOFF_HZ)
"""Time in s by which contacts are extended: the filter spreads forces over a quarter of its period on either side."""
HEEL_HALF_WIDTH, BALL_HALF_WIDTH, BALL_DISTANCE = 0.13, 0.19, 0.25
"""Half the widths of heel and ball of a foot, and the distance of the ball from the toes, relative to its length."""
MAX_STILL_SPEED = 0.15
"""Maximum speed in m/s of the centre of mass of a person who stands still."""

MAX_STEPS = 2000
"""Maximum number of steps of the non-negative least squares; usual are 10."""

_ANGLES = 2 * np.pi * np.arange(CONE_EDGES) / CONE_EDGES
_HALF_WIDTHS = np.array([HEEL_HALF_WIDTH, BALL_HALF_WIDTH, BALL_HALF_WIDTH])
_SOLE_OF_POINT = np.array([0, 0, 1, 1, 1, 1])
"""Point of the sole, 0 heel or 1 toes, whose contact holds for each point of a foot."""


@dataclass(frozen=True, slots=True)
class Support:
    """Points of the feet that may touch the floor."""

    points: FloatArray
    """(T, C, 3) m, world, +Y up."""
    is_resting: BoolArray
    """(T, C) True where the point rests on the floor."""


def support_points(feet: FloatArray, contacts: FloatArray, fps: float) -> Support:
    """Returns both edges of heel, ball and toes of the feet, and where they rest.

    Args:
        feet: (T, 4, 3) m: left heel, left toes, right heel, right toes, on the sole.
        contacts: (T, 4) probability of contact with the floor.
        fps: frames per second.
    """
    heel, toes = feet[:, ::2], feet[:, 1::2]
    along = (toes - heel) * [1.0, 0.0, 1.0]
    lateral = np.cross(UP, along)
    centers = np.stack([heel, toes - BALL_DISTANCE * along, toes], axis=2)
    half_widths = _HALF_WIDTHS[:, None] * lateral[:, :, None]
    points = np.stack([centers - half_widths, centers + half_widths], axis=3)
    frames = 2 * round(TOLERANCE_SECONDS * fps) + 1
    is_resting = maximum_filter1d(contacts >= CONTACT_PROBABILITY, frames, axis=0, mode="nearest")
    by_point = is_resting.reshape(-1, 2, 2)[:, :, _SOLE_OF_POINT]
    return Support(points.reshape(len(feet), -1, 3), by_point.reshape(len(feet), -1))


def unexplained_forces(required: RequiredForces, support: Support, leg_length: float) -> tuple[FloatArray, FloatArray]:
    """Computes what no contact explains: the force (T,) in body weights, and the torque in weights times leg length.

    In each frame the forces of the resting points, within their friction cones, leave the smallest sum of both squared.
    Where nothing rests, all that the motion needs besides gravity is unexplained.

    Args:
        required: T frames.
        support: T frames.
        leg_length: m.

    Source: S. Shimada et al., "PhysCap", SIGGRAPH Asia 2020; D. Rempe et al., "Contact and human dynamics from
    monocular video", ECCV 2020.
    """
    residual = residual_forces(required, support, leg_length)
    return np.linalg.norm(residual[:, :3], axis=1), np.linalg.norm(residual[:, 3:], axis=1)


def residual_forces(required: RequiredForces, support: Support, length: float) -> FloatArray:
    """Returns the force (T, 0:3) in body weights and the torque (T, 3:6) in weights times a length that remain.

    The smaller the length, the more of the remainder is a force.
    """
    residual = np.concatenate([required.force, required.torque / length], axis=1)
    arms = (support.points - required.center_of_mass[:, None]) / length
    edges = np.broadcast_to(_friction_edges(support.points)[:, None], (*arms.shape[:2], CONE_EDGES, 3))
    columns = np.concatenate([edges, np.cross(arms[:, :, None], edges)], axis=-1)
    for t in np.flatnonzero(support.is_resting.any(axis=1)):
        matrix = columns[t, support.is_resting[t]].reshape(-1, 6).T
        residual[t] -= matrix @ nnls(matrix, residual[t], maxiter=MAX_STEPS)[0]
    return residual


def _friction_edges(points: FloatArray) -> FloatArray:
    """Returns forces (T, CONE_EDGES, 3) along the edges of a pyramid that turns with the feet (T, C, 3)."""
    left, right = np.split(points, 2, axis=1)
    sideways = right.mean(axis=1) - left.mean(axis=1)
    angles = np.arctan2(sideways[:, 2], sideways[:, 0])[:, None] + _ANGLES
    return np.stack([FRICTION * np.cos(angles), np.ones_like(angles), FRICTION * np.sin(angles)], axis=-1)


def imbalance_m(required: RequiredForces, support: Support) -> FloatArray:
    """Returns the horizontal distance (T,) m of the extrapolated centre of mass from the area of support.

    It is 0 above the area, and NaN where nothing rests or the person does not stand still: a person who walks falls
    from step to step.

    Source: A. Hof et al., "The condition for dynamic stability", J. Biomechanics 38 (2005).
    """
    height = required.center_of_mass[:, 1] - np.min(support.points[..., 1], axis=1)
    pendulum_time = np.sqrt(np.maximum(height, 0.0) / GRAVITY)
    extrapolated = required.center_of_mass + pendulum_time[:, None] * required.velocity
    offsets = np.where(support.is_resting[..., None], support.points - extrapolated[:, None], np.nan)
    is_still = np.linalg.norm(required.velocity, axis=1) <= MAX_STILL_SPEED
    distance = np.full(len(offsets), np.nan)
    measured = is_still & support.is_resting.any(axis=1)
    distance[measured] = _distances_from_hull(offsets[measured][..., [0, 2]])
    return distance


def _distances_from_hull(points: FloatArray) -> FloatArray:
    """Returns the distance (T,) of the origin from the convex hull of points (T, C, 2); NaN points are left out."""
    start, end = points[:, :, None], points[:, None]
    edge = end - start
    squared_length = np.maximum(np.sum(edge**2, axis=-1), 1e-12)
    along = np.clip(-np.sum(start * edge, axis=-1) / squared_length, 0.0, 1.0)
    distance = np.linalg.norm(start + along[..., None] * edge, axis=-1)
    return np.asarray(np.where(_contain_origin(points), 0.0, np.nanmin(distance, axis=(1, 2))))


def _contain_origin(points: FloatArray) -> BoolArray:
    """Returns whether the convex hulls of points (T, C, 2) contain the origin: no half plane is free of them."""
    angles = np.sort(np.arctan2(points[..., 1], points[..., 0]), axis=1)
    gaps = np.diff(angles, axis=1)
    around = np.nanmin(angles, axis=1) + 2 * np.pi - np.nanmax(angles, axis=1)
    return np.asarray(np.maximum(np.nanmax(gaps, axis=1), around) <= np.pi)
