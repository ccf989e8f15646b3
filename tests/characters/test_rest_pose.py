"""The rest pose is the bind pose of the skin: upright, facing +Z, of human height, wherever the nodes stand."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.characters.rest_pose import character_height, face_forward
from bodydouble.data import Character, FloatArray
from bodydouble.geometry import rotation
from bodydouble.geometry.kinematics import bind_matrices
from tests.builders import assert_same, random_quaternions
from tests.characters.comparison import assert_same_character, below_armature
from tests.characters.glb_edit import Glb

UP = np.array([0.0, 1.0, 0.0])


@pytest.fixture(scope="module")
def mannequin() -> Character:
    return load_character("mannequin")


def _turn(axis: FloatArray, angle_deg: float) -> FloatArray:
    """Returns a matrix (4, 4) that rotates about an axis."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation.to_matrix(rotation.from_rotvec(np.radians(angle_deg) * axis))
    return matrix


def _pose_randomly(glb: Glb, max_angle_deg: float) -> None:
    """Rotates every node of the skeleton, as a file that is stored in a frame of an animation."""
    rng = np.random.default_rng(0)
    for node in glb.json["skins"][0]["joints"]:
        axis = rotation.normalize(rng.normal(size=3))
        turn = rotation.from_rotvec(np.radians(rng.uniform(-max_angle_deg, max_angle_deg)) * axis)
        glb.json["nodes"][node]["rotation"] = turn.tolist()


def _lean_hips(glb: Glb, angle_deg: float) -> None:
    turn = rotation.from_rotvec(np.radians([angle_deg, 0.0, 0.0]))
    glb.json["nodes"][glb.node("hips")]["rotation"] = turn.tolist()


def _walk_away(glb: Glb) -> None:
    glb.json["nodes"][glb.node("hips")]["translation"] = [3.0, 0.2, -7.0]


def _swing_arm(glb: Glb) -> None:
    glb.json["nodes"][glb.node("leftUpperArm")]["rotation"] = [0.0, 0.0, 0.6, 0.8]


@pytest.mark.parametrize(
    "pose",
    [
        lambda glb: _pose_randomly(glb, 60.0),
        lambda glb: _lean_hips(glb, 20.0),
        lambda glb: _lean_hips(glb, 5.0),
        lambda glb: _lean_hips(glb, 100.0),
        _swing_arm,
    ],
    ids=["random", "leans by 20", "leans by 5", "lies", "arm"],
)
def test_posed_nodes_leave_the_bind_pose(tmp_path: Path, mannequin: Character, pose: Callable[[Glb], None]) -> None:
    glb = Glb()
    pose(glb)
    assert_same_character(load_character(str(glb.save(tmp_path / "posed.glb"))), mannequin)


def test_a_character_that_walked_away_is_the_same(tmp_path: Path, mannequin: Character) -> None:
    glb = Glb()
    _walk_away(glb)
    loaded = load_character(str(glb.save(tmp_path / "away.glb")))
    shift = loaded.skeleton.rest_offsets[0] - mannequin.skeleton.rest_offsets[0]
    assert_same(loaded.meshes[0].positions - shift, mannequin.meshes[0].positions, 1e-5)
    assert_same(loaded.skeleton.rest_offsets[1:], mannequin.skeleton.rest_offsets[1:], 1e-6)


@pytest.mark.parametrize("scale", [0.01, 100.0, 0.0254])
def test_scaled_nodes_over_a_bind_pose_in_another_unit(tmp_path: Path, mannequin: Character, scale: float) -> None:
    """Mixamo's way: the bind pose is in centimetres, the armature above the joints has the scale 0.01."""
    glb = below_armature(np.diag([scale, scale, scale, 1.0]), np.eye(4))
    for node in glb.json["skins"][0]["joints"]:
        if "translation" in glb.json["nodes"][node]:
            glb.json["nodes"][node]["translation"] = (np.array(glb.json["nodes"][node]["translation"]) / scale).tolist()
    hips = glb.json["nodes"][glb.node("hips")]
    matrix = np.array(hips["matrix"])
    matrix[12:15] /= scale
    hips["matrix"] = matrix.tolist()
    inverse_bind = glb.inverse_bind
    inverse_bind[:, :3] /= scale
    glb.inverse_bind = inverse_bind
    assert_same_character(load_character(str(glb.save(tmp_path / "scaled.glb"))), mannequin)


def test_a_mirroring_armature_does_not_exchange_left_and_right(tmp_path: Path, mannequin: Character) -> None:
    mirrored = below_armature(np.diag([-1.0, 1.0, 1.0, 1.0]), np.eye(4))
    loaded = load_character(str(mirrored.save(tmp_path / "mirrored.glb")))
    assert_same_character(loaded, mannequin)


def test_joints_with_a_negative_scale_have_rotations(tmp_path: Path, mannequin: Character) -> None:
    """Mirrored limbs of some rigs: their joints have the scale -1, and so has their bind pose."""
    glb = Glb()
    joints = glb.json["skins"][0]["joints"]
    inverse_bind = glb.inverse_bind
    for k, node in enumerate(joints):
        if "right" in glb.json["nodes"][node]["name"]:
            inverse_bind[k, :3] *= -1.0
    glb.inverse_bind = inverse_bind
    loaded = load_character(str(glb.save(tmp_path / "negative.glb")))
    assert_same(np.linalg.norm(loaded.rest_rotations, axis=1), np.ones(len(joints)), 1e-9)
    assert_same(loaded.meshes[0].positions, mannequin.meshes[0].positions, 2e-6)


@pytest.mark.parametrize("angle_deg", [45.0, -30.0, 3.0, 137.0, 180.0, 90.0])
def test_any_facing_is_turned_forward(tmp_path: Path, mannequin: Character, angle_deg: float) -> None:
    glb = below_armature(_turn(UP, angle_deg), np.eye(4))
    assert_same_character(load_character(str(glb.save(tmp_path / "turned.glb"))), mannequin)


@pytest.mark.parametrize("up", ["x", "-x", "z", "-z", "-y"])
@pytest.mark.parametrize("facing_deg", [0.0, 37.0])
def test_any_axis_may_be_up(tmp_path: Path, mannequin: Character, up: str, facing_deg: float) -> None:
    axis = np.eye(3)["xyz".index(up[-1])] * (-1.0 if up[0] == "-" else 1.0)
    tilt = np.eye(4)
    tilt[:3, :3] = rotation.to_matrix(rotation.between(UP, axis))
    glb = below_armature(tilt @ _turn(UP, facing_deg), np.eye(4))
    assert_same_character(load_character(str(glb.save(tmp_path / "tilted.glb"))), mannequin)


@pytest.mark.parametrize("seed", range(5))
def test_any_rotation_is_turned_upright(mannequin: Character, seed: int) -> None:
    """Far from all axes, the body itself tells what is up; its facing is exact."""
    matrix = rotation.to_matrix(random_quaternions(np.random.default_rng(seed), (1,))[0])
    offsets = mannequin.skeleton.rest_offsets.copy()
    offsets[0] = matrix @ offsets[0]
    turned = Character(
        "turned",
        type(mannequin.skeleton)(mannequin.skeleton.joint_names, mannequin.skeleton.parents, offsets),
        rotation.multiply(rotation.from_matrix(matrix), mannequin.rest_rotations),
        mannequin.humanoid,
        (),
    )
    bind = bind_matrices(face_forward(turned))
    left = bind[mannequin.humanoid["leftUpperArm"], :3, 3] - bind[mannequin.humanoid["rightUpperArm"], :3, 3]
    head = bind[mannequin.humanoid["head"], :3, 3] - bind[mannequin.humanoid["hips"], :3, 3]
    assert_same(rotation.normalize(left), [1.0, 0.0, 0.0], 1e-6)
    assert np.degrees(np.arccos(rotation.normalize(head)[1])) < 15.0


def test_quarter_turns_are_exact(mannequin: Character) -> None:
    """A character that is asymmetric by a little is not turned by that little."""
    offsets = mannequin.skeleton.rest_offsets.copy()
    offsets[mannequin.humanoid["leftUpperLeg"], 2] += 0.0005
    skeleton = type(mannequin.skeleton)(mannequin.skeleton.joint_names, mannequin.skeleton.parents, offsets)
    character = Character("odd", skeleton, mannequin.rest_rotations, mannequin.humanoid, mannequin.meshes)
    assert face_forward(character) is character


@pytest.mark.parametrize(
    ("scale", "height", "reason"),
    [
        (100.0, 1.70, "centimetres"),
        (1000.0, 1.70, "millimetres"),
        (39.3701, 1.70, "inches"),
        (3.28084, 1.70, "feet"),
        (0.01, 1.70, "converted twice"),
        (0.17, 1.70, "no unit"),
        (7.0, 1.19, "decimetres"),
    ],
)
def test_sizes_that_no_human_has_are_rescaled_with_a_note(
    tmp_path: Path, mannequin: Character, scale: float, height: float, reason: str
) -> None:
    glb = below_armature(np.diag([scale, scale, scale, 1.0]), np.eye(4))
    loaded = load_character(str(glb.save(tmp_path / "giant.glb")))
    assert character_height(loaded) == pytest.approx(height, rel=0.01)
    (note,) = loaded.notes
    assert re.search(rf"the character was {character_height(mannequin) * scale:.4g} m tall: .*{reason}", note)
    factor = character_height(loaded) / character_height(mannequin)
    assert_same(loaded.meshes[0].positions, factor * mannequin.meshes[0].positions, 1e-5)
    assert_same(loaded.skeleton.rest_offsets, factor * mannequin.skeleton.rest_offsets, 1e-5)


@pytest.mark.parametrize("scale", [0.2, 1.0, 2.3])
def test_small_and_tall_characters_keep_their_size(tmp_path: Path, mannequin: Character, scale: float) -> None:
    glb = below_armature(np.diag([scale, scale, scale, 1.0]), np.eye(4))
    loaded = load_character(str(glb.save(tmp_path / "child.glb")))
    assert loaded.notes == ()
    assert character_height(loaded) == pytest.approx(scale * character_height(mannequin), rel=1e-4)


def _add_skin(glb: Glb, names: tuple[str, ...], mesh_from_body: FloatArray) -> None:
    """Adds a copy of the mesh whose skin has only some joints, in a mesh space of its own."""
    joints = [glb.node(name) for name in names]
    of_body = glb.json["skins"][0]["joints"]
    inverse_bind = glb.inverse_bind[[of_body.index(joint) for joint in joints]] @ np.linalg.inv(mesh_from_body)
    columns = np.swapaxes(inverse_bind, 1, 2).reshape(-1, 16).astype("<f4")
    glb.json["skins"].append({"joints": joints, "inverseBindMatrices": glb.add(columns, "MAT4")})
    positions = glb.array(glb.primitive["attributes"]["POSITION"], "<f4", 3)
    moved = positions @ mesh_from_body[:3, :3].T + mesh_from_body[:3, 3]
    zeros = np.zeros((len(positions), 4), "u1")
    weights = np.tile(np.array([1.0, 0.0, 0.0, 0.0], "<f4"), (len(positions), 1))
    attributes = {
        "POSITION": glb.add(moved.astype("<f4"), "VEC3"),
        "JOINTS_0": glb.add(zeros, "VEC4"),
        "WEIGHTS_0": glb.add(weights, "VEC4"),
    }
    glb.json["meshes"].append({"primitives": [{"attributes": attributes, "indices": glb.primitive["indices"]}]})
    glb.json["nodes"].append({"name": "part", "mesh": len(glb.json["meshes"]) - 1, "skin": 1})
    glb.json["scenes"][0]["nodes"].append(len(glb.json["nodes"]) - 1)


@pytest.mark.parametrize("posed_deg", [0.0, 50.0])
@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_skins_with_different_bind_matrices_fit_together(
    tmp_path: Path, mannequin: Character, posed_deg: float, shift: float
) -> None:
    """A second skin, in a mesh space that is turned and moved, shares joints with the body."""
    glb = Glb()
    mesh_from_body = _turn(UP, 30.0 * shift)
    mesh_from_body[:3, 3] = shift
    _add_skin(glb, ("head", "neck", "leftHand"), mesh_from_body)
    _pose_randomly(glb, posed_deg)
    loaded = load_character(str(glb.save(tmp_path / "skins.glb")))
    body, part = loaded.meshes
    assert_same(body.positions, mannequin.meshes[0].positions, 2e-6)
    assert_same(part.positions, mannequin.meshes[0].positions, 1e-5)
    assert set(part.joints[:, 0]) == {loaded.humanoid["head"]}


@pytest.mark.parametrize("posed_deg", [0.0, 50.0])
def test_a_skin_without_common_joints_stays_in_place(tmp_path: Path, mannequin: Character, posed_deg: float) -> None:
    """Hair: the joints of its skin hang below the head, and no joint of the body is among them."""
    glb = Glb()
    head = glb.node("head")
    glb.json["nodes"].append({"name": "hair", "translation": [0.0, 0.1, 0.05]})
    hair = len(glb.json["nodes"]) - 1
    glb.json["nodes"][head]["children"] = [*glb.json["nodes"][head].get("children", []), hair]
    bind = bind_matrices(mannequin)[mannequin.humanoid["head"]]
    bind[:3, 3] += [0.0, 0.1, 0.05]
    glb.json["skins"][0]["joints"].append(hair)
    glb.inverse_bind = np.concatenate([glb.inverse_bind, np.linalg.inv(bind)[None]])
    _add_skin(glb, ("hair",), np.eye(4))
    glb.json["skins"][0]["joints"].remove(hair)
    _pose_randomly(glb, posed_deg)
    loaded = load_character(str(glb.save(tmp_path / "hair.glb")))
    assert_same(loaded.meshes[1].positions, mannequin.meshes[0].positions, 1e-5)
    joint = loaded.skeleton.index("hair")
    assert_same(bind_matrices(loaded)[joint, :3, 3], bind[:3, 3], 1e-6)


def test_a_joint_with_the_name_of_a_bone_elsewhere_is_not_the_bone(tmp_path: Path, mannequin: Character) -> None:
    glb = Glb()
    for name, parent, first in (("leftUpperArm", "hips", True), ("rightHand", "head", True), ("head", "hips", False)):
        node = {"name": name, "translation": [0.1, 0.0, 0.3]}
        for each in glb.json["nodes"]:
            each["children"] = [child + first for child in each.get("children", [])] or None
        glb.json["nodes"] = [node, *glb.json["nodes"]] if first else [*glb.json["nodes"], node]
        index = 0 if first else len(glb.json["nodes"]) - 1
        for skin in glb.json["skins"]:
            skin["joints"] = [joint + first for joint in skin["joints"]]
        glb.json["scenes"][0]["nodes"] = [top + first for top in glb.json["scenes"][0]["nodes"]]
        above = glb.json["nodes"][glb.node(parent)]
        above["children"] = [*(above["children"] or []), index]
        glb.json["skins"][0]["joints"].append(index)
        glb.inverse_bind = np.concatenate([glb.inverse_bind, np.eye(4)[None]])
        for each in glb.json["nodes"]:
            if each.get("children") is None:
                each.pop("children", None)
    assert_same_character(load_character(str(glb.save(tmp_path / "names.glb"))), mannequin)


@pytest.mark.parametrize("posed_deg", [0.0, 40.0])
def test_hips_that_no_skin_has_are_placed_by_the_joints_below(
    tmp_path: Path, mannequin: Character, posed_deg: float
) -> None:
    """The skin has a joint below the spine in the place of the hips, which are in no skin."""
    glb = Glb()
    bind = bind_matrices(mannequin)
    step = bind[mannequin.humanoid["hips"], :3, 3] - bind[mannequin.humanoid["spine"], :3, 3]
    glb.json["nodes"].append({"name": "pelvis_deform", "translation": step.tolist()})
    spine = glb.json["nodes"][glb.node("spine")]
    spine["children"] = [*spine["children"], len(glb.json["nodes"]) - 1]
    joints = glb.json["skins"][0]["joints"]
    joints[joints.index(glb.node("hips"))] = len(glb.json["nodes"]) - 1
    if posed_deg:
        _pose_randomly(glb, posed_deg)
        _walk_away(glb)
    loaded = load_character(str(glb.save(tmp_path / "hips.glb")))
    assert_same(loaded.meshes[0].positions, mannequin.meshes[0].positions, 2e-6)
    actual = bind_matrices(loaded)
    for bone, joint in mannequin.humanoid.items():
        assert_same(actual[loaded.humanoid[bone], :3, 3], bind[joint, :3, 3], 0.03 if bone == "hips" else 2e-6)
