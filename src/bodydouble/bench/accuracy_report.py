"""Report of ``bench truth``: preface, tables and figures for JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bodydouble.bench.accuracy import METHODS, NETWORK, OURS, AccuracyResults
from bodydouble.bench.capture_cache import TOTAL
from bodydouble.bench.report import BenchReport, TableData
from bodydouble.evaluation.comparison import Comparison
from bodydouble.evaluation.comparison_page import comparison_table
from bodydouble.evaluation.html import UNKNOWN

PREFACE = """# Accuracy

Errors with respect to ground truth on synthetic clips of rendered people. Written by

```
pip install -e '.[bench]'
bodydouble bench truth --markdown docs/accuracy.md
```

## Data

The motions are those of the PyPI package pybullet 3.2.7: walk, run, jump, dance, kick, punch, spin, spin kick,
cartwheel, crawl, roll, backflip, and getting up from the back and from the belly. None was used for tuning. Nine of
the fifteen are acrobatics or floor work, on which the networks perform worst.

People of 10 to 80 years in random clothes perform them, indoors and outdoors, in random light. Cameras are random as
well: focal length 26 to 70 mm (35 mm equivalent), height 0.4 to 2.5 m, any side. The clips are H.264 at 720p with
sensor noise and, in some clips, motion blur; see [synthetic-data.md](synthetic-data.md). The metrics are defined in
[metrics.md](metrics.md).

## Methods

- *bodydouble*: the whole pipeline at quality `{quality}`.
- *BlazePose world landmarks*: the 3D landmarks of the same network in the same run, placed by reprojection. Tools
  built on MediaPipe deliver these, but without the flip test, which quality `best` applies to both. They have the
  twelve limb joints only. The rows "all joints", "across" and "depth" are over these joints. Compare the rows
  "limbs", PCK3D, precision, recall and F1.
- *mean pose*: one constant pose, the mean of all true poses, at the true position.
- *truth through rig and files*: the true motion retargeted to the built-in character, written to a BVH file and read
  back. It is the error of rig and file format alone.
"""


def build_report(results: AccuracyResults) -> BenchReport:
    """Builds the report of all clips, groups and methods."""
    frames = sum(captured.truth.frame_count for captured in results.captures)
    people = sum(len(captured.truth.people) for captured in results.captures)
    headline = f"{len(results.captures)} clips, {people} people, {frames} frames, quality {results.quality}"
    return BenchReport(
        "Accuracy", PREFACE.format(quality=results.quality), _tables(results), _as_dict(results), headline
    )


def _tables(results: AccuracyResults) -> dict[str, TableData]:
    groups = {
        f"{group} ({_clip_count(results, group)} clips)": comparison_table(comparisons)
        for group, comparisons in results.groups().items()
    }
    return groups | {"All clips": comparison_table(results.overall()), "Clip by clip": _clip_table(results)}


def _clip_count(results: AccuracyResults, group: str) -> int:
    return sum(captured.clip.group == group for captured in results.captures)


def _clip_table(results: AccuracyResults) -> TableData:
    """Returns the main figures of each clip."""
    rows = []
    for captured, methods in zip(results.captures, results.comparisons, strict=True):
        ours, network = methods[OURS], methods[NETWORK]
        rows.append(
            [
                captured.clip.name,
                str(len(captured.truth.people)),
                f"{100 * ours.coverage:.0f}",
                _format_number(ours.pose.mpjpe_limbs_mm),
                _format_number(network.pose.mpjpe_limbs_mm),
                _format_number(ours.pose.pa_mpjpe_limbs_mm),
                _format_number(network.pose.pa_mpjpe_limbs_mm),
                _format_number(ours.image.keypoint_error_percent, 2),
            ]
        )
    headings = [
        "clip", "people", "coverage, %", "MPJPE limbs, mm", "BlazePose, mm", "PA-MPJPE limbs, mm", "BlazePose, mm",
        "2D error, % of box",
    ]  # fmt: skip
    return headings, rows


def _format_number(value: float, digits: int = 0) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else UNKNOWN


def _as_dict(results: AccuracyResults) -> dict[str, Any]:
    return {
        "quality": results.quality,
        "groups": {group: _figures_by_method(comparisons) for group, comparisons in results.groups().items()},
        "all": _figures_by_method(results.overall()),
        "clips": [
            {
                "name": captured.clip.name,
                "group": captured.clip.group,
                "frames": captured.truth.frame_count,
                "seconds": round(captured.stage_seconds[TOTAL], 3),
                "methods": _figures_by_method(methods),
            }
            for captured, methods in zip(results.captures, results.comparisons, strict=True)
        ],
    }


def _figures_by_method(comparisons: Mapping[str, Comparison]) -> dict[str, Any]:
    return {name: {k: v for k, v in comparisons[name].as_dict().items() if k != "people"} for name in METHODS}
