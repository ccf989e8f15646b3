"""The humanoid skeleton and the landmarks, measured on the body, as a module of tables."""

from pathlib import Path

import numpy as np

from baking.source import Array, Body
from bodydouble.skeletons import blazepose, humanoid

FINGER_NAMES = {"Thumb": 1, "Index": 2, "Middle": 3, "Ring": 4, "Little": 5}
HUMANOID_BONE = {
    "hips": "root", "spine": "spine04", "chest": "spine02", "upperChest": "spine01", "neck": "neck01", "head": "head",
    "leftShoulder": "clavicle.L", "leftUpperArm": "upperarm01.L", "leftLowerArm": "lowerarm01.L",
    "leftHand": "wrist.L", "leftUpperLeg": "upperleg01.L", "leftLowerLeg": "lowerleg01.L", "leftFoot": "foot.L",
}  # fmt: skip
"""MakeHuman bones whose starts are humanoid joints; ``leftToes`` lies between the starts of the first three toes."""

STRAIGHT_LIMBS = (
    (("leftUpperArm", "leftLowerArm", "leftHand"), [1, 2]),
    (("leftUpperLeg", "leftLowerLeg", "leftFoot"), [0, 2]),
)
"""Joints on a line, and the coordinates that they share."""
MIRROR = np.array([-1.0, 1.0, 1.0])

FINGER_PARTS = {"Metacarpal": 1, "Proximal": 1, "Intermediate": 2, "Distal": 3}


def joint_bone(joint: str) -> str:
    """MakeHuman bone that starts at a left or middle humanoid joint or finger joint."""
    for finger, number in FINGER_NAMES.items():
        if finger in joint:
            part = joint.split(finger)[1]
            return f"finger{number}-{2 if (finger, part) == ('Thumb', 'Proximal') else FINGER_PARTS[part]}.L"
    return HUMANOID_BONE[joint]


def joint_positions(body: Body) -> dict[str, Array]:
    """Rest positions of the 22 joints and the 30 finger joints, in tenths of a millimetre, mirror-symmetric."""
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


def extreme(points: Array, direction: tuple[float, float, float]) -> Array:
    """The point that lies furthest in a direction."""
    return points[np.argmax(points @ np.array(direction))]


def face_landmarks(body: Body) -> dict[str, Array]:
    """Positions of the nose, and of the left eye, ear and corner of the mouth, on the surface."""
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
    inner, outer = extreme(lids, (-1, 0, 0)), extreme(lids, (1, 0, 0))
    pupil = extreme(lids, (0, 0, 1))
    return {
        "nose": extreme(skull, (0, 0, 1)) * [0.0, 1.0, 1.0],
        "left_eye_inner": inner,
        "left_eye": np.array([(inner[0] + outer[0]) / 2, eye_height, pupil[2]]),
        "left_eye_outer": outer,
        "left_ear": ear,
        "mouth_left": extreme(lips, (1, 0, 0)),
    }


def landmark_table(body: Body, joints: dict[str, Array]) -> dict[str, tuple[str, Array]]:
    """BlazePose landmark -> (joint that carries it, position at rest)."""
    left = {name: ("head", point) for name, point in face_landmarks(body).items()}
    for part, joint in JOINT_LANDMARKS.items():
        left[f"left_{part}"] = (joint, joints[joint])
    for part, joint in HAND_LANDMARKS.items():
        left[f"left_{part}"] = ("leftHand", joints[joint])
    foot = body.positions[(body.positions[:, 1] < 0.06) & (body.positions[:, 0] > 0)]
    ground = np.array([1.0, 0.0, 1.0])
    left["left_heel"] = ("leftFoot", extreme(foot, (0, 0, -1)) * ground)
    left["left_foot_index"] = ("leftToes", extreme(foot, (0, 0, 1)) * ground)
    table = dict(left)
    for name, (joint, point) in left.items():
        if name != "nose":
            other = blazepose.LANDMARKS[blazepose.MIRROR[blazepose.INDEX[name]]]
            table[other] = (humanoid.mirrored_name(joint), point * MIRROR)
    return {name: table[name] for name in blazepose.LANDMARKS}


def write_rest(body: Body, path: Path) -> None:
    """Writes the template skeleton and the landmarks as a module of tables."""
    joints = joint_positions(body)

    def triple(point: Array) -> str:
        return "(" + ", ".join(f"{x + 0.0:.4f}" for x in np.round(point, 4)) + ")"

    offsets = [f"    {triple(joints[j] - (joints[p] if p else 0.0))},  # {j}" for j, p in humanoid.PARENT.items()]
    landmarks = [
        f'    "{name}": ("{joint}", {triple(np.round(point, 4) - joints[joint])}),'
        for name, (joint, point) in landmark_table(body, joints).items()
    ]
    text = REST_MODULE.format(offsets="\n".join(offsets), landmarks="\n".join(landmarks), ankle=joints["leftFoot"][1])
    path.write_text(text, encoding="utf-8")


JOINT_LANDMARKS = {
    "shoulder": "leftUpperArm", "elbow": "leftLowerArm", "wrist": "leftHand",
    "hip": "leftUpperLeg", "knee": "leftLowerLeg", "ankle": "leftFoot",
}  # fmt: skip
HAND_LANDMARKS = {"pinky": "leftLittleProximal", "index": "leftIndexProximal", "thumb": "leftThumbDistal"}
"""BlazePose: first knuckle of the little finger and of the index finger, second knuckle of the thumb."""

REST_MODULE = '''"""The adult template skeleton and where BlazePose's landmarks lie on it, in the T-pose.

Written by tools/bake_characters.py, measured on the built-in mannequin, 1.70 m tall. Exactly mirror-symmetric.
"""

STATURE = 1.70
"""m, of the mannequin."""

REST_OFFSETS: tuple[tuple[float, float, float], ...] = (
{offsets}
)
"""(22, 3) m from the parent, order of humanoid.JOINTS; for the hips, their position above the floor."""

ANKLE_HEIGHT: float = {ankle:.4f}
"""Metres from the sole to the ankle joint."""

REST_LANDMARKS: dict[str, tuple[str, tuple[float, float, float]]] = {{
{landmarks}
}}
"""BlazePose landmark -> (joint that carries it rigidly, offset in metres from that joint at rest).

Heels and foot indices are the points of the sole that touch the floor below the back of the heel and the longest toe.
"""
'''
