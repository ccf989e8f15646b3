"""Accuracy of hands: the 21 landmarks of each view against those that all views of a camera array agree about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bodydouble.bench.camera_arrays import CameraArray, triangulate
from bodydouble.data import HAND_LANDMARK_COUNT, FloatArray, IntArray, Person
from bodydouble.evaluation.metrics.pose import aligned_errors_mm
from bodydouble.motion.hands.landmark_positions import hand_landmark_positions

SIDES = ("left", "right")
MIN_CONFIDENCE = 0.5
"""Minimum confidence of a landmark that is triangulated."""
MIN_LANDMARKS = 18
"""Minimum number of triangulated landmarks of a hand that is compared."""


@dataclass(frozen=True, slots=True)
class HandErrors:
    """Errors of both hands in one view, over the hands that were observed and have a ground truth."""

    name: str
    hand_count: tuple[int, int]
    """Number of left and right hands that were compared."""
    pa_mpjpe_mm: tuple[float, float]
    """Of the left and the right hand; NaN without one."""


def compare_hands(array: CameraArray, people: Sequence[Person | None]) -> tuple[HandErrors, ...]:
    """Compares the hands of the same person in each view, in order of the cameras, with their triangulation."""
    seen = np.stack(
        [
            _keypoints(person, view.sync_indices, array.time_count)
            for view, person in zip(array.cameras, people, strict=True)
        ]
    )
    truth = triangulate(array.cameras, seen[..., :2], seen[..., 2] >= MIN_CONFIDENCE).points
    return tuple(
        _compare_view(f"{array.name}, {view.name}", person, truth, view.sync_indices)
        for view, person in zip(array.cameras, people, strict=True)
    )


def _keypoints(person: Person | None, sync_indices: IntArray, time_count: int) -> FloatArray:
    """Returns the keypoints (time_count, 2, 21, 3) of the hands of a person; NaN, NaN, 0 where not observed."""
    keypoints = np.full((time_count, 2, HAND_LANDMARK_COUNT, 3), [np.nan, np.nan, 0.0])
    if person is not None and person.hands is not None:
        is_used = person.track.frames < len(sync_indices)
        keypoints[sync_indices[person.track.frames[is_used]]] = person.hands.keypoints[is_used]
    return keypoints


def _compare_view(name: str, person: Person | None, truth: FloatArray, sync_indices: IntArray) -> HandErrors:
    """Compares the hands of one view with true landmarks (time_count, 2, 21, 3)."""
    if person is None or person.hands is None:
        return HandErrors(name, (0, 0), (np.nan, np.nan))
    is_used = person.track.frames < len(sync_indices)
    own_truth = truth[sync_indices[person.track.frames[is_used]]]
    predicted, observed = hand_landmark_positions(person.hands)[is_used], person.hands.observed[is_used]
    is_known = observed & (np.isfinite(own_truth[..., 0]).sum(axis=-1) >= MIN_LANDMARKS)
    errors = [
        _mean(aligned_errors_mm(predicted[is_known[:, i], i], own_truth[is_known[:, i], i])) for i in range(len(SIDES))
    ]
    left_count, right_count = is_known.sum(axis=0).tolist()
    return HandErrors(name, (left_count, right_count), (errors[0], errors[1]))


def _mean(errors: FloatArray) -> float:
    known = errors[np.isfinite(errors)]
    return float(known.mean()) if known.size else float("nan")


def tabulate(errors: Sequence[HandErrors]) -> tuple[list[str], list[list[str]]]:
    """Returns headings and rows of a table."""
    headings = ["view", *(f"{side} hands" for side in SIDES), *(f"{side}, PA-MPJPE, mm" for side in SIDES)]
    return headings, [[e.name, *map(str, e.hand_count), *(f"{mm:.1f}" for mm in e.pa_mpjpe_mm)] for e in errors]


def as_dict(errors: HandErrors) -> dict[str, Any]:
    """Returns all figures, ready for JSON; None where there is no hand."""
    return {
        "name": errors.name,
        "hands": list(errors.hand_count),
        "pa_mpjpe_mm": [mm if np.isfinite(mm) else None for mm in errors.pa_mpjpe_mm],
    }
