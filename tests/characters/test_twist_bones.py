"""Laws of the twist that is spread over twist bones."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodydouble.characters.retarget import retarget
from bodydouble.characters.t_pose_rotations import TPoseRotations
from bodydouble.characters.twist_bones import find_twist_limbs, spread_twist, twist_angle
from bodydouble.data import Character, FloatArray
from bodydouble.geometry import kinematics, rotation
from tests import builders
from tests.builders import assert_same
from tests.characters.shaped_characters import (
    ADULT,
    LIMBS,
    adult_mannequin,
    mirror_motion,
    mirror_rotations,
    with_twist_bones,
)

MOTION = builders.smooth_motion(12, seed=4, skeleton=ADULT)
THIRDS = (1 / 3, 2 / 3)
AXIS = np.array([1.0, 0.0, 0.0])


@pytest.fixture(scope="module", params=[True, False], ids=["in the chain", "leaves"])
def character(request: pytest.FixtureRequest) -> Character:
    return with_twist_bones(adult_mannequin(), THIRDS, in_chain=request.param)


def world_pose(character: Character, *, spread: bool) -> tuple[FloatArray, FloatArray]:
    rotations, hips = retarget(MOTION, character)
    if spread:
        rotations = spread_twist(character, ADULT, rotations)
    return kinematics.forward_kinematics(character.skeleton, rotations, hips, character.humanoid["hips"])


def test_joints_keep_their_places_and_ends_their_rotations(character: Character) -> None:
    before, after = world_pose(character, spread=False), world_pose(character, spread=True)
    assert_same(after[0], before[0], 1e-9)
    still = [character.humanoid[side + bone] for side in ("left", "right") for bone in ("Shoulder", "Hand", "Foot")]
    assert_same(rotation.angle_between(after[1][:, still], before[1][:, still]), np.zeros((12, 6)), 1e-6)


def test_shares_of_the_twist_add_up(character: Character) -> None:
    """The skin turns by equal angles from one third of a limb to the next, and by all of its twist over its length."""
    t_pose = TPoseRotations(character, ADULT)
    _, plain = world_pose(character, spread=False)
    _, world = world_pose(character, spread=True)
    names = character.skeleton.joint_names
    for side in ("left", "right"):
        for bone, end in LIMBS:
            axis = t_pose.direction(side + bone, side + end)
            total = twist_angle(t_pose.relative_to_parent(side + bone, plain), axis)
            if end in ("Hand", "Foot"):
                total = total + twist_angle(t_pose.relative_to_parent(side + end, plain), axis)
            joints = [names.index(f"{side}{bone}{suffix}") for suffix in ("", "Twist0", "Twist1")]
            steps = [
                twist_angle(rotation.multiply(rotation.conjugate(world[:, a]), world[:, b]), axis)
                for a, b in pairwise(joints)
            ]
            assert_same(steps[0], total / 3, 1e-9)
            assert_same(steps[1], total / 3, 1e-9)
            assert np.abs(total).max() > 0.1


def test_limbs_do_not_turn_about_their_axis_where_they_begin(character: Character) -> None:
    _, world = world_pose(character, spread=True)
    t_pose = TPoseRotations(character, ADULT)
    for side in ("left", "right"):
        for bone, end in (("UpperArm", "LowerArm"), ("UpperLeg", "LowerLeg")):
            axis = t_pose.direction(side + bone, side + end)
            assert_same(twist_angle(t_pose.relative_to_parent(side + bone, world), axis), np.zeros(12), 1e-9)


def test_leaves_and_chains_turn_alike() -> None:
    chain, leaves = (with_twist_bones(adult_mannequin(), THIRDS, in_chain=in_chain) for in_chain in (True, False))
    chain_world, leaf_world = world_pose(chain, spread=True)[1], world_pose(leaves, spread=True)[1]
    order = [leaves.skeleton.joint_names.index(name) for name in chain.skeleton.joint_names]
    assert_same(rotation.angle_between(chain_world, leaf_world[:, order]), np.zeros(chain_world.shape[:2]), 1e-6)


def test_the_mirrored_motion_turns_the_mirrored_bones(character: Character) -> None:
    rotations = spread_twist(character, ADULT, retarget(MOTION, character)[0])
    mirrored = spread_twist(character, ADULT, retarget(mirror_motion(MOTION), character)[0])
    expected = mirror_rotations(character, rotations)
    assert_same(rotation.angle_between(mirrored, expected), np.zeros(expected.shape[:2]), 1e-6)


def test_a_rig_without_twist_bones_is_unchanged() -> None:
    character = adult_mannequin()
    rotations, _ = retarget(MOTION, character)
    assert find_twist_limbs(character) == ()
    assert spread_twist(character, ADULT, rotations) is rotations


def test_a_twist_bone_at_the_shoulder_holds_it_still() -> None:
    """The limb's own joint moves the skin at the elbow if a leaf at its beginning moves that at the shoulder."""
    character = with_twist_bones(adult_mannequin(), (0.0, 0.3), in_chain=False)
    limbs = {limb.bone: limb for limb in find_twist_limbs(character)}
    names = character.skeleton.joint_names
    places = {names[j]: round(place, 6) for j, place in limbs["leftUpperArm"].positions.items()}
    assert places == {"leftUpperArm": 0.0, "leftUpperArmTwist0": 0.0, "leftUpperArmTwist1": 0.3}


@settings(max_examples=60, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(0, 2.6), st.floats(0, 6.3))
def test_the_twist_is_that_of_the_decomposition(twist: float, swing: float, azimuth: float) -> None:
    swing_axis = np.array([0.0, np.cos(azimuth), np.sin(azimuth)])
    turned = rotation.multiply(rotation.from_rotvec(swing * swing_axis), rotation.from_rotvec(twist * AXIS))
    expected = np.sign(twist) * min(abs(twist), 3 * (np.pi - abs(twist)))
    assert_same(twist_angle(turned[None], AXIS), [expected], 1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_the_twist_is_continuous(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start = builders.random_quaternions(rng, (1,))
    step = rotation.from_rotvec(rng.normal(size=(1, 3)) * 1e-5)
    near = rotation.multiply(step, start)
    assert abs(twist_angle(near, AXIS) - twist_angle(start, AXIS))[0] < 5e-3
