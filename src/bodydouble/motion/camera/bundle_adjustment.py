"""Bundle adjustment: poses of a camera and places of what it sees, fitted to where it is seen.

A place is a direction and a closeness: ``direction / closeness`` from the origin; what is far away has closeness 0.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.geometry import rotation

MIN_RELATIVE_DEPTH = 0.05
"""Least depth, relative to the distance from the origin, of what is seen."""


@dataclass(frozen=True, slots=True)
class PointObservations:
    """Where places are seen. Views and places are numbered from 0."""

    view_ids: IntArray
    """(N,)"""
    point_ids: IntArray
    """(N,)"""
    rays: FloatArray
    """(N, 2) x / z and y / z in the view's camera."""

    def select(self, mask: BoolArray) -> "PointObservations":
        """Some of them."""
        return PointObservations(self.view_ids[mask], self.point_ids[mask], self.rays[mask])


@dataclass(frozen=True, slots=True)
class Bundle:
    """Poses of V views, and P places."""

    rotations: FloatArray
    """(V, 3, 3) camera_from_origin."""
    positions: FloatArray
    """(V, 3)"""
    bearings: FloatArray
    """(P, 3) unit."""
    inverse_distances: FloatArray
    """(P,) one over the distance from the origin."""


def reprojection_residuals(
    bundle: Bundle, observations: PointObservations, radians_per_pixel: float
) -> tuple[FloatArray, FloatArray]:
    """Points (N, 3) in their cameras and how far (N, 2), px, they are from where they are seen."""
    offsets = (
        bundle.bearings[observations.point_ids]
        - bundle.inverse_distances[observations.point_ids, None] * bundle.positions[observations.view_ids]
    )
    points = np.einsum("nij,nj->ni", bundle.rotations[observations.view_ids], offsets)
    return points, (
        points[:, :2] / np.maximum(points[:, 2:], MIN_RELATIVE_DEPTH) - observations.rays
    ) / radians_per_pixel


def bundle_adjust(
    bundle: Bundle, observations: PointObservations, free_views: IntArray, radians_per_pixel: float, iterations: int
) -> Bundle:
    """Levenberg-Marquardt with Cauchy's loss on poses and places together; the places are eliminated.

    Args:
        bundle: start.
        observations: every place in at least two views.
        free_views: views that may move.
        radians_per_pixel: rad that one px covers.
        iterations: at most.
    """
    damping = 1e-3
    cost = cauchy_loss(reprojection_residuals(bundle, observations, radians_per_pixel)[1])
    for _ in range(iterations):
        by_pose, by_point, residual = linearize(bundle, observations, radians_per_pixel)
        system = _SchurComplement(by_pose, by_point, residual, observations, free_views, bundle)
        for _ in range(6):
            candidate = system.step(bundle, damping)
            new_cost = cauchy_loss(reprojection_residuals(candidate, observations, radians_per_pixel)[1])
            if new_cost < cost:
                break
            damping *= 5
        else:
            return bundle
        gain, bundle, cost, damping = (cost - new_cost) / cost, candidate, new_cost, max(damping / 5, 1e-7)
        if gain < 1e-4:
            break
    return bundle


def refine_poses(bundle: Bundle, observations: PointObservations, radians_per_pixel: float, iterations: int) -> Bundle:
    """The poses of all views, each for itself, that fit the places best; the places stay."""
    views = len(bundle.rotations)
    damping = np.full(views, 1e-3)
    for _ in range(iterations):
        by_pose, _, residual = linearize(bundle, observations, radians_per_pixel)
        normal = _sum_by_group(np.einsum("nki,nkj->nij", by_pose, by_pose), observations.view_ids, views)
        gradient = _sum_by_group(np.einsum("nki,nk->ni", by_pose, residual), observations.view_ids, views)
        trace = np.trace(normal, axis1=1, axis2=2) / 6
        step = -np.linalg.solve(normal + (damping * trace + 1e-6)[:, None, None] * np.eye(6), gradient[..., None])
        candidate = _retract_poses(bundle, np.arange(views), step[..., 0])
        before, after = (
            _sum_by_group(
                _cauchy_losses(reprojection_residuals(b, observations, radians_per_pixel)[1]),
                observations.view_ids,
                views,
            )
            for b in (bundle, candidate)
        )
        better = after < before
        bundle = replace(
            bundle,
            rotations=np.where(better[:, None, None], candidate.rotations, bundle.rotations),
            positions=np.where(better[:, None], candidate.positions, bundle.positions),
        )
        damping = np.where(better, np.maximum(damping / 5, 1e-7), damping * 5)
    return bundle


def triangulate(bundle: Bundle, observations: PointObservations) -> Bundle:
    """Every place from the views that see it, by least squares on the cross products; places must be seen twice.

    Source: Hartley and Zisserman, Multiple View Geometry, section 12.2.
    """
    ray = rotation.normalize(np.concatenate([observations.rays, np.ones((len(observations.rays), 1))], axis=-1))
    ray = np.einsum("nji,nj->ni", bundle.rotations[observations.view_ids], ray)
    projectors = np.eye(3) - ray[:, :, None] * ray[:, None, :]
    rows = np.concatenate([projectors, -projectors @ bundle.positions[observations.view_ids][..., None]], axis=-1)
    normal = _sum_by_group(np.swapaxes(rows, -1, -2) @ rows, observations.point_ids, len(bundle.inverse_distances))
    solution = np.linalg.eigh(normal + 1e-9 * np.diag([0.0, 0.0, 0.0, 1.0]))[1][..., 0]
    mean = _sum_by_group(ray, observations.point_ids, len(bundle.inverse_distances))
    solution *= np.where(np.sum(solution[:, :3] * mean, axis=-1) < 0, -1.0, 1.0)[:, None]
    length = np.maximum(np.linalg.norm(solution[:, :3], axis=-1), 1e-6)
    determined = np.bincount(observations.point_ids, minlength=len(length)) > 1
    return replace(
        bundle,
        bearings=np.where(determined[:, None], solution[:, :3] / length[:, None], bundle.bearings),
        inverse_distances=np.where(determined, np.maximum(solution[:, 3] / length, 0.0), bundle.inverse_distances),
    )


def linearize(
    bundle: Bundle, observations: PointObservations, radians_per_pixel: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Derivatives by pose (N, 2, 6) and place (N, 2, 3) and residuals (N, 2), px, weighted by Cauchy's loss."""
    points, residual = reprojection_residuals(bundle, observations, radians_per_pixel)
    weight = 1 / np.sqrt(1 + np.sum(residual**2, axis=-1))
    depth = np.maximum(points[:, 2], MIN_RELATIVE_DEPTH)
    projection = np.zeros((len(points), 2, 3))
    projection[:, 0, 0] = projection[:, 1, 1] = 1 / depth
    projection[:, :, 2] = -points[:, :2] / depth[:, None] ** 2
    projection *= (weight / radians_per_pixel)[:, None, None]
    by_offset = projection @ bundle.rotations[observations.view_ids]
    by_rotation = -projection @ _cross_matrix(points)
    by_position = -bundle.inverse_distances[observations.point_ids, None, None] * by_offset
    by_bearing = by_offset @ _tangent_bases(bundle.bearings)[observations.point_ids]
    by_inverse_distance = -by_offset @ bundle.positions[observations.view_ids][..., None]
    return (
        np.concatenate([by_rotation, by_position], axis=-1),
        np.concatenate([by_bearing, by_inverse_distance], axis=-1),
        residual * weight[:, None],
    )


def cauchy_loss(residual: FloatArray) -> float:
    """Sum of Cauchy's loss of residuals (N, 2), px."""
    return float(_cauchy_losses(residual).sum())


def _cauchy_losses(residual: FloatArray) -> FloatArray:
    return np.asarray(np.log1p(np.sum(residual**2, axis=-1)))


class _SchurComplement:
    """The normal equations, with the places eliminated."""

    def __init__(
        self,
        by_pose: FloatArray,
        by_point: FloatArray,
        residual: FloatArray,
        observations: PointObservations,
        free_views: IntArray,
        bundle: Bundle,
    ) -> None:
        views, points = len(bundle.rotations), len(bundle.inverse_distances)
        slots = np.full(views, len(free_views))
        slots[free_views] = np.arange(len(free_views))
        observed_slots = slots[observations.view_ids]
        self._free_views, self._count = free_views, len(free_views)
        self._pose_blocks = _sum_by_group(np.einsum("nki,nkj->nij", by_pose, by_pose), observed_slots, self._count + 1)[
            :-1
        ]
        self._point_blocks = _sum_by_group(
            np.einsum("nki,nkj->nij", by_point, by_point), observations.point_ids, points
        )
        self._pose_gradient = _sum_by_group(
            np.einsum("nki,nk->ni", by_pose, residual), observed_slots, self._count + 1
        )[:-1]
        self._point_gradient = _sum_by_group(
            np.einsum("nki,nk->ni", by_point, residual), observations.point_ids, points
        )
        cross_blocks = np.zeros((points, 3, self._count + 1, 6))
        cross_blocks[observations.point_ids, :, observed_slots] = np.einsum("nki,nkj->nij", by_point, by_pose)
        self._cross_blocks = cross_blocks[:, :, :-1].reshape(points, 3, -1)

    def step(self, bundle: Bundle, damping: float) -> Bundle:
        """The bundle after one step; the same one if the damping is too small for one."""
        damped_blocks = self._point_blocks + damping * self._point_blocks * np.eye(3) + 1e-6 * np.eye(3)
        solved = np.linalg.inv(damped_blocks) @ np.concatenate(
            [self._cross_blocks, self._point_gradient[..., None]], axis=-1
        )
        flat_blocks = self._cross_blocks.reshape(-1, 6 * self._count)
        reduced = flat_blocks.T @ solved.reshape(len(flat_blocks), -1)
        system = -reduced[:, :-1]
        for view in range(self._count):
            rows = slice(6 * view, 6 * view + 6)
            pose_block = self._pose_blocks[view]
            system[rows, rows] += pose_block + np.diag(damping * np.diag(pose_block) + 1e-6)
        try:
            factor = cho_factor(system, check_finite=False)
        except LinAlgError:  # too little damping
            return bundle
        pose_steps = cho_solve(factor, reduced[:, -1] - self._pose_gradient.reshape(-1), check_finite=False)
        point_steps = -solved[..., -1] - solved[..., :-1] @ pose_steps
        moved = _retract_poses(bundle, self._free_views, pose_steps.reshape(-1, 6))
        tangents = _tangent_bases(bundle.bearings)
        return replace(
            moved,
            bearings=rotation.normalize(bundle.bearings + (tangents @ point_steps[:, :2, None])[..., 0]),
            inverse_distances=np.maximum(bundle.inverse_distances + point_steps[:, 2], 0.0),
        )


def _retract_poses(bundle: Bundle, views: IntArray, steps: FloatArray) -> Bundle:
    rotations, positions = bundle.rotations.copy(), bundle.positions.copy()
    rotations[views] = rotation.to_matrix(rotation.from_rotvec(steps[:, :3])) @ rotations[views]
    positions[views] += steps[:, 3:]
    return replace(bundle, rotations=rotations, positions=positions)


def _tangent_bases(bearings: FloatArray) -> FloatArray:
    """(P, 3, 2) two directions across each of (P, 3)."""
    axis = np.eye(3)[np.argmin(np.abs(bearings), axis=1)]
    first = rotation.normalize(np.cross(bearings, axis))
    return np.stack([first, np.cross(bearings, first)], axis=-1)


def _cross_matrix(vectors: FloatArray) -> FloatArray:
    """(N, 3, 3) matrices of the cross product with vectors (N, 3)."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(-1, 3, 3)


def _sum_by_group(values: FloatArray, groups: IntArray, count: int) -> FloatArray:
    """Sums (count, ...) of values (N, ...) by group."""
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    columns = [np.bincount(groups, column, count) for column in flat.T]
    return np.stack(columns, axis=-1).astype(np.float64).reshape(count, *values.shape[1:])
