"""Bundle adjustment: poses of a camera and places of what it sees, fitted to where it is seen.

A place is a direction and a closeness: ``direction / closeness`` from the origin; what is far away has closeness 0.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.geometry import rotation

NEAREST = 0.05
"""Least depth, relative to the distance from the origin, of what is seen."""


@dataclass(frozen=True, slots=True)
class Sightings:
    """Where places are seen. Views and places are numbered from 0."""

    views: IntArray
    """(N,)"""
    places: IntArray
    """(N,)"""
    rays: FloatArray
    """(N, 2) x / z and y / z in the view's camera."""

    def of(self, chosen: BoolArray) -> "Sightings":
        """Some of them."""
        return Sightings(self.views[chosen], self.places[chosen], self.rays[chosen])


@dataclass(frozen=True, slots=True)
class Bundle:
    """Poses of V views, and P places."""

    turns: FloatArray
    """(V, 3, 3) camera_from_origin."""
    positions: FloatArray
    """(V, 3)"""
    directions: FloatArray
    """(P, 3) unit."""
    closeness: FloatArray
    """(P,) one over the distance from the origin."""


def residuals(bundle: Bundle, seen: Sightings, unit: float) -> tuple[FloatArray, FloatArray]:
    """Points (N, 3) in their cameras and how far (N, 2), px, they are from where they are seen."""
    way = bundle.directions[seen.places] - bundle.closeness[seen.places, None] * bundle.positions[seen.views]
    points = np.einsum("nij,nj->ni", bundle.turns[seen.views], way)
    return points, (points[:, :2] / np.maximum(points[:, 2:], NEAREST) - seen.rays) / unit


def adjust(bundle: Bundle, seen: Sightings, free: IntArray, unit: float, iterations: int) -> Bundle:
    """Levenberg-Marquardt with Cauchy's loss on poses and places together; the places are eliminated.

    Args:
        bundle: start.
        seen: every place in at least two views.
        free: views that may move.
        unit: rad that one px covers.
        iterations: at most.
    """
    damping = 1e-3
    cost = loss(residuals(bundle, seen, unit)[1])
    for _ in range(iterations):
        by_pose, by_place, residual = linearised(bundle, seen, unit)
        system = _Normal(by_pose, by_place, residual, seen, free, bundle)
        for _ in range(6):
            moved = system.step(bundle, damping)
            new = loss(residuals(moved, seen, unit)[1])
            if new < cost:
                break
            damping *= 5
        else:
            return bundle
        gain, bundle, cost, damping = (cost - new) / cost, moved, new, max(damping / 5, 1e-7)
        if gain < 1e-4:
            break
    return bundle


def locate(bundle: Bundle, seen: Sightings, unit: float, iterations: int) -> Bundle:
    """The poses of all views, each for itself, that fit the places best; the places stay."""
    views = len(bundle.turns)
    damping = np.full(views, 1e-3)
    for _ in range(iterations):
        by_pose, _, residual = linearised(bundle, seen, unit)
        normal = _sums(np.einsum("nki,nkj->nij", by_pose, by_pose), seen.views, views)
        gradient = _sums(np.einsum("nki,nk->ni", by_pose, residual), seen.views, views)
        trace = np.trace(normal, axis1=1, axis2=2) / 6
        step = -np.linalg.solve(normal + (damping * trace + 1e-6)[:, None, None] * np.eye(6), gradient[..., None])
        moved = _moved(bundle, np.arange(views), step[..., 0])
        before, after = (_sums(_losses(residuals(b, seen, unit)[1]), seen.views, views) for b in (bundle, moved))
        better = after < before
        bundle = replace(
            bundle,
            turns=np.where(better[:, None, None], moved.turns, bundle.turns),
            positions=np.where(better[:, None], moved.positions, bundle.positions),
        )
        damping = np.where(better, np.maximum(damping / 5, 1e-7), damping * 5)
    return bundle


def triangulate(bundle: Bundle, seen: Sightings) -> Bundle:
    """Every place from the views that see it, by least squares on the cross products; places must be seen twice.

    Source: Hartley and Zisserman, Multiple View Geometry, section 12.2.
    """
    ray = rotation.normalize(np.concatenate([seen.rays, np.ones((len(seen.rays), 1))], axis=-1))
    ray = np.einsum("nji,nj->ni", bundle.turns[seen.views], ray)
    across = np.eye(3) - ray[:, :, None] * ray[:, None, :]
    rows = np.concatenate([across, -across @ bundle.positions[seen.views][..., None]], axis=-1)
    normal = _sums(np.swapaxes(rows, -1, -2) @ rows, seen.places, len(bundle.closeness))
    solution = np.linalg.eigh(normal + 1e-9 * np.diag([0.0, 0.0, 0.0, 1.0]))[1][..., 0]
    mean = _sums(ray, seen.places, len(bundle.closeness))
    solution *= np.where(np.sum(solution[:, :3] * mean, axis=-1) < 0, -1.0, 1.0)[:, None]
    length = np.maximum(np.linalg.norm(solution[:, :3], axis=-1), 1e-6)
    known = np.bincount(seen.places, minlength=len(length)) > 1
    return replace(
        bundle,
        directions=np.where(known[:, None], solution[:, :3] / length[:, None], bundle.directions),
        closeness=np.where(known, np.maximum(solution[:, 3] / length, 0.0), bundle.closeness),
    )


def linearised(bundle: Bundle, seen: Sightings, unit: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Derivatives by pose (N, 2, 6) and place (N, 2, 3) and residuals (N, 2), px, weighted by Cauchy's loss."""
    points, residual = residuals(bundle, seen, unit)
    weight = 1 / np.sqrt(1 + np.sum(residual**2, axis=-1))
    depth = np.maximum(points[:, 2], NEAREST)
    flat = np.zeros((len(points), 2, 3))
    flat[:, 0, 0] = flat[:, 1, 1] = 1 / depth
    flat[:, :, 2] = -points[:, :2] / depth[:, None] ** 2
    flat *= (weight / unit)[:, None, None]
    turns = flat @ bundle.turns[seen.views]
    by_turn = -flat @ _cross_matrix(points)
    by_position = -bundle.closeness[seen.places, None, None] * turns
    by_direction = turns @ _tangents(bundle.directions)[seen.places]
    by_closeness = -turns @ bundle.positions[seen.views][..., None]
    return (
        np.concatenate([by_turn, by_position], axis=-1),
        np.concatenate([by_direction, by_closeness], axis=-1),
        residual * weight[:, None],
    )


def loss(residual: FloatArray) -> float:
    """Sum of Cauchy's loss of residuals (N, 2), px."""
    return float(_losses(residual).sum())


def _losses(residual: FloatArray) -> FloatArray:
    return np.asarray(np.log1p(np.sum(residual**2, axis=-1)))


class _Normal:
    """The normal equations, with the places eliminated."""

    def __init__(
        self,
        by_pose: FloatArray,
        by_place: FloatArray,
        residual: FloatArray,
        seen: Sightings,
        free: IntArray,
        bundle: Bundle,
    ) -> None:
        views, places = len(bundle.turns), len(bundle.closeness)
        slots = np.full(views, len(free))
        slots[free] = np.arange(len(free))
        slot = slots[seen.views]
        self._free, self._count = free, len(free)
        self._poses = _sums(np.einsum("nki,nkj->nij", by_pose, by_pose), slot, self._count + 1)[:-1]
        self._places = _sums(np.einsum("nki,nkj->nij", by_place, by_place), seen.places, places)
        self._pose_gradient = _sums(np.einsum("nki,nk->ni", by_pose, residual), slot, self._count + 1)[:-1]
        self._place_gradient = _sums(np.einsum("nki,nk->ni", by_place, residual), seen.places, places)
        mixed = np.zeros((places, 3, self._count + 1, 6))
        mixed[seen.places, :, slot] = np.einsum("nki,nkj->nij", by_place, by_pose)
        self._mixed = mixed[:, :, :-1].reshape(places, 3, -1)

    def step(self, bundle: Bundle, damping: float) -> Bundle:
        """The bundle after one step; the same one if the damping is too small for one."""
        places = self._places + damping * self._places * np.eye(3) + 1e-6 * np.eye(3)
        solved = np.linalg.inv(places) @ np.concatenate([self._mixed, self._place_gradient[..., None]], axis=-1)
        flat = self._mixed.reshape(-1, 6 * self._count)
        reduced = flat.T @ solved.reshape(len(flat), -1)
        system = -reduced[:, :-1]
        for view in range(self._count):
            block = slice(6 * view, 6 * view + 6)
            own = self._poses[view]
            system[block, block] += own + np.diag(damping * np.diag(own) + 1e-6)
        try:
            factor = cho_factor(system, check_finite=False)
        except LinAlgError:  # too little damping
            return bundle
        poses = cho_solve(factor, reduced[:, -1] - self._pose_gradient.reshape(-1), check_finite=False)
        change = -solved[..., -1] - solved[..., :-1] @ poses
        moved = _moved(bundle, self._free, poses.reshape(-1, 6))
        tangents = _tangents(bundle.directions)
        return replace(
            moved,
            directions=rotation.normalize(bundle.directions + (tangents @ change[:, :2, None])[..., 0]),
            closeness=np.maximum(bundle.closeness + change[:, 2], 0.0),
        )


def _moved(bundle: Bundle, views: IntArray, steps: FloatArray) -> Bundle:
    turns, positions = bundle.turns.copy(), bundle.positions.copy()
    turns[views] = rotation.to_matrix(rotation.from_rotvec(steps[:, :3])) @ turns[views]
    positions[views] += steps[:, 3:]
    return replace(bundle, turns=turns, positions=positions)


def _tangents(directions: FloatArray) -> FloatArray:
    """(P, 3, 2) two directions across each of (P, 3)."""
    axis = np.eye(3)[np.argmin(np.abs(directions), axis=1)]
    one = rotation.normalize(np.cross(directions, axis))
    return np.stack([one, np.cross(directions, one)], axis=-1)


def _cross_matrix(vectors: FloatArray) -> FloatArray:
    """(N, 3, 3) matrices of the cross product with vectors (N, 3)."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(-1, 3, 3)


def _sums(values: FloatArray, groups: IntArray, count: int) -> FloatArray:
    """Sums (count, ...) of values (N, ...) by group."""
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    columns = [np.bincount(groups, column, count) for column in flat.T]
    return np.stack(columns, axis=-1).astype(np.float64).reshape(count, *values.shape[1:])
