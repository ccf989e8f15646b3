"""Backgrounds from files: an image, or a video that starts again when it ends."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbImage
from bodydouble.errors import MediaError
from bodydouble.formats.media import FrameReader


class FileBackground:
    """Frames of an image or video, scaled and cropped so that they cover the film."""

    def __init__(self, path: Path, size: tuple[int, int], fps: Fraction) -> None:
        """Opens the file.

        Args:
            path: image or video.
            size: width and height of the film, px.
            fps: frame rate of the film.

        Raises:
            MediaError: the path has nothing that can be decoded.
        """
        self._path, self._size = path, size
        self._reader = FrameReader(path, fps=fps)
        self._frames = self._play()
        self._index, self._image = 0, next(self._frames)

    def frame(self, index: int, _source: RgbImage, /) -> RgbImage:
        """Returns the frame of the file; an earlier index than that of the previous call shows the same frame."""
        while self._index < index:
            self._index, self._image = self._index + 1, next(self._frames)
        return self._image

    def foreground(self, _index: int, /) -> FloatArray | None:
        """Returns None: the file tells nothing about depth."""
        return None

    def _play(self) -> Iterator[RgbImage]:
        """Yields the frames without end; a single image is decoded once."""
        while True:
            count, image = 0, None
            for frame in self._reader:
                image = scale_to_cover(frame, self._size)
                count += 1
                yield image
            if image is None:
                raise MediaError(f"{self._path} has no frame that can be decoded; give another image or video")
            while count == 1:
                yield image


def scale_to_cover(image: RgbImage, size: tuple[int, int]) -> RgbImage:
    """Scales an image (H, W, 3) so that it covers width and height ``size`` px, and cuts off what is left evenly."""
    height, width = image.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    scaled_size = max(size[0], round(width * scale)), max(size[1], round(height * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(image, scaled_size, interpolation=interpolation)
    left, top = (scaled_size[0] - size[0]) // 2, (scaled_size[1] - size[1]) // 2
    return np.ascontiguousarray(scaled[top : top + size[1], left : left + size[0]], np.uint8)
