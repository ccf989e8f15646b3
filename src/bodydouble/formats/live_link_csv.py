"""CSV files of faces as the app Live Link Face writes them, for Unreal Engine, Faceit and others.

Source: Epic Games, Live Link Face, https://dev.epicgames.com/documentation/en-us/metahuman/capturing-facial-animation;
names and order are those of the enumeration ``EARFaceBlendShape`` of Unreal Engine's AugmentedReality module.
"""

from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.data import Face, FloatArray
from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import rotation
from bodydouble.skeletons.arkit import INDEX

_EYE = ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide")
SHAPES = (
    *(f"eye{name}Left" for name in _EYE), *(f"eye{name}Right" for name in _EYE),
    "jawForward", "jawRight", "jawLeft", "jawOpen",
    "mouthClose", "mouthFunnel", "mouthPucker", "mouthRight", "mouthLeft", "mouthSmileLeft", "mouthSmileRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft",
    "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The 52 shapes in the order of the columns."""
ANGLES = tuple(f"{part}{angle}" for part in ("Head", "LeftEye", "RightEye") for angle in ("Yaw", "Pitch", "Roll"))
"""Columns of rotations, rad."""
COLUMNS = (*(name[0].upper() + name[1:] for name in SHAPES), *ANGLES)


def write(path: Path, face: Face, chest_from_head: FloatArray, fps: Fraction, first_frame: int = 0) -> None:
    """Writes the face of one person.

    Args:
        path: the .csv file to write; it appears only when it is complete.
        face: T frames.
        chest_from_head: (T, 4) xyzw, rotation of the head relative to the chest, identity at rest.
        fps: rate of the frames.
        first_frame: number of the first frame, from which its time code is computed.

    Raises:
        InvalidDataError: the numbers of frames differ.
        OutputError: the file cannot be written.
    """
    if len(chest_from_head) != len(face.weights):
        raise InvalidDataError(f"the face has {len(face.weights)} frames, the head {len(chest_from_head)}")
    gaze = np.column_stack([face.gaze, np.zeros(len(face.gaze))])
    values = np.hstack([face.weights[:, [INDEX[name] for name in SHAPES]], head_angles(chest_from_head), gaze, gaze])
    with atomic_write(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as file:
        file.write(",".join(["Timecode", "BlendShapeCount", *COLUMNS]) + "\n")
        for row, numbers in enumerate(values.tolist()):
            cells = [time_code(first_frame + row, fps), str(len(COLUMNS)), *(f"{number:.10f}" for number in numbers)]
            file.write(",".join(cells) + "\n")


def head_angles(rotations: FloatArray) -> FloatArray:
    """Returns yaw, pitch and roll (T, 3) rad of rotations (T, 4) xyzw, applied in this order about moving axes.

    Yaw is positive towards the person's left, pitch up, roll towards the right shoulder.
    """
    matrices = rotation.to_matrix(rotations)
    yaw = np.arctan2(matrices[:, 0, 2], matrices[:, 2, 2])
    pitch = np.arcsin(np.clip(matrices[:, 1, 2], -1.0, 1.0))
    roll = np.arctan2(matrices[:, 1, 0], matrices[:, 1, 1])
    return np.stack([yaw, pitch, roll], axis=-1)


def time_code(frame: int, fps: Fraction) -> str:
    """Returns the time code HH:MM:SS:FF.sss of a frame, without dropped frames: FF counts up to the nominal rate."""
    seconds, frames = divmod(frame, round(fps))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours % 24:02}:{minutes:02}:{seconds:02}:{frames:02}.000"
