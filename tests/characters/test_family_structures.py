"""Joints of real rigs beside the humanoid bones: twist, helper and control joints, as each family has them."""

from collections.abc import Callable

import pytest

from bodydouble.characters.humanoid_map import RigDescription, map_humanoid
from bodydouble.skeletons import humanoid
from bodydouble.skeletons.rigs.families import FAMILIES
from tests.characters.rig_builder import RigBuilder, humanoid_rig
from tests.characters.test_humanoid_map import assert_same_by_shape

LABELS = {family.label: family for family in FAMILIES}
FINGERS = ("Index", "Middle", "Ring", "Little")


def each_side(rig: RigBuilder, edit: Callable[[RigBuilder, str, str], None], left: str, right: str) -> None:
    """Edits both sides: the rig, the side in VRM names, and the word for it in the names of the family."""
    edit(rig, "left", left)
    edit(rig, "right", right)


def unreal_5(rig: RigBuilder) -> None:
    rig.add("root", None, [0, 0, 0], 0.0)
    rig.parent["hips"] = "root"
    rig.insert("spine_02", "chest")
    rig.insert("spine_04", "upperChest")
    rig.insert("neck_02", "head")

    def side(rig: RigBuilder, vrm: str, word: str) -> None:
        for bone, name in (("LowerArm", "upperarm"), ("Hand", "lowerarm"), ("LowerLeg", "thigh"), ("Foot", "calf")):
            above = rig.parent[vrm + bone]
            assert above is not None
            for n, fraction in (("01", 0.3), ("02", 0.6)):
                at = rig.position[above] + fraction * (rig.position[vrm + bone] - rig.position[above])
                rig.add(f"{name}_twist_{n}_{word}", above, at)
        for finger in FINGERS:
            name = "pinky" if finger == "Little" else finger.lower()
            rig.insert(f"{name}_metacarpal_{word}", f"{vrm}{finger}Proximal", 0.25)
        rig.add(f"ik_foot_{word}", "root", rig.position[vrm + "Foot"], 0.0)
        rig.add(f"ik_hand_{word}", "root", rig.position[vrm + "Hand"], 0.0)

    each_side(rig, side, "l", "r")


def genesis_8(rig: RigBuilder) -> None:
    rig.insert("abdomenUpper", "chest")
    rig.insert("neckUpper", "head")
    rig.add("pelvis", "hips", rig.position["hips"])
    for eye in ("lEye", "rEye", "upperFaceRig", "lowerJaw"):
        rig.add(eye, "head", rig.position["head"] + [0.0, 0.05, 0.08])

    def side(rig: RigBuilder, vrm: str, word: str) -> None:
        rig.parent[vrm + "UpperLeg"] = "pelvis"
        rig.add(f"{word}Pectoral", "chest", rig.position["chest"] + [0.1 if word == "l" else -0.1, 0, 0.1])
        rig.insert(f"{word}ShldrTwist", vrm + "LowerArm")
        rig.insert(f"{word}ForearmTwist", vrm + "Hand")
        rig.insert(f"{word}ThighTwist", vrm + "LowerLeg")
        rig.insert(f"{word}Metatarsals", vrm + "Toes")
        for n, finger in enumerate(FINGERS, start=1):
            rig.insert(f"{word}Carpal{n}", f"{vrm}{finger}Proximal", 0.25)
        for n in range(1, 5):
            rig.add(f"{word}SmallToe{n}", vrm + "Toes", rig.position[vrm + "Toes"] + [0.01 * n - 0.03, 0, 0.04])

    each_side(rig, side, "l", "r")


def mmd(rig: RigBuilder) -> None:
    rig.add("全ての親", None, [0, 0, 0], 0.0)
    rig.add("センター", "全ての親", [0, 0.6, 0], 0.0)
    rig.add("グルーブ", "センター", [0, 0.62, 0], 0.0)
    rig.parent["hips"] = "グルーブ"
    rig.weight["hips"] = 0.0
    rig.add("下半身", "hips", rig.position["spine"])

    def side(rig: RigBuilder, vrm: str, word: str) -> None:
        rig.parent[vrm + "UpperLeg"] = "下半身"
        rig.insert(f"{word}肩P", vrm + "Shoulder", 1.0)
        rig.insert(f"{word}肩C", vrm + "UpperArm", 1.0)
        rig.insert(f"{word}腕捩", vrm + "LowerArm")
        rig.insert(f"{word}手捩", vrm + "Hand")
        rig.add(f"{word}目", "head", rig.position["head"] + [0.03 if word == "左" else -0.03, 0.06, 0.08])
        rig.add(f"{word}足ＩＫ", "全ての親", rig.position[vrm + "Foot"], 0.0)
        rig.add(f"{word}つま先ＩＫ", f"{word}足ＩＫ", rig.position[vrm + "Toes"], 0.0)

    each_side(rig, side, "左", "右")


def mmd_d(rig: RigBuilder) -> None:
    """Legs that deform with D joints; the others are controls."""
    mmd(rig)

    def side(rig: RigBuilder, vrm: str, word: str) -> None:
        above = "下半身"
        for bone, name in (("UpperLeg", "足"), ("LowerLeg", "ひざ"), ("Foot", "足首"), ("Toes", "つま先")):
            rig.add(f"{word}{name}", above, rig.position[vrm + bone], 0.0)
            above = f"{word}{name}"

    each_side(rig, side, "左", "右")


def character_creator(rig: RigBuilder) -> None:
    rig.add("BoneRoot", None, [0, 0, 0], 0.0)
    rig.parent["hips"] = "BoneRoot"
    rig.add("Pelvis", "hips", rig.position["hips"])
    rig.insert("NeckTwist02", "head")
    rig.add("FacialBone", "head", rig.position["head"])
    rig.add("JawRoot", "FacialBone", rig.position["head"] + [0, 0.0, 0.03])

    def side(rig: RigBuilder, vrm: str, word: str) -> None:
        rig.parent[vrm + "UpperLeg"] = "Pelvis"
        for bone, name in (("LowerArm", "UpperarmTwist"), ("Hand", "ForearmTwist"), ("LowerLeg", "ThighTwist")):
            above = rig.parent[vrm + bone]
            assert above is not None
            for n, fraction in (("01", 0.0), ("02", 0.5)):
                at = rig.position[above] + fraction * (rig.position[vrm + bone] - rig.position[above])
                rig.add(f"{word}_{name}{n}", above, at)
        rig.add(f"{word}_ElbowShareBone", vrm + "LowerArm", rig.position[vrm + "LowerArm"])
        rig.add(f"{word}_Breast", "upperChest", rig.position["chest"] + [0.1 if word == "L" else -0.1, 0, 0.1])
        rig.add(f"{word}_Eye", "FacialBone", rig.position["head"] + [0.03 if word == "L" else -0.03, 0.06, 0.08])

    each_side(rig, side, "L", "R")


def xsens(rig: RigBuilder) -> None:
    rig.insert("L3", "chest")

    def side(rig: RigBuilder, vrm: str, word: str) -> None:
        rig.add(f"{word}Carpus", vrm + "Hand", rig.position[vrm + "Hand"])
        rig.parent[vrm + "ThumbMetacarpal"] = f"{word}Carpus"
        for name, finger in zip(("Second", "Third", "Fourth", "Fifth"), FINGERS, strict=True):
            rig.parent[f"{vrm}{finger}Proximal"] = f"{word}Carpus"
            rig.insert(f"{word}{name}MC", f"{vrm}{finger}Proximal", 0.25)

    each_side(rig, side, "Left", "Right")


def auto_rig_pro(rig: RigBuilder) -> None:
    """Adds twist joints, and control joints at the places of the others."""
    rig.add("c_traj", None, [0, 0, 0], 0.0)
    rig.add("c_root_master.x", "c_traj", rig.position["hips"], 0.0)
    rig.parent["hips"] = "c_root_master.x"

    def side(rig: RigBuilder, vrm: str, word: str) -> None:
        for bone, name in (("UpperArm", "arm"), ("LowerArm", "forearm"), ("UpperLeg", "thigh"), ("LowerLeg", "leg")):
            rig.add(f"{name}_twist.{word}", vrm + bone, rig.position[vrm + bone])
        above = "c_root_master.x"
        for bone, name in (("UpperArm", "arm"), ("LowerArm", "forearm"), ("Hand", "hand")):
            rig.add(f"c_{name}_fk.{word}", above, rig.position[vrm + bone], 0.0)
            above = f"c_{name}_fk.{word}"

    each_side(rig, side, "l", "r")


def roblox(rig: RigBuilder) -> None:
    rig.add("HumanoidRootPart", None, [0, 0.95, 0], 0.0)
    rig.parent["hips"] = "HumanoidRootPart"


def cmu(rig: RigBuilder) -> None:
    rig.position["spine"] = rig.position["hips"]
    rig.add("Neck", "upperChest", rig.position["upperChest"])
    rig.parent["neck"] = "Neck"

    def side(rig: RigBuilder, vrm: str, word: str) -> None:
        rig.add(f"{word[0]}HipJoint", "hips", rig.position["hips"])
        rig.parent[vrm + "UpperLeg"] = f"{word[0]}HipJoint"
        rig.add(f"{word}FingerBase", vrm + "Hand", rig.position[vrm + "Hand"])
        step = 0.1 if word == "Left" else -0.1
        rig.add(f"{word}HandIndex1", f"{word}FingerBase", rig.position[vrm + "Hand"] + [step, 0, 0])
        rig.add(f"{word[0]}Thumb", vrm + "Hand", rig.position[vrm + "Hand"] + [step / 2, 0, 0.04])

    each_side(rig, side, "Left", "Right")


STRUCTURES: dict[str, tuple[str, Callable[[RigBuilder], None], str]] = {
    "UE5": ("Unreal Engine 5", unreal_5, ""),
    "Genesis 8": ("DAZ Genesis 3 and 8", genesis_8, ""),
    "MMD": ("MMD", mmd, ""),
    "MMD D": ("MMD with D joints", mmd_d, ""),
    "CC": ("Character Creator", character_creator, "CC_Base_"),
    "Xsens": ("Xsens", xsens, ""),
    "ARP": ("Auto-Rig Pro", auto_rig_pro, ""),
    "Roblox": ("Roblox R15", roblox, ""),
    "CMU": ("CMU", cmu, ""),
}


def structured_rig(structure: str, pose: str) -> tuple[RigDescription, dict[str, str]]:
    """Returns a rig of a family with its other joints, and humanoid bone -> name of the bones that it has."""
    label, edit, prefix = STRUCTURES[structure]
    rig, family = humanoid_rig(pose), LABELS[label]
    edit(rig)
    for bone in humanoid.JOINTS + humanoid.FINGERS:
        if bone not in family.names:
            rig.remove(bone)
    bones = {bone: names[0] for bone, names in family.names.items()}
    rig.rename(bones)
    rig.rename({name: prefix + name for name in rig.parent})
    return rig.describe(weighted=True), {bone: prefix + name for bone, name in bones.items()}


@pytest.mark.parametrize("pose", ["t", "a"])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_other_joints_of_a_family_are_never_mapped(structure: str, pose: str) -> None:
    rig, names = structured_rig(structure, pose)
    found = map_humanoid(rig)
    assert {bone: rig.names[joint] for bone, joint in found.bones.items()} == names
    assert found.source == f"names of {STRUCTURES[structure][0]}"
    assert_same_by_shape(rig, found.bones)


def test_skinned_joints_are_preferred_to_others_of_the_same_names() -> None:
    """Rigify's ORG joints stand beside the deforming DEF joints."""
    family, rig = LABELS["Rigify"], humanoid_rig()
    rig.rename({bone: "DEF-" + names[0] for bone, names in family.names.items()})
    for name in list(rig.parent):
        above = rig.parent[name]
        org = name.replace("DEF-", "ORG-")
        rig.add(org, None if above is None else above.replace("DEF-", "ORG-"), rig.position[name], 0.0)
    described = rig.describe(weighted=True)
    assert all(described.names[joint].startswith("DEF-") for joint in map_humanoid(described).bones.values())
