"""Hats: a shell over the skull above a tilted line, with a turn-up or a brim; the hair inside is cut away."""

import numpy as np

from bodydouble.characters.cast.clip import clip
from bodydouble.characters.cast.head import CENTER, Head
from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import Part, compute_normals, grid_triangles, subdivide
from bodydouble.data import FloatArray, IntArray
from bodydouble.geometry import rotation

EDGE_HEIGHT, EDGE_TILT = 0.62, 0.26
"""Height of the edge at the middle of the skull, H, and its rise towards the front."""
DISTANCE = {"beanie": 0.128, "cap": 0.122}
"""Distance from the skull, H."""
DOME = 0.06
TURN_UP = 0.13
"""Height of a beanie's turn-up, H."""
BRIM_ANGLE, BRIM_LENGTH = np.radians(58.0), 0.30
TAIL_DISTANCE = 0.13
"""Distance from the skull, H, from which on a tail is outside of a hat."""
INSIDE = 0.004
"""Height above the edge from which on hair is cut away, H."""


def _above_edge(positions: FloatArray) -> FloatArray:
    return np.asarray(positions[:, 1] - EDGE_HEIGHT - EDGE_TILT * positions[:, 2])


def cover_hair(part: Part, head: Head, look: Look) -> Part:
    """Cuts away the hair inside a hat; hair without a hat, and a tail outside of it, stays as it is."""
    if look.hat == "none":
        return part
    names = list(part.bones)
    vectors = part.positions - CENTER
    distance = np.linalg.norm(vectors, axis=1)
    outside = distance - head.radius(vectors / distance[:, None]) - TAIL_DISTANCE
    field = INSIDE - _above_edge(part.positions)
    if look.hair in ("ponytail", "twin-tails"):
        x, _, z = part.positions.T
        field = np.maximum(field, np.minimum(outside, np.maximum(-0.35 - z, np.abs(x) - 0.46)))
    triangles, values = clip(
        part.triangles, field, part.positions, part.normals, part.uvs, *(part.bones[name] for name in names)
    )
    positions, normals, uvs, *weights = values
    bones = dict(zip(names, weights, strict=True))
    return Part(part.mesh, part.material, positions, triangles, rotation.normalize(normals), uvs, bones=bones)


def build_hat(head: Head, look: Look) -> list[Part]:
    """Builds the hat of a look in the frame of the head, H."""
    if look.hat == "none":
        return []
    triangles, (points,) = subdivide(head.triangles, head.positions)
    field = _above_edge(points)
    outward = rotation.normalize(points - CENTER)
    turn_up = 0.022 * (np.clip(field / 0.015, 0, 1) * (field < TURN_UP)) if look.hat == "beanie" else 0 * field
    distance = DISTANCE[look.hat] * look.hair_volume**0.5 + DOME * np.maximum(outward[:, 1], 0) ** 3 + turn_up
    triangles, (positions,) = clip(triangles, field, points + outward * distance[:, None])
    parts = [_create_part(positions, triangles)]
    return [*parts, _build_brim(head, look)] if look.hat == "cap" else parts


def _create_part(positions: FloatArray, triangles: IntArray) -> Part:
    uvs = np.zeros((len(positions), 2))
    return Part("accessories", "hat", positions, triangles, compute_normals(positions, triangles), uvs)


def _build_brim(head: Head, look: Look) -> Part:
    """Builds a brim: two sheets that meet at the outer edge."""
    azimuth = np.linspace(-BRIM_ANGLE, BRIM_ANGLE, 19)
    edge = np.stack([np.sin(azimuth), 0.22 + 0 * azimuth, np.cos(azimuth)], axis=1)
    edge = rotation.normalize(edge)
    root = CENTER + edge * (head.radius(edge) + DISTANCE["cap"] * look.hair_volume**0.5 - 0.03)[:, None]
    root[:, 1] = EDGE_HEIGHT + EDGE_TILT * root[:, 2] * 0.82 + 0.012
    length = BRIM_LENGTH * np.cos(azimuth / BRIM_ANGLE * np.pi / 2) ** 0.6
    rows = []
    for share, lift in ((0.0, 0.012), (0.5, 0.012), (1.0, 0.0), (0.5, -0.006), (0.0, -0.006)):
        row = root + share * length[:, None] * np.array([0.0, -0.16, 1.0])
        row[:, 1] += lift - 0.25 * row[:, 0] ** 2 * share
        rows.append(row)
    return _create_part(np.concatenate(rows), grid_triangles(5, 19)[:, ::-1])
