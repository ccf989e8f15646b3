"""Corrections of a take: the list beside its automatic results, and the performance that it leads to.

A folder of results holds ``performance.npz``, which is never changed. Annotations and corrections add
``annotations.json``, ``corrections.json`` and ``performance_corrected.npz``, which knows what it was made with: if a
stop left them different, or if somebody has edited a file, the performance is resolved again.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from bodydouble.data import Performance
from bodydouble.data.annotations import Annotations
from bodydouble.data.corrections import Correction
from bodydouble.errors import FormatError
from bodydouble.formats import corrections as correction_files
from bodydouble.formats import performance as performance_files
from bodydouble.motion.annotations.apply import apply_annotations
from bodydouble.motion.corrections.apply import apply_corrections
from bodydouble.motion.corrections.cache import StepCache
from bodydouble.pipeline.animating import PERFORMANCE_FILE
from bodydouble.pipeline.resolving import CORRECTIONS_FILE, default_output
from bodydouble.studio.annotation_store import read_applied, save_applied

MAX_CORRECTIONS = 1000


def read_corrections(folder: Path) -> tuple[Correction, ...]:
    """Returns the corrections of a folder of results, () if there are none; raises FormatError."""
    path = folder / CORRECTIONS_FILE
    try:
        status = path.stat()
    except OSError:
        return ()
    return _load_corrections(path, status.st_mtime_ns, status.st_size)


def parse_corrections(entries: object) -> tuple[Correction, ...]:
    """Parses a list of corrections as a client sends it.

    Raises:
        FormatError: it is no list of corrections, or too long; the message has the number of the correction.
    """
    if not isinstance(entries, list):
        raise FormatError("the corrections must be a list")
    if len(entries) > MAX_CORRECTIONS:
        raise FormatError(f"{len(entries)} corrections are too many; at most {MAX_CORRECTIONS} can be kept")
    parsed = []
    for number, entry in enumerate(entries, start=1):
        try:
            parsed.append(correction_files.parse_object(entry))
        except FormatError as error:
            raise FormatError(f"correction {number}: {error}") from error
    return tuple(parsed)


def compute_version(corrections: Sequence[Correction], annotated: str = "") -> str:
    """Returns a name of the motion to which corrections lead: 16 hexadecimal digits.

    Args:
        corrections: in order.
        annotated: version of the annotations to which the motion was fitted before.
    """
    return sha256(f"{correction_files.to_text(corrections)}{annotated}".encode()).hexdigest()[:16]


def read_version(folder: Path) -> str:
    """Returns the version of the motion of a folder of results; raises FormatError."""
    return compute_version(read_corrections(folder), read_applied(folder).version)


def is_automatic(performance: Performance) -> bool:
    """Returns whether a performance has neither annotations nor corrections."""
    return not performance.corrections and not performance.annotations.keypoints


def load_automatic(folder: Path) -> Performance:
    """Loads the automatic performance of a folder of results; raises FormatError."""
    path = folder / PERFORMANCE_FILE
    return _load_performance(path, path.stat().st_mtime_ns)


def load_current(folder: Path) -> Performance:
    """Loads the performance of a folder of results as it is now: the corrected one, or else the automatic one.

    Raises:
        BodydoubleError: a file cannot be read, or annotations or corrections do not fit the performance.
    """
    annotations, corrections = read_applied(folder).annotations, read_corrections(folder)
    if not corrections and not annotations.keypoints:
        return load_automatic(folder)
    path = default_output(folder / PERFORMANCE_FILE)
    with suppress(OSError, FormatError):
        corrected = _load_performance(path, path.stat().st_mtime_ns)
        if (corrected.annotations, corrected.corrections) == (annotations, corrections):
            return corrected
    _write_corrected(folder, annotations, corrections)
    return _load_performance(path, path.stat().st_mtime_ns)


def current_file(folder: Path) -> Path:
    """Returns the file of the performance as it is now; raises as ``load_current``."""
    path = folder / PERFORMANCE_FILE
    return path if is_automatic(load_current(folder)) else default_output(path)


def save_corrections(folder: Path, corrections: Sequence[Correction]) -> None:
    """Applies corrections to the automatic performance of a folder of results, and keeps them.

    Raises:
        InvalidDataError: a correction does not fit; the message has its number, and nothing was changed.
        OutputError: a file cannot be written.
    """
    _write_corrected(folder, read_applied(folder).annotations, corrections)
    if corrections:
        correction_files.save(folder / CORRECTIONS_FILE, corrections)
    else:
        (folder / CORRECTIONS_FILE).unlink(missing_ok=True)


def save_annotations(folder: Path, annotations: Annotations) -> None:
    """Fits the automatic performance of a folder of results to annotations, corrects it, and keeps the annotations.

    Raises:
        InvalidDataError: an annotation does not fit, or a correction does not fit the new motion; nothing was changed.
        OutputError: a file cannot be written.
    """
    _write_corrected(folder, annotations, read_corrections(folder))
    save_applied(folder, annotations)


def _write_corrected(folder: Path, annotations: Annotations, corrections: Sequence[Correction]) -> None:
    """Writes the performance with annotations and corrections; without any, there is none."""
    path = folder / PERFORMANCE_FILE
    if not corrections and not annotations.keypoints:
        default_output(path).unlink(missing_ok=True)
        return
    modified = path.stat().st_mtime_ns
    annotated = _annotate(path, modified, annotations)
    corrected = apply_corrections(annotated, corrections, _create_cache(path, modified))
    performance_files.save(default_output(path), corrected)


@lru_cache(maxsize=4)
def _load_performance(path: Path, _modified: int) -> Performance:
    return performance_files.load(path)


@lru_cache(maxsize=2)
def _annotate(path: Path, modified: int, annotations: Annotations) -> Performance:
    """Returns an automatic performance fitted to annotations, which corrections of the take start from."""
    automatic = _load_performance(path, modified)
    return apply_annotations(automatic, annotations) if annotations.keypoints else automatic


@lru_cache(maxsize=64)
def _load_corrections(path: Path, _modified: int, _size: int) -> tuple[Correction, ...]:
    return correction_files.load(path)


@lru_cache(maxsize=1)
def _create_cache(path: Path, modified: int) -> StepCache:
    """Returns the cache of corrections of an automatic performance: that of the one that was corrected last."""
    return StepCache(_load_performance(path, modified).frame_count)
