"""Options of films."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from bodydouble.film.layouts import FilmSize, Layout
from bodydouble.formats.media.encodings import VideoFormat

NO_BACKGROUND = "none"
"""Name of the background of transparent films."""
PLAIN_COLOR = (246, 241, 233)
"""Default colour of the plain background: that of drawing paper."""


@dataclass(frozen=True, slots=True)
class FilmOptions:
    """Options of a film."""

    characters: tuple[str, ...] = ("like-me",)
    """Characters, one per person in order of prominence; one alone is for everybody."""
    looks: tuple[Path, ...] = ()
    """Files of looks, named after people, which replace their look-alikes."""
    further_casts: tuple[tuple[str, ...], ...] = ()
    """Characters of further pictures side by side."""
    background: str | None = None
    """Name of the background, as ``film_background.BACKGROUNDS``; None: that of the layout."""
    background_color: tuple[int, int, int] = PLAIN_COLOR
    """RGB of the plain background, 0 to 255."""
    layout: Layout = Layout.REPLACE
    on_twos: bool = False
    """Whether poses change 12 times a second only."""
    smears: bool = False
    """Whether fast hands are drawn out along their way."""
    fps: Fraction | None = None
    """Frame rate; None: that of the performance."""
    size: FilmSize | None = None
    """Size; None: that of the video."""
    video_format: VideoFormat | None = None
    """Format; None: that of the suffix."""

    @property
    def is_transparent(self) -> bool:
        """Whether the film shows nothing but the characters."""
        return self.background == NO_BACKGROUND
