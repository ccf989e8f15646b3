import numpy as np
import pytest

from bodydouble.characters.skirt_bones import COLUMNS, bone_name, swing_skirt
from bodydouble.data import FloatArray
from bodydouble.geometry import kinematics, rotation
from tests.characters.cast.characters_of_presets import drawn


def pose(**turns: tuple[int, float]) -> FloatArray:
    """Returns rotations (1, J, 4) with bones turned about an axis by degrees, and the skirt swung."""
    character = drawn("woman")
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (1, len(character.skeleton.joint_names), 1))
    for bone, (axis, degrees) in turns.items():
        rotations[0, character.humanoid[bone]] = rotation.from_rotvec(np.eye(3)[axis] * np.radians(degrees))
    return swing_skirt(character, rotations)


def angles(rotations: FloatArray, part: str) -> FloatArray:
    character = drawn("woman")
    joints = [character.skeleton.index(bone_name(k, part)) for k in range(COLUMNS)]
    return np.asarray(2 * np.arccos(np.clip(np.abs(rotations[0, joints, 3]), 0, 1)))


def test_a_skirt_hangs_at_rest() -> None:
    assert angles(pose(), "upper").max() == 0
    assert angles(pose(), "lower").max() == 0


def test_a_raised_thigh_lifts_the_cloth_before_it_and_not_behind() -> None:
    lifted = angles(pose(leftUpperLeg=(0, -70.0)), "upper")
    before = COLUMNS // 16
    assert np.degrees(lifted[before]) > 55
    assert lifted[COLUMNS // 2] == 0


def test_mirrored_legs_swing_a_mirrored_skirt() -> None:
    left, right = (angles(pose(**{f"{side}UpperLeg": (0, -60.0)}), "upper") for side in ("left", "right"))
    assert np.allclose(left, np.roll(right[::-1], 1))


def test_further_raised_thighs_lift_further() -> None:
    lifts = [angles(pose(leftUpperLeg=(0, -degrees)), "upper").max() for degrees in (20, 45, 70, 95)]
    assert lifts == sorted(lifts)
    assert lifts[0] > 0


def test_characters_without_a_skirt_stay_as_they_are() -> None:
    character = drawn("man")
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (2, len(character.skeleton.joint_names), 1))
    assert swing_skirt(character, rotations) is rotations


@pytest.mark.parametrize("degrees", [30.0, 60.0, 95.0])
def test_cloth_lies_over_a_raised_thigh(degrees: float) -> None:
    character = drawn("woman")
    rotations = pose(leftUpperLeg=(0, -degrees))[0]
    matrices = kinematics.joint_matrices(character.skeleton, rotations, character.skeleton.rest_offsets[0])
    joint = matrices[character.humanoid["leftUpperLeg"]]
    middle = character.skeleton.index(bone_name(1, "lower"))
    cloth = np.linalg.inv(joint) @ matrices[middle, :, 3]
    assert cloth[2] > 0.05


@pytest.mark.parametrize("degrees", [80.0, 95.0, 120.0])
def test_thighs_raised_straight_forward_do_not_lift_the_sides(degrees: float) -> None:
    lifted = np.degrees(angles(pose(leftUpperLeg=(0, -degrees), rightUpperLeg=(0, -degrees)), "upper"))
    sides = lifted[[COLUMNS // 4, 3 * COLUMNS // 4]]
    assert lifted.max() < 1.1 * degrees
    assert sides.max() < 0.5 * lifted.max()
    assert lifted[COLUMNS // 2] == 0
