"""How a camera moved between two pictures of things that stand still, from directions only."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry import rotation

STARTS = 24
"""Directions of travel that are tried, evenly spread over half a sphere: backwards is the same line."""
ITERATIONS = 25
LEAST_PARALLAX = 2.0
"""px; corners with less do not say which way the camera went."""


CANDIDATES = 5
"""Different answers that are given: what is seen of a plane can be explained in two ways."""
DIFFERENT = 0.15
"""rad; answers closer to each other are one."""


@dataclass(frozen=True, slots=True)
class TwoViews:
    """The second camera relative to the first."""

    second_from_first: FloatArray
    """(3, 3) rotation."""
    position: FloatArray
    """(3,) unit, of the second camera in the first one's axes."""


def two_views(first: FloatArray, second: FloatArray, unit: float) -> list[TwoViews]:
    """Relative poses of two cameras, the most likely one first.

    Robust least squares on the epipolar constraint, from many starts.

    Args:
        first: (N, 3) unit rays, in the first camera's axes.
        second: (N, 3) unit rays to the same corners, in the second one's.
        unit: rad that one px covers.

    Source: Kneip and Lynen, "Direct optimization of frame-to-frame rotation", ICCV 2013, for the idea of starts;
    loss and normal equations are our own.
    """
    travel = _half_sphere(STARTS)
    turns = np.tile(np.eye(3), (STARTS, 1, 1))
    damping = np.full(STARTS, 1e-3)
    for iteration in range(ITERATIONS):
        scale = max(1.0, 16.0 * 0.7**iteration)
        residual, jacobian, tangents = _linearised(turns, travel, first, second, unit)
        weights = scale / (scale + residual**2)
        normal = np.einsum("sni,sn,snj->sij", jacobian, weights, jacobian)
        gradient = np.einsum("sni,sn->si", jacobian, weights * residual)
        trace = np.trace(normal, axis1=1, axis2=2)
        normal += (damping * trace + 1e-9)[:, None, None] * np.eye(5)
        step = -np.linalg.solve(normal, gradient[..., None])
        turned = rotation.to_matrix(rotation.from_rotvec(step[:, :3, 0])) @ turns
        travelled = rotation.normalize(travel + (tangents @ step[:, 3:])[..., 0])
        new = _residuals(turned, travelled, first, second)[0] / unit
        better = _loss(new, scale) < _loss(residual, scale)
        turns[better], travel[better] = turned[better], travelled[better]
        damping = np.where(better, np.maximum(damping / 3, 1e-6), damping * 8)
    residual = _residuals(turns, travel, first, second)[0] / unit
    found: list[TwoViews] = []
    for k in np.argsort(_loss(residual, 1.0)):
        one = _facing(turns[k], travel[k], first, second, np.abs(residual[k]) < 2, unit)
        if all(_difference(one, other) > DIFFERENT for other in found):
            found.append(one)
    return found[:CANDIDATES]


def _half_sphere(count: int) -> FloatArray:
    """(N, 3) unit, along a spiral."""
    index = np.arange(count) + 0.5
    height, turn = 1 - index / count, np.pi * (1 + 5**0.5) * index
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], axis=-1)


def _residuals(
    turns: FloatArray, travel: FloatArray, first: FloatArray, second: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Sine (S, N) of the angle between rays and epipolar planes, turned rays, the planes' normals and their lengths."""
    turned = np.einsum("sij,nj->sni", turns, first)
    normals = np.cross(travel[:, None], turned)
    length = np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    normals = normals / length
    return np.sum(normals * second, axis=-1), turned, normals, length


def _linearised(
    turns: FloatArray, travel: FloatArray, first: FloatArray, second: FloatArray, unit: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Residuals (S, N) px, derivatives (S, N, 5) by turn and travel, and the two directions (S, 3, 2) of the latter."""
    sine, turned, normals, length = _residuals(turns, travel, first, second)
    across = (second - sine[..., None] * normals) / length / unit
    by_travel = np.cross(turned, across)
    by_turn = np.cross(turned, np.cross(across, travel[:, None]))
    axis = np.eye(3)[np.argmin(np.abs(travel), axis=1)]
    one = rotation.normalize(np.cross(travel, axis))
    tangents = np.stack([one, np.cross(travel, one)], axis=-1)
    return sine / unit, np.concatenate([by_turn, by_travel @ tangents], axis=-1), tangents


def _loss(residual: FloatArray, scale: float) -> FloatArray:
    return np.asarray(scale * np.log1p(residual**2 / scale).sum(axis=-1))


def _facing(
    turn: FloatArray, travel: FloatArray, first: FloatArray, second: FloatArray, agree: BoolArray, unit: float
) -> TwoViews:
    """Of the two ways along a line the one that has the corners in front of the cameras."""
    turned = first @ turn.T
    parallax = np.cross(turned, second)
    telling = agree & (np.linalg.norm(parallax, axis=-1) > LEAST_PARALLAX * unit)
    ahead = np.sum(np.cross(travel, second) * parallax, axis=-1)[telling] < 0
    return TwoViews(turn, -turn.T @ travel if 2 * ahead.sum() >= len(ahead) else turn.T @ travel)


def _difference(one: TwoViews, other: TwoViews) -> float:
    """rad."""
    turn = rotation.angle_between(*(rotation.from_matrix(view.second_from_first) for view in (one, other)))
    return float(turn + np.linalg.norm(one.position - other.position))
