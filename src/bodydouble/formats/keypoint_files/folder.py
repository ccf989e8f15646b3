"""Folder of OpenPose or MMPose, one JSON file per frame -> ``FileContents``."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.errors import FormatError
from bodydouble.formats.keypoint_files.parse import (
    FileContents,
    ParsedPose,
    load_json,
    parse_at,
    parse_frame,
    parse_instance,
    parse_keypoints,
    parse_track_id,
    require_object,
)
from bodydouble.skeletons import openpose, whole_body

_NAMES = openpose.KEYPOINTS + whole_body.HANDS + whole_body.FACE
_INDEX = {name: i for i, name in enumerate(_NAMES)}
_PARTS = {
    "hand_left_keypoints_2d": whole_body.HANDS[:21],
    "hand_right_keypoints_2d": whole_body.HANDS[21:],
    "face_keypoints_2d": whole_body.FACE,
}
"""Lists beside the body and their keypoints, which may be followed by others, as the pupils follow the face."""


def read_folder(folder: Path) -> FileContents:
    """Reads the folder that OpenPose filled, or MMPose from single images.

    Raises:
        FormatError: the folder holds no such files, or their contents have another form.
    """
    openpose_files = sorted(folder.glob("*_keypoints.json"))
    if openpose_files:
        return _read_openpose(_number_files(folder, openpose_files))
    files = sorted(folder.glob("*.json"))
    if not files:
        raise FormatError(f"{folder} holds no files of OpenPose, *_keypoints.json, and none of MMPose, *.json")
    return _read_mmpose(_number_files(folder, files))


def _read_mmpose(files: Mapping[int, Path]) -> FileContents:
    poses: list[ParsedPose] = []
    for frame, file in sorted(files.items()):
        instances = load_json(file)
        if not isinstance(instances, list):
            raise FormatError(f"{file} holds no list of instances of MMPose")
        poses += [parse_at(f"{file}: person {n}", parse_instance, item, frame) for n, item in enumerate(instances)]
    return FileContents(poses, min(files))


def _read_openpose(files: Mapping[int, Path]) -> FileContents:
    """Reads the files of OpenPose. Hands and face are read if any person has them."""
    poses = [pose for frame, file in sorted(files.items()) for pose in _read_frame(file, frame)]
    if any(np.any(pose.keypoints[len(openpose.KEYPOINTS) :, 2] > 0) for pose in poses):
        return FileContents(poses, min(files), _NAMES)
    bodies = [replace(pose, keypoints=pose.keypoints[: len(openpose.KEYPOINTS)]) for pose in poses]
    return FileContents(bodies, min(files), openpose.KEYPOINTS)


def _number_files(folder: Path, listed: Sequence[Path]) -> dict[int, Path]:
    """Returns the files of a folder by the number of their frame."""
    files: dict[int, Path] = {}
    for file in listed:
        digits = re.search(r"(\d{1,12})(_keypoints)?\.json$", file.name)
        if digits is None:
            raise FormatError(f"{file} has no number of a frame at the end of its name")
        frame = int(digits[1])
        if frame in files:
            raise FormatError(f"{folder} has frame {frame} twice: {files[frame].name} and {file.name}; give one clip")
        files[frame] = file
    return files


def _read_frame(file: Path, frame: int) -> Iterator[ParsedPose]:
    stored = load_json(file)
    people = stored.get("people") if isinstance(stored, dict) else None
    if not isinstance(people, list):
        raise FormatError(f'{file} has no list "people"')
    for number, person in enumerate(people):
        yield parse_at(f"{file}: person {number}", _parse_person, frame, person)


def _parse_person(frame: int, person: Any) -> ParsedPose:
    entries = require_object(person)
    body = parse_keypoints(entries, "pose_keypoints_2d")
    if len(body) not in (len(openpose.KEYPOINTS), len(openpose.BODY_18)):
        raise ValueError(f"pose_keypoints_2d has {3 * len(body)} numbers, expected {3 * len(openpose.KEYPOINTS)}")
    keypoints = np.full((len(_NAMES), 3), (np.nan, np.nan, 0.0))
    _insert(keypoints, openpose.KEYPOINTS if len(body) == len(openpose.KEYPOINTS) else openpose.BODY_18, body)
    for key, names in _PARTS.items():
        if entries.get(key):
            _insert(keypoints, names, parse_keypoints(entries, key))
    return ParsedPose(parse_frame(frame), parse_track_id(entries.get("person_id")), keypoints, np.full(4, np.nan))


def _insert(keypoints: FloatArray, names: tuple[str, ...], values: FloatArray) -> None:
    """Inserts the values (at least K, 3) of K keypoints."""
    if len(values) < len(names):
        raise ValueError(f"there are {len(values)} keypoints, expected {len(names)}")
    keypoints[[_INDEX[name] for name in names]] = values[: len(names)]
