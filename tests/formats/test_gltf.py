import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from bodydouble import __version__
from bodydouble.characters.keyframe_reduction import reduce_keyframes
from bodydouble.data import Character, Material, MorphTarget, Motion, Texture, TexturePlacement
from bodydouble.errors import InvalidDataError
from bodydouble.formats import gltf
from bodydouble.formats.gltf_tangents import compute_tangents
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import Floats, assert_same
from tests.formats import glb_evaluator, validator
from tests.formats.glb_evaluator import Glb


def _png(color: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(file, "PNG")
    return file.getvalue()


def _node_rotations(character: Character, motion: Motion) -> Floats:
    """Returns node rotations that rotate each joint by the motion's world rotation, for any joint axes."""
    world = kinematics.world_rotations(humanoid.PARENTS, motion.rotations)
    node_world = rotation.multiply(world, character.rest_rotations)
    return np.asarray(kinematics.local_rotations(character.skeleton.parents, node_world))


def _write(path: Path, character: Character, motion: Motion, name: str = "dance") -> Glb:
    gltf.write(path, character, _node_rotations(character, motion), motion.root_position, motion.fps, name)
    return glb_evaluator.read(path)


@pytest.fixture(params=[None, 3], ids=["world axes", "bone axes"])
def character(request: pytest.FixtureRequest) -> Character:
    return builders.character(seed=request.param)


@pytest.fixture
def glb_path(tmp_path: Path) -> Path:
    return tmp_path / "out.glb"


def test_joints_follow_the_motion(character: Character, glb_path: Path) -> None:
    motion = builders.smooth_motion(frames=5, fps=Fraction(30000, 1001))
    glb = _write(glb_path, character, motion)
    expected = kinematics.joint_positions(motion)
    for frame in range(5):
        for j, joint in enumerate(humanoid.JOINTS):
            played = glb.world_matrix(glb.node(joint), frame / 30000 * 1001)
            assert_same(played[:3, 3], expected[frame, j], 1e-5)


def test_vertices_are_a_linear_blend(character: Character, glb_path: Path) -> None:
    motion = builders.smooth_motion(frames=3)
    glb = _write(glb_path, character, motion)
    positions, world = kinematics.forward_kinematics(
        builders.humanoid_skeleton(), motion.rotations, motion.root_position
    )
    rest = kinematics.rest_positions(builders.humanoid_skeleton())
    mesh = character.meshes[0]
    expected = np.zeros_like(mesh.positions)
    for slot in range(4):
        joints = mesh.joints[:, slot]
        joint_rotation = Rotation.from_quat(world[2, joints])
        moved = joint_rotation.apply(mesh.positions - rest[joints]) + positions[2, joints]
        expected += mesh.weights[:, slot, None] * moved
    assert_same(glb.skinned_positions(0, seconds=2 / 30), expected, 1e-5)


def test_rest_pose_is_kept_in_the_nodes(character: Character, glb_path: Path) -> None:
    _write(glb_path, character, builders.smooth_motion(frames=3))
    glb = glb_evaluator.read(glb_path)
    glb.json["animations"] = [{"channels": [], "samplers": []}]
    assert_same(glb.skinned_positions(0, seconds=0.0), character.meshes[0].positions, 1e-5)


def test_files_are_valid(character: Character, glb_path: Path) -> None:
    _write(glb_path, character, builders.smooth_motion(frames=5))
    # Texture coordinates are kept without a texture, so that one can be painted.
    unused = "/meshes/0/primitives/0/attributes/TEXCOORD_0: This object may be unused."
    assert validator.issues(glb_path) == [f"information UNUSED_OBJECT at {unused}"]


def test_the_validator_reports_a_damaged_file(character: Character, glb_path: Path) -> None:
    _write(glb_path, character, builders.smooth_motion(frames=2))
    glb_path.write_bytes(glb_path.read_bytes().replace(b'"SCALAR"', b'"SCALER"'))
    assert validator.serious_issues(glb_path)


def test_textures_and_transparency_are_valid(glb_path: Path) -> None:
    red, blue = _png((255, 0, 0)), _png((0, 0, 255))
    body = builders.character(material=Material("skin", (1.0, 0.8, 0.7, 1.0), texture_png=red)).meshes[0]
    meshes = (
        body,
        replace(body, colors=None),
        replace(body, material=Material("glass", (1.0, 1.0, 1.0, 0.5), roughness=0.1)),
        replace(body, material=Material("cloth", texture_png=red)),
        replace(body, material=Material("shoes", texture_png=blue)),
    )
    glb = _write(glb_path, replace(builders.character(), meshes=meshes), builders.smooth_motion(frames=2))
    assert validator.serious_issues(glb_path) == []
    assert [m["name"] for m in glb.json["materials"]] == ["skin", "glass", "cloth", "shoes"]
    assert [p["material"] for p in glb.json["meshes"][0]["primitives"]] == [0, 0, 1, 2, 3]
    assert len(glb.json["images"]) == 2
    assert glb.json["materials"][1]["alphaMode"] == "BLEND"
    view = glb.json["bufferViews"][glb.json["images"][1]["bufferView"]]
    assert glb.binary[view["byteOffset"] :][: view["byteLength"]] == blue


def test_vertex_attributes_are_those_of_the_mesh(character: Character, glb_path: Path) -> None:
    glb = _write(glb_path, character, builders.smooth_motion(frames=2))
    (primitive,) = glb.json["meshes"][0]["primitives"]
    mesh = character.meshes[0]
    assert mesh.uvs is not None and mesh.colors is not None
    for attribute, expected in (
        ("POSITION", mesh.positions),
        ("NORMAL", mesh.normals),
        ("TEXCOORD_0", mesh.uvs),
        ("COLOR_0", mesh.colors),
    ):
        assert_same(glb.accessor(primitive["attributes"][attribute]), expected, 1e-6)
    np.testing.assert_array_equal(glb.accessor(primitive["indices"]), mesh.triangles.ravel())
    assert glb.json["asset"]["generator"] == f"bodydouble {__version__}"


@pytest.mark.parametrize("fps", [Fraction(30), Fraction(30000, 1001), Fraction(25, 2)])
def test_keys_stand_at_the_times_of_the_frames(fps: Fraction, glb_path: Path) -> None:
    frames = 40
    glb = _write(glb_path, builders.character(), builders.smooth_motion(frames, fps=fps), name="spin")
    (animation,) = glb.json["animations"]
    assert animation["name"] == "spin"
    expected = np.array([np.float32(float(i / fps)) for i in range(frames)])
    for sampler in animation["samplers"]:
        np.testing.assert_array_equal(glb.accessor(sampler["input"]), expected)
    assert glb.duration() == np.float32(float((frames - 1) / fps))


def test_only_moving_joints_have_a_track(glb_path: Path) -> None:
    motion = builders.smooth_motion(frames=6)
    rotations = np.tile(rotation.IDENTITY, (6, 22, 1))
    rotations[:, humanoid.INDEX["leftLowerArm"]] = motion.rotations[:, 0]
    rotations[:, humanoid.INDEX["head"]] *= -1.0
    glb = _write(glb_path, builders.character(), replace(motion, rotations=rotations))
    nodes = glb.json["nodes"]
    tracks = [(nodes[c["target"]["node"]]["name"], c["target"]["path"]) for c in glb.json["animations"][0]["channels"]]
    assert tracks == [("hips", "translation"), ("leftLowerArm", "rotation")]


def test_still_pose_of_one_frame(character: Character, glb_path: Path) -> None:
    motion = builders.smooth_motion(frames=1, seed=4)
    glb = _write(glb_path, character, motion)
    assert glb.duration() == 0.0
    assert validator.serious_issues(glb_path) == []
    hand = glb.world_matrix(glb.node("leftHand"), 0.0)[:3, 3]
    assert_same(hand, kinematics.joint_positions(motion)[0, humanoid.INDEX["leftHand"]], 1e-5)


def test_quaternions_are_unit_and_continuous(character: Character, glb_path: Path) -> None:
    motion = builders.smooth_motion(frames=60)
    signs = np.random.default_rng(0).choice([-2.0, 2.0], size=(60, 22, 1))
    glb = _write(glb_path, character, replace(motion, rotations=motion.rotations))
    gltf.write(
        glb_path, character, signs * _node_rotations(character, motion), motion.root_position, motion.fps, "signs"
    )
    signed = glb_evaluator.read(glb_path)
    assert signed.binary == glb.binary
    for channel in glb.json["animations"][0]["channels"]:
        if channel["target"]["path"] == "rotation":
            q = glb.accessor(glb.json["animations"][0]["samplers"][channel["sampler"]]["output"])
            assert_same(np.linalg.norm(q, axis=1), np.ones(len(q)), 2e-7)
            assert (np.sum(q[1:] * q[:-1], axis=1) > 0).all()


def test_skin_weights_are_normalized(glb_path: Path) -> None:
    character = builders.character()
    mesh = character.meshes[0]
    rng = np.random.default_rng(5)
    joints = rng.integers(0, 22, size=mesh.joints.shape)
    joints[::3, 1] = joints[::3, 0]
    weights = rng.uniform(size=mesh.weights.shape) ** 4
    weights[::2, 2] = 0.0
    messy = replace(mesh, joints=joints, weights=weights, normals=3 * mesh.normals, uvs=None)
    glb = _write(glb_path, replace(character, meshes=(messy,)), builders.smooth_motion(frames=2))
    assert validator.issues(glb_path) == []
    (primitive,) = glb.json["meshes"][0]["primitives"]
    written, of_joints = (glb.accessor(primitive["attributes"][a]) for a in ("WEIGHTS_0", "JOINTS_0"))
    expected, actual = np.zeros((2, len(joints), 22))
    rows = np.arange(len(joints))[:, None]
    np.add.at(expected, (rows, joints), weights / weights.sum(axis=1, keepdims=True))
    np.add.at(actual, (rows, of_joints), written)
    assert_same(actual, expected, 1e-6)


def test_large_meshes_and_rigs(glb_path: Path) -> None:
    """Above 65,535 vertices and 256 joints the index types grow."""
    character = builders.character()
    mesh = character.meshes[0]
    copies = 65536 // len(mesh.positions) + 1
    names = (*character.skeleton.joint_names, *(f"extra{i}" for i in range(300)))
    skeleton = replace(
        character.skeleton,
        joint_names=names,
        parents=(*character.skeleton.parents, *range(21, 321)),
        rest_offsets=np.concatenate([character.skeleton.rest_offsets, np.full((300, 3), 0.001)]),
    )
    rest = np.tile(rotation.IDENTITY, (322, 1))
    big = replace(
        mesh,
        positions=np.tile(mesh.positions, (copies, 1)),
        normals=np.tile(mesh.normals, (copies, 1)),
        joints=np.tile(mesh.joints, (copies, 1)) + 300,
        weights=np.tile(mesh.weights, (copies, 1)),
        triangles=mesh.triangles + len(mesh.positions) * (copies - 1),
        uvs=None,
        colors=None,
    )
    gltf.write(
        glb_path,
        replace(character, skeleton=skeleton, rest_rotations=rest, meshes=(big,)),
        rest[None],
        np.zeros((1, 3)),
        Fraction(30),
        "still",
    )
    glb = glb_evaluator.read(glb_path)
    (primitive,) = glb.json["meshes"][0]["primitives"]
    np.testing.assert_array_equal(glb.accessor(primitive["indices"]), big.triangles.ravel())
    used = glb.accessor(primitive["attributes"]["JOINTS_0"])
    np.testing.assert_array_equal(used[:, 0], big.joints[:, 0])
    assert validator.serious_issues(glb_path) == []


def test_sparse_keys_play_within_the_bound(character: Character, glb_path: Path) -> None:
    motion = builders.smooth_motion(frames=40, fps=Fraction(30000, 1001))
    rotations, bound = _node_rotations(character, motion), 0.005
    keys = reduce_keyframes(character.skeleton, rotations, motion.root_position, bound)
    gltf.write(glb_path, character, rotations, motion.root_position, motion.fps, "dance", keys)
    assert validator.serious_issues(glb_path) == []
    glb = glb_evaluator.read(glb_path)
    expected = kinematics.joint_positions(motion)
    for frame in range(40):
        for j, joint in enumerate(humanoid.JOINTS):
            played = glb.world_matrix(glb.node(joint), frame / 30000 * 1001)[:3, 3]
            assert np.linalg.norm(played - expected[frame, j]) <= bound


def test_tracks_with_sparse_keys_have_separate_times(glb_path: Path) -> None:
    character, motion = builders.character(), builders.smooth_motion(frames=12)
    rotation_keys, translation_keys = np.ones((12, 22), dtype=np.bool_), np.ones(12, dtype=np.bool_)
    rotation_keys[1:-1, 3] = translation_keys[2:5] = False
    gltf.write(
        glb_path,
        character,
        motion.rotations,
        motion.root_position,
        motion.fps,
        "dance",
        (rotation_keys, translation_keys),
    )
    glb = glb_evaluator.read(glb_path)
    (animation,) = glb.json["animations"]
    samplers = [animation["samplers"][channel["sampler"]] for channel in animation["channels"]]
    assert [len(glb.accessor(s["input"])) for s in samplers] == [9] + [12] * 3 + [2] + [12] * 18
    for sampler in samplers:
        assert len(glb.accessor(sampler["output"])) == len(glb.accessor(sampler["input"]))
    assert len({s["input"] for s in samplers}) == 3
    assert_same(glb.accessor(samplers[4]["input"]), [0, 11 / 30], 1e-7)
    assert glb.duration() == np.float32(11 / 30)


def test_adjacent_keys_lie_in_one_hemisphere(glb_path: Path) -> None:
    """A rotation of 1.5 pi between two keys takes the shorter arc: in the file they lie in one hemisphere."""
    motion = builders.smooth_motion(frames=3)
    rotations = np.tile(rotation.IDENTITY, (3, 22, 1))
    rotations[:, 0] = rotation.from_rotvec(np.array([[0.0, a, 0.0] for a in (0.0, 0.75 * np.pi, 1.5 * np.pi)]))
    ends = np.array([True, False, True])
    keys = np.tile(ends[:, None], (1, 22)), ends
    gltf.write(glb_path, builders.character(), rotations, motion.root_position, motion.fps, "spin", keys)
    glb = glb_evaluator.read(glb_path)
    quaternions = glb.accessor(glb.json["animations"][0]["samplers"][1]["output"])
    assert np.sum(quaternions[0] * quaternions[1]) > 0


def test_skeleton_without_meshes(glb_path: Path) -> None:
    bare = replace(builders.character(), meshes=())
    glb = _write(glb_path, bare, builders.smooth_motion(frames=2))
    assert "skins" not in glb.json and "meshes" not in glb.json
    assert validator.serious_issues(glb_path) == []


def test_wrong_arrays_are_refused(glb_path: Path) -> None:
    character = builders.character()
    mesh = character.meshes[0]
    motion = builders.smooth_motion(frames=2)
    position = motion.root_position
    nan = np.full_like(motion.rotations, np.nan)
    for rotations, message in (
        (motion.rotations[:, :-1], "expected"),
        (motion.rotations[:0], "expected"),
        (nan, "finite"),
    ):
        with pytest.raises(InvalidDataError, match=message):
            gltf.write(glb_path, character, rotations, position[: len(rotations)], motion.fps, "dance")
    for bad in (
        replace(mesh, weights=np.zeros_like(mesh.weights)),
        replace(mesh, weights=mesh.weights - 0.5),
        replace(mesh, material=Material(texture_png=b"not an image")),
    ):
        with pytest.raises(InvalidDataError):
            _write(glb_path, replace(character, meshes=(bad,)), motion)
    everything = np.ones((2, 22), dtype=np.bool_)
    for rotation_keys in (everything[:, 1:], ~everything):
        with pytest.raises(InvalidDataError, match="keys"):
            gltf.write(
                glb_path, character, motion.rotations, position, motion.fps, "dance", (rotation_keys, everything[:, 0])
            )
    assert not glb_path.exists()


def test_materials_with_every_property_are_valid(glb_path: Path) -> None:
    image = Texture(
        _png((9, 9, 9)), TexturePlacement(wrap=("clamp", "mirror"), offset=(0.5, 0.0), scale=(0.5, 2.0)), 0.5
    )
    materials = (
        Material("hair", alpha_mode="mask", alpha_cutoff=0.25, is_double_sided=True, is_unlit=True),
        Material("glass", alpha_mode="blend", base_color=(1.0, 1.0, 1.0, 0.5)),
        Material("lamp", emissive_color=(4.0, 2.0, 0.0), emissive_map=image),
        Material("steel", texture_png=image.image, texture_placement=image.placement, metallic_roughness_map=image),
        Material("stone", normal_map=image, occlusion_map=image),
    )
    body = builders.character().meshes[0]
    meshes = tuple(replace(body, material=material) for material in materials)
    glb = _write(glb_path, replace(builders.character(), meshes=meshes), builders.smooth_motion(frames=2))
    assert validator.serious_issues(glb_path) == []
    hair, glass, lamp, steel, stone = glb.json["materials"]
    assert (hair["alphaMode"], hair["alphaCutoff"], hair["doubleSided"]) == ("MASK", 0.25, True)
    assert hair["extensions"] == {"KHR_materials_unlit": {}}
    assert glass["alphaMode"] == "BLEND" and "alphaCutoff" not in glass
    assert lamp["emissiveFactor"] == [1.0, 0.5, 0.0]
    assert lamp["extensions"]["KHR_materials_emissive_strength"] == {"emissiveStrength": 4.0}
    transform = steel["pbrMetallicRoughness"]["baseColorTexture"]["extensions"]["KHR_texture_transform"]
    assert transform == {"offset": [0.5, 0.0], "scale": [0.5, 2.0]}
    assert (stone["normalTexture"]["scale"], stone["occlusionTexture"]["strength"]) == (0.5, 0.5)
    assert len(glb.json["textures"]) == len(glb.json["samplers"]) == len(glb.json["images"]) == 1
    assert set(glb.json["extensionsUsed"]) == {
        "KHR_materials_unlit", "KHR_materials_emissive_strength", "KHR_texture_transform",
    }  # fmt: skip


def test_meshes_of_one_name_are_one_mesh(glb_path: Path) -> None:
    body = builders.character().meshes[0]
    offsets = np.zeros_like(body.positions)
    offsets[5] = 0.01
    smile = MorphTarget("smile", offsets, weight=0.25)
    meshes = (body, replace(body, name="hat"), replace(body, name="face", morph_targets=(smile,)), body)
    glb = _write(glb_path, replace(builders.character(), meshes=meshes), builders.smooth_motion(frames=2))
    assert validator.serious_issues(glb_path) == []
    assert [(mesh["name"], len(mesh["primitives"])) for mesh in glb.json["meshes"]] == [
        ("boxes", 2), ("hat", 1), ("face", 1),
    ]  # fmt: skip
    face = glb.json["meshes"][2]
    assert (face["weights"], face["extras"]) == ([0.25], {"targetNames": ["smile"]})


@pytest.mark.parametrize(("direction", "sign"), [(1.0, 1.0), (-1.0, -1.0)])
def test_tangents_are_along_u_and_bitangents_up_in_the_image(direction: float, sign: float) -> None:
    """Source: glTF 2.0 specification, 3.7.2.1 and normalTexture: +Y is up in the image, against v."""
    corners = np.array([[-1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, -1.0, 0.0], [1.0, -1.0, 0.0]])
    uvs = np.stack([direction * corners[:, 0], -corners[:, 1]], axis=-1)
    normals = np.tile([0.0, 0.0, 1.0], (4, 1))
    tangents = compute_tangents(corners, normals, uvs, np.array([[0, 2, 1], [1, 2, 3]]))
    assert_same(tangents, np.tile([direction, 0.0, 0.0, sign], (4, 1)), 1e-12)
    assert_same(np.cross(normals, tangents[:, :3]) * tangents[:, 3:], np.tile([0.0, 1.0, 0.0], (4, 1)), 1e-12)


def test_tangents_are_unit_where_coordinates_say_nothing() -> None:
    body = builders.character().meshes[0]
    tangents = compute_tangents(body.positions, body.normals, np.zeros((len(body.positions), 2)), body.triangles)
    assert_same(np.linalg.norm(tangents[:, :3], axis=1), np.ones(len(tangents)), 1e-9)
    assert_same(np.sum(tangents[:, :3] * body.normals, axis=1), np.zeros(len(tangents)), 1e-9)
