"""Findings about the recording of each person, with advice for filming again.

In: the ``PersonMetrics`` of all people. Out: a ``Finding`` for each rule in ``RULES`` whose limit a person exceeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray
from bodydouble.evaluation.metrics.averages import percentile
from bodydouble.evaluation.naturalness import capture_quantiles
from bodydouble.evaluation.report.person_metrics import FAST_STEP_FRACTION, LIMBS, PersonMetrics
from bodydouble.evaluation.report.spans import MIN_CONFIDENCE, find_runs

MIN_SIZE_PX = 150.0
"""Minimum median size of a person in px; the input of the landmark network is 256 px wide."""
MIN_SIZE_FRACTION = 0.08
"""Minimum median size of a person relative to the longer side of the image."""
MAX_FILLED = 0.05
"""Maximum fraction of frames in which the pose is filled in."""
MAX_UNCERTAIN = 0.1
"""Maximum fraction of frames with a low mean confidence, or with a high reprojection error."""
MAX_LIMB_UNCERTAIN = 0.2
"""Maximum fraction of frames in which a limb is occluded or uncertain."""
MAX_FEET_OUTSIDE = 0.1
"""Maximum fraction of frames with a foot outside the image."""
MAX_BODY_OUTSIDE = 0.1
"""Maximum fraction of frames with half of the body outside the image."""
MAX_FAST = 0.02
"""Maximum fraction of frames with a fast hand or foot."""
MIN_CONTACT = 0.05
"""Minimum fraction of frames with a foot in contact with the floor."""
HIGH_FPS = 48.0
"""Frame rate in frames/s from which no higher rate is advised."""
MIN_SECONDS = 1.0
"""Minimum duration in s of the observation of a person."""
HIGH_REPROJECTION_PERCENT = 10.0
"""High reprojection error of a single frame, in percent of the person's size."""
MAX_MEDIAN_REPROJECTION_PERCENT = 4.0
"""Maximum median reprojection error, in percent of the person's size."""
MIN_FLOATING_FORCE = 0.5
"""Minimum force in body weights that holds up a person without contact; in free fall it is 0."""
MIN_FLOATING_SECONDS, MIN_LEANING_SECONDS = 0.25, 0.5
"""Minimum durations in s of floating and of leaning."""
MAX_IMBALANCE_M = 0.1
"""Maximum distance in m of the extrapolated centre of mass of a still person from the support."""
MAX_IMPLAUSIBLE = 0.05
"""Maximum fraction of frames in which a person floats or leans."""
UNUSUAL_PERCENTILE = 95.0
"""Percentile of the windows of real motion capture above which a statistic is unusual."""
MAX_TIMES = 3
"""Maximum number of time ranges that a finding names."""

TimeRanges = tuple[tuple[float, float], ...]
"""Start and end in s of each range, in order."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem in the recording of one person."""

    person: str
    """Name of the person."""
    message: str
    """Description of the problem, with its value."""
    advice: str
    """Advice for filming again."""
    times: TimeRanges = ()
    """Time ranges of the problem; empty if it concerns the whole clip."""

    @property
    def times_text(self) -> str:
        """The longest time ranges as text."""
        longest = sorted(sorted(self.times, key=lambda span: span[0] - span[1])[:MAX_TIMES])
        named = ", ".join(f"{start:.1f}–{end:.1f} s" for start, end in longest)  # noqa: RUF001
        more = len(self.times) - len(longest)
        return f"{named} and {more} more" if more else named


Rule = Callable[[PersonMetrics], Finding | None]
"""Check of one person; None if there is no problem."""


def list_findings(people: Sequence[PersonMetrics]) -> list[Finding]:
    """Applies all rules to all people and returns the findings, person by person."""
    results = [rule(person) for person in people for rule in RULES]
    return [finding for finding in results if finding is not None]


def _time_ranges(person: PersonMetrics, mask: BoolArray) -> TimeRanges:
    start = int(person.frames[0])
    return tuple(((start + a) / person.fps, (start + b) / person.fps) for a, b in find_runs(mask))


def _fraction_of_observed(person: PersonMetrics, mask: BoolArray) -> float:
    """Returns the fraction of the observed frames in which the mask is True."""
    return float((mask & person.observed).sum()) / max(1, int(person.observed.sum()))


def _frequent(person: PersonMetrics, mask: BoolArray, max_fraction: float, message: str, advice: str) -> Finding | None:
    """Returns a finding if the mask holds in more than a fraction of the observed frames; {percent} is filled in."""
    fraction = _fraction_of_observed(person, mask)
    if fraction <= max_fraction:
        return None
    return Finding(person.name, message.format(percent=f"{100 * fraction:.0f} %"), advice, _time_ranges(person, mask))


def _too_few_frames(person: PersonMetrics) -> Finding | None:
    count = int(person.observed.sum())
    if count >= MIN_SECONDS * person.fps:
        return None
    return Finding(
        person.name,
        f"observed in only {count} frame{'s' if count != 1 else ''}",
        "Body proportions and the floor are estimated from few frames. Film at least a few seconds of the whole body.",
        _time_ranges(person, np.ones_like(person.observed)),
    )


def _filled_frames(person: PersonMetrics) -> Finding | None:
    missing = ~person.observed
    fraction = float(missing.mean())
    if fraction <= MAX_FILLED:
        return None
    return Finding(
        person.name,
        f"not observed in {100 * fraction:.0f} % of the frames between first and last appearance; "
        "the pose there is interpolated",
        "Keep people in view: film from where nobody and nothing passes in front of them, and keep the camera on them.",
        _time_ranges(person, missing),
    )


def _small_in_image(person: PersonMetrics) -> Finding | None:
    size = percentile(person.size_px, 50.0)
    fraction = size / person.image_side_px
    if not (size < MIN_SIZE_PX or fraction < MIN_SIZE_FRACTION):
        return None
    return Finding(
        person.name,
        f"small in the image: {size:.0f} px, {100 * fraction:.0f} % of the image's longer side (median)",
        "Film from nearer, zoom in before you start, or record at a higher resolution.",
    )


def _body_outside_image(person: PersonMetrics) -> Finding | None:
    return _frequent(
        person,
        person.body_outside_image,
        MAX_BODY_OUTSIDE,
        "half of the body or more is outside the image in {percent} of the frames",
        "Frame the whole body with some margin, or trim the clip to where it is visible.",
    )


def _feet_outside_image(person: PersonMetrics) -> Finding | None:
    return _frequent(
        person,
        person.foot_outside_image,
        MAX_FEET_OUTSIDE,
        "a foot is outside the image in {percent} of the frames; floor contacts there are a guess",
        "Keep both feet in the image: step back, tilt the camera down, or film in portrait format.",
    )


def _uncertain_keypoints(person: PersonMetrics) -> Finding | None:
    return _frequent(
        person,
        person.observed & (person.confidence < MIN_CONFIDENCE) & ~person.body_outside_image,
        MAX_UNCERTAIN,
        f"keypoints are uncertain (mean confidence below {100 * MIN_CONFIDENCE:.0f} %) in {{percent}} of the frames",
        "Use more light, a plain background and clothes that contrast with it and show the limbs; keep the view free.",
    )


def _uncertain_limbs(person: PersonMetrics) -> Finding | None:
    fractions = {limb: _fraction_of_observed(person, person.uncertain_limbs[:, i]) for i, limb in enumerate(LIMBS)}
    named = [f"{limb} {100 * fraction:.0f} %" for limb, fraction in fractions.items() if fraction > MAX_LIMB_UNCERTAIN]
    if not named:
        return None
    columns = [i for i, fraction in enumerate(fractions.values()) if fraction > MAX_LIMB_UNCERTAIN]
    return Finding(
        person.name,
        f"limbs inside the image but occluded or uncertain, in % of the frames: {', '.join(named)}",
        "Their position there is a guess. Film from a side from which the body does not occlude them, and remove "
        "obstacles. Loose clothes and low light have the same effect.",
        _time_ranges(person, np.asarray(person.uncertain_limbs[:, columns].any(axis=1))),
    )


def _fast_motion(person: PersonMetrics) -> Finding | None:
    if person.fps >= HIGH_FPS:
        return None
    return _frequent(
        person,
        person.moves_fast,
        MAX_FAST,
        f"a hand or foot moves by more than {100 * FAST_STEP_FRACTION:.0f} % of the person's size between two frames "
        f"in {{percent}} of the frames, at {person.fps:.3g} frames/s",
        "Film at 50 or 60 frames/s, with enough light for a short exposure.",
    )


def _high_reprojection_error(person: PersonMetrics) -> Finding | None:
    median = percentile(person.reprojection_percent, 50.0)
    mask = np.asarray(person.reprojection_percent > HIGH_REPROJECTION_PERCENT)
    fraction = _fraction_of_observed(person, mask)
    if not (median > MAX_MEDIAN_REPROJECTION_PERCENT or fraction > MAX_UNCERTAIN):
        return None
    return Finding(
        person.name,
        f"the 3D motion deviates from the keypoints: reprojection error {median:.1f} % of the person's size (median), "
        f"above {HIGH_REPROJECTION_PERCENT:.0f} % in {100 * fraction:.0f} % of the frames",
        "Possible causes: a moving or zooming camera, a wide-angle lens, jumping keypoints, feet on something other "
        "than the floor. Film from a tripod, without zooming, on level ground.",
        _time_ranges(person, mask),
    )


def _little_contact(person: PersonMetrics) -> Finding | None:
    fraction = float(person.in_contact.any(axis=1).mean())
    if fraction >= MIN_CONTACT or len(person.frames) < MIN_SECONDS * person.fps:
        return None
    return Finding(
        person.name,
        f"a foot is in contact with the floor in only {100 * fraction:.0f} % of the frames",
        "The height above the floor is then a guess. Show the feet and the floor, at least at the beginning.",
    )


def _floating(person: PersonMetrics) -> Finding | None:
    physics = person.physics
    floats = ~physics.is_supported & (physics.unexplained_force > MIN_FLOATING_FORCE)
    return _frequent(
        person,
        _lasting(floats, MIN_FLOATING_SECONDS * person.fps),
        MAX_IMPLAUSIBLE,
        "floats: no contact with the floor holds the person up in {percent} of the frames",
        "On a chair, stairs or an object this is expected, since only the floor is known. Otherwise show the feet and "
        "the floor: film from a tripod, on level ground.",
    )


def _leaning(person: PersonMetrics) -> Finding | None:
    leans = np.asarray(person.physics.imbalance_m > MAX_IMBALANCE_M)
    return _frequent(
        person,
        _lasting(leans, MIN_LEANING_SECONDS * person.fps),
        MAX_IMPLAUSIBLE,
        f"leans without support: the person stands still with the centre of mass more than "
        f"{100 * MAX_IMBALANCE_M:.0f} cm outside the feet in {{percent}} of the frames",
        "Sitting or holding on to something, this is expected. Otherwise the inclination of the camera or the depth of "
        "a limb is wrong: film from the height of the chest, with the whole body in view.",
    )


def _lasting(mask: BoolArray, min_frames: float) -> BoolArray:
    """Returns the mask (T,) without runs that are shorter than a number of frames."""
    lasting = np.zeros_like(mask)
    for start, stop in find_runs(mask):
        lasting[start:stop] = stop - start >= min_frames
    return lasting


def _unusual_statistic(statistic: str, description: str, unit: str, advice: str) -> Rule:
    def rule(person: PersonMetrics) -> Finding | None:
        value, limit = person.score.statistics[statistic], motion_capture_limit(statistic)
        if not value > limit:
            return None
        usual = f"{UNUSUAL_PERCENTILE:.0f} % of real motion capture stays below {limit:.1f}"
        message = f"{description} {value:.1f} {unit}; {usual}"
        return Finding(person.name, message, advice)

    return rule


def motion_capture_limit(statistic: str) -> float:
    """Returns the value below which 95 % of the windows of real motion capture stay, in the statistic's unit."""
    quantiles = capture_quantiles()[statistic]
    return float(np.interp(UNUSUAL_PERCENTILE / 100, np.linspace(0.0, 1.0, len(quantiles)), quantiles))


RULES: tuple[Rule, ...] = (
    _too_few_frames,
    _filled_frames,
    _small_in_image,
    _body_outside_image,
    _feet_outside_image,
    _uncertain_keypoints,
    _uncertain_limbs,
    _fast_motion,
    _high_reprojection_error,
    _little_contact,
    _floating,
    _leaning,
    _unusual_statistic(
        "jitter_10m_s3",
        "the motion is shaky: jitter",
        "x 10 m/s³",
        "Uncertain keypoints can cause this: use more light, film from nearer, keep the camera still.",
    ),
    _unusual_statistic(
        "foot_slide_mm",
        "feet slide while in contact with the floor, by",
        "mm per 1/30 s",
        "A moving camera or occluded feet can cause this: film from a tripod with the feet in view.",
    ),
    _unusual_statistic(
        "penetration_mm",
        "feet penetrate the floor, by",
        "mm on average",
        "The floor is assumed flat and is estimated from resting feet: film on level ground with the feet in view.",
    ),
)
