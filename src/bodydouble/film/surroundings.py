"""Surroundings: a source frame -> what is behind and before the characters in a frame of a film."""

from dataclasses import dataclass

from bodydouble.data import FloatArray, RgbImage
from bodydouble.film.backgrounds import Background
from bodydouble.film.plan import FilmPlan


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
        self._behind: RgbImage | None = None
        self._before: FloatArray | None = None

    def paint(self, frame: int, source: RgbImage) -> Surroundings:
        """Paints the surroundings of a frame.

        Args:
            frame: frame of the film.
            source: (H, W, 3) the frame of the source that it shows, of any size.
        """
        view, size = self._plan.views[frame], self._plan.camera.image_size
        shown = view.cut_out(source, size) if self._plan.shows_source else None
        if self._background is None:
            return Surroundings(shown)
        index = int(self._plan.source_frames[frame])
        if index != self._index or self._behind is None:
            self._index = index
            self._behind, self._before = self._background.frame(index, source), self._background.foreground(index)
        before = None if self._before is None else view.cut_out(self._before, size)
        return Surroundings(shown, view.cut_out(self._behind, size), before)
