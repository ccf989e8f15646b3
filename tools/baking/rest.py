"""Adult template: `Body` in the T-pose -> tables of the humanoid skeleton and the landmarks (adult_template.py)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from baking.source import Array, Body
from bodydouble.skeletons import blazepose, humanoid

FINGER_NAMES = {"Thumb": 1, "Index": 2, "Middle": 3, "Ring": 4, "Little": 5}
HUMANOID_BONE = {
    "hips": "root", "spine": "spine04", "chest": "spine02", "upperChest": "spine01", "neck": "neck01", "head": "head",
    "leftShoulder": "clavicle.L", "leftUpperArm": "upperarm01.L", "leftLowerArm": "lowerarm01.L",
    "leftHand": "wrist.L", "leftUpperLeg": "upperleg01.L", "leftLowerLeg": "lowerleg01.L", "leftFoot": "foot.L",
}  # fmt: skip
"""MakeHuman bones that start at humanoid joints; ``leftToes`` is the mean of the starts of the first three toes."""

STRAIGHT_LIMBS = (
    (("leftUpperArm", "leftLowerArm", "leftHand"), [1, 2]),
    (("leftUpperLeg", "leftLowerLeg", "leftFoot"), [0, 2]),
)
"""Joints on a straight line, and the coordinates that they share."""
MIRROR = np.array([-1.0, 1.0, 1.0])

FINGER_PARTS = {"Metacarpal": 1, "Proximal": 1, "Intermediate": 2, "Distal": 3}


def joint_bone(joint: str) -> str:
    """Returns the MakeHuman bone that starts at a left or middle humanoid joint or finger joint."""
    for finger, number in FINGER_NAMES.items():
        if finger in joint:
            part = joint.split(finger)[1]
            return f"finger{number}-{2 if (finger, part) == ('Thumb', 'Proximal') else FINGER_PARTS[part]}.L"
    return HUMANOID_BONE[joint]


def joint_positions(body: Body) -> dict[str, Array]:
    """Returns symmetric rest positions of the 22 joints and the 30 finger joints in m, rounded to 0.1 mm."""
    head = dict(zip(body.bones, body.heads, strict=True))
    toes = np.mean([head[f"toe{i}-1.L"] for i in (1, 2, 3)], axis=0)
    joints = {}
    for joint in humanoid.JOINTS + humanoid.FINGERS:
        if not joint.startswith("right"):
            joints[joint] = np.round(toes if joint == "leftToes" else head[joint_bone(joint)], 4) + 0.0
    for middle in ("hips", "spine", "chest", "upperChest", "neck", "head"):
        joints[middle][0] = 0.0
    for limb, axes in STRAIGHT_LIMBS:
        for joint in limb[1:]:
            joints[joint][axes] = joints[limb[0]][axes]
    joints |= {humanoid.mirrored_name(name): point * MIRROR for name, point in joints.items() if "left" in name}
    return {name: joints[name] for name in humanoid.JOINTS + humanoid.FINGERS}


def extreme_point(points: Array, direction: tuple[float, float, float]) -> Array:
    """Returns the farthest point in a direction."""
    return points[np.argmax(points @ np.array(direction))]


def face_landmarks(body: Body) -> dict[str, Array]:
    """Returns the positions of the nose, and of the left eye, ear and corner of the mouth, on the surface."""
    in_head = body.weights[:, body.bones.index("head")] > 0.9
    skull = body.positions[in_head]
    hollow = np.zeros(len(body.positions), bool)
    hollow[body.faces[body.cavity]] = True
    rim = np.zeros(len(body.positions), bool)
    rim[body.faces[~body.cavity]] = True
    rim &= hollow
    edge = body.positions[rim & (body.positions[:, 0] > 0)]
    eye_height = body.heads[body.bones.index("eye.L")][1]
    lids, lips = edge[edge[:, 1] > eye_height - 0.03], edge[edge[:, 1] < eye_height - 0.03]
    ear = skull[skull[:, 0] > 0.9 * skull[:, 0].max()].mean(axis=0)
    inner, outer = extreme_point(lids, (-1, 0, 0)), extreme_point(lids, (1, 0, 0))
    pupil = extreme_point(lids, (0, 0, 1))
    return {
        "nose": extreme_point(skull, (0, 0, 1)) * [0.0, 1.0, 1.0],
        "left_eye_inner": inner,
        "left_eye": np.array([(inner[0] + outer[0]) / 2, eye_height, pupil[2]]),
        "left_eye_outer": outer,
        "left_ear": ear,
        "mouth_left": extreme_point(lips, (1, 0, 0)),
    }


def landmark_table(body: Body, joints: dict[str, Array]) -> dict[str, tuple[str, Array]]:
    """Returns the joint that carries each BlazePose landmark, and the position of the landmark at rest."""
    left = {name: ("head", point) for name, point in face_landmarks(body).items()}
    for part, joint in JOINT_LANDMARKS.items():
        left[f"left_{part}"] = (joint, joints[joint])
    for part, joint in HAND_LANDMARKS.items():
        left[f"left_{part}"] = ("leftHand", joints[joint])
    foot = body.positions[(body.positions[:, 1] < 0.06) & (body.positions[:, 0] > 0)]
    ground = np.array([1.0, 0.0, 1.0])
    left["left_heel"] = ("leftFoot", extreme_point(foot, (0, 0, -1)) * ground)
    left["left_foot_index"] = ("leftToes", extreme_point(foot, (0, 0, 1)) * ground)
    table = dict(left)
    for name, (joint, point) in left.items():
        if name != "nose":
            other = blazepose.LANDMARKS[blazepose.MIRROR[blazepose.INDEX[name]]]
            table[other] = (humanoid.mirrored_name(joint), point * MIRROR)
    return {name: table[name] for name in blazepose.LANDMARKS}


def write_adult_template(body: Body, path: Path) -> None:
    """Writes the template skeleton and the landmarks as a module of tables."""
    joints = joint_positions(body)
    offsets = {j: joints[j] - (joints[p] if p else 0.0) for j, p in humanoid.PARENT.items()}
    landmarks = {
        name: (joint, np.round(point, 4) - joints[joint])
        for name, (joint, point) in landmark_table(body, joints).items()
    }
    path.write_text(template_text(offsets, landmarks, joints["leftFoot"][1]), encoding="utf-8")


def template_text(
    offsets: Mapping[str, ArrayLike], landmarks: Mapping[str, tuple[str, ArrayLike]], ankle_height: float
) -> str:
    """Formats the module of tables.

    Args:
        offsets: rest offset (3,) in m of each joint.
        landmarks: joint that carries each BlazePose landmark, and the offset (3,) in m of the landmark.
        ankle_height: height in m of the ankle joint.
    """
    offset_lines = [f"    {_triple(offset)},  # {joint}" for joint, offset in offsets.items()]
    landmark_lines = [f'    "{name}": ("{joint}", {_triple(offset)}),' for name, (joint, offset) in landmarks.items()]
    return TEMPLATE_MODULE.format(
        offsets="\n".join(offset_lines), landmarks="\n".join(landmark_lines), ankle=ankle_height
    )


def _triple(point: ArrayLike) -> str:
    return "(" + ", ".join(f"{x + 0.0:.4f}" for x in np.round(point, 4)) + ")"


JOINT_LANDMARKS = {
    "shoulder": "leftUpperArm", "elbow": "leftLowerArm", "wrist": "leftHand",
    "hip": "leftUpperLeg", "knee": "leftLowerLeg", "ankle": "leftFoot",
}  # fmt: skip
HAND_LANDMARKS = {"pinky": "leftLittleProximal", "index": "leftIndexProximal", "thumb": "leftThumbDistal"}
"""Joints at BlazePose's landmarks: first knuckle of little and index finger, second knuckle of the thumb."""

TEMPLATE_MODULE = '''"""Adult template: skeleton in the T-pose, and BlazePose's landmarks on it.

Written by tools/bake_characters.py, measured on the built-in mannequin, 1.70 m tall. Exactly mirror-symmetric.
"""

STATURE = 1.70
"""Stature of the mannequin in m."""

REST_OFFSETS: tuple[tuple[float, float, float], ...] = (
{offsets}
)
"""Offsets (22, 3) in m from the parent, ordered as humanoid.JOINTS; for the hips, their position above the floor."""

ANKLE_HEIGHT: float = {ankle:.4f}
"""Height in m of the ankle joint above the sole."""

REST_LANDMARKS: dict[str, tuple[str, tuple[float, float, float]]] = {{
{landmarks}
}}
"""Joint that rigidly carries each BlazePose landmark, and the offset in m from that joint at rest.

Heels and foot indices are the points of the sole that touch the floor below the back of the heel and the longest toe.
"""
'''
