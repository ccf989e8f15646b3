"""Properties of the built-in mannequin and of the template that is measured on it."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.load import BUILTIN, load_character
from bodydouble.data import BoolArray, Character, FloatArray, Mesh
from bodydouble.geometry import kinematics
from bodydouble.skeletons import adult_template, arkit, blazepose, humanoid
from tests.builders import assert_same
from tests.formats import validator


@pytest.fixture(scope="module")
def mannequin() -> Character:
    return load_character("mannequin")


def _dense_weights(character: Character) -> FloatArray:
    (mesh,) = character.meshes
    dense = np.zeros((len(mesh.positions), len(character.skeleton.joint_names)))
    np.add.at(dense, (np.arange(len(dense))[:, None], mesh.joints), mesh.weights)
    return dense


def _mirror_vertices(positions: FloatArray, colors: FloatArray) -> list[int]:
    """Returns the index of each vertex's mirror image; vertices at the same position differ by their colours."""
    keys = np.round(np.hstack([positions, colors[:, :3]]), 5) + 0.0
    vertex_at = {tuple(key): i for i, key in enumerate(keys)}
    return [vertex_at[tuple(key * [-1, 1, 1, 1, 1, 1] + 0.0)] for key in keys]


def test_the_mannequin_has_all_joints_and_fingers_with_identity_axes(mannequin: Character) -> None:
    assert set(mannequin.skeleton.joint_names) == {*humanoid.JOINTS, *humanoid.FINGERS}
    assert set(mannequin.humanoid) == {*humanoid.JOINTS, *humanoid.FINGERS}
    assert_same(mannequin.rest_rotations, np.tile([0.0, 0.0, 0.0, 1.0], (52, 1)), 1e-12)


def test_the_mannequin_is_small(mannequin: Character) -> None:
    assert (BUILTIN / "mannequin.glb").stat().st_size < 2_000_000
    assert sum(len(mesh.triangles) for mesh in mannequin.meshes) < 15_000


def test_the_documentation_has_the_checksum_of_the_file() -> None:
    page = Path(__file__).parents[2] / "docs" / "characters.md"
    assert hashlib.sha256((BUILTIN / "mannequin.glb").read_bytes()).hexdigest() in page.read_text(encoding="utf-8")


def test_the_file_passes_the_gltf_validator() -> None:
    assert validator.issues(BUILTIN / "mannequin.glb") == []


def test_weights_sum_to_one(mannequin: Character) -> None:
    (mesh,) = mannequin.meshes
    assert_same(mesh.weights.sum(axis=1), np.ones(len(mesh.weights)), 1e-6)
    assert mesh.weights.min() >= 0


def test_left_and_right_are_mirror_images(mannequin: Character) -> None:
    (mesh,) = mannequin.meshes
    assert mesh.colors is not None
    twin = _mirror_vertices(mesh.positions, mesh.colors)
    names = mannequin.skeleton.joint_names
    other = [names.index(humanoid.mirrored_name(name)) for name in names]
    weights = _dense_weights(mannequin)
    assert_same(weights[twin][:, other], weights, 1e-6)
    assert_same(mesh.normals[twin] * [-1, 1, 1], mesh.normals, 1e-6)
    joints = kinematics.rest_positions(mannequin.skeleton)
    assert_same(joints[other] * [-1, 1, 1], joints, 1e-9)


def test_the_mesh_is_closed_and_faces_outwards(mannequin: Character) -> None:
    (mesh,) = mannequin.meshes
    vertex = np.unique(np.round(mesh.positions, 6), axis=0, return_inverse=True)[1].reshape(-1)
    triangles = vertex[mesh.triangles]
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    assert {tuple(edge) for edge in edges.tolist()} == {tuple(edge[::-1]) for edge in edges.tolist()}
    a, b, c = (mesh.positions[mesh.triangles[:, k]] for k in range(3))
    assert 0.04 < np.einsum("ni,ni->n", a, np.cross(b, c)).sum() / 6 < 0.09  # cubic metres of a slim adult


def test_the_mannequin_stands_in_a_t_pose_on_the_floor(mannequin: Character) -> None:
    (mesh,) = mannequin.meshes
    joint = dict(zip(mannequin.skeleton.joint_names, kinematics.rest_positions(mannequin.skeleton), strict=True))
    assert abs(mesh.positions[:, 1].min()) < 1e-3
    assert 1.65 < mesh.positions[:, 1].max() < 1.75
    for bone, end, direction in (
        ("leftUpperArm", "leftHand", [1, 0, 0]),
        ("rightUpperArm", "rightHand", [-1, 0, 0]),
        ("leftUpperLeg", "leftFoot", [0, -1, 0]),
        ("rightUpperLeg", "rightFoot", [0, -1, 0]),
    ):
        step = joint[end] - joint[bone]
        assert_same(step / np.linalg.norm(step), direction, 1e-6)
    assert joint["leftToes"][2] > joint["leftFoot"][2]


def test_the_template_skeleton_is_the_mannequins(mannequin: Character) -> None:
    offsets = [mannequin.skeleton.rest_offsets[mannequin.humanoid[name]] for name in humanoid.JOINTS]
    assert_same(adult_template.REST_OFFSETS, offsets, 1e-6)


def test_the_template_is_exactly_mirror_symmetric() -> None:
    offsets = np.array(adult_template.REST_OFFSETS)
    assert np.array_equal(offsets[list(humanoid.MIRROR)] * [-1, 1, 1], offsets)
    for name, other in zip(blazepose.LANDMARKS, blazepose.MIRROR, strict=True):
        joint, offset = adult_template.REST_LANDMARKS[name]
        twin_joint, twin_offset = adult_template.REST_LANDMARKS[blazepose.LANDMARKS[other]]
        assert twin_joint == humanoid.mirrored_name(joint)
        assert np.array_equal(np.array(twin_offset) * [-1, 1, 1], np.array(offset))


def test_landmarks_are_on_the_surface_of_the_mesh(mannequin: Character) -> None:
    (mesh,) = mannequin.meshes
    joint = dict(zip(mannequin.skeleton.joint_names, kinematics.rest_positions(mannequin.skeleton), strict=True))
    assert set(adult_template.REST_LANDMARKS) == set(blazepose.LANDMARKS)
    landmarks = {
        name: joint[carrier] + np.array(offset) for name, (carrier, offset) in adult_template.REST_LANDMARKS.items()
    }
    for name in ("nose", "left_eye_inner", "mouth_left", "left_ear"):
        assert np.linalg.norm(mesh.positions - landmarks[name], axis=1).min() < 0.015, name
    for name in ("left_heel", "left_foot_index"):
        assert abs(landmarks[name][1]) < 1e-6
        assert np.linalg.norm((mesh.positions - landmarks[name])[:, [0, 2]], axis=1).min() < 0.01, name
    assert abs(joint["leftFoot"][1] - adult_template.ANKLE_HEIGHT) < 1e-6


def test_the_mannequin_has_the_shapes_of_arkit_and_is_neutral(mannequin: Character) -> None:
    (mesh,) = mannequin.meshes
    assert tuple(target.name for target in mesh.morph_targets) == arkit.BLENDSHAPES
    for target in mesh.morph_targets:
        distance = np.linalg.norm(target.position_offsets, axis=1)
        assert target.weight == 0.0
        assert 1e-3 < distance.max() < 0.06, target.name
        assert mesh.positions[distance > 0, 1].min() > 1.4, target.name  # only the head


def test_shapes_of_left_and_right_are_mirror_images(mannequin: Character) -> None:
    (mesh,) = mannequin.meshes
    assert mesh.colors is not None
    twin = _mirror_vertices(mesh.positions, mesh.colors)
    for target, mirror in zip(mesh.morph_targets, arkit.MIRROR, strict=True):
        other = mesh.morph_targets[mirror].position_offsets
        assert_same(other[twin] * [-1, 1, 1], target.position_offsets, 5e-5)  # a step and a half of the file


@pytest.mark.parametrize(
    ("shape", "direction"),
    [("Out", [1, 0, 0]), ("In", [-1, 0, 0]), ("Up", [0, 1, 0]), ("Down", [0, -1, 0])],
)
def test_looks_turn_the_left_eye(mannequin: Character, shape: str, direction: list[float]) -> None:
    (mesh,) = mannequin.meshes
    assert mesh.colors is not None
    eye_z = mesh.positions[_pupil(mesh), 2].max()
    pupil = _pupil(mesh) & (mesh.positions[:, 0] > 0) & (mesh.positions[:, 2] > eye_z - 0.002)
    offsets = mesh.morph_targets[arkit.INDEX[f"eyeLook{shape}Left"]].position_offsets[pupil]
    assert (offsets @ np.array(direction) > 0.004).all()


def _pupil(mesh: Mesh) -> BoolArray:
    assert mesh.colors is not None
    return np.asarray(np.abs(mesh.colors[:, :3] - [0.012, 0.012, 0.014]).max(axis=1) < 1e-3)


@pytest.mark.parametrize(("shape", "up"), [("browOuterUpLeft", 1.0), ("browDownLeft", -1.0), ("browInnerUp", 1.0)])
def test_brows_can_be_seen_and_move(mannequin: Character, shape: str, up: float) -> None:
    (mesh,) = mannequin.meshes
    assert mesh.colors is not None
    is_brow = np.abs(mesh.colors[:, :3] - [0.02, 0.017, 0.015]).max(axis=1) < 1e-4
    offsets = mesh.morph_targets[arkit.INDEX[shape]].position_offsets[is_brow & (mesh.positions[:, 0] > 0), 1]
    assert len(offsets) == is_brow.sum() / 2 > 20
    assert up * offsets[np.argmax(np.abs(offsets))] > 0.003
