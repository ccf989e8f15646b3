"""Independent evaluator of GLB files: parses and plays them without code of bodydouble."""

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

Floats = NDArray[np.float64]

_DTYPES = {5121: "<u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass
class Glb:
    """The JSON and the binary chunk of a file."""

    json: dict[str, Any]
    binary: bytes
    parents: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        nodes = self.json["nodes"]
        self.parents = {child: n for n, node in enumerate(nodes) for child in node.get("children", [])}

    def accessor(self, index: int) -> NDArray[Any]:
        """Returns the elements of an accessor, one per row."""
        accessor = self.json["accessors"][index]
        view = self.json["bufferViews"][accessor["bufferView"]]
        width = _WIDTHS[accessor["type"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        dtype = _DTYPES[accessor["componentType"]]
        values = np.frombuffer(self.binary, dtype, accessor["count"] * width, start)
        return values.reshape(-1, width) if width > 1 else values

    def node(self, name: str) -> int:
        """Returns the index of the node of that name."""
        return [node.get("name") for node in self.json["nodes"]].index(name)

    def duration(self) -> float:
        """Returns the seconds from 0 to the last key of the only animation."""
        (animation,) = self.json["animations"]
        return float(max(self.accessor(s["input"])[-1] for s in animation["samplers"]))

    def _local_matrix(self, node: int, seconds: float) -> Floats:
        values = dict(self.json["nodes"][node])
        for channel in self.json["animations"][0]["channels"]:
            if channel["target"]["node"] == node:
                sampler = self.json["animations"][0]["samplers"][channel["sampler"]]
                assert sampler.get("interpolation", "LINEAR") == "LINEAR"
                values[channel["target"]["path"]] = self._sample(sampler, channel["target"]["path"], seconds)
        matrix = np.eye(4)
        matrix[:3, :3] = Rotation.from_quat(values.get("rotation", [0, 0, 0, 1])).as_matrix()
        matrix[:3, :3] *= values.get("scale", [1, 1, 1])
        matrix[:3, 3] = values.get("translation", [0, 0, 0])
        assert "matrix" not in values
        return matrix

    def _sample(self, sampler: dict[str, int], path: str, seconds: float) -> Floats:
        times = self.accessor(sampler["input"]).astype(np.float64)
        keys = self.accessor(sampler["output"]).astype(np.float64)
        seconds = float(np.clip(seconds, times[0], times[-1]))
        if len(times) == 1:
            return np.asarray(keys[0])
        if path == "rotation":
            return np.asarray(Slerp(times, Rotation.from_quat(keys))(seconds).as_quat())
        return np.array([np.interp(seconds, times, keys[:, i]) for i in range(3)])

    def world_matrix(self, node: int, seconds: float) -> Floats:
        """Returns world from node (4, 4) at a time."""
        local = self._local_matrix(node, seconds)
        return self.world_matrix(self.parents[node], seconds) @ local if node in self.parents else local

    def skinned_positions(self, primitive: int, seconds: float) -> Floats:
        """Returns vertices (V, 3) m of a primitive of the only mesh, by linear blend skinning."""
        skin = self.json["skins"][0]
        binds = self.accessor(skin["inverseBindMatrices"]).astype(np.float64).reshape(-1, 4, 4).transpose(0, 2, 1)
        matrices = [self.world_matrix(n, seconds) @ bind for n, bind in zip(skin["joints"], binds, strict=True)]
        attributes = self.json["meshes"][0]["primitives"][primitive]["attributes"]
        joints, weights = self.accessor(attributes["JOINTS_0"]), self.accessor(attributes["WEIGHTS_0"])
        result = []
        for position, js, ws in zip(self.accessor(attributes["POSITION"]), joints, weights, strict=True):
            blended = sum(w * matrices[j] for j, w in zip(js, ws, strict=True))
            result.append((blended @ np.append(position, 1.0))[:3])
        return np.array(result)


def read(path: Path) -> Glb:
    """Parses a GLB file."""
    data = path.read_bytes()
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    json_length, json_kind = struct.unpack_from("<I4s", data, 12)
    assert json_kind == b"JSON"
    binary_start = 20 + json_length
    binary_length, binary_kind = struct.unpack_from("<I4s", data, binary_start)
    assert binary_kind == b"BIN\0" and binary_start + 8 + binary_length == length
    return Glb(json.loads(data[20:binary_start]), data[binary_start + 8 :])
