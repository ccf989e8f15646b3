"""glTF document that is being built: its JSON objects and its binary chunk.

Source: the glTF 2.0 specification, https://www.khronos.org/gltf/
"""

import struct
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.formats.gltf_materials import MaterialTable

MIN_MORPH_OFFSET = 1e-7
"""Smaller offsets of a morph target, m, are zero."""

_HEADER, _CHUNK = struct.Struct("<4sII"), struct.Struct("<I4s")
"""Header of a .glb file: magic, version, length; and that of a chunk: length, type."""
_COMPONENT_TYPES = {
    np.dtype(np.uint8): pygltflib.UNSIGNED_BYTE,
    np.dtype(np.uint16): pygltflib.UNSIGNED_SHORT,
    np.dtype(np.uint32): pygltflib.UNSIGNED_INT,
    np.dtype(np.float32): pygltflib.FLOAT,
}
_TYPES: dict[tuple[int, ...], str] = {(): "SCALAR", (2,): "VEC2", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}


class GltfBuffer:
    """glTF document with one scene and one buffer."""

    gltf: pygltflib.GLTF2
    binary: bytearray
    materials: MaterialTable
    meshes: dict[int, list[int]]
    """Identity of a character -> its meshes."""

    def __init__(self, shared: "GltfBuffer | None" = None) -> None:
        """Takes another buffer of the same document; starts a new document if not given."""
        if shared is not None:
            self.gltf, self.binary = shared.gltf, shared.binary
            self.materials, self.meshes = shared.materials, shared.meshes
            return
        self.gltf = pygltflib.GLTF2(
            asset=pygltflib.Asset(generator=f"bodydouble {version('bodydouble')}"),
            scene=0,
            scenes=[pygltflib.Scene(nodes=[])],
        )
        self.binary = bytearray()
        self.materials = MaterialTable(self.gltf, self.add_buffer_view)
        self.meshes = {}

    def write_to(self, path: Path) -> None:
        """Writes the file. The binary chunk, which is large for a long motion, is not copied."""
        self.gltf.buffers = [pygltflib.Buffer(byteLength=len(self.binary))]
        text = self.gltf.gltf_to_json(separators=(",", ":"), indent=None).encode("utf-8")
        text += b" " * (-(_HEADER.size + len(text)) % self.gltf.required_alignment())
        length = _HEADER.size + 2 * _CHUNK.size + len(text) + len(self.binary)
        with path.open("wb") as file:
            file.write(_HEADER.pack(b"glTF", 2, length))
            file.write(_CHUNK.pack(len(text), b"JSON") + text)
            file.write(_CHUNK.pack(len(self.binary), b"BIN\0"))
            file.write(self.binary)

    def add_extensions(self, extensions: Mapping[str, Any]) -> None:
        """Adds extensions of the whole file."""
        self.gltf.extensions.update(extensions)
        for name in extensions:
            self.declare_extension(name)

    def declare_extension(self, name: str) -> None:
        """Declares that the file uses an extension."""
        if name not in self.gltf.extensionsUsed:
            self.gltf.extensionsUsed.append(name)

    def add_buffer_view(self, data: bytes, target: int | None = None) -> int:
        """Appends bytes at a multiple of four; returns the index of their buffer view."""
        self.gltf.bufferViews.append(
            pygltflib.BufferView(buffer=0, byteOffset=len(self.binary), byteLength=len(data), target=target)
        )
        self.binary += data + bytes(-len(data) % 4)
        return len(self.gltf.bufferViews) - 1

    def add_accessor(self, array: NDArray[Any], target: int | None = None, bounds: bool = False) -> int:
        """Appends an array whose first axis is the elements; returns the index of its accessor."""
        accessor = pygltflib.Accessor(
            bufferView=self.add_buffer_view(np.ascontiguousarray(array).tobytes(), target),
            componentType=_COMPONENT_TYPES[array.dtype],
            count=len(array),
            type=_TYPES[array.shape[1:]],
        )
        if bounds:
            accessor.min = np.atleast_1d(array.min(axis=0)).tolist()
            accessor.max = np.atleast_1d(array.max(axis=0)).tolist()
        self.gltf.accessors.append(accessor)
        return len(self.gltf.accessors) - 1

    def add_sparse(self, offsets: FloatArray) -> int:
        """Appends offsets (V, 3), of which only those that are not zero are stored."""
        is_changed = np.abs(offsets).max(axis=1) > MIN_MORPH_OFFSET
        index_type = np.uint16 if len(offsets) <= np.iinfo(np.uint16).max else np.uint32
        changed = np.flatnonzero(is_changed).astype(index_type)
        values = offsets[changed].astype(np.float32)
        bounded = np.concatenate([np.zeros((1, 3), np.float32), values]) if len(changed) < len(offsets) else values
        sparse = pygltflib.AccessorSparseIndices, pygltflib.AccessorSparseValues
        self.gltf.accessors.append(
            pygltflib.Accessor(
                byteOffset=None,
                componentType=pygltflib.FLOAT,
                count=len(offsets),
                type="VEC3",
                min=bounded.min(axis=0).tolist(),
                max=bounded.max(axis=0).tolist(),
                sparse=pygltflib.Sparse(
                    count=len(changed),
                    indices=sparse[0](
                        bufferView=self.add_buffer_view(changed.tobytes()),
                        componentType=_COMPONENT_TYPES[changed.dtype],
                    ),
                    values=sparse[1](bufferView=self.add_buffer_view(values.tobytes())),
                )
                if len(changed)
                else None,
            )
        )
        return len(self.gltf.accessors) - 1

    def add_floats(self, values: FloatArray) -> int:
        """Appends values (N, K) as attributes of vertices; returns the index of their accessor."""
        return self.add_accessor(values.astype(np.float32), pygltflib.ARRAY_BUFFER)
