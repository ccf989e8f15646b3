"""Joint names of SMPL, SMPL-H and SMPL-X, of SMPL in FBX files (prefix ``m_avg_``), and of SMPL in MuJoCo.

Sources: https://github.com/vchoutas/smplx/blob/main/smplx/joint_names.py, https://smpl.is.tue.mpg.de (FBX) and
https://github.com/ZhengyiLuo/SMPLSim (MuJoCo).
"""

from bodydouble.skeletons.rigs.table import both_sides, count_fingers

NAMES: dict[str, str] = {
    "hips": "pelvis",
    "spine": "spine1",
    "chest": "spine2",
    "upperChest": "spine3",
    "neck": "neck",
    "head": "head",
} | both_sides(
    {
        "Shoulder": "{side}_collar",
        "UpperArm": "{side}_shoulder",
        "LowerArm": "{side}_elbow",
        "Hand": "{side}_wrist",
        "UpperLeg": "{side}_hip",
        "LowerLeg": "{side}_knee",
        "Foot": "{side}_ankle",
        "Toes": "{side}_foot",
    }
    | count_fingers("{side}_{finger}{n}", ("thumb", "index", "middle", "ring", "pinky")),
    "left",
    "right",
)
"""VRM 1.0 humanoid bone -> name of the joint."""

FBX_NAMES: dict[str, str] = {
    "hips": "Pelvis",
    "spine": "Spine1",
    "chest": "Spine2",
    "upperChest": "Spine3",
    "neck": "Neck",
    "head": "Head",
} | both_sides(
    {
        "Shoulder": "{side}_Collar",
        "UpperArm": "{side}_Shoulder",
        "LowerArm": "{side}_Elbow",
        "Hand": "{side}_Wrist",
        "UpperLeg": "{side}_Hip",
        "LowerLeg": "{side}_Knee",
        "Foot": "{side}_Ankle",
        "Toes": "{side}_Foot",
    }
    | count_fingers("{side}_{finger}{n}", ("thumb", "index", "middle", "ring", "pinky")),
    "L",
    "R",
)
"""VRM 1.0 humanoid bone -> name of the joint of SMPL in FBX files."""

MUJOCO_NAMES: dict[str, str] = {
    "hips": "Pelvis",
    "spine": "Torso",
    "chest": "Spine",
    "upperChest": "Chest",
    "neck": "Neck",
    "head": "Head",
} | both_sides(
    {
        "Shoulder": "{side}_Thorax",
        "UpperArm": "{side}_Shoulder",
        "LowerArm": "{side}_Elbow",
        "Hand": "{side}_Wrist",
        "UpperLeg": "{side}_Hip",
        "LowerLeg": "{side}_Knee",
        "Foot": "{side}_Ankle",
        "Toes": "{side}_Toe",
    }
    | count_fingers("{side}_{finger}{n}", ("thumb", "index", "middle", "ring", "pinky")),
    "L",
    "R",
)
"""VRM 1.0 humanoid bone -> name of the body of SMPL in MuJoCo."""
