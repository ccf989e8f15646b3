"""Progress of jobs: the stage that a job runs -> the done fraction of the job, and the time that is left."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bodydouble.jobs.job import Job, JobState


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of jobs."""

    title: str
    """Text for people who do not know the program."""
    share: float
    """Share of the time of a job, on two cores."""
    option: str = ""
    """Option without which the stage does not run; empty if it always does."""


STAGES: Mapping[str, Stage] = {
    "loading networks": Stage("Loading the networks", 2),
    "perception": Stage("Finding people", 52),
    "tracking": Stage("Telling people apart", 1),
    "motion": Stage("Working out the motion in 3D", 19),
    "speech": Stage("Listening to the sound", 1),
    "characters": Stage("Animating the characters", 5),
    "background": Stage("Clearing the background", 4, "film"),
    "film": Stage("Drawing the film", 30, "film"),
    "files": Stage("Writing the files", 4),
    "preview": Stage("Drawing the preview", 20, "preview"),
    "report": Stage("Checking the result", 3),
    "delivery": Stage("Finishing", 1),
}
"""Stages of a job in their order, by the names that they have in the queue. A film has its characters first."""
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
        self._starts: dict[str, float] = {}
        """Fraction at which the first stage of a running job begins, by key; earlier stages were complete."""
        self._fractions: dict[str, float] = {}

    def look(self, job: Job) -> JobProgress:
        """Returns the progress of this run of a job, whose fraction never goes back while it runs."""
        if job.state is not JobState.RUNNING:
            for seen in (self._first, self._starts, self._fractions):
                seen.pop(job.key, None)
            return JobProgress(job.state, "", float(job.state is JobState.DONE), None)
        if job.stage not in STAGES:
            return JobProgress(job.state, job.stage, self._fractions.get(job.key, 0.0), None)
        start = self._starts.setdefault(job.key, estimate_fraction(replace(job, steps_done=0, steps=1)))
        fraction = max((estimate_fraction(job) - start) / (1 - start), self._fractions.get(job.key, 0.0))
        self._fractions[job.key] = fraction
        now = time.monotonic()
        since, first = self._first.setdefault(job.key, (now, fraction))
        gain = fraction - first
        left = (now - since) / gain * (1 - fraction) if gain >= MIN_FRACTION else None
        return JobProgress(job.state, job.stage, fraction, left)


def estimate_fraction(job: Job) -> float:
    """Estimates the done part of a running job, 0 to 1, from its stage; 0 if the stage is none of the known ones."""
    options = job.request.options
    names = [name for name, stage in STAGES.items() if not stage.option or options.get(stage.option)]
    if job.stage not in names:
        return 0.0
    index = names.index(job.stage)
    part = min(1.0, job.steps_done / job.steps) if job.steps else _UNKNOWN_FRACTION
    before = sum(STAGES[name].share for name in names[:index])
    return (before + STAGES[job.stage].share * part) / sum(STAGES[name].share for name in names)


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
