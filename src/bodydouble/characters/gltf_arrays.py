"""Arrays and image files of a glTF 2.0 file, decoded on demand."""

import base64
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import numpy as np
from numpy.typing import NDArray

from bodydouble.characters.gltf_check import MAX_ELEMENTS, check_document, describe_lost_extensions
from bodydouble.data import FloatArray, IntArray
from bodydouble.errors import FormatError

COMPONENTS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
COMPRESSION_EXTENSIONS = ("EXT_meshopt_compression", "KHR_meshopt_compression")

Rows = NDArray[np.generic]


class GltfFile:
    """Open glTF 2.0 file (.glb, .vrm or .gltf)."""

    def __init__(self, path: Path) -> None:
        """Reads a file and checks its structure.

        Raises:
            FormatError: it is not a readable glTF file.
        """
        self.path = path
        try:
            self.document, self._blob = _split_chunks(path.read_bytes())
        except (OSError, ValueError, RecursionError, struct.error) as error:
            raise FormatError(f"{path}: not a readable glTF 2.0 file ({_summarize_error(error)})") from error
        try:
            check_document(self.document)
        except FormatError as error:
            raise FormatError(f"{path}: {error}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"{path}: damaged glTF file ({type(error).__name__}: {error})") from error
        lost = describe_lost_extensions(self.document)
        self.notes = [lost] if lost else []
        self._buffers: dict[int, bytes] = {}
        self._decoded: dict[int, Rows] = {}

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """Returns the objects of a kind, as "nodes" or "meshes"."""
        entries: list[dict[str, Any]] = self.document.get(kind, [])
        return entries

    @property
    def animations(self) -> list[dict[str, Any]]:
        """Animations of the file."""
        return self.entries("animations")

    def note(self, message: str) -> None:
        """Adds a line for the user about something that was not kept or was repaired, once."""
        if message not in self.notes:
            self.notes.append(message)

    def accessor(self, index: int) -> dict[str, Any]:
        """Returns the description of an array."""
        return self.entries("accessors")[index]

    def has_data(self, index: int) -> bool:
        """Returns whether the elements of an accessor are in the file or were provided."""
        return index in self._decoded or "bufferView" in self.accessor(index) or "sparse" in self.accessor(index)

    def provide(self, arrays: Mapping[int, Rows]) -> None:
        """Sets the rows (count, width) of accessors, decoded from a compressed part of the file."""
        self._decoded.update(arrays)

    def array(self, index: int) -> Rows:
        """Returns the rows of an accessor, (count, width), in their stored type; sparse values are applied."""
        if index in self._decoded:
            return self._decoded[index]
        accessor = self.accessor(index)
        count = accessor["count"]
        if count > MAX_ELEMENTS:
            raise FormatError(f"damaged, its accessor {index} claims {count:,} elements")
        dtype, width = _element_type(accessor, index)
        if "bufferView" in accessor:
            rows = self._rows(accessor["bufferView"], accessor.get("byteOffset", 0), count, dtype, width)
        else:
            rows = np.zeros((count, width), dtype)
        return self._fill_sparse(rows.copy(), accessor["sparse"]) if "sparse" in accessor else rows

    def floats(self, index: int, *, replace_nan: bool = False) -> FloatArray:
        """Returns the rows of an accessor as float64; normalized integers become 0 to 1 (or -1 to 1).

        Raises:
            FormatError: a value is not finite and shall not be replaced by 0.
        """
        return self._to_floats(self.array(index), index, replace_nan=replace_nan)

    def nonzero_floats(self, index: int, *, replace_nan: bool = False) -> tuple[IntArray, FloatArray]:
        """Returns the rows (M,) of an accessor that are not zero, or may be, and their values (M, width) as ``floats``.

        Rows that a sparse accessor does not store are not touched.

        Raises:
            FormatError: as ``floats``; or a row does not exist.
        """
        accessor = self.accessor(index)
        if "bufferView" in accessor or "sparse" not in accessor or index in self._decoded:
            values = self.floats(index, replace_nan=replace_nan)
            rows = np.flatnonzero(values[:, 0].astype(bool) | values[:, 1:].any(axis=1))
            return rows, values[rows]
        changed, stored = self._sparse_rows(accessor["sparse"], *_element_type(accessor, index))
        if len(changed) and changed.max() >= accessor["count"]:
            raise FormatError(f"damaged, its accessor {index} has no row {changed.max()}")
        return changed, self._to_floats(stored, index, replace_nan=replace_nan)

    def _to_floats(self, rows: Rows, index: int, *, replace_nan: bool) -> FloatArray:
        values = rows.astype(np.float64)
        if self.accessor(index).get("normalized") and rows.dtype.kind in "iu":
            bits = 8 * rows.dtype.itemsize - (rows.dtype.kind == "i")
            values = np.maximum(values / (2**bits - 1), -1.0)
        if replace_nan:
            return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        if not np.isfinite(values).all():
            raise FormatError(f"damaged, its accessor {index} has values that are not finite")
        return values

    def view(self, index: int) -> bytes:
        """Returns the bytes of a buffer view."""
        view = self.entries("bufferViews")[index]
        start, length = view.get("byteOffset", 0), view["byteLength"]
        buffer = self.entries("buffers")[view["buffer"]]
        compression = next((name for name in COMPRESSION_EXTENSIONS if name in view.get("extensions", {})), None)
        if compression and "uri" not in buffer and (view["buffer"] > 0 or not self._blob):
            raise FormatError(f"it is compressed with {compression}, which is not supported; export it uncompressed")
        data = self._buffer(view["buffer"])
        if start + length > len(data):
            raise FormatError(f"damaged or cut off, its buffer view {index} ends behind the end of the data")
        return data[start : start + length]

    def image_file(self, index: int) -> bytes:
        """Returns the encoded file of an image; raises OSError if it is a file that is missing."""
        image = self.entries("images")[index]
        return self.view(image["bufferView"]) if "bufferView" in image else self._uri(str(image.get("uri", "")))

    def _rows(self, view_index: int, offset: int, count: int, dtype: np.dtype[Any], width: int) -> Rows:
        data = self.view(view_index)
        row = dtype.itemsize * width
        stride = self.entries("bufferViews")[view_index].get("byteStride", row)
        if stride < row or (count and offset + stride * (count - 1) + row > len(data)):
            raise FormatError("damaged, an accessor is longer than its data")
        return np.ndarray((count, width), dtype, data, offset, (stride, dtype.itemsize))

    def _fill_sparse(self, rows: Rows, sparse: Mapping[str, Any]) -> Rows:
        changed, values = self._sparse_rows(sparse, rows.dtype, rows.shape[1])
        rows[changed] = values
        return rows

    def _sparse_rows(self, sparse: Mapping[str, Any], dtype: np.dtype[Any], width: int) -> tuple[IntArray, Rows]:
        """Returns the rows (M,) that a sparse accessor stores, and their values (M, width)."""
        indices, values, count = sparse["indices"], sparse["values"], sparse["count"]
        index_type = np.dtype(COMPONENTS[indices["componentType"]])
        changed = self._rows(indices["bufferView"], indices.get("byteOffset", 0), count, index_type, 1)
        return changed[:, 0].astype(np.int64), self._rows(
            values["bufferView"], values.get("byteOffset", 0), count, dtype, width
        )

    def _buffer(self, index: int) -> bytes:
        if index not in self._buffers:
            uri = self.entries("buffers")[index].get("uri")
            if uri is None and index > 0:
                raise FormatError(f"damaged, its buffer {index} has no data")
            try:
                self._buffers[index] = self._blob if uri is None else self._uri(str(uri))
            except OSError as error:
                raise FormatError(f"its buffer {str(uri)!r:.80} cannot be read; keep it beside the file") from error
        return self._buffers[index]

    def _uri(self, uri: str) -> bytes:
        """Returns the content of a data URI, or of a file in the folder of this one."""
        if uri.startswith("data:"):
            header, _, content = uri.partition(",")
            return base64.b64decode(content, validate=True) if header.endswith("base64") else unquote_to_bytes(content)
        folder, name = self.path.parent.resolve(), unquote(uri)
        target = Path(folder, name).resolve() if "\0" not in name else folder
        if ":" in name or "\\" in name or not target.is_relative_to(folder) or target == folder:
            raise FormatError(f"it refers to {uri!r:.80}, outside its folder; that is not followed")
        if not target.is_file():
            raise FileNotFoundError(uri)
        return target.read_bytes()


def _element_type(accessor: Mapping[str, Any], index: int) -> tuple[np.dtype[Any], int]:
    component, kind = accessor.get("componentType"), accessor.get("type")
    if component not in COMPONENTS or kind not in WIDTHS:
        raise FormatError(f"damaged, its accessor {index} has type {component!r:.20} {kind!r:.20}")
    return np.dtype(COMPONENTS[component]), WIDTHS[kind]


def _split_chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Returns the JSON document and the binary chunk of a .glb or .gltf file."""
    if data[:4] != b"glTF":
        return _parse_document(data), b""
    (length,) = struct.unpack_from("<I", data, 12)
    if 20 + length > len(data):
        raise ValueError("it is cut off")
    document, blob = _parse_document(data[20 : 20 + length]), data[20 + length :]
    if len(blob) < 8:
        return document, b""
    (blob_length,) = struct.unpack_from("<I", blob)
    if blob_length > len(blob) - 8:
        raise ValueError("it is cut off")
    return document, blob[8 : 8 + blob_length]


def _parse_document(text: bytes) -> dict[str, Any]:
    document = json.loads(text)
    asset = document.get("asset") if isinstance(document, dict) else None
    if not isinstance(asset, dict) or not str(asset.get("version", "")).startswith("2"):
        raise ValueError("it does not say that it is glTF 2")
    return dict(document)


def _summarize_error(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "its JSON is damaged"
    if isinstance(error, RecursionError):
        return "its JSON is nested too deeply"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
