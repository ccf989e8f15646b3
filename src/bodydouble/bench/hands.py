"""Accuracy of hands on rendered close-ups (``bench hands``): captures -> figures by size of the hand and a report."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bodydouble.bench.capture_cache import BenchCapture
from bodydouble.bench.close_up_clips import HandClip, build_hands_scene
from bodydouble.bench.hand_errors import HandSamples, join_samples, locate_in_true_regions, measure_hands
from bodydouble.bench.report import BenchReport, TableData
from bodydouble.data import FloatArray
from bodydouble.evaluation.html import UNKNOWN
from bodydouble.pipeline import Progress

SIZE_EDGES = (40.0, 60.0, 100.0, 250.0)
"""Edges in px of the classes of hand sizes."""
MIN_SIZE = SIZE_EDGES[0]
"""Minimum size in px of a hand that counts."""

PREFACE = """# Hands in rendered close-ups

Fingers of rendered people against their ground truth. Written by `bodydouble bench hands --markdown FILE`.

{clips} clips of other bodies, 1280 x 720, 30 frames/s, {frames} frames each, at quality `{quality}`. One person stands
before a static camera, holds both hands up and gestures ([synthetic-data.md](synthetic-data.md)).

- *Size*: length of the hand from the wrist to the tip of the middle finger, as if it faced the camera.
- *Found*: hands that nothing hides and that were observed within half a length of their true place.
- *Exchanged*: hands that were observed at the place of the other one.
- *Fingertips*: distance from the truth after the wrists are aligned, in the axes of the camera, median. Hands are
  scaled to the true length of the palm, by one factor per clip.
- *Bends*: mean error of the angles between the bones of each finger, at three joints.
- *Network alone*: the landmark network's own 3D landmarks in the true region, scaled in each frame.
- *Jitter*: root mean square of the second differences of the fingertips where the true hand is still.
"""


@dataclass(frozen=True, slots=True)
class HandFigures:
    """Figures of hands of one class of sizes. NaN if there is no such hand."""

    hands: int
    """Number of visible hands in all frames."""
    found: float
    """Fraction of them."""
    exchanged: int
    tip_error_mm: float
    """Median."""
    network_tip_error_mm: float
    """Median of the network alone, over the same hands."""
    bend_error_deg: float
    """Mean."""
    network_bend_error_deg: float
    jitter_mm: float
    """Root mean square."""


def measure_clips(captures: Sequence[BenchCapture], clips: Sequence[HandClip], progress: Progress) -> HandSamples:
    """Measures the captures of clips.

    Raises:
        MediaError: a video cannot be read.
    """
    samples = []
    with progress.stage("landmark network", len(captures)):
        for captured, spec in progress.track(list(zip(captures, clips, strict=True))):
            scene = build_hands_scene(spec)
            network = locate_in_true_regions(captured.clip.video, scene)
            samples.append(measure_hands(scene, captured.performance, network))
    return join_samples(samples)


def compute_figures(samples: HandSamples) -> HandFigures:
    """Computes the figures of hands; those that something hides do not count."""
    visible = samples.select(samples.is_visible & (samples.sizes >= MIN_SIZE))
    found = visible.select(visible.is_found)
    return HandFigures(
        hands=len(visible.sizes),
        found=float(visible.is_found.mean()) if len(visible.sizes) else float("nan"),
        exchanged=int(visible.is_exchanged.sum()),
        tip_error_mm=1000 * _known(np.median, found.tip_errors),
        network_tip_error_mm=1000 * _known(np.median, found.network_tip_errors),
        bend_error_deg=float(np.degrees(_known(np.mean, found.bend_errors))),
        network_bend_error_deg=float(np.degrees(_known(np.mean, found.network_bend_errors))),
        jitter_mm=1000 * float(np.sqrt(_known(np.mean, found.jitter**2))),
    )


def _known(statistic: Callable[[FloatArray], Any], values: FloatArray) -> float:
    """Returns a statistic of the values that are known; NaN without any."""
    finite = values[np.isfinite(values)]
    return float(statistic(finite)) if finite.size else float("nan")


def figures_by_size(samples: HandSamples) -> dict[str, HandFigures]:
    """Returns the figures of each class of sizes and of all hands."""
    figures = {}
    for low, high in pairwise(SIZE_EDGES):
        name = f"{low:.0f} to {high:.0f} px" if high != SIZE_EDGES[-1] else f"{low:.0f} px and more"
        figures[name] = compute_figures(samples.select((samples.sizes >= low) & (samples.sizes < high)))
    return figures | {"all": compute_figures(samples)}


def build_report(samples: HandSamples, clip_count: int, frame_count: int, quality: str) -> BenchReport:
    """Builds the report of the hands of all clips."""
    figures = figures_by_size(samples)
    return BenchReport(
        "Hands",
        PREFACE.format(clips=clip_count, frames=frame_count, quality=quality),
        {"Goals": _goal_table(figures["all"]), "By size of the hand": _size_table(figures)},
        {name: asdict(row) for name, row in figures.items()},
        f"{clip_count} clips, {figures['all'].hands} visible hands",
    )


def _goal_table(figures: HandFigures) -> TableData:
    rows = [
        ("fingertips, wrist aligned, median, mm", _format(figures.tip_error_mm), "at most 12"),
        ("the same, network alone", _format(figures.network_tip_error_mm), ""),
        ("bends of three joints, mean, degrees", _format(figures.bend_error_deg), "at most 14"),
        ("the same, network alone", _format(figures.network_bend_error_deg), ""),
        (f"visible hands of {MIN_SIZE:.0f} px found, %", _format(100 * figures.found), "at least 97"),
        ("left and right exchanged", str(figures.exchanged), "0"),
        ("jitter of still fingertips, mm", _format(figures.jitter_mm, 2), "at most 1"),
    ]
    return ["measure", "value", "goal"], [list(row) for row in rows]


def _size_table(figures: dict[str, HandFigures]) -> TableData:
    headings = ["size", "hands", "found, %", "exchanged", "fingertips, mm", "network alone, mm", "bends, degrees",
                "network alone, degrees", "jitter, mm"]  # fmt: skip
    return headings, [
        [
            name,
            str(row.hands),
            _format(100 * row.found),
            str(row.exchanged),
            _format(row.tip_error_mm),
            _format(row.network_tip_error_mm),
            _format(row.bend_error_deg),
            _format(row.network_bend_error_deg),
            _format(row.jitter_mm, 2),
        ]
        for name, row in figures.items()
    ]


def _format(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else UNKNOWN
