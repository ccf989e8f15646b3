"""Maps of bones that a person writes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.humanoid_map import map_humanoid, read_map_file
from bodydouble.characters.humanoid_map.mapping import BY_HAND
from bodydouble.errors import FormatError
from bodydouble.skeletons import humanoid
from tests.characters.rig_builder import humanoid_rig


def test_a_map_file_overrides_and_removes_bones(tmp_path: Path) -> None:
    rig = humanoid_rig().describe()
    path = tmp_path / "map.toml"
    path.write_text('chest = "upperChest"\nupperChest = ""\n')
    found = map_humanoid(rig, read_map_file(path))
    assert found.bones["chest"] == rig.names.index("upperChest")
    assert found.source.startswith(BY_HAND)
    assert found.missing == ("upperChest",)


def test_a_map_file_suffices_where_nothing_else_does() -> None:
    rig = humanoid_rig()
    rig.rename({bone: f"j{i}" for i, bone in enumerate(humanoid.JOINTS + humanoid.FINGERS)})
    flat = replace(rig.describe(), rest_positions=np.zeros((52, 3)))
    with pytest.raises(FormatError):
        map_humanoid(flat)
    names = {bone: f"j{i}" for i, bone in enumerate(humanoid.JOINTS)}
    assert map_humanoid(flat, names).bones == {bone: i for i, bone in enumerate(humanoid.JOINTS)}


def test_a_chosen_hand_loses_the_fingers_of_the_automatic_one() -> None:
    rig = humanoid_rig()
    rig.add("claw", "leftLowerArm", [0.7, 1.4, 0.0])
    found = map_humanoid(rig.describe(), {"leftHand": "claw"})
    assert not [bone for bone in humanoid.FINGERS if bone.startswith("left") and bone in found.bones]
    assert [bone for bone in humanoid.FINGERS if bone.startswith("right") and bone in found.bones]


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"hips": "head"}, "leftUpperArm .leftUpperArm. is not below hips .head."),
        ({"leftHand": "paw"}, "leftHand = 'paw', but there is no such joint"),
        ({"leftHand": "leftFoot"}, "leftHand .leftFoot. is not below leftLowerArm"),
        ({"leftFoot": "rightLowerLeg", "rightLowerLeg": "rightUpperLeg", "rightUpperLeg": ""}, "is not below"),
        ({"leftUpperArm": "leftLowerArm", "leftLowerArm": "leftUpperArm"}, "is not below leftUpperArm"),
        ({"leftHand": "rightHand", "rightHand": "rightHand"}, "are the same joint, rightHand"),
    ],
)
def test_maps_that_cannot_be_right_are_refused_with_the_reason(overrides: dict[str, str], reason: str) -> None:
    with pytest.raises(FormatError, match=rf"the map cannot be right: .*{reason}") as error:
        map_humanoid(humanoid_rig().describe(), overrides)
    assert "\n" not in str(error.value)


def test_a_map_that_exchanges_left_and_right_is_refused() -> None:
    bones = humanoid.JOINTS + humanoid.FINGERS
    exchanged = {b: humanoid.mirrored_name(b) for b in bones if humanoid.mirrored_name(b) != b}
    with pytest.raises(FormatError, match="left and right are exchanged"):
        map_humanoid(humanoid_rig().describe(), exchanged)
    arms = {b: j for b, j in exchanged.items() if any(w in b for w in ("Arm", "Hand", "Shoulder")) or b in bones[22:]}
    with pytest.raises(FormatError, match="exchanged between arms and legs"):
        map_humanoid(humanoid_rig().describe(), arms)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hips", "is not a TOML file"),
        ('tail = "x"', "'tail' is no humanoid bone"),
        ("hips = 3", "hips must be the name of a joint"),
    ],
)
def test_wrong_map_files_are_refused_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text)
    with pytest.raises(FormatError, match=message) as error:
        read_map_file(path)
    assert "\n" not in str(error.value)
    with pytest.raises(FormatError, match="cannot be read"):
        read_map_file(tmp_path / "none.toml")
