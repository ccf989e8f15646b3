"""Background of a film: its name and the footage -> ``Background``."""

from collections.abc import Iterator
from pathlib import Path

from bodydouble.data import Clip, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.film.backgrounds import BACKGROUND_KINDS, Background, create_background
from bodydouble.film.layouts import Layout
from bodydouble.formats.media import FrameReader
from bodydouble.pipeline.film_options import NO_BACKGROUND, FilmOptions
from bodydouble.pipeline.film_source import Footage

PLAIN, CLEAN = "plain", "clean"
VIDEO_KINDS = ("original", CLEAN, "toon")
"""Names of backgrounds that show the video."""
PLAIN_LAYOUTS = (Layout.TURNTABLE, Layout.SHEET)
"""Layouts that do not show the place."""


def check_background(options: FilmOptions) -> None:
    """Raises InvalidDataError if the background of a film is unknown, or does not fit its layout."""
    name = options.background
    if name is not None and name.startswith("#"):
        raise InvalidDataError(f"background {name!r} is a colour; give it as background_color of the plain background")
    if name is not None and name not in (*BACKGROUND_KINDS, NO_BACKGROUND) and not Path(name).exists():
        choices = ", ".join((*BACKGROUND_KINDS, NO_BACKGROUND))
        raise InvalidDataError(f"unknown background {name!r}; choose one of {choices}, or an image or a video")
    if options.layout in PLAIN_LAYOUTS and choose_background(options) not in (PLAIN, NO_BACKGROUND):
        raise InvalidDataError(f"the layout {options.layout.value} stands on a plain ground, not on {name!r}")


def choose_background(options: FilmOptions) -> str:
    """Returns the background of a film: the chosen one, else that of the layout."""
    return options.background or (PLAIN if options.layout in PLAIN_LAYOUTS else CLEAN)


def needs_video(options: FilmOptions) -> bool:
    """Returns whether the background of a film shows the video."""
    return choose_background(options) in VIDEO_KINDS


def open_background(footage: Footage, options: FilmOptions, frame_size: tuple[int, int]) -> Background | None:
    """Opens the background of a film, of a width and height in px; None: the film is transparent.

    Clean and toon backgrounds read the video twice before.
    """
    if options.is_transparent:
        return None
    kind = choose_background(options)
    if kind == PLAIN:
        kind = "#{:02x}{:02x}{:02x}".format(*options.background_color)
    clip = footage.require_clip("this film") if kind in VIDEO_KINDS else None
    return create_background(kind, footage.performance, lambda: _read_frames(footage, clip, frame_size), frame_size)


def _read_frames(footage: Footage, clip: Clip | None, frame_size: tuple[int, int]) -> Iterator[RgbImage]:
    """Yields the frames of the video at the rate of the performance."""
    if clip is None:
        return
    with FrameReader(clip.path, fps=footage.performance.fps, image_size=frame_size) as reader:
        yield from reader
