"""Laws of retargeting, joint matrices and bind poses."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import JointMatrixSequence, pose_matrices, retarget
from bodydouble.data import Character, FloatArray, Motion, Skeleton
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.geometry.kinematics import bind_matrices, inverse_bind_matrices
from bodydouble.skeletons import adult_template, humanoid
from tests import builders
from tests.builders import assert_same

TEMPLATE = Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))


@pytest.fixture(scope="module")
def mannequin() -> Character:
    return load_character("mannequin")


@pytest.fixture(scope="module")
def a_pose(mannequin: Character) -> Character:
    return _bind_in_pose(
        mannequin,
        {
            "UpperArm": (0.0, 0.0, -50.0),
            "LowerArm": (0.0, -15.0, 0.0),
            "UpperLeg": (0.0, 0.0, 8.0),
            "Foot": (0.0, 0.0, -8.0),
        },
    )


def _bind_in_pose(character: Character, pose: dict[str, tuple[float, float, float]]) -> Character:
    """Binds the character in another pose: rotation vectors of the left joints, degrees, mirrored on the right."""
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    for bone, degrees in pose.items():
        left = rotation.from_rotvec(np.radians(degrees))
        local[character.humanoid["left" + bone]] = left
        local[character.humanoid["right" + bone]] = left * [1, -1, -1, 1]
    offsets = character.skeleton.rest_offsets.copy()
    skinned = _skin_vertices(character, local[None], offsets[:1])[0]
    floor = np.array([0.0, skinned[:, 1].min(), 0.0])
    offsets[0] -= floor
    return replace(
        character,
        skeleton=replace(character.skeleton, rest_offsets=offsets),
        rest_rotations=kinematics.world_rotations(character.skeleton.parents, local),
        meshes=(replace(character.meshes[0], positions=skinned - floor),),
    )


def _skin_vertices(character: Character, rotations: FloatArray, hips: FloatArray) -> FloatArray:
    """Returns the vertices (T, V, 3) of the character's only mesh."""
    (mesh,) = character.meshes
    world_from_rest = pose_matrices(character, rotations, hips) @ inverse_bind_matrices(character)
    points = np.hstack([mesh.positions, np.ones((len(mesh.positions), 1))])
    moved: FloatArray = np.einsum("vk,tvkij,vj->tvi", mesh.weights, world_from_rest[:, mesh.joints], points)
    return moved[..., :3]


def _standing_motion(skeleton: Skeleton = TEMPLATE, frames: int = 1) -> Motion:
    standing = builders.smooth_motion(frames, skeleton=skeleton)
    return replace(
        standing,
        rotations=np.tile(rotation.IDENTITY, (frames, 22, 1)),
        root_position=np.tile(skeleton.rest_offsets[0], (frames, 1)),
    )


def _positions(character: Character, motion: Motion) -> dict[str, FloatArray]:
    """Returns the path (T, 3) of each humanoid bone of a character with the motion."""
    world = pose_matrices(character, *retarget(motion, character))
    return {bone: world[:, joint, :3, 3] for bone, joint in character.humanoid.items()}


def test_retargeting_to_the_mannequin_keeps_the_rotations(mannequin: Character) -> None:
    motion = builders.smooth_motion(20, seed=3, skeleton=TEMPLATE)
    rotations, hips = retarget(motion, mannequin)
    assert_same(rotations[:, [mannequin.humanoid[name] for name in humanoid.JOINTS]], motion.rotations, 1e-6)
    assert_same(hips, motion.root_position, 1e-6)


def test_pose_matrices_are_forward_kinematics(mannequin: Character) -> None:
    rng = np.random.default_rng(0)
    rotations = builders.random_quaternions(rng, (4, len(mannequin.skeleton.joint_names)))
    hips = rng.normal(size=(4, 3))
    world = pose_matrices(mannequin, rotations, hips)
    positions, world_rotations = kinematics.forward_kinematics(mannequin.skeleton, rotations, hips)
    assert_same(world[..., :3, 3], positions, 1e-9)
    assert_same(world[..., :3, :3], rotation.to_matrix(world_rotations), 1e-9)


def test_the_rest_pose_moves_no_vertex(a_pose: Character) -> None:
    identity = np.tile(np.eye(4), (len(a_pose.skeleton.joint_names), 1, 1))
    assert_same(bind_matrices(a_pose) @ inverse_bind_matrices(a_pose), identity, 1e-12)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_retargeting_is_independent_of_the_axes_of_the_joints(seed: int) -> None:
    character, motion = replace(builders.character(seed=seed), meshes=()), builders.smooth_motion(8, seed=seed)
    path = _positions(character, motion)
    expected = kinematics.joint_positions(motion)
    for name in humanoid.JOINTS:
        assert_same(path[name], expected[:, humanoid.INDEX[name]], 1e-9)


def test_a_t_pose_straightens_the_limbs_of_an_a_pose_character(a_pose: Character) -> None:
    bind = bind_matrices(a_pose)[:, :3, 3]
    assert bind[a_pose.humanoid["leftHand"]][1] < bind[a_pose.humanoid["leftUpperArm"]][1] - 0.2
    path = _positions(a_pose, _standing_motion())
    for end, start, direction in (
        ("leftHand", "leftUpperArm", [1, 0, 0]),
        ("rightHand", "rightUpperArm", [-1, 0, 0]),
        ("leftFoot", "leftUpperLeg", [0, -1, 0]),
        ("rightFoot", "rightUpperLeg", [0, -1, 0]),
    ):
        step = path[end] - path[start]
        assert_same(rotation.normalize(step), [direction], 1e-6)


def test_a_and_t_pose_characters_have_the_same_motion(mannequin: Character, a_pose: Character) -> None:
    motion = builders.smooth_motion(10, seed=5, skeleton=TEMPLATE)
    expected, actual = _positions(mannequin, motion), _positions(a_pose, motion)
    for bone in humanoid.JOINTS:
        assert_same(actual[bone], expected[bone], 2e-3)


@pytest.mark.parametrize("pose", ["t", "a"])
def test_the_soles_of_a_standing_character_are_on_the_floor(mannequin: Character, a_pose: Character, pose: str) -> None:
    character = mannequin if pose == "t" else a_pose
    for skeleton in (TEMPLATE, replace(TEMPLATE, rest_offsets=TEMPLATE.rest_offsets * 1.4)):
        points = _skin_vertices(character, *retarget(_standing_motion(skeleton), character))
        assert abs(points[..., 1].min()) < 5e-3


def test_a_character_above_the_floor_is_moved_to_it(mannequin: Character) -> None:
    raised = [replace(mesh, positions=mesh.positions + np.array([0.0, 0.3, 0.0])) for mesh in mannequin.meshes]
    offsets = mannequin.skeleton.rest_offsets + np.eye(len(mannequin.skeleton.parents), 1) * [0.0, 0.3, 0.0]
    floating = replace(mannequin, meshes=tuple(raised), skeleton=replace(mannequin.skeleton, rest_offsets=offsets))
    assert_same(
        _positions(floating, _standing_motion())["leftFoot"],
        _positions(mannequin, _standing_motion())["leftFoot"],
        1e-3,
    )


def test_hips_below_another_joint_follow_the_same_path(mannequin: Character) -> None:
    motion = builders.smooth_motion(6, seed=2, skeleton=TEMPLATE)
    root_rotation = rotation.from_rotvec(np.array([0.4, -1.0, 0.3]))
    old = mannequin.skeleton
    root_position = np.array([0.3, -0.2, 0.1])
    to_parent = rotation.conjugate(root_rotation)
    offsets = np.vstack([root_position, old.rest_offsets])
    offsets[1] = rotation.rotate(to_parent, old.rest_offsets[0] - root_position)
    skeleton = Skeleton(("root", *old.joint_names), (-1, *(p + 1 for p in old.parents)), offsets)
    rooted = replace(
        mannequin,
        skeleton=skeleton,
        rest_rotations=np.vstack([root_rotation, mannequin.rest_rotations]),
        humanoid={bone: joint + 1 for bone, joint in mannequin.humanoid.items()},
        meshes=tuple(replace(mesh, joints=mesh.joints + 1) for mesh in mannequin.meshes),
    )
    expected, actual = _positions(mannequin, motion), _positions(rooted, motion)
    for bone in mannequin.humanoid:
        assert_same(actual[bone], expected[bone], 1e-6)


def test_rotations_of_a_missing_upper_chest_are_applied_to_the_chest(mannequin: Character) -> None:
    bones = {bone: joint for bone, joint in mannequin.humanoid.items() if bone != "upperChest"}
    motion = builders.smooth_motion(6, seed=4, skeleton=TEMPLATE)
    character = replace(mannequin, humanoid=bones)
    world = pose_matrices(character, *retarget(motion, character))
    world_rotations = rotation.to_matrix(kinematics.world_rotations(humanoid.PARENTS, motion.rotations))
    assert_same(world[:, bones["chest"], :3, :3], world_rotations[:, humanoid.INDEX["upperChest"]], 1e-9)
    assert_same(world[:, bones["leftLowerArm"], :3, :3], world_rotations[:, humanoid.INDEX["leftLowerArm"]], 1e-9)


def test_joints_without_a_source_keep_their_rest_rotation() -> None:
    character = builders.character(seed=7)
    bones = {bone: joint for bone, joint in character.humanoid.items() if bone != "leftToes"}
    toes = character.humanoid["leftToes"]
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)[toes]
    rotations, _ = retarget(builders.smooth_motion(5), replace(character, humanoid=bones))
    assert np.all(rotation.angle_between(rotations[:, toes], local) < 1e-6)


def test_fingers_of_the_mannequin_are_curled_towards_the_palm(mannequin: Character) -> None:
    path = _positions(mannequin, _standing_motion())
    for side, sign in (("left", 1), ("right", -1)):
        tip, wrist = path[f"{side}MiddleDistal"][0], path[f"{side}Hand"][0]
        assert tip[1] < wrist[1] - 0.01
        assert sign * (tip[0] - wrist[0]) > 0.1


def test_consecutive_frames_lie_in_one_hemisphere(mannequin: Character) -> None:
    rotations, _ = retarget(builders.smooth_motion(40, seed=8, skeleton=TEMPLATE), mannequin)
    assert np.all(np.sum(rotations[1:] * rotations[:-1], axis=-1) > 0)


def test_inverse_bind_matrices_are_rigid(a_pose: Character) -> None:
    assert_same(inverse_bind_matrices(a_pose), camera.inverse(bind_matrices(a_pose)), 1e-12)
    assert_same(np.linalg.det(inverse_bind_matrices(a_pose)[:, :3, :3]), np.ones(52), 1e-9)


def test_blocks_of_joint_matrices_are_the_pose_matrices() -> None:
    motion = builders.smooth_motion(150)
    character = load_character("mannequin")
    rotations, translation = retarget(motion, character)
    expected = pose_matrices(character, rotations, translation)
    poses = JointMatrixSequence(character, rotations, translation)
    assert len(poses) == 150
    for frame in (0, 63, 64, 149, 3):
        np.testing.assert_allclose(poses[frame], expected[frame], atol=1e-12)
    with pytest.raises(IndexError):
        poses[150]
