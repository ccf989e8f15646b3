"""Editing of .glb files, to build rigs as other programs export them."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.characters.load import BUILTIN

COMPONENT = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
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

    @property
    def primitive(self) -> dict[str, Any]:
        """The first primitive of the first mesh."""
        primitive: dict[str, Any] = self.json["meshes"][0]["primitives"][0]
        return primitive

    @property
    def inverse_bind(self) -> NDArray[Any]:
        """Inverse bind matrices (J, 4, 4) of the first skin; setting them stores them anew."""
        accessor = self.json["skins"][0]["inverseBindMatrices"]
        return np.swapaxes(self.array(accessor, "<f4", 16).reshape(-1, 4, 4), 1, 2).astype(float)

    @inverse_bind.setter
    def inverse_bind(self, matrices: NDArray[Any]) -> None:
        columns = np.swapaxes(matrices, 1, 2).reshape(-1, 16).astype("<f4")
        self.json["skins"][0]["inverseBindMatrices"] = self.add(columns, "MAT4")

    def add_bytes(self, data: bytes) -> int:
        """Adds bytes and returns the index of their buffer view."""
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.blob), "byteLength": len(data)})
        self.blob += data + bytes(-len(data) % 4)
        return len(self.json["bufferViews"]) - 1

    def add_texture(self, image: bytes, mime_type: str = "image/png", **texture: Any) -> int:
        """Adds an image and returns the index of a texture of it."""
        entry = {"bufferView": self.add_bytes(image), "mimeType": mime_type}
        self.json.setdefault("images", []).append(entry)
        self.json.setdefault("textures", []).append({"source": len(self.json["images"]) - 1} | texture)
        return len(self.json["textures"]) - 1

    def add_uvs(self, uv_set: int = 0) -> NDArray[Any]:
        """Adds a set of texture coordinates (V, 2) to the first primitive and returns it."""
        count = self.json["accessors"][self.primitive["attributes"]["POSITION"]]["count"]
        uvs = np.random.default_rng(uv_set).uniform(size=(count, 2)).astype("<f4")
        self.primitive["attributes"][f"TEXCOORD_{uv_set}"] = self.add(uvs, "VEC2")
        return uvs

    def set_material(self, material: dict[str, Any]) -> None:
        """Gives the first primitive a material of its own."""
        self.primitive["material"] = len(self.json["materials"])
        self.json["materials"].append(material)

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

    def save_text(self, path: Path, uri: str) -> Path:
        """Writes a .gltf file whose only buffer is at a URI."""
        self.json["buffers"] = [{"byteLength": len(self.blob), "uri": uri}]
        path.write_text(json.dumps(self.json), encoding="utf-8")
        return path
