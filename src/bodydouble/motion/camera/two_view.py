"""Relative pose of two calibrated cameras from corresponding rays, by the epipolar constraint.

In: unit rays (N, 3) of the same static points in two views. Out: up to ``MAX_CANDIDATES`` of ``RelativePose``.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry import rotation

START_COUNT = 24
"""Number of initial translation directions, evenly spread over a hemisphere: the epipolar constraint has no sign."""
ITERATIONS = 25
"""Number of Levenberg-Marquardt iterations from each initial direction."""
MIN_PARALLAX = 2.0
"""Parallax in px below which a corner does not vote for the sign of the translation."""
INLIER_THRESHOLD = 2.0
"""Maximum epipolar residual in px of a corner that votes for the sign of the translation."""
MAX_CANDIDATES = 5
"""Maximum number of returned poses: two views of a plane have two explanations."""
MIN_DIFFERENCE = 0.15
"""Difference in rad below which two candidate poses count as one."""


@dataclass(frozen=True, slots=True)
class RelativePose:
    """Pose of the second camera relative to the first."""

    second_from_first: FloatArray
    """(3, 3) rotation."""
    position: FloatArray
    """(3,) unit vector to the second camera's optical centre, in the first camera's axes."""


def estimate_relative_poses(first: FloatArray, second: FloatArray, radians_per_pixel: float) -> list[RelativePose]:
    """Estimates the relative pose of two cameras by robust least squares on the epipolar constraint.

    Args:
        first: (N, 3) unit rays in the first camera's axes.
        second: (N, 3) unit rays to the same corners in the second camera's axes.
        radians_per_pixel: angle in rad that one px covers.

    Returns:
        Candidates, the most likely one first.

    Source: Kneip and Lynen, "Direct optimization of frame-to-frame rotation", ICCV 2013, for the many initial
    directions; loss and normal equations are our own.
    """
    rotations, translations = _optimize(first, second, radians_per_pixel)
    residual = _epipolar_residuals(rotations, translations, first, second)[0] / radians_per_pixel
    candidates: list[RelativePose] = []
    for k in np.argsort(_cauchy_loss(residual, 1.0)):
        inliers = np.abs(residual[k]) < INLIER_THRESHOLD
        candidate = _check_cheirality(rotations[k], translations[k], first, second, inliers, radians_per_pixel)
        if all(_pose_difference(candidate, kept) > MIN_DIFFERENCE for kept in candidates):
            candidates.append(candidate)
    return candidates[:MAX_CANDIDATES]


def _optimize(first: FloatArray, second: FloatArray, radians_per_pixel: float) -> tuple[FloatArray, FloatArray]:
    """Optimises S = START_COUNT poses: rotations (S, 3, 3) second_from_first and translation directions (S, 3)."""
    translations = _hemisphere_directions(START_COUNT)
    rotations = np.tile(np.eye(3), (START_COUNT, 1, 1))
    damping = np.full(START_COUNT, 1e-3)
    for iteration in range(ITERATIONS):
        scale = max(1.0, 16.0 * 0.7**iteration)
        residual, jacobian, tangents = _linearize(rotations, translations, first, second, radians_per_pixel)
        step = _damped_step(residual, jacobian, scale, damping)
        new_rotations = rotation.to_matrix(rotation.from_rotvec(step[:, :3, 0])) @ rotations
        new_translations = rotation.normalize(translations + (tangents @ step[:, 3:])[..., 0])
        new_residual = _epipolar_residuals(new_rotations, new_translations, first, second)[0] / radians_per_pixel
        better = _cauchy_loss(new_residual, scale) < _cauchy_loss(residual, scale)
        rotations[better], translations[better] = new_rotations[better], new_translations[better]
        damping = np.where(better, np.maximum(damping / 3, 1e-6), damping * 8)
    return rotations, translations


def _damped_step(residual: FloatArray, jacobian: FloatArray, scale: float, damping: FloatArray) -> FloatArray:
    """Returns the Levenberg-Marquardt steps (S, 5, 1) of residuals (S, N) under the Cauchy loss of that scale."""
    weights = scale / (scale + residual**2)
    normal = np.einsum("sni,sn,snj->sij", jacobian, weights, jacobian)
    gradient = np.einsum("sni,sn->si", jacobian, weights * residual)
    trace = np.trace(normal, axis1=1, axis2=2)
    normal += (damping * trace + 1e-9)[:, None, None] * np.eye(5)
    return np.asarray(-np.linalg.solve(normal, gradient[..., None]))


def _hemisphere_directions(count: int) -> FloatArray:
    """Returns unit vectors (N, 3) along a spiral over a hemisphere."""
    index = np.arange(count) + 0.5
    height, azimuth = 1 - index / count, np.pi * (1 + 5**0.5) * index
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), height], axis=-1)


def _epipolar_residuals(
    rotations: FloatArray, translations: FloatArray, first: FloatArray, second: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Computes the epipolar residuals of S poses.

    Returns:
        Sines (S, N) of the angles between second rays and epipolar planes; rotated first rays (S, N, 3); normals (S, N,
        3) of the planes; lengths (S, N, 1) of the normals before normalisation.
    """
    rotated = np.einsum("sij,nj->sni", rotations, first)
    normals = np.cross(translations[:, None], rotated)
    length = np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    normals = normals / length
    return np.sum(normals * second, axis=-1), rotated, normals, length


def _linearize(
    rotations: FloatArray, translations: FloatArray, first: FloatArray, second: FloatArray, radians_per_pixel: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Linearises the epipolar residuals of S poses.

    Returns:
        Residuals (S, N) px, derivatives (S, N, 5) by rotation and translation, and the tangents (S, 3, 2) of the
        translation.
    """
    sine, rotated, normals, length = _epipolar_residuals(rotations, translations, first, second)
    by_normal = (second - sine[..., None] * normals) / length / radians_per_pixel
    by_translation = np.cross(rotated, by_normal)
    by_rotation = np.cross(rotated, np.cross(by_normal, translations[:, None]))
    tangents = rotation.tangent_basis(translations)
    return sine / radians_per_pixel, np.concatenate([by_rotation, by_translation @ tangents], axis=-1), tangents


def _cauchy_loss(residual: FloatArray, scale: float) -> FloatArray:
    """Returns the Cauchy loss (S,) of residuals (S, N) px; the scale is in px squared."""
    return np.asarray(scale * np.log1p(residual**2 / scale).sum(axis=-1))


def _check_cheirality(
    second_from_first: FloatArray,
    translation: FloatArray,
    first: FloatArray,
    second: FloatArray,
    inliers: BoolArray,
    radians_per_pixel: float,
) -> RelativePose:
    """Returns the pose with the sign of the translation that has the corners in front of both cameras."""
    rotated = first @ second_from_first.T
    parallax = np.cross(rotated, second)
    voting = inliers & (np.linalg.norm(parallax, axis=-1) > MIN_PARALLAX * radians_per_pixel)
    in_front = np.sum(np.cross(translation, second) * parallax, axis=-1)[voting] < 0
    first_from_second = -second_from_first.T if 2 * in_front.sum() >= len(in_front) else second_from_first.T
    return RelativePose(second_from_first, first_from_second @ translation)


def _pose_difference(a: RelativePose, b: RelativePose) -> float:
    """Returns the angle of the rotation between two poses plus the distance of their unit positions, in rad."""
    angle = rotation.angle_between(*(rotation.from_matrix(pose.second_from_first) for pose in (a, b)))
    return float(angle + np.linalg.norm(a.position - b.position))
