"""annotations.json: 2D keypoints by hand <-> ``data.annotations``. docs/annotations.md describes the file."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from bodydouble.data.annotations import AnnotatedKeypoint, Annotations, KeypointState
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.json_text import load_text, parse_json
from bodydouble.skeletons import blazepose

T = TypeVar("T")

FORMAT = "bodydouble-annotations 1"
_POSE_KEYS = ("person", "frame", *(state.value for state in KeypointState))
_DECIMALS = 3


def save(path: Path, annotations: Annotations) -> None:
    """Writes annotations; raises OutputError if the file cannot be written."""
    with atomic_write(path) as temporary:
        temporary.write_text(to_text(annotations), encoding="utf-8")


def load(path: Path) -> Annotations:
    """Reads annotations.

    Raises:
        FormatError: the file does not exist, or it is not as docs/annotations.md describes it.
    """
    return load_text(path, parse_text)


def to_text(annotations: Annotations) -> str:
    """Returns annotations as JSON, one pose a line, in the order of people and frames."""
    body = ",\n    ".join(json.dumps(pose, ensure_ascii=False) for pose in to_objects(annotations))
    listed = f"[\n    {body}\n  ]" if body else "[]"
    return f'{{\n  "format": "{FORMAT}",\n  "poses": {listed}\n}}\n'


def parse_text(text: str) -> Annotations:
    """Parses the JSON of ``to_text``; raises FormatError."""
    content = parse_json(text)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise FormatError(f'no annotations: expected an object with "format": "{FORMAT}"')
    unknown = content.keys() - {"format", "poses"}
    if unknown:
        raise FormatError(f"unknown key {min(unknown)!r}; the keys are format and poses")
    return parse_objects(content.get("poses"))


def to_objects(annotations: Annotations) -> list[dict[str, Any]]:
    """Returns annotations as the JSON objects that ``parse_objects`` reads: one for each person and frame."""
    order = {name: number for number, name in enumerate(annotations.people)}
    ordered = sorted(annotations.keypoints, key=lambda k: (order[k.person], k.frame))
    return [
        {"person": person, "frame": frame} | _states_to_object(tuple(keypoints))
        for (person, frame), keypoints in groupby(ordered, key=lambda k: (k.person, k.frame))
    ]


def parse_objects(poses: object) -> Annotations:
    """Parses annotations from the JSON objects of ``to_objects``; raises FormatError."""
    if not isinstance(poses, list):
        raise FormatError('"poses" must be a list')
    keypoints: list[AnnotatedKeypoint] = []
    for number, pose in enumerate(poses, start=1):
        try:
            keypoints += _parse_pose(pose)
        except FormatError as error:
            raise FormatError(f"pose {number}: {error}") from error
    return _without_type(Annotations, tuple(keypoints))


def _states_to_object(keypoints: Sequence[AnnotatedKeypoint]) -> dict[str, Any]:
    """Returns the landmarks of a pose by their state; states of none are left out."""
    placed: dict[str, Any] = {}
    for keypoint in sorted(keypoints, key=lambda k: list(KeypointState).index(k.state)):
        if keypoint.pixel is None:
            placed.setdefault(keypoint.state.value, []).append(keypoint.landmark)
        else:
            pixel = [round(value, _DECIMALS) for value in keypoint.pixel]
            placed.setdefault(keypoint.state.value, {})[keypoint.landmark] = pixel
    return placed


def _parse_pose(pose: object) -> Iterator[AnnotatedKeypoint]:
    if not isinstance(pose, dict):
        raise FormatError(f"expected an object, got {json.dumps(pose)[:40]}")
    unknown = pose.keys() - set(_POSE_KEYS)
    if unknown:
        raise FormatError(f"unknown key {min(unknown)!r}; the keys are {', '.join(_POSE_KEYS)}")
    person, frame = pose.get("person"), pose.get("frame")
    if not isinstance(person, str) or not person:
        raise FormatError(f"person must be the name of one, got {json.dumps(person)[:40]}")
    if isinstance(frame, bool) or not isinstance(frame, int):
        raise FormatError(f"frame must be a whole number, got {json.dumps(frame)[:40]}")
    for state in (KeypointState.VISIBLE, KeypointState.HIDDEN):
        for landmark, pixel in _require_places(pose, state).items():
            point = _parse_pixel(landmark, pixel)
            yield _without_type(AnnotatedKeypoint, person, frame, _check_landmark(landmark), state, point)
    for landmark in _require_names(pose):
        yield _without_type(AnnotatedKeypoint, person, frame, _check_landmark(landmark), KeypointState.ABSENT)


def _require_places(pose: dict[str, Any], state: KeypointState) -> dict[str, Any]:
    places = pose.get(state.value, {})
    if not isinstance(places, dict):
        raise FormatError(f"{state.value} must be an object of landmarks and their pixels")
    return places


def _require_names(pose: dict[str, Any]) -> list[str]:
    names = pose.get(KeypointState.ABSENT.value, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FormatError("absent must be a list of landmarks")
    return names


def _check_landmark(name: str) -> str:
    if name not in blazepose.INDEX:
        raise FormatError(f"unknown landmark {name!r}; the landmarks are {', '.join(blazepose.LANDMARKS)}")
    return name


def _parse_pixel(landmark: str, value: object) -> tuple[float, float]:
    if isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)):
        return float(value[0]), float(value[1])
    raise FormatError(f"{landmark} must be a list of two numbers, got {json.dumps(value)[:40]}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9 and math.isfinite(value)


def _without_type(create: Callable[..., T], *values: object) -> T:
    """Creates an object of ``data``; its InvalidDataError becomes a FormatError without the name of the type."""
    try:
        return create(*values)
    except InvalidDataError as error:
        raise FormatError(str(error).partition(": ")[2]) from error
