"""Attempt at a job: runs its stages in its folder and delivers the results; whatever happens becomes an outcome."""

import errno
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bodydouble.errors import BodydoubleError, OutputError
from bodydouble.jobs.delivery import (
    complete_summary,
    deliver,
    delivered_summary,
    remove_empty_work_folder,
    work_folder,
)
from bodydouble.jobs.disk import check_disk, is_disk_error
from bodydouble.jobs.job import Job
from bodydouble.pipeline import Progress

JobRunner = Callable[[Job, Path, Progress], Mapping[str, Any]]
"""Runs the stages of a job in its folder, but those that are complete there; returns the summary of the result."""


_MEMORY_ERRORS = frozenset({errno.ENOMEM, errno.EAGAIN})
_SIGNS_OF_MEMORY = (
    "bad_alloc", "bad allocation", "failed to allocate", "cannot allocate memory", "insufficient memory",
    "can't start new thread",
)  # fmt: skip
"""Texts by which the libraries of networks, images and videos report that memory is refused."""


class LeaseLostError(Exception):
    """Another worker has the job, because this one did not answer for long."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of an attempt: a summary, or an error."""

    summary: Mapping[str, Any] | None
    """Figures of the result; None if there is none."""
    error: str
    """Line that tells why there is none; empty if another worker has the job."""
    seconds: float


def attempt(output: Path, job: Job, run: JobRunner, progress: Progress) -> Outcome:
    """Runs a job and delivers its results. Errors of the job are in the outcome, and end nothing.

    Args:
        output: the output folder.
        job: the job.
        run: runs its stages.
        progress: receives the stages, and the stage "delivery"; it may raise LeaseLostError at a step.

    Raises:
        OutputError: the disk is full or read-only, so no job can be run.
    """
    start = time.perf_counter()
    summary, error = None, ""
    try:
        summary = delivered_summary(output, job)
        if summary is None:
            summary = _complete(output, job, run, progress)
    except LeaseLostError:
        pass
    except OutputError as failure:
        error = _explain(failure)
        if is_disk_error(failure):
            check_disk(output)
    except Exception as failure:  # whatever a clip provokes, the other clips go on
        error = _explain(failure)
    finally:
        remove_empty_work_folder(output, job.key)
    return Outcome(summary, error, time.perf_counter() - start)


def _complete(output: Path, job: Job, run: JobRunner, progress: Progress) -> dict[str, Any]:
    summary = complete_summary(output, job)
    if summary is None:
        summary = dict(run(job, work_folder(output, job.key), progress))
    with progress.stage("delivery", 1):
        progress.advance()
        deliver(output, job, summary)
    return summary


def _explain(failure: Exception) -> str:
    """Returns the line about an error."""
    if _is_lack_of_memory(failure):
        return "out of memory; use --quality fast, or fewer workers"
    text = str(failure) if isinstance(failure, BodydoubleError) else f"unexpected {type(failure).__name__}: {failure}"
    return " ".join(text.split())


def _is_lack_of_memory(failure: Exception) -> bool:
    """Returns whether memory, or a thread for lack of it, was refused; libraries say so in many ways."""
    if isinstance(failure, MemoryError) or (isinstance(failure, OSError) and failure.errno in _MEMORY_ERRORS):
        return True
    text = str(failure).lower()
    return any(sign in text for sign in _SIGNS_OF_MEMORY)
