"""Sound of videos: time, rate and channels."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av import AudioFrame
from numpy.typing import NDArray

from bodydouble.formats.media import probe
from bodydouble.formats.media.sound import RATE, read_sound
from tests.media_builders import numbered_pictures, write_video


def click(seconds: float, total: float = 1.0, rate: int = 48000) -> NDArray[np.float32]:
    samples = np.zeros(round(total * rate), np.float32)
    start = round(seconds * rate)
    samples[start : start + rate // 200] = 0.5
    return samples


def click_time(path: Path) -> float:
    sound = read_sound(path)
    assert sound is not None and sound.rate == RATE
    return float(np.argmax(np.abs(sound.samples) > 0.2) / sound.rate)


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "aac"), (".mkv", "pcm_s16le"), (".mov", "pcm_s16le")])
def test_a_click_is_heard_at_its_time(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write_video(tmp_path / f"clip{suffix}", numbered_pictures(30), sound=click(0.4), sound_codec=codec)
    assert click_time(path) == pytest.approx(0.4, abs=0.003)


def test_time_0_is_that_of_the_first_frame(tmp_path: Path) -> None:
    path = write_video(
        tmp_path / "late.mkv", numbered_pictures(20), ticks=range(300, 1300, 50), time_base=Fraction(1, 1000),
        sound=click(0.7), sound_codec="pcm_s16le",
    )  # fmt: skip
    assert click_time(path) == pytest.approx(0.4, abs=0.003)


def test_a_video_without_sound_has_none(tmp_path: Path) -> None:
    path = write_video(tmp_path / "silent.mp4", numbered_pictures(3))
    assert read_sound(path) is None and not probe(path).has_audio


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_any_sample_rate_and_number_of_channels_are_read(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "stereo.mkv"
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=rate, layout="stereo")
        samples = (np.repeat(tone, 2)[None] * 2**14).astype(np.int16)
        frame = AudioFrame.from_ndarray(samples, "s16", "stereo")
        frame.sample_rate, frame.pts = rate, 0
        for packet in (*audio.encode(frame), *audio.encode(None)):
            container.mux(packet)
        for picture in numbered_pictures(30):
            for packet in video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")):
                container.mux(packet)
        for packet in video.encode(None):
            container.mux(packet)
    sound = read_sound(path)
    assert sound is not None
    assert len(sound.samples) == pytest.approx(RATE, abs=RATE // 50)
    spectrum = np.abs(np.fft.rfft(sound.samples[2000:14000]))
    assert np.argmax(spectrum) * RATE / 12000 == pytest.approx(440, abs=2)
