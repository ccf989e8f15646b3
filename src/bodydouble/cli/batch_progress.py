"""Progress of a batch on standard error: finished and failed clips, and the time that is left."""

import time
from collections.abc import Sequence
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from bodydouble.jobs.job import Job, JobState
from bodydouble.jobs.job_progress import estimate_seconds_left

LOG_SECONDS = 10.0
"""Minimum time between two lines in a log."""


class BatchProgress:
    """A bar over all clips, with the stages that run; where there is no terminal, a line now and then.

    A context manager.
    """

    def __init__(self, workers: int) -> None:
        """Takes the number of clips that run at a time."""
        self._workers = workers
        console = Console(stderr=True)
        self._has_terminal = console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(16),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failed]}"),
            TimeElapsedColumn(),
            TextColumn("left {task.fields[left]}"),
            TextColumn("{task.fields[running]}", table_column=Column(ratio=1, no_wrap=True)),
            expand=True,
            console=console,
            disable=not self._has_terminal,
        )
        self._task = self._bar.add_task("clips", total=None, failed="", left="-:--", running="")
        self._last_line, self._last_time = "", -LOG_SECONDS

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, jobs: Sequence[Job]) -> None:
        """Shows how far the jobs are."""
        failed = sum(job.state is JobState.FAILED for job in jobs)
        finished = failed + sum(job.state is JobState.DONE for job in jobs)
        left = format_time(estimate_seconds_left(jobs, self._workers))
        failures = f"{failed} failed" if failed else ""
        running = [f"{job.request.folder}: {job.stage}" for job in jobs if job.state is JobState.RUNNING and job.stage]
        self._bar.update(
            self._task, total=len(jobs), completed=finished, failed=failures, left=left,
            running="  ".join(running),
        )  # fmt: skip
        if not self._has_terminal:
            self._write_line(f"clips: {finished}/{len(jobs)}, {failed} failed", left, is_last=finished == len(jobs))

    def _write_line(self, line: str, left: str, *, is_last: bool) -> None:
        """Writes a line if it is news, and the last one was long ago or this is the last one."""
        now = time.monotonic()
        if line != self._last_line and (is_last or now - self._last_time >= LOG_SECONDS):
            self._last_line, self._last_time = line, now
            typer.echo(f"{line}, {left} left", err=True)


def format_time(seconds: float | None) -> str:
    """Returns a time such as "1:05:09" or "0:42"; "-:--" if it is unknown."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
