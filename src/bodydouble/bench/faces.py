"""Accuracy of faces on rendered close-ups (``bench faces``): captures -> figures by size of the face and a report."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bodydouble.bench.capture_cache import BenchCapture
from bodydouble.bench.close_up_clips import FaceClip, build_face_scene
from bodydouble.bench.face_errors import (
    BLINKS,
    CLOSED,
    BlinkCounts,
    FaceSamples,
    correlations,
    count_blinks,
    join_samples,
    measure_faces,
)
from bodydouble.bench.report import BenchReport, TableData
from bodydouble.data import FloatArray
from bodydouble.evaluation.html import UNKNOWN
from bodydouble.skeletons.arkit import BLENDSHAPES, INDEX

SIZE_EDGES = (40.0, 60.0, 80.0, 120.0, 200.0, 400.0)
"""Edges in px of the classes of face heights."""
MIN_SIZE = 80.0
"""Minimum height in px of the faces that the goals and the correlations count."""
MIN_CORRELATION = 0.8
"""Goal of the correlations of GOAL_SHAPES."""
GOAL_SHAPES = (
    "jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp", "browDownLeft", "browDownRight", "browOuterUpLeft",
    "browOuterUpRight", "mouthSmileLeft", "mouthSmileRight",
)  # fmt: skip
"""Shapes whose correlation has a goal."""

PREFACE = """# Faces in rendered close-ups

Faces of rendered people against their ground truth. Written by `bodydouble bench faces --markdown FILE`.

{clips} clips of other bodies, 1280 x 720, 30 frames/s, {frames} frames each, at quality `{quality}`. One person stands
before a static camera, turns the head, looks around, blinks and makes faces ([synthetic-data.md](synthetic-data.md)).

- *Size*: height of the face from forehead to chin, as if it faced the camera. Faces that are turned away by more
  than 60 degrees do not count.
- *Correlation*: of the true weight of a shape with the captured one, over all frames with faces of {min_size:.0f} px.
- *Gaze*: mean error of the direction of the eyes relative to the head, with open eyes.
- *Blinks*: recall and precision of closed eyes.
- *Head*: median angle between the true and the captured head in the axes of the camera. The second figure leaves out
  the mean rotation between both in a clip, as a level head is defined differently.
"""


@dataclass(frozen=True, slots=True)
class FaceFigures:
    """Figures of faces of one class of sizes. NaN if there is no such face."""

    frames: int
    found: float
    """Fraction of them in which the face was observed."""
    goal_correlation: float
    """Mean correlation of GOAL_SHAPES."""
    gaze_error_deg: tuple[float, float]
    """To the side and up, mean."""
    gaze_slope: tuple[float, float]
    """Slope of the captured gaze over the true one, to the side and up."""
    blink_recall: float
    blink_precision: float
    head_error_deg: float
    """Median."""
    steady_head_error_deg: float
    """Median without the mean rotation of each clip."""


def measure_clips(captures: Sequence[BenchCapture], clips: Sequence[FaceClip]) -> list[FaceSamples]:
    """Measures the captures of clips."""
    return [
        measure_faces(build_face_scene(spec), captured.performance)
        for captured, spec in zip(captures, clips, strict=True)
    ]


def compute_figures(clips: Sequence[FaceSamples]) -> FaceFigures:
    """Computes the figures of the faces of some clips."""
    samples = facing_samples(clips)
    found = samples.select(samples.is_found)
    is_open = found.select(found.true_weights[:, BLINKS].mean(axis=1) < CLOSED)
    blinks = sum((count_blinks(clip) for clip in clips), BlinkCounts(0, 0, 0, 0))
    known = correlations(samples)[[INDEX[name] for name in GOAL_SHAPES]]
    return FaceFigures(
        frames=len(samples.sizes),
        found=_mean(samples.is_found.astype(np.float64)),
        goal_correlation=_mean(known),
        gaze_error_deg=_pair(np.degrees(np.abs(is_open.gaze - is_open.true_gaze)), _mean),
        gaze_slope=(_slope(is_open, 0), _slope(is_open, 1)),
        blink_recall=blinks.recalled / blinks.true if blinks.true else float("nan"),
        blink_precision=blinks.confirmed / blinks.estimated if blinks.estimated else float("nan"),
        head_error_deg=_median(np.degrees(found.head_errors)),
        steady_head_error_deg=_median(np.degrees(found.steady_head_errors)),
    )


def facing_samples(clips: Sequence[FaceSamples]) -> FaceSamples:
    """Returns the frames of clips in which the face is turned towards the camera."""
    samples = join_samples(clips)
    return samples.select(samples.is_facing)


def _pair(values: FloatArray, statistic: Any) -> tuple[float, float]:
    return float(statistic(values[:, 0])), float(statistic(values[:, 1]))


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _median(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def _slope(samples: FaceSamples, axis: int) -> float:
    true, estimated = samples.true_gaze[:, axis], samples.gaze[:, axis]
    if len(true) < 2:
        return float("nan")
    centered = true - true.mean()
    return float(centered @ (estimated - estimated.mean()) / max(float(centered @ centered), 1e-12))


def figures_by_size(clips: Sequence[FaceSamples]) -> dict[str, FaceFigures]:
    """Returns the figures of each class of sizes, of the mean size of each clip, and of all that count."""
    figures = {}
    for low, high in pairwise(SIZE_EDGES):
        own = [clip for clip in clips if low <= clip.sizes.mean() < high]
        if own:
            name = f"{low:.0f} to {high:.0f} px" if high != SIZE_EDGES[-1] else f"{low:.0f} px and more"
            figures[name] = compute_figures(own)
    counted = [clip for clip in clips if clip.sizes.mean() >= MIN_SIZE]
    return figures | ({f"{MIN_SIZE:.0f} px and more, all": compute_figures(counted)} if counted else {})


def build_report(clips: Sequence[FaceSamples], frame_count: int, quality: str) -> BenchReport:
    """Builds the report of the faces of all clips."""
    figures = figures_by_size(clips)
    counted = [clip for clip in clips if clip.sizes.mean() >= MIN_SIZE] or list(clips)
    known = correlations(facing_samples(counted))
    shapes = {name: float(value) for name, value in zip(BLENDSHAPES, known, strict=True) if np.isfinite(value)}
    return BenchReport(
        "Faces",
        PREFACE.format(clips=len(clips), frames=frame_count, quality=quality, min_size=MIN_SIZE),
        {
            "Correlation of the weights": _shape_table(shapes),
            "By size of the face": _size_table(figures),
        },
        {"correlations": shapes, "sizes": {name: asdict(row) for name, row in figures.items()}},
        f"{len(clips)} clips, {sum(len(clip.sizes) for clip in clips)} frames",
    )


def _shape_table(shapes: Mapping[str, float]) -> TableData:
    ordered = sorted(shapes, key=lambda name: (name not in GOAL_SHAPES, -shapes[name]))
    rows = [
        [name, _format(shapes[name], 2), f"at least {MIN_CORRELATION}" if name in GOAL_SHAPES else ""]
        for name in ordered
    ]
    return ["shape", "correlation", "goal"], rows


def _size_table(figures: Mapping[str, FaceFigures]) -> TableData:
    headings = ["size", "frames", "found, %", "correlation of the goals", "gaze aside, degrees", "gaze up, degrees",
                "slope aside", "slope up", "blink recall, %", "blink precision, %", "head, degrees",
                "head, steady, degrees"]  # fmt: skip
    return headings, [
        [
            name,
            str(row.frames),
            _format(100 * row.found),
            _format(row.goal_correlation, 2),
            *(_format(value) for value in row.gaze_error_deg),
            *(_format(value, 2) for value in row.gaze_slope),
            _format(100 * row.blink_recall, 0),
            _format(100 * row.blink_precision, 0),
            _format(row.head_error_deg),
            _format(row.steady_head_error_deg),
        ]
        for name, row in figures.items()
    ]


def _format(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else UNKNOWN
