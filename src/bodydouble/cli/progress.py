"""Progress bars on standard error, one per stage."""

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

from bodydouble.pipeline import Progress


class StepsPerSecondColumn(ProgressColumn):
    """Column with the number of steps per second."""

    def render(self, task: Task) -> Text:
        """Returns the rate; empty while it is unknown."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "", style="cyan")


class ProgressBars(Progress):
    """Progress that shows a bar per stage on standard error and records peak memory.

    If the environment variable BODYDOUBLE_PROGRESS is ``lines``, it writes a line per step instead, for programs.
    """

    def __init__(self) -> None:
        super().__init__()
        self._writes_lines = os.environ.get("BODYDOUBLE_PROGRESS") == "lines"
        self._bars = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description:<16}"),
            BarColumn(),
            MofNCompleteColumn(),
            StepsPerSecondColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True, quiet=self._writes_lines),
        )
        self._task: TaskID | None = None
        self._stage = ""
        self.peak_memory_mb: dict[str, int] = {}
        """Peak memory of the process in MB at the end of each stage (Linux only)."""

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, stage: str, total: int | None) -> None:
        """Shows a bar, which pulses if the number of steps is unknown."""
        self._stage = stage
        self._task = self._bars.add_task(stage, total=total)
        self._write_line()

    def advance(self) -> None:
        """Moves the bar by one step."""
        if self._task is not None:
            self._bars.advance(self._task)
            self._write_line()

    def end(self) -> None:
        """Fills the bar."""
        if self._task is not None:
            done = max(1, int(self._bars.tasks[self._task].completed))
            self._bars.update(self._task, total=done, completed=done)
            self._task = None
        peak = peak_memory_mb()
        if peak is not None:
            self.peak_memory_mb[self._stage] = peak

    def _write_line(self) -> None:
        """Writes ``progress: STAGE DONE TOTAL``, with a question mark for an unknown total."""
        if self._writes_lines and self._task is not None:
            task = self._bars.tasks[self._task]
            total = "?" if task.total is None else int(task.total)
            typer.echo(f"progress: {self._stage} {int(task.completed)} {total}", err=True)


def peak_memory_mb() -> int | None:
    """Returns the peak memory of this process in MB so far; None on systems other than Linux."""
    # Unlike getrusage, VmHWM excludes the memory of the parent process.
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next((round(int(line.split()[1]) / 1024) for line in lines if line.startswith("VmHWM")), None)
    return None
