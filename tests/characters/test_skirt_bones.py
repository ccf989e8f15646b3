import numpy as np
import pytest

from bodydouble.characters.skirt_bones import COLUMNS, bone_name, hold_skirt, swing_skirt
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


def test_splayed_thighs_are_covered_at_their_knees() -> None:
    character = drawn("old-woman")
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (1, len(character.skeleton.joint_names), 1))
    for side, sign in (("left", 1), ("right", -1)):
        joint = character.humanoid[f"{side}UpperLeg"]
        rotations[0, joint] = rotation.from_rotvec(rotation.normalize(np.array([-1.0, 0.5 * sign, 0.3 * sign])) * 1.4)
    (turned,) = swing_skirt(character, rotations)
    matrices = kinematics.joint_matrices(character.skeleton, turned, character.skeleton.rest_offsets[0])
    hips = character.skeleton.rest_offsets[0]
    cloth = np.array([matrices[character.skeleton.index(bone_name(k, "lower")), :3, 3] for k in range(COLUMNS)]) - hips
    for side in ("left", "right"):
        knee = matrices[character.humanoid[f"{side}LowerLeg"], :3, 3] - hips
        turns = np.arctan2(cloth[:, 0], cloth[:, 2]) - np.arctan2(knee[0], knee[2])
        beside = np.argsort(np.abs((turns + np.pi) % (2 * np.pi) - np.pi))[:2]
        angle = np.arctan2(np.hypot(cloth[beside, 0], cloth[beside, 2]), -cloth[beside, 1])
        assert angle.min() > np.arctan2(np.hypot(knee[0], knee[2]), -knee[1])


def test_a_heel_that_is_kicked_up_lifts_the_hem_behind() -> None:
    character = drawn("old-woman")
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (1, len(character.skeleton.joint_names), 1))
    rotations[0, character.humanoid["leftLowerLeg"]] = rotation.from_rotvec(np.array([1.6, 0.0, 0.0]))
    turned = swing_skirt(character, rotations)
    behind = [character.skeleton.index(bone_name(k, "lower")) for k in (COLUMNS // 2 - 1, COLUMNS // 2)]
    before = character.skeleton.index(bone_name(0, "lower"))
    assert np.degrees(rotation.angle_between(turned[0, behind], rotations[0, behind])).max() > 20
    assert np.degrees(rotation.angle_between(turned[0, before], rotations[0, before])) < 5


def test_springs_take_no_cloth_into_a_raised_thigh() -> None:
    character = drawn("woman")
    posed = pose(leftUpperLeg=(0, -70.0))
    columns = [character.skeleton.index(bone_name(k, "upper")) for k in range(COLUMNS)]
    back = posed.copy()
    back[:, columns] = [0.0, 0.0, 0.0, 1.0]
    held = hold_skirt(character, posed, back)
    assert np.degrees(rotation.angle_between(held[0, columns], posed[0, columns])).max() < 1.0
    further = posed.copy()
    further[:, columns] = rotation.multiply(posed[:, columns], posed[:, columns])
    assert np.allclose(hold_skirt(character, posed, further), further)


def test_springs_are_free_where_no_leg_lifts_the_cloth() -> None:
    character = drawn("woman")
    posed = pose()
    swung = posed.copy()
    swung[:, character.skeleton.index(bone_name(0, "upper"))] = rotation.from_rotvec(np.array([0.2, 0.0, 0.0]))
    assert np.allclose(hold_skirt(character, posed, swung), swung)
