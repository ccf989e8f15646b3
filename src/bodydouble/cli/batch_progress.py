"""Progress of a batch on standard error: finished clips, and the time that is left."""

from collections.abc import Sequence
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bodydouble.jobs.job import Job, JobState

_ESTIMATE_SECONDS = 3600.0
"""Time over which the rate of finished clips is averaged."""


class BatchProgress:
    """A bar over all clips, with the stages that run. A context manager."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description:<16}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[running]}"),
            console=Console(stderr=True),
            speed_estimate_period=_ESTIMATE_SECONDS,
        )
        self._task = self._bar.add_task("clips", total=None, running="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, jobs: Sequence[Job]) -> None:
        """Shows how far the jobs are."""
        finished = sum(job.state in (JobState.DONE, JobState.FAILED) for job in jobs)
        running = [f"{job.request.folder}: {job.stage}" for job in jobs if job.state is JobState.RUNNING and job.stage]
        self._bar.update(self._task, total=len(jobs), completed=finished, running="  ".join(running)[:60])
