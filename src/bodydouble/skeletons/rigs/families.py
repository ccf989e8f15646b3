"""Families of joint names, in the order in which they are preferred if they match the same number of joints."""

from collections.abc import Mapping
from dataclasses import dataclass

from bodydouble.skeletons.rigs import (
    acclaim,
    advanced_skeleton,
    auto_rig_pro,
    biovision,
    biped,
    cmu,
    daz,
    makehuman,
    mixamo,
    mmd,
    reallusion,
    rigify,
    roblox,
    rokoko,
    smpl,
    unreal,
    vrm,
    vroid,
    xsens,
)


@dataclass(frozen=True)
class Family:
    """Rigs that name their joints alike."""

    label: str
    """Name of the family in messages."""
    names: Mapping[str, tuple[str, ...]]
    """VRM 1.0 humanoid bone -> names of the joint, the preferred one first."""


def _family(label: str, names: Mapping[str, str], alternatives: Mapping[str, tuple[str, ...]] | None = None) -> Family:
    more = alternatives or {}
    return Family(label, {bone: (name, *more.get(bone, ())) for bone, name in names.items()})


FAMILIES: tuple[Family, ...] = (
    _family("VRM", vrm.NAMES),
    _family("Unity", vrm.UNITY_NAMES),
    _family("Mixamo, HumanIK or Ready Player Me", mixamo.NAMES),
    _family("Unreal Engine 5", unreal.UE5_NAMES),
    _family("Unreal Engine 4", unreal.NAMES),
    _family("Rigify", rigify.NAMES),
    _family("Character Creator", reallusion.NAMES),
    _family("VRoid", vroid.NAMES),
    _family("3ds Max Biped", biped.NAMES),
    _family("Valve Biped", biped.VALVE_NAMES, biped.VALVE_ALTERNATIVES),
    _family("CMU", cmu.NAMES),
    _family("CMU, original files", acclaim.NAMES),
    _family("Poser and DAZ", daz.NAMES),
    _family("DAZ Genesis 3 and 8", daz.GENESIS8_NAMES),
    _family("DAZ Genesis 9", daz.GENESIS9_NAMES),
    _family("MakeHuman", makehuman.NAMES),
    _family("Rokoko", rokoko.NAMES),
    _family("Xsens", xsens.NAMES),
    _family("Biovision", biovision.NAMES),
    _family("Xsens BVH", xsens.BVH_NAMES),
    _family("SMPL", smpl.NAMES),
    _family("SMPL (FBX)", smpl.FBX_NAMES),
    _family("SMPL (MuJoCo)", smpl.MUJOCO_NAMES),
    _family("Roblox R15", roblox.NAMES),
    _family("Auto-Rig Pro", auto_rig_pro.NAMES, auto_rig_pro.ALTERNATIVES),
    _family("AdvancedSkeleton", advanced_skeleton.NAMES),
    _family("MMD with D joints", mmd.D_NAMES, mmd.ALTERNATIVES),
    _family("MMD", mmd.NAMES, mmd.ALTERNATIVES),
    _family("mmd_tools with D joints", mmd.BLENDER_D_NAMES, mmd.BLENDER_ALTERNATIVES),
    _family("mmd_tools", mmd.BLENDER_NAMES, mmd.BLENDER_ALTERNATIVES),
    _family("MMD in English", mmd.ENGLISH_NAMES, mmd.ENGLISH_ALTERNATIVES),
    _family("CATS", mmd.CATS_NAMES),
)
