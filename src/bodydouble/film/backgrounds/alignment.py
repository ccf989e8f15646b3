"""Alignment of the frames of a shot: tracked corners of the background -> one homography per frame onto a plate.

The plate has the pixels of one frame of the shot, the reference, and extends beyond it. Corners get a place on the
plate from the first frames that show them, and every further frame is fitted to the corners whose place is known.

Source: R. Szeliski, "Image alignment and stitching: a tutorial" (2006).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from bodydouble.data import Background, BoolArray, FloatArray, IntArray

MAX_STATIC_MOTION = 0.0008
"""Maximum movement of the background in a static shot, in image widths."""
MAX_UNCERTAIN_MOTION = 0.003
"""The same if the camera is known to stand still."""
INLIER_DISTANCE = 0.0015
"""Maximum distance of an inlier from its place, in image widths."""
MIN_HOMOGRAPHY_CORNERS = 24
"""Minimum number of corners for a homography; a similarity is fitted to fewer."""
MIN_SIMILARITY_CORNERS = 4
"""Minimum number of corners for a similarity; with fewer, the frame is placed like the one before."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Places of the N frames of a shot on its plate."""

    plate_from_frame: FloatArray
    """(N, 3, 3) homographies, px."""
    inlier_fraction: FloatArray
    """(N,) fraction of the corners that fit the homography; low where near and far things move differently."""


def is_static(background: Background, start: int, stop: int, width: int, *, stands_still: bool) -> bool:
    """Returns whether the background stands still from frame ``start`` to ``stop``, within the error of tracking.

    Args:
        background: tracked corners, px of the frames.
        start: first frame of the shot.
        stop: frame after its last one.
        width: of the frames, px.
        stands_still: whether the camera is known to stand still; unknown people may have moved some corners then.
    """
    rows = slice(*np.searchsorted(background.frames, [start, stop]))
    frames, points = background.frames[rows], background.points[rows]
    if not len(frames):
        return True
    _, ids = np.unique(background.corner_ids[rows], return_inverse=True)
    distance = np.linalg.norm(points - _group_medians(points, ids)[ids], axis=1)
    per_frame = _group_medians(distance[:, None], frames - start, stop - start)[:, 0]
    max_motion = MAX_UNCERTAIN_MOTION if stands_still else MAX_STATIC_MOTION
    return bool(np.nanquantile(per_frame, 0.95) < max_motion * width)


def _group_medians(values: FloatArray, groups: IntArray, count: int | None = None) -> FloatArray:
    """Returns the medians (G, D) of the values (N, D) of each group (N,); NaN for groups without values."""
    count = int(groups.max()) + 1 if count is None else count
    medians = np.full((count, values.shape[1]), np.nan)
    order = np.argsort(groups, kind="stable")
    bounds = np.searchsorted(groups[order], np.arange(count + 1))
    for group in np.flatnonzero(np.diff(bounds)):
        medians[group] = np.median(values[order[bounds[group] : bounds[group + 1]]], axis=0)
    return medians


def align_frames(background: Background, start: int, stop: int, width: int) -> Alignment:
    """Aligns the frames from ``start`` to ``stop``; the middle one is the reference.

    Args:
        background: tracked corners, px of the frames.
        start: first frame of the shot.
        stop: frame after its last one.
        width: of the frames, px.
    """
    rows = slice(*np.searchsorted(background.frames, [start, stop]))
    _, ids = np.unique(background.corner_ids[rows], return_inverse=True)
    frames, points = background.frames[rows] - start, background.points[rows].astype(np.float64)
    bounds = np.searchsorted(frames, np.arange(stop - start + 1))
    places = np.full((int(ids.max(initial=-1)) + 1, 2), np.nan)
    homographies = np.tile(np.eye(3), (stop - start, 1, 1))
    for frame in range(stop - start):
        seen = slice(bounds[frame], bounds[frame + 1])
        previous = homographies[max(frame - 1, 0)]
        homographies[frame], _ = _fit(points[seen], places[ids[seen]], previous, INLIER_DISTANCE * width)
        new = np.isnan(places[ids[seen], 0])
        places[ids[seen][new]] = _apply(homographies[frame], points[seen][new])
    refitted, fractions = _refit(points, ids, bounds, homographies, INLIER_DISTANCE * width)
    reference = np.linalg.inv(refitted[len(refitted) // 2])
    return Alignment(_normalize(reference @ refitted), fractions)


def _refit(
    points: FloatArray, ids: IntArray, bounds: IntArray, homographies: FloatArray, max_distance: float
) -> tuple[FloatArray, FloatArray]:
    """Fits all frames again, to the median place of every corner over all frames that show it."""
    counts = np.diff(bounds)
    frames = np.repeat(np.arange(len(counts)), counts)
    mapped = np.concatenate(
        [np.empty((0, 2)), *(_apply(homographies[i], points[frames == i]) for i in range(len(counts)) if counts[i])]
    )
    places = _group_medians(mapped, ids) if len(ids) else np.empty((0, 2))
    fitted, inlier_fraction = homographies.copy(), np.ones(len(counts))
    for frame in range(len(counts)):
        seen = slice(bounds[frame], bounds[frame + 1])
        fitted[frame], inliers = _fit(points[seen], places[ids[seen]], homographies[frame], max_distance)
        inlier_fraction[frame] = inliers.mean() if len(inliers) else 1.0
    return fitted, inlier_fraction


def _fit(
    points: FloatArray, places: FloatArray, fallback: FloatArray, max_distance: float
) -> tuple[FloatArray, BoolArray]:
    """Fits the homography from points (N, 2) to places (N, 2), of which those with NaN do not count.

    Returns:
        The homography (3, 3), and which of the points with a place fit it.
    """
    known = np.isfinite(places).all(axis=1)
    source, target = points[known], places[known]
    fitted, inliers = None, None
    if len(source) >= MIN_HOMOGRAPHY_CORNERS:
        fitted, inliers = cv2.findHomography(source, target, cv2.RANSAC, max_distance, maxIters=500)
    elif len(source) >= MIN_SIMILARITY_CORNERS:
        affine, inliers = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=max_distance)
        fitted = None if affine is None else np.vstack([affine, [0.0, 0.0, 1.0]])
    if fitted is None or inliers is None or not np.isfinite(fitted).all():
        return fallback, np.zeros(0, dtype=bool)
    return np.asarray(fitted, np.float64), np.asarray(inliers).ravel() > 0


def _apply(homography: FloatArray, points: FloatArray) -> FloatArray:
    """Maps points (N, 2) by a homography (3, 3)."""
    mapped = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ homography.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def _normalize(homographies: FloatArray) -> FloatArray:
    return np.asarray(homographies / homographies[..., 2:, 2:])
