"""Another character for a take: what its results hold of the capture -> the folder in which they are made again."""

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from bodydouble.errors import UnknownCharacterError
from bodydouble.formats.atomic import atomic_write, output_errors
from bodydouble.jobs.delivery import JOB_FILE
from bodydouble.jobs.job import Job
from bodydouble.jobs.stages import CAPTURE_FILE, CHARACTER, FILM, WARNINGS_FILE
from bodydouble.pipeline.animating import PERFORMANCE_FILE, REPORT_FILE
from bodydouble.studio.corrected_cast import MODELS
from bodydouble.studio.playback import PLAYBACK_FILE

_REMADE = (JOB_FILE, REPORT_FILE, PERFORMANCE_FILE, "*.glb", "*.bvh", "*.toml", "film*.mp4", f"{MODELS}/*")
"""Patterns of the files of results that a job with another character writes anew."""


def take_capture(job: Job, results: Path, folder: Path) -> None:
    """Puts the capture of earlier results into the folder in which a job works, unless it has one.

    Args:
        job: the job.
        results: folder of the results of the same take with another character; nothing is done if there are none.
        folder: folder in which the job works.

    Raises:
        OutputError: a file cannot be written.
    """
    record = _read_record(job, results)
    if record is None or (folder / CAPTURE_FILE).exists():
        return
    _copy(results / PLAYBACK_FILE, folder / PLAYBACK_FILE)
    warnings = [text for text in record["summary"].get("warnings", ()) if not _is_of_run(text, record["options"])]
    with atomic_write(folder / WARNINGS_FILE) as temporary:
        temporary.write_text(json.dumps(warnings), encoding="utf-8")
    _copy(results / PERFORMANCE_FILE, folder / CAPTURE_FILE)


def take_additions(job: Job, results: Path, folder: Path) -> None:
    """Puts what people have added to earlier results, such as corrections, beside the new ones just before delivery.

    Arguments and errors are as for ``take_capture``.
    """
    if _read_record(job, results) is None:
        return
    for source in results.rglob("*"):
        place = source.relative_to(results)
        if source.is_file() and not any(fnmatch(place.as_posix(), pattern) for pattern in _REMADE):
            _copy(source, folder / place)


def check_character(job: Job) -> None:
    """Raises UnknownCharacterError if the file of a job's character is gone."""
    character = Path(str(job.request.options.get(CHARACTER, "")))
    if character.is_absolute() and not character.is_file():
        raise UnknownCharacterError("the file of its character is gone; choose another character")


def _read_record(job: Job, results: Path) -> Mapping[str, Any] | None:
    """Returns the record of results that differ from those of a job by the character only; None if there are none."""
    with suppress(OSError, ValueError):
        record = dict(json.loads((results / JOB_FILE).read_text(encoding="utf-8")))
        return record if _fix(record["options"]) == _fix(job.request.options) else None
    return None


def _fix(options: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options that do not depend on the character."""
    return {name: value for name, value in options.items() if name not in (CHARACTER, FILM)}


def _is_of_run(warning: str, options: Mapping[str, Any]) -> bool:
    """Returns whether a warning is about the character or the film, which are new."""
    return warning.startswith((f"{options.get(CHARACTER)}: ", "no film: "))


def _copy(source: Path, target: Path) -> None:
    """Copies a file, which appears only when it is complete."""
    with output_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as temporary:
        shutil.copyfile(source, temporary)
