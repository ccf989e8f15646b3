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

_REMADE = (JOB_FILE, REPORT_FILE, "*.glb", "*.bvh", "*.toml", "film*.mp4", f"{MODELS}/*")
"""Patterns of the files of results that show the character."""


def take_over(job: Job, results: Path, folder: Path) -> None:
    """Puts the capture of earlier results, and whatever belongs to it, into the folder in which a job works.

    Nothing is done if there are no results of the same video with the same options but the character, or if the folder
    has a capture.

    Args:
        job: the job.
        results: folder of the earlier results, which may not exist.
        folder: folder in which the job works.

    Raises:
        OutputError: a file cannot be written.
    """
    record = _read_record(results)
    if record is None or (folder / CAPTURE_FILE).exists() or _fix(record["options"]) != _fix(job.request.options):
        return
    for source in results.rglob("*"):
        place = source.relative_to(results)
        if source.is_file() and not any(fnmatch(place.as_posix(), pattern) for pattern in _REMADE):
            _copy(source, folder / place)
    warnings = [text for text in record["summary"].get("warnings", ()) if not _is_of_run(text, record["options"])]
    with atomic_write(folder / WARNINGS_FILE) as temporary:
        temporary.write_text(json.dumps(warnings), encoding="utf-8")
    _copy(results / PERFORMANCE_FILE, folder / CAPTURE_FILE)


def check_character(job: Job) -> None:
    """Raises UnknownCharacterError if the file of a job's character is gone."""
    character = Path(str(job.request.options.get(CHARACTER, "")))
    if character.is_absolute() and not character.is_file():
        raise UnknownCharacterError("the file of its character is gone; choose another character")


def _read_record(results: Path) -> Mapping[str, Any] | None:
    with suppress(OSError, ValueError):
        return dict(json.loads((results / JOB_FILE).read_text(encoding="utf-8")))
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
