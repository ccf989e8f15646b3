"""How a camera moved between two pictures of things that stand still, from directions only."""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry import rotation

START_COUNT = 24
"""Directions of travel that are tried, evenly spread over half a sphere: backwards is the same line."""
ITERATIONS = 25
MIN_PARALLAX = 2.0
"""px; corners with less do not say which way the camera went."""


MAX_CANDIDATES = 5
"""Different answers that are given: what is seen of a plane can be explained in two ways."""
MIN_DIFFERENCE = 0.15
"""rad; answers closer to each other are one."""


@dataclass(frozen=True, slots=True)
class RelativePose:
    """The second camera relative to the first."""

    second_from_first: FloatArray
    """(3, 3) rotation."""
    position: FloatArray
    """(3,) unit, of the second camera in the first one's axes."""


def estimate_relative_poses(first: FloatArray, second: FloatArray, radians_per_pixel: float) -> list[RelativePose]:
    """Relative poses of two cameras, the most likely one first.

    Robust least squares on the epipolar constraint, from many starts.

    Args:
        first: (N, 3) unit rays, in the first camera's axes.
        second: (N, 3) unit rays to the same corners, in the second one's.
        radians_per_pixel: rad that one px covers.

    Source: Kneip and Lynen, "Direct optimization of frame-to-frame rotation", ICCV 2013, for the idea of starts;
    loss and normal equations are our own.
    """
    translations = _hemisphere_directions(START_COUNT)
    rotations = np.tile(np.eye(3), (START_COUNT, 1, 1))
    damping = np.full(START_COUNT, 1e-3)
    for iteration in range(ITERATIONS):
        scale = max(1.0, 16.0 * 0.7**iteration)
        residual, jacobian, tangents = _linearize(rotations, translations, first, second, radians_per_pixel)
        weights = scale / (scale + residual**2)
        normal = np.einsum("sni,sn,snj->sij", jacobian, weights, jacobian)
        gradient = np.einsum("sni,sn->si", jacobian, weights * residual)
        trace = np.trace(normal, axis1=1, axis2=2)
        normal += (damping * trace + 1e-9)[:, None, None] * np.eye(5)
        step = -np.linalg.solve(normal, gradient[..., None])
        new_rotations = rotation.to_matrix(rotation.from_rotvec(step[:, :3, 0])) @ rotations
        new_translations = rotation.normalize(translations + (tangents @ step[:, 3:])[..., 0])
        new_residual = _epipolar_residuals(new_rotations, new_translations, first, second)[0] / radians_per_pixel
        better = _cauchy_loss(new_residual, scale) < _cauchy_loss(residual, scale)
        rotations[better], translations[better] = new_rotations[better], new_translations[better]
        damping = np.where(better, np.maximum(damping / 3, 1e-6), damping * 8)
    residual = _epipolar_residuals(rotations, translations, first, second)[0] / radians_per_pixel
    candidates: list[RelativePose] = []
    for k in np.argsort(_cauchy_loss(residual, 1.0)):
        candidate = _check_cheirality(
            rotations[k], translations[k], first, second, np.abs(residual[k]) < 2, radians_per_pixel
        )
        if all(_pose_difference(candidate, kept) > MIN_DIFFERENCE for kept in candidates):
            candidates.append(candidate)
    return candidates[:MAX_CANDIDATES]


def _hemisphere_directions(count: int) -> FloatArray:
    """(N, 3) unit, along a spiral."""
    index = np.arange(count) + 0.5
    height, azimuth = 1 - index / count, np.pi * (1 + 5**0.5) * index
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), height], axis=-1)


def _epipolar_residuals(
    rotations: FloatArray, translations: FloatArray, first: FloatArray, second: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Sine (S, N) of the angle between rays and epipolar planes, turned rays, the planes' normals and their lengths."""
    rotated = np.einsum("sij,nj->sni", rotations, first)
    normals = np.cross(translations[:, None], rotated)
    length = np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    normals = normals / length
    return np.sum(normals * second, axis=-1), rotated, normals, length


def _linearize(
    rotations: FloatArray, translations: FloatArray, first: FloatArray, second: FloatArray, radians_per_pixel: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Residuals (S, N) px, derivatives (S, N, 5) by turn and travel, and the two directions (S, 3, 2) of the latter."""
    sine, rotated, normals, length = _epipolar_residuals(rotations, translations, first, second)
    across = (second - sine[..., None] * normals) / length / radians_per_pixel
    by_translation = np.cross(rotated, across)
    by_rotation = np.cross(rotated, np.cross(across, translations[:, None]))
    axis = np.eye(3)[np.argmin(np.abs(translations), axis=1)]
    one = rotation.normalize(np.cross(translations, axis))
    tangents = np.stack([one, np.cross(translations, one)], axis=-1)
    return sine / radians_per_pixel, np.concatenate([by_rotation, by_translation @ tangents], axis=-1), tangents


def _cauchy_loss(residual: FloatArray, scale: float) -> FloatArray:
    return np.asarray(scale * np.log1p(residual**2 / scale).sum(axis=-1))


def _check_cheirality(
    second_from_first: FloatArray,
    translation: FloatArray,
    first: FloatArray,
    second: FloatArray,
    inliers: BoolArray,
    radians_per_pixel: float,
) -> RelativePose:
    """Of the two ways along a line the one that has the corners in front of the cameras."""
    rotated = first @ second_from_first.T
    parallax = np.cross(rotated, second)
    informative = inliers & (np.linalg.norm(parallax, axis=-1) > MIN_PARALLAX * radians_per_pixel)
    in_front = np.sum(np.cross(translation, second) * parallax, axis=-1)[informative] < 0
    return RelativePose(
        second_from_first,
        -second_from_first.T @ translation
        if 2 * in_front.sum() >= len(in_front)
        else second_from_first.T @ translation,
    )


def _pose_difference(a: RelativePose, b: RelativePose) -> float:
    """rad."""
    angle = rotation.angle_between(*(rotation.from_matrix(view.second_from_first) for view in (a, b)))
    return float(angle + np.linalg.norm(a.position - b.position))
