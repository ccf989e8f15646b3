"""Films of a small performance, mostly over the original video: layouts, formats, frame rates, sound and errors."""

import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bodydouble.data import BoolArray, RgbImage
from bodydouble.errors import BodydoubleError
from bodydouble.film.fading import FADE_TIME
from bodydouble.film.layouts import GUTTER_WIDTH, FilmSize, Layout
from bodydouble.formats.media import FrameReader, probe
from bodydouble.formats.media.encodings import VideoFormat
from bodydouble.pipeline.film_options import PLAIN_COLOR, FilmOptions
from bodydouble.pipeline.filming import film
from bodydouble.pipeline.still_image import render_still
from tests.film.film_builders import BEEP, ENTRY, FPS, FRAMES, SIZE, build_performance, read_film, write_footage
from tests.media_builders import numbered_picture, numbered_pictures, read_number, read_sound, write_video

Make = Callable[..., Path]
FADE = round(FADE_TIME * FPS)
"""Number of frames in which a character fades in."""


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_footage(tmp_path_factory.mktemp("footage"))[1]


@pytest.fixture
def make(footage: Path, tmp_path: Path) -> Make:
    def make_film(name: str | None, **options: Any) -> Path:
        path = None if name is None else tmp_path / name
        video = options.pop("video", None)
        chosen = FilmOptions(**{"characters": ("mannequin",), "background": "original", **options})
        return film(footage, path, options=chosen, video=video).files[0]

    return make_film


def is_ground(images: list[RgbImage], tolerance: int = 24) -> BoolArray:
    """Says for each frame and pixel whether it shows the plain ground, possibly in a shadow: grey like the ground."""
    values = np.array(images, dtype=int)
    return np.asarray(np.abs(values - PLAIN_COLOR).max(axis=-1) <= tolerance)


def test_the_film_has_size_rate_length_and_sound_of_the_video(make: Make, footage: Path, tmp_path: Path) -> None:
    path = make("dance.mp4")
    clip = probe(path)
    assert (clip.image_size, clip.fps, clip.frame_count) == (SIZE, FPS, FRAMES)
    samples, first = read_sound(path)
    assert first + float(np.argmax(np.abs(samples) > 0.2)) / 48000 == pytest.approx(BEEP, abs=0.03)
    assert list(tmp_path.iterdir()) == [path]
    assert sorted(p.name for p in footage.parent.iterdir()) == ["dance.mp4", "dance_performance.npz"]


def test_every_frame_shows_its_own_background(make: Make) -> None:
    frames = read_film(make("dance.mp4"))
    corner = slice(0, 8)
    for number, frame in enumerate(frames):
        shown = numbered_picture(number, SIZE)
        assert np.abs(frame[corner].astype(int) - shown[corner]).mean() < 12


def test_a_person_who_enters_late_is_drawn_from_then_on(make: Make) -> None:
    frames = read_film(make("plain.mp4", background="plain"))
    drawn = ~is_ground(frames)
    right = drawn[:, :, SIZE[0] // 2 + 20 :].mean(axis=(1, 2))
    left = drawn[:, :, : SIZE[0] // 2].mean(axis=(1, 2))
    assert (left > 0.01).all()
    assert (right[ENTRY + 1 :] > 0.01).all()
    assert (right[:ENTRY] < right[ENTRY + 1 :].min() / 2).all()


def test_on_twos_there_are_12_drawings_a_second(make: Make) -> None:
    folder = make("frames.png", background="none", on_twos=True)
    drawings = {path.read_bytes() for path in folder.iterdir()}
    assert len(list(folder.iterdir())) == FRAMES
    assert len(drawings) == 12 * FRAMES // FPS
    every = {path.read_bytes() for path in make("all.png", background="none").iterdir()}
    assert len(every) == FRAMES


def test_on_twos_the_background_moves_in_every_frame(make: Make) -> None:
    frames = read_film(make("dance.mp4", on_twos=True))
    numbers = [read_number(np.ascontiguousarray(frame[:8])) for frame in frames]
    assert numbers == list(range(FRAMES))


def test_60_frames_a_second_are_twice_as_many_of_which_each_is_another_pose(make: Make) -> None:
    path = make("fast.mp4", fps=Fraction(60), background="plain")
    clip = probe(path)
    assert (clip.fps, clip.frame_count) == (Fraction(60), 2 * FRAMES - 1)
    samples, first = read_sound(path)
    assert first + float(np.argmax(np.abs(samples) > 0.2)) / 48000 == pytest.approx(BEEP, abs=0.03)


@pytest.mark.parametrize("video_format", ["webm", "apng", "gif", "png"])
def test_the_suffix_decides_the_format_and_none_is_transparent(make: Make, video_format: str) -> None:
    path = make(f"dance.{video_format}", background="none", size=FilmSize(short_side=120))
    if video_format == "webm":
        assert probe(path).image_size == (160, 120)
        return
    first = sorted(path.iterdir())[0] if video_format == "png" else path
    with Image.open(first) as image:
        alpha = np.array(image.convert("RGBA"))[..., 3]
    assert alpha.shape == (120, 160)
    assert (alpha[:5] == 0).all()
    assert (alpha == 255).mean() > 0.01


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe")
def test_ffprobe_reads_the_film(make: Make) -> None:
    command = [
        "ffprobe",
        "-v",
        "error",
        "-count_frames",
        "-show_entries",
        "stream=codec_type,nb_read_frames",
        "-of",
        "csv",
    ]
    done = subprocess.run([*command, str(make("dance.mp4"))], capture_output=True, text=True, check=True)
    assert f"video,{FRAMES}" in done.stdout
    assert "audio" in done.stdout


def test_a_film_of_a_gif_has_at_most_50_frames_a_second(make: Make) -> None:
    path = make("dance.gif", fps=Fraction(60), background="plain", size=FilmSize(short_side=60))
    with Image.open(path) as image:
        assert image.n_frames == FRAMES  # type: ignore[attr-defined]


def test_side_by_side_shows_the_source_and_each_cast(make: Make) -> None:
    path = make(
        "both.mp4", layout=Layout.SIDE_BY_SIDE, further_casts=(("anime:man", "anime:girl"),), background="plain"
    )
    frames = read_film(path)
    width, height = SIZE
    assert frames[0].shape == (height, 3 * width + 2 * GUTTER_WIDTH, 3)
    for number, frame in enumerate(frames):
        assert read_number(np.ascontiguousarray(frame[:, :width])) == number
    first, second = frames[-1][:, width + GUTTER_WIDTH :][:, :width], frames[-1][:, -width:]
    assert (~is_ground([first, second])).mean(axis=(1, 2)).min() > 0.02
    assert np.abs(first.astype(int) - second).mean() > 1


def test_a_close_view_follows_the_first_person(make: Make) -> None:
    whole = ~is_ground(read_film(make("whole.mp4", background="plain")))
    close = ~is_ground(read_film(make("close.mp4", background="plain", layout=Layout.CHARACTER)))
    assert close.mean() > 1.2 * whole.mean()
    columns = np.asarray(close[:ENTRY].any(axis=1))
    centers = np.array([np.flatnonzero(row).mean() for row in columns])
    assert np.abs(centers / SIZE[0] - 0.5).max() < 0.3


def test_a_turntable_needs_no_video_and_comes_back_to_its_start(tmp_path: Path) -> None:
    _, performance = write_footage(tmp_path)
    (tmp_path / "dance.mp4").unlink()
    options = FilmOptions(("mannequin",), layout=Layout.TURNTABLE, size=FilmSize(short_side=120), fps=Fraction(10))
    (path,) = film(performance, tmp_path / "turn.mp4", options=options).files
    frames = np.array(read_film(path), dtype=int)
    assert not probe(path).has_audio
    assert len(frames) == 72
    to_first = np.abs(frames - frames[0]).mean(axis=(1, 2, 3))
    assert to_first[-1] < to_first[1:-1].max() / 3
    shapes = np.asarray((~is_ground(list(frames.astype(np.uint8)))).any(axis=1))
    assert all(0.2 < row.mean() < 0.98 for row in shapes), "both are in the picture"


def test_a_sheet_shows_each_person_above_the_character(make: Make) -> None:
    path = make("dance_sheet.png", layout=Layout.SHEET, background=None)
    with Image.open(path) as image:
        assert image.size == (4 * 366 + 6, 4 * 546 + 6)


def test_a_still_is_the_frame_of_the_film(make: Make, footage: Path, tmp_path: Path) -> None:
    folder = make("frames.png")
    render_still(footage, 20, tmp_path / "still.png", options=FilmOptions(("mannequin",), background="original"))
    expected, still = (np.array(Image.open(p), dtype=int) for p in (folder / "000020.png", tmp_path / "still.png"))
    np.testing.assert_array_equal(still, expected)


def test_a_size_of_other_proportions_is_filled_up(make: Make) -> None:
    frames = read_film(make("wide.mp4", background="plain", size=FilmSize((401, 201))))
    assert frames[0].shape == (200, 400, 3)
    assert frames[0][:, :60].max() < 20
    assert is_ground([np.ascontiguousarray(frames[0][:20, 80:320])]).all()


def test_people_may_be_selected(footage: Path, tmp_path: Path) -> None:
    result = film(footage, tmp_path / "a.png", options=FilmOptions(("mannequin",), background="none"), people="person2")
    assert [person.name for person in result.performance.people] == ["person2"]
    folder = result.files[0]
    alphas = [np.array(Image.open(path))[..., 3].max() for path in sorted(folder.iterdir())]
    assert max(alphas[:ENTRY]) == 0
    assert min(alphas[ENTRY + FADE :]) == 255
    assert (np.diff(alphas[ENTRY - 1 : ENTRY + FADE + 1]) > 0).all(), "person2 fades in"


ERRORS: dict[str, dict[str, Any]] = {
    "has no transparency": {"name": "a.mp4", "background": "none"},
    "a film ends in": {"name": "a.avi"},
    "unknown background": {"name": "a.mp4", "background": "moon"},
    "is a colour": {"name": "a.mp4", "background": "#ffffff"},
    "plain ground": {"name": "a.mp4", "layout": Layout.TURNTABLE, "background": "original"},
    "still image": {"name": "a.mp4", "layout": Layout.SHEET, "background": None},
    "several casts": {"name": "a.mp4", "further_casts": (("mannequin",),)},
    "unknown character": {"name": "a.mp4", "characters": ("dragon",)},
    "above 0": {"name": "a.mp4", "fps": Fraction(0)},
    "no such|there is no file": {"name": "a.mp4", "video": Path("missing.mp4")},
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors_are_one_line_and_leave_nothing(make: Make, tmp_path: Path, message: str) -> None:
    with pytest.raises(BodydoubleError, match=message) as caught:
        make(**ERRORS[message])
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options", [{}, {"layout": Layout.SIDE_BY_SIDE, "background": "plain"}, {"layout": Layout.SHEET}]
)
def test_a_film_that_shows_the_video_needs_it(tmp_path: Path, options: dict[str, Any]) -> None:
    video, performance = write_footage(tmp_path)
    video.unlink()
    with pytest.raises(BodydoubleError, match="--video"):
        film(performance, options=FilmOptions(("mannequin",), **options))
    assert list(tmp_path.iterdir()) == [performance]


@pytest.mark.parametrize(("count", "size"), [(FRAMES, (64, 48)), (10, SIZE)])
def test_a_video_of_another_clip_is_refused(footage: Path, tmp_path: Path, count: int, size: tuple[int, int]) -> None:
    other = write_video(tmp_path / "other.mp4", numbered_pictures(count, size))
    with pytest.raises(BodydoubleError, match="another clip"):
        film(footage, tmp_path / "film.mp4", video=other)


def test_the_film_never_replaces_the_video(footage: Path) -> None:
    video = footage.with_name("dance.mp4")
    with pytest.raises(BodydoubleError, match="replace"):
        film(footage, video, options=FilmOptions(("mannequin",)))
    assert probe(video).frame_count == FRAMES


@pytest.mark.parametrize("frame", [-1, FRAMES])
def test_a_still_of_a_frame_that_is_not_there_is_refused(footage: Path, tmp_path: Path, frame: int) -> None:
    with pytest.raises(BodydoubleError, match=f"frames 0 to {FRAMES - 1}"):
        render_still(footage, frame, tmp_path / "still.png")
    assert list(tmp_path.iterdir()) == []


def test_a_performance_at_another_rate_shows_the_frames_of_its_time(tmp_path: Path) -> None:
    from bodydouble.formats import performance as performance_files
    from bodydouble.motion.resampling.performance import resample_performance

    video, _ = write_footage(tmp_path)
    file = tmp_path / "slow.npz"
    performance_files.save(file, resample_performance(build_performance(), Fraction(10)))
    options = FilmOptions(("mannequin",), background="original", video_format=VideoFormat.MP4)
    (path,) = film(file, tmp_path / "slow.mp4", options=options, video=video).files
    with FrameReader(path) as reader:
        numbers = [read_number(np.ascontiguousarray(frame[:8])) for frame in reader]
    assert numbers == list(range(0, FRAMES, 3))
