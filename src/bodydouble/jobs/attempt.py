"""Attempt at a job: runs its stages in its folder and delivers the results; whatever happens becomes an outcome."""

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
        error = " ".join(str(failure).split())
        if is_disk_error(failure):
            check_disk(output)
    except BodydoubleError as failure:
        error = " ".join(str(failure).split())
    except MemoryError:
        error = "out of memory; use --quality fast, or fewer workers"
    except Exception as failure:  # whatever a clip provokes, the other clips go on
        error = " ".join(f"unexpected {type(failure).__name__}: {failure}".split())
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
