"""Values of keypoint files: parsed JSON -> arrays. Functions that parse a value raise ValueError with the reason."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bodydouble.data import UNKNOWN_TRACK_ID, FloatArray
from bodydouble.errors import FormatError
from bodydouble.formats.keypoint_files.rows import HALF_PIXEL

T = TypeVar("T")

_MAX_FRAME = 2**31 - 1
_MAX_VALUE = 1e9


@dataclass(frozen=True, slots=True)
class ParsedPose:
    """Keypoints of one person in one frame."""

    frame: int
    track_id: int
    keypoints: FloatArray
    """(K, 3) x px, y px, confidence; NaN, NaN, 0 where not observed."""
    box: FloatArray
    """(4,) x_min, y_min, x_max, y_max, px; NaN where unknown."""


@dataclass(frozen=True, slots=True)
class FileContents:
    """Contents of a file or folder."""

    poses: Sequence[ParsedPose]
    first_frame: int
    """Number of the first frame that the file has, with or without people."""
    declared_names: Sequence[str] | None = None
    """Names of the keypoints, if the file has them."""


def load_json(path: Path) -> Any:
    """Loads a JSON file in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Raises:
        FormatError: there is no such file, or it is no JSON file.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise FormatError(f"{path}: there is no such file") from None
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not a JSON file: {error}") from error


def parse_at(location: str, parse: Callable[..., T], *values: Any) -> T:
    """Calls ``parse`` with the values; its errors become FormatErrors that begin with the location."""
    try:
        return parse(*values)
    except KeyError as error:
        raise FormatError(f"{location} has no {error.args[0]}") from None
    except ValueError as error:
        raise FormatError(f"{location}: {error}") from None


def parse_list_item(item: Any, frame: int | None) -> ParsedPose:
    """Parses an item of the list of COCO or AlphaPose; ``frame`` replaces the frame that it declares."""
    entries = require_object(item)
    key = "bbox" if "bbox" in entries else "box"
    x, y, width, height = parse_numbers(entries, key, 4) if entries.get(key) is not None else np.full(4, np.nan)
    return ParsedPose(
        frame=parse_frame(entries["image_id"]) if frame is None else frame,
        track_id=_parse_identity(entries),
        keypoints=parse_keypoints(entries),
        box=np.array([x, y, x + width, y + height]),
    )


def parse_instance(item: Any, frame: int) -> ParsedPose:
    """Parses an instance of MMPose, whose box is given by two corners."""
    entries = require_object(item)
    return ParsedPose(frame, _parse_identity(entries), parse_keypoints(entries), _parse_corners(entries.get("bbox")))


def _parse_corners(stored: Any) -> FloatArray:
    """Parses two corners, in a list of their own or not, and a score or not; NaN if it is anything else."""
    if isinstance(stored, list) and stored and isinstance(stored[0], list):
        stored = stored[0]
    box = _to_array(stored[:4], "bbox") if isinstance(stored, list) else np.zeros(0)
    return box if len(box) == 4 and np.all(box[2:] > box[:2]) else np.full(4, np.nan)


def parse_frame(image_id: Any) -> int:
    """Parses COCO's number, or the last digits of AlphaPose's file name: ``12.jpg``, ``dance_0012.png``."""
    if isinstance(image_id, str):
        digits = re.search(r"(\d+)\D*$", Path(image_id).stem)
        image_id = int(digits[1]) if digits and len(digits[1]) < 13 else image_id
    if type(image_id) is not int or not 0 <= image_id <= _MAX_FRAME:
        raise ValueError(f"image_id {image_id!r} is not a frame; it must be a number from 0, or a name such as 12.jpg")
    return image_id


def _parse_identity(entries: Mapping[str, Any]) -> int:
    """Parses the track id; AlphaPose's ``idx`` counts people from 1, and is 0 for all people if tracking is off."""
    if "track_id" in entries:
        return parse_track_id(entries["track_id"])
    return parse_track_id(entries.get("idx")) or UNKNOWN_TRACK_ID


def parse_track_id(value: Any) -> int:
    """Parses a number, or the first of a list of numbers; -1 for null, NaN or an empty list."""
    first = np.ravel(UNKNOWN_TRACK_ID if value is None else value)[:1]
    if first.dtype.kind == "f" and not np.isfinite(first).all():
        return UNKNOWN_TRACK_ID
    if first.dtype.kind not in "fiu" or not np.all(
        (first >= UNKNOWN_TRACK_ID) & (first <= _MAX_FRAME) & (first % 1 == 0)
    ):
        raise ValueError(f"{value!r} is not a track id; it must be a whole number from 0")
    return int(first[0]) if len(first) else UNKNOWN_TRACK_ID


def require_object(value: Any) -> Mapping[str, Any]:
    """Returns a JSON object."""
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    return value


def parse_keypoints(entries: Mapping[str, Any], key: str = "keypoints") -> FloatArray:
    """Parses keypoints.

    Args:
        entries: JSON object. Its keypoints are one list x0, y0, c0, x1, ...; or a list of [x, y] or [x, y, c] with a
            list ``keypoint_scores`` beside it.
        key: name of the keypoints.

    Returns:
        (K, 3) x px, y px, confidence; NaN, NaN, 0 where any of them is NaN, infinite or null, or all are 0.
    """
    stored = entries[key]
    if isinstance(stored, list) and stored and all(isinstance(point, list) for point in stored):
        return _to_keypoints(_parse_points(stored, entries.get("keypoint_scores"), key))
    values = _to_array(stored, key)
    if len(values) % 3:
        raise ValueError(f"{key} has {len(values)} numbers, not three for each keypoint")
    return _to_keypoints(values.reshape(-1, 3))


def _parse_points(stored: list[list[Any]], scores: Any, key: str) -> FloatArray:
    sizes = {len(point) for point in stored}
    if sizes not in ({2}, {3}):
        raise ValueError(f"{key} has points of {min(sizes)} to {max(sizes)} numbers, expected x and y")
    points = _to_array([value for point in stored for value in point], key).reshape(len(stored), -1)
    if scores is None:
        return points if points.shape[1] == 3 else np.column_stack([points, np.ones(len(points))])
    confidences = _to_array(scores, "keypoint_scores")
    if len(confidences) != len(points):
        raise ValueError(f"keypoint_scores has {len(confidences)} numbers, expected {len(points)}")
    return np.column_stack([points[:, :2], confidences])


def parse_numbers(entries: Mapping[str, Any], key: str, count: int) -> FloatArray:
    """Parses a list of ``count`` numbers; NaN for null and what is not finite."""
    values = _to_array(entries[key], key)
    if len(values) != count:
        raise ValueError(f"{key} has {len(values)} numbers, expected {count}")
    return values


def _to_array(stored: Any, key: str) -> FloatArray:
    if not isinstance(stored, list):
        raise ValueError(f"{key} is not a list of numbers")
    if not all(_is_number(value) for value in stored):
        raise ValueError(f"{key} holds values that are not numbers")
    values = np.array([math.nan if value is None else value for value in stored], dtype=np.float64)
    values[np.isinf(values)] = math.nan
    return values


def _is_number(value: Any) -> bool:
    if value is None or (type(value) is float and not math.isfinite(value)):
        return True
    return type(value) in {int, float} and abs(value) < _MAX_VALUE


def _to_keypoints(triples: FloatArray) -> FloatArray:
    keypoints = np.column_stack([triples[:, :2] + HALF_PIXEL, np.clip(triples[:, 2], 0.0, 1.0)])
    keypoints[~triples.any(axis=1) | ~np.isfinite(triples).all(axis=1)] = (np.nan, np.nan, 0.0)
    return keypoints
