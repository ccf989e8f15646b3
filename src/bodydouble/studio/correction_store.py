"""Corrections of a take: the list beside its automatic results, and the performance that it leads to.

A folder of results holds ``performance.npz``, which is never changed. Corrections add ``corrections.json`` and
``performance_corrected.npz``, which knows the list that it was made with: if a stop left them different, or if somebody
has edited the list, the performance is resolved again.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from bodydouble.data import Performance
from bodydouble.data.corrections import Correction
from bodydouble.errors import FormatError
from bodydouble.formats import corrections as correction_files
from bodydouble.formats import performance as performance_files
from bodydouble.motion.corrections.apply import apply_corrections
from bodydouble.motion.corrections.cache import StepCache
from bodydouble.pipeline.animating import PERFORMANCE_FILE
from bodydouble.pipeline.resolving import CORRECTIONS_FILE, default_output

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


def compute_version(corrections: Sequence[Correction]) -> str:
    """Returns a name of the state to which corrections lead: 16 hexadecimal digits."""
    return sha256(correction_files.to_text(corrections).encode()).hexdigest()[:16]


def read_version(folder: Path) -> str:
    """Returns the version of the corrections of a folder of results; raises FormatError."""
    return compute_version(read_corrections(folder))


def load_automatic(folder: Path) -> Performance:
    """Loads the automatic performance of a folder of results; raises FormatError."""
    path = folder / PERFORMANCE_FILE
    return _load_performance(path, path.stat().st_mtime_ns)


def load_current(folder: Path) -> Performance:
    """Loads the performance of a folder of results as it is now: the corrected one, or else the automatic one.

    Raises:
        BodydoubleError: a file cannot be read, or its corrections do not fit the performance.
    """
    corrections = read_corrections(folder)
    if not corrections:
        return load_automatic(folder)
    path = default_output(folder / PERFORMANCE_FILE)
    with suppress(OSError, FormatError):
        corrected = _load_performance(path, path.stat().st_mtime_ns)
        if corrected.corrections == corrections:
            return corrected
    _write_corrected(folder, corrections)
    return _load_performance(path, path.stat().st_mtime_ns)


def current_file(folder: Path) -> Path:
    """Returns the file of the performance as it is now; raises as ``load_current``."""
    path = folder / PERFORMANCE_FILE
    return default_output(path) if load_current(folder).corrections else path


def save_corrections(folder: Path, corrections: Sequence[Correction]) -> None:
    """Applies corrections to the automatic performance of a folder of results, and keeps them.

    Raises:
        InvalidDataError: a correction does not fit; the message has its number, and nothing was changed.
        OutputError: a file cannot be written.
    """
    if corrections:
        _write_corrected(folder, corrections)
        correction_files.save(folder / CORRECTIONS_FILE, corrections)
    else:
        (folder / CORRECTIONS_FILE).unlink(missing_ok=True)
        default_output(folder / PERFORMANCE_FILE).unlink(missing_ok=True)


def _write_corrected(folder: Path, corrections: Sequence[Correction]) -> None:
    path = folder / PERFORMANCE_FILE
    cache = _create_cache(path, path.stat().st_mtime_ns)
    corrected = apply_corrections(load_automatic(folder), corrections, cache)
    performance_files.save(default_output(path), corrected)


@lru_cache(maxsize=4)
def _load_performance(path: Path, _modified: int) -> Performance:
    return performance_files.load(path)


@lru_cache(maxsize=64)
def _load_corrections(path: Path, _modified: int, _size: int) -> tuple[Correction, ...]:
    return correction_files.load(path)


@lru_cache(maxsize=1)
def _create_cache(path: Path, modified: int) -> StepCache:
    """Returns the cache of corrections of an automatic performance: that of the one that was corrected last."""
    return StepCache(_load_performance(path, modified).frame_count)
