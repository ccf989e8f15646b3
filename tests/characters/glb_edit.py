"""Editing of .glb files, to build rigs as other programs export them."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.characters.load import BUILTIN

COMPONENT = {"u1": 5121, "u2": 5123, "u4": 5125, "f4": 5126}
MANNEQUIN = BUILTIN / "mannequin.glb"


class Glb:
    """JSON document and binary chunk of a file."""

    def __init__(self, path: Path = MANNEQUIN) -> None:
        """Reads the file."""
        data = path.read_bytes()
        (length,) = struct.unpack_from("<I", data, 12)
        self.json: dict[str, Any] = json.loads(data[20 : 20 + length])
        self.blob = bytearray(data[28 + length :])

    def node(self, name: str) -> int:
        """Returns the index of the node of a name."""
        return next(i for i, node in enumerate(self.json["nodes"]) if node.get("name") == name)

    def array(self, accessor: int, dtype: str, width: int) -> NDArray[Any]:
        """Returns a tightly packed array of the file."""
        entry = self.json["accessors"][accessor]
        start = self.json["bufferViews"][entry["bufferView"]].get("byteOffset", 0)
        return np.frombuffer(bytes(self.blob), dtype, entry["count"] * width, start).reshape(-1, width)

    def add(self, array: NDArray[Any], kind: str, normalized: bool = False) -> int:
        """Adds an array and returns the index of its accessor."""
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.blob), "byteLength": array.nbytes})
        self.blob += array.tobytes() + bytes(-array.nbytes % 4)
        component = COMPONENT[array.dtype.str[1:]]
        view = len(self.json["bufferViews"]) - 1
        self.json["accessors"].append(
            {
                "bufferView": view,
                "componentType": component,
                "count": len(array),
                "type": kind,
                "normalized": normalized,
            }
        )
        return len(self.json["accessors"]) - 1

    def save(self, path: Path) -> Path:
        """Writes a .glb file."""
        self.json["buffers"][0]["byteLength"] = len(self.blob)
        text = json.dumps(self.json).encode()
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
        chunks += struct.pack("<II", len(self.blob), 0x004E4942) + self.blob
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks)
        return path
