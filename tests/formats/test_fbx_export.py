"""FBX files that bodydouble writes, judged by Autodesk's SDK and by three's loader."""

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bodydouble.characters.retarget import pose_matrices
from bodydouble.data import Character, Material, MorphTarget, Motion, Skeleton
from bodydouble.errors import InvalidDataError
from bodydouble.formats import fbx, gltf
from bodydouble.formats.fbx import document, euler
from bodydouble.formats.fbx.document import Node
from bodydouble.geometry import kinematics, rotation
from tests import builders
from tests.builders import Floats, assert_same
from tests.formats import fbx_judges, glb_evaluator
from tests.formats.fbx_judges import Pose

TOLERANCE_M = 2e-3
FRAMES = 40
SECONDS = [frame / 30 for frame in range(0, FRAMES, 2)]


def _node_rotations(character: Character, motion: Motion) -> Floats:
    """Returns node rotations that rotate each joint by the motion's world rotation, for any joint axes."""
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)
    node_world = rotation.multiply(world, character.rest_rotations)
    return np.asarray(kinematics.local_rotations(character.skeleton.parents, node_world))


def _model(character: Character, motion: Motion, name: str = "person1", first_frame: int = 0) -> fbx.AnimatedModel:
    rotations = _node_rotations(character, motion)
    return fbx.AnimatedModel(name, character, rotations, motion.root_position, first_frame)


def _with_root_joint(character: Character, name: str) -> Character:
    """Adds a joint at the origin above the hips."""
    skeleton = character.skeleton
    return replace(
        character,
        skeleton=Skeleton(
            (name, *skeleton.joint_names),
            (-1, *(parent + 1 for parent in skeleton.parents)),
            np.concatenate([np.zeros((1, 3)), skeleton.rest_offsets]),
        ),
        rest_rotations=np.concatenate([rotation.IDENTITY[None], character.rest_rotations]),
        humanoid={bone: j + 1 for bone, j in character.humanoid.items()},
        meshes=tuple(replace(mesh, joints=mesh.joints + 1) for mesh in character.meshes),
    )


@pytest.fixture(params=[None, 3], ids=["world axes", "bone axes"])
def character(request: pytest.FixtureRequest) -> Character:
    return builders.character(seed=request.param)


@pytest.fixture
def motion() -> Motion:
    return builders.smooth_motion(frames=FRAMES)


def _glb_poses(path: Path, character: Character, motion: Motion, vertices: list[int]) -> list[Pose]:
    """Returns the poses of the GLB file of the same character."""
    gltf.write(path, character, _node_rotations(character, motion), motion.root_position, motion.fps, "take")
    glb = glb_evaluator.read(path)
    return [
        Pose(
            {name: glb.world_matrix(glb.node(name), time)[:3, 3] for name in character.skeleton.joint_names},
            glb.skinned_positions(0, time)[vertices],
        )
        for time in SECONDS
    ]


def _assert_same_poses(actual: list[Pose], expected: list[Pose]) -> None:
    for a, e in zip(actual, expected, strict=True):
        for name, position in e.bones.items():
            assert np.linalg.norm(a.bones[name] - position) < TOLERANCE_M, name
        assert np.linalg.norm(a.vertices - e.vertices, axis=1).max() < TOLERANCE_M


def test_autodesk_sees_the_poses_of_the_glb(character: Character, motion: Motion, tmp_path: Path) -> None:
    fbx.write(tmp_path / "a.fbx", [_model(character, motion)], motion.fps, "take")
    vertices = list(range(0, len(character.meshes[0].positions), 7))
    expected = _glb_poses(tmp_path / "a.glb", character, motion, vertices)
    rest = character.meshes[0].positions[vertices].astype(np.float64)
    _assert_same_poses(fbx_judges.autodesk_poses(tmp_path / "a.fbx", SECONDS, rest), expected)


def test_three_sees_the_poses_of_the_glb(character: Character, motion: Motion, tmp_path: Path) -> None:
    fbx.write(tmp_path / "a.fbx", [_model(character, motion)], motion.fps, "take")
    corners = list(range(0, character.meshes[0].triangles.size, 17))
    vertices = character.meshes[0].triangles.ravel()[corners].tolist()
    expected = _glb_poses(tmp_path / "a.glb", character, motion, vertices)
    _assert_same_poses(fbx_judges.three_poses(tmp_path / "a.fbx", SECONDS, corners), expected)


@pytest.mark.parametrize("naming", fbx.BoneNaming)
def test_bones_are_named_on_demand(naming: fbx.BoneNaming, motion: Motion, tmp_path: Path) -> None:
    fbx.write(tmp_path / "a.fbx", [_model(builders.character(), motion)], motion.fps, "take", naming)
    models = _names(document.read(tmp_path / "a.fbx"), "Model")
    expected = {
        fbx.BoneNaming.CHARACTER: ["root", "hips", "spine"],
        fbx.BoneNaming.MIXAMO: ["mixamorig:Hips", "mixamorig:Spine", "mixamorig:Spine1"],
        fbx.BoneNaming.UNREAL: ["root", "pelvis", "spine_01"],
    }
    assert models[:3] == expected[naming]


@pytest.mark.parametrize(("name", "written"), [("Root", "Root"), ("Armature", "root")])
def test_root_joint_of_the_character_is_the_root_bone(name: str, written: str, motion: Motion, tmp_path: Path) -> None:
    character = _with_root_joint(builders.character(seed=3), name)
    still = np.tile(rotation.IDENTITY, (FRAMES, 1, 1))
    rotations = np.concatenate([still, _node_rotations(builders.character(seed=3), motion)], axis=1)
    model = fbx.AnimatedModel("person1", character, rotations, motion.root_position)
    fbx.write(tmp_path / "a.fbx", [model], motion.fps, "take")
    assert _names(document.read(tmp_path / "a.fbx"), "Model")[:2] == [written, "hips"]
    matrices = pose_matrices(character, rotations, motion.root_position)
    poses = fbx_judges.three_poses(tmp_path / "a.fbx", SECONDS, [0])
    for pose, expected in zip(poses, matrices[::2], strict=True):
        assert np.linalg.norm(pose.bones["leftHand"] - expected[character.humanoid["leftHand"], :3, 3]) < TOLERANCE_M


def test_several_people_share_a_file(motion: Motion, tmp_path: Path) -> None:
    character = builders.character()
    later = builders.smooth_motion(frames=10, seed=1)
    models = [_model(character, motion), _model(character, later, "person2", first_frame=30)]
    fbx.write(tmp_path / "a.fbx", models, motion.fps, "take")
    report = fbx_judges.read_with_three(tmp_path / "a.fbx", [0.0, 1.2], [0])
    expected = kinematics.joint_positions(later)
    head = character.skeleton.index("head")
    for frame, expected_frame in zip(report["frames"], (0, 6), strict=True):
        assert_same(np.array(frame["bones"]["person2head"]), expected[expected_frame, head], TOLERANCE_M)
    assert set(report["frames"][0]["meshes"]) == {"person1mesh", "person2mesh"}


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(60), Fraction(25, 2)])
def test_frames_lie_at_their_seconds(fps: Fraction, tmp_path: Path) -> None:
    motion = builders.smooth_motion(frames=8, fps=fps)
    fbx.write(tmp_path / "a.fbx", [_model(builders.character(), motion)], fps, "take")
    settings = _properties(document.read(tmp_path / "a.fbx").find("GlobalSettings"))
    assert settings["UnitScaleFactor"] == [1.0]
    if settings["TimeMode"] == [14]:
        assert settings["CustomFrameRate"] == [float(fps)]
    assert fbx_judges.read_with_three(tmp_path / "a.fbx", [0], [0])["duration"] == pytest.approx(float(7 / fps))


def test_textures_are_embedded(motion: Motion, tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 30, 10)).save(file, "PNG")
    material = Material("skin", (1.0, 1.0, 1.0, 1.0), texture_png=file.getvalue())
    character = builders.character(material=material)
    mesh = character.meshes[0]
    uvs = np.random.default_rng(0).uniform(size=(len(mesh.positions), 2))
    character = replace(character, meshes=(replace(mesh, uvs=uvs),))
    fbx.write(tmp_path / "a.fbx", [_model(character, motion)], motion.fps, "take")
    glb = fbx_judges.read_with_autodesk(tmp_path / "a.fbx")
    (image,) = glb.json["images"]
    view = glb.json["bufferViews"][image["bufferView"]]
    start = view.get("byteOffset", 0)
    assert glb.binary[start : start + view["byteLength"]] == file.getvalue()
    assert [m["name"] for m in glb.json["materials"]] == ["skin"]
    attributes = glb.json["meshes"][0]["primitives"][0]["attributes"]
    places = np.concatenate([glb.accessor(attributes["POSITION"]), glb.accessor(attributes["TEXCOORD_0"])], axis=1)
    for expected in np.concatenate([mesh.positions, uvs], axis=1)[::5]:
        assert np.abs(places - expected).max(axis=1).min() < 1e-4


def test_morph_targets_are_seen_by_both_readers(motion: Motion, tmp_path: Path) -> None:
    character = builders.character()
    mesh, rng = character.meshes[0], np.random.default_rng(2)
    offsets = np.where(np.arange(len(mesh.positions))[:, None] < 8, rng.uniform(0.01, 0.1, (len(mesh.positions), 3)), 0)
    targets = (MorphTarget("smile", offsets), MorphTarget("blink", -offsets))
    character = replace(character, meshes=(replace(mesh, morph_targets=targets),))
    fbx.write(tmp_path / "a.fbx", [_model(character, motion)], motion.fps, "take")
    assert fbx_judges.read_with_three(tmp_path / "a.fbx", [0], [0])["morphs"] == ["smile", "blink"]
    glb = fbx_judges.read_with_autodesk(tmp_path / "a.fbx")
    (primitive,) = glb.json["meshes"][0]["primitives"]
    places = glb.accessor(primitive["attributes"]["POSITION"])
    for target, morph in zip(primitive["targets"], targets, strict=True):
        moved = np.concatenate([places, glb.accessor(target["POSITION"])], axis=1)
        for expected in np.concatenate([mesh.positions, morph.position_offsets], axis=1)[:16]:
            assert np.abs(moved - expected).max(axis=1).min() < 1e-4


def test_file_is_reproducible(motion: Motion, tmp_path: Path) -> None:
    for name in ("a.fbx", "b.fbx"):
        fbx.write(tmp_path / name, [_model(builders.character(seed=3), motion)], motion.fps, "take")
    assert (tmp_path / "a.fbx").read_bytes() == (tmp_path / "b.fbx").read_bytes()


def test_malformed_animation_is_refused(motion: Motion) -> None:
    character = builders.character()
    with pytest.raises(InvalidDataError, match="expected"):
        fbx.AnimatedModel("a", character, motion.rotations[:, :3], motion.root_position)
    with pytest.raises(InvalidDataError, match="not finite"):
        fbx.AnimatedModel("a", character, motion.rotations * np.nan, motion.root_position)


@pytest.mark.parametrize("order", range(6))
def test_euler_angles_turn_about_the_axes_in_order(order: int) -> None:
    angles = np.random.default_rng(order).uniform(-180, 180, (5, 3))
    expected = np.tile(np.eye(3), (5, 1, 1))
    for axis in map("xyz".index, euler.ORDERS[order]):
        step = rotation.to_matrix(rotation.from_rotvec(np.radians(angles) * np.eye(3)[axis]))
        expected = step @ expected
    assert_same(rotation.to_matrix(euler.to_quaternions(angles, order)), expected, 1e-12)


def test_euler_angles_are_continuous_through_gimbal_lock() -> None:
    turn = np.linspace(0, 4 * np.pi, 400)
    about_y = rotation.from_rotvec(turn[:, None] * np.array([0.0, 1.0, 0.0]))
    tilt = rotation.from_rotvec(np.array([0.01, 0.0, 0.02]))
    for rotations in (about_y, rotation.multiply(about_y, tilt)):
        angles = euler.from_quaternions(rotations[:, None])
        assert rotation.angle_between(euler.to_quaternions(angles[:, 0]), rotations).max() < 1e-7
        if rotations is about_y:
            assert np.abs(np.diff(angles, axis=0)).max() < 2.0


def _names(root: Node, kind: str) -> list[str]:
    objects = root.find("Objects")
    assert objects is not None
    return [str(node.properties[1]).split("\x00")[0] for node in objects.find_all(kind)]


def _properties(node: Node | None) -> dict[str, list[object]]:
    assert node is not None
    properties = node.find("Properties70")
    assert properties is not None
    return {str(p.properties[0]): list(p.properties[4:]) for p in properties.children}
