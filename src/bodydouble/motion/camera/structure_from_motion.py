"""Where a camera goes while it turns, from the parallax of what it sees: structure from motion for a few seconds."""

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
"""Places farther away, in steps from the first to the second view, are infinitely far away."""


@dataclass(frozen=True, slots=True)
class TrajectoryOptions:
    """When a travel is believed. Lengths are in px of a picture of LONG_SIDE."""

    view_count: int = 20
    """Frames that are fitted together; the others follow from them."""
    max_corners: int = 100
    """The fit needs no more corners of a view than this: those that are in sight for longest."""
    min_parallax: float = 1.5
    """With less, the camera only turns."""
    common_fractions: tuple[float, ...] = (0.8, 0.6, 0.4)
    """Pairs of views that have at least one of these parts of their corners in common may begin the fit."""
    min_corners: int = 10
    """... and as many."""
    min_relative_score: float = 0.9
    """Beginnings that agree with this part of what the best one agrees with are followed up."""
    min_rotation_difference: float = 0.03
    """Rad; beginnings in which the camera turns the same way but for this are one."""
    inlier_threshold: float = 2.0
    """A corner that is as close as this to where it should be agrees ..."""
    registration_threshold: float = 5.0
    """... at the end; while the fit grows this is enough."""
    min_inlier_fraction: float = 0.5
    """A view in which a smaller part agrees is left out."""
    min_registered_fraction: float = 0.5
    """A travel is not believed if a smaller part of the frames is known ..."""
    min_mean_inlier_fraction: float = 0.75
    """... or if a smaller part of what they see agrees."""


@dataclass(frozen=True, slots=True)
class CameraTrajectory:
    """Where a camera is in each of F frames, and P places that it sees. The scale is arbitrary."""

    rotations: FloatArray
    """(F, 3, 3) camera_from_origin: the axes of the camera in some frame."""
    positions: FloatArray
    """(F, 3) in the axes of the origin."""
    inlier_fractions: FloatArray
    """(F,) part of the corners that agree; 0 where turn and position are not known."""
    points: FloatArray
    """(P, 3) in the axes of the origin; NaN where not known or too far away."""


def estimate_trajectory(
    observations: PointObservations,
    frame_count: int,
    radians_per_pixel: float,
    rotation_options: RotationOptions,
    options: TrajectoryOptions,
) -> CameraTrajectory | None:
    """Corners seen by a camera -> where it went, or nothing if that cannot be said.

    Args:
        observations: in F frames (views), ascending.
        frame_count: F.
        radians_per_pixel: rad that one px covers.
        rotation_options: how rotations are found.
        options: when to believe.
    """
    frames = np.unique(np.linspace(0, frame_count - 1, options.view_count).round().astype(int))
    used = _select_most_observed(observations.select(np.isin(observations.view_ids, frames)), options.max_corners)
    fit = _Reconstruction(
        used,
        frames,
        frame_count,
        int(observations.point_ids.max(initial=-1)) + 1,
        radians_per_pixel,
        rotation_options,
        options,
    )
    pair = fit.best_initial_pair()
    if pair is None:
        return None
    reconstructions = [fit.register_views(bundle, pair) for bundle in fit.initialize(pair)]
    bundle, registered = max(reconstructions, key=lambda one: fit.score(*one))
    return fit.register_all_frames(bundle, registered, observations)


def rotation_only_inlier_fraction(
    observations: PointObservations, rotations: FloatArray, radians_per_pixel: float, threshold: float
) -> float:
    """The part of all sightings that is where it should be if the camera only turned.

    Args:
        observations: in F frames (views).
        rotations: (F, 3, 3) camera_from_first.
        radians_per_pixel: rad that one px covers.
        threshold: px.
    """
    rays = np.einsum("nji,nj->ni", rotations[observations.view_ids], _unit_rays(observations.rays))
    total = np.stack([np.bincount(observations.point_ids, column) for column in rays.T], axis=-1).astype(np.float64)
    bundle = Bundle(rotations, np.zeros((len(rotations), 3)), rotation.normalize(total), np.zeros(len(total)))
    return float(
        np.mean(np.linalg.norm(reprojection_residuals(bundle, observations, radians_per_pixel)[1], axis=-1) < threshold)
    )


def _select_most_observed(observations: PointObservations, max_corners: int) -> PointObservations:
    """The places that are among those of some view that are seen most often."""
    order = np.lexsort(
        (-np.bincount(observations.point_ids, minlength=1)[observations.point_ids], observations.view_ids)
    )
    views = observations.view_ids[order]
    rank = np.arange(len(order)) - np.searchsorted(views, views)
    return observations.select(np.isin(observations.point_ids, observations.point_ids[order[rank < max_corners]]))


@dataclass(frozen=True, slots=True)
class _Reconstruction:
    """Grows a bundle from two views to all that can be reached."""

    observations: PointObservations
    views: IntArray
    """The views."""
    frame_count: int
    point_count: int
    radians_per_pixel: float
    rotation_options: RotationOptions
    options: TrajectoryOptions

    def best_initial_pair(self) -> tuple[int, int] | None:
        """The two frames that say most about the travel: much parallax, many corners."""
        visibility = np.zeros((len(self.views), self.point_count))
        visibility[np.searchsorted(self.views, self.observations.view_ids), self.observations.point_ids] = 1
        common = visibility @ visibility.T
        smaller = np.minimum.outer(np.diag(common), np.diag(common))
        best_score, pair = 0.0, None
        for first in range(len(self.views)):
            enough = [
                common[first] >= np.maximum(self.options.min_corners, fraction * smaller[first])
                for fraction in self.options.common_fractions
            ]
            for second in {int(np.flatnonzero(fits)[-1]) for fits in enough if fits[first + 1 :].any()}:
                frames = int(self.views[first]), int(self.views[second])
                parallax = self._parallax(*frames)
                score = parallax * float(np.sqrt(common[first, second]))
                if parallax > self.options.min_parallax and score > best_score:
                    best_score, pair = score, frames
        return pair

    def _parallax(self, first: int, second: int) -> float:
        """px by which a good part of the corners is elsewhere than a rotation would take it."""
        first_rays, second_rays = self._common_rays(first, second)
        first_from_second, _ = self._ransac_rotation(first_rays, second_rays, np.eye(3))
        return (
            float(np.quantile(np.linalg.norm(second_rays @ first_from_second.T - first_rays, axis=-1), 0.7))
            / self.radians_per_pixel
        )

    def _ransac_rotation(
        self, target: FloatArray, source: FloatArray, guess: FloatArray
    ) -> tuple[FloatArray, BoolArray]:
        return ransac_rotation(
            target,
            source,
            cell_weights(source, self.rotation_options.cell_size * self.radians_per_pixel),
            guess,
            self.radians_per_pixel,
            self.rotation_options,
        )

    def _common_rays(self, first: int, second: int) -> tuple[FloatArray, FloatArray]:
        """Unit rays (N, 3) to what two views have in common."""
        in_first, in_second = (
            self.observations.select(self.observations.view_ids == first),
            self.observations.select(self.observations.view_ids == second),
        )
        _, i, j = np.intersect1d(in_first.point_ids, in_second.point_ids, return_indices=True)
        return _unit_rays(in_first.rays[i]), _unit_rays(in_second.rays[j])

    def initialize(self, pair: tuple[int, int]) -> list[Bundle]:
        """What two frames see, in the ways that agree with what the frames between them see."""
        first, second = pair
        registered = np.isin(np.arange(self.frame_count), pair)
        used = self._triangulable(registered)
        scored = []
        for candidate in estimate_relative_poses(*self._common_rays(first, second), self.radians_per_pixel):
            bundle = self._empty_bundle()
            bundle.rotations[second], bundle.positions[second] = candidate.second_from_first, candidate.position
            bundle = bundle_adjust(triangulate(bundle, used), used, np.array([second]), self.radians_per_pixel, 10)
            bundle, new = self._register_next_views(bundle, registered)
            extended = _select_points_of(self.observations.select((registered | new)[self.observations.view_ids]), used)
            bundle = bundle_adjust(
                bundle, extended, np.setdiff1d(np.flatnonzero(registered | new), [first]), self.radians_per_pixel, 10
            )
            scored.append((_robust_inlier_count(bundle, extended, self.radians_per_pixel), bundle))
        scored.sort(key=lambda first: -first[0])
        return self._distinct(
            [bundle for score, bundle in scored if score >= self.options.min_relative_score * scored[0][0]], second
        )

    def _empty_bundle(self) -> Bundle:
        rotations, bearings = (
            np.tile(np.eye(3), (self.frame_count, 1, 1)),
            np.tile([0.0, 0.0, 1.0], (self.point_count, 1)),
        )
        return Bundle(rotations, np.zeros((self.frame_count, 3)), bearings, np.zeros(self.point_count))

    def _distinct(self, bundles: list[Bundle], view: int) -> list[Bundle]:
        """Those in which a view does not look the same way as in one before."""
        kept: list[Bundle] = []
        for bundle in bundles:
            view_rotation = rotation.from_matrix(bundle.rotations[view])
            kept_rotations = [rotation.from_matrix(one.rotations[view]) for one in kept]
            if all(
                rotation.angle_between(view_rotation, one) > self.options.min_rotation_difference
                for one in kept_rotations
            ):
                kept.append(bundle)
        return kept

    def register_views(self, bundle: Bundle, pair: tuple[int, int]) -> tuple[Bundle, BoolArray]:
        """All views that can be reached from a pair, and which (F,) these are."""
        registered = np.isin(np.arange(self.frame_count), pair)
        while True:
            bundle, new = self._register_next_views(bundle, registered)
            registered = registered | new
            used, free = self._triangulable(registered), np.setdiff1d(np.flatnonzero(registered), pair[:1])
            if not new.any():
                return bundle_adjust(bundle, used, free, self.radians_per_pixel, 25), registered
            bundle = bundle_adjust(triangulate(bundle, used), used, free, self.radians_per_pixel, 8)

    def score(self, bundle: Bundle, registered: BoolArray) -> float:
        """How much of what is seen is where it should be."""
        return _robust_inlier_count(bundle, self._triangulable(registered), self.radians_per_pixel)

    def _triangulable(self, registered: BoolArray) -> PointObservations:
        """What the solved views see of places that at least two of them see."""
        observations = self.observations.select(registered[self.observations.view_ids])
        return observations.select(np.bincount(observations.point_ids)[observations.point_ids] > 1)

    def _register_next_views(self, bundle: Bundle, registered: BoolArray) -> tuple[Bundle, BoolArray]:
        """Further views, of which most is known, and which (F,) these are."""
        observations = _select_points_of(
            self.observations.select(~registered[self.observations.view_ids]), self._triangulable(registered)
        )
        count = np.bincount(observations.view_ids, minlength=self.frame_count)
        total = np.bincount(self.observations.view_ids, minlength=self.frame_count)
        known_fraction = np.where(count >= self.options.min_corners, count / np.maximum(total, 1), 0.0)
        ready = (known_fraction > 0) & (
            known_fraction >= min(self.options.min_inlier_fraction, known_fraction.max(initial=0.0))
        )
        observations = observations.select(ready[observations.view_ids])
        bundle = refine_poses(
            self._guess_poses(bundle, observations, registered), observations, self.radians_per_pixel, 15
        )
        return bundle, ready & (
            _inlier_fractions(bundle, observations, self.radians_per_pixel, self.options.registration_threshold)
            > self.options.min_inlier_fraction
        )

    def _guess_poses(self, bundle: Bundle, observations: PointObservations, registered: BoolArray) -> Bundle:
        """Views where the nearest solved one is, turned to see what is known."""
        rotations, positions = bundle.rotations.copy(), bundle.positions.copy()
        registered_views = np.flatnonzero(registered)
        for view in np.unique(observations.view_ids):
            nearest = registered_views[np.argmin(np.abs(registered_views - view))]
            in_view = observations.select(observations.view_ids == view)
            offsets = (
                bundle.bearings[in_view.point_ids]
                - bundle.inverse_distances[in_view.point_ids, None] * bundle.positions[nearest]
            )
            origin_from_view, _ = self._ransac_rotation(
                rotation.normalize(offsets), _unit_rays(in_view.rays), bundle.rotations[nearest].T
            )
            rotations[view], positions[view] = origin_from_view.T, bundle.positions[nearest]
        return replace(bundle, rotations=rotations, positions=positions)

    def register_all_frames(
        self, bundle: Bundle, registered: BoolArray, observations: PointObservations
    ) -> CameraTrajectory | None:
        """The pose of every frame that sees enough, if most do and most of what they see agrees."""
        used, frames, registered_views = (
            self._triangulable(registered),
            np.arange(self.frame_count),
            np.flatnonzero(registered),
        )
        nearest = registered_views[np.argmin(np.abs(frames[:, None] - registered_views), axis=1)]
        bundle = replace(bundle, rotations=bundle.rotations[nearest], positions=bundle.positions[nearest])
        observations = _select_points_of(observations, used)
        bundle = refine_poses(bundle, observations, self.radians_per_pixel, 20)
        inlier_fractions = _inlier_fractions(
            bundle, observations, self.radians_per_pixel, self.options.inlier_threshold
        )
        enough = np.bincount(observations.view_ids, minlength=self.frame_count) >= self.options.min_corners
        good = enough & (inlier_fractions > self.options.min_inlier_fraction)
        if (
            good.mean() < self.options.min_registered_fraction
            or inlier_fractions[good].mean() < self.options.min_mean_inlier_fraction
        ):
            return None
        finite = np.isin(np.arange(len(bundle.inverse_distances)), used.point_ids) & (
            bundle.inverse_distances * MAX_DISTANCE > 1
        )
        distance = np.where(finite, 1 / np.maximum(bundle.inverse_distances, 1 / MAX_DISTANCE), np.nan)
        points = bundle.bearings * distance[:, None]
        return CameraTrajectory(bundle.rotations, bundle.positions, np.where(good, inlier_fractions, 0.0), points)


def _unit_rays(rays: FloatArray) -> FloatArray:
    return rotation.normalize(np.concatenate([rays, np.ones((len(rays), 1))], axis=-1))


def _select_points_of(observations: PointObservations, used: PointObservations) -> PointObservations:
    """Sightings of places that are used."""
    return observations.select(np.isin(observations.point_ids, used.point_ids))


def _robust_inlier_count(bundle: Bundle, observations: PointObservations, radians_per_pixel: float) -> float:
    return float(
        np.sum(1 / (1 + np.sum(reprojection_residuals(bundle, observations, radians_per_pixel)[1] ** 2, axis=-1)))
    )


def _inlier_fractions(
    bundle: Bundle, observations: PointObservations, radians_per_pixel: float, threshold: float
) -> FloatArray:
    """(F,) part of what a view sees that is where it should be."""
    views = len(bundle.rotations)
    inliers = np.linalg.norm(reprojection_residuals(bundle, observations, radians_per_pixel)[1], axis=-1) < threshold
    count = np.bincount(observations.view_ids, minlength=views)
    return np.asarray(np.bincount(observations.view_ids, inliers, views) / np.maximum(count, 1))
