"""Warm start: a network that starts from a file predicts as the file does, and errors are told in one line."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import torch

from bodydouble.errors import FormatError
from bodydouble.motion.lifting.lifter import MODEL, OUTPUTS
from bodydouble.networks import Network
from bodydouble.training.augmentation import Recording
from bodydouble.training.network import LifterNetwork, ResidualBlock
from bodydouble.training.samples import WindowSampler
from bodydouble.training.warm_start import average_weights, load_weights
from tests.training.scenes import detected_window, swaying_motion


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    sampler = WindowSampler([Recording(swaying_motion(90))], [detected_window(0, noise=2.0)], 0)
    return torch.from_numpy(sampler.sample_batch(8, 0.5)[0])


def test_network_predicts_as_the_file(features: torch.Tensor) -> None:
    network = LifterNetwork()
    load_weights(network, MODEL, features)
    expected = dict(zip(OUTPUTS, Network(MODEL, OUTPUTS)(features[:1].numpy()), strict=True))
    with torch.no_grad():
        prediction = network.eval()(features[:1])
    np.testing.assert_allclose(prediction.depths.numpy(), expected["depths"], atol=1e-4)
    np.testing.assert_allclose(prediction.contacts.numpy(), expected["contacts"], atol=1e-3)


def test_additional_blocks_change_nothing_at_first(features: torch.Tensor) -> None:
    network, deeper = LifterNetwork(), LifterNetwork()
    deeper.blocks.append(ResidualBlock(32))
    for one in (network, deeper):
        load_weights(one, MODEL, features)
        one.eval()
    with torch.no_grad():
        torch.testing.assert_close(network(features).depths, deeper(features).depths)


def test_normalisation_in_training_is_that_of_the_batch(features: torch.Tensor) -> None:
    network = LifterNetwork()
    load_weights(network, MODEL, features)
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    with torch.no_grad():
        in_training, finished = network.train()(features).depths, network.eval()(features).depths
    error = (in_training - finished).abs()
    assert error.mean() < 2e-3  # bfloat16 has eight significant bits
    assert error.max() < 2e-2


def test_unreadable_file_is_told_in_one_line(features: torch.Tensor, tmp_path: Path) -> None:
    path = tmp_path / "lifter.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(FormatError, match=r"lifter\.onnx cannot be read"):
        load_weights(LifterNetwork(), path, features)


def test_other_network_is_refused(features: torch.Tensor) -> None:
    with pytest.raises(FormatError, match="no lifter of this version"):
        load_weights(LifterNetwork(), MODEL.with_name("completion.onnx"), features)


def test_the_mean_of_a_network_with_its_start_lies_between_them(features: torch.Tensor) -> None:
    network = LifterNetwork()
    load_weights(network, MODEL, features)
    weight = network.answer.weight.detach().clone()
    average_weights(network, MODEL)
    with torch.no_grad():
        unchanged = network.eval()(features[:1]).depths.numpy()
    expected = dict(zip(OUTPUTS, Network(MODEL, OUTPUTS)(features[:1].numpy()), strict=True))
    np.testing.assert_allclose(unchanged, expected["depths"], atol=1e-4)
    with torch.no_grad():
        network.answer.weight.add_(1.0)
    average_weights(network, MODEL)
    torch.testing.assert_close(network.answer.weight.detach(), weight + 0.5)


def test_the_mean_with_a_start_of_fewer_blocks_halves_the_other_ones(features: torch.Tensor) -> None:
    deeper = LifterNetwork()
    deeper.blocks.append(ResidualBlock(32))
    load_weights(deeper, MODEL, features)
    last = deeper.blocks[-1]
    assert isinstance(last, ResidualBlock)
    torch.nn.init.ones_(last.mix.weight)
    average_weights(deeper, MODEL)
    torch.testing.assert_close(last.mix.weight.detach(), torch.full_like(last.mix.weight, 0.5))
