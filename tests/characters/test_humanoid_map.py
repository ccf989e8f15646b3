"""Mapping of joints to humanoid bones, by names and by VRM extensions."""

from types import ModuleType

import pytest

from bodydouble.characters import humanoid_map
from bodydouble.errors import FormatError
from bodydouble.skeletons import humanoid
from bodydouble.skeletons.rigs import biovision, biped, cmu, daz, mixamo, rigify, unreal, vrm

RIGS = {
    "vrm": vrm, "mixamo": mixamo, "unreal": unreal, "rigify": rigify, "biped": biped, "cmu": cmu, "daz": daz,
    "biovision": biovision,
}  # fmt: skip
PREFIXES = dict.fromkeys(RIGS, "") | {"mixamo": "mixamorig:", "rigify": "DEF-", "biped": "Bip01 "}


@pytest.mark.parametrize("rig", RIGS)
def test_all_joints_of_a_known_rig_are_mapped(rig: str) -> None:
    table = dict(RIGS[rig].NAMES)
    names = ["root", *(PREFIXES[rig] + name for name in table.values()), "prop"]
    assert {bone: names[i] for bone, i in humanoid_map.from_names(names).items()} == {
        bone: PREFIXES[rig] + name for bone, name in table.items()
    }


@pytest.mark.parametrize("rig", RIGS.values())
def test_tables_contain_humanoid_bones_and_unique_names(rig: ModuleType) -> None:
    assert set(rig.NAMES) <= {*humanoid.JOINTS, *humanoid.FINGERS}
    assert len(set(rig.NAMES.values())) == len(rig.NAMES)


@pytest.mark.parametrize(
    "sided",
    ["upperarm.l lowerarm.l upperleg.l lowerleg.l", "UpArm_L LoArm_L UpLeg_L LoLeg_L", "arm.L forearm.L leg.L shin.L",
     "Left arm,Left elbow,Left leg,Left knee", "L_thigh L_calf L_upperarm L_forearm"],
)  # fmt: skip
def test_unknown_rigs_are_mapped_by_words(sided: str) -> None:
    left = sided.split(",") if "," in sided else sided.split()
    right = [name.replace("Left", "Right").replace("_L", "_R").replace(".L", ".R").replace(".l", ".r") for name in left]
    right = [f"R{name[1:]}" if name.startswith("L_") else name for name in right]
    names = ["root", "Hips", "Spine", "Head", *left, *right]
    bones = humanoid_map.from_names(names)
    assert not humanoid_map.missing_bones(bones)
    for bone, i in bones.items():
        assert names[i] in (right if bone.startswith("right") else left if bone.startswith("left") else names[:4])


def test_error_names_the_missing_bones() -> None:
    names = [name for bone, name in mixamo.NAMES.items() if bone != "leftLowerArm"]
    with pytest.raises(FormatError, match=r"no joint for leftLowerArm; name the joints as in VRM, Mixamo"):
        humanoid_map.from_names(names)


def test_vrm_extensions_name_the_nodes() -> None:
    new = {"VRMC_vrm": {"humanoid": {"humanBones": {"hips": {"node": 3}, "leftThumbMetacarpal": {"node": 5}}}}}
    old = {"VRM": {"humanoid": {"humanBones": [{"bone": "hips", "node": 3}, {"bone": "leftThumbProximal", "node": 5}]}}}
    assert (
        humanoid_map.from_extensions(new) == humanoid_map.from_extensions(old) == {"hips": 3, "leftThumbMetacarpal": 5}
    )
    assert humanoid_map.from_extensions({}) == {}
