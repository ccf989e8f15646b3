"""Files whose declarations or timestamps decide which frames are delivered: several streams, fields, joined parts."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av import VideoFrame
from av.filter import Graph
from av.stream import Disposition
from av.video.format import VideoFormat
from av.video.stream import VideoStream

from bodydouble.data import RgbImage
from bodydouble.formats.media import FrameReader, probe
from bodydouble.formats.media.deinterlace import deinterlace
from bodydouble.formats.media.source import find_video_stream
from bodydouble.formats.media.timestamps import repair_timestamps, split_at_restarts
from tests.media_builders import numbered_picture, numbered_pictures, read_number, write_video
from tests.shared_data import SHARED

CASES = SHARED / "cases" / "video"
SIZE = (96, 80)
SMALL, LARGE = (32, 24), (64, 48)
NONE, DEFAULT = Disposition(0), Disposition.default


def write_streams(path: Path, streams: Sequence[tuple[tuple[int, int], Disposition]], frames: int = 6) -> Path:
    """Writes a video with several streams, each given by its size and disposition."""
    with av.open(str(path), "w") as container:
        added = []
        for (width, height), disposition in streams:
            stream = container.add_stream("libx264", rate=30)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.disposition = disposition
            added.append(stream)
        for number in range(frames):
            for stream in added:
                frame = VideoFrame.from_ndarray(numbered_picture(number, (stream.width, stream.height)), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 30)
                container.mux(stream.encode(frame))
        for stream in added:
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        ([(SMALL, NONE), (LARGE, DEFAULT)], LARGE),
        ([(LARGE, NONE), (SMALL, DEFAULT)], SMALL),
        ([(LARGE, DEFAULT), (SMALL, DEFAULT)], LARGE),
        ([(SMALL, DEFAULT), (LARGE, DEFAULT)], LARGE),
    ],
)
@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_the_default_stream_is_read_else_the_largest(
    streams: list[tuple[tuple[int, int], Disposition]], expected: tuple[int, int], suffix: str, tmp_path: Path
) -> None:
    with FrameReader(write_streams(tmp_path / f"two.{suffix}", streams)) as reader:
        assert [read_number(frame) for frame in reader] == list(range(6))
    assert reader.clip.image_size == expected


def test_without_a_default_stream_the_largest_is_read(tmp_path: Path) -> None:
    # MP4 always declares one.
    path = write_streams(tmp_path / "two.mkv", [(SMALL, NONE), (LARGE, NONE), (SMALL, NONE)])
    assert probe(path).image_size == LARGE


@pytest.mark.parametrize("disposition", [Disposition.attached_pic, Disposition.timed_thumbnails])
def test_covers_and_thumbnails_are_not_the_video(disposition: Disposition, tmp_path: Path) -> None:
    with av.open(str(write_streams(tmp_path / "two.mkv", [(LARGE, DEFAULT), (SMALL, NONE)]))) as container:
        container.streams.video[0].disposition = disposition | Disposition.default
        assert find_video_stream(container, tmp_path).width == SMALL[0]


def moving_bar(instant: float) -> RgbImage:
    """Returns a smooth bright bar that moves by 3 px per field."""
    x = np.arange(SIZE[0])
    row = 40 + 160 * np.exp(-0.5 * ((x - 15 - 3.0 * instant) / 4.0) ** 2)
    return np.repeat(np.tile(row, (SIZE[1], 1))[..., None], 3, axis=2).astype(np.uint8)


def weave(first: RgbImage, second: RgbImage, top_first: bool) -> RgbImage:
    """Returns the frame of two fields."""
    frame = first.copy()
    frame[1 if top_first else 0 :: 2] = second[1 if top_first else 0 :: 2]
    return frame


def distance(one: RgbImage, other: RgbImage) -> float:
    return float(np.abs(one.astype(float) - other)[8:-8].mean())


FRAMES = 9
PERIOD = Fraction(1, 25)


def write_interlaced(path: Path, codec: str, top_first: bool, options: dict[str, str]) -> list[RgbImage]:
    """Writes frames of two fields each, marked with their field order, at 25 frames/s; returns the frames."""
    pictures = [weave(moving_bar(2 * i), moving_bar(2 * i + 1), top_first) for i in range(FRAMES)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options={"flags": "+ildct+ilme"} | options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number, picture in enumerate(pictures):
            graph = Graph()
            source = graph.add_buffer(width=SIZE[0], height=SIZE[1], format=VideoFormat("yuv420p"), time_base=PERIOD)
            marker = graph.add("setfield", mode="tff" if top_first else "bff")
            graph.link_nodes(source, marker, graph.add("buffersink")).configure()
            frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, PERIOD
            graph.vpush(frame)
            container.mux(stream.encode(graph.vpull()))
        container.mux(stream.encode(None))
    return pictures


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv", "h264.ts", "mpeg2.ts", "mpeg2.mxf", "mpeg2.avi", "mpeg2.mpg"])
def test_an_interlaced_video_shows_the_first_field_of_each_frame(name: str, top_first: bool, tmp_path: Path) -> None:
    codec, options = ("libx264", {"crf": "4"}) if name.startswith("h264") else ("mpeg2video", {"b": "20M", "bf": "0"})
    frames = write_interlaced(tmp_path / name, codec, top_first, options)
    with FrameReader(tmp_path / name) as reader:
        delivered = list(reader)
        (warning,) = reader.warnings
    assert "is interlaced" in warning
    assert reader.clip.fps == 25
    assert reader.clip.frame_count == len(delivered) == FRAMES
    for number, frame in enumerate(delivered):
        assert distance(frame, moving_bar(2 * number)) < 0.4 * distance(frames[number], moving_bar(2 * number))


def test_a_progressive_video_is_left_alone(tmp_path: Path) -> None:
    path = write_video(tmp_path / "p.mkv", [moving_bar(i) for i in range(FRAMES)], codec="ffv1", pixel_format="bgr0")
    with FrameReader(path) as reader:
        assert all(np.array_equal(frame, moving_bar(i)) for i, frame in enumerate(reader))
        assert reader.warnings == ()


@pytest.mark.parametrize("suffix", ["ts", "mpg", "mxf", "avi"])
def test_progressive_mpeg2_is_not_called_interlaced(suffix: str, tmp_path: Path) -> None:
    path = write_video(
        tmp_path / f"p.{suffix}", [moving_bar(i) for i in range(FRAMES)], fps=1 / PERIOD, codec="mpeg2video"
    )
    with FrameReader(path) as reader:
        assert sum(1 for _ in reader) == FRAMES
        assert reader.warnings == ()


def decoded(pictures: Sequence[RgbImage]) -> list[tuple[Fraction | None, VideoFrame]]:
    frames = [VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv444p") for picture in pictures]
    return [(Fraction(number), frame) for number, frame in enumerate(frames)]


@pytest.mark.parametrize(("field_order", "top_first"), [(2, True), (3, False), (4, False), (5, True)])
def test_a_declared_field_order_counts_where_frames_are_not_marked(field_order: int, top_first: bool) -> None:
    frames = [weave(moving_bar(2 * i), moving_bar(2 * i + 1), top_first) for i in range(FRAMES)]
    calls: list[None] = []
    delivered = list(deinterlace(decoded(frames), field_order, lambda: calls.append(None)))
    assert [time for time, _ in delivered] == list(range(FRAMES))
    assert len(calls) == 1
    for number, (_, frame) in enumerate(delivered):
        image = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        assert distance(image, moving_bar(2 * number)) < 0.3 * distance(frames[number], moving_bar(2 * number))


@pytest.mark.parametrize("field_order", [0, 1])
def test_frames_without_a_field_order_are_passed_on(field_order: int) -> None:
    frames = decoded([moving_bar(i) for i in range(3)])
    assert [frame for _, frame in deinterlace(frames, field_order, lambda: None)] == [frame for _, frame in frames]


def test_every_frame_is_delivered_where_the_size_changes() -> None:
    pictures = [moving_bar(0), moving_bar(1), moving_bar(2)[:40], moving_bar(3)[:40], moving_bar(4)]
    delivered = list(deinterlace(decoded(pictures), 2, lambda: None))
    assert [time for time, _ in delivered] == list(range(5))
    assert [frame.height for _, frame in delivered] == [80, 80, 40, 40, 80]


@pytest.mark.parametrize("lengths", [(18, 18), (5, 40), (40, 5), (2, 2), (7, 7, 7)])
@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30), Fraction(60)])
def test_joined_files_show_all_their_frames(lengths: tuple[int, ...], fps: Fraction, tmp_path: Path) -> None:
    parts = [write_video(tmp_path / f"{i}.ts", numbered_pictures(n), fps=fps) for i, n in enumerate(lengths)]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with FrameReader(path) as reader:
        numbers = [read_number(frame) for frame in reader]
        assert "joined" in "".join(reader.warnings)
    assert numbers == [number for length in lengths for number in range(length)]
    assert (reader.clip.frame_count, reader.clip.fps) == (len(numbers), fps)


@pytest.mark.parametrize(
    ("suffix", "codec"), [("m2ts", "libx264"), ("mkv", "libx264"), ("mpg", "mpeg2video"), ("vob", "mpeg2video")]
)
def test_joined_files_of_other_containers_show_all_their_frames(suffix: str, codec: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / f"joined.{suffix}", numbered_pictures(20), codec=codec)
    path.write_bytes(path.read_bytes() * 2)
    with FrameReader(path) as reader:
        assert [read_number(frame) for frame in reader] == [*range(20), *range(20)]
        assert "joined" in "".join(reader.warnings)
    assert reader.clip.frame_count == 40


def test_the_length_of_a_long_joined_file_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodydouble.formats.media.source.MAX_SCANNED_FRAMES", 40)
    path = write_video(tmp_path / "joined.ts", numbered_pictures(30))
    path.write_bytes(path.read_bytes() * 3)
    with FrameReader(path) as reader:
        assert reader.clip.frame_count is None
        assert sum(1 for _ in reader) == 90


@pytest.mark.parametrize("offset", [Fraction(0), Fraction(1, 70), Fraction(-1, 5), Fraction(3)])
@pytest.mark.parametrize("length", [3, 20, 90])
def test_the_clock_runs_on_where_timestamps_start_again(offset: Fraction, length: int) -> None:
    period = Fraction(1, 30)
    times = [i * period for i in range(length)] + [offset + i * period for i in range(50)]
    breaks: list[None] = []
    repaired = [time for time, _ in repair_timestamps(((t, None) for t in times), period, lambda: breaks.append(None))]
    goes_back = offset <= (length - 1) * period
    assert len(breaks) == int(goes_back)
    if goes_back:
        assert repaired == [i * period for i in range(length + 50)]


@pytest.mark.parametrize(
    "order", [[0, 1, 2, 5, 3, 4, 6, 7], [0, 2, 1, 3, 4], [0, 1, 2, 2, 3], [0, 3, 2, 1, 4, 7, 6, 5, 8]]
)
def test_frames_out_of_order_do_not_stop_the_clock(order: list[int]) -> None:
    repaired = [time for time, _ in repair_timestamps(((Fraction(t, 10), None) for t in order), Fraction(1, 10))]
    assert repaired == [Fraction(max(order[: i + 1]), 10) for i in range(len(order))]


def test_parts_end_where_decoding_times_go_back() -> None:
    one = [(Fraction(pts), Fraction(dts)) for dts, pts in enumerate([1, 4, 2, 3])]
    assert split_at_restarts([*one, *one]) == [[1, 2, 3, 4], [1, 2, 3, 4]]
    assert split_at_restarts([(time, None) for time, _ in one]) == [[1, 2, 3, 4]]
    assert split_at_restarts([]) == []


def test_parts_end_where_a_time_comes_again() -> None:
    times = [Fraction(time) for time in (1, 4, 2, 3)]
    assert split_at_restarts([(time, None) for time in times * 2]) == [[1, 2, 3, 4]] * 2
    assert split_at_restarts([(time, None) for time in sorted(times * 2)]) == [[1, 1, 2, 2, 3, 3, 4, 4]]


@pytest.mark.skipif(not CASES.exists(), reason="the shared inputs are absent")
@pytest.mark.parametrize(
    ("name", "size", "frames", "note"),
    [
        ("two_streams.mkv", (480, 270), 36, ""),
        ("interlaced.mp4", (480, 272), 18, "interlaced"),
        ("joined_restart.ts", (480, 270), 36, "joined"),
    ],
)
def test_shared_inputs_are_read(name: str, size: tuple[int, int], frames: int, note: str) -> None:
    assert (probe(CASES / name).image_size, probe(CASES / name).frame_count) == (size, frames)
    with FrameReader(CASES / name) as reader:
        assert sum(1 for _ in reader) == frames
        assert note in "".join(reader.warnings)
        assert bool(note) == bool(reader.warnings)
