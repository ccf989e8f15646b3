"""Regions of interest around hands: from the landmarks of the body, from those of the hand, from a detected palm.

The middle finger points up in a region. Its size is that which the networks were trained with.

Source: the graphs of MediaPipe Holistic, Grishchenko and Bazarevsky (2020), whose factors these are.
"""

import numpy as np

from bodydouble.data import FloatArray, Observation
from bodydouble.perception.protocols import RotatedRoi
from bodydouble.skeletons import blazepose, hand

SIDES = ("left", "right")
HAND_LENGTH = 0.18
"""Length of a hand, m, of the adult whose size BlazePose's 3D landmarks have."""
BODY_SIDE_FACTOR = 5.4
"""Side of the region from the body, in distances from the wrist to the middle of the first joints of the fingers."""
MIN_BODY_SIDE, MAX_BODY_SIDE = 1.6, 3.2
"""Minimum and maximum side of the region from the body, in lengths of a hand."""
BODY_SHIFT = 0.1
"""Shift of the region from the body towards the fingertips, in its sides."""
RECROP_SHIFT = 0.1
"""Shift of the region that the region network finds towards the fingertips, in its sides."""
LANDMARK_SIDE_FACTOR, LANDMARK_SHIFT = 2.0, 0.1
"""Side and shift of the region from the landmarks of the hand, in longer sides of the box around its palm."""
PALM_SIDE_FACTOR, PALM_SHIFT = 2.6, 0.5
"""Side and shift of the region from a detected palm, in sides of its box."""
MIN_SIDE = 4.0
"""Minimum side of a region, px."""

_PALM_LANDMARKS = [i for i, name in enumerate(hand.LANDMARKS) if not name.endswith(("tip", "dip"))]
_KNUCKLES = [hand.INDEX[f"{finger}_mcp"] for finger in ("index", "middle", "middle", "ring")]


def body_scale(person: Observation) -> float:
    """Returns the size of a person in the image, px per m of the 3D landmarks; 0 if that is unknown."""
    weights = person.keypoints[:, 2:]
    if not weights.sum() > 0 or not np.isfinite(person.landmarks_3d).all():
        return 0.0
    image, space = (
        points - (weights * points).sum(axis=0) / weights.sum()
        for points in (person.keypoints[:, :2], person.landmarks_3d[:, :2])
    )
    return float(np.sqrt((weights * image**2).sum() / max((weights * space**2).sum(), 1e-9)))


def roi_from_body(person: Observation, side: str) -> RotatedRoi:
    """Returns the region of the left or right hand of a person; the landmarks of the hand on the body are inexact."""
    wrist, index, pinky = (
        person.keypoints[blazepose.INDEX[f"{side}_{part}"], :2] for part in ("wrist", "index", "pinky")
    )
    knuckles = (2 * index + pinky) / 3
    length = HAND_LENGTH * body_scale(person)
    reach = BODY_SIDE_FACTOR * float(np.hypot(*(knuckles - wrist)))
    roi_side = float(np.clip(reach, MIN_BODY_SIDE * length, MAX_BODY_SIDE * length))
    return _roi_towards(knuckles, knuckles - wrist, roi_side, BODY_SHIFT)


def roi_from_alignment_points(points: FloatArray) -> RotatedRoi:
    """Returns the region with a middle and the middle of its lower side (2, 2) px."""
    up = points[0] - points[1]
    return _roi_towards(points[0], up, 2 * float(np.hypot(*up)), RECROP_SHIFT)


def roi_from_landmarks(points: FloatArray) -> RotatedRoi:
    """Returns the region of the hand with landmarks (21, 2) px."""
    up = points[_KNUCKLES].mean(axis=0) - points[0]
    return _roi_around(points[_PALM_LANDMARKS], up, LANDMARK_SIDE_FACTOR, LANDMARK_SHIFT)


def roi_from_palm(box: FloatArray, wrist: FloatArray, middle_knuckle: FloatArray) -> RotatedRoi:
    """Returns the region of the hand whose palm has a box (4,) and two joints (2,), px."""
    center, side = (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max())
    return _roi_towards(center, middle_knuckle - wrist, PALM_SIDE_FACTOR * side, PALM_SHIFT / PALM_SIDE_FACTOR)


def overlap(a: RotatedRoi, b: RotatedRoi) -> float:
    """Returns how well two regions agree, 0 to 1: their intersection over union if they had the same angle."""
    offset = np.abs(a.center - b.center)
    common = np.clip((a.side + b.side) / 2 - offset, 0.0, min(a.side, b.side)).prod()
    return float(common / (a.side**2 + b.side**2 - common))


def angle_between(a: RotatedRoi, b: RotatedRoi) -> float:
    """Returns the angle between the upward directions of two regions, rad, 0 to pi."""
    return float(abs((a.angle - b.angle + np.pi) % (2 * np.pi) - np.pi))


def _roi_around(points: FloatArray, up: FloatArray, side_factor: float, shift: float) -> RotatedRoi:
    """Returns the region around the box of points (N, 2) px in which a direction (2,) points up."""
    upright = RotatedRoi(np.zeros(2), 1.0, float(np.arctan2(up[0], -up[1])))
    rotated = points @ upright.axes
    low, high = rotated.min(axis=0), rotated.max(axis=0)
    side = float((high - low).max())
    return _roi_towards(upright.axes @ ((low + high) / 2), up, side_factor * side, shift / side_factor)


def _roi_towards(center: FloatArray, up: FloatArray, side: float, shift: float) -> RotatedRoi:
    """Returns the region of a side, px, around a point (2,) that is shifted in the upward direction, in sides."""
    side = max(side, MIN_SIDE)
    length = max(float(np.hypot(*up)), 1e-9)
    return RotatedRoi(center + shift * side * up / length, side, float(np.arctan2(up[0], -up[1])))
