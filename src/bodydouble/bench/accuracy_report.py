"""The figures of ``bench truth`` as text, as a page and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bodydouble.bench.accuracy import METHODS, NETWORK, OURS, AccuracyReport
from bodydouble.evaluation import html
from bodydouble.evaluation.comparison import Comparison
from bodydouble.evaluation.comparison_page import UNKNOWN, side_by_side

TableData = tuple[list[str], list[list[str]]]

ACCURACY_PREFACE = """# Accuracy

How far the motion is from the truth, on rendered people whose motion is known exactly. Written by

```
pip install -e '.[bench]'
bodydouble bench truth --markdown docs/accuracy.md
```

The motions are those of the PyPI package pybullet 3.2.7 (walk, run, jump, dance, kick, punch, spin, spin kick,
cartwheel, crawl, roll, backflip, get up from face up and face down); none was used in any tuning. Nine of the fifteen
are acrobatics or floor work, where the networks see least well. They are performed by people of 10 to 80 years in
random clothes, in rooms and outdoors, in random light, before random cameras (26 to 70 mm, 0.4 to 2.5 m high, any
side), filmed as H.264 at 720p, with noise and, in some clips, blur; see
[synthetic-data.md](synthetic-data.md). The measures are defined
in [metrics.md](metrics.md).

- *bodydouble*: everything found in the clip, at quality `{quality}`.
- *BlazePose world landmarks*: the 3D landmarks of the same network in the same run, on the same pictures, placed by
  reprojection. This is what tools built on MediaPipe pass on; but they do not take the mean with what the network says
  of the mirror image, as is done here at quality `best` for both. It gives the twelve limb joints only: its rows "all
  joints", "across" and "depth" are over these, so that "limbs", PCK3D and precision, recall and F1 are the rows to
  compare.
- *mean pose*: one constant pose, the mean of all true ones, at the true place.
- *truth through rig and files*: the true motion on our character, its joints written to a BVH file and read back: what
  rig and file alone cost.
"""


ORACLE_PREFACE = """# Where the error comes from

Written by `bodydouble bench truth --oracle --markdown docs/error-attribution.md` on the clips of
[accuracy.md](accuracy.md) that show one person before a static camera.
From the second column on the truth is fed in after each stage, and each
column has all that those before it have. The true lifter gives true landmarks in space; joint rotations are its own.
"""
COMPARISON_PREFACE = """# Tables of comparison

Written by `bodydouble bench tables --markdown docs/comparison-tables.md` on all clips of
[accuracy.md](accuracy.md). Accuracy is
PCK3D at 150 mm over what was found; precision counts right joints among those predicted, recall among those that are
there. The time per frame is that of the whole capture at quality `best`, the time to generate that of `animate` with
the film at `balanced`. Realism and naturalness follow the rule in [metrics.md](metrics.md); real motion capture
scores about 7.5 by it. What other methods report was measured on other clips by other rules and is not repeated here.
"""
FRAME_RATE_PREFACE = """# Low rates and hits

Written by `bodydouble bench low-fps --markdown docs/low-frame-rates.md` on the clips of
[accuracy.md](accuracy.md) that show one
person before a static camera, at quality `{quality}`.

*Motion at a low rate*: of each clip's tracks only every second or third frame is kept, and the motion is compared with
the truth at the clip's full rate. The motion is found at the low rate, then brought to the full one: *fitted at the
full rate*, as `--fps` does: drawn on curves, then held to them by a fit in which feet rest; *curves* and *lines
between frames* interpolate, the first smoothly, the second on straight lines and the shortest rotations. *All frames*
is the capture as it is. People were followed at the full rate; only what was seen in the other frames is left out.
*Foot slide* is per 1/30 s of a foot that truly rests.

*Hits*: how much of the speed of punches and kicks is lost. Each time the fastest true hand or foot reaches a peak above
3 m/s, the highest speed of the same hand or foot within 0.2 s is compared with it; below zero, it is faster than the
truth. Each column on the right is the median over the peaks of one clip.
"""


def headline(report: AccuracyReport) -> str:
    """What was measured, in one line."""
    frames = sum(clip.truth.frame_count for clip in report.captures)
    people = sum(len(clip.truth.people) for clip in report.captures)
    return f"{len(report.captures)} clips, {people} people, {frames} frames, quality {report.quality}"


def tables(report: AccuracyReport) -> dict[str, TableData]:
    """Title -> headings and cells."""
    groups = {f"{group} ({_clip_count(report, group)} clips)": side_by_side(c) for group, c in report.groups().items()}
    return groups | {"All clips": side_by_side(report.overall()), "Clip by clip": clip_table(report)}


def _clip_count(report: AccuracyReport, group: str) -> int:
    return sum(clip.clip.spec.group == group for clip in report.captures)


def clip_table(report: AccuracyReport) -> TableData:
    """The main figures of each clip."""
    cells = []
    for clip, methods in zip(report.captures, report.comparisons, strict=True):
        ours, network = methods[OURS], methods[NETWORK]
        cells.append(
            [
                clip.clip.spec.name,
                str(len(clip.truth.people)),
                f"{100 * ours.coverage:.0f}",
                _format_number(ours.pose.mpjpe_limbs_mm),
                _format_number(network.pose.mpjpe_limbs_mm),
                _format_number(ours.pose.pa_mpjpe_limbs_mm),
                _format_number(network.pose.pa_mpjpe_limbs_mm),
                _format_number(ours.picture.keypoint_error_percent, 2),
            ]
        )
    names = ["clip", "people", "coverage %", "limbs mm", "network's", "PA limbs mm", "network's", "2D % of box"]
    return names, cells


def _format_number(value: float, digits: int = 0) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else UNKNOWN


def markdown_page(report: AccuracyReport) -> str:
    """The whole page docs/accuracy.md."""
    return (
        f"{ACCURACY_PREFACE.format(quality=report.quality)}\nOn {headline(report)}:\n{markdown_tables(tables(report))}"
    )


def markdown_tables(tables: Mapping[str, TableData], preface: str = "") -> str:
    """Tables in Markdown, each below its title."""
    return preface + "".join(f"\n## {title}\n\n{_markdown_table(*cells)}" for title, cells in tables.items())


def _markdown_table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; all columns but the first are aligned to the right."""
    lines = [headings, ["---", *["--:"] * (len(headings) - 1)], *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def html_page(report: AccuracyReport) -> str:
    """A self-contained page."""
    return html_tables("How far from the truth", tables(report), headline(report))


def html_tables(title: str, tables: Mapping[str, TableData], remark: str = "") -> str:
    """A self-contained page of tables."""
    body = html.paragraph(remark) + "".join(html.heading(name) + html.table(*cells) for name, cells in tables.items())
    return html.page(title, body)


def as_dict(report: AccuracyReport) -> dict[str, Any]:
    """All figures, ready for JSON."""
    return {
        "quality": report.quality,
        "groups": {group: _figures_by_method(comparisons) for group, comparisons in report.groups().items()},
        "all": _figures_by_method(report.overall()),
        "clips": [
            {
                "name": clip.clip.spec.name,
                "group": clip.clip.spec.group,
                "frames": clip.truth.frame_count,
                "seconds": round(clip.seconds, 3),
                "methods": _figures_by_method(methods),
            }
            for clip, methods in zip(report.captures, report.comparisons, strict=True)
        ],
    }


def _figures_by_method(comparisons: Mapping[str, Comparison]) -> dict[str, Any]:
    return {name: {k: v for k, v in comparisons[name].as_dict().items() if k != "people"} for name in METHODS}
