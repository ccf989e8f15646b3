"""What stands out in the figures of a performance, and what to do about it when filming again.

Each rule looks at one person and says something only where its number passes its limit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray
from bodydouble.evaluation.metrics.averages import percentile
from bodydouble.evaluation.naturalness import capture_quantiles
from bodydouble.evaluation.report.figures import FAST_STEP, LIMBS, PersonFigures
from bodydouble.evaluation.report.spans import SURE, runs

SMALL_PX, SMALL_SHARE = 150.0, 0.08
"""Of the picture's longer side. The landmark network looks at 256 px across a person."""
FILLED, UNCLEAR, LIMB_UNCLEAR, FEET_OUTSIDE, BODY_OUTSIDE, FAST = 0.05, 0.1, 0.2, 0.1, 0.1, 0.02
"""Shares of a person's frames above which something is said."""
LEAST_CONTACT = 0.05
"""Share of a person's frames with a foot on the floor below which something is said."""
SLOW_RATE = 48.0
"""frames/s; at this rate and above no higher one is advised."""
SHORT_SECONDS = 1.0
HIGH_REPROJECTION, MEDIAN_REPROJECTION = 10.0, 4.0
"""% of the person's size, of single frames and of their median."""
UNUSUAL = 95.0
"""Percentile of the windows of real motion capture."""
MOST_TIMES = 3
"""Spans of time that a finding names."""

Times = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know about one person."""

    person: str
    found: str
    """What, with its number."""
    advice: str
    """What to do about it."""
    times: Times = ()
    """Start and end, s, of the spans in which it was found, in order; none if it is so all the time."""

    @property
    def when(self) -> str:
        """The longest spans in words."""
        longest = sorted(sorted(self.times, key=lambda span: span[0] - span[1])[:MOST_TIMES])
        named = ", ".join(f"{start:.1f}–{end:.1f} s" for start, end in longest)  # noqa: RUF001
        more = len(self.times) - len(longest)
        return f"{named} and {more} more" if more else named


Rule = Callable[[PersonFigures], Finding | None]


def findings(people: Sequence[PersonFigures]) -> list[Finding]:
    """What stands out, person by person."""
    found = [rule(person) for person in people for rule in RULES]
    return [finding for finding in found if finding is not None]


def _times(person: PersonFigures, chosen: BoolArray) -> Times:
    start = int(person.frames[0])
    return tuple(((start + a) / person.fps, (start + b) / person.fps) for a, b in runs(chosen))


def _share(person: PersonFigures, chosen: BoolArray) -> float:
    """Of the frames in which the person was observed."""
    return float((chosen & person.observed).sum()) / max(1, int(person.observed.sum()))


def _short(person: PersonFigures) -> Finding | None:
    count = int(person.observed.sum())
    if count >= SHORT_SECONDS * person.fps:
        return None
    return Finding(
        person.name,
        f"seen in only {count} frame{'s' if count != 1 else ''}",
        "Proportions and the floor come from few pictures. Film at least a few seconds in which the whole body shows.",
        _times(person, np.ones_like(person.observed)),
    )


def _filled(person: PersonFigures) -> Finding | None:
    missing = ~person.observed
    share = float(missing.mean())
    if share <= FILLED:
        return None
    return Finding(
        person.name,
        f"not seen in {100 * share:.0f} % of the frames between first and last appearance; the pose there is filled in",
        "Keep people in view: film from where nobody and nothing passes in front of them, and hold the camera on them.",
        _times(person, missing),
    )


def _small(person: PersonFigures) -> Finding | None:
    size = percentile(person.size_px, 50.0)
    share = size / person.picture_side_px
    if not (size < SMALL_PX or share < SMALL_SHARE):
        return None
    return Finding(
        person.name,
        f"small in the picture: {size:.0f} px, {100 * share:.0f} % of the picture's longer side (median)",
        "Film from nearer, zoom in before you start, or record at a higher resolution.",
    )


def _body_outside(person: PersonFigures) -> Finding | None:
    share = _share(person, person.body_outside)
    if share <= BODY_OUTSIDE:
        return None
    return Finding(
        person.name,
        f"half of the body or more is out of the picture in {100 * share:.0f} % of the frames",
        "Frame the whole body with some room around it, or cut the clip to where it shows.",
        _times(person, person.body_outside),
    )


def _feet_outside(person: PersonFigures) -> Finding | None:
    share = _share(person, person.foot_outside)
    if share <= FEET_OUTSIDE:
        return None
    return Finding(
        person.name,
        f"a foot is out of the picture in {100 * share:.0f} % of the frames; floor contacts there are a guess",
        "Keep both feet in the picture: step back, tilt the camera down, or film upright.",
        _times(person, person.foot_outside),
    )


def _unclear(person: PersonFigures) -> Finding | None:
    chosen = person.observed & (person.confidence < SURE) & ~person.body_outside
    share = _share(person, chosen)
    if share <= UNCLEAR:
        return None
    return Finding(
        person.name,
        f"keypoints are uncertain (mean confidence below {100 * SURE:.0f} %) in {100 * share:.0f} % of the frames",
        "More light, a plain background, clothes that stand out from it and show the limbs, nothing in front.",
        _times(person, chosen),
    )


def _unclear_limbs(person: PersonFigures) -> Finding | None:
    shares = {limb: _share(person, person.unclear_limbs[:, i]) for i, limb in enumerate(LIMBS)}
    named = [f"{limb} {100 * share:.0f} %" for limb, share in shares.items() if share > LIMB_UNCLEAR]
    if not named:
        return None
    columns = [i for i, share in enumerate(shares.values()) if share > LIMB_UNCLEAR]
    return Finding(
        person.name,
        f"limbs in the picture but hidden or unclear, in % of the frames: {', '.join(named)}",
        "Their place is a guess then. Film from a side from which the body does not hide them, move things out of the "
        "way; loose clothes and little light have the same effect.",
        _times(person, np.asarray(person.unclear_limbs[:, columns].any(axis=1))),
    )


def _fast(person: PersonFigures) -> Finding | None:
    share = _share(person, person.fast)
    if share <= FAST or person.fps >= SLOW_RATE:
        return None
    return Finding(
        person.name,
        f"a hand or foot moves by more than {100 * FAST_STEP:.0f} % of the person's size from one frame to the next in "
        f"{100 * share:.0f} % of the frames, at {person.fps:.3g} frames/s",
        "Film at 50 or 60 frames/s, with enough light for a short exposure.",
        _times(person, person.fast),
    )


def _reprojection(person: PersonFigures) -> Finding | None:
    median = percentile(person.reprojection_percent, 50.0)
    chosen = np.asarray(person.reprojection_percent > HIGH_REPROJECTION)
    share = _share(person, chosen)
    if not (median > MEDIAN_REPROJECTION or share > UNCLEAR):
        return None
    return Finding(
        person.name,
        f"the motion does not lie on what was seen: reprojection error {median:.1f} % of the person's size (median), "
        f"above {HIGH_REPROJECTION:.0f} % in {100 * share:.0f} % of the frames",
        "A moving or zooming camera, a wide-angle lens, keypoints that jumped, or feet on something other than the "
        "floor can cause this: film from a tripod, without zooming, on level ground.",
        _times(person, chosen),
    )


def _no_contact(person: PersonFigures) -> Finding | None:
    share = float(person.touching.any(axis=1).mean())
    if share >= LEAST_CONTACT or len(person.frames) < SHORT_SECONDS * person.fps:
        return None
    return Finding(
        person.name,
        f"a foot is taken to touch the floor in only {100 * share:.0f} % of the frames",
        "The height above the floor is a guess then. Show the feet and the floor, at least at the beginning.",
    )


def _unusual(statistic: str, what: str, unit: str, advice: str) -> Rule:
    def rule(person: PersonFigures) -> Finding | None:
        value, limit = person.rating.statistics[statistic], usual_limit(statistic)
        if not value > limit:
            return None
        found = f"{what} {value:.1f} {unit}; {UNUSUAL:.0f} % of real motion capture stays below {limit:.1f}"
        return Finding(person.name, found, advice)

    return rule


def usual_limit(statistic: str) -> float:
    """What 95 % of the windows of real motion capture stay below, in the statistic's unit."""
    quantiles = capture_quantiles()[statistic]
    return float(np.interp(UNUSUAL / 100, np.linspace(0.0, 1.0, len(quantiles)), quantiles))


RULES: tuple[Rule, ...] = (
    _short,
    _filled,
    _small,
    _body_outside,
    _feet_outside,
    _unclear,
    _unclear_limbs,
    _fast,
    _reprojection,
    _no_contact,
    _unusual(
        "jitter_10m_s3",
        "the motion trembles: jitter",
        "x 10 m/s³",
        "Uncertain keypoints can cause this: more light, a larger picture of the person, a resting camera.",
    ),
    _unusual(
        "foot_slide_mm",
        "feet slide while they touch the floor, by",
        "mm per 1/30 s",
        "A moving camera or hidden feet can cause this: film from a tripod with the feet in view.",
    ),
    _unusual(
        "penetration_mm",
        "feet sink into the floor, by",
        "mm on average",
        "The floor is taken for flat and is found from resting feet: film on level ground with the feet in view.",
    ),
)
