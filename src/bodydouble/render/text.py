"""Labels: short text -> bitmap with a rounded background, blended into an image."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SrgbColor = tuple[int, int, int]
"""sRGB colour, 0 to 255."""

_SUPERSAMPLING = 4


@lru_cache(maxsize=64)
def render_label(text: str, font_size: int, background: SrgbColor, opacity: float = 1.0) -> NDArray[np.uint8]:
    """Renders white or near-black text, by contrast, on a rounded rectangle.

    Args:
        text: one line.
        font_size: font size in px.
        background: colour of the rectangle.
        opacity: opacity of the rectangle, 0 to 1.

    Returns:
        (h, w, 4) RGBA, colour multiplied by alpha; read-only.
    """
    font = ImageFont.load_default(size=font_size)
    left, _, right, _ = font.getbbox(text)
    pad = round(font_size * 0.5)
    size = (round(right - left) + 2 * pad, round(font_size * 1.55))
    box = _rounded_box(size, (*background, round(255 * opacity)))
    ImageDraw.Draw(box).text(
        (pad - left, size[1] / 2), text, font=font, anchor="lm", fill=_contrasting_text_color(background)
    )
    rgba = np.array(box, dtype=np.uint16)
    rgba[..., :3] = (rgba[..., :3] * rgba[..., 3:] + 127) // 255
    result = rgba.astype(np.uint8)
    result.setflags(write=False)
    return result


def _rounded_box(size: tuple[int, int], fill: tuple[int, int, int, int]) -> Image.Image:
    large = (size[0] * _SUPERSAMPLING, size[1] * _SUPERSAMPLING)
    mask = Image.new("L", large, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, large[0] - 1, large[1] - 1), radius=large[1] * 0.32, fill=fill[3])
    box = Image.new("RGBA", size, (*fill[:3], 0))
    box.putalpha(mask.resize(size, Image.Resampling.BOX))
    return box


def _contrasting_text_color(background: SrgbColor) -> tuple[int, int, int, int]:
    luminance = float(np.dot(background, (0.2126, 0.7152, 0.0722)))
    return (255, 255, 255, 255) if luminance < 165 else (24, 26, 32, 255)


def blend_patch(image: NDArray[np.uint8], patch: NDArray[np.uint8], x: int, y: int) -> None:
    """Blends an RGBA patch, colour multiplied by alpha, into an RGB image, in place and clipped to the image.

    Args:
        image: (H, W, 3), modified.
        patch: (h, w, 4).
        x: column of the image at which the patch begins.
        y: row of the image at which the patch begins.
    """
    height, width = image.shape[:2]
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + patch.shape[1], width), min(y + patch.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    visible_patch = patch[y0 - y : y1 - y, x0 - x : x1 - x]
    # Most of a patch of lines is empty, and one comparison per pixel finds that out.
    rows, columns = np.nonzero(np.ascontiguousarray(visible_patch).view(np.uint32)[..., 0])
    rgba, covered = visible_patch[rows, columns], image[y0:y1, x0:x1]
    attenuated = (covered[rows, columns].astype(np.uint16) * (255 - rgba[:, 3:]) + 127) // 255
    covered[rows, columns] = np.minimum(attenuated + rgba[:, :3], 255)
