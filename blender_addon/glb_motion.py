"""Reader of the nodes of a GLB file: places and rotations of its joints at rest and in its animation."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .blender.axes import Floats

JSON_START = 20
"""Bytes of the header of the file and of that of its first chunk."""
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}


@dataclass(frozen=True)
class NodePose:
    """World rotation and position of a node, in glTF's axes, in each of T frames."""

    rotations: Floats
    """(T, 4) xyzw."""
    positions: Floats
    """(T, 3) m."""
    scale: float
    """World scale of the node's children."""


class GlbNodes:
    """Nodes of a GLB file."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        (length,) = struct.unpack_from("<I", data, JSON_START - 8)
        self._content = json.loads(data[JSON_START : JSON_START + length])
        self._binary = data[JSON_START + length + 8 :]
        self._nodes = self._content["nodes"]
        self._parents = {c: n for n, node in enumerate(self._nodes) for c in node.get("children", [])}
        self._tracks = self._read_tracks()

    def poses(self) -> dict[str, NodePose]:
        """Returns the poses of the joints by name: in every key of the animation, or at rest if there is none."""
        found: dict[int, NodePose] = {}
        joints = [joint for skin in self._content.get("skins", []) for joint in skin["joints"]]
        return {self._nodes[joint].get("name", ""): self._add_pose(joint, found) for joint in joints}

    def _add_pose(self, node: int, found: dict[int, NodePose]) -> NodePose:
        if node in found:
            return found[node]
        rotation, translation = self._track(node, "rotation"), self._track(node, "translation")
        scale = float(np.mean(self._nodes[node].get("scale", [1.0])))
        parent = self._parents.get(node)
        if parent is not None:
            above = self._add_pose(parent, found)
            translation = above.positions + rotate(above.rotations, above.scale * translation)
            rotation, scale = multiply(above.rotations, rotation), scale * above.scale
        found[node] = NodePose(rotation, translation, scale)
        return found[node]

    def _track(self, node: int, path: str) -> Floats:
        """Returns the local values (T, N) of a property of a node; (1, N) if it does not move."""
        rest = self._nodes[node].get(path, [0.0, 0.0, 0.0, 1.0] if path == "rotation" else [0.0, 0.0, 0.0])
        return self._tracks.get((node, path), np.array([rest], dtype=np.float64))

    def _read_tracks(self) -> dict[tuple[int, str], Floats]:
        return {
            (channel["target"]["node"], channel["target"]["path"]): self._accessor(sampler["output"])
            for animation in self._content.get("animations", [])[:1]
            for channel in animation["channels"]
            for sampler in [animation["samplers"][channel["sampler"]]]
            if channel["target"]["path"] in ("rotation", "translation")
        }

    def _accessor(self, index: int) -> Floats:
        """Returns float32 elements (N, width) of an accessor."""
        accessor: dict[str, Any] = self._content["accessors"][index]
        view = self._content["bufferViews"][accessor["bufferView"]]
        width = _WIDTHS[accessor["type"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        values = np.frombuffer(self._binary, "<f4", accessor["count"] * width, start)
        return values.reshape(-1, width).astype(np.float64)


def multiply(a: Floats, b: Floats) -> Floats:
    """Multiplies quaternions (..., 4) xyzw."""
    av, aw, bv, bw = a[..., :3], a[..., 3:], b[..., :3], b[..., 3:]
    vector = aw * bv + bw * av + np.cross(av, bv)
    return np.concatenate([vector, aw * bw - np.sum(av * bv, axis=-1, keepdims=True)], axis=-1)


def conjugate(q: Floats) -> Floats:
    """Inverts unit quaternions (..., 4) xyzw."""
    return q * [-1.0, -1.0, -1.0, 1.0]


def rotate(q: Floats, v: Floats) -> Floats:
    """Rotates vectors (..., 3) by unit quaternions (..., 4) xyzw."""
    twice = 2.0 * np.cross(q[..., :3], v)
    return np.asarray(v + q[..., 3:] * twice + np.cross(q[..., :3], twice))
