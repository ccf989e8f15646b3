"""Exported and trained network predict the same."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import torch

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.motion.lifting.lifter import MODEL, OUTPUTS, build_features
from bodydouble.networks import Network
from bodydouble.training.export import write_onnx
from bodydouble.training.network import (
    DEPTH_FEATURES,
    FEATURE_COUNT,
    OUTPUT_SIZES,
    POINT_FEATURES,
    LifterNetwork,
    rotations_from_columns,
)
from bodydouble.training.training_loop import Calibration
from tests.builders import assert_same

HALF_PRECISION = 2e-2
"""Relative tolerance for weights that are stored with eleven bits."""
FIELD_OF_OUTPUT = {"joint_rotations_6d": "rotations"}
"""Fields of a prediction by the names of the ONNX file's outputs, where they differ."""


@pytest.fixture(scope="module")
def network() -> LifterNetwork:
    """Network with random weights and normalisations, as after training."""
    torch.manual_seed(2)
    random_network = LifterNetwork().eval()
    for name, buffer in random_network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.3)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 2.0)
    return random_network


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return Calibration(np.linspace(-0.5, 0.5, OUTPUT_SIZES["log_sigma"]))


@pytest.fixture(scope="module")
def exported(network: LifterNetwork, calibration: Calibration, tmp_path_factory: pytest.TempPathFactory) -> Network:
    path = tmp_path_factory.mktemp("network") / "lifter.onnx"
    write_onnx(network, path, calibration)
    return Network(path, OUTPUTS)


def inputs(frames: int) -> FloatArray:
    return np.random.default_rng(frames).normal(size=(1, frames, FEATURE_COUNT)).astype(np.float32)


@pytest.mark.parametrize("frames", [1, 2, 7, 64, 150])
def test_exported_network_predicts_as_the_trained_one(
    frames: int, network: LifterNetwork, exported: Network, calibration: Calibration
) -> None:
    features_in = inputs(frames)
    with torch.no_grad():
        expected = network(torch.from_numpy(features_in))
    outputs = dict(zip(OUTPUTS, exported(features_in), strict=True))
    columns = outputs["joint_rotations_6d"].reshape(1, frames, 22, 2, 3)
    predicted: dict[str, FloatArray] = dict(outputs) | {
        "points": outputs["points"].reshape(1, frames, 33, 2),
        "log_sigma": outputs["log_sigma"] - calibration.log_factors,
        "joint_rotations_6d": rotation.from_axes(columns[..., 0, :], columns[..., 1, :]),
    }
    for name, value in predicted.items():
        wanted = getattr(expected, FIELD_OF_OUTPUT.get(name, name)).numpy()
        assert value.shape == wanted.shape
        np.testing.assert_allclose(value, wanted, atol=HALF_PRECISION * np.abs(wanted).max(), rtol=0, err_msg=name)


def test_outputs_are_those_of_the_lifter() -> None:
    assert tuple(OUTPUT_SIZES) == OUTPUTS
    committed = Network(MODEL, OUTPUTS)(inputs(3))
    assert [answer.shape for answer in committed] == [(1, 3, size) for size in OUTPUT_SIZES.values()]


def test_point_and_depth_features_select_points_and_depths() -> None:
    rng = np.random.default_rng(4)
    points, landmarks_3d = rng.normal(size=(5, 33, 2)), rng.normal(size=(5, 33, 3))
    frame_features = build_features(
        points, np.ones((5, 33)), landmarks_3d, np.zeros((5, 2)), np.array(0.1), np.zeros(5)
    )
    assert frame_features.shape == (5, FEATURE_COUNT)
    assert_same(frame_features[:, POINT_FEATURES], points.reshape(5, -1), 0.0)
    assert_same(frame_features[:, DEPTH_FEATURES], 2 * landmarks_3d[..., 2], 0.0)


def test_columns_are_orthonormalised_to_rotations() -> None:
    columns = np.random.default_rng(5).normal(size=(4, 22, 2, 3))
    rotations = rotations_from_columns(torch.from_numpy(columns)).numpy()
    assert_same(rotations, rotation.from_axes(columns[..., 0, :], columns[..., 1, :]), 1e-9)
    assert_same(np.linalg.det(rotations), 1.0, 1e-9)
