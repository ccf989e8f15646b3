"""Distance to the skin of a body part at rest, on a regular grid: surface points -> ``SkinDistance``.

The part is taken as solid and star-shaped about a vertical axis: in each slice, at each angle about the middle, it
reaches to its outermost surface point. So open and overlapping meshes have an inside, too.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, gaussian_filter1d, map_coordinates

from bodydouble.data import BoolArray, Character, FloatArray, IntArray

MAX_CELLS = 48
"""Maximum number of cells of the grid along the longest side of a part."""
PADDING = 4
"""Number of cells around a part."""
ANGLES = 32
"""Number of angles about the axis at which the reach of a slice is stored."""
MAX_SUBDIVISION = 12
"""Maximum number of points along the side of a triangle."""


@dataclass(frozen=True, slots=True)
class SkinDistance:
    """Signed distance to a surface at the nodes of a grid, with its gradient."""

    origin: FloatArray
    """(3,) m, position of the first node."""
    cell: float
    """Distance in m of neighbouring nodes."""
    depth: FloatArray
    """(X, Y, Z) m below the surface; negative outside."""
    outward: FloatArray
    """(3, X, Y, Z) direction in which the depth decreases."""

    def depths_at(self, points: FloatArray) -> FloatArray:
        """Returns the depth (...) m of points (..., 3) m below the surface; negative outside."""
        return self._interpolate(self.depth, points)

    def outward_at(self, points: FloatArray) -> FloatArray:
        """Returns the direction (..., 3) from points (..., 3) m to the outside; its length is about 1."""
        return np.stack([self._interpolate(component, points) for component in self.outward], axis=-1)

    def _interpolate(self, grid: FloatArray, points: FloatArray) -> FloatArray:
        nodes = np.moveaxis((points - self.origin) / self.cell, -1, 0)
        return np.asarray(map_coordinates(grid, nodes, order=1, mode="nearest"))


def measure_skin(surface: FloatArray, resolution: float) -> SkinDistance:
    """Builds the distance to a surface of points (N, 3) m, N at least 1, with cells of a resolution in m or larger."""
    low, high = surface.min(axis=0), surface.max(axis=0)
    cell = max(float((high - low).max()) / MAX_CELLS, resolution)
    shape = tuple(int(n) for n in np.ceil((high - low) / cell).astype(int) + 2 * PADDING + 1)
    origin = (low + high - cell * (np.array(shape) - 1)) / 2
    inside = _fill_slices((surface - origin) / cell, shape)
    distances = distance_transform_edt(inside) - distance_transform_edt(~inside)
    depth = cell * gaussian_filter(np.where(inside, distances - 0.5, distances + 0.5), 1.0)
    outward = -np.stack([np.gradient(depth, cell, axis=axis) for axis in range(3)])
    return SkinDistance(origin, cell, depth, outward)


def surface_points(character: Character, owners: IntArray, part: set[int], spacing: float) -> FloatArray:
    """Returns points (N, 3) on the triangles of a body part at rest, not much farther apart than a spacing in m.

    Args:
        character: its meshes are in the rest pose.
        owners: (Jc,) humanoid joint to which each joint belongs.
        part: humanoid joints of the part; a triangle belongs to it if all its corners do, by their largest weights.
        spacing: m.
    """
    points: list[FloatArray] = [np.empty((0, 3))]
    for mesh in character.meshes:
        largest = mesh.joints[np.arange(len(mesh.joints)), mesh.weights.argmax(axis=1)]
        on_part = np.isin(owners[largest], list(part))
        corners = mesh.positions[mesh.triangles[on_part[mesh.triangles].all(axis=1)]]
        points += [mesh.positions[on_part], *_subdivide(corners, spacing)]
    return np.concatenate(points)


def _subdivide(corners: FloatArray, spacing: float) -> list[FloatArray]:
    """Returns points (N, 3) inside triangles (K, 3, 3)."""
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=-1).max(axis=1, initial=0.0)
    counts = np.clip(np.ceil(sides / spacing), 1, MAX_SUBDIVISION).astype(int)
    points = []
    for count in (int(n) for n in np.unique(counts) if n > 1):
        i, j = np.mgrid[: count + 1, : count + 1]
        weights = np.stack([i, j, count - i - j], axis=-1)[i + j <= count] / count
        points.append((weights @ corners[counts == count]).reshape(-1, 3))
    return points


def _fill_slices(points: FloatArray, shape: tuple[int, ...]) -> BoolArray:
    """Returns the nodes (X, Y, Z) inside a surface of points (N, 3), in cells from the first node."""
    slices = np.clip(np.round(points[:, 1]).astype(int), 0, shape[1] - 1)
    middles = _slice_middles(points, slices, shape[1])
    steps = points[:, [0, 2]] - middles[slices]
    angles = np.round(np.arctan2(steps[:, 1], steps[:, 0]) / (2 * np.pi) * ANGLES).astype(int) % ANGLES
    reach = np.full((shape[1], ANGLES), -1.0)
    np.maximum.at(reach, (slices, angles), np.linalg.norm(steps, axis=1))
    reach = _smooth_reach(reach)
    x, z = np.meshgrid(np.arange(shape[0]), np.arange(shape[2]), indexing="ij")
    node_steps = np.stack([x, z], axis=-1) - middles[:, None, None]
    bins = np.arctan2(node_steps[..., 1], node_steps[..., 0]) / (2 * np.pi) * ANGLES % ANGLES
    low = np.floor(bins).astype(int)
    rows = np.arange(shape[1])[:, None, None]
    limit = reach[rows, low % ANGLES] * (1 - bins + low) + reach[rows, (low + 1) % ANGLES] * (bins - low)
    inside = np.linalg.norm(node_steps, axis=-1) <= limit
    return np.asarray(np.moveaxis(inside, 0, 1))


def _slice_middles(points: FloatArray, slices: IntArray, count: int) -> FloatArray:
    """Returns the middle (count, 2) of each slice across the axis; those of empty slices are interpolated."""
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    np.minimum.at(low, slices, points[:, [0, 2]])
    np.maximum.at(high, slices, points[:, [0, 2]])
    known = np.unique(slices)
    middles = np.zeros((count, 2))
    middles[known] = (low[known] + high[known]) / 2
    filled = np.stack([np.interp(np.arange(count), known, middles[known, i]) for i in (0, 1)], axis=1)
    return np.asarray(gaussian_filter1d(filled, 2.0, axis=0, mode="nearest"))


def _smooth_reach(reach: FloatArray) -> FloatArray:
    """Fills unknown angles of the reach (slices, ANGLES), -1 in it, and smooths it; slices beyond the part are 0."""
    known = reach >= 0
    rows = np.flatnonzero(known.any(axis=1))
    filled = np.zeros_like(reach)
    for row in rows:
        angles = np.flatnonzero(known[row])
        filled[row] = np.interp(np.arange(ANGLES), angles, reach[row, angles], period=ANGLES)
    inner = np.arange(rows[0], rows[-1] + 1)
    for angle in range(ANGLES):
        filled[inner, angle] = np.interp(inner, rows, filled[rows, angle])
    return np.asarray(gaussian_filter1d(filled, 1.0, axis=1, mode="wrap"))
