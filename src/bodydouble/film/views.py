"""Views: camera of a video -> the part of its picture that a film shows, at the size of the film."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from bodydouble.data import Camera, FloatArray, Person
from bodydouble.geometry import camera as cameras
from bodydouble.geometry import kinematics

Pixel = TypeVar("Pixel", np.uint8, np.floating[Any])

FOLLOWED_HEIGHT = 1.5
"""Height of a picture that follows a person, relative to that of the joints, between ankles and ears."""
HEADROOM = 0.05
"""Distance by which such a picture is moved upwards for hair, relative to its height."""
FOLLOWING_TIME = 0.5
"""Standard deviation in s of the smoothing of a view that follows a person."""
MIN_VIEW_FRACTION = 0.12
"""Minimum height of a view relative to the picture: beyond it, the background is only blur."""


@dataclass(frozen=True, slots=True)
class View:
    """Rectangle of the source's picture, which is shown at another size."""

    corner: tuple[float, float]
    """Left and top edge, px of the source."""
    scale: tuple[float, float]
    """Pixels of the film per pixel of the source, along x and y."""
    image_size: tuple[int, int]
    """Width and height of the picture in the film, px."""

    def intrinsics(self, source: FloatArray) -> FloatArray:
        """Returns the intrinsics (3, 3) px for the picture in the film of those for the source."""
        return self._matrix @ source

    def cut_out(self, image: NDArray[Pixel], source_size: tuple[int, int]) -> NDArray[Pixel]:
        """Cuts the view out of a source frame (H, W, ...), which may be scaled from ``source_size`` px."""
        height, width = image.shape[:2]
        if (width, height) == self.image_size and self.corner == (0.0, 0.0):
            return image
        # OpenCV counts from the centre of the first pixel.
        enlarge = np.diag([width / source_size[0], height / source_size[1], 1.0])
        centre = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
        target_from_source = np.linalg.inv(centre) @ self._matrix @ np.linalg.inv(enlarge) @ centre
        warped = cv2.warpAffine(image, target_from_source[:2], self.image_size, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(warped, dtype=image.dtype)

    @property
    def _matrix(self) -> FloatArray:
        (x, y), (scale_x, scale_y) = self.corner, self.scale
        return np.array([[scale_x, 0.0, -scale_x * x], [0.0, scale_y, -scale_y * y], [0.0, 0.0, 1.0]])


def whole_view(source_size: tuple[int, int], image_size: tuple[int, int]) -> View:
    """Returns the view of the whole picture of the source."""
    scale = image_size[0] / source_size[0], image_size[1] / source_size[1]
    return View((0.0, 0.0), scale, image_size)


def follow_person(
    person: Person, camera: Camera, image_size: tuple[int, int], fps: float, shot_starts: Sequence[int] = ()
) -> list[View]:
    """Returns the view of each frame F of a film that follows a person smoothly, within the picture of the source.

    Args:
        person: the person; before and after the track the view stands still.
        camera: camera of the source.
        image_size: width and height of the picture in the film, px; its aspect ratio is that of the view.
        fps: frame rate.
        shot_starts: first frames of further shots, over which nothing is smoothed.
    """
    frame_count = len(camera.camera_from_world)
    low, high = person_bounds(person, camera)
    rows = np.clip(np.arange(frame_count) - int(person.track.frames[0]), 0, len(low) - 1)
    centers, heights = ((low + high) / 2)[rows], (high - low)[rows, 1] * FOLLOWED_HEIGHT
    path = np.column_stack([centers[:, 0], centers[:, 1] - HEADROOM * heights, heights])
    for start, stop in pairwise((0, *shot_starts, frame_count)):
        path[start:stop] = gaussian_filter1d(path[start:stop], FOLLOWING_TIME * fps, axis=0, mode="nearest")
    return [
        view_at(center, float(height), camera.image_size, image_size)
        for center, height in zip(path[:, :2], path[:, 2], strict=True)
    ]


def person_bounds(person: Person, camera: Camera) -> tuple[FloatArray, FloatArray]:
    """Returns the lower and upper corner (T, 2) px of the joints of a person in the picture of the source."""
    positions = kinematics.joint_positions(person.motion)
    in_camera = cameras.transform(camera.camera_from_world[person.track.frames], positions)
    in_camera[..., 2] = np.maximum(in_camera[..., 2], 0.1)
    pixels = cameras.project(camera.intrinsics, in_camera)
    return pixels.min(axis=1), pixels.max(axis=1)


def view_at(center: FloatArray, height: float, source_size: tuple[int, int], image_size: tuple[int, int]) -> View:
    """Returns the view of a height and centre, px, moved and scaled so that it lies in the picture of the source."""
    aspect = image_size[0] / image_size[1]
    max_height = min(source_size[1], source_size[0] / aspect)
    height = float(np.clip(height, MIN_VIEW_FRACTION * max_height, max_height))
    size = np.array([height * aspect, height])
    corner = np.clip(np.asarray(center) - size / 2, 0.0, np.array(source_size) - size)
    scale = image_size[0] / size[0], image_size[1] / size[1]
    return View((float(corner[0]), float(corner[1])), (float(scale[0]), float(scale[1])), image_size)
