"""2D keypoints of COCO, AlphaPose and OpenPose: ``Performance`` -> ``KeypointRows`` <-> JSON files.

The file formats are described in docs/keypoints.md. Their keypoints are pixel indices, so that the centre of the first
pixel is (0, 0); inside bodydouble it is (0.5, 0.5). Writing subtracts half a pixel from keypoints, reading adds it.
Boxes are measured from the corner of the image in both.

Sources: https://cocodataset.org/#format-results and, on the half pixel, detectron2's ``convert_to_coco_json``;
https://github.com/MVIG-SJTU/AlphaPose, ``write_json``;
https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/doc/02_output.md.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import UNKNOWN_TRACK_ID, FloatArray, IntArray, Performance
from bodydouble.errors import FormatError, InvalidDataError, OutputError
from bodydouble.formats.atomic import atomic_folder, atomic_write
from bodydouble.skeletons import coco, openpose

_HALF_PIXEL = 0.5
_MAX_FRAME = 2**31 - 1
_DECIMALS = 4


class KeypointFormat(StrEnum):
    """File format of 2D keypoints."""

    COCO = "coco"
    ALPHAPOSE = "alphapose"
    OPENPOSE = "openpose"


@dataclass(frozen=True, slots=True)
class KeypointRows:
    """2D keypoints of people in the frames of a clip: N rows, one per person and frame, in the order of frames."""

    keypoint_names: tuple[str, ...]
    """(K,) names of the keypoints: those of COCO or of BODY_25."""
    frames: IntArray
    """(N,) frame indices, ascending."""
    track_ids: IntArray
    """(N,) identity of the person; -1 where it is unknown."""
    keypoints: FloatArray
    """(N, K, 3) x px, y px, confidence; NaN, NaN, 0 where not observed."""
    boxes: FloatArray
    """(N, 4) x_min, y_min, x_max, y_max, px; NaN where unknown."""

    def __post_init__(self) -> None:
        count = len(self.frames)
        shapes = (self.track_ids.shape, self.keypoints.shape, self.boxes.shape)
        expected = ((count,), (count, len(self.keypoint_names), 3), (count, 4))
        if shapes != expected:
            raise InvalidDataError(f"KeypointRows: track_ids, keypoints and boxes are {shapes}, expected {expected}")


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
    ids = _track_ids([person.name for person in performance.people])
    return _sort_by_frame(
        keypoint_names,
        [track.frames[track.observed] for track in tracks],
        [np.full(track.observed.sum(), track_id) for track_id, track in zip(ids, tracks, strict=True)],
        [_midpoints(track.keypoints[track.observed], sources) for track in tracks],
        [track.boxes[track.observed] for track in tracks],
    )


def _track_ids(names: Sequence[str]) -> list[int]:
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


def _sort_by_frame(
    keypoint_names: tuple[str, ...],
    frames: Sequence[IntArray],
    track_ids: Sequence[IntArray],
    keypoints: Sequence[FloatArray],
    boxes: Sequence[FloatArray],
) -> KeypointRows:
    """Concatenates arrays of several people and sorts the rows by frame; within a frame the order is kept."""
    all_frames = np.concatenate([np.zeros(0, dtype=np.int64), *frames])
    order = np.argsort(all_frames, kind="stable")
    return KeypointRows(
        keypoint_names,
        all_frames[order],
        np.concatenate([np.zeros(0, dtype=np.int64), *track_ids])[order],
        np.concatenate([np.zeros((0, len(keypoint_names), 3)), *keypoints])[order],
        np.concatenate([np.zeros((0, 4)), *boxes])[order],
    )


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
    stored = np.column_stack([keypoints[:, :2] - _HALF_PIXEL, keypoints[:, 2]])
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


def read_keypoints(path: str | Path) -> KeypointRows:
    """Reads keypoints of COCO or AlphaPose (17 keypoints) or OpenPose (BODY_25, or the older 18).

    Args:
        path: a .json file with a list, of COCO or AlphaPose; or the folder that OpenPose filled.

    Returns:
        The keypoints. Confidences above 1 (COCO's flag 2 for "visible", older AlphaPose) count as 1.

    Raises:
        FormatError: there is no such file, or its contents have another form.
    """
    path = Path(path)
    keypoint_rows = _read_openpose(path) if path.is_dir() else _read_list(path)
    _check_unique_ids(path, keypoint_rows)
    return keypoint_rows


def _check_unique_ids(path: Path, keypoint_rows: KeypointRows) -> None:
    identified = keypoint_rows.track_ids != UNKNOWN_TRACK_ID
    pairs = np.stack([keypoint_rows.frames, keypoint_rows.track_ids], axis=-1)[identified]
    unique_pairs, counts = np.unique(pairs, axis=0, return_counts=True)
    if np.any(counts > 1):
        frame, track_id = unique_pairs[counts > 1][0]
        raise FormatError(f"{path}: frame {frame} has track {track_id} more than once")


def _read_list(path: Path) -> KeypointRows:
    items = _load_json(path)
    if isinstance(items, dict) and "people" in items:
        raise FormatError(f"{path} is one frame of OpenPose; give the folder that holds all of them")
    if isinstance(items, dict) and "annotations" in items:
        raise FormatError(f'{path} is a COCO data set; give a file that holds only its list "annotations"')
    if not isinstance(items, list):
        raise FormatError(f"{path} holds no list of COCO or AlphaPose keypoints; see docs/keypoints.md")
    rows = [_parse_at(f"{path}: item {n}", _parse_item, item) for n, item in enumerate(items)]
    return _stack_rows(coco.KEYPOINTS, rows)


@dataclass(frozen=True, slots=True)
class _KeypointRow:
    """One row of ``KeypointRows``."""

    frame: int
    track_id: int
    keypoints: FloatArray
    box: FloatArray


def _stack_rows(keypoint_names: tuple[str, ...], rows: Sequence[_KeypointRow]) -> KeypointRows:
    return _sort_by_frame(
        keypoint_names,
        [np.array([row.frame for row in rows], dtype=np.int64)],
        [np.array([row.track_id for row in rows], dtype=np.int64)],
        [row.keypoints[None] for row in rows],
        [row.box[None] for row in rows],
    )


def _parse_at(location: str, parse: Callable[..., _KeypointRow], *values: Any) -> _KeypointRow:
    """Calls ``parse`` with the values; its errors are prefixed with the location."""
    try:
        return parse(*values)
    except KeyError as error:
        raise FormatError(f"{location} has no {error.args[0]}") from None
    except ValueError as error:
        raise FormatError(f"{location}: {error}") from None


def _parse_item(item: Any) -> _KeypointRow:
    """Parses an item of COCO's or AlphaPose's list."""
    entries = _require_object(item)
    box = (
        _parse_numbers(entries, "bbox" if "bbox" in entries else "box", 4) if entries.keys() & {"bbox", "box"} else None
    )
    return _KeypointRow(
        frame=_parse_frame(entries["image_id"]),
        track_id=_parse_track_id(entries["track_id"])
        if "track_id" in entries
        else _parse_alphapose_id(entries.get("idx")),
        keypoints=_parse_keypoints(_parse_numbers(entries, "keypoints", 3 * len(coco.KEYPOINTS))),
        box=np.full(4, np.nan) if box is None else np.concatenate([box[:2], box[:2] + box[2:]]),
    )


def _parse_frame(image_id: Any) -> int:
    """Parses COCO's number, or the last digits of AlphaPose's file name: ``12.jpg``, ``dance_0012.png``."""
    if isinstance(image_id, str):
        digits = re.search(r"(\d+)\D*$", Path(image_id).stem)
        image_id = int(digits[1]) if digits and len(digits[1]) < 13 else image_id
    if type(image_id) is not int or not 0 <= image_id <= _MAX_FRAME:
        raise ValueError(f"image_id {image_id!r} is not a frame; it must be a number from 0, or a name such as 12.jpg")
    return image_id


def _parse_track_id(value: Any) -> int:
    """Parses a number, or the first of a list of numbers; -1 for None or an empty list."""
    first = np.ravel(UNKNOWN_TRACK_ID if value is None else value)[:1]
    if first.dtype.kind not in "fiu" or not np.all(
        (first >= UNKNOWN_TRACK_ID) & (first <= _MAX_FRAME) & (first % 1 == 0)
    ):
        raise ValueError(f"{value!r} is not a track id; it must be a whole number from 0")
    return int(first[0]) if len(first) else UNKNOWN_TRACK_ID


def _parse_alphapose_id(idx: Any) -> int:
    """Parses an id of AlphaPose, which counts people from 1 and writes 0 for all people if tracking is off."""
    return _parse_track_id(idx) or UNKNOWN_TRACK_ID


def _require_object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    return value


def _parse_numbers(entries: Mapping[str, Any], key: str, count: int) -> FloatArray:
    """Parses a list of ``count`` finite numbers. Raises ValueError if it is anything else."""
    stored = entries[key]
    if not isinstance(stored, list):
        raise ValueError(f"{key} is not a list of numbers")
    if len(stored) != count:
        raise ValueError(f"{key} has {len(stored)} numbers, expected {count}")
    if not all(type(value) in {int, float} and abs(value) < 1e9 for value in stored):
        raise ValueError(f"{key} holds values that are not numbers")
    return np.array(stored, dtype=np.float64)


def _parse_keypoints(triples: FloatArray) -> FloatArray:
    stored = triples.reshape(-1, 3)
    keypoints = np.column_stack([stored[:, :2] + _HALF_PIXEL, np.clip(stored[:, 2], 0.0, 1.0)])
    keypoints[~stored.any(axis=1)] = (np.nan, np.nan, 0.0)
    return keypoints


def _read_openpose(folder: Path) -> KeypointRows:
    rows = [row for frame, file in sorted(_frame_files(folder).items()) for row in _parse_openpose_frame(file, frame)]
    return _stack_rows(openpose.KEYPOINTS, rows)


def _frame_files(folder: Path) -> dict[int, Path]:
    files: dict[int, Path] = {}
    for file in sorted(folder.glob("*_keypoints.json")):
        digits = re.search(r"(\d{1,12})_keypoints\.json$", file.name)
        if digits is None:
            raise FormatError(f"{file} has no number of a frame before _keypoints.json")
        frame = int(digits[1])
        if frame in files:
            raise FormatError(f"{folder} has frame {frame} twice: {files[frame].name} and {file.name}; give one clip")
        files[frame] = file
    if not files:
        raise FormatError(f"{folder} holds no files of OpenPose, *_keypoints.json")
    return files


def _parse_openpose_frame(file: Path, frame: int) -> Iterator[_KeypointRow]:
    stored = _load_json(file)
    people = stored.get("people") if isinstance(stored, dict) else None
    if not isinstance(people, list):
        raise FormatError(f'{file} has no list "people"')
    for number, person in enumerate(people):
        yield _parse_at(f"{file}: person {number}", _parse_openpose_person, frame, person)


def _parse_openpose_person(frame: int, person: Any) -> _KeypointRow:
    entries = _require_object(person)
    stored = entries["pose_keypoints_2d"]
    is_body_18 = isinstance(stored, list) and len(stored) == 3 * len(openpose.BODY_18)
    names = openpose.BODY_18 if is_body_18 else openpose.KEYPOINTS
    keypoints = np.full((len(openpose.KEYPOINTS), 3), (np.nan, np.nan, 0.0))
    keypoints[[openpose.INDEX[name] for name in names]] = _parse_keypoints(
        _parse_numbers(entries, "pose_keypoints_2d", 3 * len(names))
    )
    return _KeypointRow(_parse_frame(frame), _parse_track_id(entries.get("person_id")), keypoints, np.full(4, np.nan))


def _load_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FormatError(f"{path}: there is no such file") from None
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not a JSON file: {error}") from error
