"""performance.npz: ``Performance`` <-> plain NumPy arrays without pickle. The keys are listed in docs/formats.md.

Rotations, positions, lengths and the camera are stored in float64, so that a file exported from a saved performance
equals one exported at once. Measured quantities (pixels, probabilities, 3D landmarks) and the derived joints_world are
stored in float32.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bodydouble.data import Appearance, Camera, Face, Hands, Motion, Performance, Person, Skeleton, Track, Trait
from bodydouble.data.annotations import Annotations
from bodydouble.data.corrections import Correction
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats import annotations, corrections
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import kinematics
from bodydouble.skeletons import arkit, humanoid

FORMAT = "bodydouble-performance"
VERSION = 2
"""Version of the format: it rises when a reader must change. Files of other versions are refused."""

_DAMAGE_ERRORS = (
    ArithmeticError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError,
    struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""Exceptions that zipfile, NumPy and the types of bodydouble.data raise on a file whose bytes or arrays are wrong."""

Arrays = Mapping[str, NDArray[Any]]


def save(path: Path, performance: Performance) -> None:
    """Writes a performance.

    Args:
        path: the .npz file to write; it appears only when it is complete.
        performance: people, motions and camera of a clip; all motions have its frame rate.

    Raises:
        InvalidDataError: names, frames or rates of the people contradict each other.
        OutputError: the file cannot be written.
    """
    check_consistency(performance)
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
        for key, array in _iterate_arrays(performance):
            # As numpy.savez_compressed does, but one array at a time.
            with file.open(f"{key}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def load(path: str | Path) -> Performance:
    """Reads a performance.

    Args:
        path: a file that ``save`` wrote.

    Returns:
        The performance, with all real numbers in float64.

    Raises:
        FormatError: the file is not a performance, is damaged, or has another version of the format.
    """
    path = Path(path)
    if not path.is_file():
        raise FormatError(f"{path}: there is no such file")
    if not zipfile.is_zipfile(path):
        raise FormatError(f"{path} is not a bodydouble performance file")
    try:
        # np.load does not close a damaged file that it opened itself.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            _check_format(path, stored)
            performance = _build_performance(stored)
            check_consistency(performance)
            return performance
    except _DAMAGE_ERRORS as error:
        raise FormatError(f"{path} is damaged: {error.args[0] if error.args else type(error).__name__}") from error


def check_consistency(performance: Performance) -> None:
    """Raises InvalidDataError if names, frames or rates of the people contradict each other."""
    names = [person.name for person in performance.people]
    if len(set(names)) != len(names) or any("/" in name or not name for name in names):
        raise InvalidDataError(f"Performance: names of people must differ and hold no '/': {', '.join(names)}")
    poses = len(performance.camera.camera_from_world)
    if poses != performance.frame_count:
        raise InvalidDataError(f"Performance: {poses} camera poses for {performance.frame_count} frames")
    for person in performance.people:
        if person.motion.fps != performance.fps:
            raise InvalidDataError(f"Performance: {person.name} has {person.motion.fps} fps, not {performance.fps}")
        if person.track.frames[0] < 0 or person.track.frames[-1] >= performance.frame_count:
            raise InvalidDataError(f"Performance: {person.name} has frames outside the clip")


def _clip_arrays(performance: Performance) -> dict[str, NDArray[Any]]:
    return {
        "format": np.array(f"{FORMAT} {VERSION}"),
        "fps": np.array([performance.fps.numerator, performance.fps.denominator], dtype=np.int64),
        "image_size": np.array(performance.camera.image_size, dtype=np.int64),
        "frame_count": np.array(performance.frame_count, dtype=np.int64),
        "intrinsics": performance.camera.intrinsics.astype(np.float64),
        "camera_from_world": performance.camera.camera_from_world.astype(np.float64),
        "shot_starts": np.array(performance.shot_starts, dtype=np.int64),
        "people": np.array([person.name for person in performance.people], dtype=np.str_),
    }


def _iterate_arrays(performance: Performance) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yields all arrays by key; each is made when it is its turn."""
    yield from _clip_arrays(performance).items()
    if performance.corrections:
        yield "corrections", np.array(corrections.to_text(performance.corrections), dtype=np.str_)
    if performance.annotations.keypoints:
        yield "annotations", np.array(annotations.to_text(performance.annotations), dtype=np.str_)
    for person in performance.people:
        for key, array in _person_arrays(person):
            yield f"{person.name}/{key}", array


def _person_arrays(person: Person) -> Iterator[tuple[str, NDArray[Any]]]:
    track, motion, skeleton = person.track, person.motion, person.motion.skeleton
    yield "frames", track.frames.astype(np.int64)
    yield "observed", track.observed.astype(np.bool_)
    yield "keypoints", track.keypoints.astype(np.float32)
    yield "boxes", track.boxes.astype(np.float32)
    yield "landmarks_3d", track.landmarks_3d.astype(np.float32)
    yield "joint_names", np.array(skeleton.joint_names, dtype=np.str_)
    yield "parents", np.array(skeleton.parents, dtype=np.int64)
    yield "rest_offsets", skeleton.rest_offsets.astype(np.float64)
    yield "rotations", motion.rotations.astype(np.float64)
    yield "root_position", motion.root_position.astype(np.float64)
    yield "joints_world", kinematics.joint_positions(motion).astype(np.float32)
    yield "contacts", motion.contacts.astype(np.float32)
    yield "joint_sigma", motion.joint_sigma.astype(np.float32)
    yield from _hands_arrays(person.hands)
    yield from _face_arrays(person.face)
    yield from _appearance_arrays(person.appearance)


def _hands_arrays(hands: Hands | None) -> Iterator[tuple[str, NDArray[Any]]]:
    if hands is not None:
        yield "hands/observed", hands.observed.astype(np.bool_)
        yield "hands/keypoints", hands.keypoints.astype(np.float32)
        yield "hands/joint_names", np.array(humanoid.FINGERS, dtype=np.str_)
        yield "hands/rest_offsets", hands.rest_offsets.astype(np.float64)
        yield "hands/rotations", hands.rotations.astype(np.float64)


def _face_arrays(face: Face | None) -> Iterator[tuple[str, NDArray[Any]]]:
    if face is not None:
        yield "face/observed", face.observed.astype(np.bool_)
        yield "face/weight_names", np.array(arkit.BLENDSHAPES, dtype=np.str_)
        yield "face/weights", face.weights.astype(np.float32)
        yield "face/gaze", face.gaze.astype(np.float32)


def _appearance_arrays(appearance: Appearance | None) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yields value and confidence of each trait that was seen."""
    for name in (item.name for item in fields(Appearance)):
        trait = getattr(appearance, name, None)
        if trait is not None:
            is_text = isinstance(trait.value, str)
            yield f"appearance/{name}", np.array(trait.value, dtype=np.str_ if is_text else np.float32)
            yield f"appearance/{name}_confidence", np.array(trait.confidence, dtype=np.float32)


def _check_format(path: Path, stored: Arrays) -> None:
    name, _, version = str(stored["format"]).partition(" ") if "format" in stored else ("", "", "")
    if name != FORMAT or not version.isdecimal():
        raise FormatError(f"{path} is not a bodydouble performance file")
    if int(version) > VERSION:
        raise FormatError(
            f"{path} was written by a newer version of bodydouble: its format is {version}, this one reads {VERSION}; "
            "update bodydouble"
        )
    if int(version) < VERSION:
        raise FormatError(
            f"{path} was written by an older version of bodydouble: its format is {version}, this one reads {VERSION}; "
            "capture the video again"
        )


def _build_performance(stored: Arrays) -> Performance:
    width, height = stored["image_size"].tolist()
    fps = Fraction(*stored["fps"].tolist())
    return Performance(
        fps=fps,
        frame_count=int(stored["frame_count"]),
        camera=Camera((width, height), _load_float64(stored, "intrinsics"), _load_float64(stored, "camera_from_world")),
        people=tuple(_build_person(stored, name, fps) for name in stored["people"].tolist()),
        corrections=_build_corrections(stored),
        shot_starts=tuple(stored["shot_starts"].tolist()) if "shot_starts" in stored else (),
        annotations=_build_annotations(stored),
    )


def _build_corrections(stored: Arrays) -> tuple[Correction, ...]:
    if "corrections" not in stored:
        return ()
    try:
        return corrections.parse_text(str(stored["corrections"]))
    except FormatError as error:
        raise ValueError(f"its corrections: {error}") from error


def _build_annotations(stored: Arrays) -> Annotations:
    if "annotations" not in stored:
        return Annotations()
    try:
        return annotations.parse_text(str(stored["annotations"]))
    except FormatError as error:
        raise ValueError(f"its annotations: {error}") from error


def _build_person(stored: Arrays, name: str, fps: Fraction) -> Person:
    track = Track(
        frames=stored[f"{name}/frames"],
        observed=stored[f"{name}/observed"],
        boxes=_load_float64(stored, f"{name}/boxes"),
        keypoints=_load_float64(stored, f"{name}/keypoints"),
        landmarks_3d=_load_float64(stored, f"{name}/landmarks_3d"),
    )
    skeleton = Skeleton(
        joint_names=tuple(stored[f"{name}/joint_names"].tolist()),
        parents=tuple(stored[f"{name}/parents"].tolist()),
        rest_offsets=_load_float64(stored, f"{name}/rest_offsets"),
    )
    motion = Motion(
        skeleton=skeleton,
        fps=fps,
        rotations=_load_float64(stored, f"{name}/rotations"),
        root_position=_load_float64(stored, f"{name}/root_position"),
        contacts=_load_float64(stored, f"{name}/contacts"),
        joint_sigma=_load_float64(stored, f"{name}/joint_sigma"),
    )
    return Person(
        name,
        track,
        motion,
        _build_hands(stored, f"{name}/hands"),
        _build_face(stored, f"{name}/face"),
        _build_appearance(stored, f"{name}/appearance"),
    )


def _build_hands(stored: Arrays, key: str) -> Hands | None:
    if f"{key}/observed" not in stored:
        return None
    return Hands(
        observed=stored[f"{key}/observed"],
        keypoints=_load_float64(stored, f"{key}/keypoints"),
        rest_offsets=_load_float64(stored, f"{key}/rest_offsets"),
        rotations=_load_float64(stored, f"{key}/rotations"),
    )


def _build_face(stored: Arrays, key: str) -> Face | None:
    if f"{key}/observed" not in stored:
        return None
    return Face(
        observed=stored[f"{key}/observed"],
        weights=_load_float64(stored, f"{key}/weights"),
        gaze=_load_float64(stored, f"{key}/gaze"),
    )


def _build_appearance(stored: Arrays, key: str) -> Appearance | None:
    names = [item.name for item in fields(Appearance) if f"{key}/{item.name}" in stored]
    traits = {name: _build_trait(stored, f"{key}/{name}") for name in names}
    return Appearance(**traits) if traits else None


def _build_trait(stored: Arrays, key: str) -> Trait[Any]:
    value = stored[key].tolist()
    confidence = float(stored[f"{key}_confidence"])
    return Trait(tuple(value) if isinstance(value, list) else value, confidence)


def _load_float64(stored: Arrays, key: str) -> NDArray[np.float64]:
    return stored[key].astype(np.float64, casting="same_kind")
