"""Benchmark of low frame rates on synthetic tracks and motions."""

import numpy as np
import pytest

from bodydouble.bench import frame_rate
from bodydouble.data import Track
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.comparison import compare
from bodydouble.geometry import rotation
from tests import builders
from tests.builders import assert_same
from tests.evaluation import scenes


def _track(first: int = 4, frames: int = 9) -> Track:
    number = np.arange(first, first + frames, dtype=np.float64)
    observed = np.ones(frames, dtype=np.bool_)
    keypoints = np.tile(number[:, None, None], (1, 33, 3))
    return Track(np.arange(first, first + frames), observed, np.tile(number[:, None], (1, 4)), keypoints, keypoints)


@pytest.mark.parametrize("step", frame_rate.FRAME_STEPS)
def test_decimated_track_has_every_nth_frame_of_the_clip(step: int) -> None:
    low = frame_rate.decimate(_track(), step)
    assert (low.frames * step).tolist() == [frame for frame in range(4, 13) if frame % step == 0]
    assert_same(low.keypoints[:, 0, 0], low.frames * step, 1e-12)
    assert_same(low.landmarks_3d[:, 0, 0], low.frames * step, 1e-12)


def test_unobserved_frames_stay_unobserved() -> None:
    track = _track()
    track.observed[2] = False
    assert not frame_rate.decimate(track, 2).observed[1]


@pytest.mark.parametrize("step", frame_rate.FRAME_STEPS)
def test_linear_interpolation_passes_through_every_frame_at_constant_speed(step: int) -> None:
    low = builders.smooth_motion(8)
    full = frame_rate.interpolate_linearly(low, low.fps * step)
    assert full.fps == low.fps * step
    assert_same(full.root_position[::step], low.root_position, 1e-9)
    assert np.all(rotation.angle_between(full.rotations[::step], low.rotations) < 1e-6)
    speeds = np.diff(full.root_position, axis=0).reshape(-1, step, 3)
    assert_same(speeds, np.broadcast_to(speeds[:, :1], speeds.shape), 1e-9)


def test_linear_interpolation_at_the_same_rate_is_the_identity() -> None:
    motion = builders.smooth_motion(10)
    assert_same(frame_rate.interpolate_linearly(motion, motion.fps).root_position, motion.root_position, 1e-9)


def test_needs_a_clip_of_one_person() -> None:
    with pytest.raises(InvalidDataError, match="static camera"):
        frame_rate.measure_frame_rates([])


def test_tables_show_each_method_and_the_median_over_peaks() -> None:
    losses = {"kick": np.array([10.0, 30.0]), "punch": np.array([20.0, 90.0, 25.0])}
    perfect = compare(scenes.ground_truth(), scenes.ground_truth())
    results = [frame_rate.FrameRateResult(step, frame_rate.FULL, 2, perfect, losses) for step in (1, 3)]
    tables = frame_rate.tables(results)
    assert tables["Accuracy at low frame rates (2 clips)"][1][0][2:4] == ["0.0", "0.00"]
    headings, rows = tables["Loss of speed in fast strikes"]
    assert headings[2:] == ["peaks", "median loss of speed, %", "kick", "punch"]
    assert rows == [[frames, frame_rate.FULL, "5", "25.0", "20.0", "25.0"] for frames in ("all", "1 of 3")]
