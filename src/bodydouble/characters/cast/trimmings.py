"""Trimmings of clothes that are meshes: collars, hoods, strings and bows."""

import numpy as np

from bodydouble.characters.cast.body import Body, Surface
from bodydouble.characters.cast.garments import TopCut, nearest_weights
from bodydouble.characters.cast.meshes import Part, compute_normals, grid_triangles, join, orient, sweep_tube
from bodydouble.data import FloatArray, IntArray

COLLAR_PROFILE = ((-0.002, -0.012), (0.0, 0.0), (-0.006, 0.7), (-0.004, 1.0), (0.006, 0.95), (0.8, 0.2), (1.0, -1.0))
"""Rings of a collar that is folded over: outwards (in widths beyond 0.5, else m) and upwards (in heights)."""


def create_part(material: str, positions: FloatArray, triangles: IntArray, weights: FloatArray) -> Part:
    """Creates a part of the mesh of the upper garment in one colour."""
    normals = compute_normals(positions, triangles)
    return Part("top", material, positions, triangles, normals, np.zeros((len(positions), 2)), weights)


def build_collar(cut: TopCut, shell: Surface, height: float = 0.026, width: float = 0.022, drop: float = 0.020) -> Part:
    """Builds a collar that stands round the neck, open in front, and is folded over."""
    count, gap = 40, 0.24
    angle = np.linspace(gap, 2 * np.pi - gap, count)
    front = (1 + np.cos(angle)) / 2
    end = np.exp(-(((np.minimum(angle, 2 * np.pi - angle) - gap) / 0.3) ** 2))
    rings = []
    for out, up in COLLAR_PROFILE:
        radius = cut.neck_radius + 0.004 + (out * width if out > 0.5 else out)
        lift = drop * up if up < -0.5 else (height * up if abs(up) > 0.1 else up)
        y = cut.neck_height + lift - 0.028 * front + 0.012 * (1 - front) - (0.020 * end if out > 0.5 else 0)
        z = cut.body.joints["neck"][2] + 0.006 + np.cos(angle) * radius * (1 + 0.18 * front)
        rings.append(np.stack([np.sin(angle) * radius, y, z], axis=1))
    positions = np.concatenate(rings)
    triangles = grid_triangles(len(rings), count)
    outer = np.arange(count) + 5 * count
    inside = np.array([0.0, cut.neck_height - 0.1, cut.body.joints["neck"][2]])
    normals = compute_normals(positions, triangles)
    if (normals[outer] * (positions[outer] - inside)).sum() < 0:
        triangles = triangles[:, ::-1]
    return create_part("collar", positions, triangles, nearest_weights(shell, positions))


def build_hood(cut: TopCut, shell: Surface) -> Part:
    """Builds a hood that lies behind the neck: a tube round it, open in front, thick behind."""
    angle = np.linspace(0.36, 2 * np.pi - 0.36, 30)
    back = (1 - np.cos(angle)) / 2
    radius = cut.neck_radius + 0.022
    stretch = radius * np.where(np.cos(angle) > 0, 1.05, 1.25)
    line = np.stack(
        [
            np.sin(angle) * radius * (1 + 0.12 * back),
            cut.neck_height - 0.008 - 0.030 * (1 - back) - 0.008 * back,
            cut.body.joints["neck"][2] - 0.004 + np.cos(angle) * stretch,
        ],
        axis=1,
    )
    radii = np.stack([0.016 + 0.022 * back, 0.022 + 0.030 * back], axis=1)
    radii[[0, -1]] *= 0.5
    positions, triangles = sweep_tube(line, radii, 12)
    return create_part("collar", positions, triangles, nearest_weights(shell, positions))


def build_strings(cut: TopCut, shell: Surface) -> Part:
    """Builds the two strings of a hood."""
    meshes = []
    for side in (1, -1):
        y = np.linspace(cut.neck_height - 0.035, cut.neck_height - 0.15, 6)
        z = np.array([front_depth(shell, side * 0.032, height) for height in y]) + 0.004
        line = np.stack([np.full(6, side * 0.032), y, z], axis=1)
        meshes.append(sweep_tube(line, np.full((6, 2), 0.0035), 7))
    positions, triangles = join(meshes)
    return create_part("white", positions, triangles, nearest_weights(shell, positions))


def front_depth(shell: Surface, x: float, y: float) -> float:
    """Returns z of the front of a garment near (x, y), m."""
    points = shell.positions[(shell.positions[:, 2] > 0) & (np.abs(shell.positions[:, 0] - x) < 0.04)]
    distance = np.abs(points[:, 1] - y) + 0.7 * np.abs(points[:, 0] - x)
    return float(points[np.argsort(distance)[:4], 2].max())


def build_bow(body: Body, place: FloatArray, size: float, tails: float = 0.11) -> Part:
    """Builds a bow: two loops, two tails and a knot."""
    meshes = [_knot()]
    for side in (1, -1):
        loop = np.array(
            [
                (side * 0.004, 0, 0),
                (side * 0.030, 0.010, 0.010),
                (side * 0.058, 0.012, 0.006),
                (side * 0.070, 0.010, -0.004),
            ]
        )
        meshes.append(sweep_tube(loop, np.array([(0.006, 0.008), (0.011, 0.018), (0.011, 0.027), (0.004, 0.022)]), 10))
        tail = np.array([(side * 0.004, -0.004, 0.002), (side * 0.016, -0.04, 0.008), (side * 0.032, -tails, 0.006)])
        meshes.append(_ribbon(tail, (0.008, 0.013, 0.021)))
    positions, triangles = join(meshes)
    positions = positions * size + place
    weights = np.tile(body.weights_of(upperChest=1.0), (len(positions), 1))
    return create_part("bow", positions, triangles, weights)


def _knot() -> tuple[FloatArray, IntArray]:
    angle = np.linspace(0.25, np.pi - 0.25, 6)
    line = np.stack([np.zeros(6), 0.015 * np.cos(angle), np.full(6, 0.010)], axis=1)
    return sweep_tube(line, np.stack([0.012 * np.sin(angle), 0.009 * np.sin(angle)], axis=1), 10)


def _ribbon(line: FloatArray, half_widths: tuple[float, float, float]) -> tuple[FloatArray, IntArray]:
    """Returns a flat closed strip that hangs along a line, seen from the front."""

    def row(x: float, z: float) -> FloatArray:
        return np.asarray(line + np.array([x, 0.0, 0.0]) * np.array(half_widths)[:, None] + [0, 0, z])

    columns = [row(-1, 0.002), row(1, 0.002), row(1, -0.002), row(-1, -0.002)]
    positions = np.stack(columns, axis=1).reshape(-1, 3)
    return positions, orient(positions, grid_triangles(3, 4, closed=True), np.repeat(line, 4, axis=0))
