"""Reader of performance.npz for Blender: positions, rotations and camera in Blender's axes."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axes import Floats, convert_camera, convert_positions, convert_quaternions

FORMAT = "bodydouble-performance 2"
FILE_NAME = "performance.npz"
VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".gif")
JOINTS_PER_FINGER = 3
FOLDER_ENDING = "_bodydouble"
"""Ending of the default output folder of a video."""


class CaptureError(Exception):
    """A capture or a video cannot be used; the message is one line for the user."""


@dataclass(frozen=True)
class CapturedPerson:
    """Skeleton and motion of a person: T frames, J joints."""

    name: str
    first_frame: int
    """Frame of the clip at which the motion starts."""
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    rest_positions: Floats
    """(J, 3) m in the T-pose, Blender's axes."""
    rotations: Floats
    """(T, J, 4) wxyz, local to the parent, Blender's axes; identity in the T-pose."""
    hips_positions: Floats
    """(T, 3) m, Blender's axes."""
    body_positions: Floats
    """(T, 22, 3) m, joints of the body without fingers, Blender's axes."""


@dataclass(frozen=True)
class Capture:
    """Camera and people of a clip with F frames."""

    path: Path
    fps: Fraction
    frame_count: int
    image_size: tuple[int, int]
    """Width, height, px."""
    intrinsics: Floats
    """(3, 3) px."""
    camera_matrices: Floats
    """(F, 4, 4) Blender's camera in Blender's world."""
    people: tuple[CapturedPerson, ...]


def read_capture(path: Path) -> Capture:
    """Reads a performance.npz, or the one in a folder.

    Raises:
        CaptureError: there is no such file, it is damaged, or it has another version of the format.
    """
    path = path / FILE_NAME if path.is_dir() else path
    if not path.is_file():
        raise CaptureError(f"{path}: there is no such file")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            _check_format(path, stored)
            return _build_capture(path, stored)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise CaptureError(f"{path} is not a bodydouble performance file, or is damaged") from error


def find_video(capture: Path) -> Path | None:
    """Returns the video of a capture in its default folder: ``dance.mp4`` beside ``dance_bodydouble``."""
    folder = capture.resolve().parent
    stem = folder.name.removesuffix(FOLDER_ENDING)
    if stem == folder.name:
        return None
    neighbours = sorted(folder.parent.iterdir())
    return next((p for p in neighbours if p.stem == stem and p.suffix.lower() in VIDEO_SUFFIXES), None)


def _check_format(path: Path, stored: Mapping[str, NDArray[Any]]) -> None:
    version = str(stored["format"])
    if version != FORMAT:
        raise CaptureError(f"{path} has the format '{version}', this add-on reads '{FORMAT}'; update the older of both")


def _build_capture(path: Path, stored: Mapping[str, NDArray[Any]]) -> Capture:
    width, height = stored["image_size"].tolist()
    return Capture(
        path=path,
        fps=Fraction(*stored["fps"].tolist()),
        frame_count=int(stored["frame_count"]),
        image_size=(width, height),
        intrinsics=stored["intrinsics"],
        camera_matrices=convert_camera(stored["camera_from_world"]),
        people=tuple(_build_person(stored, name) for name in stored["people"].tolist()),
    )


def _build_person(stored: Mapping[str, NDArray[Any]], name: str) -> CapturedPerson:
    names, parents, offsets, rotations = _read_joints(stored, name)
    positions = offsets.copy()
    for joint, parent in enumerate(parents[1:], start=1):
        positions[joint] += positions[parent]
    return CapturedPerson(
        name=name,
        first_frame=int(stored[f"{name}/frames"][0]),
        joint_names=tuple(names),
        parents=tuple(parents),
        rest_positions=convert_positions(positions),
        rotations=convert_quaternions(rotations),
        hips_positions=convert_positions(stored[f"{name}/root_position"]),
        body_positions=convert_positions(stored[f"{name}/joints_world"]),
    )


def _read_joints(stored: Mapping[str, NDArray[Any]], name: str) -> tuple[list[str], list[int], Floats, Floats]:
    """Returns names, parents, offsets (J, 3) and rotations (T, J, 4) of the body and of known fingers."""
    keys = ("joint_names", "rest_offsets", "rotations")
    names, offsets, rotations = (stored[f"{name}/{key}"] for key in keys)
    parents = stored[f"{name}/parents"].tolist()
    if f"{name}/hands/joint_names" not in stored:
        return names.tolist(), parents, offsets, rotations
    fingers, finger_offsets, finger_rotations = (stored[f"{name}/hands/{key}"] for key in keys)
    body = names.tolist()
    for i, finger in enumerate(fingers.tolist()):
        hand = body.index("leftHand" if finger.startswith("left") else "rightHand")
        parents.append(hand if i % JOINTS_PER_FINGER == 0 else len(body) + i - 1)
    return (
        body + fingers.tolist(),
        parents,
        np.concatenate([offsets, finger_offsets]),
        np.concatenate([rotations, finger_rotations], axis=1),
    )
