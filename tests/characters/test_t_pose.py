"""Tests of the T-pose of characters."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.characters.t_pose import t_pose
from bodydouble.data import Character
from bodydouble.geometry import kinematics, rotation
from tests import builders


def lowered_arms(seed: int | None = None) -> Character:
    """A character whose arms hang by 50 degrees and whose legs are apart, with random axes if there is a seed."""
    character = builders.character(seed)
    local = kinematics.local_rotations(character.skeleton.parents, character.rest_rotations)
    world = kinematics.world_rotations(character.skeleton.parents, local)
    for bone, angle in (("UpperArm", -50.0), ("UpperLeg", 8.0)):
        for side, sign in (("left", 1.0), ("right", -1.0)):
            j = character.humanoid[side + bone]
            turned = rotation.multiply(rotation.from_rotvec(np.radians([0.0, 0.0, sign * angle])), world[j])
            above = world[character.skeleton.parents[j]]
            local[j] = rotation.multiply(rotation.conjugate(above), turned)
    return replace(character, rest_rotations=kinematics.world_rotations(character.skeleton.parents, local))


@pytest.mark.parametrize("seed", [None, 3])
def test_limbs_are_along_the_axes_and_feet_as_high_as_at_rest(seed: int | None) -> None:
    character = lowered_arms(seed)
    rotations, hips = t_pose(character)
    positions, _ = kinematics.forward_kinematics(character.skeleton, rotations, hips, character.humanoid["hips"])
    position = {bone: positions[j] for bone, j in character.humanoid.items()}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        for start, end, axis in (
            ("UpperArm", "LowerArm", [sign, 0.0, 0.0]),
            ("LowerArm", "Hand", [sign, 0.0, 0.0]),
            ("UpperLeg", "LowerLeg", [0.0, -1.0, 0.0]),
            ("LowerLeg", "Foot", [0.0, -1.0, 0.0]),
        ):
            direction = rotation.normalize(position[side + end] - position[side + start])
            np.testing.assert_allclose(direction, axis, atol=1e-9)
        assert position[side + "Toes"][2] > position[side + "Foot"][2]
    at_rest = kinematics.bind_matrices(character)[:, :3, 3]
    feet = [character.humanoid["leftFoot"], character.humanoid["rightFoot"]]
    assert positions[feet, 1].min() == pytest.approx(at_rest[feet, 1].min(), abs=1e-9)


def test_t_pose_of_the_t_pose_is_the_same() -> None:
    character = lowered_arms(seed=5)
    rotations, hips = t_pose(character)
    offsets = character.skeleton.rest_offsets.copy()
    offsets[character.humanoid["hips"]] = hips
    posed = replace(
        character,
        skeleton=replace(character.skeleton, rest_offsets=offsets),
        rest_rotations=kinematics.world_rotations(character.skeleton.parents, rotations),
    )
    again, same_hips = t_pose(posed)
    assert rotation.angle_between(again, rotations).max() < 1e-6
    np.testing.assert_allclose(same_hips, hips, atol=1e-9)
