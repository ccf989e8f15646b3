"""Annotated windows: captured performances with annotations beside them -> `UnlabelledWindow`s with exact points."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, Performance, Person
from bodydouble.data.annotations import Annotations
from bodydouble.errors import FormatError, NoPeopleError
from bodydouble.formats import performance as performance_files
from bodydouble.motion.annotations.annotated_track import AnnotatedTrack, interpolate_annotations
from bodydouble.motion.annotations.apply import check_annotations
from bodydouble.pipeline import PERFORMANCE_FILE
from bodydouble.pipeline.annotating import ANNOTATIONS_ENDING, ANNOTATIONS_FILE, load_annotations
from bodydouble.training.detections import FPS, WINDOW_FRAMES
from bodydouble.training.unlabelled import ExactPixels, UnlabelledWindow, windows_from_track

HIDDEN_WEIGHT, INTERPOLATED_WEIGHT = 0.5, 0.5
"""Factors of the weight of occluded landmarks, and of those between keyed frames; visible and keyed ones have 1."""


def load_annotated_windows(paths: Sequence[Path]) -> list[UnlabelledWindow]:
    """Loads the windows around annotated frames of performances.

    Args:
        paths: performance.npz files with annotations beside them, or folders that contain such pairs at any depth. The
            performances are the automatic ones.

    Raises:
        FormatError: a file is malformed, or there are no annotations.
        InvalidDataError: annotations do not fit their performance.
        NoPeopleError: an annotated person is not visible for the length of a window.
    """
    return [window for path in paths for file in _list_performances(path) for window in _load_windows(file)]


def _list_performances(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = []
    for file in sorted(path.rglob(f"*{ANNOTATIONS_FILE}")):
        stem = file.name.removesuffix(ANNOTATIONS_ENDING)
        performance = file.with_name(PERFORMANCE_FILE if file.name == ANNOTATIONS_FILE else f"{stem}.npz")
        if performance.is_file():
            found.append(performance)
    if not found:
        raise FormatError(f"{path} contains no {PERFORMANCE_FILE} with {ANNOTATIONS_FILE} beside it")
    return found


def _load_windows(path: Path) -> list[UnlabelledWindow]:
    performance, annotations = performance_files.load(path), load_annotations(path)
    if performance.corrections or performance.annotations.keypoints:
        raise FormatError(f"{path} is corrected already; training needs the automatic performance")
    check_annotations(performance, annotations)
    windows = list(_windows_of_performance(performance, annotations))
    if not windows:
        raise NoPeopleError(
            f"nobody annotated in {path} is visible for {float(WINDOW_FRAMES / FPS):.1f} s without interruption; "
            "leave it out or annotate a longer clip"
        )
    return windows


def _windows_of_performance(performance: Performance, annotations: Annotations) -> Iterator[UnlabelledWindow]:
    fps = float(performance.fps)
    for person in performance.people:
        keypoints = annotations.of_person(person.name)
        if keypoints:
            annotated = interpolate_annotations(keypoints, person.track.frames, fps, performance.shot_starts)
            yield from windows_of_person(person, annotated, performance.camera.intrinsics, fps)


def windows_of_person(
    person: Person, annotated: AnnotatedTrack, intrinsics: FloatArray, fps: float
) -> list[UnlabelledWindow]:
    """Returns the windows of a person that contain annotated points; absent landmarks have no confidence in them."""
    keypoints = person.track.keypoints.copy()
    keypoints[annotated.is_absent, 2] = 0.0
    exact = ExactPixels(annotated.pixels, _weigh(annotated))
    windows = windows_from_track(replace(person.track, keypoints=keypoints), intrinsics, fps, exact)
    return [window for window in windows if window.exactness.any()]


def _weigh(annotated: AnnotatedTrack) -> FloatArray:
    """Returns the weights (T, 33) of annotated landmarks by their state; 0 where no place is annotated."""
    hidden = np.where(annotated.is_hidden, HIDDEN_WEIGHT, 1.0)
    weights = hidden * np.where(annotated.is_keyed, 1.0, INTERPOLATED_WEIGHT)
    return np.where(annotated.is_placed, weights, 0.0)
