"""Report of ``bench people``: preface, tables and figures for JSON."""

from collections.abc import Mapping
from typing import Any

from bodydouble.bench import partner_clips, people_clips
from bodydouble.bench.people import PeopleFigures
from bodydouble.bench.report import BenchReport, TableData
from bodydouble.evaluation.html import UNKNOWN

PREFACE = """# Several people

Identity association (re-identification), distances and poses of several people. Written by

```
pip install -e '.[bench]'
bodydouble bench people --markdown docs/people.md
```

## Data

{clips} synthetic clips of 2 to 6 people: 960 x 540, 25 frames/s, 4 to 6 s, at quality `{quality}`. The motions are from
the PyPI package pybullet; clothes and environments are as in [synthetic-data.md](synthetic-data.md). The last table
describes the clips.
"""

PARTNERS_PREFACE = """
*Dancing partners* are {clips} more clips. They need the motion capture of `--mocap`, which must not be redistributed,
and do not count in the figures of all clips. Both partners of a salsa were captured together and follow their captured
paths to 20 mm. Their arms are those of other bodies, so that hands meet only approximately. Both are training subjects
([motion-capture-data.md](motion-capture-data.md)), since these are the only captures of two people at once. Detection
and tracking are not trained on motion capture, but poses may be better here than on unknown dances.
"""

METRICS_PREFACE = """
## Metrics

- *Matching*: a true and an estimated person match in a frame if the boxes around their landmarks within the image have
  an intersection over union of at least 0.5. HOTA uses 19 thresholds, so that loose boxes lower it. AssA is its
  association part. [metrics.md](metrics.md) matches people by visible keypoints instead; figures of the same name
  differ.
- *Coverage*: fraction of visible person-frames that are detected. Visible means a quarter of the landmarks and of the
  COCO keypoints.
- *Ghosts*: fraction of estimated person-frames without a true person, or with one that is matched already. A box that
  is too small or too large is a ghost, too. Estimates of occluded people count neither way. Filled frames do not count
  as detected.
- *Hips*: relative error of the distance between the hips of two visible people, median over pairs and frames. *At true
  scale*: the same after one change of scale per clip, since absolute scale is not observable from one camera.
- *PA-MPJPE* over the twelve limb joints: *visible* while all landmarks are visible; *occluded* while people, objects or
  the image border hide at least a tenth. Filled frames count.
- *Tracking*: fraction of the capture time spent on identity association.
"""


def build_report(figures: Mapping[str, PeopleFigures], quality: str) -> BenchReport:
    """Builds the report of the figures by clip."""
    main, partners = _split_partners(figures)
    preface = PREFACE.format(clips=len(main), quality=quality)
    if partners:
        preface += PARTNERS_PREFACE.format(clips=len(partners))
    scenes = (*people_clips.SCENES, *partner_clips.DANCES)
    clips = [[scene.name, scene.purpose] for scene in scenes if scene.name in figures]
    return BenchReport(
        "Several people",
        preface + METRICS_PREFACE,
        _tables(main, partners),
        _as_dict(main, partners),
        appendix={"Clips": (["clip", "description"], clips)},
    )


def _split_partners(figures: Mapping[str, PeopleFigures]) -> tuple[dict[str, PeopleFigures], dict[str, PeopleFigures]]:
    """Splits the figures by clip into those of the main set and those of dancing partners."""
    names = {dance.name for dance in partner_clips.DANCES}
    main = {name: clip for name, clip in figures.items() if name not in names}
    return main, {name: clip for name, clip in figures.items() if name in names}


def _tables(main: Mapping[str, PeopleFigures], partners: Mapping[str, PeopleFigures]) -> dict[str, TableData]:
    tables = {"All clips": _goal_table(_total(main)), "Clip by clip": _clip_table({**main, "all": _total(main)})}
    if partners:
        tables["Dancing partners"] = _clip_table({**partners, "all partners": _total(partners)})
    return tables


def _total(figures: Mapping[str, PeopleFigures]) -> PeopleFigures:
    return sum(list(figures.values())[1:], next(iter(figures.values())))


def _goal_table(total: PeopleFigures) -> TableData:
    """Returns the figures that have a goal."""
    value = total.as_dict()
    rows = [
        ("coverage of visible person-frames, %", _format(value["coverage"], 100), "at least 99"),
        ("ghosts, % of estimated person-frames", _format(value["ghosts"], 100, 2), "at most 0.5"),
        ("IDF1, %", _format(value["idf1"], 100), "at least 97"),
        ("HOTA, %", _format(value["hota"], 100), "at least 85"),
        ("identity switches per 2,000 person-frames", _format(value["switches_per_2000"]), "at most 1"),
        ("PA-MPJPE, occluded / visible", _format(value["pa_mpjpe_ratio"], 1, 2), "at most 1.5"),
        ("distance between hips, median error, %", _format(value["hip_distance_error"], 100), "at most 6"),
        ("time of tracking, % of the capture", _format(value["tracking_share"], 100), "at most 10"),
    ]
    return ["measure", "value", "goal"], [list(row) for row in rows]


def _clip_table(figures: Mapping[str, PeopleFigures]) -> TableData:
    headings = [
        "clip", "people", "estimated people", "person-frames", "coverage, %", "ghosts, %", "IDF1, %", "HOTA, %",
        "AssA, %", "switches", "hips, %", "hips at true scale, %", "PA-MPJPE visible, mm", "PA-MPJPE occluded, mm",
        "tracking, %",
    ]  # fmt: skip
    return headings, [[name, *_clip_row(clip.as_dict())] for name, clip in figures.items()]


def _clip_row(value: Mapping[str, float | int | None]) -> list[str]:
    counts = [f"{value[name]}" for name in ("people", "found", "person_frames")]
    percentages = [_format(value[name], 100) for name in ("coverage", "ghosts", "idf1", "hota", "association_accuracy")]
    hips = [_format(value[name], 100) for name in ("hip_distance_error", "hip_distance_error_at_true_scale")]
    poses = [_format(value[name], 1, 0) for name in ("pa_mpjpe_clear_mm", "pa_mpjpe_partly_hidden_mm")]
    tracking = _format(value["tracking_share"], 100)
    return [*counts, *percentages, f"{value['identity_switches']}", *hips, *poses, tracking]


def _format(value: float | int | None, factor: float = 1.0, digits: int = 1) -> str:
    return UNKNOWN if value is None else f"{factor * value:.{digits}f}"


def _as_dict(main: Mapping[str, PeopleFigures], partners: Mapping[str, PeopleFigures]) -> dict[str, Any]:
    return {**_group_dict(main), **({"partners": _group_dict(partners)} if partners else {})}


def _group_dict(figures: Mapping[str, PeopleFigures]) -> dict[str, Any]:
    return {"all": _total(figures).as_dict(), "clips": {name: clip.as_dict() for name, clip in figures.items()}}
