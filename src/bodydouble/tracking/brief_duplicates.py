"""Drops brief tracklets that lie on longer ones: ``Tracklet``s of one clip -> those of them that show somebody else.

In a crowd the detector sees parts of two people as a third one for a few frames. Such tracklets have the pose of
nobody, and re-identification would link them to a person who does not exist.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry.similarity import box_iou
from bodydouble.tracking.tracklets import Tracklet

MAX_DURATION = 0.4
"""Maximum duration in s of a brief tracklet."""
MIN_IOU = 0.4
"""Minimum intersection over union of its box and that of a longer tracklet in the same frame."""
MIN_COVERED_FRACTION = 0.5
"""Minimum fraction of its frames in which it lies on a longer tracklet."""


def drop_brief_duplicates(tracklets: Sequence[Tracklet], fps: float) -> list[Tracklet]:
    """Returns the tracklets without the brief ones that lie on longer ones in most frames."""
    is_long = [len(tracklet.frames) > MAX_DURATION * fps for tracklet in tracklets]
    boxes: defaultdict[int, list[FloatArray]] = defaultdict(list)
    for tracklet, is_kept in zip(tracklets, is_long, strict=True):
        for frame, observation in zip(tracklet.frames, tracklet.observations, strict=True):
            if is_kept:
                boxes[frame].append(observation.box)
    return [
        tracklet
        for tracklet, is_kept in zip(tracklets, is_long, strict=True)
        if is_kept or _covered_fraction(tracklet, boxes) < MIN_COVERED_FRACTION
    ]


def _covered_fraction(tracklet: Tracklet, boxes: Mapping[int, Sequence[FloatArray]]) -> float:
    """Returns the fraction of a tracklet's frames in which one of the boxes (4,) px lies on it."""
    covered = [
        any(float(box_iou(observation.box, box)) >= MIN_IOU for box in boxes.get(frame, ()))
        for frame, observation in zip(tracklet.frames, tracklet.observations, strict=True)
    ]
    return float(np.mean(covered))
