"""Head of the cast: a loft of sixteen stations from crown to chin, with a nose, cheeks and a flat face.

Units are head heights H, chin to crown. Axes: x to the character's left, y up with the chin at 0 and the crown at 1,
z forward with 0 in the middle of the skull.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import LinearNDInterpolator, PchipInterpolator
from scipy.spatial import cKDTree

from bodydouble.characters.cast.look import Look
from bodydouble.characters.cast.meshes import compute_normals, grid_triangles, orient, smooth
from bodydouble.data import FloatArray, IntArray
from bodydouble.geometry import rotation

STATIONS = np.array([
    [1.000, -.060, 1.000, -.062, .006], [.978, .085, .978, -.205, .148], [.912, .232, .916, -.360, .268],
    [.818, .330, .826, -.448, .346], [.720, .382, .730, -.487, .392], [.610, .402, .610, -.490, .402],
    [.510, .402, .500, -.468, .398], [.425, .392, .400, -.425, .386], [.345, .386, .315, -.355, .366],
    [.270, .384, .255, -.250, .346], [.195, .378, .215, -.160, .318], [.130, .368, .185, -.090, .268],
    [.075, .356, .160, -.040, .198], [.030, .342, .140, .000, .133], [.004, .322, .115, .050, .074],
    [-.002, .285, .098, .090, .030],
])  # fmt: skip
"""Front point (y, z), back point (y, z) and half width of each station."""
RINGS, SIDES = 52, 56
OUTSIDE_SLOPE = 2.0
"""Fall of the depth of the face beyond its edge, per unit of distance."""
FACE_DENSITY = 1.8
"""Density of the rings on the lower half of the face, where nose and lips are, relative to the rest."""
FRONT_DENSITY = 0.55
"""Share by which the points of a ring are closer together in front, and farther apart behind."""
CENTER = np.array([0.0, 0.55, -0.05])
"""Centre of the skull, from which hair grows."""
FACE_CENTER, FACE_RADII = np.array([0.0, 0.42, -0.10]), np.array([0.42, 0.62, 0.46])
"""Ellipsoid whose normals shade the face, so that it has one clean edge of shade."""


@dataclass(frozen=True)
class Head:
    """Surface of a head, with its depth seen from the front and its radius seen from the centre of the skull."""

    positions: FloatArray
    """(V, 3) H."""
    triangles: IntArray
    normals: FloatArray
    """(V, 3) unit, of the surface itself."""
    depth: LinearNDInterpolator
    facing: cKDTree
    """Places (x, y) of the vertices that face forwards."""
    directions: cKDTree
    radii: FloatArray

    def front(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Returns z of the face at (x, y); beyond its edge it falls steeply."""
        z = np.asarray(self.depth(x, y))
        outside = np.isnan(z)
        if outside.any():
            points = np.stack(np.broadcast_arrays(x, y), axis=-1)[outside]
            distance, nearest = self.facing.query(points)
            z[outside] = self.depth(*self.facing.data[nearest].T) - OUTSIDE_SLOPE * np.asarray(distance)
        return z

    def radius(self, directions: FloatArray) -> FloatArray:
        """Returns the distance (...,) of the surface from CENTER in unit directions (..., 3)."""
        distance, nearest = self.directions.query(directions, k=4)
        weight = 1.0 / (np.asarray(distance) + 1e-4)
        return np.asarray((self.radii[nearest] * weight).sum(-1) / weight.sum(-1))

    def push_out(self, points: FloatArray, offset: float) -> FloatArray:
        """Moves points (..., 3) away from CENTER until they are at least an offset outside the surface."""
        vectors = points - CENTER
        length = np.linalg.norm(vectors, axis=-1, keepdims=True)
        unit = vectors / length
        return np.asarray(CENTER + unit * np.maximum(length, self.radius(unit)[..., None] + offset))


def build_head(look: Look) -> Head:
    """Builds the head of a look."""
    rings = _deform(_loft(_stations(look)), look)
    caps = [rings[0].mean(axis=0), rings[-1].mean(axis=0)]
    positions = np.concatenate([rings.reshape(-1, 3), caps])
    triangles = orient(positions, _closed_triangles(len(rings), rings.shape[1]), CENTER)
    normals = compute_normals(positions, triangles)
    facing = (positions[:, 2] > 0) & (normals[:, 2] > 0.12)
    vectors = positions - CENTER
    radii = np.linalg.norm(vectors, axis=1)
    return Head(
        positions,
        triangles,
        normals,
        LinearNDInterpolator(positions[facing, :2], positions[facing, 2]),
        cKDTree(positions[facing, :2]),
        cKDTree(vectors / radii[:, None]),
        radii,
    )


def shade_normals(head: Head) -> FloatArray:
    """Returns normals (V, 3) for shading: an ellipsoid's on the face, smoothed ones of the surface behind."""
    own = rotation.normalize(smooth(head.normals, head.triangles, 14))
    return blend_face_normals(head.positions, own)


def blend_face_normals(positions: FloatArray, own: FloatArray) -> FloatArray:
    """Blends normals (V, 3) of points on the head towards those of the ellipsoid of the face."""
    ellipsoid = rotation.normalize((positions - FACE_CENTER) / FACE_RADII**2)
    share = np.clip((positions[:, 2:] + 0.15) / 0.30, 0, 1)
    return rotation.normalize(ellipsoid * share + own * (1 - share))


def _stations(look: Look) -> FloatArray:
    stations = STATIONS.copy()
    y = stations[:, 0].copy()
    low = np.clip((0.36 - y) / 0.36, 0, 1)
    stations[:, 4] *= 1 + (look.jaw - 1) * np.sin(np.pi / 2 * low)
    stations[:, 4] *= 1 + (look.chin_width - 1) * np.clip((0.17 - y) / 0.12, 0, 1)
    stations[:, 4] += look.cheeks * np.exp(-(((y - 0.28) / 0.1) ** 2))
    stations[:, 4] *= look.face_width
    chin = look.chin * np.clip((0.3 - y) / 0.3, 0, 1)
    stations[:, 0] -= chin
    stations[:, 2] -= 0.4 * chin
    stations[:, 1] += look.chin_depth * np.clip((0.16 - y) / 0.16, 0, 1)
    return stations


def _loft(stations: FloatArray) -> FloatArray:
    """Returns rings (RINGS, SIDES, 3): ellipses about the line from front to back of each station."""
    steps = np.hypot(*np.diff(stations[:, :2], axis=0).T) + 0.5 * np.abs(np.diff(stations[:, 4]))
    steps *= np.where(stations[1:, 0] < 0.40, FACE_DENSITY, 1.0)
    arc = np.concatenate([[0], np.cumsum(steps)])
    rows = PchipInterpolator(arc / arc[-1], stations, axis=0)(np.linspace(0, 1, RINGS))
    padded = np.pad(rows, ((2, 2), (0, 0)), mode="reflect", reflect_type="odd")
    rows = np.sum([w * padded[k : k + RINGS] for k, w in enumerate((0.1, 0.2, 0.4, 0.2, 0.1))], axis=0)
    front = np.stack([np.zeros(RINGS), rows[:, 0], rows[:, 1]], axis=1)
    back = np.stack([np.zeros(RINGS), rows[:, 2], rows[:, 3]], axis=1)
    width = np.maximum(rows[:, 4], 0.004)
    angle = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
    angle -= FRONT_DENSITY * np.sin(angle)
    cos, sin = np.cos(angle), np.sin(angle)
    along = np.sign(cos) * np.abs(cos) ** np.where(cos > 0, 0.92, 1.0)
    across = np.sign(sin) * np.abs(sin) ** np.where(cos > 0, 0.94, 0.96)
    rings = ((front + back) / 2)[:, None] + ((front - back) / 2)[:, None] * along[None, :, None]
    rings[..., 0] += across * width[:, None]
    return np.asarray(rings)


def _deform(rings: FloatArray, look: Look) -> FloatArray:
    """Adds the profile of the face to the front: bridge, nose, lips and chin, hollows of the eyes, cheeks."""
    x, y, z = np.moveaxis(rings, -1, 0)
    front = np.clip(z / 0.2, 0, 1)

    def bump(x_scale: float, y_center: float, y_scale: FloatArray | float, x_center: float = 0.0) -> FloatArray:
        return np.asarray(np.exp(-(((np.abs(x) - x_center) / x_scale) ** 2) - ((y - y_center) / y_scale) ** 2))

    tip, mouth = 0.272 - look.nose_length, look.mouth_height
    slope = np.where(y > tip, 0.062 + look.nose_length, 0.020)
    raised = look.nose * 0.060 * bump(0.034 * look.nose_width, tip, slope)
    raised = raised + look.nose_bridge * 0.014 * bump(0.030, 0.365, 0.055) - 0.020 * bump(0.07, 0.435, 0.045)
    raised = raised - 0.018 * bump(0.10, 0.42, 0.07, 0.17) + 0.010 * bump(0.09, 0.25, 0.07, 0.20)
    raised = raised + look.brow_ridge * 0.016 * bump(0.20, 0.50, 0.035)
    lips = 0.007 + 0.012 * look.lips
    raised = raised + 0.006 * bump(0.10, mouth - 0.01, 0.05) + lips * bump(0.05, mouth + 0.014, 0.015)
    raised = raised + 0.85 * lips * bump(0.045, mouth - 0.020, 0.016) - 0.5 * lips * bump(0.06, mouth, 0.008)
    raised = raised - 0.013 * bump(0.07, mouth - 0.055, 0.022) + 0.014 * bump(0.07, 0.045, 0.040)
    return np.stack([x, y, z + raised * front], axis=-1)


def _closed_triangles(rows: int, columns: int) -> IntArray:
    first, k = rows * columns, np.arange(columns)
    last, after = first - columns, (k + 1) % columns
    top = np.stack([np.full(columns, first), after, k], axis=1)
    bottom = np.stack([np.full(columns, first + 1), last + k, last + after], axis=1)
    return np.concatenate([grid_triangles(rows, columns, closed=True), top, bottom])
