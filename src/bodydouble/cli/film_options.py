"""Options that ``film`` and ``render`` share."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bodydouble.pipeline.film_options import FilmOptions


class LayoutName(StrEnum):
    """Layouts of films: the values of ``film.layouts.Layout``, which needs NumPy."""

    REPLACE = "replace"
    SIDE_BY_SIDE = "side-by-side"
    CHARACTER = "character"
    TURNTABLE = "turntable"
    SHEET = "sheet"


class FormatName(StrEnum):
    """Formats of films: the values of ``formats.media.encodings.VideoFormat``, which needs PyAV."""

    MP4 = "mp4"
    WEBM = "webm"
    GIF = "gif"
    APNG = "apng"
    PNG = "png"


SourceVideoOption = Annotated[
    Path | None,
    typer.Option(
        "--video",
        metavar="FILE",
        help="Video of PERFORMANCE, for backgrounds that show it and for the sound. Default: the one that stands "
        "beside it with its name.",
    ),
]
CharacterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--character",
        metavar="NAME|FILE",
        help="Character: like-me, a drawn look-alike; anime, anime:NAME, a built-in one, or your own .vrm, .glb or "
        ".fbx file. Repeatable: one per person, the most prominent person first; further people get the last one. "
        "Default: like-me.",
    ),
]
LookOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--look",
        metavar="FILE.toml",
        help="Look of a person that replaces the look-alike, such as an edited person1.toml. Repeatable.",
    ),
]
CharacterSetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--character-set",
        metavar="NAMES",
        help="Characters of a further picture side by side, such as anime:man,anime:girl. Repeatable.",
    ),
]
BackgroundOption = Annotated[
    str | None,
    typer.Option(
        "--background",
        metavar="NAME|COLOUR|FILE",
        help="Background. clean: the place without the people; toon: the same, painted; original: the video with the "
        "people; plain: one colour; #rrggbb: that colour; none: transparent; or an image or a video. Default: clean; "
        "plain under a turntable and on a sheet.",
    ),
]
BackgroundColorOption = Annotated[
    str | None, typer.Option(metavar="COLOUR", help="Colour of the plain background: #rrggbb.")
]
LayoutOption = Annotated[
    LayoutName,
    typer.Option(
        help="Arrangement. replace: the characters where the people stood; side-by-side: the video beside the film; "
        "character: close view that follows the first person; turntable: the characters turn once on a plain "
        "ground; sheet: still image of each person beside the character."
    ),
]
SizeOption = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Size of the film: width and height such as 1280x720, or the shorter side of each picture such as 720p. "
        "Default: that of the video, 1920 px at most.",
    ),
]


@dataclass(frozen=True, slots=True)
class PictureArguments:
    """Arguments of the picture of a film."""

    source_video: SourceVideoOption = None
    character: CharacterOption = None
    look: LookOption = None
    character_set: CharacterSetOption = None
    background: BackgroundOption = None
    background_color: BackgroundColorOption = None
    layout: LayoutOption = LayoutName.REPLACE
    size: SizeOption = None

    def film_options(self, **further: Any) -> "FilmOptions":
        """Returns the options of ``pipeline.film``, with further ones."""
        from bodydouble.characters.cast.look import parse_color
        from bodydouble.errors import InvalidDataError
        from bodydouble.film.layouts import Layout, parse_size
        from bodydouble.pipeline.film_options import FilmOptions

        options: dict[str, Any] = {
            "background": self.background,
            "layout": Layout(self.layout),
            "looks": tuple(self.look or ()),
            "size": None if self.size is None else parse_size(self.size),
            "further_casts": tuple(tuple(names.split(",")) for names in self.character_set or ()),
        }
        if self.character:
            options["characters"] = tuple(self.character)
        color = self.background_color
        if self.background is not None and self.background.startswith("#"):
            if color is not None:
                raise InvalidDataError(f"two colours of the background, {self.background} and {color}; give one")
            options["background"], color = "plain", self.background
        if color is not None:
            options["background_color"] = tuple(round(255 * c) for c in parse_color(color))
        return FilmOptions(**options, **further)
