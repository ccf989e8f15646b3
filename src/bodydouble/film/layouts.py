"""Layouts: size of the source and of the film -> places of the pictures in each frame of the film."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bodydouble.errors import InvalidDataError

MAX_WIDTH, MAX_HEIGHT = 1920, 1920
"""Maximum width and height in px of a film whose size is not given."""
GUTTER_WIDTH = 4
"""Width in px of the gap between pictures side by side."""
SIZE_RANGE = (16, 4320)
"""Minimum and maximum width or height in px that may be requested."""


class Layout(StrEnum):
    """Arrangements of the pictures of a film."""

    REPLACE = "replace"
    """The characters where the people stood, in the view of the video's camera."""
    SIDE_BY_SIDE = "side-by-side"
    """The source beside the film; beside one film per set of characters."""
    CHARACTER = "character"
    """A close view that follows one character."""
    TURNTABLE = "turntable"
    """The characters turn once on a plain ground."""
    SHEET = "sheet"
    """A still image: the person beside the character, seen from several sides."""


@dataclass(frozen=True, slots=True)
class FilmSize:
    """Requested size of a film: either width and height, or the shorter side of each picture, px."""

    image_size: tuple[int, int] | None = None
    short_side: int | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """Rectangle of a frame that one picture fills, px."""

    x: int
    y: int
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.width, self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the frame."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


@dataclass(frozen=True, slots=True)
class FilmLayout:
    """Size of the frames of a film, both even, and the places of its pictures, which are of one size."""

    image_size: tuple[int, int]
    panels: tuple[Panel, ...]

    @property
    def panel_size(self) -> tuple[int, int]:
        """Width and height of each picture, px."""
        return self.panels[0].size


def parse_size(text: str) -> FilmSize:
    """Parses a size such as 1280x720 or 720p.

    Raises:
        InvalidDataError: the text is no size, or the size is out of limits.
    """
    parts = re.fullmatch(r"(\d{1,5})(?:p|[xX](\d{1,5}))", text.strip())
    if parts is None:
        raise InvalidDataError(f"{text!r} is no size of a film; give one such as 1280x720 or 720p")
    lengths = [int(length) for length in parts.groups() if length]
    minimum, maximum = SIZE_RANGE
    if not all(minimum <= length <= maximum for length in lengths):
        raise InvalidDataError(f"the size {text} must lie between {minimum} and {maximum} px")
    return FilmSize((lengths[0], lengths[1])) if len(lengths) == 2 else FilmSize(short_side=lengths[0])


def compute_layout(source_size: tuple[int, int], panel_count: int, size: FilmSize | None = None) -> FilmLayout:
    """Places pictures with the aspect ratio of the source side by side.

    Args:
        source_size: width and height of the source, px.
        panel_count: number of pictures, at least 1.
        size: requested size; None: that of the source, scaled down to MAX_WIDTH and MAX_HEIGHT. Within a size of other
            proportions the pictures are centred.

    Returns:
        The layout; all sizes are even, which video codecs require.
    """
    gutters = GUTTER_WIDTH * (panel_count - 1)
    width, height = source_size
    if size is not None and size.image_size is not None:
        total = _even(size.image_size[0]), _even(size.image_size[1])
        scale = min((total[0] - gutters) / panel_count / width, total[1] / height)
        return _place(total, (_even(width * scale), _even(height * scale)), panel_count)
    fit = min(1.0, (MAX_WIDTH - gutters) / panel_count / width, MAX_HEIGHT / height)
    scale = size.short_side / min(source_size) if size is not None and size.short_side else fit
    panel = _even(width * scale), _even(height * scale)
    return _place((panel[0] * panel_count + gutters, panel[1]), panel, panel_count)


def _place(total: tuple[int, int], panel: tuple[int, int], panel_count: int) -> FilmLayout:
    """Centres pictures in a row."""
    step = panel[0] + GUTTER_WIDTH
    x = (total[0] - (panel_count * step - GUTTER_WIDTH)) // 2
    y = (total[1] - panel[1]) // 2
    return FilmLayout(total, tuple(Panel(x + i * step, y, *panel) for i in range(panel_count)))


def _even(length: float) -> int:
    """Rounds a length down to an even number of px, at least 2."""
    return max(2, 2 * int(length / 2 + 1e-9))
