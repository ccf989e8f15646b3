"""Glasses: the eyes of a body -> `Mesh` of rims, bridge, temples and perhaps dark lenses, carried by the head."""

from dataclasses import replace

import numpy as np

from bodydouble.data import FloatArray, IntArray, Material, Mesh
from bodydouble.skeletons import humanoid
from bodydouble.synthetic.bodies import Body
from bodydouble.synthetic.close_ups import face_parts
from bodydouble.synthetic.close_ups.scene import FaceScene

SIDES, RIM_POINTS = 6, 40
"""Numbers of vertices around a tube, and of points of a rim."""
HALF_WIDTHS, HALF_HEIGHTS, THICKNESSES = (0.022, 0.027), (0.016, 0.023), (0.0012, 0.0025)
"""Ranges of half the width and height of a rim and of the radius of its tube on the face of an adult, m."""
EXPONENTS = (2.0, 4.0)
"""Range of the exponent of the superellipse of a rim, from round to square."""
DISTANCE, DROP, TEMPLE_LENGTH = 0.012, 0.004, 0.11
"""Distance of the rims before the eyeballs, of their middle below the pupils, and length of the temples, m."""
FRAME_COLORS = ((0.04, 0.04, 0.05), (0.16, 0.08, 0.05), (0.30, 0.05, 0.15), (0.08, 0.12, 0.30))
"""sRGB colours of frames."""
LENS_COLOR = (0.05, 0.05, 0.06)
"""sRGB colour of dark lenses."""


def add_glasses(scene: FaceScene, rng: np.random.Generator, *, is_dark: bool) -> FaceScene:
    """Returns a scene whose person wears glasses, with dark lenses or none, on the same face."""
    person = scene.scene.people[0]
    meshes = (*person.character.meshes, *build_glasses(person.body, rng, is_dark=is_dark))
    dressed = replace(person, character=replace(person.character, meshes=meshes))
    return replace(scene, scene=replace(scene.scene, people=(dressed,)))


def build_glasses(body: Body, rng: np.random.Generator, *, is_dark: bool) -> tuple[Mesh, ...]:
    """Builds the glasses of a body in the T-pose: the frame, and the lenses if they are dark."""
    centers, radii = face_parts.eyeballs(body)
    scale = face_parts.eyes_to_mouth(body) / face_parts.ADULT_EYES_TO_MOUTH
    half = scale * np.array([rng.uniform(*HALF_WIDTHS), rng.uniform(*HALF_HEIGHTS)])
    radius, exponent = scale * rng.uniform(*THICKNESSES), rng.uniform(*EXPONENTS)
    color = np.array(FRAME_COLORS[int(rng.integers(len(FRAME_COLORS)))])
    middles = centers + np.array([0.0, -DROP, DISTANCE]) * scale + [0.0, 0.0, float(radii.max())]
    rims = [_outline(middle, half, exponent) for middle in middles]
    paths = [np.concatenate([rim, rim[:2]]) for rim in rims]
    inner = [rim[np.abs(rim[:, 0]).argmin()] + [0.0, 0.4 * half[1], 0.0] for rim in rims]
    paths.append(np.linspace(inner[0], inner[1], 5))
    for rim in rims:
        outer = rim[np.abs(rim[:, 0]).argmax()] + [0.0, 0.3 * half[1], 0.0]
        paths.append(np.linspace(outer, outer - [0.0, 0.0, TEMPLE_LENGTH * scale], 5))
    frame = _join([_build_tube(path, radius) for path in paths], color, "glasses")
    lenses = [(np.concatenate([[middle], rim]), _fan(len(rim))) for middle, rim in zip(middles, rims, strict=True)]
    return (frame, _join(lenses, np.array(LENS_COLOR), "lenses")) if is_dark else (frame,)


def _outline(middle: FloatArray, half: FloatArray, exponent: float) -> FloatArray:
    """Returns points (RIM_POINTS, 3) of a superellipse in the plane of the face."""
    angle = np.linspace(0, 2 * np.pi, RIM_POINTS, endpoint=False)
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    flat = half * np.sign(unit) * np.abs(unit) ** (2 / exponent)
    return np.column_stack([middle[:2] + flat, np.full(RIM_POINTS, middle[2])])


def _build_tube(path: FloatArray, radius: float) -> tuple[FloatArray, IntArray]:
    """Returns vertices (V, 3) and triangles (N, 3) of a tube along a path (P, 3)."""
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    side = np.cross(along, [0.3, 0.2, 1.0])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(along, side)
    angle = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)[:, None]
    ring = np.cos(angle) * side[:, None] + np.sin(angle) * other[:, None]
    start = (np.arange(len(path) - 1) * SIDES)[:, None]
    corner, following = start + np.arange(SIDES), start + (np.arange(SIDES) + 1) % SIDES
    first = np.stack([corner, following, corner + SIDES], axis=-1)
    second = np.stack([following, following + SIDES, corner + SIDES], axis=-1)
    return (path[:, None] + radius * ring).reshape(-1, 3), np.concatenate([first, second]).reshape(-1, 3)


def _fan(count: int) -> IntArray:
    """Returns triangles (count, 3) from vertex 0 to a ring of vertices."""
    ring = np.arange(count)
    return np.stack([np.zeros(count, dtype=np.int64), ring + 1, (ring + 1) % count + 1], axis=1)


def _join(parts: list[tuple[FloatArray, IntArray]], color: FloatArray, name: str) -> Mesh:
    """Joins parts of one colour into a mesh that the head carries."""
    starts = np.cumsum([0, *(len(points) for points, _ in parts[:-1])])
    points = np.concatenate([points for points, _ in parts])
    triangles = np.concatenate([faces + start for (_, faces), start in zip(parts, starts, strict=True)])
    joints = np.zeros((len(points), 4), dtype=np.int64)
    joints[:, 0] = humanoid.INDEX["head"]
    return Mesh(
        positions=points,
        normals=face_parts.vertex_normals(points, triangles),
        triangles=triangles,
        joints=joints,
        weights=np.tile([1.0, 0.0, 0.0, 0.0], (len(points), 1)),
        material=Material(base_color=(1.0, 1.0, 1.0, 1.0), roughness=0.4, is_double_sided=True),
        colors=np.column_stack([np.tile(color**2.2, (len(points), 1)), np.ones(len(points))]),
        name=name,
    )
