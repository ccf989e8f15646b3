"""Bundle adjustment: camera poses and 3D points are fitted to the image observations of the points.

In: a ``Bundle`` (initial poses and points) and ``PointObservations``. Out: a refined ``Bundle``. ``triangulate``
computes points from poses, ``refine_poses`` poses from points, ``bundle_adjust`` both together.

Points have an inverse-depth parametrisation: a point is ``bearing / inverse_distance`` from the origin, and a point at
infinity has inverse distance 0.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.geometry import rotation
from bodydouble.geometry.rotation_log import skew

MIN_RELATIVE_DEPTH = 0.05
"""Minimum depth of a point in a camera, relative to its distance from the origin."""
MAX_DAMPING_TRIALS = 6
"""Number of damping values that are tried in one Levenberg-Marquardt iteration."""
MIN_GAIN = 1e-4
"""Relative decrease of the cost below which the adjustment has converged."""


@dataclass(frozen=True, slots=True)
class PointObservations:
    """N observations of points in views. Views and points are numbered from 0."""

    view_ids: IntArray
    """(N,) view of each observation."""
    point_ids: IntArray
    """(N,) observed point."""
    rays: FloatArray
    """(N, 2) x / z and y / z in the view's camera."""

    def select(self, mask: BoolArray) -> "PointObservations":
        """Returns the observations where the mask (N,) is true."""
        return PointObservations(self.view_ids[mask], self.point_ids[mask], self.rays[mask])


@dataclass(frozen=True, slots=True)
class Bundle:
    """Poses of V views and positions of P points."""

    rotations: FloatArray
    """(V, 3, 3) camera_from_origin."""
    positions: FloatArray
    """(V, 3) optical centres in the axes of the origin."""
    bearings: FloatArray
    """(P, 3) unit vectors from the origin to the points."""
    inverse_distances: FloatArray
    """(P,) inverse distances of the points from the origin."""


def reprojection_residuals(
    bundle: Bundle, observations: PointObservations, radians_per_pixel: float
) -> tuple[FloatArray, FloatArray]:
    """Computes the reprojection errors of all observations.

    Returns:
        The points (N, 3) in the axes of the observing cameras, scaled by their inverse distance, and the residuals
        (N, 2) px.
    """
    views, points = observations.view_ids, observations.point_ids
    offsets = bundle.bearings[points] - bundle.inverse_distances[points, None] * bundle.positions[views]
    in_camera = np.einsum("nij,nj->ni", bundle.rotations[views], offsets)
    projected = in_camera[:, :2] / np.maximum(in_camera[:, 2:], MIN_RELATIVE_DEPTH)
    return in_camera, (projected - observations.rays) / radians_per_pixel


def bundle_adjust(
    bundle: Bundle, observations: PointObservations, free_views: IntArray, radians_per_pixel: float, iterations: int
) -> Bundle:
    """Optimises poses and points together by Levenberg-Marquardt with Cauchy loss and the Schur complement.

    Args:
        bundle: initial poses and points.
        observations: each point is observed in at least two views.
        free_views: views of which the pose is optimised; the other poses are fixed.
        radians_per_pixel: angle in rad that one px covers.
        iterations: maximum number of iterations.
    """
    damping = 1e-3
    cost = cauchy_loss(reprojection_residuals(bundle, observations, radians_per_pixel)[1])
    for _ in range(iterations):
        by_pose, by_point, residual = linearize(bundle, observations, radians_per_pixel)
        system = _SchurComplement(by_pose, by_point, residual, observations, free_views, bundle)
        for _ in range(MAX_DAMPING_TRIALS):
            candidate = system.step(bundle, damping)
            new_cost = cauchy_loss(reprojection_residuals(candidate, observations, radians_per_pixel)[1])
            if new_cost < cost:
                break
            damping *= 5
        else:
            return bundle
        gain, bundle, cost, damping = (cost - new_cost) / cost, candidate, new_cost, max(damping / 5, 1e-7)
        if gain < MIN_GAIN:
            break
    return bundle


def refine_poses(bundle: Bundle, observations: PointObservations, radians_per_pixel: float, iterations: int) -> Bundle:
    """Optimises the pose of each view on its own (pose-only bundle adjustment); the points are fixed."""
    views, view_count = observations.view_ids, len(bundle.rotations)
    damping = np.full(view_count, 1e-3)
    for _ in range(iterations):
        by_pose, _, residual = linearize(bundle, observations, radians_per_pixel)
        normal = _sum_by_group(np.einsum("nki,nkj->nij", by_pose, by_pose), views, view_count)
        gradient = _sum_by_group(np.einsum("nki,nk->ni", by_pose, residual), views, view_count)
        trace = np.trace(normal, axis1=1, axis2=2) / 6
        step = -np.linalg.solve(normal + (damping * trace + 1e-6)[:, None, None] * np.eye(6), gradient[..., None])
        candidate = _retract_poses(bundle, np.arange(view_count), step[..., 0])
        cost, new_cost = (_cost_per_view(b, observations, radians_per_pixel) for b in (bundle, candidate))
        better = new_cost < cost
        bundle = replace(
            bundle,
            rotations=np.where(better[:, None, None], candidate.rotations, bundle.rotations),
            positions=np.where(better[:, None], candidate.positions, bundle.positions),
        )
        damping = np.where(better, np.maximum(damping / 5, 1e-7), damping * 5)
    return bundle


def triangulate(bundle: Bundle, observations: PointObservations) -> Bundle:
    """Triangulates points by linear least squares on cross products; points with one observation are not changed.

    Source: Hartley and Zisserman, Multiple View Geometry, section 12.2.
    """
    views, points, point_count = observations.view_ids, observations.point_ids, len(bundle.inverse_distances)
    ray = rotation.normalize(np.concatenate([observations.rays, np.ones((len(observations.rays), 1))], axis=-1))
    ray = np.einsum("nji,nj->ni", bundle.rotations[views], ray)
    projectors = np.eye(3) - ray[:, :, None] * ray[:, None, :]
    rows = np.concatenate([projectors, -projectors @ bundle.positions[views][..., None]], axis=-1)
    normal = _sum_by_group(np.swapaxes(rows, -1, -2) @ rows, points, point_count)
    solution = np.linalg.eigh(normal + 1e-9 * np.diag([0.0, 0.0, 0.0, 1.0]))[1][..., 0]
    mean_ray = _sum_by_group(ray, points, point_count)
    solution *= np.where(np.sum(solution[:, :3] * mean_ray, axis=-1) < 0, -1.0, 1.0)[:, None]
    length = np.maximum(np.linalg.norm(solution[:, :3], axis=-1), 1e-6)
    determined = np.bincount(points, minlength=point_count) > 1
    return replace(
        bundle,
        bearings=np.where(determined[:, None], solution[:, :3] / length[:, None], bundle.bearings),
        inverse_distances=np.where(determined, np.maximum(solution[:, 3] / length, 0.0), bundle.inverse_distances),
    )


def linearize(
    bundle: Bundle, observations: PointObservations, radians_per_pixel: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Linearises the reprojection residuals, weighted by the Cauchy loss.

    Returns:
        Derivatives by pose (N, 2, 6): rotation, then position; derivatives by point (N, 2, 3): two tangents of the
        bearing, then the inverse distance; and residuals (N, 2) px.
    """
    views, points = observations.view_ids, observations.point_ids
    in_camera, residual = reprojection_residuals(bundle, observations, radians_per_pixel)
    weight = 1 / np.sqrt(1 + np.sum(residual**2, axis=-1))
    depth = np.maximum(in_camera[:, 2], MIN_RELATIVE_DEPTH)
    projection = np.zeros((len(in_camera), 2, 3))
    projection[:, 0, 0] = projection[:, 1, 1] = 1 / depth
    projection[:, :, 2] = -in_camera[:, :2] / depth[:, None] ** 2
    projection *= (weight / radians_per_pixel)[:, None, None]
    by_offset = projection @ bundle.rotations[views]
    by_rotation = -projection @ skew(in_camera)
    by_position = -bundle.inverse_distances[points, None, None] * by_offset
    by_bearing = by_offset @ rotation.tangent_basis(bundle.bearings)[points]
    by_inverse_distance = -by_offset @ bundle.positions[views][..., None]
    return (
        np.concatenate([by_rotation, by_position], axis=-1),
        np.concatenate([by_bearing, by_inverse_distance], axis=-1),
        residual * weight[:, None],
    )


def cauchy_loss(residual: FloatArray) -> float:
    """Returns the sum of the Cauchy losses of residuals (N, 2) px."""
    return float(_cauchy_losses(residual).sum())


def _cauchy_losses(residual: FloatArray) -> FloatArray:
    """Returns the Cauchy loss (N,) of each residual (N, 2) px."""
    return np.asarray(np.log1p(np.sum(residual**2, axis=-1)))


def _cost_per_view(bundle: Bundle, observations: PointObservations, radians_per_pixel: float) -> FloatArray:
    """Returns the Cauchy loss (V,) of the reprojection residuals of each view."""
    losses = _cauchy_losses(reprojection_residuals(bundle, observations, radians_per_pixel)[1])
    return _sum_by_group(losses, observations.view_ids, len(bundle.rotations))


class _SchurComplement:
    """Normal equations of poses and points, from which the points are eliminated (Schur complement)."""

    def __init__(
        self,
        by_pose: FloatArray,
        by_point: FloatArray,
        residual: FloatArray,
        observations: PointObservations,
        free_views: IntArray,
        bundle: Bundle,
    ) -> None:
        """Sums up the blocks; ``by_pose``, ``by_point`` and ``residual`` are those of ``linearize``."""
        points, point_count = observations.point_ids, len(bundle.inverse_distances)
        self._free_views, self._count = free_views, len(free_views)
        slots = np.full(len(bundle.rotations), self._count)
        slots[free_views] = np.arange(self._count)
        slot = slots[observations.view_ids]  # Slot _count collects the fixed views.
        pose_blocks = _sum_by_group(np.einsum("nki,nkj->nij", by_pose, by_pose), slot, self._count + 1)
        pose_gradient = _sum_by_group(np.einsum("nki,nk->ni", by_pose, residual), slot, self._count + 1)
        self._pose_blocks, self._pose_gradient = pose_blocks[:-1], pose_gradient[:-1]
        self._point_blocks = _sum_by_group(np.einsum("nki,nkj->nij", by_point, by_point), points, point_count)
        self._point_gradient = _sum_by_group(np.einsum("nki,nk->ni", by_point, residual), points, point_count)
        cross_blocks = np.zeros((point_count, 3, self._count + 1, 6))
        cross_blocks[points, :, slot] = np.einsum("nki,nkj->nij", by_point, by_pose)
        self._cross_blocks = cross_blocks[:, :, :-1].reshape(point_count, 3, -1)

    def step(self, bundle: Bundle, damping: float) -> Bundle:
        """Returns the bundle after one damped step, or the same bundle if the damping is too small."""
        point_blocks = self._point_blocks + damping * self._point_blocks * np.eye(3) + 1e-6 * np.eye(3)
        coupling = np.concatenate([self._cross_blocks, self._point_gradient[..., None]], axis=-1)
        solved = np.linalg.inv(point_blocks) @ coupling
        flat_blocks = self._cross_blocks.reshape(-1, 6 * self._count)
        reduced = flat_blocks.T @ solved.reshape(len(flat_blocks), -1)
        system = -reduced[:, :-1]
        for view, pose_block in enumerate(self._pose_blocks):
            rows = slice(6 * view, 6 * view + 6)
            system[rows, rows] += pose_block + np.diag(damping * np.diag(pose_block) + 1e-6)
        try:
            factor = cho_factor(system, check_finite=False)
        except LinAlgError:  # too little damping
            return bundle
        pose_steps = cho_solve(factor, reduced[:, -1] - self._pose_gradient.reshape(-1), check_finite=False)
        point_steps = -solved[..., -1] - solved[..., :-1] @ pose_steps
        return _retract_points(_retract_poses(bundle, self._free_views, pose_steps.reshape(-1, 6)), point_steps)


def _retract_poses(bundle: Bundle, views: IntArray, steps: FloatArray) -> Bundle:
    """Returns the bundle with steps (N, 6) of rotation (rad) and position applied to the poses of views (N,)."""
    rotations, positions = bundle.rotations.copy(), bundle.positions.copy()
    rotations[views] = rotation.to_matrix(rotation.from_rotvec(steps[:, :3])) @ rotations[views]
    positions[views] += steps[:, 3:]
    return replace(bundle, rotations=rotations, positions=positions)


def _retract_points(bundle: Bundle, steps: FloatArray) -> Bundle:
    """Returns the bundle with steps (P, 3) along both tangents of the bearing and of the inverse distance applied."""
    tangents = rotation.tangent_basis(bundle.bearings)
    return replace(
        bundle,
        bearings=rotation.normalize(bundle.bearings + (tangents @ steps[:, :2, None])[..., 0]),
        inverse_distances=np.maximum(bundle.inverse_distances + steps[:, 2], 0.0),
    )


def _sum_by_group(values: FloatArray, groups: IntArray, count: int) -> FloatArray:
    """Returns the sums (count, ...) of values (N, ...) by group (N,)."""
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    columns = [np.bincount(groups, column, count) for column in flat.T]
    return np.stack(columns, axis=-1).astype(np.float64).reshape(count, *values.shape[1:])
