"""Binary FBX 7.x files: the tree of nodes and their properties, without any meaning given to them.

A file is a header, a list of node records and a footer. A record holds the offset of its end, its properties and its
children. Versions from 7500 have 64-bit offsets. Arrays may be compressed with zlib.

Source: A. Gessler, "FBX binary file format specification", https://code.blender.org/2013/08/
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.errors import FormatError
from bodydouble.formats.atomic import atomic_write

MAGIC = b"Kaydara FBX Binary  \x00\x1a\x00"
WRITTEN_VERSION = 7400
VERSIONS = range(7000, 7800)
"""Versions that are read."""
FIRST_WIDE_VERSION = 7500
"""First version with 64-bit offsets."""
MAX_DEPTH = 32
MAX_ARRAY_BYTES = 1 << 30
"""Maximum size of all arrays of a file together after decompression."""
MIN_COMPRESSED_BYTES = 128
"""Arrays from this size are compressed."""
COMPRESSION_LEVEL = 1

FILE_ID = bytes.fromhex("28b32aebb624ccc2bfc8b02aa92bfcf1")
CREATION_TIME = "1970-01-01 10:00:00:000"
_FOOTER_ID = bytes.fromhex("fabcab09d0c8d466b176fb831cf7267e")
"""Check of the file id and the creation time, which readers compare: the three belong together."""
_FOOTER_END = bytes.fromhex("f85a8c6adef5d97eece90ce3758f290b")

Value = bool | int | float | str | bytes | np.int64 | NDArray[Any]
"""Property of a node. An int is stored in 32 bits, an np.int64 in 64."""

_DAMAGE = (ValueError, TypeError, IndexError, KeyError, AttributeError, ArithmeticError, MemoryError)
"""Errors that values of the wrong type, number or size cause."""
_SCALARS = {"Y": struct.Struct("<h"), "C": struct.Struct("<?"), "I": struct.Struct("<i"), "F": struct.Struct("<f"),
            "D": struct.Struct("<d"), "L": struct.Struct("<q")}  # fmt: skip
_ARRAYS = {"f": "<f4", "d": "<f8", "l": "<i8", "i": "<i4", "b": "?", "c": "u1"}
_ARRAY_CODES = {np.dtype(dtype): code for code, dtype in _ARRAYS.items()}


@dataclass(slots=True)
class Node:
    """Record of a file: a name, properties and children."""

    name: str
    properties: list[Value] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)

    def add(self, name: str, *properties: Value) -> "Node":
        """Appends a child and returns it."""
        child = Node(name, list(properties))
        self.children.append(child)
        return child

    def find(self, name: str) -> "Node | None":
        """Returns the first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def find_all(self, name: str) -> Iterator["Node"]:
        """Yields the children of that name."""
        return (child for child in self.children if child.name == name)

    def value(self, name: str, default: Any = None) -> Any:
        """Returns the first property of the first child of that name."""
        child = self.find(name)
        return child.properties[0] if child is not None and child.properties else default


def write(path: Path, roots: list[Node]) -> None:
    """Writes the nodes of the top level as an FBX 7.4 file.

    Raises:
        OutputError: the file cannot be written.
    """
    writer = _Writer()
    data = bytearray(MAGIC + struct.pack("<I", WRITTEN_VERSION))
    for root in roots:
        data += writer.encode(root, len(data))
    data += bytes(13) + _FOOTER_ID + bytes(4)
    data += bytes(16 - len(data) % 16)
    data += struct.pack("<I", WRITTEN_VERSION) + bytes(120) + _FOOTER_END
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


class _Writer:
    """Encoder of nodes; an array that occurs several times is compressed once."""

    def __init__(self) -> None:
        self._arrays: dict[int, bytes] = {}

    def encode(self, node: Node, offset: int) -> bytes:
        """Returns the record of a node that begins at an offset of the file."""
        name = node.name.encode()
        properties = b"".join(map(self._encode_value, node.properties))
        start = offset + 13 + len(name) + len(properties)
        children = bytearray()
        for child in node.children:
            children += self.encode(child, start + len(children))
        if node.children or not node.properties:
            children += bytes(13)
        header = struct.pack("<IIIB", start + len(children), len(node.properties), len(properties), len(name))
        return header + name + properties + children

    def _encode_value(self, value: Value) -> bytes:
        if isinstance(value, np.ndarray):
            if id(value) not in self._arrays:
                self._arrays[id(value)] = _encode_array(value)
            return self._arrays[id(value)]
        if isinstance(value, str):
            return _encode_bytes(b"S", value.encode())
        if isinstance(value, bytes):
            return _encode_bytes(b"R", value)
        code = {bool: "C", int: "I", float: "D", np.int64: "L"}[type(value)]
        return code.encode() + _SCALARS[code].pack(value)


def _encode_bytes(code: bytes, data: bytes) -> bytes:
    return code + struct.pack("<I", len(data)) + data


def _encode_array(array: NDArray[Any]) -> bytes:
    data = np.ascontiguousarray(array).tobytes()
    is_compressed = len(data) >= MIN_COMPRESSED_BYTES
    stored = zlib.compress(data, COMPRESSION_LEVEL) if is_compressed else data
    return _ARRAY_CODES[array.dtype].encode() + struct.pack("<III", array.size, is_compressed, len(stored)) + stored


def read(path: Path) -> Node:
    """Reads a binary FBX file of version 7.x.

    Returns:
        A node without name whose children are the nodes of the top level.

    Raises:
        FormatError: the file is not such a file, or is damaged.
    """
    with damage_errors(path):
        return _Reader(path.read_bytes()).read_document()


@contextmanager
def damage_errors(path: Path) -> Iterator[None]:
    """Converts the errors that the values of a damaged file cause inside the block into a FormatError about it.

    Raises:
        FormatError: the block raised an error of a file, a value or a calculation.
    """
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            yield
    except FormatError as error:
        raise error if str(path) in str(error) else FormatError(f"{path}: {error}") from error
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from error
    except (*_DAMAGE, struct.error, zlib.error) as error:
        raise FormatError(f"{path}: damaged FBX file ({type(error).__name__}: {error})") from error


def _check_header(data: bytes) -> int:
    """Returns the version of a file."""
    if not data.startswith(MAGIC):
        raise FormatError("not an FBX file")
    (version,) = struct.unpack_from("<I", data, len(MAGIC))
    if version not in VERSIONS:
        raise FormatError(f"FBX version {version / 1000:g}; only 7.0 to 7.7 are read, export it again")
    return int(version)


class _Reader:
    """Decoder of a file in memory; checks every offset and length before use."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._header = struct.Struct("<QQQB" if _check_header(data) >= FIRST_WIDE_VERSION else "<IIIB")
        self._array_bytes = 0

    def read_document(self) -> Node:
        """Returns a node without name whose children are the nodes of the top level."""
        document = Node("")
        position = len(MAGIC) + 4
        while position < len(self._data):
            child, position = self._read_node(position, len(self._data), 0)
            if child is None:
                return document
            document.children.append(child)
        raise FormatError("damaged FBX file: it is cut off")

    def _read_node(self, start: int, limit: int, depth: int) -> tuple[Node | None, int]:
        """Returns the node at an offset, None if it is the end of a list, and the offset behind it."""
        first = start + self._header.size
        if first > limit:
            raise FormatError("damaged FBX file: it is cut off")
        end, count, properties_size, name_size = self._header.unpack_from(self._data, start)
        if end == 0:
            return None, first
        position = first + name_size + properties_size
        if not position <= end <= limit or depth > MAX_DEPTH:
            raise FormatError("damaged FBX file: a node ends outside its parent")
        name = self._data[first : first + name_size].decode("utf-8", "replace")
        node = Node(name, self._read_values(first + name_size, position, count))
        while position < end:
            child, position = self._read_node(position, end, depth + 1)
            if child is None:
                break
            node.children.append(child)
        return node, end

    def _read_values(self, start: int, end: int, count: int) -> list[Value]:
        values = []
        for _ in range(count):
            value, start = self._read_value(start, end)
            values.append(value)
        return values

    def _read_value(self, start: int, end: int) -> tuple[Value, int]:
        code = self._slice(start, 1, end).decode("latin-1")
        start += 1
        if code in _SCALARS:
            scalar = _SCALARS[code]
            (number,) = scalar.unpack(self._slice(start, scalar.size, end))
            return np.int64(number) if code == "L" else number, start + scalar.size
        if code in ("S", "R"):
            (size,) = struct.unpack("<I", self._slice(start, 4, end))
            data = self._slice(start + 4, size, end)
            return data.decode("utf-8", "replace") if code == "S" else data, start + 4 + size
        if code not in _ARRAYS:
            raise FormatError(f"damaged FBX file: a property has the unknown type {code!r}")
        count, encoding, size = struct.unpack("<III", self._slice(start, 12, end))
        data = self._slice(start + 12, size, end)
        return self._decode_array(data, np.dtype(_ARRAYS[code]), count, encoding), start + 12 + size

    def _slice(self, start: int, size: int, end: int) -> bytes:
        if start + size > end:
            raise FormatError("damaged FBX file: a property is longer than its node")
        return self._data[start : start + size]

    def _decode_array(self, data: bytes, dtype: np.dtype[Any], count: int, encoding: int) -> NDArray[Any]:
        size = count * dtype.itemsize
        self._array_bytes += size
        if self._array_bytes > MAX_ARRAY_BYTES:
            raise FormatError(f"its arrays are larger than {MAX_ARRAY_BYTES >> 20} MiB when decompressed")
        if encoding == 1:
            # One byte more than expected shows that the stream goes on.
            data = zlib.decompressobj().decompress(data, size + 1) if size else b""
        if len(data) != size:
            raise FormatError("damaged FBX file: an array has another length than it says")
        return np.frombuffer(data, dtype)
