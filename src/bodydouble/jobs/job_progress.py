"""Progress of jobs: the stage that a job runs -> the done fraction of the job, and the time that is left."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bodydouble.jobs.job import Job, JobState

STAGE_SHARES: Mapping[str, float] = {
    "loading networks": 2, "perception": 52, "tracking": 1, "motion": 19, "speech": 1, "characters": 5, "background": 4,
    "film": 30, "files": 4, "preview": 20, "report": 3, "delivery": 1,
}  # fmt: skip
"""Stages of a job in their order, each with its share of the time on two cores. A film has its characters first."""
_OPTIONAL_STAGES = {"background": "film", "film": "film", "preview": "preview"}
"""Stages that run only with an option."""
_UNKNOWN_FRACTION = 0.5
"""Fraction of a stage that counts as done if it tells no steps."""
MIN_FRACTION = 0.02
"""Minimum progress from which the time left of a job is estimated."""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """Progress of a job at a moment."""

    state: JobState
    stage: str
    """Stage that runs; empty if none does."""
    fraction: float
    """Done part of the job, 0 to 1."""
    seconds_left: float | None
    """Time that is left, s; None if it is too early to tell or the job does not run."""


class JobWatch:
    """Progress of jobs that a program looks at again and again."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[float, float]] = {}
        """Time and fraction at which a running job was first seen, by key."""
        self._fractions: dict[str, float] = {}

    def look(self, job: Job) -> JobProgress:
        """Returns the progress of a job, whose fraction never goes back while it runs."""
        if job.state is not JobState.RUNNING:
            self._first.pop(job.key, None)
            self._fractions.pop(job.key, None)
            return JobProgress(job.state, "", float(job.state is JobState.DONE), None)
        fraction = max(estimate_fraction(job), self._fractions.get(job.key, 0.0))
        self._fractions[job.key] = fraction
        now = time.monotonic()
        since, first = self._first.setdefault(job.key, (now, fraction))
        gain = fraction - first
        left = (now - since) / gain * (1 - fraction) if gain >= MIN_FRACTION else None
        return JobProgress(job.state, job.stage, fraction, left)


def estimate_fraction(job: Job) -> float:
    """Estimates the done part of a running job, 0 to 1, from its stage; 0 if the stage is none of the known ones."""
    options = job.request.options
    names = [name for name in STAGE_SHARES if name not in _OPTIONAL_STAGES or options.get(_OPTIONAL_STAGES[name])]
    if job.stage not in names:
        return 0.0
    index = names.index(job.stage)
    part = min(1.0, job.steps_done / job.steps) if job.steps else _UNKNOWN_FRACTION
    before = sum(STAGE_SHARES[name] for name in names[:index])
    return (before + STAGE_SHARES[job.stage] * part) / sum(STAGE_SHARES[name] for name in names)


def estimate_seconds_left(jobs: Sequence[Job], workers: int) -> float | None:
    """Estimates the time in s that a queue needs from the time that its finished jobs took; None if none is finished.

    Args:
        jobs: all jobs of the queue, those of earlier runs included.
        workers: number of jobs that run at a time.
    """
    times = [job.seconds for job in jobs if job.state is JobState.DONE and job.seconds > 0]
    waiting = sum(job.state is JobState.WAITING for job in jobs)
    running = [1 - estimate_fraction(job) for job in jobs if job.state is JobState.RUNNING]
    if not times or not waiting + len(running):
        return None if waiting + len(running) else 0.0
    mean = sum(times) / len(times)
    return mean * max([(waiting + sum(running)) / min(workers, waiting + len(running)), *running])
