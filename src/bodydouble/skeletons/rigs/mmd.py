"""Joint names of MikuMikuDance: Japanese, as mmd_tools writes them (``.L``), English, and as CATS renames them.

The lowest of 腰, グルーブ and センター that exists carries legs and spine. Models with ``D`` joints deform with them;
the others then carry inverse kinematics only.

Sources: https://github.com/MMD-Blender/blender_mmd_tools (names and translations),
https://github.com/GiveMeAllYourCats/cats-blender-plugin; checked against
https://github.com/saturday06/VRM-Addon-for-Blender/tree/main/src/io_scene_vrm/common/human_bone_mapper
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "腰",
    "spine": "上半身",
    "chest": "上半身2",
    "upperChest": "上半身3",
    "neck": "首",
    "head": "頭",
} | both_sides(
    {
        "Shoulder": "{side}肩",
        "UpperArm": "{side}腕",
        "LowerArm": "{side}ひじ",
        "Hand": "{side}手首",
        "UpperLeg": "{side}足",
        "LowerLeg": "{side}ひざ",
        "Foot": "{side}足首",
        "Toes": "{side}つま先",
    }
    | count_fingers(
        "{side}{finger}{n}", ("親指", "人指", "中指", "薬指", "小指"), ("１", "２", "３"), ("０", "１", "２")
    ),
    "左",
    "右",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

ALTERNATIVES: dict[str, tuple[str, ...]] = {"hips": ("グルーブ", "センター")} | {
    f"{side}Toes": (f"{word}足先EX",) for side, word in (("left", "左"), ("right", "右"))
}
"""VRM 1.0 humanoid bone -> other names of the joint."""

D_NAMES: dict[str, str] = NAMES | both_sides(
    {"UpperLeg": "{side}足D", "LowerLeg": "{side}ひざD", "Foot": "{side}足首D", "Toes": "{side}足先EX"}, "左", "右"
)
"""VRM 1.0 humanoid bone -> name of the joint of models whose legs deform with D joints."""


def _move_side_to_end(name: str) -> str:
    """Returns the name as mmd_tools writes it: 左腕 -> 腕.L."""
    return f"{name[1:]}.{'L' if name[0] == '左' else 'R'}" if name[0] in "左右" else name


BLENDER_NAMES: dict[str, str] = {bone: _move_side_to_end(name) for bone, name in NAMES.items()}
"""VRM 1.0 humanoid bone -> name of the joint in Blender."""

BLENDER_D_NAMES: dict[str, str] = {bone: _move_side_to_end(name) for bone, name in D_NAMES.items()}
"""VRM 1.0 humanoid bone -> name of the joint in Blender, of models whose legs deform with D joints."""

BLENDER_ALTERNATIVES: dict[str, tuple[str, ...]] = {
    bone: tuple(_move_side_to_end(name) for name in names) for bone, names in ALTERNATIVES.items()
}
"""VRM 1.0 humanoid bone -> other names of the joint in Blender."""

ENGLISH_NAMES: dict[str, str] = {
    "hips": "waist",
    "spine": "upper body",
    "chest": "upper body2",
    "upperChest": "upper body3",
    "neck": "neck",
    "head": "head",
} | both_sides(
    {
        "Shoulder": "shoulder_{side}",
        "UpperArm": "arm_{side}",
        "LowerArm": "elbow_{side}",
        "Hand": "wrist_{side}",
        "UpperLeg": "leg_{side}",
        "LowerLeg": "knee_{side}",
        "Foot": "ankle_{side}",
        "Toes": "toe_{side}",
    }
    | count_fingers(
        "{finger}{n}_{side}", ("thumb", "fore", "middle", "third", "little"), thumb_numbers=("0", "1", "2")
    ),
    "L",
    "R",
)
"""VRM 1.0 humanoid bone -> English name of the joint."""

ENGLISH_ALTERNATIVES: dict[str, tuple[str, ...]] = {"hips": ("groove", "center")}
"""VRM 1.0 humanoid bone -> other English names of the joint."""

CATS_NAMES: dict[str, str] = {
    "hips": "Hips",
    "spine": "Spine",
    "chest": "Chest",
    "neck": "Neck",
    "head": "Head",
} | both_sides(
    {
        "Shoulder": "{side} shoulder",
        "UpperArm": "{side} arm",
        "LowerArm": "{side} elbow",
        "Hand": "{side} wrist",
        "UpperLeg": "{side} leg",
        "LowerLeg": "{side} knee",
        "Foot": "{side} ankle",
        "Toes": "{side} toe",
    },
    "Left",
    "Right",
)
"""VRM 1.0 humanoid bone -> name of the joint after CATS."""
