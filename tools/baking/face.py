"""Face of the mannequin: shape targets of ARKit on Anny's skin, eyeballs that look around, and the tongue."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from baking.mesh import RIG, connected_parts, vertex_normals
from baking.source import Array, Body
from baking.suit import Surface
from bodydouble.geometry import rotation
from bodydouble.geometry.gaze import MAX_GAZE_ANGLE
from bodydouble.skeletons import arkit

EYE_RINGS_DEG = (0.0, 10.0, 22.0, 26.0, 40.0, 58.0, 80.0, 180.0)
"""Angles of the rings of an eyeball from its pole, which looks forward."""
EYE_SIDES = 18
PUPIL, IRIS, LIMBUS, SCLERA = (0.012, 0.012, 0.014), (0.13, 0.15, 0.18), (0.05, 0.06, 0.075), (0.80, 0.79, 0.76)
"""Linear RGB colours of an eye, from the pole outwards."""
EYE_COLORS = (PUPIL, IRIS, LIMBUS, SCLERA, SCLERA, SCLERA, SCLERA)
TONGUE_COLOR = (0.57, 0.44, 0.43)
LOOKS = {"Up": (0, -1.0), "Down": (0, 1.0), "Left": (1, 1.0), "Right": (1, -1.0)}
"""Direction in which an eye looks -> axis and sign of its rotation."""


def left_parts(body: Body) -> list[Surface]:
    """Returns the left eyeball and the left half of the tongue."""
    parts = connected_parts(body)[1:]
    eye = next(np.unique(faces) for faces in parts if body.positions[faces][..., 0].min() > 0)
    tongue = next(faces for faces in parts if abs(body.positions[faces][..., 0].mean()) < 1e-3)
    return [build_eye(body.positions[eye]), half_of(body, tongue, TONGUE_COLOR)]


def fit_sphere(points: Array) -> tuple[Array, float]:
    """Returns centre (3,) and radius of the sphere closest to points (P, 3)."""
    rows = np.column_stack([2 * points, np.ones(len(points))])
    solution = np.linalg.lstsq(rows, (points**2).sum(axis=1), rcond=None)[0]
    return solution[:3], float(np.sqrt(solution[3] + solution[:3] @ solution[:3]))


def build_eye(points: Array) -> Surface:
    """Builds the left eyeball on the sphere through points (P, 3): rings of one colour, with hard edges."""
    centre, radius = fit_sphere(points)
    rings = [ring_directions(angle) for angle in np.radians(EYE_RINGS_DEG)]
    directions, faces, colors = [], [], []
    for (inner, outer), color in zip(pairwise(rings), EYE_COLORS, strict=True):
        start = sum(len(part) for part in directions)
        directions += [inner, outer]
        faces += [[start + i for i in triangle] for triangle in band_triangles(len(inner), len(outer))]
        colors += [(*color, 1.0)] * (len(inner) + len(outer))
    normals = np.concatenate(directions)
    return Surface(
        positions=centre + radius * normals,
        normals=normals,
        faces=np.array(faces),
        weights=head_weights(len(normals)),
        colors=np.array(colors),
        targets=radius * look_offsets(normals),
        mouth=np.zeros((len(normals), 2)),
    )


def ring_directions(angle: float) -> Array:
    """Returns directions (18, 3) at an angle in rad from +Z; one direction at the poles."""
    if np.sin(angle) < 1e-9:
        return np.array([[0.0, 0.0, np.cos(angle)]])
    turn = np.linspace(0.0, 2 * np.pi, EYE_SIDES, endpoint=False)
    return np.column_stack(
        [np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.full_like(turn, np.cos(angle))]
    )


def band_triangles(inner: int, outer: int) -> list[tuple[int, int, int]]:
    """Returns the triangles between a ring and the next one, whose vertices follow; a ring of one is a pole."""
    triangles = []
    for side in range(EYE_SIDES):
        following = (side + 1) % EYE_SIDES
        a, b = (side, following) if inner > 1 else (0, 0)
        c, d = (inner + side, inner + following) if outer > 1 else (inner, inner)
        triangles += [t for t in ((a, c, d), (a, d, b)) if len(set(t)) == 3]
    return triangles


def look_offsets(directions: Array) -> Array:
    """Returns the offsets (V, 52, 3) of the left eye's looks on directions (V, 3) of a unit sphere."""
    offsets = np.zeros((len(directions), len(arkit.BLENDSHAPES), 3))
    sides = {"Up": "Up", "Down": "Down", "Out": "Left", "In": "Right"}
    for name, direction in sides.items():
        axis, sign = LOOKS[direction]
        turned = rotation.rotate(rotation.from_rotvec(np.eye(3)[axis] * sign * MAX_GAZE_ANGLE), directions)
        offsets[:, arkit.INDEX[f"eyeLook{name}Left"]] = turned - directions
    return offsets


def half_of(body: Body, faces: NDArray[np.int64], color: tuple[float, float, float]) -> Surface:
    """Returns the left half of a part of the body, in one colour, carried by the head."""
    half = faces[(body.positions[faces][:, :, 0] > -1e-6).all(axis=1)]
    used, local = np.unique(half, return_inverse=True)
    positions = body.positions[used]
    positions[np.abs(positions[:, 0]) < 1e-6, 0] = 0.0
    return Surface(
        positions=positions,
        normals=vertex_normals(replace(body, faces=faces))[used],
        faces=local.reshape(-1, 3),
        weights=head_weights(len(used)),
        colors=np.tile([*color, 1.0], (len(used), 1)),
        targets=body.targets[used],
        mouth=np.zeros((len(used), 2)),
    )


def head_weights(count: int) -> Array:
    """Returns weights (V, 52) of vertices that the head carries."""
    weights = np.zeros((count, len(RIG)))
    weights[:, RIG.index("head")] = 1.0
    return weights
