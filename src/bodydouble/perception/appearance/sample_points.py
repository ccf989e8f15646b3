"""Points of an image at which the colours of a person are sampled: landmarks (33, 3) -> px, well inside the body.

Lengths on the body are in m of an adult; ``body_scale`` gives the px per metre.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.data.appearance import FACE_GRID, SEGMENT_POINTS, TORSO_GRID
from bodydouble.skeletons import blazepose

MIN_CONFIDENCE = 0.5
"""Minimum confidence of the landmarks at both ends of a segment."""
MIN_SEGMENT_SHARE = 0.35
"""Minimum length of a segment in the image, as a share of its length across the view."""
ACROSS = np.array([-0.3, 0.0, 0.3])
"""Distances from the middle of a segment at which it is sampled, in half widths of the segment."""
MIN_LEG_GAP = 0.06
"""Minimum distance in m between the edges of two legs for a sample between them."""
ARM_RADIUS = 0.055
"""Distance in m from the middle of an arm within which it hides the torso."""
SHOULDER_BREADTH = 0.32
"""Distance of the shoulders across the view, m."""
TRUNK_ROWS, TRUNK_MARGIN, TRUNK_RADIUS = (0.15, 1.0), 0.02, 0.08
"""Range of rows of the trunk from shoulders to hips, its margin, and its half depth seen from the side, m."""
FACE_ROWS = (0.25, 0.75)
"""Range of the face grid, from the eyes (0) to the mouth (1)."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """Segment of a limb of an adult."""

    start: str
    end: str
    length: float
    """m."""
    radius: float
    """Half width, m."""


_SEGMENTS = (
    _Segment("shoulder", "elbow", 0.265, 0.045),
    _Segment("elbow", "wrist", 0.237, 0.035),
    _Segment("hip", "knee", 0.405, 0.075),
    _Segment("knee", "ankle", 0.419, 0.05),
)
_SIDES = ("left", "right")
_ENDS = np.array(
    [[[blazepose.INDEX[f"{side}_{end}"] for end in (s.start, s.end)] for side in _SIDES] for s in _SEGMENTS]
)
"""(4, 2, 2) landmarks: segment, side, start and end."""
_LENGTHS = np.array([s.length for s in _SEGMENTS])[:, None]
_RADII = np.array([s.radius for s in _SEGMENTS])[:, None]
_ALONG = (np.arange(SEGMENT_POINTS) + 0.5) / SEGMENT_POINTS
_SHOULDERS, _HIPS, _ANKLES, _TOES, _WRISTS, _FINGERS = (
    [blazepose.INDEX[f"{side}_{name}"] for side in _SIDES]
    for name in ("shoulder", "hip", "ankle", "foot_index", "wrist", "index")
)
_EYES = [blazepose.INDEX[f"{side}_eye_outer"] for side in _SIDES]
_MOUTH = [blazepose.INDEX[f"mouth_{side}"] for side in _SIDES]
_SIZES = (
    (_SHOULDERS[0], _SHOULDERS[1], SHOULDER_BREADTH),
    (_HIPS[0], _HIPS[1], 0.21),
    (_SHOULDERS[0], _HIPS[0], 0.52),
    (_SHOULDERS[1], _HIPS[1], 0.52),
)
"""Pairs of landmarks of the trunk and their distance in m."""


@dataclass(frozen=True, slots=True)
class SamplePoints:
    """Points at which a person is sampled, px; NaN where the image does not show that part of the person."""

    limbs: FloatArray
    """(4, 2, 8, 3, 2) segment, side, along, across."""
    arms_over_trunk: BoolArray
    """(2, 2, 8) points of arms, segment and side, that lie over the trunk."""
    between_legs: FloatArray
    """(2, 8, 2)."""
    beside_legs: FloatArray
    """(2, 2, 8, 2)."""
    torso: FloatArray
    """(10, 8, 2)."""
    feet: FloatArray
    """(2, 3, 2) side, along."""
    hands: FloatArray
    """(2, 3, 2) side, along."""
    face: FloatArray
    """(5, 6, 2)."""


def body_scale(keypoints: FloatArray) -> float:
    """Returns the px per metre of an adult, from the least foreshortened parts of trunk and limbs."""
    points, certain = keypoints[:, :2], keypoints[:, 2] >= MIN_CONFIDENCE
    limbs = np.linalg.norm(points[_ENDS[..., 1]] - points[_ENDS[..., 0]], axis=-1) / _LENGTHS
    limbs = np.where(certain[_ENDS].all(axis=-1), limbs, 0.0)
    trunk = [float(np.linalg.norm(points[a] - points[b])) / size for a, b, size in _SIZES if certain[[a, b]].all()]
    scales = np.sort([*limbs.ravel(), *trunk])
    return float(scales[-2])


def place_sample_points(keypoints: FloatArray, scale: float) -> SamplePoints:
    """Places the points.

    Args:
        keypoints: (33, 3) x px, y px, confidence.
        scale: px per metre.
    """
    points, certain = keypoints[:, :2], keypoints[:, 2] >= MIN_CONFIDENCE
    start, end = points[_ENDS[..., 0]], points[_ENDS[..., 1]]
    direction = end - start
    length = np.linalg.norm(direction, axis=-1)
    is_shown = certain[_ENDS].all(axis=-1) & (length >= MIN_SEGMENT_SHARE * scale * _LENGTHS)
    middle = start[:, :, None] + _ALONG[:, None] * direction[:, :, None]
    middle = np.where(is_shown[..., None, None], middle, np.nan)
    across = _normal(direction) * (scale * _RADII)[..., None]
    limbs = middle[:, :, :, None] + ACROSS[:, None] * across[:, :, None, None]
    between, beside = _place_beside_legs(middle[2:], scale)
    torso = _place_torso(points, certain)
    torso[_is_near(torso, middle[:2], ARM_RADIUS * scale)] = np.nan
    hands = _place_along(points, certain, _WRISTS, _FINGERS, (0.35, 0.5, 0.65))
    feet = _place_along(points, certain, _ANKLES, _TOES, (0.5, 0.65, 0.8))
    over_trunk = _is_over_trunk(middle[:2], points, scale)
    return SamplePoints(limbs, over_trunk, between, beside, torso, feet, hands, _place_face(points, certain))


def _normal(direction: FloatArray) -> FloatArray:
    """Returns unit vectors (..., 2) at right angles to vectors (..., 2)."""
    length = np.linalg.norm(direction, axis=-1, keepdims=True)
    return np.asarray(direction[..., ::-1] * [-1.0, 1.0] / np.maximum(length, 1e-9))


def _place_beside_legs(legs: FloatArray, scale: float) -> tuple[FloatArray, FloatArray]:
    """Places points between and beside the legs.

    Args:
        legs: (2, 2, 8, 2) middle of thighs and shins, left and right.
        scale: px per metre.
    """
    left, right = legs[:, 0], legs[:, 1]
    gap = left - right
    distance = np.linalg.norm(gap, axis=-1, keepdims=True)
    widths = 2 * scale * _RADII[2:][..., None]
    between = np.where(distance - widths >= MIN_LEG_GAP * scale, (left + right) / 2, np.nan)
    outward = np.where(gap[..., :1] < 0, -1.0, 1.0) * [1.0, 0.0] * 1.8 * widths
    return between, np.stack([left + outward, right - outward])


def _place_torso(points: FloatArray, certain: BoolArray) -> FloatArray:
    """Places a grid (10, 8, 2) between shoulders and hips, inside the outline."""
    rows, columns = TORSO_GRID
    along, across = np.linspace(0.08, 0.92, rows)[:, None, None], np.linspace(0.12, 0.88, columns)[:, None]
    top = points[_SHOULDERS[1]] + across * (points[_SHOULDERS[0]] - points[_SHOULDERS[1]])
    bottom = points[_HIPS[1]] + across * (points[_HIPS[0]] - points[_HIPS[1]])
    grid = top + along * (bottom - top)
    return np.asarray(grid if certain[[*_SHOULDERS, *_HIPS]].all() else np.full_like(grid, np.nan))


def _is_near(points: FloatArray, lines: FloatArray, distance: float) -> BoolArray:
    """Returns whether points (..., 2) are near one of other points (..., 2), which may be NaN."""
    others = lines.reshape(-1, 2)
    others = others[np.isfinite(others).all(axis=1)]
    if not len(others):
        return np.zeros(points.shape[:-1], dtype=bool)
    return np.asarray((np.linalg.norm(points[..., None, :] - others, axis=-1) < distance).any(axis=-1))


def _is_over_trunk(arms: FloatArray, points: FloatArray, scale: float) -> BoolArray:
    """Returns whether points (..., 2) lie over the trunk, which is as deep as broad from the side."""
    shoulders, hips = points[_SHOULDERS], points[_HIPS]
    turned = 1.0 - float(np.linalg.norm(shoulders[0] - shoulders[1])) / (SHOULDER_BREADTH * scale)
    radius = (TRUNK_MARGIN + TRUNK_RADIUS * max(turned, 0.0)) * scale
    across, along = np.linspace(0.0, 1.0, 7)[:, None], np.linspace(*TRUNK_ROWS, 9)[:, None, None]
    top, bottom = shoulders[0] + across * (shoulders[1] - shoulders[0]), hips[0] + across * (hips[1] - hips[0])
    return _is_near(arms, top + along * (bottom - top), radius)


def _place_along(
    points: FloatArray, certain: BoolArray, starts: list[int], ends: list[int], along: tuple[float, ...]
) -> FloatArray:
    """Places points (2, N, 2) at shares of the way from a landmark to another on both sides."""
    placed = points[starts][:, None] + np.array(along)[:, None] * (points[ends] - points[starts])[:, None]
    return np.where((certain[starts] & certain[ends])[:, None, None], placed, np.nan)


def _place_face(points: FloatArray, certain: BoolArray) -> FloatArray:
    """Places a grid (5, 6, 2) between eyes and mouth; NaN if the face would be mirrored, as from behind."""
    rows, columns = FACE_GRID
    down, across = np.linspace(*FACE_ROWS, rows)[:, None, None], np.linspace(0.1, 0.9, columns)[:, None]
    eyes = points[_EYES[1]] + across * (points[_EYES[0]] - points[_EYES[1]])
    mouth = points[_MOUTH].mean(axis=0) + (eyes - eyes.mean(axis=0)) * 0.9
    grid = eyes + down * (mouth - eyes)
    gaze, fall = points[_EYES[0]] - points[_EYES[1]], points[_MOUTH].mean(axis=0) - points[_EYES].mean(axis=0)
    is_front = gaze[0] * fall[1] - gaze[1] * fall[0] > 0
    return np.asarray(grid if is_front and certain[_EYES].all() else np.full_like(grid, np.nan))
