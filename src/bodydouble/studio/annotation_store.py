"""Annotations of a take: those that the page saves, and those to which the motion is fitted.

A folder of results holds ``annotations_draft.json``, which changes while keypoints are annotated, and
``annotations.json``, to which ``performance_corrected.npz`` is fitted. The draft may concern people whom the network
has not found, and frames without their motion.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from bodydouble.data import Performance
from bodydouble.data.annotations import AnnotatedKeypoint, Annotations
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats import annotations as annotation_files

ANNOTATIONS_FILE = "annotations.json"
DRAFT_FILE = "annotations_draft.json"
MAX_KEYPOINTS = 200_000
"""Maximum number of annotated keypoints of a take."""


def parse_poses(poses: object) -> Annotations:
    """Parses poses as a client sends them; raises InvalidDataError, whose message has the number of the pose."""
    try:
        annotations = annotation_files.parse_objects(poses)
    except FormatError as error:
        raise InvalidDataError(str(error)) from error
    count = len(annotations.keypoints)
    if count > MAX_KEYPOINTS:
        raise InvalidDataError(f"{count} keypoints are too many; at most {MAX_KEYPOINTS} can be kept")
    return annotations


@dataclass(frozen=True, slots=True)
class SavedAnnotations:
    """Annotations of a file."""

    annotations: Annotations
    version: str
    """As ``compute_version`` returns it."""


def compute_version(annotations: Annotations) -> str:
    """Returns a name of annotations: 16 hexadecimal digits, or "" if there are none."""
    text = annotation_files.to_text(annotations) if annotations.keypoints else ""
    return sha256(text.encode()).hexdigest()[:16] if text else ""


def read_applied(folder: Path) -> SavedAnnotations:
    """Returns the annotations to which the motion of a folder of results is fitted; raises FormatError."""
    return _read(folder / ANNOTATIONS_FILE) or SavedAnnotations(Annotations(), "")


def save_applied(folder: Path, annotations: Annotations) -> None:
    """Keeps the annotations to which the motion of a folder of results is fitted; raises OutputError."""
    if annotations.keypoints:
        annotation_files.save(folder / ANNOTATIONS_FILE, annotations)
    else:
        (folder / ANNOTATIONS_FILE).unlink(missing_ok=True)


def read_draft(folder: Path) -> SavedAnnotations:
    """Returns the annotations that were saved last; raises FormatError."""
    return _read(folder / DRAFT_FILE) or read_applied(folder)


def save_draft(folder: Path, annotations: Annotations) -> None:
    """Saves annotations without a fit; raises OutputError."""
    annotation_files.save(folder / DRAFT_FILE, annotations)


def split_by_motion(performance: Performance, annotations: Annotations) -> tuple[Annotations, str]:
    """Returns the annotations that concern the motion of a performance, and a text about the others, "" for none."""
    spans = {person.name: (person.track.frames[0], person.track.frames[-1]) for person in performance.people}
    used: list[AnnotatedKeypoint] = []
    unknown: list[str] = []
    outside: list[str] = []
    for keypoint in annotations.keypoints:
        if keypoint.person not in spans:
            unknown.append(keypoint.person)
        elif not spans[keypoint.person][0] <= keypoint.frame <= spans[keypoint.person][1]:
            outside.append(keypoint.person)
        else:
            used.append(keypoint)
    texts = [
        *(f"{_count(number)} of {name}, whom the network has not found" for name, number in Counter(unknown).items()),
        *(f"{_count(number)} in frames without a motion of {name}" for name, number in Counter(outside).items()),
    ]
    return Annotations(tuple(used)), _join(texts)


def _count(number: int) -> str:
    return f"{number} keypoint{'s' if number > 1 else ''}"


def _join(texts: Iterable[str]) -> str:
    *first, last = ["", *texts]
    return f"{', '.join(filter(None, first))} and {last}" if any(first) else last


def _read(path: Path) -> SavedAnnotations | None:
    """Returns the annotations of a file, None if there is none; raises FormatError."""
    try:
        status = path.stat()
    except OSError:
        return None
    return _load(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _load(path: Path, _modified: int, _size: int) -> SavedAnnotations:
    annotations = annotation_files.load(path)
    return SavedAnnotations(annotations, compute_version(annotations))
