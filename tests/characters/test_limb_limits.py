"""Laws of the joint limits of a character's limbs."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodydouble.characters.limb_limits import limit_limbs
from bodydouble.characters.retarget import retarget
from bodydouble.data import Character, FloatArray, Motion
from bodydouble.evaluation.metrics.body import hinge_flexion_deg, joint_limit_excess_deg
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from bodydouble.skeletons.joint_limits import HINGE_AXES, SWING_AXES
from tests import builders
from tests.builders import assert_same
from tests.characters.shaped_characters import ADULT, adult_mannequin, mirror_motion, mirror_rotations

LIMBS = [humanoid.INDEX[bone] for bone in (*HINGE_AXES, *SWING_AXES)]


@pytest.fixture(scope="module")
def character() -> Character:
    return adult_mannequin()


def motion_of(local: FloatArray) -> Motion:
    motion = builders.smooth_motion(len(local), skeleton=ADULT)
    return replace(motion, rotations=local)


def bent(bone: str, vectors: FloatArray) -> Motion:
    """A T-pose with one joint bent by rotation vectors (T, 3), rad."""
    local = np.tile(rotation.IDENTITY, (len(vectors), len(humanoid.JOINTS), 1))
    local[:, humanoid.INDEX[bone]] = rotation.from_rotvec(np.asarray(vectors))
    return motion_of(local)


def wild_motion(seed: int = 0) -> Motion:
    rng = np.random.default_rng(seed)
    return motion_of(builders.random_quaternions(rng, (200, len(humanoid.JOINTS))))


def body_rotations(character: Character, rotations: FloatArray) -> FloatArray:
    """The local rotations (T, 22, 4) of the humanoid joints; the mannequin has no joints between them."""
    return np.asarray(rotations[:, [character.humanoid[name] for name in humanoid.JOINTS]])


def sideways_deg(local: FloatArray, bone: str) -> FloatArray:
    direction, axis = (np.array(vector) for vector in HINGE_AXES[bone])
    return np.asarray(np.degrees(np.arcsin(np.abs(rotation.rotate(local[:, humanoid.INDEX[bone]], direction) @ axis))))


def test_joints_within_their_limits_are_unchanged(character: Character) -> None:
    flexions = np.linspace(0, 2.5, 20)
    for bone, (_, axis) in HINGE_AXES.items():
        rotations, _ = retarget(bent(bone, np.outer(flexions, axis)), character)
        assert limit_limbs(character, ADULT, rotations) is rotations
    for bone in SWING_AXES:
        rotations, _ = retarget(bent(bone, np.linspace(-0.3, 0.3, 8)[:, None] * [0.5, 0.3, 0.6]), character)
        assert limit_limbs(character, ADULT, rotations) is rotations


def test_limits_hold_for_any_motion(character: Character) -> None:
    rotations, _ = retarget(wild_motion(), character)
    local = body_rotations(character, limit_limbs(character, ADULT, rotations))
    hinges = [humanoid.INDEX[bone] for bone in HINGE_AXES]
    assert joint_limit_excess_deg(body_rotations(character, rotations))[:, hinges].max() > 30
    assert joint_limit_excess_deg(local)[:, hinges].max() < 1e-6
    for bone in HINGE_AXES:
        assert sideways_deg(local, bone).max() <= 15.0 + 1e-6
    for bone in SWING_AXES:
        axis = np.array(SWING_AXES[bone][0])
        cosine = rotation.rotate(local[:, humanoid.INDEX[bone]], axis) @ axis
        assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() <= 90.0 + 1e-6


def test_a_bend_to_the_side_becomes_a_turn_of_the_upper_bone(character: Character) -> None:
    """Forearms that point up beside a level upper arm: the wrists stay, and the elbows bend in their plane."""
    motion = bent("leftLowerArm", np.outer(np.linspace(0.6, 1.6, 10), [0.0, 0.0, 1.0]))
    rotations, hips = retarget(motion, character)
    limited = limit_limbs(character, ADULT, rotations)
    joint = character.humanoid["leftHand"]
    before, after = (
        kinematics.forward_kinematics(character.skeleton, r, hips)[0][:, joint] for r in (rotations, limited)
    )
    assert_same(after, before, 1e-9)
    local = body_rotations(character, limited)
    assert sideways_deg(local, "leftLowerArm").max() <= 15.0
    assert np.all(hinge_flexion_deg(local[:, humanoid.INDEX["leftLowerArm"]], "leftLowerArm") > 0)


def test_knees_bent_forward_become_straight(character: Character) -> None:
    motion = bent("leftLowerLeg", np.outer(np.linspace(-1.2, -0.5, 10), [1.0, 0.0, 0.0]))
    limited = limit_limbs(character, ADULT, retarget(motion, character)[0])
    flexion = hinge_flexion_deg(body_rotations(character, limited)[:, humanoid.INDEX["leftLowerLeg"]], "leftLowerLeg")
    assert np.all((flexion > -15.0) & (flexion < 0.0))


def test_positions_are_kept_on_request(character: Character) -> None:
    rotations, hips = retarget(wild_motion(1), character)
    limited = limit_limbs(character, ADULT, rotations, keep_positions=True)
    before, after = (kinematics.forward_kinematics(character.skeleton, r, hips) for r in (rotations, limited))
    joints = [character.humanoid[name] for name in humanoid.JOINTS]
    assert_same(after[0][:, joints], before[0][:, joints], 1e-9)
    feet = [character.humanoid[side + "Foot"] for side in ("left", "right")]
    assert_same(rotation.angle_between(after[1][:, feet], before[1][:, feet]), np.zeros((200, 2)), 1e-6)


def test_the_mirrored_motion_is_limited_alike(character: Character) -> None:
    motion = wild_motion(2)
    limited, mirrored = (
        limit_limbs(character, ADULT, retarget(m, character)[0]) for m in (motion, mirror_motion(motion))
    )
    expected = mirror_rotations(character, limited)
    assert_same(rotation.angle_between(mirrored, expected), np.zeros(expected.shape[:2]), 1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_limits_are_continuous(seed: int) -> None:
    """Poses that differ by a hair stay together, but for bends that point straight against the hinge."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(1, len(humanoid.JOINTS), 3)) * 0.7
    start = rotation.from_rotvec(vectors)
    step = rotation.from_rotvec(rng.normal(size=vectors.shape) * 1e-6)
    character = adult_mannequin()
    poses = retarget(motion_of(np.concatenate([start, rotation.multiply(step, start)])), character)[0]
    limited = limit_limbs(character, ADULT, poses)
    assert rotation.angle_between(limited[0], limited[1]).max() < 1e-3
