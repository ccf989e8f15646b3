"""The interface of backgrounds, and those that need no analysis of the film: the frame itself and a plain colour."""

from typing import Protocol

import numpy as np

from bodydouble.data import FloatArray, RgbImage

PLAIN_TOP = (196, 222, 246)
PLAIN_BOTTOM = (250, 246, 238)
"""Colours of the soft gradient, a bright sky above a warm ground."""


class Background(Protocol):
    """The place behind the characters of a film."""

    def frame(self, index: int, source: RgbImage, /) -> RgbImage:
        """Returns the background (H, W, 3) RGB of a frame; it must not be modified.

        Args:
            index: the frame; in order, except that frames may be left out or repeated.
            source: (H, W, 3) RGB, the frame of the video in the film's size; not modified.
        """
        ...

    def foreground(self, index: int, /) -> FloatArray | None:
        """Returns the opacity (H, W), 0 to 1, of what stands before the people in a frame, None if nothing is known.

        The background shows there in front of the characters.
        """
        ...


class OriginalBackground:
    """The frames of the video, people included."""

    def frame(self, _index: int, source: RgbImage, /) -> RgbImage:
        """Returns the frame of the video."""
        return source

    def foreground(self, _index: int, /) -> FloatArray | None:
        """Returns None: nothing is known about depth."""
        return None


class PlainBackground:
    """One colour, or a soft vertical gradient."""

    def __init__(self, size: tuple[int, int], top: tuple[int, int, int], bottom: tuple[int, int, int]) -> None:
        """Draws the gradient.

        Args:
            size: width and height of the film, px.
            top: RGB, 0 to 255.
            bottom: likewise.
        """
        share = np.linspace(0.0, 1.0, size[1])[:, None, None]
        column = np.round((1 - share) * np.array(top) + share * np.array(bottom))
        self._image = np.ascontiguousarray(np.broadcast_to(column, (size[1], size[0], 3)).astype(np.uint8))

    def frame(self, _index: int, _source: RgbImage, /) -> RgbImage:
        """Returns the gradient."""
        return self._image

    def foreground(self, _index: int, /) -> FloatArray | None:
        """Returns None: nothing stands in a plain background."""
        return None
