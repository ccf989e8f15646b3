"""Timestamps: frames with times of any spacing -> frames at an exact constant rate."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

import numpy as np

T = TypeVar("T")

DEFAULT_RATE = Fraction(30)
"""Frames/s of images and of videos without timestamps."""
MAX_RATE = Fraction(240)
"""Maximum rate in frames/s that is chosen for unevenly spaced frames."""
MIN_RATE = Fraction(1)
"""Minimum rate in frames/s that is chosen for unevenly spaced frames."""
MAX_FORWARD_STEP = Fraction(10)
"""Maximum step forwards in s; a longer one is treated as a break in the timestamps."""
MAX_BACKWARD_STEP = Fraction(1)
"""Maximum step backwards in s; a longer one is treated as a break in the timestamps."""

_NTSC_RATES = tuple(Fraction(1000 * rate, 1001) for rate in (24, 30, 48, 60, 120, 240))
_WHOLE_RATES = tuple(map(Fraction, (5, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 240)))
COMMON_RATES = _WHOLE_RATES + _NTSC_RATES


def choose_rate(times: Sequence[Fraction], tick: Fraction, declared: Fraction | None) -> Fraction:
    """Chooses the rate at which the frames of a video are delivered.

    A video whose frames are evenly spaced, up to the rounding of its timestamps, keeps its exact rate, so that every
    frame is delivered once. Otherwise the rate is the common one nearest to the typical spacing of the frames.

    Args:
        times: (N,) presentation times of frames, ascending, seconds.
        tick: Unit of the timestamps, seconds.
        declared: The rate that the container declares, if any.

    Returns:
        Frames per second.
    """
    if declared is not None:
        declared = _nearest_common_rate(declared, tolerance=2e-4) or declared
    if len(times) < 2 or times[-1] <= times[0]:
        return declared or DEFAULT_RATE
    duration, steps = times[-1] - times[0], len(times) - 1
    if _is_evenly_spaced(times, tick):
        candidates = [declared, _nearest_common_rate(steps / duration, tolerance=0.02)]
        fits = (rate for rate in candidates if rate and abs(steps / rate - duration) <= 2 * tick)
        return next(fits, (steps / duration).limit_denominator(1001))
    typical_rate = _typical_rate(times)
    if declared in COMMON_RATES and abs(declared - typical_rate) <= 0.03 * typical_rate:
        return declared
    rate = _nearest_common_rate(typical_rate, tolerance=0.03) or typical_rate.limit_denominator(1001)
    return min(max(rate, MIN_RATE), MAX_RATE)


def _is_evenly_spaced(times: Sequence[Fraction], tick: Fraction) -> bool:
    step = (times[-1] - times[0]) / (len(times) - 1)
    tolerance = min(2 * tick, step / 4)
    return all(abs(time - times[0] - i * step) <= tolerance for i, time in enumerate(times))


def _typical_rate(times: Sequence[Fraction]) -> Fraction:
    """Returns the rate of the mean step near the median: dropped frames and rounded timestamps do not bias it."""
    steps = np.diff(np.array([float(time - times[0]) for time in times]))
    steps = steps[steps > 0]
    median = np.median(steps)
    typical_steps = steps[(steps > 0.5 * median) & (steps < 1.5 * median)]
    return Fraction(1 / float(np.mean(typical_steps)))


def _nearest_common_rate(rate: Fraction, tolerance: float) -> Fraction | None:
    nearest = min(COMMON_RATES, key=lambda common: abs(common - rate))
    return nearest if abs(nearest - rate) <= tolerance * rate else None


def repair_timestamps(
    frames: Iterable[tuple[Fraction | None, T]], period: Fraction, on_break: Callable[[], None] = lambda: None
) -> Iterator[tuple[Fraction, T]]:
    """Repairs timestamps so that every frame has a time and times never decrease.

    A missing time is one period after the previous one. After a break in the timestamps, time continues by one period
    and later times are shifted equally. A step backwards is a break if it is long or comes to a time that another
    frame has, as where files were joined. Any other frame that goes back in time has no duration.

    Args:
        frames: Pairs of time in seconds, or None, and frame.
        period: Seconds between frames without usable timestamps.
        on_break: Called at every break.

    Returns:
        The same pairs with repaired times.
    """
    shift = Fraction(0)
    previous: Fraction | None = None
    recent: deque[Fraction] = deque(maxlen=MAX_RATE.numerator)
    for timestamp, frame in frames:
        expected = Fraction(0) if previous is None else previous + period
        shifted = expected if timestamp is None else timestamp + shift
        if previous is not None and _is_break(shifted, previous, recent, period):
            shift += expected - shifted
            shifted = expected
            recent.clear()
            on_break()
        recent.append(shifted)
        previous = shifted if previous is None else max(shifted, previous)
        yield previous, frame


def _is_break(time: Fraction, previous: Fraction, recent: Sequence[Fraction], period: Fraction) -> bool:
    """Returns whether the clock jumps between two frames; ``recent`` are the times of the last frames."""
    if time > previous - period:
        return time > previous + MAX_FORWARD_STEP
    is_far = time < previous - MAX_BACKWARD_STEP or time < recent[0]
    return is_far or any(abs(time - other) < period / 2 for other in recent)


def split_at_restarts(decoding_order: Iterable[tuple[Fraction, Fraction | None]]) -> list[list[Fraction]]:
    """Sorts the presentation times of packets, which come in the order of decoding.

    Args:
        decoding_order: Pairs of presentation time and decoding time, or None, in seconds.

    Returns:
        The presentation times, ascending in each part. A part ends where decoding times go back or a time before the
        last one comes again, as in joined files.
    """
    parts: list[list[Fraction]] = []
    present: set[Fraction] = set()
    previous: Fraction | None = None
    for time, decoding_time in decoding_order:
        goes_back = previous is not None and decoding_time is not None and decoding_time < previous
        if not parts or goes_back or (time in present and time < max(present)):
            parts.append([])
            present.clear()
        parts[-1].append(time)
        present.add(time)
        previous = decoding_time
    return [sorted(part) for part in parts]


def resample_frames(frames: Iterable[tuple[Fraction, T]], fps: Fraction) -> Iterator[T]:
    """Yields, for each instant i / fps after the first frame, the frame nearest in time.

    Times are exact fractions, so no error accumulates. Evenly spaced frames at ``fps`` are yielded once each if every
    time lies within half a period of its instant.

    Args:
        frames: Pairs of time in seconds, ascending, and frame.
        fps: Frames per second of the output.

    Returns:
        The frames, some skipped or repeated, one per instant up to the last frame.
    """
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        return
    start, current = first
    position, index = Fraction(0), 0
    half = Fraction(1, 2)
    for time, frame in remaining:
        next_position = (time - start) * fps
        while index < (position + next_position) * half:
            yield current
            index += 1
        position, current = next_position, frame
    while index < position + half:
        yield current
        index += 1
