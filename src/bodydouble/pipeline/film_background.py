"""Background of a film: its name and the size of frames -> ``Background``."""

import numpy as np

from bodydouble.data import RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.film.layouts import Layout
from bodydouble.film.surroundings import Background
from bodydouble.pipeline.film_options import NO_BACKGROUND, FilmOptions

ORIGINAL, PLAIN = "original", "plain"
BACKGROUNDS = (ORIGINAL, PLAIN, NO_BACKGROUND)
"""Names of backgrounds."""
PLAIN_LAYOUTS = (Layout.TURNTABLE, Layout.SHEET)
"""Layouts that do not show the place."""


class OriginalBackground:
    """The frames of the video."""

    def frame(self, _index: int, source: RgbImage, /) -> RgbImage:
        """Returns the frame of the video."""
        return source

    def foreground(self, _index: int, /) -> None:
        """Returns None: nothing is known about depth."""


class PlainBackground:
    """One colour."""

    def __init__(self, image_size: tuple[int, int], color: tuple[int, int, int]) -> None:
        """Takes width and height, px, and RGB, 0 to 255."""
        self._image = np.full((image_size[1], image_size[0], 3), color, dtype=np.uint8)

    def frame(self, _index: int, _source: RgbImage, /) -> RgbImage:
        """Returns the colour."""
        return self._image

    def foreground(self, _index: int, /) -> None:
        """Returns None: nothing stands in a plain background."""


def choose_background(options: FilmOptions) -> str:
    """Returns the background of a film: the chosen one, else that of the layout."""
    return options.background or (PLAIN if options.layout in PLAIN_LAYOUTS else ORIGINAL)


def check_background(options: FilmOptions) -> None:
    """Raises InvalidDataError if the background of a film is unknown, or does not fit its layout."""
    name = options.background
    if name is not None and name not in BACKGROUNDS:
        raise InvalidDataError(f"unknown background {name!r}; choose one of {', '.join(BACKGROUNDS)}")
    if options.layout in PLAIN_LAYOUTS and choose_background(options) not in (PLAIN, NO_BACKGROUND):
        raise InvalidDataError(f"the layout {options.layout.value} stands on a plain ground, not on {name!r}")


def needs_video(options: FilmOptions) -> bool:
    """Returns whether the background of a film shows the video."""
    return choose_background(options) == ORIGINAL


def open_background(options: FilmOptions, frame_size: tuple[int, int]) -> Background | None:
    """Opens the background of a film for source frames of a width and height in px; None: the film is transparent."""
    if options.is_transparent:
        return None
    if choose_background(options) == PLAIN:
        return PlainBackground(frame_size, options.background_color)
    return OriginalBackground()
