"""Builds small networks with the interfaces of RTMO, YOLO-pose and RTMPose, for which red pixels are people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bodydouble.data import FloatArray

OPSET, IR_VERSION = 17, 8
CONFIDENCE = 0.9
_angles = np.arange(17) * 2 * np.pi / 17
OFFSETS = 1.5 * np.stack([np.cos(_angles), np.sin(_angles)], axis=-1)
"""(17, 2) keypoints around the middle of the red pixels, in their standard deviations."""
BOX = 2.0
"""Half sides of the box, in standard deviations of the red pixels."""


class Graph:
    """Nodes and constants of a network with one input (1, 3, H, W)."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def sum(self, values: str) -> str:
        """Node of the sum (1, 1, 1, 1)."""
        return self.add("ReduceSum", values, self.constant([1, 2, 3], np.int64), keepdims=1)

    def reshape(self, values: str, *shape: int) -> str:
        return self.add("Reshape", values, self.constant(shape, np.int64))

    def save(self, path: Path, outputs: Mapping[str, tuple[str, Sequence[int]]]) -> Path:
        """Writes outputs: name -> node and shape."""
        self.nodes += [helper.make_node("Identity", [node], [name]) for name, (node, _) in outputs.items()]
        width, height = self.size
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes, "detector",
            [value("input", TensorProto.FLOAT, [1, 3, height, width])],
            [value(name, TensorProto.FLOAT, list(shape)) for name, (_, shape) in outputs.items()],
            self.constants,
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        path.write_bytes(model.SerializeToString())
        return path


def _red(graph: Graph, channels: tuple[int, int]) -> tuple[str, str, str]:
    """Nodes of the red pixels: score (1, 1), middle (1, 2) and standard deviations (1, 2), px."""
    width, height = graph.size
    red, green = (graph.add("Gather", "input", graph.constant([c], np.int64), axis=1) for c in channels)
    weight = graph.add("Relu", graph.add("Sub", red, green))
    total = graph.sum(weight)
    some = graph.add("Add", total, graph.constant([1e-6]))
    middles, spreads = [], []
    for coordinates in (np.arange(width)[None, :] + 0.5, np.arange(height)[:, None] + 0.5):
        coordinate = graph.constant(coordinates[None, None])
        middle = graph.add("Div", graph.sum(graph.add("Mul", weight, coordinate)), some)
        offset = graph.add("Sub", coordinate, middle)
        square = graph.sum(graph.add("Mul", weight, graph.add("Mul", offset, offset)))
        middles.append(graph.reshape(middle, 1, 1))
        spreads.append(graph.reshape(graph.add("Sqrt", graph.add("Div", square, some)), 1, 1))
    score = graph.reshape(graph.add("Div", total, graph.add("Add", total, graph.constant([1.0]))), 1, 1)
    return score, graph.add("Concat", *middles, axis=1), graph.add("Concat", *spreads, axis=1)


def _pose(graph: Graph, middle: str, spread: str) -> str:
    """Node of the keypoints (17, 2), px."""
    return graph.add("Add", middle, graph.add("Mul", graph.constant(OFFSETS), spread))


def _person(graph: Graph, channels: tuple[int, int]) -> tuple[str, str, str, str, str]:
    """Nodes of the middle and sides (1, 2) of the box, its corners (1, 4), score (1, 1) and keypoints (17, 3)."""
    score, middle, spread = _red(graph, channels)
    half = graph.add("Mul", spread, graph.constant([BOX]))
    corners = graph.add("Concat", graph.add("Sub", middle, half), graph.add("Add", middle, half), axis=1)
    sure = graph.constant(np.full((17, 1), CONFIDENCE))
    pose = graph.add("Concat", _pose(graph, middle, spread), sure, axis=1)
    return middle, graph.add("Add", half, half), corners, score, pose


def rtmo(path: Path, size: tuple[int, int] = (320, 320)) -> Path:
    """Builds RTMO, which reads BGR from 0 to 255."""
    graph = Graph(size)
    _, _, corners, score, pose = _person(graph, (2, 1))
    people = graph.reshape(graph.add("Concat", corners, score, axis=1), 1, 1, 5)
    return graph.save(
        path, {"dets": (people, (1, 1, 5)), "keypoints": (graph.reshape(pose, 1, 1, 17, 3), (1, 1, 17, 3))}
    )


def yolo(path: Path, size: tuple[int, int] = (320, 256)) -> Path:
    """Builds YOLO-pose, which reads RGB from 0 to 1 and returns columns."""
    graph = Graph(size)
    middle, sides, _, score, pose = _person(graph, (0, 1))
    column = graph.add("Concat", middle, sides, score, graph.reshape(pose, 1, 51), axis=1)
    return graph.save(path, {"output0": (graph.reshape(column, 1, 56, 1), (1, 56, 1))})


def yolo_nms(path: Path, size: tuple[int, int] = (320, 320)) -> Path:
    """Builds YOLO-pose with non-maximum suppression, which reads RGB from 0 to 1 and returns rows."""
    graph = Graph(size)
    _, _, corners, score, pose = _person(graph, (0, 1))
    row = graph.add("Concat", corners, score, graph.constant([[0.0]]), graph.reshape(pose, 1, 51), axis=1)
    return graph.save(path, {"output0": (graph.reshape(row, 1, 1, 57), (1, 1, 57))})


def rtmpose(path: Path, size: tuple[int, int] = (192, 256)) -> Path:
    """Builds RTMPose, which reads normalised RGB and returns the probability of each half pixel in x and y."""
    graph = Graph(size)
    _, middle, spread = _red(graph, (0, 1))
    index = graph.add("Sub", _pose(graph, middle, spread), graph.constant([0.5]))
    outputs = {}
    for axis, (name, side) in enumerate(zip(("simcc_x", "simcc_y"), size, strict=True)):
        coordinate = graph.add("Gather", index, graph.constant([axis], np.int64), axis=1)
        offset = graph.add("Sub", graph.constant(np.arange(2 * side)[None] / 2), coordinate)
        likely = graph.add("Exp", graph.add("Neg", graph.add("Mul", offset, offset)))
        outputs[name] = (graph.reshape(likely, 1, 17, 2 * side), (1, 17, 2 * side))
    return graph.save(path, outputs)


def constant_output(path: Path, values: dict[str, FloatArray]) -> Path:
    """Builds a network with the same outputs for every image."""
    graph = Graph((64, 64))
    nothing = graph.add("Mul", graph.sum("input"), graph.constant([0.0]))
    outputs = {}
    for name, output in values.items():
        value = graph.add("Add", graph.constant(output), graph.reshape(nothing, *[1] * output.ndim))
        outputs[name] = (value, output.shape)
    return graph.save(path, outputs)
