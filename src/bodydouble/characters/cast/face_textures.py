"""Texture of the drawn face: the iris, the inside of the mouth, the blush, and the plain colours of all lines."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

from bodydouble.characters.cast.look import Color, Look
from bodydouble.data import FloatArray

SIZE = 512
SUPERSAMPLING = 4


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Part of the texture, in pixels from its top left."""

    x: int
    y: int
    width: int
    height: int

    def uvs(self, u: FloatArray, v: FloatArray) -> FloatArray:
        """Returns texture coordinates (V, 2) of points of the rectangle, 0 to 1 from its top left."""
        inner = 1.0 - 4.0 / self.width, 1.0 - 4.0 / self.height
        x = self.x + self.width * (0.5 + inner[0] * (u - 0.5))
        y = self.y + self.height * (0.5 + inner[1] * (v - 0.5))
        return np.stack([x, y], axis=-1) / SIZE


IRIS = Rectangle(0, 0, 256, 256)
BLUSH = Rectangle(256, 0, 128, 128)
LID_SHADOW = Rectangle(384, 0, 64, 64)
MOUTH = Rectangle(0, 256, 256, 128)
SWATCHES = [
    "white",
    "lash",
    "crease",
    "brow",
    "nose",
    "mouth_line",
    "lip",
    "wrinkle",
    "tongue",
    "nose_shade",
    "freckle",
]
SWATCH_SIZE = 64


def swatch_uvs(name: str, count: int) -> FloatArray:
    """Returns texture coordinates (count, 2) of the middle of a plain colour."""
    x, y = _swatch_corner(SWATCHES.index(name))
    return np.full((count, 2), [x + SWATCH_SIZE / 2, y + SWATCH_SIZE / 2]) / SIZE


def _swatch_corner(index: int) -> tuple[int, int]:
    per_row = SIZE // SWATCH_SIZE
    return index % per_row * SWATCH_SIZE, 384 + index // per_row * SWATCH_SIZE


def draw_face_texture(look: Look) -> bytes:
    """Draws the texture of a look as a PNG file with alpha."""
    pixels = np.zeros((SIZE, SIZE, 4))
    for index, name in enumerate(SWATCHES):
        x, y = _swatch_corner(index)
        pixels[y : y + SWATCH_SIZE, x : x + SWATCH_SIZE] = _swatch(name, look)
    for place, image in (
        (IRIS, _iris(look.eye_color)),
        (MOUTH, _mouth()),
        (BLUSH, _blush(look.blush)),
        (LID_SHADOW, _lid_shadow()),
    ):
        pixels[place.y : place.y + place.height, place.x : place.x + place.width] = image
    return encode_png(pixels)


def encode_png(pixels: FloatArray) -> bytes:
    """Encodes pixels (H, W, 3 or 4), 0 to 1, as a PNG file."""
    stream = BytesIO()
    Image.fromarray(np.round(255 * np.clip(pixels, 0, 1)).astype(np.uint8)).save(stream, "PNG", compress_level=3)
    return stream.getvalue()


def _swatch(name: str, look: Look) -> FloatArray:
    skin, hair = np.array(look.skin_color), np.array(look.hair_color)
    dark = 0.55 + 0.45 * min(1.0, skin.max())
    wrinkle = skin * (1 - look.wrinkles * (1 - np.array([0.84, 0.66, 0.62])))
    colors = {
        "white": np.array([0.995, 0.985, 0.98]),
        "lash": np.array([0.16, 0.09, 0.10]),
        "crease": skin * np.array([0.62, 0.42, 0.42]) * dark,
        "brow": hair * 0.62,
        "nose": skin * np.array([0.80, 0.58, 0.56]),
        "mouth_line": skin * np.array([0.50, 0.31, 0.31]),
        "lip": skin * np.array([0.92, 0.58, 0.60]),
        "wrinkle": wrinkle,
        "tongue": np.array([0.88, 0.42, 0.42]),
        "nose_shade": skin * np.array([0.90, 0.70, 0.67]),
        "freckle": skin * (1 - look.freckles * (1 - np.array([0.80, 0.62, 0.56]))),
    }
    alpha = {"lip": 0.15 + 0.7 * look.lips, "nose_shade": 0.75}
    return np.append(colors[name], alpha.get(name, 1.0))


def fill_ellipse(size: tuple[int, int], center: tuple[float, float], radii: tuple[float, float]) -> FloatArray:
    """Returns the coverage (H, W) of an ellipse; centre and radii are shares of the size."""
    width, height = size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING
    image = Image.new("L", (width, height), 0)
    (x, y), (a, b) = center, radii
    ImageDraw.Draw(image).ellipse([(x - a) * width, (y - b) * height, (x + a) * width, (y + b) * height], fill=255)
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.float64) / 255


def _paint(pixels: FloatArray, color: FloatArray, coverage: FloatArray) -> FloatArray:
    return np.asarray(pixels + (color - pixels) * coverage[..., None])


def _iris(color: Color) -> FloatArray:
    """Draws an iris that fills its square: dark above, bright below, with a rim, a pupil and a crescent of light."""
    size = IRIS.width, IRIS.height
    y, x = np.mgrid[0 : size[1], 0 : size[0]] / (size[0] - 1)
    down, radius = y[..., None], 2 * np.hypot(x - 0.5, y - 0.5)
    base = np.array(color)
    dark, bright = base * np.array([0.28, 0.25, 0.38]), np.clip(base * 1.15 + 0.12, 0, 1)
    pixels = dark + (base - dark) * (1 - (1 - down) ** 1.2) ** 1.1
    pixels = pixels + (bright - pixels) * 0.75 * np.clip((down - 0.52) / 0.4, 0, 1)
    pixels = _paint(pixels, np.clip(bright * 1.1 + 0.1, 0, 1), 0.7 * fill_ellipse(size, (0.5, 0.80), (0.31, 0.13)))
    pixels = _paint(pixels, base * 0.16, fill_ellipse(size, (0.5, 0.46), (0.20, 0.22)))
    pixels = _paint(pixels, dark * 0.8, np.clip((radius - 0.84) / 0.07, 0, 1))
    pixels = _paint(pixels, dark * 0.6, 0.5 * np.clip(1 - y / 0.3, 0, 1))
    return np.concatenate([pixels, np.ones((*pixels.shape[:2], 1))], axis=2)


def _mouth() -> FloatArray:
    """Draws the inside of a mouth from its upper to its lower line: teeth, dark red, a tongue."""
    size = MOUTH.width, MOUTH.height
    y, x = np.mgrid[0 : size[1], 0 : size[0]] / [[[size[1] - 1]], [[size[0] - 1]]]
    pixels = np.full((size[1], size[0], 3), [0.50, 0.13, 0.17])
    pixels = _paint(pixels, np.array([0.88, 0.42, 0.42]), fill_ellipse(size, (0.5, 1.0), (0.36, 0.34)))
    teeth = 0.27 * np.sqrt(np.clip(1 - ((x - 0.5) / 0.46) ** 2, 0, 1))
    pixels = _paint(pixels, np.array([0.99, 0.98, 0.97]), np.clip((teeth - y) * size[1] / 2 + 0.5, 0, 1))
    return np.concatenate([pixels, np.ones((*pixels.shape[:2], 1))], axis=2)


def _blush(strength: float) -> FloatArray:
    y, x = np.mgrid[0 : BLUSH.height, 0 : BLUSH.width] / (BLUSH.width - 1) - 0.5
    pixels = np.full((BLUSH.height, BLUSH.width, 4), [1.0, 0.45, 0.42, 0.0])
    inside = np.clip((0.49 - np.hypot(x, y)) / 0.1, 0, 1)
    pixels[..., 3] = strength * inside * np.exp(-((x / 0.22) ** 2) - (y / 0.20) ** 2)
    return pixels


def _lid_shadow() -> FloatArray:
    down = np.linspace(0, 1, LID_SHADOW.height)[:, None]
    pixels = np.full((LID_SHADOW.height, LID_SHADOW.width, 4), [0.22, 0.16, 0.30, 0.0])
    pixels[..., 3] = 0.42 * np.clip((1 - down) / 0.35, 0, 1)
    return pixels
