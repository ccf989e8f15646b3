"""Images of heads by view, with silhouette and surroundings: ``AppearanceSample``s -> ``HeadImage``s."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from bodydouble.data import BoolArray, FloatArray
from bodydouble.data.appearance import HEAD_PATCH_SIDE, AppearanceSample
from bodydouble.perception.appearance.colors import distance, to_lab
from bodydouble.perception.appearance.head_silhouette import find_silhouette, typical_head

MIDDLE = 32.0
"""Column of the middle of the face in images of heads, px of 1 cm."""
PROFILE_SHIFT = 7.0
"""Distance from the middle of the face to that of the head in profile, px."""
MAX_FRONT_TURN = 0.65
"""Turn of the head up to which it counts as seen from the front; beyond, it is seen from the side."""
MIN_VIEW_SHARE = 0.12
"""Minimum share of the images of a view that counts."""
MAX_HEADS = {"front": 4, "side": 3, "back": 2}
"""Maximum number of images in which the hair is measured, by view: the best ones."""
MIN_CELLS = 20
"""Minimum number of pixels of the top of a head that can be told from the surroundings."""
SURROUNDINGS_DISTANCE = 14.0
"""Distance from the middle of the head at which the colours of the surroundings are seen, px."""

Region = tuple[float, float, float, float]
"""Left, right, top and bottom in px, the columns relative to the middle of the head."""

CROWN: Region = (-9, 9, 2, 14.5)
"""Above the forehead."""
BACK: Region = (-7, 7, 4, 20)
"""Back of the head."""
BARE_TOP: Region = (-5, 5, 7, 11.5)
BARE_BACK: Region = (-5, 5, 8, 18)
"""Skin of a bald head above the forehead, and from behind."""
FOREHEAD: Region = (-3.5, 3.5, 13.5, 16)
CHIN: Region = (-3, 3, 27.5, 30.5)
CHEEKS: Region = (-4.5, 4.5, 20.5, 23.5)
BEHIND_NECK: Region = (2, 8, 27, 32)
"""Behind the neck in profile, where tied hair is."""
NECK_SIDE: Region = (-4, 2, 28, 32)
"""Side of the neck in profile, which tied hair leaves free."""


@dataclass(frozen=True, slots=True)
class HeadImage:
    """One image of a head, turned so that its profile looks to the left."""

    lab: FloatArray
    """(64, 64, 3)."""
    silhouette: BoolArray
    """(64, 64) the pixels of the person."""
    to_surroundings: FloatArray
    """(64, 64) distance of each pixel to the nearest colour of the surroundings."""
    view: str
    """Front, side or back."""
    middle: float
    weight: float

    @property
    def crown(self) -> Region:
        """Region above the forehead, or at the back of the head."""
        return BACK if self.view == "back" else CROWN

    @property
    def face_color(self) -> FloatArray:
        """(3,) colour of the cheeks; in profile they lie before the middle of the head."""
        left, right, top, bottom = CHEEKS
        shift = MIDDLE - self.middle
        return np.asarray(np.median(self.lab[self.cells((left + shift, right + shift, top, bottom))], axis=(0, 1)))

    def cells(self, region: Region) -> tuple[slice, slice]:
        """Returns rows and columns of a region."""
        left, right, top, bottom = region
        columns = slice(max(round(self.middle + left), 0), min(round(self.middle + right), HEAD_PATCH_SIDE))
        return slice(round(top), round(bottom)), columns


def select_heads(samples: Sequence[AppearanceSample]) -> list[HeadImage]:
    """Returns the best images of the head of a person in each view that is not rare."""
    return [_prepare(sample, view) for view in _list_views(samples) for sample in _select_best(samples, view)]


def _view(sample: AppearanceSample) -> str:
    if np.isnan(sample.turn):
        return "back"
    return "front" if abs(sample.turn) <= MAX_FRONT_TURN else "side"


def _list_views(samples: Sequence[AppearanceSample]) -> list[str]:
    """Lists the views that are not rare: a rare one is a mistake, such as the face of a person seen from behind."""
    views = [_view(sample) for sample in samples]
    return [view for view in MAX_HEADS if views.count(view) >= MIN_VIEW_SHARE * len(views)]


def _select_best(samples: Sequence[AppearanceSample], view: str) -> list[AppearanceSample]:
    found = [sample for sample in samples if _view(sample) == view]
    return sorted(found, key=lambda sample: -sample.weight)[: MAX_HEADS[view]]


def _prepare(sample: AppearanceSample, view: str) -> HeadImage:
    turn = 0.0 if np.isnan(sample.turn) else float(np.clip(sample.turn, -1.0, 1.0))
    image = np.ascontiguousarray(sample.head[:, ::-1] if turn > 0 else sample.head)
    middle = MIDDLE + PROFILE_SHIFT * abs(turn)
    silhouette = find_silhouette(image, MIDDLE, middle)
    lab = to_lab(image.astype(np.float32) / 255)
    to_surroundings = _distance_to_surroundings(lab, silhouette, middle)
    head = HeadImage(lab, silhouette, to_surroundings, view, middle, sample.weight)
    is_lost = silhouette[head.cells(head.crown)].sum() < 2 * MIN_CELLS
    return replace(head, silhouette=silhouette | typical_head(middle)) if is_lost else head


def _distance_to_surroundings(lab: FloatArray, silhouette: BoolArray, middle: float) -> FloatArray:
    """Returns the distance (64, 64) of each pixel to the nearest colour of the surroundings, seen away from the head.

    Args:
        lab: (64, 64, 3) CIELAB.
        silhouette: (64, 64) the pixels of the person.
        middle: column of the middle of the head.
    """
    columns = np.abs(np.arange(HEAD_PATCH_SIDE) + 0.5 - middle)
    colors = lab[(columns > SURROUNDINGS_DISTANCE) & ~silhouette].astype(np.float32)
    if len(colors) < MIN_CELLS:
        return np.full(silhouette.shape, np.inf)
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 10, 0.5)
    _, _, centers = cv2.kmeans(colors, 4, np.empty(0, np.int32), criteria, 1, cv2.KMEANS_PP_CENTERS)
    return np.asarray(np.min([distance(lab, center) for center in centers.astype(np.float64)], axis=0))
