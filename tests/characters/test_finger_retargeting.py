"""Fingers of characters point where those of the person point, whatever their rest pose and their number."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.characters.retarget import FINGER_LIMBS, pose_matrices, retarget
from bodydouble.data import Character, FloatArray, Motion
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.hands.hand_model import finger_rotations, mirror_rotations, mirror_vectors
from bodydouble.motion.hands.merge import merge_hands
from tests import builders
from tests.motion.hands.scenes import SHAPE, random_angles
from tests.shared_data import SHARED

FRAMES = 6
CHARACTERS = SHARED / "data" / "characters"
SIDES = ("left", "right")


@pytest.fixture(scope="module")
def motion() -> Motion:
    rng = np.random.default_rng(3)
    hands = builders.hands(FRAMES)
    left, right = (finger_rotations(random_angles(rng, FRAMES)) for _ in SIDES)
    offsets = SHAPE.rest_offsets()
    hands = replace(
        hands,
        rest_offsets=np.concatenate([offsets, mirror_vectors(offsets)]),
        rotations=np.concatenate([left, mirror_rotations(right)], axis=1),
    )
    return merge_hands(builders.smooth_motion(FRAMES), hands)


def directions(positions: FloatArray, index: dict[str, int]) -> dict[str, FloatArray]:
    """Directions (T, 3) of the finger bones that have a bone after them, from positions (T, J, 3)."""
    bones = [(side + bone, side + end) for side in SIDES for bone, end, _ in FINGER_LIMBS if end]
    return {
        bone: rotation.normalize(positions[:, index[end]] - positions[:, index[bone]])
        for bone, end in bones
        if bone in index and end in index
    }


def check(character: Character, motion: Motion, min_bones: int) -> None:
    joints = {name: j for j, name in enumerate(motion.skeleton.joint_names)}
    expected = directions(kinematics.joint_positions(motion), joints)
    world = pose_matrices(character, *retarget(motion, character))[..., :3, 3]
    found = directions(world, dict(character.humanoid))
    assert len(found) >= min_bones
    for bone, direction in found.items():
        np.testing.assert_allclose(direction, expected[bone], atol=1e-6, err_msg=bone)


def bend_rest_pose(character: Character) -> Character:
    """The same character with other rest directions of the fingers."""
    rng, offsets = np.random.default_rng(1), character.skeleton.rest_offsets.copy()
    for bone, joint in character.humanoid.items():
        if bone.endswith(("Intermediate", "Distal")) or bone.endswith("ThumbProximal"):
            length = np.linalg.norm(offsets[joint])
            offsets[joint] += 0.5 * length * rng.normal(size=3)
    return replace(character, skeleton=replace(character.skeleton, rest_offsets=offsets))


def test_fingers_of_the_mannequin(motion: Motion) -> None:
    check(load_character("mannequin"), motion, 20)


def test_fingers_that_are_bent_at_rest(motion: Motion) -> None:
    check(bend_rest_pose(load_character("mannequin")), motion, 20)


@pytest.mark.parametrize("missing", [("Ring", "Little"), ("Thumb",), ("Distal",)])
def test_fingers_and_bones_that_a_rig_lacks_are_left_out(motion: Motion, missing: tuple[str, ...]) -> None:
    character = load_character("mannequin")
    humanoid = {bone: j for bone, j in character.humanoid.items() if not any(part in bone for part in missing)}
    check(replace(character, humanoid=humanoid), motion, 8)


@pytest.mark.skipif(not CHARACTERS.exists(), reason="needs the shared data")
@pytest.mark.parametrize("name", ["quaternius_male.glb", "debug_robot.vrm", "cryptovoxels.vrm"])
def test_fingers_of_characters_of_others(motion: Motion, name: str) -> None:
    check(load_character(str(CHARACTERS / name)), motion, 8)
