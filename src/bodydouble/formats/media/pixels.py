"""Pixel conversion: decoded frames of any pixel format -> upright 8-bit RGB images."""

from dataclasses import dataclass
from fractions import Fraction
from math import cos, radians, sin
from typing import Any

import numpy as np
from av import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from numpy.typing import NDArray

from bodydouble.data import RgbImage

_UNSPECIFIED_COLORSPACE = 2
_MIN_HD_HEIGHT = 720
_HDR_WHITE_CD_M2 = 203.0
"""Luminance of diffuse white in HDR video, cd/m^2. Source: ITU-R BT.2408."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """Transform that makes stored images upright: first transposed, then mirrored."""

    transposed: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    def apply(self, image: RgbImage) -> RgbImage:
        """Returns the upright image, contiguous in memory."""
        # With one element per pixel, a transposition copies whole pixels: half the time of single bytes.
        pixels = image.view("V3")[..., 0]
        pixels = pixels.T if self.transposed else pixels
        pixels = pixels[:, ::-1] if self.mirror_x else pixels
        pixels = pixels[::-1] if self.mirror_y else pixels
        return np.ascontiguousarray(pixels)[..., None].view(np.uint8)


def read_orientation(frame: VideoFrame) -> Orientation:
    """Reads the display matrix of a frame, which phones write when they are held upright.

    Angles are rounded to quarter turns.

    Args:
        frame: A decoded frame.

    Returns:
        The transform that makes it upright.
    """
    (a, b), (c, d) = _display_matrix(frame)
    if abs(c) > abs(a):
        return Orientation(True, mirror_x=c < 0, mirror_y=b < 0)
    return Orientation(False, mirror_x=a < 0, mirror_y=d < 0)


def _display_matrix(frame: VideoFrame) -> NDArray[np.float64]:
    """Returns the (2, 2) matrix of x' = a x + c y, y' = b x + d y as rows (a, b), (c, d).

    Source: libavutil/display.h.
    """
    try:
        data: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # PyAV lists no side data at all if one kind is unknown to it, such as EXIF; the angle is always available.
        angle = radians(frame.rotation)
        return np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    if data is None:
        return np.eye(2)
    return np.frombuffer(bytes(data), dtype=np.int32).reshape(3, 3)[:2, :2] / 65536


def scaled_size(frame: VideoFrame, pixel_aspect: Fraction | None, max_side: int | None) -> tuple[int, int]:
    """Computes the size to which a stored image is scaled: square pixels, the longer side at most ``max_side``.

    Args:
        frame: A decoded frame.
        pixel_aspect: Width of a pixel over its height; None or 0 if the file has none.
        max_side: Maximum of the longer side, px.

    Returns:
        Width and height, px.
    """
    width, height = float(frame.width * (pixel_aspect or 1)), float(frame.height)
    scale = min(1.0, max_side / max(width, height)) if max_side else 1.0
    return max(1, round(width * scale)), max(1, round(height * scale))


class RgbConverter:
    """Converter of decoded frames to upright RGB images of one size.

    HDR video (PQ and HLG) is mapped to the standard range by a curve per colour channel: values up to diffuse white
    keep their brightness, highlights are compressed. Colours outside BT.709 are slightly desaturated.
    """

    def __init__(self, size: tuple[int, int], orientation: Orientation) -> None:
        """Creates a converter.

        Args:
            size: Width and height as stored, before the image is made upright, px.
            orientation: Transform that makes it upright.
        """
        self._size = size
        self._orientation = orientation
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> RgbImage:
        """Converts a frame to a new (H, W, 3) RGB image."""
        width, height = self._size
        shrinks = frame.width > width or frame.height > height
        rgb = self._reformatter.reformat(
            frame,
            width,
            height,
            "rgb24",
            src_colorspace=_source_colorspace(frame),
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.AREA if shrinks else Interpolation.BILINEAR,
        )
        image = np.ascontiguousarray(rgb.to_ndarray(), dtype=np.uint8)
        curve = _HDR_CURVES.get(frame.color_trc)
        if curve is not None:
            # bytes.translate takes half the time of indexing an array.
            image = np.frombuffer(bytearray(image.data).translate(curve), dtype=np.uint8).reshape(image.shape)
        return image if self._orientation == Orientation() else self._orientation.apply(image)


def _source_colorspace(frame: VideoFrame) -> int | None:
    """Returns BT.709 for untagged video of HD size, as players do; smaller video is BT.601."""
    untagged = frame.colorspace == _UNSPECIFIED_COLORSPACE and frame.format.name.startswith("yuv")
    return Colorspace.ITU709 if untagged and frame.height >= _MIN_HD_HEIGHT else None


def _pq_luminance(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Converts a PQ signal to cd/m^2. Source: SMPTE ST 2084."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = signal ** (1 / m2)
    return np.asarray(10000.0 * (np.maximum(root - c1, 0.0) / (c2 - c3 * root)) ** (1 / m1))


def _hlg_luminance(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Converts an HLG signal to cd/m^2 on a display of 1000 cd/m^2. Source: ITU-R BT.2100."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(1000.0 * scene**1.2)


def _tone_map_to_sdr(luminance: NDArray[np.float64]) -> bytes:
    """Converts luminance to the 8-bit signal of the standard range: linear below the knee, compressed above it."""
    knee = 0.7
    light = luminance / _HDR_WHITE_CD_M2
    compressed = knee + (1 - knee) * (1 - np.exp(-(light - knee) / (1 - knee)))
    mapped = np.where(light < knee, light, compressed)
    return np.round(255 * mapped ** (1 / 2.2)).astype(np.uint8).tobytes()


_SIGNAL = np.arange(256) / 255
_HDR_CURVES: dict[int, bytes] = {
    ColorTrc.SMPTE2084: _tone_map_to_sdr(_pq_luminance(_SIGNAL)),
    ColorTrc.ARIB_STD_B67: _tone_map_to_sdr(_hlg_luminance(_SIGNAL)),
}
