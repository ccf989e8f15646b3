"""2D keypoints as other pose programs store them: COCO, AlphaPose and OpenPose JSON.

The layouts are in docs/keypoints.md. These programs give the index of a pixel, so that the centre of the first one is
(0, 0); inside bodydouble it is (0.5, 0.5). Writing takes half a pixel off keypoints, reading adds it. Boxes are
measured from the corner of the picture in both.

Sources: https://cocodataset.org/#format-results and, on the half pixel, detectron2's ``convert_to_coco_json``;
https://github.com/MVIG-SJTU/AlphaPose, ``write_json``;
https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/doc/02_output.md.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import FloatArray, IntArray, Performance
from bodydouble.errors import FormatError, InvalidDataError, OutputError
from bodydouble.formats.atomic import atomic_folder, atomic_write
from bodydouble.skeletons import coco, openpose

UNKNOWN = -1
"""Track id of somebody of whom the file does not say who it is."""

_HALF_PIXEL = 0.5
_LAST_FRAME = 2**31 - 1
_DECIMALS = 4


class Layout(StrEnum):
    """Whose files."""

    COCO = "coco"
    ALPHAPOSE = "alphapose"
    OPENPOSE = "openpose"


@dataclass(frozen=True, slots=True)
class Sightings:
    """People in the frames of a clip, as 2D keypoints. N sightings in the order of frames, K keypoints."""

    names: tuple[str, ...]
    """(K,) of the keypoints: those of COCO or of BODY_25."""
    frames: IntArray
    """(N,) index of the frame."""
    track_ids: IntArray
    """(N,) who it is; -1 where that is not known."""
    keypoints: FloatArray
    """(N, K, 3) x px, y px, confidence; NaN, NaN, 0 where not observed."""
    boxes: FloatArray
    """(N, 4) x_min, y_min, x_max, y_max, px; NaN where not known."""

    def __post_init__(self) -> None:
        count = len(self.frames)
        shapes = (self.track_ids.shape, self.keypoints.shape, self.boxes.shape)
        expected = ((count,), (count, len(self.names), 3), (count, 4))
        if shapes != expected:
            raise InvalidDataError(f"Sightings: track_ids, keypoints and boxes are {shapes}, expected {expected}")


def sightings(performance: Performance, layout: Layout) -> Sightings:
    """The keypoints that a layout has of all people of a performance, in the frames in which they were observed.

    A keypoint between two landmarks has the lesser of their confidences. The track id is the number in the person's
    name (3 for person3), or their place among the people if a name has none or two have the same.
    """
    names = openpose.KEYPOINTS if layout is Layout.OPENPOSE else coco.KEYPOINTS
    sources = openpose.FROM_BLAZEPOSE if layout is Layout.OPENPOSE else tuple((i,) for i in coco.FROM_BLAZEPOSE)
    tracks = [person.track for person in performance.people]
    ids = _track_ids([person.name for person in performance.people])
    seen = [track.observed for track in tracks]
    return _in_order(
        names,
        [track.frames[rows] for track, rows in zip(tracks, seen, strict=True)],
        [np.full(rows.sum(), one) for one, rows in zip(ids, seen, strict=True)],
        [_middles(track.keypoints[rows], sources) for track, rows in zip(tracks, seen, strict=True)],
        [track.boxes[rows] for track, rows in zip(tracks, seen, strict=True)],
    )


def _track_ids(names: Sequence[str]) -> list[int]:
    numbers = [int(found[0]) for name in names if (found := re.search(r"[1-9]\d{0,8}$", name))]
    return numbers if len(set(numbers)) == len(names) else list(range(1, len(names) + 1))


def _middles(keypoints: FloatArray, sources: Sequence[Sequence[int]]) -> FloatArray:
    """Keypoints (T, K, 3) in the middle of landmarks (T, 33, 3); NaN, NaN, 0 for those that have no source."""
    found = np.full((len(keypoints), len(sources), 3), (np.nan, np.nan, 0.0))
    for column, landmarks in enumerate(sources):
        if landmarks:
            group = keypoints[:, list(landmarks)]
            found[:, column, :2], found[:, column, 2] = group[..., :2].mean(axis=1), group[..., 2].min(axis=1)
    return found


def _in_order(
    names: tuple[str, ...],
    frames: Sequence[IntArray],
    track_ids: Sequence[IntArray],
    keypoints: Sequence[FloatArray],
    boxes: Sequence[FloatArray],
) -> Sightings:
    """Sightings of several arrays each, by frame; within a frame as they come."""
    all_frames = np.concatenate([np.zeros(0, dtype=np.int64), *frames])
    order = np.argsort(all_frames, kind="stable")
    return Sightings(
        names,
        all_frames[order],
        np.concatenate([np.zeros(0, dtype=np.int64), *track_ids])[order],
        np.concatenate([np.zeros((0, len(names), 3)), *keypoints])[order],
        np.concatenate([np.zeros((0, 4)), *boxes])[order],
    )


def write_keypoints(path: Path, found: Sightings, layout: Layout, frame_count: int) -> None:
    """Write keypoints.

    Args:
        path: the .json file to write, which appears only when it is complete; for OpenPose the folder, which must be
            new or empty.
        found: who is where; the keypoints must be those of the layout.
        layout: whose files to write.
        frame_count: frames of the clip; OpenPose has a file for each.

    Raises:
        OutputError: the file or folder cannot be written.
    """
    if layout is Layout.OPENPOSE:
        _write_openpose(path, found, frame_count)
        return
    if path.suffix.lower() != ".json":
        raise OutputError(
            f"cannot write {path}: {layout} keypoints are one JSON file; choose a name that ends in .json"
        )
    item = _coco_item if layout is Layout.COCO else _alphapose_item
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps([item(found, row) for row in range(len(found.frames))]), encoding="utf-8")


def _coco_item(found: Sightings, row: int) -> dict[str, Any]:
    track_id = int(found.track_ids[row])
    box = {"bbox": _corner_and_size(found.boxes[row])} if np.isfinite(found.boxes[row]).all() else {}
    who = {} if track_id == UNKNOWN else {"track_id": track_id}
    return {"image_id": int(found.frames[row]), "category_id": 1} | _pose(found.keypoints[row]) | box | who


def _alphapose_item(found: Sightings, row: int) -> dict[str, Any]:
    track_id = int(found.track_ids[row])
    box = {"box": _corner_and_size(found.boxes[row])} if np.isfinite(found.boxes[row]).all() else {}
    who = {} if track_id == UNKNOWN else {"idx": [track_id]}
    return {"image_id": f"{found.frames[row]}.jpg", "category_id": 1} | _pose(found.keypoints[row]) | box | who


def _pose(keypoints: FloatArray) -> dict[str, Any]:
    return {"keypoints": _triples(keypoints), "score": round(float(keypoints[:, 2].mean()), _DECIMALS)}


def _triples(keypoints: FloatArray) -> list[float]:
    """x0, y0, c0, x1, ... of keypoints (K, 3); 0, 0, 0 where not observed."""
    stored = np.column_stack([keypoints[:, :2] - _HALF_PIXEL, keypoints[:, 2]])
    stored[~np.isfinite(stored).all(axis=1)] = 0.0
    return _rounded(stored)


def _corner_and_size(box: FloatArray) -> list[float]:
    return _rounded(np.concatenate([box[:2], box[2:] - box[:2]]))


def _rounded(values: FloatArray) -> list[float]:
    rounded: list[float] = np.round(values.astype(np.float64), _DECIMALS).ravel().tolist()
    return rounded


def _write_openpose(folder: Path, found: Sightings, frame_count: int) -> None:
    starts = np.searchsorted(found.frames, np.arange(frame_count + 1))
    with atomic_folder(folder) as temporary:
        for frame in range(frame_count):
            people = [_openpose_person(found, row) for row in range(starts[frame], starts[frame + 1])]
            file = temporary / f"{folder.name}_{frame:012d}_keypoints.json"
            file.write_text(json.dumps({"version": 1.3, "people": people}), encoding="utf-8")


_OPENPOSE_REST = (
    "face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d",
    "pose_keypoints_3d", "face_keypoints_3d", "hand_left_keypoints_3d", "hand_right_keypoints_3d",
)  # fmt: skip
"""What OpenPose writes empty when it is not asked for it."""


def _openpose_person(found: Sightings, row: int) -> dict[str, Any]:
    pose = {"person_id": [int(found.track_ids[row])], "pose_keypoints_2d": _triples(found.keypoints[row])}
    return pose | {name: [] for name in _OPENPOSE_REST}


def read_keypoints(path: str | Path) -> Sightings:
    """Read keypoints that COCO, AlphaPose (17 keypoints) or OpenPose (BODY_25, or the older 18) have.

    Args:
        path: a .json file that holds a list, of COCO or AlphaPose; or the folder that OpenPose filled.

    Returns:
        Who is where. Confidences above 1 (COCO's flag 2 for "visible", older AlphaPose) count as 1.

    Raises:
        FormatError: there is no such file, or it holds something else.
    """
    path = Path(path)
    found = _read_openpose(path) if path.is_dir() else _read_list(path)
    _check_once(path, found)
    return found


def _check_once(path: Path, found: Sightings) -> None:
    known = found.track_ids != UNKNOWN
    pairs = np.stack([found.frames, found.track_ids], axis=-1)[known]
    places, counts = np.unique(pairs, axis=0, return_counts=True)
    if np.any(counts > 1):
        frame, track_id = places[counts > 1][0]
        raise FormatError(f"{path}: frame {frame} has track {track_id} more than once")


def _read_list(path: Path) -> Sightings:
    items = _json(path)
    if isinstance(items, dict) and "people" in items:
        raise FormatError(f"{path} is one frame of OpenPose; give the folder that holds all of them")
    if isinstance(items, dict) and "annotations" in items:
        raise FormatError(f'{path} is a COCO data set; give a file that holds only its list "annotations"')
    if not isinstance(items, list):
        raise FormatError(f"{path} holds no list of keypoints as COCO or AlphaPose have it; see docs/keypoints.md")
    rows = [_located(f"{path}: item {n}", _item, item) for n, item in enumerate(items)]
    return _of_rows(coco.KEYPOINTS, rows)


@dataclass(frozen=True, slots=True)
class _Row:
    """One sighting, as ``Sightings`` has it."""

    frame: int
    track_id: int
    keypoints: FloatArray
    box: FloatArray


def _of_rows(names: tuple[str, ...], rows: Iterable[_Row]) -> Sightings:
    rows = list(rows)
    return _in_order(
        names,
        [np.array([row.frame for row in rows], dtype=np.int64)],
        [np.array([row.track_id for row in rows], dtype=np.int64)],
        [row.keypoints[None] for row in rows],
        [row.box[None] for row in rows],
    )


def _located(place: str, parse: Callable[..., _Row], *values: Any) -> _Row:
    """What ``parse`` makes of the values; its errors say where."""
    try:
        return parse(*values)
    except KeyError as error:
        raise FormatError(f"{place} has no {error.args[0]}") from None
    except ValueError as error:
        raise FormatError(f"{place}: {error}") from None


def _item(item: Any) -> _Row:
    """An item of COCO's or AlphaPose's list."""
    entries = _mapping(item)
    box = _numbers(entries, "bbox" if "bbox" in entries else "box", 4) if entries.keys() & {"bbox", "box"} else None
    return _Row(
        frame=_frame(entries["image_id"]),
        track_id=_track_id(entries["track_id"]) if "track_id" in entries else _alphapose_id(entries.get("idx")),
        keypoints=_keypoints(_numbers(entries, "keypoints", 3 * len(coco.KEYPOINTS))),
        box=np.full(4, np.nan) if box is None else np.concatenate([box[:2], box[:2] + box[2:]]),
    )


def _frame(image_id: Any) -> int:
    """The frame of COCO's number, or the last digits of AlphaPose's file name: ``12.jpg``, ``dance_0012.png``."""
    if isinstance(image_id, str):
        digits = re.search(r"(\d+)\D*$", Path(image_id).stem)
        image_id = int(digits[1]) if digits and len(digits[1]) < 13 else image_id
    if type(image_id) is not int or not 0 <= image_id <= _LAST_FRAME:
        raise ValueError(f"image_id {image_id!r} is no frame; it must be a number from 0, or a name such as 12.jpg")
    return image_id


def _track_id(value: Any) -> int:
    """Of a number or a list of numbers, whose first it is; -1 of None or an empty list."""
    first = np.ravel(UNKNOWN if value is None else value)[:1]
    if first.dtype.kind not in "fiu" or not np.all((first >= UNKNOWN) & (first <= _LAST_FRAME) & (first % 1 == 0)):
        raise ValueError(f"{value!r} is no track id; it must be a whole number from 0")
    return int(first[0]) if len(first) else UNKNOWN


def _alphapose_id(idx: Any) -> int:
    """AlphaPose counts people from 1, and gives everybody 0 where it was not asked to follow them."""
    return _track_id(idx) or UNKNOWN


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    return value


def _numbers(entries: Mapping[str, Any], name: str, count: int) -> FloatArray:
    """A list of that many finite numbers. Raises ValueError if it is none."""
    stored = entries[name]
    if not isinstance(stored, list):
        raise ValueError(f"{name} is no list of numbers")
    if len(stored) != count:
        raise ValueError(f"{name} has {len(stored)} numbers, expected {count}")
    if not all(type(value) in {int, float} and abs(value) < 1e9 for value in stored):
        raise ValueError(f"{name} holds something else than numbers")
    return np.array(stored, dtype=np.float64)


def _keypoints(triples: FloatArray) -> FloatArray:
    stored = triples.reshape(-1, 3)
    found = np.column_stack([stored[:, :2] + _HALF_PIXEL, np.clip(stored[:, 2], 0.0, 1.0)])
    found[~stored.any(axis=1)] = (np.nan, np.nan, 0.0)
    return found


def _read_openpose(folder: Path) -> Sightings:
    rows = [row for frame, file in sorted(_frame_files(folder).items()) for row in _openpose_rows(file, frame)]
    return _of_rows(openpose.KEYPOINTS, rows)


def _frame_files(folder: Path) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for file in sorted(folder.glob("*_keypoints.json")):
        digits = re.search(r"(\d{1,12})_keypoints\.json$", file.name)
        if digits is None:
            raise FormatError(f"{file} has no number of a frame before _keypoints.json")
        frame = int(digits[1])
        if frame in found:
            raise FormatError(f"{folder} has frame {frame} twice: {found[frame].name} and {file.name}; give one clip")
        found[frame] = file
    if not found:
        raise FormatError(f"{folder} holds no files of OpenPose, *_keypoints.json")
    return found


def _openpose_rows(file: Path, frame: int) -> Iterator[_Row]:
    stored = _json(file)
    people = stored.get("people") if isinstance(stored, dict) else None
    if not isinstance(people, list):
        raise FormatError(f'{file} has no list "people"')
    for number, person in enumerate(people):
        yield _located(f"{file}: person {number}", _openpose_row, frame, person)


def _openpose_row(frame: int, person: Any) -> _Row:
    entries = _mapping(person)
    stored = entries["pose_keypoints_2d"]
    older = isinstance(stored, list) and len(stored) == 3 * len(openpose.BODY_18)
    names = openpose.BODY_18 if older else openpose.KEYPOINTS
    keypoints = np.full((len(openpose.KEYPOINTS), 3), (np.nan, np.nan, 0.0))
    keypoints[[openpose.INDEX[name] for name in names]] = _keypoints(
        _numbers(entries, "pose_keypoints_2d", 3 * len(names))
    )
    return _Row(_frame(frame), _track_id(entries.get("person_id")), keypoints, np.full(4, np.nan))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FormatError(f"{path}: there is no such file") from None
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is no JSON file: {error}") from error
