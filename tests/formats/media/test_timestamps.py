"""Choice of the frame rate, repair of timestamps and resampling."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodydouble.formats.media.timestamps import (
    COMMON_RATES,
    MAX_FORWARD_STEP,
    choose_rate,
    repair_timestamps,
    resample_frames,
)

untimed = settings(deadline=None)

rates = st.sampled_from(COMMON_RATES)
steps = st.lists(st.fractions(min_value=0, max_value="0.2", max_denominator=1000), max_size=12)


def accumulate(start: Fraction, gaps: list[Fraction]) -> list[Fraction]:
    times = [start]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


@untimed
@given(st.fractions(min_value=-5, max_value=5, max_denominator=1000), steps, rates)
def test_every_instant_shows_a_frame_nearest_in_time(start: Fraction, gaps: list[Fraction], fps: Fraction) -> None:
    times = accumulate(start, gaps)
    indices = list(resample_frames(((time, index) for index, time in enumerate(times)), fps))
    assert indices == sorted(indices)
    for i, index in enumerate(indices):
        instant = start + i / fps
        assert abs(times[index] - instant) == min(abs(time - instant) for time in times)
    duration = times[-1] - start
    assert abs(Fraction(len(indices) - 1) / fps - duration) <= Fraction(1, 2) / fps


@untimed
@given(rates, st.lists(st.fractions(min_value="-0.49", max_value="0.49"), min_size=1, max_size=60))
def test_evenly_spaced_frames_with_jitter_are_yielded_once_each(fps: Fraction, jitter: list[Fraction]) -> None:
    first = jitter[0]
    times = [(index + (shift - first) / 2) / fps for index, shift in enumerate(jitter)]
    assert list(resample_frames(((time, i) for i, time in enumerate(times)), fps)) == list(range(len(jitter)))


def test_times_do_not_drift_over_an_hour() -> None:
    fps, tick = Fraction(30000, 1001), Fraction(1, 1000)
    count = round(3600 * fps)
    rounded = ((round(index / fps / tick) * tick, index) for index in range(count))
    assert all(index == resampled for index, resampled in enumerate(resample_frames(rounded, fps)))


@untimed
@given(st.integers(1, 200))
def test_half_the_rate_gives_every_other_frame(count: int) -> None:
    indices = list(resample_frames(((Fraction(i, 60), i) for i in range(count)), Fraction(30)))
    assert indices == list(range(0, count, 2))


def test_no_frames_give_no_frames() -> None:
    assert list(resample_frames([], Fraction(30))) == []


@untimed
@given(rates, st.sampled_from([Fraction(1, 1000), Fraction(1, 90000), Fraction(1, 600)]), st.integers(2, 400))
def test_an_even_spacing_keeps_its_exact_rate(fps: Fraction, tick: Fraction, count: int) -> None:
    times = [round(index / fps / tick) * tick for index in range(count)]
    assert choose_rate(times, tick, fps) == fps


@pytest.mark.parametrize("fps", COMMON_RATES)
def test_a_rate_that_is_not_declared_is_measured(fps: Fraction) -> None:
    tick = Fraction(1, 90000)
    times = [round(index / fps / tick) * tick for index in range(600)]
    assert choose_rate(times, tick, None) == fps
    assert choose_rate(times, tick, Fraction(90000)) == fps, "a wrong declaration is ignored"


@pytest.mark.parametrize("fps", [Fraction(23), Fraction(29, 2), Fraction(144)])
def test_an_uncommon_even_rate_is_kept(fps: Fraction) -> None:
    assert choose_rate([index / fps for index in range(100)], Fraction(1, 90000), fps) == fps


@untimed
@given(st.data())
def test_dropped_frames_do_not_change_the_rate(data: st.DataObject) -> None:
    fps = data.draw(st.sampled_from([Fraction(24), Fraction(25), Fraction(30), Fraction(60)]))
    dropped = data.draw(st.sets(st.integers(1, 98), min_size=1, max_size=20))
    tick = data.draw(st.sampled_from([Fraction(1, 1000), 1 / fps]))
    times = [round(index / fps / tick) * tick for index in range(100) if index not in dropped]
    declared = (len(times) - 1) / (times[-1] - times[0])
    chosen = choose_rate(times, tick, declared)
    assert abs(chosen - fps) <= fps / 500


@pytest.mark.parametrize("times", [[], [Fraction(3)], [Fraction(3), Fraction(3)]])
def test_without_a_step_in_time_the_declared_rate_holds(times: list[Fraction]) -> None:
    assert choose_rate(times, Fraction(1, 1000), Fraction(25)) == 25
    assert choose_rate(times, Fraction(1, 1000), None) == 30


times_or_none = st.one_of(st.none(), st.fractions(min_value=-100, max_value=100, max_denominator=100))


@untimed
@given(st.lists(times_or_none), st.fractions(min_value="0.01", max_value=1))
def test_repaired_timestamps_never_decrease_or_jump(timestamps: list[Fraction | None], period: Fraction) -> None:
    repaired = list(repair_timestamps(((timestamp, index) for index, timestamp in enumerate(timestamps)), period))
    assert [index for _, index in repaired] == list(range(len(timestamps)))
    times = [time for time, _ in repaired]
    assert all(0 <= later - earlier <= MAX_FORWARD_STEP for earlier, later in pairwise(times))


@untimed
@given(st.fractions(min_value=-100, max_value=100), steps)
def test_valid_timestamps_are_unchanged(start: Fraction, gaps: list[Fraction]) -> None:
    times = accumulate(start, gaps)
    assert [time for time, _ in repair_timestamps(((time, None) for time in times), Fraction(1))] == times


def test_missing_timestamps_are_extrapolated() -> None:
    repaired = repair_timestamps(((None, i) for i in range(4)), Fraction(1, 25))
    assert list(repaired) == [(Fraction(i, 25), i) for i in range(4)]


def test_time_continues_after_a_break() -> None:
    timestamps = [Fraction(0), Fraction(1), Fraction(5000), Fraction(5001)]
    repaired = [time for time, _ in repair_timestamps(((timestamp, None) for timestamp in timestamps), Fraction(1, 2))]
    assert repaired == [0, 1, Fraction(3, 2), Fraction(5, 2)]
