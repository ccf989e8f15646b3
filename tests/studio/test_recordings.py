"""Recordings of browsers: WebM without a duration, with frames at uneven times, some of them missing."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.formats.media import FrameReader, probe
from bodydouble.formats.media.source import MAX_SCANNED_FRAMES
from bodydouble.pipeline.progress import Progress
from bodydouble.studio.playback import examine_video, write_playback
from tests.media_builders import numbered_pictures, read_number, write_video

MILLISECOND = Fraction(1, 1000)
LIVE = {"live": "1"}
"""Option of the container for streams whose end is not known: no duration is written, and no index."""


def write_recording(path: Path, ticks: list[int]) -> Path:
    """Writes a WebM as a browser records it, with frames at some times in ms whose numbers are those modulo 256."""
    pictures = [numbered_pictures(256)[number % 256] for number in range(len(ticks))]
    write_video(path, pictures, ticks=ticks, time_base=MILLISECOND, codec="libvpx", container_options=LIVE)
    return path


def test_uneven_times_become_a_constant_rate(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    times = np.arange(120) * 1000 / 30 + random.uniform(-9, 9, 120)
    kept = [round(time) for k, time in enumerate(times) if k not in (40, 41, 42, 77)]
    video = write_recording(tmp_path / "recording.webm", [time - kept[0] for time in kept])
    facts = examine_video(video, tmp_path / "poster.jpg")
    assert (facts.fps, facts.frames) == ("30", 120)
    write_playback(video, tmp_path / "video.mp4", Progress())
    with FrameReader(tmp_path / "video.mp4") as reader:
        numbers = [read_number(frame) for frame in reader]
    assert len(numbers) == 120
    assert numbers == sorted(numbers)
    shown = [round(30 * (kept[number] - kept[0]) / 1000) for number in numbers]
    assert max(abs(index - frame) for index, frame in enumerate(shown)) <= 2  # the longest gap has three frames


@pytest.mark.slow
def test_long_recording_without_a_duration_is_read_to_its_end(tmp_path: Path) -> None:
    count = MAX_SCANNED_FRAMES + 100
    video = write_recording(tmp_path / "recording.webm", [round(1000 * k / 30) for k in range(count)])
    assert probe(video).frame_count is None
    assert examine_video(video, tmp_path / "poster.jpg").seconds == 0.0
    write_playback(video, tmp_path / "video.mp4", Progress())
    clip = probe(tmp_path / "video.mp4")
    assert (clip.fps, clip.frame_count) == (Fraction(30), count)
