"""Laws of the mapping of joints to humanoid bones: by declaration, by names, by shape, by hand."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bodydouble.characters.gltf_arrays import GltfFile
from bodydouble.characters.gltf_rig import map_rig
from bodydouble.characters.humanoid_map import (
    HumanoidMap,
    RigDescription,
    from_extensions,
    map_humanoid,
)
from bodydouble.characters.humanoid_map.mapping import BY_DECLARATION, BY_SHAPE, BY_WORDS
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.skeletons import humanoid
from bodydouble.skeletons.rigs import biped, cmu, makehuman, mixamo, unreal
from bodydouble.skeletons.rigs.families import FAMILIES, Family
from tests.characters.glb_edit import Glb
from tests.characters.rig_builder import RigBuilder, humanoid_rig, move_rig, number_joints

LIMBS = ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
MAIN_BONES = ("hips", "spine", "head", *(side + bone for side in ("left", "right") for bone in LIMBS))
PREFIXES = {
    "Mixamo, HumanIK or Ready Player Me": "mixamorig7:",
    "Rigify": "DEF-",
    "3ds Max Biped": "Bip001 ",
    "Valve Biped": "ValveBiped.Bip01_",
    "Character Creator": "CC_Base_",
    "VRoid": "J_Bip_",
    "SMPL (FBX)": "m_avg_",
}
Edit = Callable[[RigBuilder], None]


def named_rig(family: Family, prefix: str = "", pose: str = "t") -> tuple[RigBuilder, dict[str, str]]:
    """Returns a rig with the names of a family, and humanoid bone -> name of the bones that the family has."""
    rig = humanoid_rig(pose)
    for bone in humanoid.JOINTS + humanoid.FINGERS:
        if bone not in family.names:
            rig.remove(bone)
    names = {bone: prefix + family.names[bone][0] for bone in family.names}
    rig.rename(names)
    return rig, names


def bones_by_name(rig: RigDescription, found: HumanoidMap) -> dict[str, str]:
    return {bone: rig.names[joint] for bone, joint in found.bones.items()}


def assert_same_by_shape(rig: RigDescription, expected: Mapping[str, int], seed: int = 0) -> None:
    """Asserts that main bones and fingers are found after the joints got numbers for names, at any place and size."""
    for s in (seed, seed + 100):
        numbered, order = number_joints(move_rig(rig, s), s)
        found = map_humanoid(numbered)
        assert found.source == BY_SHAPE and found.notes == ()
        checked = [b for b in expected if b in MAIN_BONES or b in humanoid.FINGERS]
        assert {b: rig.names[order[found.bones[b]]] for b in checked if b in found.bones} == {
            b: rig.names[expected[b]] for b in checked
        }


@pytest.mark.parametrize("pose", ["t", "a"])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.label)
def test_all_joints_of_a_family_are_mapped_by_names_and_by_shape(family: Family, pose: str) -> None:
    rig, names = named_rig(family, PREFIXES.get(family.label, ""), pose)
    found = map_humanoid(rig.describe())
    assert bones_by_name(rig.describe(), found) == names
    assert found.source.startswith("names of")
    assert_same_by_shape(rig.describe(), found.bones)


@pytest.mark.parametrize("affixes", [("any_", ""), ("", "_jnt"), ("NS:rig:", "_bind"), ("Character1_", "")])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.label)
def test_prefixes_and_suffixes_do_not_matter(family: Family, affixes: tuple[str, str]) -> None:
    rig, names = named_rig(family)
    affixed = {name: affixes[0] + name + affixes[1] for name in names.values()}
    rig.rename(affixed)
    found = map_humanoid(rig.describe())
    assert bones_by_name(rig.describe(), found) == {bone: affixed[name] for bone, name in names.items()}


def test_counters_at_the_end_of_all_names_do_not_matter() -> None:
    for family in FAMILIES:
        rig, names = named_rig(family)
        counted = {name: f"{name}_{n:02d}" for n, name in enumerate(rig.parent, start=1)}
        rig.rename(counted)
        found = map_humanoid(rig.describe())
        assert bones_by_name(rig.describe(), found) == {bone: counted[name] for bone, name in names.items()}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.label)
def test_tables_contain_humanoid_bones_and_unique_names(family: Family) -> None:
    assert set(family.names) <= {*humanoid.JOINTS, *humanoid.FINGERS}
    assert {"hips", "spine", "head"} <= set(family.names)
    assert len({names[0] for names in family.names.values()}) == len(family.names)


@pytest.mark.parametrize(
    "sided",
    ["upperarm.l lowerarm.l upperleg.l lowerleg.l", "UpArm_L LoArm_L UpLeg_L LoLeg_L", "arm.L forearm.L leg.L shin.L",
     "Left arm,Left forearm,Left leg,Left shin", "L_upperarm L_forearm L_thigh L_calf"],
)  # fmt: skip
def test_unknown_rigs_are_mapped_by_words(sided: str) -> None:
    left = sided.split(",") if "," in sided else sided.split()
    right = [name.replace("Left", "Right").replace("_L", "_R").replace(".L", ".R").replace(".l", ".r") for name in left]
    right = [f"R{name[1:]}" if name.startswith("L_") else name for name in right]
    rig = humanoid_rig()
    for bone in ("chest", "upperChest", "neck", *(b for b in humanoid.FINGERS)):
        rig.remove(bone)
    limbs = ("UpperArm", "LowerArm", "UpperLeg", "LowerLeg")
    rig.rename({f"left{bone}": name for bone, name in zip(limbs, left, strict=True)})
    rig.rename({f"right{bone}": name for bone, name in zip(limbs, right, strict=True)})
    rig.rename({"spine": "Spine", "leftShoulder": "box", "rightShoulder": "box2"})
    rig.insert("UpperArmTwist.L" if "." in left[0] else "L_arm_twist", left[1])
    found = map_humanoid(rig.describe())
    assert found.source == BY_WORDS
    named = bones_by_name(rig.describe(), found)
    assert [named[f"left{bone}"] for bone in limbs] == left
    assert [named[f"right{bone}"] for bone in limbs] == right


# The shape of the tree


def add_twists(rig: RigBuilder) -> None:
    """Adds twist joints beside and within the bones."""
    for side in ("left", "right"):
        for bone in ("LowerArm", "Hand", "LowerLeg", "Foot"):
            upper = rig.parent[side + bone]
            rig.add(f"{side}{bone}Twist2", upper, rig.position[side + bone] * [0.9, 1, 1])
            rig.insert(f"{side}{bone}Twist", side + bone)


def add_props(rig: RigBuilder) -> None:
    """Adds a sword, a cape, hair, a skirt, eyes, a jaw and control joints."""
    for side, x in (("left", 1), ("right", -1)):
        rig.add(f"{side}Eye", "head", [0.03 * x, 1.63, 0.09])
        for n in range(5):
            above = f"{side}Hair{n - 1}" if n else "head"
            rig.add(f"{side}Hair{n}", above, [0.08 * x, 1.7 - 0.14 * n, -0.1])
            rig.add(f"{side}Skirt{n}", f"{side}Skirt{n - 1}" if n else "hips", [0.15 * x, 0.9 - 0.12 * n, 0.02])
        rig.add(f"{side}PoleTarget", None, [0.1 * x, 0.5, 0.9], 0.0)
        rig.add(f"{side}IkFoot", None, [0.09 * x, 0.08, -0.02], 0.0)
        rig.add(f"{side}IkToe", f"{side}IkFoot", [0.09 * x, 0.02, 0.11], 0.0)
    rig.add("jaw", "head", [0, 1.57, 0.05])
    rig.add("headTop", "head", [0, 1.78, 0.0], 0.0)
    rig.add("sword", "rightHand", [-0.76, 1.40, 0.0])
    rig.add("swordTip", "sword", [-0.76, 1.40, 1.0], 0.0)
    for n in range(4):
        rig.add(f"cape{n}", f"cape{n - 1}" if n else "upperChest", [0, 1.4 - 0.25 * n, -0.15])
        rig.add(f"tail{n}", f"tail{n - 1}" if n else "hips", [0, 0.95 - 0.05 * n, -0.1 - 0.1 * n])


def add_hair_and_skirt(rig: RigBuilder) -> None:
    """Adds two rings of chains, as long as the legs and as the arms."""
    for base, count, radius, top, step in (("head", 24, 0.1, 1.7, -0.12), ("hips", 16, 0.18, 0.92, -0.17)):
        for chain in range(count):
            angle = 2 * np.pi * (chain + 0.5) / count
            x, z = radius * np.cos(angle), radius * np.sin(angle)
            for n in range(5):
                above = f"{base}{chain}_{n - 1}" if n else base
                rig.add(f"{base}{chain}_{n}", above, [x, top + n * step, z], 0.2)


def remove(*bones: str) -> Edit:
    def edit(rig: RigBuilder) -> None:
        for bone in bones:
            rig.remove(bone)

    return edit


def remove_fingers(*fingers: str) -> Edit:
    return remove(*(bone for bone in humanoid.FINGERS if any(f in bone for f in fingers)))


def add_root(rig: RigBuilder) -> None:
    """Adds nodes above the hips."""
    rig.add("Armature", None, [0.0, 0.0, 0.0], 0.0)
    rig.add("root", "Armature", [0.0, 0.0, 0.0], 0.0)
    rig.parent["hips"] = "root"


def add_metacarpals_and_tips(rig: RigBuilder) -> None:
    for side, x in (("left", 1), ("right", -1)):
        for finger in ("Index", "Middle", "Ring", "Little"):
            knuckle, last = f"{side}{finger}Proximal", f"{side}{finger}Distal"
            rig.insert(f"{side}{finger}Palm", knuckle, 0.25)
            rig.add(f"{side}{finger}Tip", last, rig.position[last] + [0.02 * x, 0, 0], 0.0)


def add_leg_roots(rig: RigBuilder) -> None:
    """Adds joints between the hips and the legs, at the place of the hips, as CMU files have."""
    for side in ("left", "right"):
        rig.add(f"{side}HipJoint", "hips", rig.position["hips"])
        rig.parent[f"{side}UpperLeg"] = f"{side}HipJoint"


EDITS: dict[str, Edit] = {
    "twist joints": add_twists,
    "props": add_props,
    "hair and skirt": add_hair_and_skirt,
    "root": add_root,
    "no toes": remove("leftToes", "rightToes"),
    "no neck": remove("neck"),
    "no upper chest": remove("upperChest"),
    "one spine joint": remove("chest", "upperChest"),
    "no shoulders": remove("leftShoulder", "rightShoulder"),
    "no fingers": remove(*humanoid.FINGERS),
    "three fingers": remove_fingers("Ring", "Little"),
    "four fingers": remove_fingers("Little"),
    "metacarpals and tips": add_metacarpals_and_tips,
    "leg roots": add_leg_roots,
    "feet are leaves and hands too": remove("leftToes", "rightToes", *humanoid.FINGERS),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("pose", ["t", "a"])
@pytest.mark.parametrize("edit", EDITS)
def test_numbered_joints_are_mapped_as_named_ones(edit: str, pose: str, weighted: bool) -> None:
    rig = humanoid_rig(pose)
    EDITS[edit](rig)
    described = rig.describe(weighted)
    expected = {bone: described.names.index(bone) for bone in rig.parent if bone in MAIN_BONES + humanoid.FINGERS}
    assert_same_by_shape(described, expected, seed=len(edit))


def test_names_are_preferred_to_twists_and_props_of_similar_names() -> None:
    rig = humanoid_rig()
    add_twists(rig)
    add_props(rig)
    described = rig.describe()
    assert bones_by_name(described, map_humanoid(described)) == {b: b for b in humanoid.JOINTS + humanoid.FINGERS}


def test_the_largest_of_several_humanoids_is_taken() -> None:
    small, large = humanoid_rig(), humanoid_rig()
    merged = RigBuilder()
    for builder, scale, prefix in ((small, 0.4, "s"), (large, 1.0, "l"), (small, 0.5, "m")):
        for name in builder.parent:
            above = builder.parent[name]
            merged.add(prefix + name, None if above is None else prefix + above, scale * builder.position[name])
    described = merged.describe()
    expected = {bone: described.names.index("l" + bone) for bone in humanoid.JOINTS + humanoid.FINGERS}
    assert_same_by_shape(described, expected)
    twice = replace(described, names=tuple(name[1:] for name in described.names))
    assert map_humanoid(twice).bones == expected


def test_a_joint_of_the_same_name_elsewhere_is_not_taken() -> None:
    rig = humanoid_rig().describe()
    extra = replace(
        rig,
        names=("leftUpperArm", *rig.names),
        parents=(-1, *(p + 1 if p >= 0 else -1 for p in rig.parents)),
        rest_positions=np.vstack([[[3.0, 0, 0]], rig.rest_positions]),
    )
    assert map_humanoid(extra).bones == {bone: j + 1 for bone, j in map_humanoid(rig).bones.items()}


def test_feet_beside_the_legs_are_attached_with_a_note() -> None:
    rig = humanoid_rig()
    add_root(rig)
    for side in ("left", "right"):
        rig.remove(f"{side}Toes")
        rig.parent[f"{side}Foot"] = "root"
    described = rig.describe(weighted=True)
    found = map_humanoid(described)
    assert bones_by_name(described, found)["leftFoot"] == "leftFoot"
    assert found.notes == ("leftFoot, rightFoot not below the bone above: attached to it",)
    numbered, order = number_joints(move_rig(described, 3), 3)
    by_shape = {bone: described.names[order[j]] for bone, j in map_humanoid(numbered).bones.items()}
    assert {bone: by_shape[bone] for bone in MAIN_BONES} == {bone: bone for bone in MAIN_BONES}


def test_names_that_exchange_left_and_right_give_way_to_the_shape() -> None:
    rig = humanoid_rig()
    rig.rename({bone: "x" + humanoid.mirrored_name(bone) for bone in rig.parent})
    described = rig.describe()
    found = map_humanoid(described)
    assert found.source == BY_SHAPE
    assert described.names[found.bones["leftHand"]] == "xrightHand"


def test_left_and_right_are_a_guess_for_a_straight_figure_without_feet() -> None:
    rig = humanoid_rig()
    remove("leftToes", "rightToes", *humanoid.FINGERS)(rig)
    rig.position = {name: p * [1, 1, 0] for name, p in rig.position.items()}
    numbered, _ = number_joints(rig.describe(), 0)
    assert "left and right are a guess" in map_humanoid(numbered).notes[0]


@pytest.mark.parametrize("lacking", ["leftLowerArm", "rightUpperLeg"])
def test_error_names_the_missing_bones(lacking: str) -> None:
    rig = humanoid_rig()
    for bone in [b for b in rig.parent if b.startswith(lacking[:5]) and ("Arm" in b or "Hand" in b)]:
        rig.remove(bone)
    for bone in [b for b in humanoid.FINGERS if b in rig.parent]:
        rig.remove(bone)
    if lacking in rig.parent:
        rig.remove(lacking)
    with pytest.raises(FormatError, match=rf"no joint for .*{lacking}.*; name the joints as in VRM, Mixamo"):
        map_humanoid(rig.describe())


def test_figures_without_elbows_and_knees_are_refused() -> None:
    rig = humanoid_rig()
    remove(*humanoid.FINGERS)(rig)
    for side in ("left", "right"):
        remove(*(side + bone for bone in ("Shoulder", "LowerArm", "Hand", "LowerLeg", "Foot", "Toes")))(rig)
    rig.rename({bone: f"j{bone[-3:]}{bone[0]}" for bone in rig.parent})
    with pytest.raises(FormatError, match="neither names nor shape show two legs with knees and two arms with elbows"):
        map_humanoid(rig.describe())


HUGE_TREES = {
    "chain": tuple(range(-1, 3999)),
    "star": (-1, *[0] * 1500, *range(1, 1501), *range(1501, 2000)),
    "tree": (-1, *(k // 3 for k in range(3999))),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("parents", HUGE_TREES.values(), ids=HUGE_TREES)
def test_huge_rigs_are_refused_without_hanging(parents: tuple[int, ...]) -> None:
    positions = np.random.default_rng(0).normal(size=(len(parents), 3))
    names = tuple(f"{k}head{k}" for k in range(len(parents)))
    with pytest.raises(FormatError, match="no humanoid skeleton found"):
        map_humanoid(RigDescription(names, parents, positions, np.ones(len(parents))))


def test_loops_and_wrong_shapes_are_refused() -> None:
    with pytest.raises(FormatError, match="loop"):
        map_humanoid(RigDescription(("a", "b"), (1, 0), np.zeros((2, 3))))
    with pytest.raises(InvalidDataError):
        RigDescription(("a", "b"), (-1, 0), np.zeros((3, 3)))


# Declarations


def test_vrm_extensions_name_the_nodes() -> None:
    new = {"VRMC_vrm": {"humanoid": {"humanBones": {"hips": {"node": 3}, "leftThumbMetacarpal": {"node": 5}}}}}
    bones = [{"bone": "hips", "node": 3}, {"bone": "leftThumbProximal", "node": 5}, {"bone": "chest", "node": -1}]
    old = {"VRM": {"humanoid": {"humanBones": bones}}}
    assert from_extensions(new) == from_extensions(old) == {"hips": 3, "leftThumbMetacarpal": 5}
    assert from_extensions({}) == {}


@pytest.mark.parametrize("damaged", [None, [], {}, {"humanoid": None}, {"humanoid": {"humanBones": 5}}])
@pytest.mark.parametrize("extension", ["VRM", "VRMC_vrm"])
def test_damaged_declarations_are_empty(damaged: object, extension: str) -> None:
    assert from_extensions({extension: damaged}) == {}


def test_a_declaration_decides_and_a_broken_one_is_ignored_with_a_note() -> None:
    rig = humanoid_rig().describe()
    declared = {bone: rig.names.index(bone) for bone in humanoid.JOINTS if bone != "upperChest"}
    found = map_humanoid(replace(rig, declared=declared))
    assert (found.source, found.bones, found.missing) == (BY_DECLARATION, declared, ("upperChest",))
    for wrong in ({"head": 400}, {"leftHand": declared["rightHand"]}, {"leftHand": declared["neck"]}):
        found = map_humanoid(replace(rig, declared=declared | wrong))
        assert found.source == "names of VRM"
        assert "is ignored" in found.notes[0]


def test_a_mirroring_armature_does_not_exchange_left_and_right(tmp_path: Path) -> None:
    glb = Glb()
    nodes = glb.json["nodes"]
    children = {child for node in nodes for child in node.get("children", [])}
    tops = [i for i in range(len(nodes)) if i not in children]
    nodes.append({"name": "Armature", "scale": [-1, 1, 1], "children": tops})
    glb.json["scenes"][0]["nodes"] = [len(nodes) - 1]
    found, read = map_rig(GltfFile(glb.save(tmp_path / "mirrored.glb")))
    assert {bone: read.names[node] for bone, node in found.bones.items()} == {bone: bone for bone in found.bones}
    assert found.source == "names of VRM"


def test_valve_and_cmu_chains_are_told_from_their_relatives() -> None:
    """Tables that share most names differ in the spine, which the joints of the file decide."""
    for names, label in ((biped.VALVE_NAMES, "Valve"), (cmu.NAMES, "CMU"), (unreal.UE5_NAMES, "Unreal Engine 5")):
        family = Family(label, {bone: (name,) for bone, name in names.items()})
        rig, _ = named_rig(family)
        assert label in map_humanoid(rig.describe()).source
    for names in (mixamo.NAMES, makehuman.NAMES):
        assert len(names) == 52
