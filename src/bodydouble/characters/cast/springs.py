"""Spring bones of what hangs: hair and skirts, with colliders for head, chest and legs, as VRMC_springBone 1.0.

Source: https://github.com/vrm-c/vrm-specification/blob/master/specification/VRMC_springBone-1.0/README.md
"""

from typing import Any

import numpy as np

from bodydouble.characters.cast.body import Body
from bodydouble.characters.cast.meshes import Bone
from bodydouble.data import FloatArray, Skeleton

DOWN = [0.0, -1.0, 0.0]
HAIR = {"gravityPower": 0.16, "gravityDir": DOWN, "dragForce": 0.14, "hitRadius": 0.018}
HAIR_STIFFNESS = (0.45, 0.22, 0.12)
"""Of the bones of a chain from the root."""
SKIRT = {"stiffness": 1.1, "gravityPower": 0.16, "gravityDir": DOWN, "dragForce": 0.2, "hitRadius": 0.012}
"""Gravity of 0.16 is the earth's at 60 steps per second."""
HAIR_GROUP, LEG_GROUP = 0, 1
"""Indices of the groups of colliders."""


def describe_springs(body: Body, skeleton: Skeleton, bones: list[Bone], tips: dict[str, FloatArray]) -> dict[str, Any]:
    """Describes the springs of bones beside the humanoid's.

    Args:
        body: the body.
        skeleton: the skeleton with all bones.
        bones: bones in chains, each below its parent.
        tips: place (3,) m of the end of each last bone, by its name.

    Returns:
        The content of the extension, with joints for nodes.
    """
    colliders = [*_upper_colliders(body, skeleton), *_leg_colliders(body, skeleton)]
    upper = len(_upper_colliders(body, skeleton))
    return {
        "specVersion": "1.0",
        "colliders": colliders,
        "colliderGroups": [
            {"name": "upper body", "colliders": list(range(upper))},
            {"name": "legs", "colliders": list(range(upper, len(colliders)))},
        ],
        "springs": [_describe_chain(chain, skeleton, tips[chain[-1].name]) for chain in _chains(bones)],
    }


def _chains(bones: list[Bone]) -> list[list[Bone]]:
    """Groups the bones into chains."""
    chains: list[list[Bone]] = []
    for bone in bones:
        if chains and chains[-1][-1].name == bone.parent:
            chains[-1].append(bone)
        else:
            chains.append([bone])
    return chains


def _describe_chain(chain: list[Bone], skeleton: Skeleton, tip: FloatArray) -> dict[str, Any]:
    is_hair = chain[0].name.startswith("hair")
    values = [HAIR | {"stiffness": k} for k in HAIR_STIFFNESS] if is_hair else [SKIRT] * len(chain)
    return {
        "name": chain[0].name.rpartition("_")[0],
        "joints": [{"node": skeleton.index(bone.name), **v} for bone, v in zip(chain, values, strict=True)],
        "colliderGroups": [HAIR_GROUP if is_hair else LEG_GROUP],
        "tail": (tip - chain[-1].position).tolist(),
    }


def _upper_colliders(body: Body, skeleton: Skeleton) -> list[dict[str, Any]]:
    height, joints = body.head_height, body.joints
    head = body.head_origin + np.array([0.0, 0.55, -0.05]) * height - joints["head"]
    chest = joints["neck"] - joints["upperChest"]
    shoulder = joints["leftLowerArm"] - joints["leftUpperArm"]
    return [
        _sphere(skeleton.index("head"), head, 0.44 * height),
        _capsule(skeleton.index("upperChest"), np.zeros(3), 0.6 * chest, 0.38 * height),
        *(
            _capsule(skeleton.index(f"{side}UpperArm"), -0.3 * sign * shoulder, 0.6 * sign * shoulder, 0.18 * height)
            for side, sign in (("left", 1), ("right", -1))
        ),
    ]


def _leg_colliders(body: Body, skeleton: Skeleton) -> list[dict[str, Any]]:
    joints, size = body.joints, body.head_height
    colliders = []
    for side in ("left", "right"):
        thigh = joints[f"{side}LowerLeg"] - joints[f"{side}UpperLeg"]
        shin = joints[f"{side}Foot"] - joints[f"{side}LowerLeg"]
        colliders.append(_capsule(skeleton.index(f"{side}UpperLeg"), np.zeros(3), thigh, 0.29 * size))
        colliders.append(_capsule(skeleton.index(f"{side}LowerLeg"), np.zeros(3), shin, 0.20 * size))
    return colliders


def _sphere(joint: int, offset: FloatArray, radius: float) -> dict[str, Any]:
    return {"node": joint, "shape": {"sphere": {"offset": offset.tolist(), "radius": radius}}}


def _capsule(joint: int, offset: FloatArray, tail: FloatArray, radius: float) -> dict[str, Any]:
    return {"node": joint, "shape": {"capsule": {"offset": offset.tolist(), "radius": radius, "tail": tail.tolist()}}}
