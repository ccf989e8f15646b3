"""Plan of a film: what each frame shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from bodydouble.data import Camera, IntArray
from bodydouble.film.figures import Figure
from bodydouble.film.layouts import FilmLayout
from bodydouble.film.views import View, whole_view


@dataclass(frozen=True, slots=True)
class FilmPlan:
    """Content of a film of F frames."""

    layout: FilmLayout
    fps: Fraction
    camera: Camera
    """Camera of the source in each frame of the film."""
    views: Sequence[View]
    """(F,) part of the source that each frame shows."""
    source_frames: IntArray
    """(F,) frame of the performance that was captured, which each frame shows."""
    drawn_frames: IntArray
    """(F,) frame of the film whose poses are drawn in each frame."""
    casts: Sequence[Sequence[Figure]]
    """Characters of each picture."""
    shows_source: bool = False
    """Whether the first picture is the source; those of the casts follow."""

    @property
    def frame_count(self) -> int:
        """Number of frames F."""
        return len(self.views)

    @property
    def shows_whole_source(self) -> bool:
        """Whether all views are of the whole picture of the source."""
        whole = whole_view(self.camera.image_size, self.layout.panel_size)
        return all(view == whole for view in self.views)
