"""Warm start: weights of a lifter.onnx -> `LifterNetwork`, so that training continues from a finished network.

After training, the mean of the weights before and after errs less than either on people unlike those of the training.

The file has the affine map of each batch normalisation only. Its statistics are measured on a batch of features, so
that the network predicts as the file does, and normalises by batches in training.
"""

import copy
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from bodydouble.errors import FormatError
from bodydouble.training.network import LifterNetwork, ResidualBlock, affine_map


def load_weights(network: LifterNetwork, path: Path, features: Tensor) -> None:
    """Sets the weights of a network to those of a file that ``export.write_onnx`` wrote.

    Blocks that the file does not have pass their input on unchanged at first.

    Args:
        network: network of the same width, and of at least as many blocks.
        path: ONNX file.
        features: features (N, T, F) of training windows.

    Raises:
        FormatError: the file cannot be read, or is of another kind of network.
    """
    layers = _read_layers(path)
    try:
        with torch.no_grad():
            _fill_network(network, layers, features)
    except (IndexError, RuntimeError) as error:
        raise FormatError(f"{path} is no lifter of this version, so training cannot start from it") from error


def _fill_network(network: LifterNetwork, layers: list[list[Tensor]], features: Tensor) -> None:
    _fill_convolution(network.read, *layers.pop(0))
    x = network.read(features.transpose(1, 2))
    for block in network.blocks:
        assert isinstance(block, ResidualBlock)
        x = _fill_block(block, layers, x)
    _fill_convolution(network.answer, *layers.pop(0))
    network.trust.copy_(layers.pop(0)[0])


def _read_layers(path: Path) -> list[list[Tensor]]:
    """Returns weights in the order of the file: pairs of weight and bias, of scale and shift, and last ``trust``."""
    try:
        model = onnx.load(str(path))
    except Exception as error:  # onnx raises errors of protobuf, of the system and its own
        raise FormatError(f"{path} cannot be read: {error}") from error
    halves = [numpy_helper.to_array(w) for w in model.graph.initializer if w.data_type == onnx.TensorProto.FLOAT16]
    tensors = [torch.from_numpy(np.array(half, dtype=np.float32)) for half in halves]
    *paired, trust = tensors[:-1]
    return [list(pair) for pair in zip(paired[::2], paired[1::2], strict=True)] + [[trust]]


def _fill_block(block: ResidualBlock, layers: list[list[Tensor]], x: Tensor) -> Tensor:
    """Fills a block from the first layers, or makes it pass its input on, and returns its output for an input."""
    std, mean = torch.std_mean(x, dim=(0, 2), correction=0)
    assert block.norm.running_mean is not None
    assert block.norm.running_var is not None
    block.norm.running_mean.copy_(mean)
    block.norm.running_var.copy_(std**2)
    if len(layers) == 2:  # only ``answer`` and ``trust`` are left
        nn.init.zeros_(block.mix.weight)
        assert block.mix.bias is not None
        nn.init.zeros_(block.mix.bias)
        return x
    scale, shift = (part.flatten() for part in layers.pop(0))
    spread = torch.sqrt(std**2 + block.norm.eps)
    block.norm.weight.copy_(scale * spread)
    block.norm.bias.copy_(shift + scale * mean)
    _fill_convolution(block.over_time, *layers.pop(0))
    _fill_convolution(block.mix, *layers.pop(0))
    block.eval()
    output: Tensor = block(x)
    block.train()
    return output


def _fill_convolution(layer: nn.Conv1d, weight: Tensor, bias: Tensor) -> None:
    layer.weight.copy_(weight)
    assert layer.bias is not None
    layer.bias.copy_(bias)


def average_weights(network: LifterNetwork, path: Path) -> None:
    """Sets the weights of a trained network to the mean of its own and those of the file that it was trained from.

    The result is for use, not for training: its normalisation is no longer that of a batch.

    Args:
        network: network whose training started from the file.
        path: ONNX file.

    Raises:
        FormatError: the file cannot be read.

    Source: M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022.
    """
    start = LifterNetwork()
    start.blocks = copy.deepcopy(network.blocks)
    layers = _read_layers(path)
    with torch.no_grad():
        _fill_convolution(start.read, *layers.pop(0))
        for block in start.blocks:
            assert isinstance(block, ResidualBlock)
            _fill_fixed_block(block, layers)
        _fill_convolution(start.answer, *layers.pop(0))
        start.trust.copy_(layers.pop(0)[0])
        for block in network.blocks:
            assert isinstance(block, ResidualBlock)
            _fix_normalization(block.norm, *affine_map(block.norm))
        for own, other in zip(network.parameters(), start.parameters(), strict=True):
            own.lerp_(other, 0.5)


def _fill_fixed_block(block: ResidualBlock, layers: list[list[Tensor]]) -> None:
    """Fills a block from the first layers, or makes it pass its input on, with fixed normalisation."""
    if len(layers) == 2:  # only ``answer`` and ``trust`` are left
        _fix_normalization(block.norm, *affine_map(block.norm))
        nn.init.zeros_(block.mix.weight)
        assert block.mix.bias is not None
        nn.init.zeros_(block.mix.bias)
        return
    _fix_normalization(block.norm, *layers.pop(0))
    _fill_convolution(block.over_time, *layers.pop(0))
    _fill_convolution(block.mix, *layers.pop(0))


def _fix_normalization(norm: nn.BatchNorm1d, scale: Tensor, shift: Tensor) -> None:
    """Makes a normalisation the affine map of a scale and a shift, whatever the statistics."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.copy_(scale.flatten())
    norm.bias.copy_(shift.flatten())
