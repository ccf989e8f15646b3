"""Export of the trained lifter: `LifterNetwork` and `Calibration` -> ONNX file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bodydouble.data import FloatArray
from bodydouble.formats.atomic import atomic_write
from bodydouble.training.network import (
    DEPTH_FEATURES,
    FEATURE_COUNT,
    LOG_SIGMA_RANGE,
    OUTPUT_SIZES,
    POINT_FEATURES,
    LifterNetwork,
    ResidualBlock,
    affine_map,
)
from bodydouble.training.training_loop import Calibration

OPSET, IR_VERSION = 17, 8


class OnnxGraphBuilder:
    """Builder of an ONNX graph. Weights are stored in half precision and cast when loaded."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node and returns the name of its output."""
        name = f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def add_weight(self, array: FloatArray) -> str:
        """Adds an array in half precision and returns its name after the cast."""
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array).astype(np.float16), name))
        return self.add("Cast", name, to=TensorProto.FLOAT)

    def add_constant(self, array: NDArray[Any]) -> str:
        """Adds an array as it is and returns its name."""
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def add_convolution(self, x: str, weight: FloatArray, bias: FloatArray, dilation: int = 1) -> str:
        """Adds a temporal convolution without padding."""
        return self.add("Conv", x, self.add_weight(weight), self.add_weight(bias), dilations=[dilation])

    def add_padding(self, x: str, pad: int) -> str:
        """Adds that many copies of the first and of the last frame."""
        return self.add("Pad", x, self.add_constant(np.array([0, 0, pad, 0, 0, pad])), mode="edge")

    def add_normalization(self, x: str, norm: torch.nn.BatchNorm1d) -> str:
        """Adds the learned batch normalisation."""
        scale, shift = (part.numpy()[None, :, None] for part in affine_map(norm))
        return self.add("Add", self.add("Mul", x, self.add_weight(scale)), self.add_weight(shift))

    def save(self, path: Path, name: str, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> None:
        """Writes the network.

        Args:
            path: ONNX file to write.
            name: name of the network.
            inputs: numbers per frame of each input (1, T, numbers).
            outputs: numbers per frame of each output (1, T, numbers).

        Raises:
            OutputError: the file cannot be written.
        """
        input_infos, output_infos = (
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, "frames", size]) for n, size in sizes.items()]
            for sizes in (inputs, outputs)
        )
        graph = helper.make_graph(self.nodes, name, input_infos, output_infos, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        with atomic_write(path) as temporary:
            temporary.write_bytes(model.SerializeToString())


def write_onnx(network: LifterNetwork, path: Path, calibration: Calibration) -> None:
    """Writes the lifter: features (1, T, FEATURE_COUNT) -> outputs (1, T, ...), for any number of frames T.

    The calibration turns the logarithms of scales into those of standard deviations.

    Raises:
        OutputError: the file cannot be written.
    """
    network.eval()
    graph = OnnxGraphBuilder()
    x = graph.add("Transpose", "features", perm=[0, 2, 1])
    x = graph.add_convolution(x, *layer_parameters(network.read))
    for block in network.blocks:
        assert isinstance(block, ResidualBlock)
        x = _add_block(graph, x, block)
    outputs = graph.add("Transpose", graph.add_convolution(x, *layer_parameters(network.answer)), perm=[0, 2, 1])
    raw = {name: f"raw_{name}" for name in OUTPUT_SIZES}
    split = graph.add_constant(np.array(list(OUTPUT_SIZES.values()), dtype=np.int64))
    graph.nodes.append(helper.make_node("Split", [outputs, split], list(raw.values()), axis=2))
    points = graph.add("Gather", "features", graph.add_constant(np.arange(FEATURE_COUNT)[POINT_FEATURES]), axis=2)
    detected_depths = graph.add(
        "Gather", "features", graph.add_constant(np.arange(FEATURE_COUNT)[DEPTH_FEATURES]), axis=2
    )
    weighted_depths = graph.add("Mul", detected_depths, graph.add_weight(network.trust.detach().numpy()))
    log_sigma = graph.add(
        "Clip", raw["log_sigma"], *(graph.add_constant(np.array(limit, dtype=np.float32)) for limit in LOG_SIGMA_RANGE)
    )
    addends = {"points": points, "depths": weighted_depths, "log_sigma": graph.add_weight(calibration.log_factors)}
    raw["log_sigma"] = log_sigma
    for name, output in raw.items():
        inputs = [output, addends[name]] if name in addends else [output]
        graph.nodes.append(helper.make_node("Add" if name in addends else "Identity", inputs, [name]))
    graph.save(path, "lifter", {"features": FEATURE_COUNT}, OUTPUT_SIZES)


def _add_block(graph: OnnxGraphBuilder, x: str, block: ResidualBlock) -> str:
    dilation = block.over_time.dilation[0]
    padded = graph.add_padding(graph.add_normalization(x, block.norm), dilation)
    filtered = graph.add("Relu", graph.add_convolution(padded, *layer_parameters(block.over_time), dilation))
    return graph.add("Add", x, graph.add_convolution(filtered, *layer_parameters(block.mix)))


def layer_parameters(layer: torch.nn.Conv1d) -> tuple[FloatArray, FloatArray]:
    """Returns weights and bias of a layer."""
    assert layer.bias is not None
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()
