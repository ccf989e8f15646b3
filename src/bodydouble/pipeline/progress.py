"""Progress, timing and warnings of a run.

Stages call a ``Progress``, which collects seconds and warnings. A subclass overrides ``begin``, ``advance`` and ``end``
to show a progress bar.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Progress:
    """Collects the duration of each stage and the warnings of a run, and shows nothing.

    Override ``begin``, ``advance`` and ``end`` to show progress.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.network_seconds = 0.0
        self.warnings: list[str] = []

    def begin(self, stage: str, total: int | None) -> None:
        """Handles the begin of a stage with a number of steps, or None if that is unknown."""

    def advance(self) -> None:
        """Handles the end of one step of the current stage."""

    def end(self) -> None:
        """Handles the end of the current stage."""

    def warn(self, message: str) -> None:
        """Adds a warning, once; the run goes on."""
        if message not in self.warnings:
            self.warnings.append(message)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[None]:
        """Runs and times a block as a stage with a number of steps."""
        self.begin(name, total)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
            self.end()

    def track(self, steps: Iterable[T]) -> Iterator[T]:
        """Yields the steps of the current stage and advances after each."""
        for step in steps:
            yield step
            self.advance()
