"""Skin of a face: `Body` and random generator -> texture with brows, pores and spots, and its coordinates.

The texture is unrolled around the head and mirrored: u runs from the front (0) to the back (1) on either side.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter

from bodydouble.data import FloatArray
from bodydouble.skeletons import blazepose
from bodydouble.synthetic.bodies import Body

TEXTURE_SIZE = 1024
"""Width and height of the texture in px."""
TEXTURE_HEIGHT = 0.34
"""Height in m that the texture covers, from below the chin to above the head."""
BELOW_EYES = 0.17
"""Distance in m of the lower edge of the texture below the eyes."""
BROW_ARC = ((-0.021, 0.0105), (-0.004, 0.0155), (0.012, 0.0155), (0.027, 0.007))
"""Points of the lower edge of a brow relative to the pupil, outwards and up, in m, on a face of adult size.

They lie where the face network sees neither raised nor lowered brows on neutral faces, as it does on people.
"""
BROW_HEIGHT = 0.0075
"""Height in m of a brow at its inner end."""
BROW_STROKES = 260
"""Number of hairs of a brow."""


@dataclass(frozen=True, slots=True)
class HeadMap:
    """Unrolled surface of a head."""

    axis_depth: float
    """Coordinate z in m of the vertical axis around which the head is unrolled."""
    low: float
    """Height in m of the lower edge of the texture."""

    def coordinates(self, points: FloatArray) -> FloatArray:
        """Returns the texture coordinates (N, 2) of points (N, 3) m on the head at rest."""
        u = np.arctan2(np.abs(points[:, 0]), points[:, 2] - self.axis_depth) / np.pi
        return np.stack([u, 1.0 - (points[:, 1] - self.low) / TEXTURE_HEIGHT], axis=-1)


def map_head(body: Body) -> HeadMap:
    """Returns the map of the head of a body."""
    eye, ear = body.landmarks[blazepose.INDEX["left_eye"]], body.landmarks[blazepose.INDEX["left_ear"]]
    return HeadMap(float(ear[2]), float(eye[1]) - BELOW_EYES)


def paint_face(
    body: Body, head: HeadMap, brow_color: FloatArray, face_scale: float, rng: np.random.Generator
) -> FloatArray:
    """Paints the texture (TEXTURE_SIZE, TEXTURE_SIZE, 3), 0 to 1, that the colours of the skin are multiplied by.

    Args:
        body: the body at rest.
        head: the map of its head.
        brow_color: (3,) factor of the skin's colour where a brow covers it.
        face_scale: size of the face relative to an adult's.
        rng: source of everything that is random.
    """
    grain = rng.normal(size=(2, TEXTURE_SIZE, TEXTURE_SIZE))
    pores = gaussian_filter(grain[0], 1.2) * 0.08 + gaussian_filter(grain[1], 24.0, mode="wrap") * 1.6
    skin = np.clip(0.95 + rng.uniform(0.6, 1.3) * pores[..., None], 0.75, 1.0) * np.ones(3)
    cover = _paint_brow(body, head, face_scale, rng)[..., None]
    return np.asarray(skin * (1 - cover * (1 - brow_color)))


def _paint_brow(body: Body, head: HeadMap, face_scale: float, rng: np.random.Generator) -> FloatArray:
    """Paints the cover (TEXTURE_SIZE, TEXTURE_SIZE) of a brow, 0 to 1: short hairs that point outwards."""
    eye = body.landmarks[blazepose.INDEX["left_eye"]]
    to_texture = _front_to_texture(body, head)
    knots = np.array(BROW_ARC) * face_scale * [1.0, rng.uniform(0.85, 1.1)] + eye[:2]
    along = rng.random(BROW_STROKES)
    base = np.stack([np.interp(along * 3, range(4), knots[:, axis]) for axis in range(2)], axis=-1)
    thickness = BROW_HEIGHT * face_scale * rng.uniform(0.7, 1.2) * np.interp(along, [0.0, 0.5, 1.0], [0.9, 0.8, 0.25])
    start = base + rng.random((BROW_STROKES, 1)) * thickness[:, None] * [0.0, 1.0]
    lean = np.radians(np.interp(along, [0.0, 0.4, 1.0], [65.0, 25.0, -15.0]) + rng.normal(0.0, 12.0, BROW_STROKES))
    length = face_scale * rng.uniform(0.003, 0.007, BROW_STROKES)
    end = start + length[:, None] * np.stack([np.cos(lean), np.sin(lean)], axis=-1)
    image = Image.new("L", (TEXTURE_SIZE, TEXTURE_SIZE))
    draw = ImageDraw.Draw(image)
    pixels = np.concatenate([to_texture(start), to_texture(end)], axis=1) * TEXTURE_SIZE
    for line in pixels[np.isfinite(pixels).all(axis=1)].tolist():
        draw.line(line, fill=255, width=3)
    return gaussian_filter(np.asarray(image, dtype=np.float64) / 255, 1.5) * rng.uniform(0.8, 1.0)


def _front_to_texture(body: Body, head: HeadMap) -> LinearNDInterpolator:
    """Returns the map from points (N, 2) m of the front of the face, left half, to texture coordinates (N, 2)."""
    eye = body.landmarks[blazepose.INDEX["left_eye"]]
    offsets = body.positions - eye
    near = (np.abs(offsets[:, :2]).max(axis=1) < 0.07) & (offsets[:, 2] > -0.05) & (offsets[:, 1] > 0.004)
    points = body.positions[near & (body.positions[:, 0] >= 0.0)]
    return LinearNDInterpolator(points[:, :2], head.coordinates(points))
