"""Geometry of an FBX file that was read: triangles, and layers of values per corner of a polygon."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray, IntArray
from bodydouble.errors import FormatError
from bodydouble.formats.fbx.document import Node

MAX_VERTICES = 5_000_000
MAX_UV_SETS = 8
"""Number of sets of texture coordinates per mesh that are read."""


@dataclass(frozen=True, slots=True)
class Polygons:
    """C corners of P polygons, as triangles."""

    vertices: IntArray
    """(C,) vertex of each corner."""
    polygons: IntArray
    """(C,) polygon of each corner."""
    triangles: IntArray
    """(N, 3) corners."""


def read_positions(geometry: Node) -> FloatArray:
    """Returns the vertices (V, 3) in the unit of the file."""
    return _rows(geometry.value("Vertices"), 3)


def read_polygons(geometry: Node, vertex_count: int) -> Polygons:
    """Reads the polygons; those of more than three corners become fans of triangles.

    Raises:
        FormatError: a corner refers to a vertex that does not exist, or the geometry is too large.
    """
    stored = geometry.value("PolygonVertexIndex")
    stored = np.empty(0, np.int64) if stored is None else np.asarray(stored, np.int64)
    vertices = np.where(stored < 0, ~stored, stored)
    if len(vertices) > MAX_VERTICES or vertex_count > MAX_VERTICES:
        raise FormatError(f"a mesh has more than {MAX_VERTICES} vertices or corners")
    if len(vertices) and vertices.max() >= vertex_count:
        raise FormatError("damaged FBX file: a polygon refers to a vertex that does not exist")
    ends = np.flatnonzero(stored < 0) + 1
    starts = np.concatenate([[0], ends[:-1]])[: len(ends)]
    sizes = ends - starts
    # Each polygon gives size - 2 triangles: its first corner and two that follow each other.
    fan = np.maximum(sizes - 2, 0)
    first = np.repeat(starts, fan)
    step = np.arange(fan.sum()) - np.repeat(np.cumsum(fan) - fan, fan)
    triangles = np.stack([first, first + step + 1, first + step + 2], axis=1)
    return Polygons(vertices, np.repeat(np.arange(len(sizes)), sizes), triangles)


def read_layer(geometry: Node, kind: str, names: tuple[str, str], width: int, polygons: Polygons) -> FloatArray | None:
    """Returns the values (C, width) of the first layer of a kind, per corner; None if it has none that is understood.

    Args:
        geometry: the node of the geometry.
        kind: name of the layer, such as LayerElementUV.
        names: names of its values and of the index into them.
        width: numbers per value.
        polygons: the polygons of the geometry, with C corners.

    Raises:
        FormatError: the layer is shorter than its mapping says.
    """
    layer = geometry.find(kind)
    return None if layer is None else read_values(layer, names, width, polygons)


def read_values(layer: Node, names: tuple[str, str], width: int, polygons: Polygons) -> FloatArray | None:
    """Returns the values (C, width) of a layer, as read_layer."""
    rows = layer.value(names[0])
    if rows is None:
        return None
    places = _places(str(layer.value("MappingInformationType", "")), polygons)
    index = layer.value(names[1])
    if places is not None and index is not None and layer.value("ReferenceInformationType") != "Direct":
        # -1 stands for no value.
        places = np.maximum(_take(np.asarray(index, np.int64), places), 0)
    return None if places is None else np.asarray(_take(_rows(rows, width), places))


def read_uv_sets(geometry: Node, polygons: Polygons) -> dict[str, FloatArray]:
    """Returns name -> texture coordinates (C, 2), origin at the top left, of the sets that are understood.

    Raises:
        FormatError: a layer is shorter than its mapping says.
    """
    sets: dict[str, FloatArray] = {}
    for layer in geometry.find_all("LayerElementUV"):
        uvs = read_values(layer, ("UV", "UVIndex"), 2, polygons)
        if uvs is not None and len(sets) < MAX_UV_SETS:
            sets.setdefault(str(layer.value("Name", "")), np.stack([uvs[:, 0], 1.0 - uvs[:, 1]], axis=1))
    return sets


def _places(mapping: str, polygons: Polygons) -> IntArray | None:
    """Returns the place of the value of each corner (C,); None if the mapping is unknown.

    Corners behind the last complete polygon belong to none and get no value.
    """
    count = len(polygons.polygons)
    return {
        "ByPolygonVertex": np.arange(count),
        "ByVertex": polygons.vertices[:count],
        "ByVertice": polygons.vertices[:count],
        "ByPolygon": polygons.polygons,
        "AllSame": np.zeros(count, np.int64),
    }.get(mapping)


def read_materials(geometry: Node, polygons: Polygons) -> IntArray:
    """Returns the index of the material of each triangle (N,)."""
    layer = geometry.find("LayerElementMaterial")
    indices = None if layer is None else layer.value("Materials")
    if indices is None or len(indices) == 0 or len(polygons.triangles) == 0:
        return np.zeros(len(polygons.triangles), np.int64)
    indices = np.maximum(np.asarray(indices, np.int64), 0)
    polygon = polygons.polygons[polygons.triangles[:, 0]]
    is_single = layer is None or layer.value("MappingInformationType") == "AllSame"
    return np.asarray(_take(indices, np.zeros_like(polygon) if is_single else polygon))


def _rows(values: Any, width: int) -> FloatArray:
    numbers = np.empty(0) if values is None else np.asarray(values, np.float64)
    if not np.isfinite(numbers).all():
        raise FormatError("damaged FBX file: a mesh has values that are not finite")
    return numbers[: numbers.size // width * width].reshape(-1, width)


def _take(table: NDArray[Any], places: IntArray) -> NDArray[Any]:
    if len(places) and (places.max() >= len(table) or places.min() < 0):
        raise FormatError("damaged FBX file: a layer of a mesh is shorter than the mesh")
    return table[places]
