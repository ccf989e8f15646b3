"""From the timestamps of a video to frames at an exact constant rate."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

import numpy as np

T = TypeVar("T")

DEFAULT_RATE = Fraction(30)
HIGHEST_RATE = Fraction(240)
LOWEST_RATE = Fraction(1)
LONGEST_GAP = Fraction(10)
"""Seconds. A longer step forwards is taken for a break in the timestamps."""
LONGEST_RETURN = Fraction(1)
"""Seconds. A longer step backwards is taken for a break in the timestamps."""

_NTSC_RATES = tuple(Fraction(1000 * rate, 1001) for rate in (24, 30, 48, 60, 120, 240))
_WHOLE_RATES = tuple(map(Fraction, (5, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)))
COMMON_RATES = _WHOLE_RATES + _NTSC_RATES


def choose_rate(times: Sequence[Fraction], tick: Fraction, declared: Fraction | None) -> Fraction:
    """The rate at which the frames of a video are delivered.

    A video whose frames are evenly spaced, up to the rounding of its timestamps, keeps its own exact rate, so that
    every frame is delivered once. Otherwise the rate is the common one nearest to the usual spacing of the frames.

    Args:
        times: (N,) presentation times of frames, ascending, seconds.
        tick: Unit of the timestamps, seconds.
        declared: The rate that the container declares, if any.

    Returns:
        Frames per second.
    """
    if declared is not None:
        declared = _nearest_common(declared, tolerance=2e-4) or declared
    if len(times) < 2 or times[-1] <= times[0]:
        return declared or DEFAULT_RATE
    duration, steps = times[-1] - times[0], len(times) - 1
    if _evenly_spaced(times, tick):
        candidates = [declared, _nearest_common(steps / duration, tolerance=0.02)]
        fits = (rate for rate in candidates if rate and abs(steps / rate - duration) <= 2 * tick)
        return next(fits, (steps / duration).limit_denominator(1001))
    usual = _usual_rate(times)
    if declared in COMMON_RATES and abs(declared - usual) <= 0.03 * usual:
        return declared
    rate = _nearest_common(usual, tolerance=0.03) or usual.limit_denominator(1001)
    return min(max(rate, LOWEST_RATE), HIGHEST_RATE)


def _evenly_spaced(times: Sequence[Fraction], tick: Fraction) -> bool:
    step = (times[-1] - times[0]) / (len(times) - 1)
    tolerance = min(2 * tick, step / 4)
    return all(abs(time - times[0] - i * step) <= tolerance for i, time in enumerate(times))


def _usual_rate(times: Sequence[Fraction]) -> Fraction:
    """Mean over the steps near the median one: neither dropped frames nor the rounding of timestamps shift it."""
    steps = np.diff(np.array([float(time - times[0]) for time in times]))
    steps = steps[steps > 0]
    median = np.median(steps)
    near = steps[(steps > 0.5 * median) & (steps < 1.5 * median)]
    return Fraction(1 / float(np.mean(near)))


def _nearest_common(rate: Fraction, tolerance: float) -> Fraction | None:
    nearest = min(COMMON_RATES, key=lambda common: abs(common - rate))
    return nearest if abs(nearest - rate) <= tolerance * rate else None


def mend_times(frames: Iterable[tuple[Fraction | None, T]], period: Fraction) -> Iterator[tuple[Fraction, T]]:
    """Gives every frame a time, none before the one of the frame before it.

    A missing time is counted on by one period. After a break in the timestamps, time goes on by one
    period and later times are shifted alike. A short step backwards is no break: that frame takes no time.

    Args:
        frames: Pairs of time in seconds, or None, and anything.
        period: Seconds between frames where the timestamps do not tell.

    Returns:
        The same pairs with usable times.
    """
    shift = Fraction(0)
    previous: Fraction | None = None
    for stamp, frame in frames:
        if previous is None:
            time = stamp if stamp is not None else Fraction(0)
        elif stamp is None:
            time = previous + period
        elif not -LONGEST_RETURN <= stamp + shift - previous <= LONGEST_GAP:
            time = previous + period
            shift = time - stamp
        else:
            time = max(stamp + shift, previous)
        yield time, frame
        previous = time


def resample(frames: Iterable[tuple[Fraction, T]], fps: Fraction) -> Iterator[T]:
    """For each instant i / fps after the first frame, the frame nearest in time.

    Exact: no error adds up, however long the video. Evenly spaced frames at ``fps`` are given once each as long as
    every time lies within half a period of its place.

    Args:
        frames: Pairs of time in seconds, ascending, and anything.
        fps: Frames per second wanted.

    Returns:
        The frames, some left out or repeated, one for each instant up to the last frame.
    """
    upcoming = iter(frames)
    first = next(upcoming, None)
    if first is None:
        return
    start, shown = first
    position, index = Fraction(0), 0
    half = Fraction(1, 2)
    for time, frame in upcoming:
        following = (time - start) * fps
        while index < (position + following) * half:
            yield shown
            index += 1
        position, shown = following, frame
    while index < position + half:
        yield shown
        index += 1
