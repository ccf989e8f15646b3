"""Turntable: characters in a row, each of which turns once about the vertical axis, and the camera before them."""

from math import cos, pi, radians, sin, tan

import numpy as np

from bodydouble.data import Camera, FloatArray
from bodydouble.geometry.camera import intrinsics_from_focal_length
from bodydouble.render.preview import JointMatrixSequence

SPACING = 0.62
"""Distance of neighbours, relative to the height of the tallest."""
VERTICAL_VIEW_DEG = 24.0
"""Vertical angle of view of the camera: a long lens, as for portraits."""
MARGIN = 1.18
"""Height of the picture relative to that of the tallest."""
PICTURE_HEIGHT, PICTURE_WIDTH, NEIGHBOR_WIDTH = 1080, 720, 480
"""Height and width in px of the picture of one character, and further width per further character."""


class TurningMatrices:
    """Sequence of joint matrices (J, 4, 4) that turn once to the left, about a vertical axis, and stand elsewhere."""

    def __init__(self, matrices: JointMatrixSequence, x: float) -> None:
        """Takes matrices of a character that stands at the origin, and the place x, m, where it turns."""
        self._matrices = matrices
        self._x = x

    def __len__(self) -> int:
        return len(self._matrices)

    def __getitem__(self, frame: int) -> FloatArray:
        angle = 2.0 * pi * frame / len(self)
        turn = np.eye(4)
        turn[0, 0], turn[0, 2], turn[2, 0], turn[2, 2] = cos(angle), sin(angle), -sin(angle), cos(angle)
        turn[0, 3] = self._x
        return np.asarray(turn @ self._matrices[frame])


def place_in_row(count: int, height: float) -> FloatArray:
    """Returns the places x (N,) m of characters in a row, of whom the tallest has a height in m; the first is left."""
    return np.asarray((np.arange(count) - (count - 1) / 2) * SPACING * height)


def picture_size(count: int) -> tuple[int, int]:
    """Returns width and height in px of the picture of a number of characters."""
    return PICTURE_WIDTH + NEIGHBOR_WIDTH * (count - 1), PICTURE_HEIGHT


def camera_before_row(image_size: tuple[int, int], count: int, height: float, frame_count: int) -> Camera:
    """Returns a level camera that shows all characters in a row in full.

    Args:
        image_size: width and height, px.
        count: number of characters.
        height: height of the tallest one, m.
        frame_count: number of frames.
    """
    half_view = tan(radians(VERTICAL_VIEW_DEG) / 2)
    aspect = image_size[0] / image_size[1]
    needed = MARGIN * height * max(1.0, picture_size(count)[0] / PICTURE_HEIGHT / aspect)
    camera_from_world = np.diag([1.0, -1.0, -1.0, 1.0])
    camera_from_world[:3, 3] = 0.0, height / 2, needed / 2 / half_view
    intrinsics = intrinsics_from_focal_length(image_size[1] / 2 / half_view, image_size)
    return Camera(image_size, intrinsics, np.tile(camera_from_world, (frame_count, 1, 1)))
