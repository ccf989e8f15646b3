"""Factory of backgrounds: a name and a performance -> ``Background``."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from bodydouble.data import Performance, RgbImage
from bodydouble.errors import MediaError
from bodydouble.film.backgrounds.background import (
    PLAIN_BOTTOM,
    PLAIN_TOP,
    Background,
    OriginalBackground,
    PlainBackground,
)
from bodydouble.film.backgrounds.clean import CleanBackground
from bodydouble.film.backgrounds.foreground import find_foregrounds
from bodydouble.film.backgrounds.person_masks import PersonMasks
from bodydouble.film.backgrounds.picture_file import FileBackground
from bodydouble.film.backgrounds.shot_plates import build_plates
from bodydouble.film.backgrounds.shots import find_shots
from bodydouble.film.backgrounds.toon import ToonBackground

BACKGROUND_KINDS = ("original", "clean", "toon", "plain")
"""Names of backgrounds; a colour #rrggbb or the path of an image or video may be given instead."""


def create_background(
    kind: str,
    performance: Performance,
    open_frames: Callable[[], Iterable[RgbImage]],
    image_size: tuple[int, int],
) -> Background:
    """Creates the background of a film. Clean and toon ones read all frames three times for it.

    Args:
        kind: one of BACKGROUND_KINDS, a colour such as #a0c8f0, or the path of an image or video.
        performance: camera and people of the video.
        open_frames: opens the video: frames (H, W, 3) RGB at the performance's rate, in the film's size, in order.
        image_size: width and height of the film, px.

    Raises:
        MediaError: the name is none of these, or a file has nothing that can be decoded.
    """
    if kind == "original":
        return OriginalBackground()
    if kind == "plain":
        return PlainBackground(image_size, PLAIN_TOP, PLAIN_BOTTOM)
    if kind in ("clean", "toon"):
        return _analyse_film(
            ToonBackground if kind == "toon" else CleanBackground, performance, open_frames, image_size
        )
    if re.fullmatch(r"#[0-9a-fA-F]{6}", kind):
        color = int(kind[1:3], 16), int(kind[3:5], 16), int(kind[5:7], 16)
        return PlainBackground(image_size, color, color)
    if not Path(kind).exists():
        names = ", ".join(BACKGROUND_KINDS)
        raise MediaError(f"no background {kind!r}: give {names}, a colour such as #a0c8f0, or an image or video")
    return FileBackground(Path(kind), image_size, performance.fps)


def _analyse_film(
    create: type[CleanBackground] | type[ToonBackground],
    performance: Performance,
    open_frames: Callable[[], Iterable[RgbImage]],
    image_size: tuple[int, int],
) -> Background:
    """Reads the film for the shots, for their plates and for what stands before people."""
    masks = PersonMasks(performance, image_size)
    shots = find_shots(open_frames(), masks, performance.camera)
    if not shots:
        raise MediaError("the video has no frame that can be decoded, so it has no background; give another one")
    plates = build_plates(open_frames(), shots, masks)
    return create(plates, masks, find_foregrounds(open_frames(), plates, masks))
