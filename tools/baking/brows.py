"""Eyebrows of the mannequin: a strip of hair on the skin above each eye, which moves with it."""

import numpy as np
from numpy.typing import NDArray

from baking.face import fit_sphere, head_weights
from baking.mesh import connected_parts, surface_normals, vertex_normals
from baking.source import Array, Body
from baking.suit import Surface

BROW_COLOR = (0.02, 0.017, 0.015)
"""Linear RGB, so dark that it hardly takes the colour in which the preview shows a person."""
BROW_PATH = (
    (-0.0135, 0.0162, 0.0028),
    (-0.0095, 0.0186, 0.0035),
    (-0.0020, 0.0205, 0.0034),
    (0.0060, 0.0220, 0.0030),
    (0.0135, 0.0222, 0.0024),
    (0.0205, 0.0200, 0.0015),
    (0.0260, 0.0168, 0.0004),
)
"""Middle line of the left brow from the nose outwards: x and y relative to the centre of the eye, and half the width,
m."""
ROWS = ((-1.0, -0.0004), (0.0, 0.0016), (1.0, -0.0004), (0.0, -0.0016))
"""Closed cross-section, over the skin from the lower to the upper edge and back below it: place across in half widths,
and height above the skin in m."""


def left_brow(body: Body) -> Surface:
    """Builds the left eyebrow on the skin of a body."""
    skin, *parts = connected_parts(body)
    eye = next(np.unique(faces) for faces in parts if body.positions[faces][..., 0].min() > 0)
    centre = fit_sphere(body.positions[eye])[0]
    path = np.array(BROW_PATH)
    tangents = np.gradient(path[:, :2], axis=0)
    across = np.column_stack([-tangents[:, 1], tangents[:, 0]]) / np.linalg.norm(tangents, axis=1, keepdims=True)
    grid = [centre[:2] + path[:, :2] + place * path[:, 2:] * across for place, _ in ROWS]
    corners, weights = zip(*(hit_skin(body, skin, point) for row in grid for point in row), strict=True)
    corner_rows, parts_of_corners = np.array(corners), np.array(weights)[:, :, None]
    normals = (vertex_normals(body)[corner_rows] * parts_of_corners).sum(axis=1)
    lift = np.repeat([height for _, height in ROWS], len(path))[:, None]
    positions = (body.positions[corner_rows] * parts_of_corners).sum(axis=1) + lift * normals
    faces = tube_faces(len(path), len(ROWS))
    return Surface(
        positions=positions,
        normals=surface_normals(positions, faces),
        faces=faces,
        weights=head_weights(len(positions)),
        colors=np.tile([*BROW_COLOR, 1.0], (len(positions), 1)),
        targets=np.einsum("pc,pcst->pst", parts_of_corners[:, :, 0], body.targets[corner_rows]),
        mouth=np.zeros((len(positions), 2)),
    )


def hit_skin(body: Body, faces: NDArray[np.int64], point: Array) -> tuple[NDArray[np.int64], Array]:
    """Returns the corners (3,) of the foremost triangle at a point (x, y), seen from the front, and their weights."""
    a, b, c = np.moveaxis(body.positions[faces], 1, 0)
    first, second, offset = (b - a)[:, :2], (c - a)[:, :2], point - a[:, :2]
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    safe = np.where(np.abs(area) > 1e-12, area, np.inf)
    u = (offset[:, 0] * second[:, 1] - offset[:, 1] * second[:, 0]) / safe
    v = (first[:, 0] * offset[:, 1] - first[:, 1] * offset[:, 0]) / safe
    inside = (area > 1e-12) & (u >= 0) & (v >= 0) & (u + v <= 1)
    depth = np.where(inside, a[:, 2] + u * (b - a)[:, 2] + v * (c - a)[:, 2], -np.inf)
    best = int(np.argmax(depth))
    return faces[best], np.array([1 - u[best] - v[best], u[best], v[best]])


def tube_faces(columns: int, rows: int) -> NDArray[np.int64]:
    """Returns the triangles of a closed tube, whose vertices lie row by row; its ends are closed, too."""
    faces = []
    for row in range(rows):
        this, following = row * columns, (row + 1) % rows * columns
        for column in range(columns - 1):
            a, b, c, d = this + column, this + column + 1, following + column + 1, following + column
            faces += [[a, b, c], [a, c, d]]
    last = columns - 1
    for row in range(1, rows - 1):
        a, b = row * columns, (row + 1) * columns
        faces += [[0, a, b], [last, b + last, a + last]]
    return np.array(faces)
