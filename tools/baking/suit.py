"""Body suit of the mannequin: `Surface` -> `Surface` cut along the seams, with coloured pieces."""

from dataclasses import dataclass, replace

import numpy as np

from baking.source import Array
from bodydouble.geometry import rotation

SKIN = (0.74, 0.71, 0.66)
SUIT = (0.165, 0.215, 0.29)
TRIM = (0.06, 0.08, 0.115)
LIPS = (0.63, 0.52, 0.49)
MOUTH = (0.03, 0.014, 0.014)
"""Linear RGB colours of skin, suit, trim, lips and the inside of the mouth."""
SKIN_KIND, MOUTH_KIND = 2, 3
"""Numbers among suit, trim, skin and the inside of the mouth."""

SEAMS = (
    ((0.0, 1.0, 0.6), 1.438, 0.016),
    ((1.0, 0.0, 0.0), 0.664, 0.012),
    ((0.0, -1.0, 0.0), -0.105, 0.012),
)
"""Collar, cuff and ankle of the left half: direction, offset and width of the trim in m.

Points p with direction . p > offset are skin; the trim lies below the seam.
"""


@dataclass(frozen=True)
class Surface:
    """Mesh: positions (V, 3), unit normals (V, 3), faces (N, 3), weights (V, 52) of RIG's joints, RGBA (V, 4).

    Beside them, the offsets (V, 52, 3) m of ARKit's shapes, and how much each vertex (V, 2) belongs to
    the lips and to the inside of the mouth.
    """

    positions: Array
    normals: Array
    faces: Array
    weights: Array
    colors: Array
    targets: Array
    mouth: Array


def slice_edges(surface: Surface, height: Array) -> Surface:
    """Splits every edge at which a linear function of the vertices, height (V,), changes sign."""
    side = np.where(np.abs(height) < 1e-3, 0, np.sign(height)).astype(int)
    new: dict[tuple[int, int], int] = {}
    rows: list[tuple[int, int, float]] = []

    def cut(a: int, b: int) -> int:
        key = (min(a, b), max(a, b))
        if key not in new:
            new[key] = len(height) + len(rows)
            rows.append((*key, float(height[key[0]] / (height[key[0]] - height[key[1]]))))
        return new[key]

    faces: list[list[int]] = []
    for face in surface.faces.tolist():
        polygons: dict[int, list[int]] = {1: [], -1: []}
        for a, b in zip(face, face[1:] + face[:1], strict=True):
            for sign, corners in polygons.items():
                if side[a] != -sign:
                    corners.append(a)
                if side[a] * side[b] < 0:
                    corners.append(cut(a, b))
        whole = polygons[1] if (side[face] >= 0).all() else polygons[-1] if (side[face] <= 0).all() else None
        for corners in [whole] if whole else polygons.values():
            faces += [[corners[0], corners[i], corners[i + 1]] for i in range(1, len(corners) - 1)]
    first, second, fraction = (np.array(column) for column in zip(*rows, strict=True))

    def extend(values: Array) -> Array:
        steps = fraction.reshape(-1, *[1] * (values.ndim - 1))
        between = values[first] + (values[second] - values[first]) * steps
        return np.concatenate([values, between])

    return replace(
        surface,
        positions=extend(surface.positions),
        normals=rotation.normalize(extend(surface.normals)),
        weights=extend(surface.weights),
        colors=extend(surface.colors),
        targets=extend(surface.targets),
        mouth=extend(surface.mouth),
        faces=np.array(faces),
    )


def color_suit(surface: Surface) -> Surface:
    """Cuts the left half along the seams and colours its faces as suit, trim, skin or mouth, with hard edges."""
    for direction, offset, width in SEAMS:
        for edge in (offset, offset - width):
            surface = slice_edges(surface, surface.positions @ np.array(direction) - edge)
    centers = surface.positions[surface.faces].mean(axis=1)
    kind = np.zeros(len(centers), dtype=np.int64)
    for direction, offset, width in SEAMS:
        height = centers @ np.array(direction) - offset
        kind = np.maximum(kind, (height > -width).astype(int) + (height > 0))
    is_inside = surface.mouth[surface.faces, 1].mean(axis=1) > 0.5
    return split_by_color(surface, np.where(is_inside, MOUTH_KIND, kind))


def split_by_color(surface: Surface, kind: Array) -> Surface:
    """Duplicates vertices so that each has one colour; kind (N,) indexes the colours of the faces."""
    palette = np.array([SUIT, TRIM, SKIN, MOUTH])
    pairs = np.stack([surface.faces, np.broadcast_to(kind[:, None], surface.faces.shape)], axis=-1).reshape(-1, 2)
    unique, corner = np.unique(pairs, axis=0, return_inverse=True)
    old = unique[:, 0]
    is_lip = surface.mouth[old, :1] * (unique[:, 1:] == SKIN_KIND)
    rgb = palette[unique[:, 1]] * (1 - is_lip) + np.array(LIPS) * is_lip
    return replace(
        surface,
        positions=surface.positions[old],
        normals=surface.normals[old],
        faces=corner.reshape(-1, 3),
        weights=surface.weights[old],
        colors=np.hstack([rgb, np.ones((len(old), 1))]),
        targets=surface.targets[old],
        mouth=surface.mouth[old],
    )
