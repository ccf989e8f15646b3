"""Laws of the conversion of motions of any rig to the humanoid joints."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from bodydouble.characters.humanoid_map.mapping import BY_SHAPE
from bodydouble.characters.retarget import pose_matrices, retarget
from bodydouble.characters.to_humanoid import UNITS_CM, convert_to_humanoid, describe_rig
from bodydouble.data import Character, FloatArray, Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import adult_template, humanoid
from bodydouble.skeletons.rigs.families import FAMILIES, Family
from tests import builders
from tests.builders import assert_same


def straight_person() -> Skeleton:
    """Returns an adult whose legs are exactly vertical in the T-pose."""
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
    """Rig and its rest pose."""

    skeleton: Skeleton
    rest_rotations: FloatArray

    def character(self) -> Character:
        return Character("rig", self.skeleton, self.rest_rotations, dict(humanoid.INDEX), ())


def rig(pose: str, seed: int | None = None, skeleton: Skeleton = PERSON) -> Rig:
    """Returns a rig at rest in a pose; with a seed its joints have random axes."""
    local = np.tile(rotation.IDENTITY, (22, 1))
    for bone, degrees in RESTS[pose].items():
        left = rotation.from_rotvec(np.radians(degrees))
        local[humanoid.INDEX["left" + bone]] = left
        local[humanoid.INDEX["right" + bone]] = left * [1, -1, -1, 1]
    positions, _ = kinematics.forward_kinematics(skeleton, local, skeleton.rest_offsets[0])
    positions[:, 1] -= positions[:, 1].min() - 0.02
    axes = np.tile(rotation.IDENTITY, (22, 1))
    if seed is not None:
        axes = builders.random_quaternions(np.random.default_rng(seed), (22,))
    parents = np.array(humanoid.PARENTS[1:])
    offsets = positions.copy()
    offsets[1:] = rotation.rotate(rotation.conjugate(axes[parents]), positions[1:] - positions[parents])
    return Rig(replace(skeleton, rest_offsets=offsets), axes)


def sample_motion(of: Rig, seed: int = 1, frames: int = 12) -> Motion:
    """Returns a motion of a rig, its local rotations at rest included."""
    motion = builders.smooth_motion(frames, seed, skeleton=of.skeleton)
    local = kinematics.local_rotations(humanoid.PARENTS, of.rest_rotations)
    return replace(motion, rotations=rotation.multiply(local, motion.rotations))


def rename_joints(motion: Motion, names: Mapping[str, str]) -> Motion:
    joint_names = tuple(names[bone] for bone in motion.skeleton.joint_names)
    return replace(motion, skeleton=replace(motion.skeleton, joint_names=joint_names))


def remove_joints(motion: Motion, *joints: str) -> Motion:
    """Removes joints from a rig; their children are attached to the joints above, which keep their rotations."""
    names = motion.skeleton.joint_names
    remaining = [j for j, name in enumerate(names) if name not in joints]
    above = list(motion.skeleton.parents)
    offsets = motion.skeleton.rest_offsets.copy()
    for j in range(1, len(names)):
        while above[j] not in remaining:
            offsets[j] += motion.skeleton.rest_offsets[above[j]]
            above[j] = motion.skeleton.parents[above[j]]
    skeleton = Skeleton(
        tuple(names[j] for j in remaining),
        tuple(remaining.index(above[j]) if above[j] >= 0 else -1 for j in remaining),
        offsets[remaining],
    )
    return replace(
        motion,
        skeleton=skeleton,
        rotations=motion.rotations[:, remaining],
        joint_sigma=motion.joint_sigma[:, remaining],
    )


def assert_same_motion(actual: Motion, expected: Motion, tolerance: float = 1e-9) -> None:
    assert actual.skeleton.joint_names == humanoid.JOINTS
    assert_same(actual.skeleton.rest_offsets, expected.skeleton.rest_offsets, tolerance)
    assert_same(kinematics.joint_positions(actual), kinematics.joint_positions(expected), tolerance)
    assert rotation.angle_between(actual.rotations, expected.rotations).max() < max(tolerance, 1e-7)


def test_humanoid_motions_are_unchanged() -> None:
    motion = builders.smooth_motion(20, 3, skeleton=PERSON)
    converted = convert_to_humanoid(motion, scale=1.0)
    assert_same_motion(converted, motion)
    assert_same(converted.contacts, motion.contacts, 0)
    assert_same(converted.joint_sigma, motion.joint_sigma, 0)


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("pose", RESTS)
def test_joint_positions_are_those_of_the_rig(pose: str, seed: int | None) -> None:
    source = rig(pose, seed)
    motion = sample_motion(source)
    converted = convert_to_humanoid(motion, rest_rotations=source.rest_rotations, scale=1.0)
    assert_same(kinematics.joint_positions(converted), kinematics.joint_positions(motion), 1e-9)


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("pose", RESTS)
def test_retargeting_inverts_the_conversion(pose: str, seed: int | None) -> None:
    template = Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))
    source = rig(pose, seed, template)
    motion = sample_motion(source)
    character = source.character()
    converted = convert_to_humanoid(motion, rest_rotations=source.rest_rotations, scale=1.0)
    matrices = pose_matrices(character, *retarget(converted, character))
    assert_same(matrices[..., :3, 3], kinematics.joint_positions(motion), 1e-6)
    world_rotations = kinematics.world_rotations(humanoid.PARENTS, motion.rotations)
    assert_same(matrices[..., :3, :3], rotation.to_matrix(world_rotations), 1e-6)


@pytest.mark.parametrize("pose", RESTS)
def test_the_skeleton_stands_in_the_t_pose_with_its_soles_on_the_floor(pose: str) -> None:
    source = rig(pose, 2)
    converted = convert_to_humanoid(sample_motion(source), rest_rotations=source.rest_rotations, scale=1.0).skeleton
    straight = PERSON.rest_offsets.copy()
    straight[0] = converted.rest_offsets[0]
    assert_same(converted.rest_offsets, straight, 0.02)
    assert_same(
        np.linalg.norm(converted.rest_offsets[1:], axis=1), np.linalg.norm(PERSON.rest_offsets[1:], axis=1), 1e-9
    )
    assert 0 < kinematics.rest_positions(converted)[humanoid.INDEX["leftToes"], 1] < 0.06


FULL_FAMILIES = [family for family in FAMILIES if set(humanoid.JOINTS) <= set(family.names)]


@pytest.mark.parametrize("family", FULL_FAMILIES, ids=lambda f: f.label)
def test_conversion_is_independent_of_the_naming_convention(family: Family) -> None:
    motion = builders.smooth_motion(8)
    names = {bone: names[0] for bone, names in family.names.items()}
    assert_same_motion(convert_to_humanoid(rename_joints(motion, names)), convert_to_humanoid(motion))


@pytest.mark.parametrize("pose", RESTS)
def test_joints_without_names_are_found_by_shape(pose: str) -> None:
    source = rig(pose)
    motion = sample_motion(source)
    numbered = rename_joints(motion, {bone: str(n) for n, bone in enumerate(humanoid.JOINTS)})
    found = describe_rig(numbered, source.rest_rotations)
    assert found.humanoid.source == BY_SHAPE and found.humanoid.bones == humanoid.INDEX
    expected = convert_to_humanoid(motion, rest_rotations=source.rest_rotations)
    assert_same_motion(convert_to_humanoid(numbered, rest_rotations=source.rest_rotations), expected)


def test_bones_may_be_given() -> None:
    motion = builders.smooth_motion(8)
    flat = rename_joints(motion, {bone: str(n) for n, bone in enumerate(humanoid.JOINTS)})
    assert_same_motion(convert_to_humanoid(flat, bones=humanoid.INDEX), convert_to_humanoid(motion))
    with pytest.raises(FormatError, match="the map cannot be right"):
        describe_rig(motion, overrides={"leftHand": "rightHand"})


@pytest.mark.parametrize("yaw", [-90, 180, 33])
def test_conversion_is_independent_of_the_heading_at_rest(yaw: float) -> None:
    motion = builders.smooth_motion(8)
    heading_rotation = rotation.from_rotvec(np.radians([0.0, yaw, 0.0]))
    world = kinematics.world_rotations(humanoid.PARENTS, motion.rotations)
    rotations = kinematics.local_rotations(
        humanoid.PARENTS, rotation.multiply(world, rotation.conjugate(heading_rotation))
    )
    skeleton = replace(motion.skeleton, rest_offsets=rotation.rotate(heading_rotation, motion.skeleton.rest_offsets))
    rotated = replace(motion, skeleton=skeleton, rotations=rotations)
    assert_same(kinematics.joint_positions(rotated), kinematics.joint_positions(motion), 1e-9)
    assert_same_motion(convert_to_humanoid(rotated), convert_to_humanoid(motion))


def test_files_with_z_up_are_rotated() -> None:
    motion = builders.smooth_motion(8)
    up = rotation.from_rotvec(np.array([np.pi / 2, 0, 0]))
    skeleton = replace(motion.skeleton, rest_offsets=rotation.rotate(up, motion.skeleton.rest_offsets))
    rotations = rotation.multiply(rotation.multiply(up, motion.rotations), rotation.conjugate(up))
    z_up = replace(
        motion, skeleton=skeleton, rotations=rotations, root_position=rotation.rotate(up, motion.root_position)
    )
    assert_same_motion(convert_to_humanoid(z_up), convert_to_humanoid(motion))


def test_conversion_is_mirror_symmetric() -> None:
    def mirrored(motion: Motion) -> Motion:
        swap = list(humanoid.MIRROR)
        flip = np.array([-1.0, 1.0, 1.0])
        return replace(
            motion,
            skeleton=replace(motion.skeleton, rest_offsets=motion.skeleton.rest_offsets[swap] * flip),
            rotations=motion.rotations[:, swap] * [1, -1, -1, 1],
            root_position=motion.root_position * flip,
        )

    motion = sample_motion(rig("a"))
    assert_same_motion(convert_to_humanoid(mirrored(motion)), mirrored(convert_to_humanoid(motion)))


@pytest.mark.parametrize(
    "lacking",
    [("upperChest",), ("chest", "upperChest"), ("spine", "chest", "upperChest", "neck"), ("leftShoulder",),
     ("leftToes", "rightToes"), ("leftHand", "rightHand"), ("leftFoot", "rightFoot", "leftToes", "rightToes")],
)  # fmt: skip
def test_missing_joints_do_not_rotate(lacking: tuple[str, ...]) -> None:
    motion = remove_joints(sample_motion(rig("a")), *lacking)
    converted = convert_to_humanoid(motion, scale=1.0)
    has = [humanoid.INDEX[name] for name in motion.skeleton.joint_names]
    assert_same(kinematics.joint_positions(converted)[:, has], kinematics.joint_positions(motion), 1e-9)
    lacks = [humanoid.INDEX[name] for name in lacking]
    assert rotation.angle_between(converted.rotations[:, lacks], rotation.IDENTITY).max() < 1e-7
    assert_same(converted.skeleton.rest_offsets[lacks], PERSON.rest_offsets[lacks], 0.06)


@pytest.mark.parametrize("unit_cm", [1.0, 100.0, 0.1, 2.54, 2.54 / 0.45])
def test_common_units_are_recognized(unit_cm: float) -> None:
    scaled = _scaled(builders.smooth_motion(5), 1 / unit_cm)
    assert_same_motion(convert_to_humanoid(scaled), convert_to_humanoid(builders.smooth_motion(5)))
    found, expected = describe_rig(scaled), describe_rig(builders.smooth_motion(5))
    assert UNITS_CM[found.unit] == unit_cm
    assert found.stature == pytest.approx(expected.stature)
    assert 1.6 < found.stature < 1.9


def test_unknown_units_give_default_legs_and_a_given_scale_is_used() -> None:
    def leg(motion: Motion) -> float:
        joints = [humanoid.INDEX["leftLowerLeg"], humanoid.INDEX["leftFoot"]]
        return float(np.linalg.norm(motion.skeleton.rest_offsets[joints], axis=1).sum())

    giant = _scaled(builders.smooth_motion(5), 7.0)
    assert leg(convert_to_humanoid(giant)) == pytest.approx(0.85)
    assert describe_rig(giant).unit == "unknown"
    assert 1.6 < describe_rig(giant).stature < 1.9
    assert leg(convert_to_humanoid(giant, scale=0.1)) == pytest.approx(0.7 * leg(builders.smooth_motion(5)))


def _scaled(motion: Motion, scale: float) -> Motion:
    skeleton = replace(motion.skeleton, rest_offsets=motion.skeleton.rest_offsets * scale)
    return replace(motion, skeleton=skeleton, root_position=motion.root_position * scale)


def test_hips_at_the_spine_are_moved_between_the_legs() -> None:
    offsets = PERSON.rest_offsets.copy()
    offsets[humanoid.INDEX["spine"]] = 0.0
    offsets[[humanoid.INDEX["leftUpperLeg"], humanoid.INDEX["rightUpperLeg"]], 1] = -0.1
    motion = builders.smooth_motion(8, skeleton=replace(PERSON, rest_offsets=offsets))
    converted = convert_to_humanoid(motion, scale=1.0)
    assert_same(kinematics.joint_positions(converted)[:, 1:], kinematics.joint_positions(motion)[:, 1:], 1e-9)
    assert np.linalg.norm(converted.skeleton.rest_offsets[humanoid.INDEX["spine"]]) > 0.05


def test_a_neck_that_leans_back_at_rest_is_upright_in_the_t_pose() -> None:
    offsets = PERSON.rest_offsets.copy()
    head, length, lean = humanoid.INDEX["head"], 0.1, np.radians(20)
    offsets[head] = [0.0, length * np.cos(lean), -length * np.sin(lean)]
    motion = builders.smooth_motion(8, skeleton=replace(PERSON, rest_offsets=offsets))
    converted = convert_to_humanoid(motion, scale=1.0)
    assert_same(kinematics.joint_positions(converted), kinematics.joint_positions(motion), 1e-9)
    assert_same(converted.skeleton.rest_offsets[head], [0.0, length, 0.0], 1e-9)
    bent = kinematics.world_rotations(humanoid.PARENTS, motion.rotations)[:, head]
    upright = kinematics.world_rotations(humanoid.PARENTS, converted.rotations)[:, head]
    rotvecs = rotation.to_rotvec(rotation.multiply(rotation.conjugate(bent), upright))
    assert_same(rotvecs, np.tile([-lean, 0.0, 0.0], (8, 1)), 1e-9)


def test_a_divided_bone_points_at_its_end() -> None:
    """A joint in the middle of the upper arm bends; only the length of the bone is lost."""
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
    converted = kinematics.joint_positions(convert_to_humanoid(motion, scale=1.0))
    real = np.delete(kinematics.joint_positions(motion), elbow, axis=1)
    assert_same(converted[:, arm], real[:, arm], 1e-9)
    assert_same(
        rotation.normalize(converted[:, elbow] - converted[:, arm]),
        rotation.normalize(real[:, elbow] - real[:, arm]),
        1e-9,
    )


def test_the_first_frame_is_the_rest_pose_if_the_skeleton_does_not_stand() -> None:
    """Some files have all bones along x at rest."""
    motion = sample_motion(rig("t"))
    standing = replace(motion, rotations=np.insert(motion.rotations, 0, rotation.IDENTITY, axis=0)[:12])
    world = kinematics.world_rotations(humanoid.PARENTS, standing.rotations)
    positions = kinematics.joint_positions(standing)
    parents = list(humanoid.PARENTS[1:])
    axes = np.vstack([rotation.IDENTITY, rotation.between(np.eye(3)[0], rotation.normalize(PERSON.rest_offsets[1:]))])
    offsets = PERSON.rest_offsets.copy()
    offsets[1:] = rotation.rotate(rotation.conjugate(axes[parents]), PERSON.rest_offsets[1:])
    rotations = kinematics.local_rotations(humanoid.PARENTS, rotation.multiply(world, axes))
    strange = replace(standing, skeleton=replace(PERSON, rest_offsets=offsets), rotations=rotations)
    numbered = rename_joints(strange, {bone: str(n) for n, bone in enumerate(humanoid.JOINTS)})
    assert describe_rig(numbered).humanoid.bones == humanoid.INDEX
    converted = convert_to_humanoid(strange, scale=1.0)
    assert_same(kinematics.joint_positions(converted), positions, 1e-9)
    assert rotation.angle_between(converted.rotations[0], rotation.IDENTITY).max() < 1e-6


def test_rejects_rigs_without_legs() -> None:
    motion = remove_joints(builders.smooth_motion(3), *(name for name in humanoid.JOINTS if "Leg" in name))
    with pytest.raises(FormatError, match="no joint for leftUpperLeg, leftLowerLeg"):
        convert_to_humanoid(motion)


def test_rejects_rigs_that_never_stand() -> None:
    offsets = np.tile([0.1, 0.0, 0.0], (22, 1))
    motion = replace(builders.smooth_motion(3), skeleton=replace(PERSON, rest_offsets=offsets))
    with pytest.raises(FormatError, match="stands neither at rest nor in its first frame") as error:
        convert_to_humanoid(motion)
    assert "\n" not in str(error.value)
