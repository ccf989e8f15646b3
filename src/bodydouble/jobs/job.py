"""A job: one clip with the options of its run, and how far it is."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from bodydouble import __version__
from bodydouble.errors import MediaError


class JobState(StrEnum):
    """State of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobRequest:
    """Request for the results of one clip."""

    video: Path
    """Absolute path of a video, folder of images or image."""
    folder: str
    """Name of the folder of the results, below the output folder."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the run, as JSON has them."""


@dataclass(frozen=True, slots=True)
class Job:
    """A request in the queue."""

    key: str
    """Hash of the clip's content, the folder, the options and the version: jobs of one key have the same results."""
    request: JobRequest
    state: JobState = JobState.WAITING
    failures: int = 0
    """Number of runs that ended in an error."""
    losses: int = 0
    """Number of runs that ended with their worker."""
    stage: str = ""
    """Stage that runs, or ran last."""
    steps_done: int = 0
    steps: int | None = None
    """Number of steps of the stage; None if it is unknown."""
    error: str = ""
    """Line that tells why the last run failed."""
    summary: Mapping[str, Any] = field(default_factory=dict)
    """Figures of the result, as JSON has them."""
    seconds: float = 0.0
    """Time that the successful run took."""


def create_jobs(requests: Iterable[JobRequest]) -> list[Job]:
    """Returns a job for each request; raises MediaError as ``compute_key``."""
    return [Job(compute_key(request), request) for request in requests]


def compute_key(request: JobRequest) -> str:
    """Computes the key of a job. Copies of one clip have keys of their own, since each has a folder.

    Raises:
        MediaError: the video, or a file that an option names, cannot be read.
    """
    parts = {
        "folder": request.folder,
        "content": _hash_content(request.video),
        "options": {name: _describe_option(value) for name, value in request.options.items()},
        "version": __version__,
    }
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _describe_option(value: Any) -> Any:
    """Returns the value of an option; for a file its content counts, not its name."""
    if isinstance(value, list):
        return [_describe_option(item) for item in value]
    if isinstance(value, str) and Path(value).suffix and Path(value).is_file():
        return _hash_content(Path(value))
    return value


def _hash_content(path: Path) -> str:
    try:
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.is_file())
            return sha256("".join(_hash_file(file) for file in files).encode()).hexdigest()
        return _hash_file(path)
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror or error}") from error


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
