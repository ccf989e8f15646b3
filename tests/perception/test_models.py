"""The committed networks are the published ones, as docs/models.md lists them."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from bodydouble.errors import ModelError
from bodydouble.motion.floor.sole_contacts import MODEL as CONTACTS
from bodydouble.motion.lifting.lifter import MODEL as LIFTER
from bodydouble.networks import Network, Shape, network_seconds
from bodydouble.perception.protocols import MODELS
from bodydouble.skeletons import face_mesh

GOLDEN = Path(__file__).parent / "golden"
TABLE = Path(__file__).parents[2] / "docs" / "models.md"
POSE_NETWORKS = ("blazepose_lite", "blazepose_full", "blazepose_heavy")
HAND_NETWORKS = ("hand_landmark_full", "palm_detection_full", "hand_recrop")


def golden(name: str) -> dict[str, np.ndarray]:
    with np.load(GOLDEN / f"{name}.npz") as stored:
        return dict(stored)


def pad_to(picture: np.ndarray, shape: Shape) -> np.ndarray:
    """Pads a picture (H, W, 3) with black below and to the right, where the network's sides are fixed."""
    height, width = (
        max(side, length) if isinstance(side, int) else length
        for side, length in zip(shape, picture.shape, strict=False)
    )
    return np.pad(picture, ((0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0)))


@pytest.mark.parametrize(
    ("name", "image"),
    [
        *((name, "crop") for name in POSE_NETWORKS),
        ("movenet_multipose", "people"),
        ("movenet_thunder", "crop"),
        ("nanodet", "people"),
        ("faceres", "face"),
    ],
)
def test_a_converted_network_reproduces_the_original_outputs(name: str, image: str) -> None:
    expected = golden(name)
    network = Network(MODELS / f"{name}.onnx", tuple(expected))
    before = network_seconds()
    picture = pad_to(golden("pictures")[image], network.input_shape[1:3])
    outputs = dict(zip(expected, network(picture[None]), strict=True))
    if "heatmaps" in outputs:
        outputs["heatmaps"] = outputs["heatmaps"][:, ::4, ::4]
    if "distances" in outputs:
        outputs["distances"] = outputs["distances"][:, ::16]
    for output, value in expected.items():
        scale = np.abs(value).max()
        np.testing.assert_allclose(outputs[output], value, atol=1e-3 * scale, rtol=0, err_msg=output)
    assert network_seconds() > before


@pytest.mark.parametrize("name", HAND_NETWORKS)
def test_a_converted_network_of_hands_reproduces_the_original_outputs(name: str) -> None:
    expected = golden(name)
    picture = expected.pop("image")
    outputs = dict(zip(expected, Network(MODELS / f"{name}.onnx", tuple(expected))(picture[None]), strict=True))
    if "boxes" in outputs:
        outputs["boxes"] = outputs["boxes"][:, ::16]
    for output, value in expected.items():
        np.testing.assert_allclose(outputs[output], value, atol=1e-3 * np.abs(value).max(), rtol=0, err_msg=output)


def test_the_face_networks_reproduce_the_original_outputs() -> None:
    expected = golden("face_landmarks")
    outputs = Network(MODELS / "face_landmarks.onnx", tuple(expected))(golden("face_picture")["face"][None])
    for output, value in zip(outputs, expected.values(), strict=True):
        np.testing.assert_allclose(output, value, atol=1e-3 * np.abs(value).max(), rtol=0)
    landmarks = expected["landmarks"].reshape(face_mesh.LANDMARK_COUNT, 3)
    points = landmarks[list(face_mesh.BLENDSHAPE_SUBSET), :2].astype(np.float32)
    (weights,) = Network(MODELS / "face_blendshapes.onnx")(points[None])
    np.testing.assert_allclose(weights, golden("face_blendshapes")["weights"], atol=1e-3)


def test_the_table_lists_the_committed_files() -> None:
    listed = dict(re.findall(r"^\| `(\w+\.onnx)` .*?`([0-9a-f]{64})`", TABLE.read_text(), re.MULTILINE))
    files = (path for folder in (MODELS, LIFTER.parent, CONTACTS.parent) for path in folder.glob("*.onnx"))
    committed = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert listed == committed


def test_a_missing_network_is_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"blazepose_lite.onnx is missing"):
        Network(tmp_path / "blazepose_lite.onnx", ("landmarks",))


def test_a_damaged_network_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes((MODELS / "blazepose_lite.onnx").read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"broken.onnx cannot be loaded") as caught:
        Network(tmp_path / "broken.onnx", ("landmarks",))
    assert "\n" not in str(caught.value)


def test_an_unknown_output_is_an_error() -> None:
    with pytest.raises(ModelError, match="no output mask"):
        Network(MODELS / "blazepose_lite.onnx", ("landmarks", "mask"))
