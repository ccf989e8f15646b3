"""Incremental structure from motion for a few seconds of video: the trajectory of a travelling camera.

In: ``PointObservations`` of background corners in F frames. Out: a ``CameraTrajectory`` up to scale, or None where the
camera does not travel. Some frames are views; the reconstruction grows from the best initial pair of views to all views
by pose refinement, triangulation and bundle adjustment, and then all frames are registered.
"""

from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.geometry import rotation
from bodydouble.motion.camera.bundle_adjustment import (
    Bundle,
    PointObservations,
    bundle_adjust,
    refine_poses,
    reprojection_residuals,
    triangulate,
)
from bodydouble.motion.camera.rotation_only import RotationOptions, cell_weights, ransac_rotation
from bodydouble.motion.camera.two_view import estimate_relative_poses

MAX_DISTANCE = 1000.0
"""Distance beyond which points count as infinitely far away, in units of the baseline of the initial pair."""
PARALLAX_QUANTILE = 0.7
"""Quantile of the corners' parallax that stands for the parallax of a pair of views."""


@dataclass(frozen=True, slots=True)
class TrajectoryOptions:
    """Acceptance criteria of a trajectory. Lengths are in px of an image of REFERENCE_LONG_SIDE."""

    view_count: int = 20
    """Number of frames in the bundle adjustment; the poses of other frames are refined with fixed points."""
    max_corners: int = 100
    """Number of corners per view beyond which further corners are not used; those observed most often come first."""
    min_parallax: float = 1.5
    """Minimum parallax in px of the initial pair; below it, the camera only rotates."""
    common_fractions: tuple[float, ...] = (0.8, 0.6, 0.4)
    """Fractions of common corners; for each of them the farthest view that has as many is tried as initial pair."""
    min_corners: int = 10
    """Minimum number of common corners of an initial pair, and of corners of a view with known points."""
    min_relative_score: float = 0.9
    """Minimum score of an initial reconstruction that is extended, relative to the best one."""
    min_rotation_difference: float = 0.03
    """Rotation in rad between the second views of two initial reconstructions below which they count as one."""
    inlier_threshold: float = 2.0
    """Maximum reprojection error in px of an inlier in the final trajectory."""
    registration_threshold: float = 5.0
    """Maximum reprojection error in px of an inlier while views are registered."""
    min_inlier_fraction: float = 0.5
    """Minimum fraction of inliers of a registered view or frame."""
    min_registered_fraction: float = 0.5
    """Minimum fraction of registered frames of an accepted trajectory."""
    min_mean_inlier_fraction: float = 0.75
    """Minimum mean fraction of inliers of the registered frames of an accepted trajectory."""


@dataclass(frozen=True, slots=True)
class CameraTrajectory:
    """Poses of a camera in F frames and positions of P points, up to scale."""

    rotations: FloatArray
    """(F, 3, 3) camera_from_origin; the origin is the camera in one of the frames."""
    positions: FloatArray
    """(F, 3) optical centres in the axes of the origin."""
    inlier_fractions: FloatArray
    """(F,) fraction of inlier corners; 0 where the pose is not known."""
    points: FloatArray
    """(P, 3) in the axes of the origin; NaN where not known or too far away."""


def estimate_trajectory(
    observations: PointObservations,
    frame_count: int,
    radians_per_pixel: float,
    rotation_options: RotationOptions,
    options: TrajectoryOptions,
) -> CameraTrajectory | None:
    """Estimates the trajectory of a camera, or returns None where there is too little parallax or agreement.

    Args:
        observations: corners in F frames (views), ascending.
        frame_count: F.
        radians_per_pixel: angle in rad that one px covers.
        rotation_options: options of RANSAC rotations.
        options: acceptance criteria.
    """
    views = np.unique(np.linspace(0, frame_count - 1, options.view_count).round().astype(int))
    in_views = observations.select(np.isin(observations.view_ids, views))
    reconstruction = _Reconstruction(
        _select_observed_longest(in_views, options.max_corners),
        views,
        frame_count,
        int(observations.point_ids.max(initial=-1)) + 1,
        radians_per_pixel,
        rotation_options,
        options,
    )
    pair = reconstruction.best_initial_pair()
    if pair is None:
        return None
    extended = [reconstruction.register_views(bundle, pair) for bundle in reconstruction.initialize(pair)]
    bundle, registered = max(extended, key=lambda candidate: reconstruction.score(*candidate))
    return reconstruction.register_all_frames(bundle, registered, observations)


def rotation_only_inlier_fraction(
    observations: PointObservations, rotations: FloatArray, radians_per_pixel: float, threshold: float
) -> float:
    """Returns the fraction of observations that fit a camera that rotates and does not travel.

    Args:
        observations: corners in F frames (views).
        rotations: (F, 3, 3) camera_from_first.
        radians_per_pixel: angle in rad that one px covers.
        threshold: maximum reprojection error in px of an inlier.
    """
    rays = np.einsum("nji,nj->ni", rotations[observations.view_ids], _unit_rays(observations.rays))
    total = np.stack([np.bincount(observations.point_ids, column) for column in rays.T], axis=-1).astype(np.float64)
    bundle = Bundle(rotations, np.zeros((len(rotations), 3)), rotation.normalize(total), np.zeros(len(total)))
    return float(np.mean(_reprojection_errors(bundle, observations, radians_per_pixel) < threshold))


def _select_observed_longest(observations: PointObservations, max_corners: int) -> PointObservations:
    """Returns the observations of those points that are among the ``max_corners`` most observed ones of some view."""
    views, points = observations.view_ids, observations.point_ids
    order = np.lexsort((-np.bincount(points, minlength=1)[points], views))
    rank = np.arange(len(order)) - np.searchsorted(views[order], views[order])
    return observations.select(np.isin(points, points[order[rank < max_corners]]))


@dataclass(frozen=True, slots=True)
class _Reconstruction:
    """Incremental reconstruction of F frames and P points; poses exist for all frames, also those not registered."""

    observations: PointObservations
    """Observations in the views."""
    views: IntArray
    """(V,) ascending frames that are views."""
    frame_count: int
    point_count: int
    radians_per_pixel: float
    rotation_options: RotationOptions
    options: TrajectoryOptions

    def best_initial_pair(self) -> tuple[int, int] | None:
        """Returns the pair of views with the most parallax and common corners, or None if all lack parallax."""
        visibility = np.zeros((len(self.views), self.point_count))
        visibility[np.searchsorted(self.views, self.observations.view_ids), self.observations.point_ids] = 1
        common = visibility @ visibility.T
        smaller = np.minimum.outer(np.diag(common), np.diag(common))
        best_score, best_pair = 0.0, None
        for first in range(len(self.views)):
            for second in self._distant_partners(first, common[first], smaller[first]):
                pair = int(self.views[first]), int(self.views[second])
                parallax = self._parallax(*pair)
                score = parallax * float(np.sqrt(common[first, second]))
                if parallax > self.options.min_parallax and score > best_score:
                    best_score, best_pair = score, pair
        return best_pair

    def _distant_partners(self, first: int, common: FloatArray, smaller: FloatArray) -> set[int]:
        """Returns the last view with enough common corners, for each of the common fractions.

        Args:
            first: index of a view.
            common: (V,) number of corners in common with it.
            smaller: (V,) number of corners of the view with fewer corners.
        """
        fractions, min_corners = self.options.common_fractions, self.options.min_corners
        masks = [common >= np.maximum(min_corners, fraction * smaller) for fraction in fractions]
        return {int(np.flatnonzero(mask)[-1]) for mask in masks if mask[first + 1 :].any()}

    def _parallax(self, first: int, second: int) -> float:
        """Returns the parallax in px of two views: a quantile of the residuals of the best rotation."""
        first_rays, second_rays = self._common_rays(first, second)
        first_from_second = self._ransac_rotation(first_rays, second_rays, np.eye(3))
        angles = np.linalg.norm(second_rays @ first_from_second.T - first_rays, axis=-1)
        return float(np.quantile(angles, PARALLAX_QUANTILE)) / self.radians_per_pixel

    def _ransac_rotation(self, target: FloatArray, source: FloatArray, guess: FloatArray) -> FloatArray:
        """Returns the rotation target_from_source (3, 3) of unit rays (N, 3)."""
        unit, options = self.radians_per_pixel, self.rotation_options
        return ransac_rotation(target, source, cell_weights(source, options.cell_size * unit), guess, unit, options)[0]

    def _common_rays(self, first: int, second: int) -> tuple[FloatArray, FloatArray]:
        """Returns the unit rays (N, 3) of two views to their common points."""
        in_first, in_second = (self.observations.select(self.observations.view_ids == v) for v in (first, second))
        _, i, j = np.intersect1d(in_first.point_ids, in_second.point_ids, return_indices=True)
        return _unit_rays(in_first.rays[i]), _unit_rays(in_second.rays[j])

    def initialize(self, pair: tuple[int, int]) -> list[Bundle]:
        """Returns distinct reconstructions from two views that agree well with the views between them."""
        first, second = pair
        candidates = estimate_relative_poses(*self._common_rays(first, second), self.radians_per_pixel)
        scored = []
        for candidate in candidates:
            bundle = self._empty_bundle()
            bundle.rotations[second], bundle.positions[second] = candidate.second_from_first, candidate.position
            scored.append(self._extend_pair(bundle, pair))
        scored.sort(key=lambda scored_bundle: -scored_bundle[0])
        min_score = self.options.min_relative_score * scored[0][0]
        return self._distinct([bundle for score, bundle in scored if score >= min_score], second)

    def _extend_pair(self, bundle: Bundle, pair: tuple[int, int]) -> tuple[float, Bundle]:
        """Triangulates the points of a pair and registers further views; returns the score and the bundle."""
        registered = np.isin(np.arange(self.frame_count), pair)
        used = self._triangulable(registered)
        bundle = bundle_adjust(triangulate(bundle, used), used, np.array(pair[1:]), self.radians_per_pixel, 10)
        bundle, new = self._register_next_views(bundle, registered)
        registered = registered | new
        extended = _select_points(self.observations.select(registered[self.observations.view_ids]), used)
        free = np.setdiff1d(np.flatnonzero(registered), pair[:1])
        bundle = bundle_adjust(bundle, extended, free, self.radians_per_pixel, 10)
        return _soft_inlier_count(bundle, extended, self.radians_per_pixel), bundle

    def _empty_bundle(self) -> Bundle:
        """Returns a bundle of identity poses and points at infinity straight ahead."""
        rotations = np.tile(np.eye(3), (self.frame_count, 1, 1))
        bearings = np.tile([0.0, 0.0, 1.0], (self.point_count, 1))
        return Bundle(rotations, np.zeros((self.frame_count, 3)), bearings, np.zeros(self.point_count))

    def _distinct(self, bundles: list[Bundle], view: int) -> list[Bundle]:
        """Returns the bundles without those in which the rotation of a view repeats that of an earlier bundle."""
        kept: list[Bundle] = []
        kept_rotations: list[FloatArray] = []
        for bundle in bundles:
            quaternion = rotation.from_matrix(bundle.rotations[view])
            differences = [rotation.angle_between(quaternion, earlier) for earlier in kept_rotations]
            if all(difference > self.options.min_rotation_difference for difference in differences):
                kept.append(bundle)
                kept_rotations.append(quaternion)
        return kept

    def register_views(self, bundle: Bundle, pair: tuple[int, int]) -> tuple[Bundle, BoolArray]:
        """Registers all views that can be reached from a pair; returns the bundle and a mask (F,) of these views."""
        registered = np.isin(np.arange(self.frame_count), pair)
        while True:
            bundle, new = self._register_next_views(bundle, registered)
            registered = registered | new
            used, free = self._triangulable(registered), np.setdiff1d(np.flatnonzero(registered), pair[:1])
            if not new.any():
                return bundle_adjust(bundle, used, free, self.radians_per_pixel, 25), registered
            bundle = bundle_adjust(triangulate(bundle, used), used, free, self.radians_per_pixel, 8)

    def score(self, bundle: Bundle, registered: BoolArray) -> float:
        """Returns the soft inlier count of a bundle with registered views (F,)."""
        return _soft_inlier_count(bundle, self._triangulable(registered), self.radians_per_pixel)

    def _triangulable(self, registered: BoolArray) -> PointObservations:
        """Returns the registered views' observations of points that at least two of them observe."""
        observations = self.observations.select(registered[self.observations.view_ids])
        return observations.select(np.bincount(observations.point_ids)[observations.point_ids] > 1)

    def _register_next_views(self, bundle: Bundle, registered: BoolArray) -> tuple[Bundle, BoolArray]:
        """Registers the views with the largest fraction of known points; returns the bundle and a mask (F,) of them."""
        unregistered = self.observations.select(~registered[self.observations.view_ids])
        observations = _select_points(unregistered, self._triangulable(registered))
        count = np.bincount(observations.view_ids, minlength=self.frame_count)
        total = np.bincount(self.observations.view_ids, minlength=self.frame_count)
        min_fraction = self.options.min_inlier_fraction
        known_fraction = np.where(count >= self.options.min_corners, count / np.maximum(total, 1), 0.0)
        ready = (known_fraction > 0) & (known_fraction >= min(min_fraction, known_fraction.max(initial=0.0)))
        observations = observations.select(ready[observations.view_ids])
        bundle = self._guess_poses(bundle, observations, registered)
        bundle = refine_poses(bundle, observations, self.radians_per_pixel, 15)
        fractions = self._inlier_fractions(bundle, observations, self.options.registration_threshold)
        return bundle, ready & (fractions > min_fraction)

    def _guess_poses(self, bundle: Bundle, observations: PointObservations, registered: BoolArray) -> Bundle:
        """Puts the observing views at the position of the nearest registered view, rotated towards the known points."""
        rotations, positions = bundle.rotations.copy(), bundle.positions.copy()
        registered_views = np.flatnonzero(registered)
        for view in np.unique(observations.view_ids):
            nearest = registered_views[np.argmin(np.abs(registered_views - view))]
            in_view = observations.select(observations.view_ids == view)
            points = in_view.point_ids
            offsets = bundle.bearings[points] - bundle.inverse_distances[points, None] * bundle.positions[nearest]
            target, source = rotation.normalize(offsets), _unit_rays(in_view.rays)
            rotations[view] = self._ransac_rotation(target, source, bundle.rotations[nearest].T).T
            positions[view] = bundle.positions[nearest]
        return replace(bundle, rotations=rotations, positions=positions)

    def register_all_frames(
        self, bundle: Bundle, registered: BoolArray, observations: PointObservations
    ) -> CameraTrajectory | None:
        """Registers every frame with enough corners; returns None if too few frames or corners agree.

        Args:
            bundle: poses of the views and points.
            registered: (F,) mask of the registered views.
            observations: corners in all frames.
        """
        used, registered_views = self._triangulable(registered), np.flatnonzero(registered)
        frames = np.arange(self.frame_count)
        nearest = registered_views[np.argmin(np.abs(frames[:, None] - registered_views), axis=1)]
        bundle = replace(bundle, rotations=bundle.rotations[nearest], positions=bundle.positions[nearest])
        observations = _select_points(observations, used)
        bundle = refine_poses(bundle, observations, self.radians_per_pixel, 20)
        options = self.options
        fractions = self._inlier_fractions(bundle, observations, options.inlier_threshold)
        enough = np.bincount(observations.view_ids, minlength=self.frame_count) >= options.min_corners
        good = enough & (fractions > options.min_inlier_fraction)
        if good.mean() < options.min_registered_fraction or fractions[good].mean() < options.min_mean_inlier_fraction:
            return None
        points = _finite_points(bundle, used.point_ids)
        return CameraTrajectory(bundle.rotations, bundle.positions, np.where(good, fractions, 0.0), points)

    def _inlier_fractions(self, bundle: Bundle, observations: PointObservations, threshold: float) -> FloatArray:
        """Returns the fraction (F,) of each frame's observations with a reprojection error below a threshold in px."""
        inliers = _reprojection_errors(bundle, observations, self.radians_per_pixel) < threshold
        count = np.bincount(observations.view_ids, minlength=self.frame_count)
        return np.asarray(np.bincount(observations.view_ids, inliers, self.frame_count) / np.maximum(count, 1))


def _unit_rays(rays: FloatArray) -> FloatArray:
    """Returns unit vectors (N, 3) along rays (N, 2) on the plane z = 1."""
    return rotation.normalize(np.concatenate([rays, np.ones((len(rays), 1))], axis=-1))


def _select_points(observations: PointObservations, used: PointObservations) -> PointObservations:
    """Returns the observations of points that occur in ``used``."""
    return observations.select(np.isin(observations.point_ids, used.point_ids))


def _finite_points(bundle: Bundle, point_ids: IntArray) -> FloatArray:
    """Returns the positions (P, 3) of the listed points; NaN for other points and those beyond MAX_DISTANCE."""
    inverse = bundle.inverse_distances
    finite = np.isin(np.arange(len(inverse)), point_ids) & (inverse * MAX_DISTANCE > 1)
    distance = np.where(finite, 1 / np.maximum(inverse, 1 / MAX_DISTANCE), np.nan)
    return np.asarray(bundle.bearings * distance[:, None])


def _reprojection_errors(bundle: Bundle, observations: PointObservations, radians_per_pixel: float) -> FloatArray:
    """Returns the reprojection errors (N,) in px."""
    return np.asarray(np.linalg.norm(reprojection_residuals(bundle, observations, radians_per_pixel)[1], axis=-1))


def _soft_inlier_count(bundle: Bundle, observations: PointObservations, radians_per_pixel: float) -> float:
    """Returns the sum of the Cauchy weights of the observations: 1 without error, 1/2 at 1 px."""
    residual = reprojection_residuals(bundle, observations, radians_per_pixel)[1]
    return float(np.sum(1 / (1 + np.sum(residual**2, axis=-1))))
