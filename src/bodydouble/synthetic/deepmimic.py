"""Reader of DeepMimic's text format: .txt file -> `Motion` of the 22 humanoid joints, or landmarks (T, 33, 3).

The PyPI package pybullet contains such files.

Source: Peng et al., DeepMimic (2018), https://github.com/xbpeng/DeepMimic; the body is its humanoid3d: forward +X,
up +Y, its right +Z, at rest upright with hanging arms.
"""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.characters.to_humanoid import convert_to_humanoid
from bodydouble.data import CONTACT_POINTS, FloatArray, Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.geometry import rotation
from bodydouble.motion.body import body_landmarks
from bodydouble.skeletons import adult_template, blazepose

COLUMN_COUNT = 44
"""Numbers per frame."""
COMMON_RATES = tuple(Fraction(rate) for rate in (16, 24, 30, 60))
"""Frame rates to which the rounded frame time of a file is mapped."""

_HINGE = (0.0, 0.0, 1.0)
_JOINTS: tuple[tuple[str, str, tuple[float, float, float], int], ...] = (
    # name, parent, offset from the parent (m), values per frame: 4 (wxyz quaternion), 1 (angle about the hinge) or 0
    ("chest", "root", (0.0, 0.236, 0.0), 4),
    ("neck", "chest", (0.0, 0.224, 0.0), 4),
    ("right_hip", "root", (0.0, 0.0, 0.085), 4),
    ("right_knee", "right_hip", (0.0, -0.422, 0.0), 1),
    ("right_ankle", "right_knee", (0.0, -0.410, 0.0), 4),
    ("right_shoulder", "chest", (-0.024, 0.244, 0.183), 4),
    ("right_elbow", "right_shoulder", (0.0, -0.275, 0.0), 1),
    ("left_hip", "root", (0.0, 0.0, -0.085), 4),
    ("left_knee", "left_hip", (0.0, -0.422, 0.0), 1),
    ("left_ankle", "left_knee", (0.0, -0.410, 0.0), 4),
    ("left_shoulder", "chest", (-0.024, 0.244, -0.183), 4),
    ("left_elbow", "left_shoulder", (0.0, -0.275, 0.0), 1),
)
_WRIST = (0.0, -0.259, 0.0)
_HEAD = (0.0, 0.13, 0.0)
_STANDING_HEIGHT = 0.422 + 0.410 + 0.05
"""Height in m of the root if the soles of the straight legs are on the floor."""
_HUMANOID_BONES = {"root": "hips", "chest": "chest", "neck": "neck"} | {
    f"{side}_{joint}": f"{side}{bone}"
    for side in ("left", "right")
    for joint, bone in (
        ("hip", "UpperLeg"), ("knee", "LowerLeg"), ("ankle", "Foot"), ("shoulder", "UpperArm"), ("elbow", "LowerArm"),
    )
}  # fmt: skip
"""Humanoid bone of each joint of the file. The joint called neck moves the head."""


def read_landmarks(path: Path) -> tuple[FloatArray, Fraction]:
    """Reads the landmarks of a motion.

    Returns:
        Landmarks (T, 33, 3) in m in BlazePose order, y up, and the frames per second.

    Raises:
        FormatError: the file is not a humanoid3d motion.
    """
    rows, fps = _read_rows(path)
    return _place_landmarks(*_pose_joints(rows)), fps


def read_motion(path: Path) -> Motion:
    """Reads a motion of the 22 humanoid joints; contacts and joint_sigma are NaN.

    Raises:
        FormatError: the file is not a humanoid3d motion.
    """
    rows, fps = _read_rows(path)
    names, parents, offsets = ["root"], [-1], [(0.0, _STANDING_HEIGHT, 0.0)]
    rotations = [_xyzw_from_wxyz(rows[:, 4:8])]
    for (name, parent, offset, _), local in zip(_JOINTS, _local_rotations(rows), strict=True):
        names.append(name)
        parents.append(names.index(parent))
        offsets.append(offset)
        rotations.append(local)
    bones = [_HUMANOID_BONES[name] for name in names]
    for bone, parent, offset in (
        ("head", "neck", _HEAD),
        ("leftHand", "leftLowerArm", _WRIST),
        ("rightHand", "rightLowerArm", _WRIST),
    ):
        parents.append(bones.index(parent))
        bones.append(bone)
        offsets.append(offset)
        rotations.append(np.tile(rotation.IDENTITY, (len(rows), 1)))
    return convert_to_humanoid(
        Motion(
            skeleton=Skeleton(tuple(bones), tuple(parents), np.array(offsets)),
            fps=fps,
            rotations=np.stack(rotations, axis=1),
            root_position=rows[:, 1:4],
            contacts=np.full((len(rows), len(CONTACT_POINTS)), np.nan),
            joint_sigma=np.full((len(rows), len(bones)), np.nan),
        ),
        scale=1.0,
        bones={bone: joint for joint, bone in enumerate(bones)},
    )


def _read_rows(path: Path) -> tuple[FloatArray, Fraction]:
    """Reads the rows (T, 44) of a file and their frame rate."""
    try:
        rows = np.array(json.loads(path.read_text())["Frames"], dtype=np.float64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path} is not a DeepMimic motion ({error})") from error
    if rows.ndim != 2 or rows.shape[1] != COLUMN_COUNT or len(rows) < 2:
        raise FormatError(f"{path} is not a humanoid3d motion: it has no rows of {COLUMN_COUNT} numbers")
    fps = min(COMMON_RATES, key=lambda rate: abs(float(rate) - 1 / rows[0, 0]))
    return rows, fps


def _pose_joints(rows: FloatArray) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Returns positions (T, 3) and world rotations (T, 4) of the joints by name."""
    positions = {"root": rows[:, 1:4]}
    rotations = {"root": _xyzw_from_wxyz(rows[:, 4:8])}
    for (name, parent, offset, _), local in zip(_JOINTS, _local_rotations(rows), strict=True):
        positions[name] = positions[parent] + rotation.rotate(rotations[parent], np.array(offset))
        rotations[name] = rotation.multiply(rotations[parent], local)
    return positions, rotations


def _local_rotations(rows: FloatArray) -> Iterator[FloatArray]:
    """Yields the local rotations (T, 4) of the joints below the root."""
    column = 8
    for _, _, _, value_count in _JOINTS:
        values = rows[:, column : column + value_count]
        yield (_xyzw_from_wxyz(values) if value_count == 4 else rotation.from_rotvec(values * np.array(_HINGE)))
        column += value_count


def _xyzw_from_wxyz(wxyz: FloatArray) -> FloatArray:
    return rotation.normalize(np.roll(wxyz, -1, axis=-1))


def _place_landmarks(positions: dict[str, FloatArray], rotations: dict[str, FloatArray]) -> FloatArray:
    """Returns landmarks (T, 33, 3): joints, and face, hands and feet of the adult template rigidly attached to them."""
    landmarks = np.empty((len(positions["root"]), len(blazepose.LANDMARKS), 3))
    carriers = {"head": "neck"}
    for side in ("left", "right"):
        positions[f"{side}_wrist"] = positions[f"{side}_elbow"] + rotation.rotate(
            rotations[f"{side}_elbow"], np.array(_WRIST)
        )
        carriers |= {f"{side}Hand": f"{side}_elbow", f"{side}Foot": f"{side}_ankle", f"{side}Toes": f"{side}_ankle"}
    template = body_landmarks.rest_landmarks(body_landmarks.template_skeleton())
    for i, name in enumerate(blazepose.LANDMARKS):
        if name in positions:
            landmarks[:, i] = positions[name]
            continue
        carrier = carriers[adult_template.REST_LANDMARKS[name][0]]
        origin, offset = _landmark_offset(name, carrier, template)
        landmarks[:, i] = positions[origin] + rotation.rotate(rotations[carrier], offset)
    return landmarks


def _landmark_offset(name: str, carrier: str, template: FloatArray) -> tuple[str, FloatArray]:
    """Returns the joint that carries a landmark and its offset (3,) in that joint's axes, with arms hanging at rest."""
    side = name.split("_", maxsplit=1)[0]
    if carrier.endswith("elbow"):
        offset = template[blazepose.INDEX[name]] - template[blazepose.INDEX[f"{side}_wrist"]]
        outward = 1.0 if side == "left" else -1.0
        # The arm of the T-pose is lowered: outward becomes down, up becomes outward.
        hanging = np.array([outward * offset[1], -outward * offset[0], offset[2]])
        return f"{side}_wrist", _to_deepmimic_axes(hanging)
    if carrier.endswith("ankle"):
        return carrier, _to_deepmimic_axes(template[blazepose.INDEX[name]] - template[blazepose.INDEX[f"{side}_ankle"]])
    shoulders = body_landmarks.group_mean(template, body_landmarks.SHOULDERS)
    return carrier, _to_deepmimic_axes(template[blazepose.INDEX[name]] - shoulders)


def _to_deepmimic_axes(offset: FloatArray) -> FloatArray:
    """Converts a vector (3,) from +X left, +Z forward to +X forward, +Z right."""
    return np.array([offset[2], offset[1], -offset[0]])
