"""Folders of the queue: where a job works, and how its results appear, whole or not at all, under their name.

A job works in ``OUT/.work/KEY``, where the files of complete stages stay for the next run. When all stages are
complete, the file ``job.json`` tells so and whose results these are, hidden files are removed, and the folder is
renamed to ``OUT/NAME``. So the queue can be made again from the folders.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Any

from bodydouble.errors import OutputError
from bodydouble.formats.atomic import atomic_write, ensure_folder, output_errors
from bodydouble.jobs.job import Job

WORK_FOLDER = ".work"
JOB_FILE = "job.json"


def work_folder(output: Path, key: str) -> Path:
    """Creates and returns the folder in which a job works; raises OutputError if that fails."""
    folder = output / WORK_FOLDER / key[:24]
    ensure_folder(folder)
    return folder


def remove_empty_work_folder(output: Path, key: str) -> None:
    """Removes the folder in which a job worked if no complete stage is in it."""
    with suppress(OSError):
        (output / WORK_FOLDER / key[:24]).rmdir()


def deliver(output: Path, job: Job, summary: Mapping[str, Any]) -> None:
    """Gives the folder of a job, all stages of which are complete, its name; older results of that name go.

    Killed at any moment, it can be run again.

    Raises:
        OutputError: the folder cannot be written or renamed, or something else has its name.
    """
    check_target(output, job)
    source, target = work_folder(output, job.key), output / job.request.folder
    record = {"key": job.key, "video": str(job.request.video), "options": job.request.options, "summary": summary}
    with atomic_write(source / JOB_FILE) as temporary:
        temporary.write_text(json.dumps(record, indent=2), encoding="utf-8")
    with output_errors(target):
        for hidden in source.glob(".*"):
            hidden.unlink()
        target.parent.mkdir(parents=True, exist_ok=True)
        older = source.with_name(f"{source.name}.old")
        if older.exists():
            rmtree(older)
        if target.exists():
            target.rename(older)
        source.rename(target)
        if older.exists():
            rmtree(older)


def check_target(output: Path, job: Job) -> None:
    """Raises OutputError if something that is no result of a job has the name of a job's folder."""
    target = output / job.request.folder
    if target.exists() and not (target / JOB_FILE).is_file() and not (target.is_dir() and _is_empty(target)):
        raise OutputError(f"{target} exists and is no result of a batch; move it away or choose another folder with -o")


def _is_empty(folder: Path) -> bool:
    return next(folder.iterdir(), None) is None


def complete_summary(output: Path, job: Job) -> dict[str, Any] | None:
    """Returns the summary of a job that is complete but perhaps not delivered; None if a stage is missing."""
    return _read_summary(work_folder(output, job.key), job)


def delivered_summary(output: Path, job: Job) -> dict[str, Any] | None:
    """Returns the summary in the folder of a job if it holds this job's results, else None."""
    return _read_summary(output / job.request.folder, job)


def _read_summary(folder: Path, job: Job) -> dict[str, Any] | None:
    try:
        record = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
        return dict(record["summary"]) if record["key"] == job.key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
