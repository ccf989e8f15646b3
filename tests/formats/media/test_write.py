"""Writing of videos."""

import os
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from bodydouble.data import RgbImage
from bodydouble.errors import InvalidDataError, MediaError, OutputError
from bodydouble.formats.media import FrameReader, VideoWriter, probe
from bodydouble.networks import core_count
from tests.media_builders import beep, numbered_pictures, read_number, read_sound, write_video


def write(path: Path, images: list[RgbImage], fps: Fraction = Fraction(30), audio_from: Path | None = None) -> Path:
    height, width = images[0].shape[:2]
    with VideoWriter(path, image_size=(width, height), fps=fps, audio_from=audio_from) as writer:
        for image in images:
            writer.write(image)
    return path


@pytest.mark.parametrize("fps", [Fraction(5), Fraction(30000, 1001), Fraction(23), Fraction(60)])
@pytest.mark.parametrize("size", [(64, 48), (50, 34), (8, 8)])
def test_every_frame_comes_back_once_and_in_order(tmp_path: Path, fps: Fraction, size: tuple[int, int]) -> None:
    path = write(tmp_path / "video.mp4", numbered_pictures(45, size), fps)
    with FrameReader(path) as reader:
        assert [read_number(frame) for frame in reader] == list(range(45))
        assert (reader.clip.fps, reader.clip.image_size, reader.clip.frame_count) == (fps, size, 45)
        assert not reader.clip.has_audio
    assert list(tmp_path.iterdir()) == [path]


def test_fast_encoding_keeps_the_pictures(tmp_path: Path) -> None:
    pictures = numbered_pictures(45)
    height, width = pictures[0].shape[:2]
    path = tmp_path / "video.mp4"
    with VideoWriter(path, image_size=(width, height), fps=Fraction(30), fast=True) as writer:
        for picture in pictures:
            writer.write(picture)
    with FrameReader(path) as reader:
        frames = list(reader)
    assert [read_number(frame) for frame in frames] == list(range(45))
    assert np.abs(np.array(frames, dtype=int) - pictures).mean() < 5.0


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity") or core_count() < 2, reason="needs two cores to choose from")
def test_encoding_by_one_thread_does_not_depend_on_the_number_of_cores(tmp_path: Path) -> None:
    images = list(np.random.default_rng(0).integers(0, 255, (40, 240, 320, 3), dtype=np.uint8))

    def encode(threads: int) -> bytes:
        path = tmp_path / "video.mp4"
        with VideoWriter(path, image_size=(320, 240), fps=Fraction(30), threads=threads) as writer:
            for image in images:
                writer.write(image)
        return path.read_bytes()

    cores = os.sched_getaffinity(0)
    by_all_cores = {threads: encode(threads) for threads in (0, 1)}
    os.sched_setaffinity(0, {min(cores)})
    try:
        by_one_core = {threads: encode(threads) for threads in (0, 1)}
    finally:
        os.sched_setaffinity(0, cores)
    assert by_one_core[1] == by_all_cores[1]
    assert by_one_core[0] != by_all_cores[0]


@pytest.mark.parametrize("rgb", [(255, 255, 255), (0, 0, 0), (128, 128, 128), (200, 100, 50), (30, 60, 220)])
def test_colours_are_bt709_and_say_so(tmp_path: Path, rgb: tuple[int, int, int]) -> None:
    path = write(tmp_path / "video.mp4", [np.full((32, 32, 3), rgb, dtype=np.uint8)] * 3)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        tags = (context.color_range, context.colorspace, context.color_primaries, context.color_trc)
        frame = next(container.decode(video=0))
    assert tags == (1, 1, 1, 1), "limited range, BT.709 matrix, primaries and transfer"
    assert frame.format.name == "yuv420p"
    red, green, blue = (value / 255 for value in rgb)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    expected = [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748]
    stored = [float(np.frombuffer(bytes(plane), dtype=np.uint8)[0]) for plane in frame.planes]
    assert stored == pytest.approx(expected, abs=3)


def test_the_index_precedes_the_frames(tmp_path: Path) -> None:
    data = write(tmp_path / "video.mp4", numbered_pictures(3)).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def beep_start(path: Path) -> float:
    samples, first = read_sound(path)
    return first + float(np.argmax(np.abs(samples) > 0.2)) / 48000


AUDIO_SOURCES: dict[str, dict[str, str]] = {
    "aac.mp4": {},
    "aac.ts": {},
    "mp3.mp4": {"sound_codec": "libmp3lame"},
    "opus.webm": {"sound_codec": "libopus", "codec": "libvpx-vp9"},
    "pcm.mov": {"sound_codec": "pcm_s16le"},
    "flac.mkv": {"sound_codec": "flac"},
}


@pytest.mark.parametrize("name", AUDIO_SOURCES)
@pytest.mark.parametrize("late", [0, 12])
def test_audio_stays_in_sync_and_is_trimmed(tmp_path: Path, name: str, late: int) -> None:
    ticks = list(range(late, late + 60))
    source = write_video(
        tmp_path / name,
        numbered_pictures(60),
        ticks=ticks,
        time_base=Fraction(1, 30),
        sound=beep(3.0, start=1.0),
        **AUDIO_SOURCES[name],  # type: ignore[arg-type]
    )
    video = write(tmp_path / "video.mp4", numbered_pictures(40), audio_from=source)
    assert probe(video).has_audio
    # If the video stream begins late, frame 0 is shown `late` frames into the audio.
    assert beep_start(video) == pytest.approx(1.0 - late / 30, abs=0.03)
    with av.open(str(video)) as container:
        codec = container.streams.audio[0].codec_context.codec.canonical_name
    assert codec == {"mp3.mp4": "mp3", "opus.webm": "opus"}.get(name, "aac"), "kept if browsers play it"
    samples, first = read_sound(video)
    assert first + len(samples) / 48000 == pytest.approx(40 / 30, abs=0.08)
    with FrameReader(video) as reader:
        assert [read_number(frame) for frame in reader] == list(range(40))


def test_a_video_may_be_longer_than_its_audio(tmp_path: Path) -> None:
    source = write_video(tmp_path / "source.mp4", numbered_pictures(10), sound=beep(0.3, 0.1))
    video = write(tmp_path / "video.mp4", numbered_pictures(40), audio_from=source)
    assert probe(video).frame_count == 40
    assert beep_start(video) == pytest.approx(0.1, abs=0.03)


def test_a_source_without_audio_gives_none(tmp_path: Path) -> None:
    source = write_video(tmp_path / "silent.mp4", numbered_pictures(3))
    assert not probe(write(tmp_path / "video.mp4", numbered_pictures(3), audio_from=source)).has_audio


def test_an_unreadable_source_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("text")
    with pytest.raises(MediaError, match=r"text.mp4"):
        write(tmp_path / "video.mp4", numbered_pictures(3), audio_from=tmp_path / "text.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["text.mp4"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_keeps_the_old_file_and_ends_the_thread(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "video.mp4"
    path.write_text("old")
    with pytest.raises(error), VideoWriter(path, image_size=(64, 48), fps=Fraction(30)) as writer:
        for image in numbered_pictures(20):
            writer.write(image)
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    assert not any(thread.name == "video-writer" for thread in threading.enumerate())


@pytest.mark.parametrize("size", [(63, 48), (64, 47), (0, 0)])
def test_sizes_must_be_even(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(InvalidDataError, match="must be even"):
        VideoWriter(tmp_path / "video.mp4", image_size=size, fps=Fraction(30))


@pytest.mark.parametrize("frame", [np.zeros((48, 32, 3), np.uint8), np.zeros((48, 64, 3), np.float64)])
def test_frames_must_fit(tmp_path: Path, frame: RgbImage) -> None:
    with (
        pytest.raises(InvalidDataError, match=r"expected \(48, 64, 3\) uint8"),
        VideoWriter(tmp_path / "video.mp4", image_size=(64, 48), fps=Fraction(30)) as writer,
    ):
        writer.write(frame)
    assert list(tmp_path.iterdir()) == []


def test_a_video_without_frames_is_refused(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "video.mp4", image_size=(64, 48), fps=Fraction(30))
    with pytest.raises(OutputError, match="at least one frame"), writer:
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        write(tmp_path / "missing" / "video.mp4", numbered_pictures(3))


def test_a_full_disk_raises_an_output_error(tmp_path: Path) -> None:
    """A limit on the size of files simulates a full disk."""
    resource = pytest.importorskip("resource")
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (240, 320, 3), dtype=np.uint8) for _ in range(12)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OutputError, match=r"cannot write .*video.mp4: File too large"):
            write(tmp_path / "video.mp4", noise)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
