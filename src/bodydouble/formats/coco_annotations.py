"""COCO data sets of keypoints <-> ``Annotations``, for tools such as CVAT and Label Studio. See docs/annotations.md.

Sources: https://cocodataset.org/#format-data; https://docs.cvat.ai/docs/dataset_management/formats/format-coco-keypoints/
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.data import LANDMARK_COUNT, FloatArray, Performance
from bodydouble.data.annotations import AnnotatedKeypoint, Annotations, KeypointState
from bodydouble.errors import FormatError
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.keypoint_files.keypoint_sets import find_keypoint_set, read_declared_names
from bodydouble.formats.keypoint_files.parse import load_json, parse_at, parse_frame, require_object
from bodydouble.formats.keypoint_files.read import frames_of_images
from bodydouble.formats.keypoint_files.rows import HALF_PIXEL
from bodydouble.formats.keypoint_files.write import number_people
from bodydouble.skeletons import blazepose
from bodydouble.skeletons.keypoints import LANDMARK_OF_KEYPOINT

MAX_DISTANCE = 0.2
"""Maximum mean distance of a pose from the keypoints of its person, in diagonals of the person's box."""
_STATES = (KeypointState.ABSENT, KeypointState.HIDDEN, KeypointState.VISIBLE)
"""State of each visibility of COCO: 0, 1, 2."""
_DECIMALS = 3
_EDGES = tuple((blazepose.LANDMARKS[a], blazepose.LANDMARKS[b]) for a, b in blazepose.EDGES)


@dataclass(frozen=True, slots=True)
class CocoImport:
    """Annotations that a COCO data set has of the people of a performance."""

    annotations: Annotations
    left_out: int
    """Number of poses that show nobody of the performance."""


@dataclass(frozen=True, slots=True)
class _Pose:
    """Annotation of a person in an image."""

    location: str
    frame: int
    name: str | None
    pixels: FloatArray
    """(33, 2) px; NaN where there is no place."""
    states: Mapping[str, KeypointState]
    """State of each annotated landmark."""


def save(
    path: Path, annotations: Annotations, image_size: tuple[int, int], landmarks: Sequence[str] = blazepose.LANDMARKS
) -> None:
    """Writes annotations as a COCO data set, with an image for each frame that has some.

    Args:
        path: the .json file.
        annotations: any.
        image_size: width and height of the video, px.
        landmarks: the 33 of BlazePose, or the 17 of COCO.

    Raises:
        OutputError: the file cannot be written.
    """
    frames = sorted({keypoint.frame for keypoint in annotations.keypoints if keypoint.landmark in landmarks})
    ids = dict(zip(annotations.people, number_people(annotations.people), strict=True))
    items = [_to_item(list(group), landmarks, ids) for group in _group_poses(annotations, landmarks)]
    content = {
        "images": [
            {"id": frame + 1, "file_name": f"frame_{frame:06d}.png", "frame": frame}
            | dict(zip(("width", "height"), image_size, strict=True))
            for frame in frames
        ],
        "annotations": [{"id": number} | item for number, item in enumerate(items, start=1)],
        "categories": [_category(landmarks)],
    }
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def _group_poses(annotations: Annotations, landmarks: Sequence[str]) -> Iterator[Iterator[AnnotatedKeypoint]]:
    used = [keypoint for keypoint in annotations.keypoints if keypoint.landmark in landmarks]
    for _, group in groupby(sorted(used, key=lambda k: (k.frame, k.person)), key=lambda k: (k.frame, k.person)):
        yield group


def _category(landmarks: Sequence[str]) -> dict[str, Any]:
    position = {name: number for number, name in enumerate(landmarks, start=1)}
    edges = [[position[a], position[b]] for a, b in _EDGES if a in position and b in position]
    return {"id": 1, "name": "person", "supercategory": "person", "keypoints": list(landmarks), "skeleton": edges}


def _to_item(pose: Sequence[AnnotatedKeypoint], landmarks: Sequence[str], ids: Mapping[str, int]) -> dict[str, Any]:
    by_name = {keypoint.landmark: keypoint for keypoint in pose}
    values: list[float] = []
    points = np.array([k.pixel for k in pose if k.pixel is not None]).reshape(-1, 2)
    for name in landmarks:
        keypoint = by_name.get(name)
        if keypoint is None or keypoint.pixel is None:
            values += [0, 0, 0]
        else:
            x, y = (round(value - HALF_PIXEL, _DECIMALS) for value in keypoint.pixel)
            values += [x, y, _STATES.index(keypoint.state)]
    corner, extent = (points.min(axis=0), np.ptp(points, axis=0)) if len(points) else (np.zeros(2), np.zeros(2))
    person, frame = pose[0].person, pose[0].frame
    return {
        "image_id": frame + 1, "category_id": 1, "iscrowd": 0, "track_id": ids[person], "name": person,
        "keypoints": values, "num_keypoints": len(points),
        "bbox": [round(float(value), _DECIMALS) for value in (*corner, *extent)],
        "area": round(float(extent.prod()), _DECIMALS),
        "absent": [k.landmark for k in pose if k.pixel is None],
    }  # fmt: skip


def load(path: Path, performance: Performance, first_frame: int = 0, *, trusts_names: bool = False) -> CocoImport:
    """Reads the annotations of a COCO data set that belong to the people of a performance.

    A pose belongs to the person whose name it has, else to the one whose keypoints are nearest in that frame.

    Args:
        path: the .json file. The frame of an image is the number in its file name; if not all have different ones, its
            position in the list.
        performance: that of the same video.
        first_frame: number that the first frame of the video has in the file.
        trusts_names: whether a pose keeps its name where no person of the performance has it.

    Raises:
        FormatError: there is no such file, or it is no data set of keypoints of the 33 landmarks or COCO's 17.
    """
    poses = list(_read_poses(path, first_frame))
    keypoints: dict[tuple[str, int, str], AnnotatedKeypoint] = {}
    left_out = 0
    for frame, group in groupby(sorted(poses, key=lambda pose: pose.frame), key=lambda pose: pose.frame):
        in_frame = list(group)
        for pose, person in zip(in_frame, _match_people(in_frame, performance, frame, trusts_names), strict=True):
            left_out += person is None
            for keypoint in _to_keypoints(pose, person):
                if (person, frame, keypoint.landmark) in keypoints:
                    raise FormatError(f"{pose.location}: {person} is annotated twice in frame {frame}")
                keypoints[keypoint.person, frame, keypoint.landmark] = keypoint
    return CocoImport(Annotations(tuple(keypoints.values())), left_out)


def _to_keypoints(pose: _Pose, person: str | None) -> Iterator[AnnotatedKeypoint]:
    if person is None:
        return
    for name, state in pose.states.items():
        x, y = pose.pixels[blazepose.INDEX[name]].tolist()
        pixel = None if state is KeypointState.ABSENT else (x, y)
        yield AnnotatedKeypoint(person, pose.frame, name, state, pixel)


def _match_people(poses: Sequence[_Pose], performance: Performance, frame: int, trusts_names: bool) -> list[str | None]:
    """Returns the name of the person whom each pose in a frame shows; None for other people."""
    shown = [p for p in performance.people if p.track.frames[0] <= frame <= p.track.frames[-1]]
    known = {person.name for person in shown}
    names = [pose.name if trusts_names or pose.name in known else None for pose in poses]
    open_poses = [index for index, name in enumerate(names) if name is None]
    others = [person for person in shown if person.name not in names]
    if not open_poses or not others:
        return names
    tracks = [(person.track, frame - int(person.track.frames[0])) for person in others]
    distances = np.array([
        [_pose_distance(poses[index].pixels, track.keypoints[row], track.boxes[row]) for track, row in tracks]
        for index in open_poses
    ])  # fmt: skip
    for row, column in zip(*linear_sum_assignment(distances), strict=True):
        if distances[row, column] <= MAX_DISTANCE:
            names[open_poses[row]] = others[column].name
    return names


def _pose_distance(pixels: FloatArray, keypoints: FloatArray, box: FloatArray) -> float:
    """Returns the mean distance of places from keypoints in diagonals of the box; a large number if none is known."""
    distances = np.linalg.norm(pixels - keypoints[:, :2], axis=-1) / max(float(np.linalg.norm(box[2:] - box[:2])), 1.0)
    known = distances[np.isfinite(distances)]
    return float(known.mean()) if len(known) else 1e6


def _read_poses(path: Path, first_frame: int) -> Iterator[_Pose]:
    stored = load_json(path)
    if not isinstance(stored, dict) or not isinstance(stored.get("annotations"), list):
        raise FormatError(f"{path} is no COCO data set: it has no list of annotations")
    frames = frames_of_images(stored.get("images"))
    categories = {
        str(category.get("id")): read_declared_names(category.get("keypoints"))
        for category in stored.get("categories") or ()
        if isinstance(category, dict)
    }
    for number, item in enumerate(stored["annotations"]):
        location = f"{path}: annotation {number}"
        entries = parse_at(location, require_object, item)
        if entries.get("keypoints"):
            frame = frames.get(str(entries.get("image_id")))
            declared = categories.get(str(entries.get("category_id")))
            yield parse_at(location, _parse_pose, location, entries, frame, first_frame, declared)


def _parse_pose(
    location: str, entries: Mapping[str, Any], frame: int | None, first_frame: int, declared: Sequence[str] | None
) -> _Pose:
    frame = (parse_frame(entries.get("image_id")) if frame is None else frame) - first_frame
    if frame < 0:
        raise ValueError(f"its frame is before {first_frame}, the first one")
    values = entries["keypoints"]
    if not isinstance(values, list) or len(values) % 3 or not all(type(value) in {int, float} for value in values):
        raise ValueError("keypoints must be a list of numbers, three for each keypoint")
    triples = np.array(values, dtype=np.float64).reshape(-1, 3)
    names = find_keypoint_set(len(triples), declared)
    pixels, states = np.full((LANDMARK_COUNT, 2), np.nan), dict[str, KeypointState]()
    own = entries.get("absent")
    for name, (x, y, visibility) in zip(names, triples.tolist(), strict=True):
        landmark = blazepose.LANDMARKS[LANDMARK_OF_KEYPOINT[name]] if name in LANDMARK_OF_KEYPOINT else None
        if visibility not in {0, 1, 2}:
            raise ValueError(f"the visibility of {name} is {visibility:g}, expected 0, 1 or 2")
        if landmark is None or (visibility == 0 and isinstance(own, list) and landmark not in own):
            continue
        states[landmark] = _STATES[int(visibility)]
        if visibility:
            pixels[blazepose.INDEX[landmark]] = x + HALF_PIXEL, y + HALF_PIXEL
    person = entries.get("name")
    return _Pose(location, frame, person if isinstance(person, str) else None, pixels, states)
