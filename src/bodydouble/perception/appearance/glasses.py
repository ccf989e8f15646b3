"""Glasses and sunglasses on faces from the front: an image of the eyes -> whether the person wears glasses."""

import numpy as np

from bodydouble.data import FloatArray, RgbImage
from bodydouble.perception.appearance.colors import to_lab
from bodydouble.perception.face.regions import FACE_HEIGHT, MARGIN, region_from_body
from bodydouble.perception.protocols import RotatedRoi
from bodydouble.skeletons import blazepose

EYES_PATCH_SIDE, EYES_PATCH_SIZE = 64, 0.16
"""Side of the image of the eyes, px and m; the middle between the eyes is in its middle."""
MIN_SCALE = 350.0
"""Minimum size of a face, px per metre, at which a rim is seen: it is 2 to 4 mm thick."""
MAX_TURN = 0.5
"""Largest turn of the head at which both eyes and the bridge of the nose are seen."""
BRIDGE, LENSES, LENS_HALF_WIDTH = slice(30, 35), (19, 45), 4
"""Columns of the bridge of the nose, middles of the lenses and half the width of what is seen of them, px."""
BRIDGE_ROWS, RIM_ROWS, LENS_ROWS, CHEEK_ROWS = (27, 37), (36, 46), slice(31, 39), slice(46, 52)
"""Rows in which the bridge and the lower rims of glasses, dark lenses, and the cheeks below them are."""
STROKE = 3
"""Distance in px from the middle of a stroke to its surroundings on both sides."""
CLEAR_DARKNESS, MIN_DARKNESS, MIN_DARK_SHARE = 30.0, 13.0, 0.65
"""Difference in lightness from the cheeks of lenses that are dark on any skin; on dark skin, the smallest difference
and its smallest share of the lightness of the cheeks."""
MIN_BRIDGE, MIN_RIM = 7.0, 7.0
"""Smallest differences in lightness of a bridge and of a rim from the skin around them."""

_EYES = [blazepose.INDEX["right_eye"], blazepose.INDEX["left_eye"]]


def locate_eyes(keypoints: FloatArray, turn: float) -> RotatedRoi | None:
    """Locates the image of the eyes; None if the face is too small or turned too far.

    Args:
        keypoints: (33, 3) x px, y px, confidence.
        turn: turn of the head, as AppearanceSample has it.
    """
    face = region_from_body(keypoints)
    if face is None or not abs(turn) <= MAX_TURN:
        return None
    metre = face.side / (MARGIN * FACE_HEIGHT / 100)
    if metre < MIN_SCALE:
        return None
    return RotatedRoi(keypoints[_EYES, :2].mean(axis=0), EYES_PATCH_SIZE * metre, face.angle)


def has_glasses(eyes: RgbImage) -> bool:
    """Returns whether an image (64, 64, 3) of the eyes shows the bridge and a lower rim of glasses, or dark lenses."""
    lightness = to_lab(eyes.astype(np.float32) / 255)[..., 0]
    columns = [slice(middle - LENS_HALF_WIDTH, middle + LENS_HALF_WIDTH + 1) for middle in LENSES]
    lens = max(float(np.median(lightness[LENS_ROWS, column])) for column in columns)
    cheeks = float(np.median(lightness[CHEEK_ROWS, LENSES[0] : LENSES[1]]))
    darkness = cheeks - lens
    if darkness > CLEAR_DARKNESS or darkness > max(MIN_DARKNESS, MIN_DARK_SHARE * cheeks):
        return True
    rim = max(_find_stroke(lightness[:, column], RIM_ROWS) for column in columns)
    return _find_stroke(lightness[:, BRIDGE], BRIDGE_ROWS) > MIN_BRIDGE and rim > MIN_RIM


def _find_stroke(lightness: FloatArray, rows: tuple[int, int]) -> float:
    """Returns how much darker the darkest stroke across columns (64, N) is than what lies above and below it."""
    row = np.arange(*rows)
    line = np.median(lightness, axis=1)
    return float((np.minimum(line[row - STROKE], line[row + STROKE]) - line[row]).max())
