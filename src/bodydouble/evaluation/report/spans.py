"""Runs of frames in which a person was hardly seen or not at all."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Track
from bodydouble.evaluation.comparison_page import gaps
from bodydouble.skeletons import blazepose

_PARTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "foot_index")
BODY = tuple(i for i, name in enumerate(blazepose.LANDMARKS) if name.endswith(_PARTS))
"""Landmarks that say where the body is: no face, no fingers."""
SURE = 0.5
"""Confidence from which a keypoint or a pose counts as seen."""
MERGED_SECONDS = 0.2
"""Spans nearer to each other than this are one."""
MOST_SPANS = 6
"""Of one person."""

Rows = tuple[int, int]
"""First row of a run, and the row after its last."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of frames with little confidence."""

    first: int
    """Source frame index."""
    last: int
    """Source frame index."""
    least: int
    """Source frame index of the least confidence."""
    confidence: float
    """Mean over the span, 0 to 1; frames that were not observed have 0."""
    observed: float
    """Share of its frames in which the person was observed."""


def runs(chosen: BoolArray) -> list[Rows]:
    """The runs of True in an array (T,)."""
    edges = gaps(np.arange(len(chosen)), ~chosen)
    return [(round(start + 0.5), round(end + 0.5)) for start, end in edges]


def body_confidence(track: Track) -> FloatArray:
    """Mean confidence (T,) of the body's keypoints; 0 where the person was not observed."""
    return np.where(track.observed, track.keypoints[:, BODY, 2].mean(axis=1), 0.0)


def low_confidence_spans(track: Track, fps: Fraction, most: int = MOST_SPANS) -> tuple[Span, ...]:
    """Where the mean confidence is below SURE or the person was not observed.

    Args:
        track: the person in the picture.
        fps: frames per second.
        most: spans to keep.

    Returns:
        The worst first: those that lack the most confidence, summed over their frames.
    """
    confidence = body_confidence(track)
    merged = _merged(runs(confidence < SURE), float(fps) * MERGED_SECONDS)
    lack = np.maximum(SURE - confidence, 0.0)
    worst = sorted(merged, key=lambda rows: -lack[slice(*rows)].sum())[:most]
    return tuple(_span(track, confidence, *rows) for rows in worst)


def _merged(ordered: list[Rows], longest_gap: float) -> list[Rows]:
    merged: list[Rows] = []
    for start, end in ordered:
        if merged and start - merged[-1][1] <= longest_gap:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _span(track: Track, confidence: FloatArray, start: int, end: int) -> Span:
    part = confidence[start:end]
    # Of frames alike, such as those of a gap, the middle one.
    from_middle = np.abs(np.arange(len(part)) - len(part) // 2)
    least = np.lexsort((from_middle, part))[0]
    return Span(
        first=int(track.frames[start]),
        last=int(track.frames[end - 1]),
        least=int(track.frames[start + least]),
        confidence=float(part.mean()),
        observed=float(track.observed[start:end].mean()),
    )
