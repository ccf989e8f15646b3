"""Surroundings: a source frame -> what is behind and before the characters in a frame of a film."""

from dataclasses import dataclass
from typing import Protocol

from bodydouble.data import FloatArray, RgbImage
from bodydouble.film.plan import FilmPlan


class Background(Protocol):
    """The place behind the characters of a film."""

    def frame(self, index: int, source: RgbImage, /) -> RgbImage:
        """Returns the background (H, W, 3) of a frame, whose source image is (H, W, 3)."""

    def foreground(self, index: int, /) -> FloatArray | None:
        """Returns the opacity (H, W) of what stands before the characters in a frame, None if nothing does."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Parts of a frame of a film beside the characters, in the size of its pictures."""

    source: RgbImage | None = None
    """(H, W, 3) the source, if the film shows it."""
    behind: RgbImage | None = None
    """(H, W, 3) background; None: nothing, the frame is transparent."""
    before: FloatArray | None = None
    """(H, W) 0 to 1, alpha of what stands before the characters."""


class SurroundingsPainter:
    """Painter of the surroundings of each frame; what two frames share is painted once."""

    def __init__(self, plan: FilmPlan, background: Background | None) -> None:
        """Takes the plan of a film and its background; None: the film is transparent."""
        self._plan = plan
        self._background = background
        self._index = -1
        self._whole: tuple[RgbImage | None, FloatArray | None] = None, None

    def paint(self, frame: int, source: RgbImage | None) -> Surroundings:
        """Paints the surroundings of a frame.

        Args:
            frame: frame of the film.
            source: (H, W, 3) the frame of the source that it shows, of any size; None if the source is not shown.
        """
        view, size = self._plan.views[frame], self._plan.camera.image_size
        shown = view.cut_out(source, size) if self._plan.shows_source and source is not None else None
        if self._background is None:
            return Surroundings(shown)
        index = int(self._plan.source_frames[frame])
        if index != self._index:
            self._index = index
            self._whole = self._background.frame(index, source), self._background.foreground(index)
        behind, before = (None if image is None else view.cut_out(image, size) for image in self._whole)
        return Surroundings(shown, behind, before)
