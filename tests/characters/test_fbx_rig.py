"""Characters and motions read from FBX files."""

import io
import lzma
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bodydouble.characters.fbx_rig import read_fbx_character, read_fbx_map, read_fbx_motion
from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import pose_matrices, retarget
from bodydouble.characters.to_humanoid import convert_to_humanoid
from bodydouble.data import Character, FloatArray, IntArray, Material, MorphTarget, Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.formats import fbx
from bodydouble.formats.fbx import document
from bodydouble.formats.fbx.document import Node
from bodydouble.formats.fbx.objects import TICKS_PER_SECOND
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import assert_same
from tests.shared_data import SHARED

FILES = Path(__file__).parent / "fbx_files"
TOLERANCE_M = 1e-5
TOLERANCE_RAD = 1e-5


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (10, 200, 30)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(params=[None, 3], ids=["world axes", "bone axes"])
def character(request: pytest.FixtureRequest) -> Character:
    return builders.character(seed=request.param)


@pytest.fixture
def motion() -> Motion:
    return builders.smooth_motion(frames=20, fps=Fraction(30000, 1001))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "boxes.fbx"


def _write(path: Path, character: Character, motion: Motion) -> tuple[FloatArray, FloatArray]:
    rotations, hips_translation = retarget(motion, character)
    fbx.write(path, [fbx.AnimatedModel("boxes", character, rotations, hips_translation)], motion.fps, "take")
    return rotations, hips_translation


def _decorate(character: Character) -> Character:
    """Gives the mesh a texture, colours and a morph target."""
    mesh, rng = character.meshes[0], np.random.default_rng(5)
    count = len(mesh.positions)
    target = MorphTarget("smile", np.where(np.arange(count)[:, None] % 3 == 0, rng.normal(size=(count, 3)), 0.0))
    material = Material("skin", (1.0, 1.0, 1.0, 1.0), roughness=0.4, texture_png=_png())
    colors, uvs = rng.uniform(size=(count, 4)), rng.uniform(size=(count, 2))
    decorated = replace(mesh, material=material, uvs=uvs, colors=colors, morph_targets=(target,))
    return replace(character, meshes=(decorated, replace(mesh, material=Material("cloth", (0.2, 0.4, 0.6, 1.0)))))


def test_character_comes_back(character: Character, motion: Motion, path: Path) -> None:
    _write(path, character, motion)
    read = read_fbx_character(path)
    joints = [read.skeleton.index(name) for name in character.skeleton.joint_names]
    expected = kinematics.bind_matrices(character)
    assert_same(kinematics.bind_matrices(read)[joints], expected, TOLERANCE_M)
    assert read.humanoid == {bone: joints[j] for bone, j in character.humanoid.items()}


def test_meshes_come_back(motion: Motion, path: Path) -> None:
    character = _decorate(builders.character(seed=3))
    _write(path, character, motion)
    read = read_fbx_character(path)
    assert [mesh.material.name for mesh in read.meshes] == ["skin", "cloth"]
    offset = read.skeleton.index(character.skeleton.joint_names[0])
    for actual, expected in zip(read.meshes, character.meshes, strict=True):
        # Corners are compared, since the order of vertices is free.
        a, e = actual.triangles.ravel(), expected.triangles.ravel()
        assert_same(actual.positions[a], expected.positions[e], TOLERANCE_M)
        assert_same(actual.normals[a], rotation.normalize(expected.normals)[e], 1e-5)
        joint_count = len(read.skeleton.joint_names)
        assert_same(
            _dense_weights(actual.joints, actual.weights, joint_count)[a],
            _dense_weights(expected.joints + offset, expected.weights, joint_count)[e],
            1e-6,
        )
    skin, cloth = read.meshes
    assert skin.material.texture_png == _png()
    assert skin.material.roughness == pytest.approx(0.4)
    assert cloth.material.base_color == pytest.approx((0.2, 0.4, 0.6, 1.0))
    corners, source = skin.triangles.ravel(), character.meshes[0]
    assert source.uvs is not None and source.colors is not None and skin.uvs is not None and skin.colors is not None
    assert_same(skin.uvs[corners], source.uvs[source.triangles.ravel()], 1e-5)
    assert_same(skin.colors[corners], source.colors[source.triangles.ravel()], 1e-5)
    (target,) = skin.morph_targets
    assert target.name == "smile"
    expected_offsets = source.morph_targets[0].position_offsets[source.triangles.ravel()]
    assert_same(target.position_offsets[corners], expected_offsets, TOLERANCE_M)


def _dense_weights(joints: IntArray, weights: FloatArray, count: int) -> FloatArray:
    dense = np.zeros((len(joints), count))
    for slot in range(joints.shape[1]):
        np.add.at(dense, (np.arange(len(joints)), joints[:, slot]), weights[:, slot])
    return dense


def test_motion_comes_back(character: Character, motion: Motion, path: Path) -> None:
    rotations, hips_translation = _write(path, character, motion)
    expected = pose_matrices(character, rotations, hips_translation)
    read, _ = read_fbx_motion(path)
    assert read.fps == motion.fps
    positions, world = kinematics.forward_kinematics(read.skeleton, read.rotations, read.root_position)
    for k, name in enumerate(read.skeleton.joint_names):
        j = character.skeleton.index(name)
        assert_same(positions[:, k], expected[:, j, :3, 3], TOLERANCE_M)
        angles = rotation.angle_between(world[:, k], rotation.from_matrix(expected[:, j, :3, :3]))
        assert angles.max() < TOLERANCE_RAD


def test_motion_of_the_person_comes_back(motion: Motion, path: Path) -> None:
    character = builders.character(seed=3)
    _write(path, character, motion)
    read, rest_rotations = read_fbx_motion(path)
    person = convert_to_humanoid(read, rest_rotations=rest_rotations, scale=1.0)
    # The path of the hips is scaled to the character, so joints are compared relative to them.
    actual, expected = kinematics.joint_positions(person), kinematics.joint_positions(motion)
    assert np.linalg.norm((actual - actual[:, :1]) - (expected - expected[:, :1]), axis=-1).max() < 2e-3
    # The legs of the T-pose are straight, so their rotations are relative to another rest pose.
    upper = [j for j, name in enumerate(humanoid.JOINTS) if not name.endswith(("Leg", "Foot", "Toes"))]
    angles = rotation.angle_between(person.rotations[:, upper], motion.rotations[:, upper])
    assert angles.max() < np.radians(0.5)


@pytest.mark.parametrize(("program", "scale", "frames"), [("blender", 1.0, 5), ("assimp", 100.0, 1)])
def test_files_of_other_programs_are_read(program: str, scale: float, frames: int, path: Path) -> None:
    path.write_bytes(lzma.decompress((FILES / f"{program}.fbx.xz").read_bytes()))
    source, motion = builders.character(seed=3), builders.smooth_motion(frames=5)
    character = read_fbx_character(path)
    joints = [character.skeleton.index(name) for name in source.skeleton.joint_names]
    bind = kinematics.bind_matrices(character)[joints]
    assert_same(scale * bind[:, :3, 3], kinematics.bind_matrices(source)[:, :3, 3], TOLERANCE_M)
    (mesh,) = character.meshes
    assert_same(scale * np.sort(mesh.positions, axis=0), np.sort(source.meshes[0].positions, axis=0), TOLERANCE_M)
    read, _ = read_fbx_motion(path)
    positions = scale * kinematics.joint_positions(read)[:frames]
    expected = pose_matrices(source, *retarget(motion, source))[:frames, :, :3, 3]
    order = [source.skeleton.index(name) for name in read.skeleton.joint_names]
    assert_same(positions, expected[:, order], 1e-4)


def test_fbx_is_a_character_by_its_suffix(motion: Motion, path: Path) -> None:
    _write(path, builders.character(), motion)
    assert load_character(str(path)).name == "boxes"


def _edit(path: Path, change: Callable[[Node], None]) -> None:
    root = document.read(path)
    change(root)
    document.write(path, root.children)


def _objects(root: Node) -> Node:
    objects = root.find("Objects")
    assert objects is not None
    return objects


def _name_texture(name: str) -> Callable[[Node], None]:
    """Returns a change that takes out the embedded image and names a file instead."""

    def change(root: Node) -> None:
        for node in _objects(root).children:
            if node.name in ("Video", "Texture"):
                node.children = [child for child in node.children if child.name != "Content"]
                for key in ("FileName", "Filename", "RelativeFilename"):
                    for child in node.find_all(key):
                        child.properties[0] = name

    return change


@pytest.mark.parametrize("name", ["skin.png", "C:\\maps\\skin.png", "textures\\skin.png", "/elsewhere/skin.png"])
def test_textures_beside_the_file_are_read(name: str, motion: Motion, path: Path) -> None:
    _write(path, _decorate(builders.character()), motion)
    _edit(path, _name_texture(name))
    folder = path.parent / "textures" if "textures" in name else path.parent
    folder.mkdir(exist_ok=True)
    (folder / "skin.png").write_bytes(_png())
    assert read_fbx_character(path).meshes[0].material.texture_png == _png()


def test_textures_outside_the_folder_are_not_read(motion: Motion, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(_png())
    (tmp_path / "inside").mkdir()
    path = tmp_path / "inside" / "boxes.fbx"
    _write(path, _decorate(builders.character()), motion)
    for name in ("../secret.png", "..\\secret.png", str(tmp_path / "secret.png")):
        _edit(path, _name_texture(name))
        assert read_fbx_character(path).meshes[0].material.texture_png is None


def _vertices_out_of_range(root: Node) -> None:
    polygons = next(_objects(root).find_all("Geometry")).find("PolygonVertexIndex")
    assert polygons is not None
    polygons.properties[0] = np.asarray(polygons.properties[0]) * 100


def _matrix_not_finite(root: Node) -> None:
    cluster = next(node for node in _objects(root).children if node.properties[2] == "Cluster")
    link = cluster.find("TransformLink")
    assert link is not None
    link.properties[0] = np.full(16, np.nan)


def _no_matrix(root: Node) -> None:
    cluster = next(node for node in _objects(root).children if node.properties[2] == "Cluster")
    cluster.children = [child for child in cluster.children if child.name != "Transform"]


def _short_layer(root: Node) -> None:
    layer = next(_objects(root).find_all("Geometry")).find("LayerElementNormal")
    assert layer is not None
    normals = layer.find("Normals")
    assert normals is not None
    normals.properties[0] = np.zeros(6)


def _no_bones(root: Node) -> None:
    objects = _objects(root)
    objects.children = [n for n in objects.children if n.properties[2] not in ("LimbNode", "Cluster")]


def _no_mesh(root: Node) -> None:
    objects = _objects(root)
    objects.children = [node for node in objects.children if node.name != "Geometry"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_vertices_out_of_range, "vertex that does not exist"),
        (_matrix_not_finite, "16 finite values"),
        (_no_matrix, "16 finite values"),
        (_short_layer, "shorter"),
        (_no_bones, "no skeleton"),
        (_no_mesh, "no mesh"),
    ],
)
def test_damaged_characters_are_refused(
    change: Callable[[Node], None], message: str, motion: Motion, path: Path
) -> None:
    _write(path, builders.character(), motion)
    _edit(path, change)
    with pytest.raises(FormatError, match=message):
        read_fbx_character(path)


def test_skeleton_of_empty_objects_is_read(motion: Motion, path: Path) -> None:
    rotations, hips_translation = _write(path, replace(builders.character(seed=3), meshes=()), motion)

    def empty_bones(root: Node) -> None:
        for node in _objects(root).children:
            if node.name == "Model":
                node.properties[2] = "Null"

    _edit(path, empty_bones)
    expected = pose_matrices(builders.character(seed=3), rotations, hips_translation)[..., :3, 3]
    read, _ = read_fbx_motion(path)
    order = [builders.character().skeleton.index(name) for name in read.skeleton.joint_names]
    assert_same(kinematics.joint_positions(read), expected[:, order], TOLERANCE_M)


def test_file_without_animation_has_no_motion(motion: Motion, path: Path) -> None:
    _write(path, builders.character(), motion)

    def remove_curves(root: Node) -> None:
        objects = _objects(root)
        objects.children = [node for node in objects.children if node.name != "AnimationCurve"]

    _edit(path, remove_curves)
    with pytest.raises(FormatError, match="no animation"):
        read_fbx_motion(path)


def _nameless(character: Character) -> Character:
    """Returns a character whose joints have numbers for names, with a joint without skin at the top of the head."""
    skeleton, head = character.skeleton, character.humanoid["head"]
    names = tuple(f"bone{j}" for j in range(len(skeleton.parents) + 1))
    offsets = np.concatenate([skeleton.rest_offsets, [[0.0, 0.1, 0.0]]])
    return replace(
        character,
        skeleton=Skeleton(names, (*skeleton.parents, head), offsets),
        rest_rotations=np.concatenate([character.rest_rotations, [rotation.IDENTITY]]),
    )


def test_skin_shows_the_head_where_names_do_not(motion: Motion, path: Path) -> None:
    character = _nameless(builders.character())
    _write(path, character, motion)
    found, names, _ = read_fbx_map(path)
    assert found.source == "shape of the skeleton"
    for bone, joint in character.humanoid.items():
        assert names[found.bones[bone]] == f"bone{joint}", bone


@pytest.mark.parametrize("name", ["raylib_robot.glb", "cryptovoxels.vrm", "cesium_man.glb"])
def test_the_map_by_shape_is_that_of_the_glb(name: str, path: Path) -> None:
    file = SHARED / "data" / "characters" / name
    if not file.is_file():
        pytest.skip(f"{file} is absent")
    character = load_character(str(file))
    names = tuple(f"bone{j}" for j in range(len(character.skeleton.joint_names)))
    character = replace(character, skeleton=replace(character.skeleton, joint_names=names))
    rest = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)[None]
    hips = character.skeleton.rest_offsets[character.humanoid["hips"]][None]
    fbx.write(path, [fbx.AnimatedModel("rig", character, rest, hips)], Fraction(30), "take")
    read = read_fbx_character(path)
    found = {bone: read.skeleton.joint_names[joint] for bone, joint in read.humanoid.items()}
    assert {bone: names[joint] for bone, joint in character.humanoid.items()}.items() <= found.items()


def test_a_take_cut_between_frames_is_read_at_its_keys(motion: Motion, path: Path) -> None:
    _write(path, builders.character(), motion)
    expected, _ = read_fbx_motion(path)

    def move_start(root: Node) -> None:
        stack = next(_objects(root).find_all("AnimationStack")).find("Properties70")
        assert stack is not None
        start = next(entry for entry in stack.find_all("P") if entry.properties[0] == "LocalStart")
        start.properties[4] = np.int64(TICKS_PER_SECOND / motion.fps / 4)

    _edit(path, move_start)
    actual, _ = read_fbx_motion(path)
    assert_same(kinematics.joint_positions(actual), kinematics.joint_positions(expected), TOLERANCE_M)
