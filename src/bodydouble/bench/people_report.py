"""The figures of ``bench people`` as tables and as JSON."""

from collections.abc import Mapping
from typing import Any

from bodydouble.bench import partner_clips, people_clips
from bodydouble.bench.accuracy_report import TableData, markdown_tables
from bodydouble.bench.people import PeopleFigures
from bodydouble.evaluation.comparison_page import UNKNOWN

PEOPLE_PREFACE = """# Several people

Whether everybody is found, under one name, in the right place. Written by

```
pip install -e '.[bench]'
bodydouble bench people --markdown docs/people.md
```

{clips} rendered clips of 2 to 6 people (960 x 540, 25 frames/s, 4 to 6 s; motions of the PyPI package pybullet, clothes
and places as in [synthetic-data.md](synthetic-data.md)), at quality `{quality}`. What each is there for stands at the
end.

- Two people are alike in a frame by the intersection over union of the boxes around all of their landmarks within the
  picture; from 0.5 one shows the other. HOTA takes 19 thresholds, so that boxes that are not tight lower it, too; AssA
  is its part that is about who is who. [metrics.md](metrics.md) judges identities by visible keypoints instead, so that
  figures of the same name differ.
- *Coverage* is the share of visible person-frames (a quarter of the landmarks and of the COCO keypoints in sight) that
  were found. *Ghosts* are the share of the found person-frames that show nobody, or somebody who was found already: a
  box that is too small or too large is one, too. Somebody found where a hidden person is counts neither way; frames
  that were filled in do not count as found.
- *Hips*: the distance between the hips of every two visible people, against the true one; the median over pairs and
  frames of the relative error. *At true scale*: the same after one change of scale of the clip, since a single camera
  does not tell how tall people are.
- *PA-MPJPE* over the twelve limb joints while every landmark is visible, and while at least a tenth is hidden by
  others, by objects or by the edge of the picture; filled frames count.
- *Tracking* is the share of the capture's time that is spent on who is who.
"""

PARTNERS_PREFACE = """
*Dancing partners* are {clips} more clips, made where the motion capture of `--mocap` is found, which may not be handed
on; they count in no figure of all clips. Both partners of a salsa were captured at once and go where they went (to
20 mm; their arms are those of other bodies, so that hands meet only nearly). Limit: both are training subjects
([motion-capture-data.md](motion-capture-data.md)), since these are the only captures of two at once.
Nothing that finds people or says who is
who learns from motion capture; poses may be better here than on unknown dances.
"""


def tables(figures: Mapping[str, PeopleFigures]) -> dict[str, TableData]:
    """Title -> headings and cells, of the figures by clip."""
    main, partners = _split_partners(figures)
    titled = {"All clips": _goal_table(_total(main)), "Clip by clip": _clip_table({**main, "all": _total(main)})}
    if partners:
        titled["Dancing partners"] = _clip_table({**partners, "all partners": _total(partners)})
    return titled


def _split_partners(figures: Mapping[str, PeopleFigures]) -> tuple[dict[str, PeopleFigures], dict[str, PeopleFigures]]:
    """The figures of the usual clips, and those of dancing partners."""
    names = {dance.name for dance in partner_clips.DANCES}
    main = {name: one for name, one in figures.items() if name not in names}
    return main, {name: one for name, one in figures.items() if name in names}


def _total(figures: Mapping[str, PeopleFigures]) -> PeopleFigures:
    return sum(list(figures.values())[1:], next(iter(figures.values())))


def _goal_table(total: PeopleFigures) -> TableData:
    """The figures that have a goal."""
    value = total.as_dict()
    rows = [
        ("coverage of visible person-frames, %", _format(value["coverage"], 100), "at least 99"),
        ("ghosts, % of found person-frames", _format(value["ghosts"], 100, 2), "at most 0.5"),
        ("IDF1, %", _format(value["idf1"], 100), "at least 97"),
        ("HOTA, %", _format(value["hota"], 100), "at least 85"),
        ("identity switches in 2,000 person-frames", _format(value["switches_per_2000"]), "at most 1"),
        ("PA-MPJPE partly hidden / fully visible", _format(value["pa_mpjpe_ratio"], 1, 2), "at most 1.5"),
        ("distance between hips, median error, %", _format(value["hip_distance_error"], 100), "at most 6"),
        ("time of tracking, % of the capture", _format(value["tracking_share"], 100), "at most 10"),
    ]
    return ["measure", "value", "goal"], [list(row) for row in rows]


def _clip_table(figures: Mapping[str, PeopleFigures]) -> TableData:
    headings = [
        "clip", "people", "found as", "person-frames", "coverage %", "ghosts %", "IDF1 %", "HOTA %", "AssA %",
        "switches", "hips %", "at true scale %", "PA-MPJPE clear mm", "partly hidden mm", "tracking %",
    ]  # fmt: skip
    return headings, [[name, *_clip_row(one.as_dict())] for name, one in figures.items()]


def _clip_row(value: Mapping[str, float | int | None]) -> list[str]:
    counts = [f"{value[name]}" for name in ("people", "found", "person_frames")]
    percentages = [_format(value[name], 100) for name in ("coverage", "ghosts", "idf1", "hota", "association_accuracy")]
    hips = [_format(value[name], 100) for name in ("hip_distance_error", "hip_distance_error_at_true_scale")]
    poses = [_format(value[name], 1, 0) for name in ("pa_mpjpe_clear_mm", "pa_mpjpe_partly_hidden_mm")]
    return [
        *counts,
        *percentages,
        f"{value['identity_switches']}",
        *hips,
        *poses,
        _format(value["tracking_share"], 100),
    ]


def _format(value: float | int | None, factor: float = 1.0, digits: int = 1) -> str:
    return UNKNOWN if value is None else f"{factor * value:.{digits}f}"


def markdown_page(figures: Mapping[str, PeopleFigures], quality: str) -> str:
    """The whole page docs/people.md."""
    main, partners = _split_partners(figures)
    purposes = {one.name: one.purpose for one in people_clips.SCENES} | {
        one.name: one.purpose for one in partner_clips.DANCES
    }
    clips = [[name, tests] for name, tests in purposes.items() if name in figures]
    preface = PEOPLE_PREFACE.format(clips=len(main), quality=quality)
    if partners:
        preface += PARTNERS_PREFACE.format(clips=len(partners))
    return markdown_tables({**tables(figures), "Clips": (["clip", "what happens"], clips)}, preface)


def as_dict(figures: Mapping[str, PeopleFigures]) -> dict[str, Any]:
    """All figures, ready for JSON."""
    main, partners = _split_partners(figures)
    return {**_group_dict(main), **({"partners": _group_dict(partners)} if partners else {})}


def _group_dict(figures: Mapping[str, PeopleFigures]) -> dict[str, Any]:
    return {"all": _total(figures).as_dict(), "clips": {name: one.as_dict() for name, one in figures.items()}}
