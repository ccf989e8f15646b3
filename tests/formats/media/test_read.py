"""Reading of videos and images that tests/media_builders.py writes."""

import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from av import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, ColorTrc
from PIL import Image

from bodydouble.errors import MediaError
from bodydouble.formats.media import FrameReader, probe
from bodydouble.formats.media.pixels import Orientation, RgbConverter
from tests.media_builders import (
    beep,
    numbered_pictures,
    quadrant_colors,
    quadrants,
    read_number,
    write_sound,
    write_video,
)


def read_numbers(path: Path | str, fps: Fraction | None = None) -> list[int]:
    with FrameReader(path, fps=fps) as reader:
        numbers = [read_number(frame) for frame in reader]
        assert len(numbers) == reader.clip.frame_count
        assert reader.warnings == ()
    return numbers


VIDEOS: dict[str, dict[str, Any]] = {
    "h264.mp4": {"codec": "libx264"},
    "h264 without B-frames.mov": {"codec": "libx264", "options": {"bf": "0"}},
    "h264.ts": {"codec": "libx264"},
    "hevc.mkv": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "hevc 10 bit.mp4": {
        "codec": "libx265",
        "pixel_format": "yuv420p10le",
        "options": {"x265-params": "log-level=none"},
    },
    "vp9.webm": {"codec": "libvpx-vp9"},
    "h264 10 bit.mp4": {"codec": "libx264", "pixel_format": "yuv420p10le"},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mpeg4 with B-frames.avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "h264 with B-frames.avi": {"codec": "libx264", "options": {"bf": "3"}},
    "mjpeg.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "pictures.gif": {"codec": "gif", "pixel_format": "rgb8", "fps": Fraction(10)},
}


@pytest.mark.parametrize("name", VIDEOS)
def test_every_frame_comes_once_and_in_order(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, numbered_pictures(40), **VIDEOS[name])
    assert read_numbers(path) == list(range(40))
    assert probe(path).fps == VIDEOS[name].get("fps", 30)
    assert probe(path).image_size == (64, 48)


@pytest.mark.parametrize(
    "fps", [Fraction(5), Fraction(24000, 1001), Fraction(23), Fraction(60000, 1001), Fraction(240)]
)
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_the_rate_is_exact(tmp_path: Path, fps: Fraction, suffix: str) -> None:
    path = write_video(tmp_path / f"clip.{suffix}", numbered_pictures(50), fps=fps)
    assert probe(path).fps == fps
    assert read_numbers(path) == list(range(50))


def test_clips_longer_than_the_scanned_part_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodydouble.formats.media.source.MAX_SCANNED_FRAMES", 40)
    path = write_video(tmp_path / "clip.mp4", numbered_pictures(100))
    assert read_numbers(path) == list(range(100))


def test_a_variable_rate_is_resampled_by_its_timestamps(tmp_path: Path) -> None:
    ticks = [0, 33, 66, 101, 133, 233, 266, 301, 333, 366, 366 + 50, 366 + 101]
    path = write_video(tmp_path / "phone.mp4", numbered_pictures(12), ticks=ticks, time_base=Fraction(1, 1000))
    assert probe(path).fps == 30
    expected = [int(np.argmin([abs(tick - 1000 * i / 30) for tick in ticks])) for i in range(15)]
    assert read_numbers(path) == expected
    assert 4 in expected and expected.count(4) == 2, "a held frame is repeated"


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_time_begins_with_the_first_frame(tmp_path: Path, suffix: str) -> None:
    ticks = [700 + round(1000 * i / 25) for i in range(30)]
    path = write_video(tmp_path / f"late.{suffix}", numbered_pictures(30), ticks=ticks, time_base=Fraction(1, 1000))
    assert read_numbers(path) == list(range(30))


def test_a_stream_may_begin_inside_a_group_of_pictures(tmp_path: Path) -> None:
    path = write_video(tmp_path / "cut.ts", numbered_pictures(60), options={"g": "20", "bf": "2"})
    path.write_bytes(path.read_bytes()[188 * 12 :])
    numbers = read_numbers(path)
    assert numbers == list(range(numbers[0], 60))
    assert 0 < numbers[0] <= 40


def test_concatenated_streams_are_read_in_sequence(tmp_path: Path) -> None:
    path = write_video(tmp_path / "joined.ts", numbered_pictures(60))
    path.write_bytes(path.read_bytes() * 2)
    with FrameReader(path) as reader:
        assert [read_number(frame) for frame in reader] == [*range(60), *range(60)]


def test_frames_are_resampled_to_the_requested_rate(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", numbered_pictures(60), fps=Fraction(60))
    assert read_numbers(path, fps=Fraction(30)) == list(range(0, 60, 2))
    assert probe(path, fps=Fraction(30)).fps == 30


def test_a_stream_without_timestamps_is_read_at_its_declared_rate(tmp_path: Path) -> None:
    path = write_video(tmp_path / "raw.h264", numbered_pictures(30), fps=Fraction(25), options={"bf": "0"})
    with FrameReader(path) as reader:
        assert [read_number(frame) for frame in reader] == list(range(30))
        assert reader.clip.fps == 25


@pytest.mark.parametrize(
    ("rotation", "mirrored", "colors"),
    [
        (None, False, "rgbw"),
        (0, False, "rgbw"),
        (90, False, "gwrb"),  # counter-clockwise: the right side comes to the top
        (180, False, "wbgr"),
        (270, False, "brwg"),
        (-90, False, "brwg"),
        (2, False, "rgbw"),
        (0, True, "grwb"),
        (180, True, "bwrg"),
        (90, True, "wgbr"),
        (-90, True, "rbgw"),
    ],
)
def test_frames_are_upright(tmp_path: Path, rotation: float | None, mirrored: bool, colors: str) -> None:
    path = write_video(tmp_path / "phone.mp4", [quadrants()] * 3, rotation=rotation, mirrored=mirrored)
    with FrameReader(path) as reader:
        frames = list(reader)
    assert {quadrant_colors(frame) for frame in frames} == {colors}
    upright = (48, 64) if rotation in (90, -90, 270) else (64, 48)
    assert reader.clip.image_size == upright
    assert all(frame.shape == (upright[1], upright[0], 3) for frame in frames)


@pytest.mark.parametrize(("exif", "colors"), [(1, "rgbw"), (3, "wbgr"), (6, "brwg"), (8, "gwrb")])
def test_photographs_are_upright(tmp_path: Path, exif: int, colors: str) -> None:
    tags = Image.Exif()
    tags[0x0112] = exif
    Image.fromarray(quadrants()).save(tmp_path / "photo.jpg", exif=tags)
    with FrameReader(tmp_path / "photo.jpg") as reader:
        (frame,) = reader
    assert quadrant_colors(frame) == colors


@pytest.mark.parametrize("size", [(53, 37), (64, 37), (8, 8), (2, 2), (1920, 2)])
def test_odd_and_tiny_sizes_are_read_exactly(tmp_path: Path, size: tuple[int, int]) -> None:
    image = np.full((size[1], size[0], 3), (200, 120, 40), dtype=np.uint8)
    path = write_video(tmp_path / "odd.mkv", [image] * 2, codec="ffv1", pixel_format="bgr0")
    with FrameReader(path) as reader:
        frames = list(reader)
    assert reader.clip.image_size == size
    assert all(np.array_equal(frame, image) for frame in frames)


@pytest.mark.parametrize(("max_side", "size"), [(32, (32, 18)), (64, (64, 36)), (1000, (64, 36))])
@pytest.mark.parametrize("rotation", [0, 90])
def test_large_frames_are_scaled_down(tmp_path: Path, max_side: int, size: tuple[int, int], rotation: int) -> None:
    path = write_video(tmp_path / "large.mp4", [quadrants((64, 36))] * 2, rotation=rotation)
    with FrameReader(path, max_side=max_side) as reader:
        frame = next(iter(reader))
    assert reader.clip.image_size == (size[::-1] if rotation else size)
    assert frame.shape == (reader.clip.image_size[1], reader.clip.image_size[0], 3)
    assert quadrant_colors(frame) == ("gwrb" if rotation else "rgbw")


@pytest.mark.parametrize("rotation", [0, 90])
def test_frames_are_scaled_to_an_exact_size(tmp_path: Path, rotation: int) -> None:
    path = write_video(tmp_path / "large.mp4", [quadrants((64, 36))] * 2, rotation=rotation)
    with FrameReader(path, image_size=(30, 44)) as reader:
        frame = next(iter(reader))
    assert reader.clip.image_size == (30, 44)
    assert frame.shape == (44, 30, 3)
    assert quadrant_colors(frame) == ("gwrb" if rotation else "rgbw")


def test_pixels_are_square(tmp_path: Path) -> None:
    path = write_video(tmp_path / "wide.mp4", [quadrants((72, 54))] * 2, pixel_aspect=Fraction(4, 3))
    assert probe(path).image_size == (96, 54)


def yuv_frame(rgb: tuple[int, int, int], kr: float, kb: float, full: bool, size: tuple[int, int]) -> VideoFrame:
    """Returns a frame of one colour as 10 bit YUV by the definition of ITU-R BT.601/709/2020."""
    red, green, blue = (value / 255 for value in rgb)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = [(blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)]
    values = (
        [luma * 1023, *(512 + 1023 * c for c in chroma)]
        if full
        else [64 + 876 * luma, *(512 + 896 * c for c in chroma)]
    )
    frame = VideoFrame(*size, "yuv444p10le")
    for plane, value in zip(frame.planes, values, strict=True):
        plane.update(np.full(plane.buffer_size // 2, round(value), dtype=np.uint16).tobytes())
    frame.color_range = ColorRange.JPEG if full else ColorRange.MPEG
    return frame


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("colorspace", "kr", "kb", "size"),
    [
        (Colorspace.ITU709, 0.2126, 0.0722, (64, 48)),
        (Colorspace.SMPTE170M, 0.299, 0.114, (1280, 720)),
        (Colorspace.BT2020, 0.2627, 0.0593, (64, 48)),
        (2, 0.299, 0.114, (64, 48)),
        (2, 0.2126, 0.0722, (1280, 720)),
    ],
    ids=["BT.709", "BT.601", "BT.2020", "untagged SD", "untagged HD"],
)
def test_colours_follow_the_tags(colorspace: int, kr: float, kb: float, size: tuple[int, int], full: bool) -> None:
    convert = RgbConverter(size, Orientation())
    for rgb in [(255, 255, 255), (0, 0, 0), (200, 100, 50), (20, 180, 90), (60, 40, 220)]:
        frame = yuv_frame(rgb, kr, kb, full, size)
        frame.colorspace = colorspace
        converted = convert(frame)[size[1] // 2, size[0] // 2]
        assert np.abs(converted.astype(int) - rgb).max() <= 3


@pytest.mark.parametrize(("curve", "white"), [(ColorTrc.SMPTE2084, 0.58), (ColorTrc.ARIB_STD_B67, 0.75)])
def test_hdr_tone_mapping_is_monotone_and_diffuse_white_is_bright(curve: int, white: float) -> None:
    levels = []
    for signal in [*np.linspace(0, 1, 20), white]:
        level = round(255 * signal)
        frame = yuv_frame((level, level, level), 0.2627, 0.0593, False, (16, 16))
        frame.colorspace, frame.color_trc = Colorspace.BT2020, curve
        levels.append(int(RgbConverter((16, 16), Orientation())(frame)[8, 8, 1]))
    *ramp, white_level = levels
    assert ramp == sorted(ramp)
    assert ramp[0] <= 2
    assert ramp[-1] >= 250
    assert 230 <= white_level <= 250, "diffuse white is nearly white and leaves room for highlights"


@pytest.mark.parametrize("pattern", ["", "*.png", "shot*"])
def test_images_are_read_in_natural_order(tmp_path: Path, pattern: str) -> None:
    for index, image in enumerate(numbered_pictures(12)):
        Image.fromarray(image).save(tmp_path / f"shot{index}.png")
    path = tmp_path / pattern
    assert read_numbers(path) == list(range(12))
    assert read_numbers(path, fps=Fraction(12)) == list(range(12))
    assert probe(path).fps == 30
    assert probe(path, fps=Fraction(12)).fps == 12


def test_other_files_in_the_folder_are_ignored(tmp_path: Path) -> None:
    Image.fromarray(quadrants()).save(tmp_path / "a.PNG")
    (tmp_path / "notes.txt").write_text("text")
    (tmp_path / ".hidden.png").write_text("not an image")
    assert probe(tmp_path).frame_count == 1


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "1"])
def test_an_image_is_a_clip_of_one_frame(tmp_path: Path, mode: str) -> None:
    white = Image.new("RGB", (40, 30), (255, 255, 255)).convert(mode)
    white.save(tmp_path / "photo 12:30 %d.png")
    with FrameReader(tmp_path / "photo 12:30 %d.png") as reader:
        (frame,) = reader
    assert (frame == 255).all()
    assert reader.clip.frame_count == 1


def test_images_of_different_sizes_are_refused(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    Image.new("RGB", (30, 40)).save(tmp_path / "b.png")
    with pytest.raises(MediaError, match=r"b.png is 30x40, but .*a.png is 40x30"), FrameReader(tmp_path) as reader:
        list(reader)


def test_a_video_of_one_frame_is_read(tmp_path: Path) -> None:
    assert read_numbers(write_video(tmp_path / "one.mp4", numbered_pictures(1))) == [0]


def assert_refused(path: Path, why: str) -> None:
    with pytest.raises(MediaError, match=why) as raised:
        probe(path)
    assert "\n" not in str(raised.value)
    assert path.name in str(raised.value)


def test_missing_files_are_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path / "missing.mp4", "there is no file")
    assert_refused(tmp_path / "*.png", "no file matches")
    assert_refused(tmp_path, "no image in the folder")


@pytest.mark.parametrize("name", ["text.mp4", "text.txt", "photo.jpg"])
@pytest.mark.parametrize("content", ["", "This is text.\n" * 100])
def test_rejects_files_that_are_not_videos(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert_refused(tmp_path / name, "not a video or image|no frame that can be decoded")


def test_audio_files_are_refused(tmp_path: Path) -> None:
    assert_refused(write_sound(tmp_path / "song.m4a", beep(0.5, 0.1)), "audio but no video")


def test_unreadable_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_video(tmp_path / "secret.mp4", numbered_pictures(2))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bodydouble.formats.media.source.av.open", refuse)
    assert_refused(path, "Permission denied")


def test_a_recording_without_its_index_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "cut.mp4", numbered_pictures(30))
    path.write_bytes(path.read_bytes()[:1000])
    assert_refused(path, "the end of a recording or download is missing")


def test_the_intact_part_of_a_damaged_video_is_read_with_a_warning(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(60)]
    path = write_video(tmp_path / "cut.mp4", noise, container_options={"movflags": "+faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with FrameReader(path) as reader:
        count = sum(1 for _ in reader)
        assert 15 < count < 45
        (warning,) = reader.warnings
    assert warning.startswith(f"{path} is damaged or incomplete: ")
    assert "of its 60 frames" in warning


def count_decoding_threads() -> int:
    return sum(thread.name == "read-ahead" for thread in threading.enumerate())


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_leaving_early_ends_the_thread(tmp_path: Path, error: type[BaseException] | None) -> None:
    path = write_video(tmp_path / "clip.mp4", numbered_pictures(200))
    before = count_decoding_threads()
    try:
        with FrameReader(path) as reader:
            for _ in reader:
                if error is not None:
                    raise error
                break
            assert count_decoding_threads() == before + 1
    except BaseException as raised:
        assert error is not None and isinstance(raised, error)
    assert count_decoding_threads() == before


def test_every_iteration_starts_at_the_beginning(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", numbered_pictures(30))
    with FrameReader(path) as reader:
        next(iter(reader))
        assert [read_number(frame) for frame in reader] == list(range(30))


def test_frames_are_separate_writable_arrays(tmp_path: Path) -> None:
    ticks = [0, 1, 2, 3, 4, 8, 9, 10, 11, 12]
    path = write_video(tmp_path / "held.mp4", numbered_pictures(10), ticks=ticks, time_base=Fraction(1, 30))
    with FrameReader(path) as reader:
        frames = list(reader)
    numbers = [read_number(frame) for frame in frames]
    assert numbers.count(4) > 1
    for frame in frames:
        frame[:] = 7
    assert all((frame == 7).all() for frame in frames)
    assert len({frame.ctypes.data for frame in frames}) == len(frames)
