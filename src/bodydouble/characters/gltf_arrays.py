"""Arrays and texture images of a glTF 2.0 file, decoded on demand."""

import base64
import json
import struct
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pygltflib
from numpy.typing import NDArray

from bodydouble.data import FloatArray
from bodydouble.errors import FormatError

COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class GltfFile:
    """Open glTF 2.0 file (.glb, .vrm or .gltf)."""

    def __init__(self, path: Path) -> None:
        """Reads a file.

        Raises:
            FormatError: it is not a readable glTF file.
        """
        self.path = path
        try:
            document, self._blob = _split_chunks(path.read_bytes())
            # Files with many animations hold thousands of accessors; only those in use are worth decoding.
            self._accessors = document.pop("accessors", [])
            self._views = document.pop("bufferViews", [])
            document.pop("animations", None)
            self.gltf = pygltflib.GLTF2.from_json(json.dumps(document), infer_missing=True)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
            raise FormatError(f"{path}: not a readable glTF 2.0 file ({_summarize_error(error)})") from error
        self._buffers: dict[int, bytes] = {}

    def accessor(self, index: int) -> pygltflib.Accessor:
        """Returns the description of an array."""
        return pygltflib.Accessor.from_dict(self._accessors[index], infer_missing=True)

    def array(self, accessor_index: int) -> NDArray[np.generic]:
        """Returns the rows of an accessor, (count, width), in their stored type; sparse values are applied."""
        accessor = self.accessor(accessor_index)
        dtype, width = np.dtype(COMPONENTS[accessor.componentType]), WIDTHS[accessor.type]
        if accessor.bufferView is None:
            rows = np.zeros((accessor.count, width), dtype)
        else:
            rows = self._rows(accessor.bufferView, accessor.byteOffset or 0, accessor.count, dtype, width)
        if accessor.sparse is not None:
            rows = self._fill_sparse(rows.copy(), accessor.sparse, dtype, width)
        return rows

    def floats(self, accessor_index: int) -> FloatArray:
        """Returns the rows of an accessor as float64; normalized integers become 0 to 1 (or -1 to 1)."""
        rows = self.array(accessor_index)
        values = rows.astype(np.float64)
        if self.accessor(accessor_index).normalized and rows.dtype.kind in "iu":
            bits = 8 * rows.dtype.itemsize - (rows.dtype.kind == "i")
            values = np.maximum(values / (2**bits - 1), -1.0)
        return values

    def image(self, texture_index: int) -> bytes | None:
        """Returns the encoded image of a texture; None if it is neither PNG nor JPEG."""
        source = self.gltf.textures[texture_index].source
        if source is None:
            return None
        image = self.gltf.images[source]
        data = self._view(image.bufferView) if image.bufferView is not None else self._uri(image.uri)
        return data if data.startswith((b"\x89PNG", b"\xff\xd8")) else None

    def _rows(self, view_index: int, offset: int, count: int, dtype: np.dtype, width: int) -> NDArray[np.generic]:
        data = self._view(view_index)
        row = dtype.itemsize * width
        stride = self._views[view_index].get("byteStride", row)
        if offset + stride * (count - 1) + row > len(data):
            raise FormatError(f"{self.path}: damaged, an accessor is longer than its data")
        return np.ndarray((count, width), dtype, data, offset, (stride, dtype.itemsize))

    def _fill_sparse(
        self, rows: NDArray[np.generic], sparse: pygltflib.Sparse, dtype: np.dtype, width: int
    ) -> NDArray[np.generic]:
        indices, values = sparse.indices, sparse.values
        index_type = np.dtype(COMPONENTS[indices.componentType])
        rows_to_set = self._rows(indices.bufferView, indices.byteOffset or 0, sparse.count, index_type, 1)
        rows[rows_to_set[:, 0].astype(np.int64)] = self._rows(
            values.bufferView, values.byteOffset or 0, sparse.count, dtype, width
        )
        return rows

    def _view(self, view_index: int) -> bytes:
        view = self._views[view_index]
        start = view.get("byteOffset", 0)
        return self._buffer(view["buffer"])[start : start + view["byteLength"]]

    def _buffer(self, index: int) -> bytes:
        if index not in self._buffers:
            uri = self.gltf.buffers[index].uri
            self._buffers[index] = self._blob if uri is None else self._uri(uri)
        return self._buffers[index]

    def _uri(self, uri: str) -> bytes:
        if uri.startswith("data:"):
            return base64.b64decode(uri.split(",", 1)[1])
        return (self.path.parent / unquote(uri)).read_bytes()


def _split_chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Returns the JSON document and the binary chunk of a .glb or .gltf file."""
    if data[:4] != b"glTF":
        return _parse_document(data), b""
    (length,) = struct.unpack_from("<I", data, 12)
    blob = data[20 + length :]
    if len(blob) < 8:
        return _parse_document(data[20 : 20 + length]), b""
    (blob_length,) = struct.unpack_from("<I", blob)
    return _parse_document(data[20 : 20 + length]), blob[8 : 8 + blob_length]


def _parse_document(text: bytes) -> dict[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict) or not str(document.get("asset", {}).get("version", "")).startswith("2"):
        raise ValueError("it does not say that it is glTF 2")
    return document


def _summarize_error(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "its JSON is damaged"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
