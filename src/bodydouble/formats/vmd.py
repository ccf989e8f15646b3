"""VMD files of MikuMikuDance: ``Motion`` -> bone and morph keyframes at 30 frames/s for a model of the standard bones.

MMD's axes are left-handed: +X to the left of a model, +Y up, the model faces -Z. The unit is 8 cm.

Source: https://mikumikudance.fandom.com/wiki/VMD_file_format
"""

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import FloatArray, Motion
from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.gaze import gaze_rotations
from bodydouble.skeletons.rigs import mmd_standard

SIGNATURE = b"Vocaloid Motion Data 0002"
MODEL_NAME = "bodydouble"
BONE_NAME_BYTES, MODEL_NAME_BYTES, IK_NAME_BYTES, SIGNATURE_BYTES = 15, 20, 20, 30
LINEAR = bytes([20] * 8 + [107] * 8) * 4
"""Interpolation curves of a keyframe: four Bezier curves that are straight lines."""
EMPTY_SECTIONS = 3
"""Camera, lights and shadows, which have no keyframes."""
_MIRROR_Z = np.array([-1.0, -1.0, 1.0, 1.0])
"""Factors of a quaternion xyzw where z is mirrored."""
_KEYFRAME = np.dtype(
    [
        ("bone", f"S{BONE_NAME_BYTES}"),
        ("frame", "<u4"),
        ("position", "<f4", (3,)),
        ("rotation", "<f4", (4,)),
        ("curves", "S64"),
    ]
)

_MORPH_KEYFRAME = np.dtype([("morph", f"S{BONE_NAME_BYTES}"), ("frame", "<u4"), ("weight", "<f4")])


def write(
    path: Path, motion: Motion, morphs: Mapping[str, FloatArray] | None = None, gaze: FloatArray | None = None
) -> None:
    """Writes a motion of the humanoid joints, with the fingers if the motion has them.

    Args:
        path: the .vmd file to write; it appears only when it is complete.
        motion: T frames at 30 frames/s.
        morphs: name of a morph -> weights (T,), 0 to 1.
        gaze: (T, 2) rad, towards the person's left, and up; None if it is not known.

    Raises:
        InvalidDataError: the frame rate is not 30.
        OutputError: the file cannot be written.
    """
    if motion.fps != mmd_standard.FPS:
        raise InvalidDataError(f"a VMD motion has {mmd_standard.FPS} frames/s, not {float(motion.fps):g}; resample it")
    rotations = bone_rotations(motion) | ({} if gaze is None else {mmd_standard.EYES: eye_rotations(gaze)})
    keyframes, morph_keyframes = _keyframes(motion, rotations), _morph_keyframes(morphs or {})
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write(SIGNATURE.ljust(SIGNATURE_BYTES, b"\0"))
        file.write(_encode_name(MODEL_NAME, MODEL_NAME_BYTES))
        file.write(struct.pack("<I", keyframes.size) + keyframes.tobytes())
        file.write(struct.pack("<I", morph_keyframes.size) + morph_keyframes.tobytes())
        file.write(bytes(4 * EMPTY_SECTIONS) + _ik_section())


def _keyframes(motion: Motion, rotations: Mapping[str, FloatArray]) -> NDArray[np.void]:
    """Returns the keyframes (B * T,) of all bones, one bone after the other."""
    frames = len(motion.rotations)
    rows = np.zeros((1 + len(rotations), frames), _KEYFRAME)
    rows["frame"] = np.arange(frames)
    rows["curves"] = LINEAR
    rows["rotation"][0] = rotation.IDENTITY
    rows["position"][0] = _mirror_z(motion.root_position - motion.skeleton.rest_offsets[0]) * mmd_standard.UNITS_PER_M
    for row, bone in zip(rows, (mmd_standard.CENTER, *rotations), strict=True):
        row["bone"] = _encode_name(bone, BONE_NAME_BYTES)
    for row, quaternions in zip(rows[1:], rotations.values(), strict=True):
        row["rotation"] = quaternions
    return rows.reshape(-1)


def _morph_keyframes(morphs: Mapping[str, FloatArray]) -> NDArray[np.void]:
    """Returns the keyframes of all morphs, one morph after the other."""
    parts = [np.zeros(0, _MORPH_KEYFRAME)]
    for name, weights in morphs.items():
        rows = np.zeros(len(weights), _MORPH_KEYFRAME)
        rows["morph"] = _encode_name(name, BONE_NAME_BYTES)
        rows["frame"], rows["weight"] = np.arange(len(weights)), weights
        parts.append(rows)
    return np.concatenate(parts)


def bone_rotations(motion: Motion) -> dict[str, FloatArray]:
    """Computes the rotations (T, 4) xyzw of each bone in MMD's axes, relative to its rest pose and its parent."""
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)
    rotations, in_world = {}, {}
    for bone, joint, parent in driven_bones(motion):
        joint_world = world[:, motion.skeleton.index(joint)]
        in_world[bone] = rotation.multiply(joint_world, t_pose_from_rest(bone))
        local = in_world[bone]
        if parent is not None:
            local = rotation.multiply(rotation.conjugate(in_world[parent]), local)
        rotations[bone] = rotation.make_continuous(local * _MIRROR_Z)
    return rotations


def driven_bones(motion: Motion) -> list[tuple[str, str, str | None]]:
    """Returns bone, joint and parent bone of all bones that a motion drives; parents stand before children."""
    bones = (*mmd_standard.BONES, *mmd_standard.FINGER_BONES)
    return [bone for bone in bones if bone[1] in motion.skeleton.joint_names]


def eye_rotations(gaze: FloatArray) -> FloatArray:
    """Returns the rotations (T, 4) xyzw of the bone of both eyes in MMD's axes for a gaze (T, 2) rad."""
    return np.asarray(gaze_rotations(gaze * mmd_standard.EYE_RATIO) * _MIRROR_Z)


def t_pose_from_rest(bone: str) -> FloatArray:
    """Returns the rotation (4,) that raises the arms of a model at rest to the T-pose, world axes."""
    if bone not in mmd_standard.ARM_BONES:
        return rotation.IDENTITY
    side = 1.0 if bone.startswith("左") else -1.0
    return rotation.from_rotvec(np.radians([0.0, 0.0, side * mmd_standard.ARM_ANGLE_DEG]))


def _mirror_z(positions: FloatArray) -> FloatArray:
    return np.asarray(positions * np.array([1.0, 1.0, -1.0]))


def _encode_name(name: str, size: int) -> bytes:
    return name.encode("shift_jis")[:size].ljust(size, b"\0")


def _ik_section() -> bytes:
    """Returns one keyframe at frame 0 that shows the model and switches the legs' inverse kinematics off."""
    names = b"".join(_encode_name(bone, IK_NAME_BYTES) + b"\0" for bone in mmd_standard.LEG_IK_BONES)
    return struct.pack("<IIBI", 1, 0, 1, len(mmd_standard.LEG_IK_BONES)) + names
