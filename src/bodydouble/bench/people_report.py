"""The figures of ``bench people`` as tables and as JSON."""

from collections.abc import Mapping
from typing import Any

from bodydouble.bench import partner_clips, people_clips
from bodydouble.bench.accuracy_report import Cells, table_text
from bodydouble.bench.people import Figures
from bodydouble.evaluation.comparison_page import UNKNOWN

PREFACE = """# Several people

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

PARTNERS = """
*Dancing partners* are {clips} more clips, made where the motion capture of `--mocap` is found, which may not be handed
on; they count in no figure of all clips. Both partners of a salsa were captured at once and go where they went (to
20 mm; their arms are those of other bodies, so that hands meet only nearly). Limit: both are training subjects
([motion-capture-data.md](motion-capture-data.md)), since these are the only captures of two at once.
Nothing that finds people or says who is
who learns from motion capture; poses may be better here than on unknown dances.
"""


def tables(found: Mapping[str, Figures]) -> dict[str, Cells]:
    """Title -> headings and cells, of the figures by clip."""
    usual, partners = _grouped(found)
    made = {"All clips": _goals(_total(usual)), "Clip by clip": _rows({**usual, "all": _total(usual)})}
    if partners:
        made["Dancing partners"] = _rows({**partners, "all partners": _total(partners)})
    return made


def _grouped(found: Mapping[str, Figures]) -> tuple[dict[str, Figures], dict[str, Figures]]:
    """The figures of the usual clips, and those of dancing partners."""
    names = {dance.name for dance in partner_clips.DANCES}
    usual = {name: one for name, one in found.items() if name not in names}
    return usual, {name: one for name, one in found.items() if name in names}


def _total(found: Mapping[str, Figures]) -> Figures:
    return sum(list(found.values())[1:], next(iter(found.values())))


def _goals(total: Figures) -> Cells:
    """The figures that have a goal."""
    value = total.as_dict()
    rows = [
        ("coverage of visible person-frames, %", _text(value["coverage"], 100), "at least 99"),
        ("ghosts, % of found person-frames", _text(value["ghosts"], 100, 2), "at most 0.5"),
        ("IDF1, %", _text(value["idf1"], 100), "at least 97"),
        ("HOTA, %", _text(value["hota"], 100), "at least 85"),
        ("identity switches in 2,000 person-frames", _text(value["switches_per_2000"]), "at most 1"),
        ("PA-MPJPE partly hidden / fully visible", _text(value["pa_mpjpe_ratio"], 1, 2), "at most 1.5"),
        ("distance between hips, median error, %", _text(value["hip_distance_error"], 100), "at most 6"),
        ("time of tracking, % of the capture", _text(value["tracking_share"], 100), "at most 10"),
    ]
    return ["measure", "value", "goal"], [list(row) for row in rows]


def _rows(found: Mapping[str, Figures]) -> Cells:
    names = [
        "clip", "people", "found as", "person-frames", "coverage %", "ghosts %", "IDF1 %", "HOTA %", "AssA %",
        "switches", "hips %", "at true scale %", "PA-MPJPE clear mm", "partly hidden mm", "tracking %",
    ]  # fmt: skip
    return names, [[name, *_row(one.as_dict())] for name, one in found.items()]


def _row(value: Mapping[str, float | int | None]) -> list[str]:
    whole = [f"{value[name]}" for name in ("people", "found", "person_frames")]
    shares = [_text(value[name], 100) for name in ("coverage", "ghosts", "idf1", "hota", "association_accuracy")]
    hips = [_text(value[name], 100) for name in ("hip_distance_error", "hip_distance_error_at_true_scale")]
    poses = [_text(value[name], 1, 0) for name in ("pa_mpjpe_clear_mm", "pa_mpjpe_partly_hidden_mm")]
    return [*whole, *shares, f"{value['identity_switches']}", *hips, *poses, _text(value["tracking_share"], 100)]


def _text(value: float | int | None, factor: float = 1.0, digits: int = 1) -> str:
    return UNKNOWN if value is None else f"{factor * value:.{digits}f}"


def markdown(found: Mapping[str, Figures], quality: str) -> str:
    """The whole page docs/people.md."""
    usual, partners = _grouped(found)
    shown = {one.name: one.tests for one in people_clips.SCENES} | {one.name: one.tests for one in partner_clips.DANCES}
    clips = [[name, tests] for name, tests in shown.items() if name in found]
    preface = PREFACE.format(clips=len(usual), quality=quality)
    if partners:
        preface += PARTNERS.format(clips=len(partners))
    return table_text({**tables(found), "Clips": (["clip", "what happens"], clips)}, preface)


def as_dict(found: Mapping[str, Figures]) -> dict[str, Any]:
    """All figures, ready for JSON."""
    usual, partners = _grouped(found)
    return {**_group_dict(usual), **({"partners": _group_dict(partners)} if partners else {})}


def _group_dict(found: Mapping[str, Figures]) -> dict[str, Any]:
    return {"all": _total(found).as_dict(), "clips": {name: one.as_dict() for name, one in found.items()}}
