"""Writer: ``Performance`` -> ``KeypointRows`` -> JSON files of COCO, AlphaPose and OpenPose."""

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import UNKNOWN_TRACK_ID, FloatArray, Performance
from bodydouble.errors import OutputError
from bodydouble.formats.atomic import atomic_folder, atomic_write
from bodydouble.formats.keypoint_files.rows import HALF_PIXEL, KeypointRows, sort_by_frame
from bodydouble.skeletons import coco, openpose

_DECIMALS = 4


class KeypointFormat(StrEnum):
    """File format of 2D keypoints."""

    COCO = "coco"
    ALPHAPOSE = "alphapose"
    OPENPOSE = "openpose"


def collect_keypoints(performance: Performance, file_format: KeypointFormat) -> KeypointRows:
    """Collects the keypoints of all people of a performance in the frames in which they were observed.

    A keypoint between two landmarks has the smaller of their confidences. The track id is the number in the person's
    name (3 for person3), or the person's position among the people if a name has no number or two have the same.

    Args:
        performance: people with tracks of 33 BlazePose landmarks.
        file_format: file format whose keypoints are returned.
    """
    keypoint_names = coco.KEYPOINTS
    sources: Sequence[Sequence[int]] = [(index,) for index in coco.BLAZEPOSE_INDICES]
    if file_format is KeypointFormat.OPENPOSE:
        keypoint_names, sources = openpose.KEYPOINTS, openpose.BLAZEPOSE_INDICES
    tracks = [person.track for person in performance.people]
    ids = number_people([person.name for person in performance.people])
    return sort_by_frame(
        keypoint_names,
        [track.frames[track.observed] for track in tracks],
        [np.full(track.observed.sum(), track_id) for track_id, track in zip(ids, tracks, strict=True)],
        [_midpoints(track.keypoints[track.observed], sources) for track in tracks],
        [track.boxes[track.observed] for track in tracks],
    )


def number_people(names: Sequence[str]) -> list[int]:
    """Returns the track id of each person: the number in the name, or else the position, from 1."""
    numbers = [int(match[0]) for name in names if (match := re.search(r"[1-9]\d{0,8}$", name))]
    return numbers if len(set(numbers)) == len(names) else list(range(1, len(names) + 1))


def _midpoints(keypoints: FloatArray, sources: Sequence[Sequence[int]]) -> FloatArray:
    """Returns keypoints (T, K, 3) midway between landmarks (T, 33, 3); NaN, NaN, 0 for those without a source."""
    midpoints = np.full((len(keypoints), len(sources), 3), (np.nan, np.nan, 0.0))
    for column, landmarks in enumerate(sources):
        if landmarks:
            group = keypoints[:, list(landmarks)]
            midpoints[:, column, :2], midpoints[:, column, 2] = group[..., :2].mean(axis=1), group[..., 2].min(axis=1)
    return midpoints


def write_keypoints(path: Path, keypoint_rows: KeypointRows, file_format: KeypointFormat, frame_count: int) -> None:
    """Writes keypoints.

    Args:
        path: the .json file to write, which appears only when it is complete; for OpenPose the folder, which must be
            new or empty.
        keypoint_rows: the keypoints; they must be those of the file format.
        file_format: file format to write.
        frame_count: number of frames of the clip; OpenPose has a file for each.

    Raises:
        OutputError: the file or folder cannot be written.
    """
    if file_format is KeypointFormat.OPENPOSE:
        _write_openpose(path, keypoint_rows, frame_count)
        return
    if path.suffix.lower() != ".json":
        raise OutputError(
            f"cannot write {path}: {file_format} keypoints are one JSON file; choose a name that ends in .json"
        )
    item = _coco_item if file_format is KeypointFormat.COCO else _alphapose_item
    with atomic_write(path) as temporary:
        temporary.write_text(
            json.dumps([item(keypoint_rows, row) for row in range(len(keypoint_rows.frames))]), encoding="utf-8"
        )


def _coco_item(keypoint_rows: KeypointRows, row: int) -> dict[str, Any]:
    image_id, track_id = int(keypoint_rows.frames[row]), int(keypoint_rows.track_ids[row])
    return _list_item(keypoint_rows, row, image_id, "bbox", {"track_id": track_id})


def _alphapose_item(keypoint_rows: KeypointRows, row: int) -> dict[str, Any]:
    image_id, track_id = f"{keypoint_rows.frames[row]}.jpg", int(keypoint_rows.track_ids[row])
    return _list_item(keypoint_rows, row, image_id, "box", {"idx": [track_id]})


def _list_item(
    keypoint_rows: KeypointRows, row: int, image_id: int | str, box_key: str, identity: dict[str, Any]
) -> dict[str, Any]:
    """Returns an item of COCO's or AlphaPose's list, without box and identity where they are unknown."""
    item = {"image_id": image_id, "category_id": 1} | _pose_entries(keypoint_rows.keypoints[row])
    if np.isfinite(keypoint_rows.boxes[row]).all():
        item[box_key] = _to_xywh(keypoint_rows.boxes[row])
    return item if keypoint_rows.track_ids[row] == UNKNOWN_TRACK_ID else item | identity


def _pose_entries(keypoints: FloatArray) -> dict[str, Any]:
    return {"keypoints": _flatten_triples(keypoints), "score": round(float(keypoints[:, 2].mean()), _DECIMALS)}


def _flatten_triples(keypoints: FloatArray) -> list[float]:
    """Flattens keypoints (K, 3) to x0, y0, c0, x1, ...; 0, 0, 0 where not observed."""
    stored = np.column_stack([keypoints[:, :2] - HALF_PIXEL, keypoints[:, 2]])
    stored[~np.isfinite(stored).all(axis=1)] = 0.0
    return _round(stored)


def _to_xywh(box: FloatArray) -> list[float]:
    return _round(np.concatenate([box[:2], box[2:] - box[:2]]))


def _round(values: FloatArray) -> list[float]:
    numbers: list[float] = np.round(values.astype(np.float64), _DECIMALS).ravel().tolist()
    return numbers


def _write_openpose(folder: Path, keypoint_rows: KeypointRows, frame_count: int) -> None:
    starts = np.searchsorted(keypoint_rows.frames, np.arange(frame_count + 1))
    with atomic_folder(folder) as temporary:
        for frame in range(frame_count):
            people = [_openpose_item(keypoint_rows, row) for row in range(starts[frame], starts[frame + 1])]
            file = temporary / f"{folder.name}_{frame:012d}_keypoints.json"
            file.write_text(json.dumps({"version": 1.3, "people": people}), encoding="utf-8")


_EMPTY_OPENPOSE_KEYS = (
    "face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d",
    "pose_keypoints_3d", "face_keypoints_3d", "hand_left_keypoints_3d", "hand_right_keypoints_3d",
)  # fmt: skip
"""Keys that OpenPose writes with empty lists by default."""


def _openpose_item(keypoint_rows: KeypointRows, row: int) -> dict[str, Any]:
    pose = {
        "person_id": [int(keypoint_rows.track_ids[row])],
        "pose_keypoints_2d": _flatten_triples(keypoint_rows.keypoints[row]),
    }
    return pose | {name: [] for name in _EMPTY_OPENPOSE_KEYS}
