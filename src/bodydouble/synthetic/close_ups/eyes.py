"""Eyeballs: centre, radius and colour -> `Mesh` with pupil, iris, limbus and sclera, carried by a joint of its own."""

from itertools import pairwise

import numpy as np

from bodydouble.data import FloatArray, Material, Mesh

RINGS_DEG = (0.0, 9.0, 12.0, 17.0, 22.0, 25.0, 28.0, 34.0, 45.0, 60.0, 80.0, 110.0, 180.0)
"""Angles of the rings of an eyeball from its pole, which looks forward."""
SIDES = 32
"""Number of vertices of a ring."""
IRIS_COLORS = ((0.23, 0.13, 0.07), (0.33, 0.20, 0.10), (0.38, 0.33, 0.20), (0.30, 0.38, 0.33), (0.33, 0.42, 0.52))
"""sRGB colours of irises."""
PUPIL, LIMBUS_FACTOR = (0.02, 0.02, 0.02), 0.45
SCLERA, SCLERA_EDGE = (0.88, 0.86, 0.83), (0.78, 0.68, 0.65)
"""sRGB colours of the white of the eye at the iris and at the corners."""


def sample_iris_color(rng: np.random.Generator) -> FloatArray:
    """Draws the sRGB colour (3,) of irises."""
    return np.clip(np.array(IRIS_COLORS[int(rng.integers(len(IRIS_COLORS)))]) * rng.uniform(0.85, 1.15), 0.0, 1.0)


def build_eye(center: FloatArray, radius: float, joint: int, iris: FloatArray) -> Mesh:
    """Builds an eyeball of rings of one colour, with hard edges, that looks along +Z.

    Args:
        center: (3,) m.
        radius: m.
        joint: joint that carries it.
        iris: (3,) sRGB colour of the iris.
    """
    colors = _ring_colors(iris)
    rings = [_ring_directions(angle) for angle in np.radians(RINGS_DEG)]
    directions: list[FloatArray] = []
    triangles: list[list[int]] = []
    srgb: list[FloatArray] = []
    for (inner, outer), color in zip(pairwise(rings), colors, strict=True):
        start = sum(len(part) for part in directions)
        directions += [inner, outer]
        triangles += [[start + i for i in triangle] for triangle in _band_triangles()]
        srgb += [color] * (2 * SIDES)
    normals = np.concatenate(directions)
    joints = np.zeros((len(normals), 4), dtype=np.int64)
    joints[:, 0] = joint
    linear = np.array(srgb) ** 2.2
    return Mesh(
        positions=center + radius * normals,
        normals=normals,
        triangles=np.array(triangles),
        joints=joints,
        weights=np.tile([1.0, 0.0, 0.0, 0.0], (len(normals), 1)),
        material=Material(base_color=(1.0, 1.0, 1.0, 1.0), roughness=0.3),
        colors=np.column_stack([linear, np.ones(len(linear))]),
    )


def _ring_colors(iris: FloatArray) -> list[FloatArray]:
    """Returns the colours of the bands between the rings."""
    rim, edge, white = LIMBUS_FACTOR * iris, np.array(SCLERA_EDGE), np.array(SCLERA)
    return [
        np.array(PUPIL),
        0.75 * iris,
        iris,
        1.15 * iris,
        0.9 * iris,
        rim,
        white,
        white,
        0.5 * (white + edge),
        edge,
        edge,
        edge,
    ]


def _ring_directions(angle: float) -> FloatArray:
    """Returns directions (SIDES, 3) at an angle in rad from +Z."""
    turn = np.linspace(0.0, 2 * np.pi, SIDES, endpoint=False)
    return np.column_stack(
        [np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.full_like(turn, np.cos(angle))]
    )


def _band_triangles() -> list[tuple[int, int, int]]:
    """Returns the triangles between a ring and the next one, whose vertices follow."""
    triangles = []
    for side in range(SIDES):
        following = (side + 1) % SIDES
        triangles += [
            (side, SIDES + side, SIDES + following),
            (side, SIDES + following, following),
        ]
    return triangles
