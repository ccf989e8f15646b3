"""Reader: JSON files of COCO, AlphaPose, MMPose and OpenPose -> ``KeypointRows``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import UNKNOWN_TRACK_ID
from bodydouble.errors import FormatError
from bodydouble.formats.keypoint_files.folder import read_folder
from bodydouble.formats.keypoint_files.keypoint_sets import find_keypoint_set, read_declared_names
from bodydouble.formats.keypoint_files.parse import (
    FileContents,
    ParsedPose,
    load_json,
    parse_at,
    parse_frame,
    parse_instance,
    parse_list_item,
)
from bodydouble.formats.keypoint_files.rows import KeypointRows, sort_by_frame


def read_keypoints(path: str | Path) -> KeypointRows:
    """Reads keypoints of COCO, AlphaPose, MMPose (17 keypoints, Halpe, COCO-WholeBody) or OpenPose (BODY_25 or 18).

    Args:
        path: a .json file of COCO, AlphaPose or MMPose; or the folder that OpenPose or MMPose filled.

    Returns:
        The keypoints. Confidences above 1 (COCO's flag 2 for "visible", older AlphaPose) count as 1. What is NaN,
        infinite or null is not observed.

    Raises:
        FormatError: there is no such file, or its contents have another form.
    """
    path = Path(path)
    keypoint_rows = _stack(path, read_folder(path) if path.is_dir() else _read_file(path))
    _check_unique_ids(path, keypoint_rows)
    return keypoint_rows


def _stack(path: Path, contents: FileContents) -> KeypointRows:
    poses = contents.poses
    count = len(poses[0].keypoints) if poses else len(contents.declared_names or ()) or 17
    for number, pose in enumerate(poses):
        if len(pose.keypoints) != count:
            raise FormatError(f"{path}: item {number} has {len(pose.keypoints)} keypoints, but the first one {count}")
    try:
        names = find_keypoint_set(count, contents.declared_names)
    except ValueError as error:
        raise FormatError(f"{path} {error}") from None
    table = sort_by_frame(
        names,
        [np.array([pose.frame for pose in poses], dtype=np.int64)],
        [np.array([pose.track_id for pose in poses], dtype=np.int64)],
        [pose.keypoints[None] for pose in poses],
        [pose.box[None] for pose in poses],
    )
    return KeypointRows(
        names, table.frames, table.track_ids, table.keypoints, table.boxes, first_frame=contents.first_frame
    )


def _check_unique_ids(path: Path, keypoint_rows: KeypointRows) -> None:
    identified = keypoint_rows.track_ids != UNKNOWN_TRACK_ID
    pairs = np.stack([keypoint_rows.frames, keypoint_rows.track_ids], axis=-1)[identified]
    unique_pairs, counts = np.unique(pairs, axis=0, return_counts=True)
    if np.any(counts > 1):
        frame, track_id = unique_pairs[counts > 1][0]
        raise FormatError(f"{path}: frame {frame} has track {track_id} more than once")


def _read_file(path: Path) -> FileContents:
    stored = load_json(path)
    if isinstance(stored, dict) and "people" in stored:
        raise FormatError(f"{path} is one frame of OpenPose; give the folder that holds all of them")
    if isinstance(stored, dict) and isinstance(stored.get("annotations"), list):
        return _read_coco_data_set(path, stored)
    if isinstance(stored, dict) and isinstance(stored.get("instance_info"), list):
        meta = stored.get("meta_info")
        names = read_declared_names(meta.get("keypoint_id2name")) if isinstance(meta, dict) else None
        return _read_mmpose(path, stored["instance_info"], names)
    if not isinstance(stored, list):
        raise FormatError(f"{path} holds no list of COCO, AlphaPose or MMPose keypoints; see docs/keypoints.md")
    if stored and all(_instances(frame) is not None for frame in stored):
        return _read_mmpose(path, stored, None)
    poses = [parse_at(f"{path}: item {n}", parse_list_item, item, None) for n, item in enumerate(stored)]
    return FileContents(poses, min((pose.frame for pose in poses), default=0))


def _read_coco_data_set(path: Path, stored: Mapping[str, Any]) -> FileContents:
    """Reads a COCO data set: its list of annotations, with the frames of its images and the names of its category."""
    frames = frames_of_images(stored.get("images"))
    poses = [
        parse_at(f"{path}: annotation {n}", parse_list_item, item, frames.get(str(item.get("image_id"))))
        for n, item in enumerate(stored["annotations"])
        if isinstance(item, dict) and "keypoints" in item
    ]
    categories = stored.get("categories")
    declared = [category.get("keypoints") for category in categories or () if isinstance(category, dict)]
    names = next(filter(None, map(read_declared_names, declared)), None)
    return FileContents(poses, min([*frames.values(), *(pose.frame for pose in poses)], default=0), names)


def frames_of_images(images: Any) -> dict[str, int]:
    """Returns the frame of each image by its id: the number in its file name, if all have one, else its position."""
    listed = [image for image in images or () if isinstance(image, dict) and isinstance(image.get("id"), int | str)]
    try:
        frames = [parse_frame(str(image.get("file_name"))) for image in listed]
    except ValueError:
        frames = []
    if len(set(frames)) < len(listed):
        frames = list(range(len(listed)))
    return {str(image["id"]): frame for image, frame in zip(listed, frames, strict=True)}


def _read_mmpose(path: Path, listed: Sequence[Any], names: Sequence[str] | None) -> FileContents:
    """Reads MMPose's list of frames; each is a list of instances, or an object with its number and this list."""
    frames: list[int] = []
    poses: list[ParsedPose] = []
    for number, frame in enumerate(listed):
        location = f"{path}: frame {number}"
        instances = _instances(frame)
        if instances is None:
            raise FormatError(f"{location} has no list of instances")
        declared = frame.get("frame_id", number) if isinstance(frame, dict) else number
        frames.append(parse_at(location, parse_frame, declared))
        poses += [parse_at(location, parse_instance, instance, frames[-1]) for instance in instances]
    return FileContents(poses, min(frames, default=0), names)


def _instances(frame: Any) -> list[Any] | None:
    """Returns the list of instances of a frame of MMPose, which may be nested once more; None if there is none."""
    if isinstance(frame, dict):
        frame = frame.get("instances", frame.get("predictions"))
    if isinstance(frame, list) and len(frame) == 1 and isinstance(frame[0], list):
        return frame[0]
    return frame if isinstance(frame, list) else None
