"""A motion of any rig becomes the same motion of the humanoid joints."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
import pytest

from bodydouble.characters.retarget import pose_matrices, retarget
from bodydouble.characters.to_humanoid import convert_to_humanoid
from bodydouble.data import Character, FloatArray, Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import adult_template, humanoid
from bodydouble.skeletons.rigs import biovision, biped, cmu, mixamo, rigify, unreal
from tests import builders
from tests.builders import assert_same


def straight_person() -> Skeleton:
    """An adult whose legs are exactly vertical in the T-pose."""
    skeleton = builders.humanoid_skeleton()
    skeleton.rest_offsets[[humanoid.INDEX["leftFoot"], humanoid.INDEX["rightFoot"]], 2] = 0.0
    return skeleton


PERSON = straight_person()
RESTS: dict[str, dict[str, tuple[float, float, float]]] = {
    "t": {},
    "a": {"UpperArm": (0, 0, -50), "LowerArm": (0, -15, 0), "UpperLeg": (0, 0, 8), "Foot": (0, 0, -8)},
    "hanging arms": {"UpperArm": (0, 0, -88), "UpperLeg": (0, 0, 20), "Foot": (0, 0, -20)},
}
"""Pose -> rotation vectors of the left joints, degrees, mirrored on the right."""


@dataclass(frozen=True)
class Rig:
    """A rig and its rest pose."""

    skeleton: Skeleton
    rest_rotations: FloatArray

    def character(self) -> Character:
        return Character("rig", self.skeleton, self.rest_rotations, dict(humanoid.INDEX), ())


def rig(pose: str, seed: int | None = None, skeleton: Skeleton = PERSON) -> Rig:
    """A rig at rest in a pose; with a seed its joints have axes of their own."""
    local = np.tile(rotation.IDENTITY, (22, 1))
    for bone, degrees in RESTS[pose].items():
        turn = rotation.from_rotvec(np.radians(degrees))
        local[humanoid.INDEX["left" + bone]] = turn
        local[humanoid.INDEX["right" + bone]] = turn * [1, -1, -1, 1]
    positions, _ = kinematics.forward_kinematics(skeleton, local, skeleton.rest_offsets[0])
    positions[:, 1] -= positions[:, 1].min() - 0.02
    axes = np.tile(rotation.IDENTITY, (22, 1))
    if seed is not None:
        axes = builders.random_quaternions(np.random.default_rng(seed), (22,))
    parents = np.array(humanoid.PARENTS[1:])
    offsets = positions.copy()
    offsets[1:] = rotation.rotate(rotation.conjugate(axes[parents]), positions[1:] - positions[parents])
    return Rig(replace(skeleton, rest_offsets=offsets), axes)


def dance(of: Rig, seed: int = 1, frames: int = 12) -> Motion:
    """A motion of a rig, its local rotations at rest included."""
    sway = builders.smooth_motion(frames, seed, skeleton=of.skeleton)
    local = kinematics.local_rotations(humanoid.PARENTS, of.rest_rotations)
    return replace(sway, rotations=rotation.multiply(local, sway.rotations))


def renamed(motion: Motion, names: Mapping[str, str]) -> Motion:
    own = tuple(names[bone] for bone in motion.skeleton.joint_names)
    return replace(motion, skeleton=replace(motion.skeleton, joint_names=own))


def without(motion: Motion, *joints: str) -> Motion:
    """The motion of a rig that lacks some joints; their children hang on the joints above, which turn as they did."""
    names = motion.skeleton.joint_names
    kept = [j for j, name in enumerate(names) if name not in joints]
    above = list(motion.skeleton.parents)
    offsets = motion.skeleton.rest_offsets.copy()
    for j in range(1, len(names)):
        while above[j] not in kept:
            offsets[j] += motion.skeleton.rest_offsets[above[j]]
            above[j] = motion.skeleton.parents[above[j]]
    skeleton = Skeleton(
        tuple(names[j] for j in kept), tuple(kept.index(above[j]) if above[j] >= 0 else -1 for j in kept), offsets[kept]
    )
    return replace(
        motion, skeleton=skeleton, rotations=motion.rotations[:, kept], joint_sigma=motion.joint_sigma[:, kept]
    )


def same(actual: Motion, expected: Motion, tolerance: float = 1e-9) -> None:
    assert actual.skeleton.joint_names == humanoid.JOINTS
    assert_same(actual.skeleton.rest_offsets, expected.skeleton.rest_offsets, tolerance)
    assert_same(kinematics.joint_positions(actual), kinematics.joint_positions(expected), tolerance)
    assert rotation.angle_between(actual.rotations, expected.rotations).max() < max(tolerance, 1e-7)


def test_a_humanoid_motion_stays_as_it_is() -> None:
    motion = builders.smooth_motion(20, 3, skeleton=PERSON)
    made = convert_to_humanoid(motion, scale=1.0)
    same(made, motion)
    assert_same(made.contacts, motion.contacts, 0)
    assert_same(made.joint_sigma, motion.joint_sigma, 0)


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("pose", RESTS)
def test_all_joints_are_where_the_rig_has_them(pose: str, seed: int | None) -> None:
    source = rig(pose, seed)
    motion = dance(source)
    made = convert_to_humanoid(motion, rest_rotations=source.rest_rotations, scale=1.0)
    assert_same(kinematics.joint_positions(made), kinematics.joint_positions(motion), 1e-9)


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("pose", RESTS)
def test_retargeted_to_the_same_rig_it_is_the_same_motion(pose: str, seed: int | None) -> None:
    template = Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))
    source = rig(pose, seed, template)
    motion = dance(source)
    character = source.character()
    made = convert_to_humanoid(motion, rest_rotations=source.rest_rotations, scale=1.0)
    matrices = pose_matrices(character, *retarget(made, character))
    assert_same(matrices[..., :3, 3], kinematics.joint_positions(motion), 1e-6)
    turns = kinematics.world_rotations(humanoid.PARENTS, motion.rotations)
    assert_same(matrices[..., :3, :3], rotation.to_matrix(turns), 1e-6)


@pytest.mark.parametrize("pose", RESTS)
def test_the_skeleton_stands_in_the_t_pose_with_its_soles_on_the_floor(pose: str) -> None:
    source = rig(pose, 2)
    made = convert_to_humanoid(dance(source), rest_rotations=source.rest_rotations, scale=1.0).skeleton
    straight = PERSON.rest_offsets.copy()
    straight[0] = made.rest_offsets[0]
    assert_same(made.rest_offsets, straight, 0.02)
    assert_same(np.linalg.norm(made.rest_offsets[1:], axis=1), np.linalg.norm(PERSON.rest_offsets[1:], axis=1), 1e-9)
    assert 0 < kinematics.rest_positions(made)[humanoid.INDEX["leftToes"], 1] < 0.06


@pytest.mark.parametrize("names", [biped, cmu, biovision, mixamo, rigify, unreal])
def test_the_names_of_the_joints_do_not_matter(names: ModuleType) -> None:
    motion = builders.smooth_motion(8)
    same(convert_to_humanoid(renamed(motion, names.NAMES)), convert_to_humanoid(motion))


@pytest.mark.parametrize("yaw", [-90, 180, 33])
def test_the_rest_pose_may_face_anywhere(yaw: float) -> None:
    motion = builders.smooth_motion(8)
    turn = rotation.from_rotvec(np.radians([0.0, yaw, 0.0]))
    world = kinematics.world_rotations(humanoid.PARENTS, motion.rotations)
    rotations = kinematics.local_rotations(humanoid.PARENTS, rotation.multiply(world, rotation.conjugate(turn)))
    skeleton = replace(motion.skeleton, rest_offsets=rotation.rotate(turn, motion.skeleton.rest_offsets))
    turned = replace(motion, skeleton=skeleton, rotations=rotations)
    assert_same(kinematics.joint_positions(turned), kinematics.joint_positions(motion), 1e-9)
    same(convert_to_humanoid(turned), convert_to_humanoid(motion))


def test_a_file_with_z_up_is_turned() -> None:
    motion = builders.smooth_motion(8)
    up = rotation.from_rotvec(np.array([np.pi / 2, 0, 0]))
    skeleton = replace(motion.skeleton, rest_offsets=rotation.rotate(up, motion.skeleton.rest_offsets))
    rotations = rotation.multiply(rotation.multiply(up, motion.rotations), rotation.conjugate(up))
    lying = replace(
        motion, skeleton=skeleton, rotations=rotations, root_position=rotation.rotate(up, motion.root_position)
    )
    same(convert_to_humanoid(lying), convert_to_humanoid(motion))


def test_a_mirrored_rig_gives_the_mirrored_motion() -> None:
    def mirrored(motion: Motion) -> Motion:
        swap = list(humanoid.MIRROR)
        flip = np.array([-1.0, 1.0, 1.0])
        return replace(
            motion,
            skeleton=replace(motion.skeleton, rest_offsets=motion.skeleton.rest_offsets[swap] * flip),
            rotations=motion.rotations[:, swap] * [1, -1, -1, 1],
            root_position=motion.root_position * flip,
        )

    motion = dance(rig("a"))
    same(convert_to_humanoid(mirrored(motion)), mirrored(convert_to_humanoid(motion)))


@pytest.mark.parametrize(
    "lacking",
    [("upperChest",), ("chest", "upperChest"), ("spine", "chest", "upperChest", "neck"), ("leftShoulder",),
     ("leftToes", "rightToes"), ("leftHand", "rightHand"), ("leftFoot", "rightFoot", "leftToes", "rightToes")],
)  # fmt: skip
def test_joints_that_the_rig_lacks_do_not_move(lacking: tuple[str, ...]) -> None:
    motion = without(dance(rig("a")), *lacking)
    made = convert_to_humanoid(motion, scale=1.0)
    has = [humanoid.INDEX[name] for name in motion.skeleton.joint_names]
    assert_same(kinematics.joint_positions(made)[:, has], kinematics.joint_positions(motion), 1e-9)
    lacks = [humanoid.INDEX[name] for name in lacking]
    assert rotation.angle_between(made.rotations[:, lacks], rotation.IDENTITY).max() < 1e-7
    assert_same(made.skeleton.rest_offsets[lacks], PERSON.rest_offsets[lacks], 0.06)


@pytest.mark.parametrize("unit_cm", [1.0, 100.0, 0.1, 2.54, 2.54 / 0.45])
def test_usual_units_are_recognised(unit_cm: float) -> None:
    made = convert_to_humanoid(_scaled(builders.smooth_motion(5), 1 / unit_cm))
    same(made, convert_to_humanoid(builders.smooth_motion(5)))


def test_legs_are_of_usual_length_in_an_unknown_unit_and_a_given_scale_is_kept() -> None:
    def leg(motion: Motion) -> float:
        joints = [humanoid.INDEX["leftLowerLeg"], humanoid.INDEX["leftFoot"]]
        return float(np.linalg.norm(motion.skeleton.rest_offsets[joints], axis=1).sum())

    giant = _scaled(builders.smooth_motion(5), 7.0)
    assert leg(convert_to_humanoid(giant)) == pytest.approx(0.85)
    assert leg(convert_to_humanoid(giant, scale=0.1)) == pytest.approx(0.7 * leg(builders.smooth_motion(5)))


def _scaled(motion: Motion, scale: float) -> Motion:
    skeleton = replace(motion.skeleton, rest_offsets=motion.skeleton.rest_offsets * scale)
    return replace(motion, skeleton=skeleton, root_position=motion.root_position * scale)


def test_hips_in_which_the_spine_begins_are_put_between_the_legs() -> None:
    offsets = PERSON.rest_offsets.copy()
    offsets[humanoid.INDEX["spine"]] = 0.0
    offsets[[humanoid.INDEX["leftUpperLeg"], humanoid.INDEX["rightUpperLeg"]], 1] = -0.1
    motion = builders.smooth_motion(8, skeleton=replace(PERSON, rest_offsets=offsets))
    made = convert_to_humanoid(motion, scale=1.0)
    assert_same(kinematics.joint_positions(made)[:, 1:], kinematics.joint_positions(motion)[:, 1:], 1e-9)
    assert np.linalg.norm(made.skeleton.rest_offsets[humanoid.INDEX["spine"]]) > 0.05


def test_a_neck_that_leans_back_at_rest_is_upright_in_the_t_pose() -> None:
    offsets = PERSON.rest_offsets.copy()
    head, length, lean = humanoid.INDEX["head"], 0.1, np.radians(20)
    offsets[head] = [0.0, length * np.cos(lean), -length * np.sin(lean)]
    motion = builders.smooth_motion(8, skeleton=replace(PERSON, rest_offsets=offsets))
    made = convert_to_humanoid(motion, scale=1.0)
    assert_same(kinematics.joint_positions(made), kinematics.joint_positions(motion), 1e-9)
    assert_same(made.skeleton.rest_offsets[head], [0.0, length, 0.0], 1e-9)
    bent = kinematics.world_rotations(humanoid.PARENTS, motion.rotations)[:, head]
    upright = kinematics.world_rotations(humanoid.PARENTS, made.rotations)[:, head]
    turn = rotation.to_rotvec(rotation.multiply(rotation.conjugate(bent), upright))
    assert_same(turn, np.tile([-lean, 0.0, 0.0], (8, 1)), 1e-9)


def test_a_divided_bone_points_at_its_end() -> None:
    """A joint in the middle of the upper arm that bends; the length of the bone is the only thing that is lost."""
    whole = builders.smooth_motion(8)
    arm, elbow = humanoid.INDEX["leftUpperArm"], humanoid.INDEX["leftLowerArm"]
    half = PERSON.rest_offsets[elbow] / 2
    parents = [p + (p >= elbow) for p in humanoid.PARENTS]
    parents[elbow] = elbow
    skeleton = Skeleton(
        (*humanoid.JOINTS[:elbow], "twist", *humanoid.JOINTS[elbow:]),
        (*parents[:elbow], arm, *parents[elbow:]),
        np.insert(PERSON.rest_offsets, elbow, half, axis=0) - half * (np.arange(23) == elbow + 1)[:, None],
    )
    bend = rotation.from_rotvec(np.array([0.3, 0.2, 0.4]))
    motion = replace(
        whole,
        skeleton=skeleton,
        rotations=np.insert(whole.rotations, elbow, bend, axis=1),
        joint_sigma=np.insert(whole.joint_sigma, elbow, 0.0, axis=1),
    )
    made = kinematics.joint_positions(convert_to_humanoid(motion, scale=1.0))
    real = np.delete(kinematics.joint_positions(motion), elbow, axis=1)
    assert_same(made[:, arm], real[:, arm], 1e-9)
    assert_same(
        rotation.normalize(made[:, elbow] - made[:, arm]), rotation.normalize(real[:, elbow] - real[:, arm]), 1e-9
    )


def test_the_first_frame_is_the_rest_pose_if_the_skeleton_does_not_stand() -> None:
    """As in files whose every bone points along x at rest."""
    motion = dance(rig("t"))
    standing = replace(motion, rotations=np.insert(motion.rotations, 0, rotation.IDENTITY, axis=0)[:12])
    world = kinematics.world_rotations(humanoid.PARENTS, standing.rotations)
    positions = kinematics.joint_positions(standing)
    parents = list(humanoid.PARENTS[1:])
    axes = np.vstack([rotation.IDENTITY, rotation.between(np.eye(3)[0], rotation.normalize(PERSON.rest_offsets[1:]))])
    offsets = PERSON.rest_offsets.copy()
    offsets[1:] = rotation.rotate(rotation.conjugate(axes[parents]), PERSON.rest_offsets[1:])
    rotations = kinematics.local_rotations(humanoid.PARENTS, rotation.multiply(world, axes))
    strange = replace(standing, skeleton=replace(PERSON, rest_offsets=offsets), rotations=rotations)
    made = convert_to_humanoid(strange, scale=1.0)
    assert_same(kinematics.joint_positions(made), positions, 1e-9)
    assert rotation.angle_between(made.rotations[0], rotation.IDENTITY).max() < 1e-6


def test_a_rig_without_legs_is_refused() -> None:
    motion = without(builders.smooth_motion(3), *(name for name in humanoid.JOINTS if "Leg" in name))
    with pytest.raises(FormatError, match="no joint for leftUpperLeg, leftLowerLeg"):
        convert_to_humanoid(motion)


def test_a_rig_that_never_stands_is_refused() -> None:
    offsets = np.tile([0.1, 0.0, 0.0], (22, 1))
    motion = replace(builders.smooth_motion(3), skeleton=replace(PERSON, rest_offsets=offsets))
    with pytest.raises(FormatError, match="stands neither at rest nor in its first frame") as error:
        convert_to_humanoid(motion)
    assert "\n" not in str(error.value)
