"""Drawn backgrounds: the plate of each shot, drawn once, so that it is calm like a painted backdrop.

Where the camera moves and near and far things move differently, no plate fits; frames are drawn one by one there.
"""

from collections.abc import Sequence
from functools import partial

from bodydouble.data import FloatArray, RgbImage
from bodydouble.film.backgrounds.clean import CleanBackground, blend_moving_parts
from bodydouble.film.backgrounds.person_masks import PersonMasks
from bodydouble.film.backgrounds.shot_plates import ShotPlate
from bodydouble.film.backgrounds.shots import shot_of_frame
from bodydouble.film.backgrounds.toon_filter import draw_frame, draw_scene


class ToonBackground:
    """The frames without the people, drawn."""

    def __init__(
        self, plates: Sequence[ShotPlate], masks: PersonMasks, foregrounds: Sequence[FloatArray | None]
    ) -> None:
        """Prepares the shots.

        Args:
            plates: of all shots.
            masks: the people.
            foregrounds: opacity (H, W) of what stands before the people of each shot, None if nothing is known.
        """
        self._clean = CleanBackground(plates, masks, foregrounds)
        self._plates = list(plates)
        self._shots = [plate.shot for plate in plates]
        self._drawing: tuple[int, RgbImage] | None = None

    def frame(self, index: int, source: RgbImage, /) -> RgbImage:
        """Returns the drawn frame."""
        number = shot_of_frame(self._shots, index)
        plate = self._plates[number]
        if not plate.shot.has_backdrop:
            return draw_frame(self._clean.frame(index, source), max(source.shape))
        drawing = self._draw_plate(number)
        if not plate.shot.is_static:
            return plate.view(index, drawing, (source.shape[1], source.shape[0]))
        draw = partial(draw_frame, side=max(source.shape))
        return blend_moving_parts(self._clean.moving_parts(number), index, source, drawing, draw)

    def foreground(self, index: int, /) -> FloatArray | None:
        """Returns the opacity (H, W) of what stands before the people, None if nothing is known."""
        return self._clean.foreground(index)

    def _draw_plate(self, number: int) -> RgbImage:
        if self._drawing is None or self._drawing[0] != number:
            self._drawing = number, draw_scene(self._plates[number].image)
        return self._drawing[1]
