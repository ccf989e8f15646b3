"""What is told to whoever waits for a run."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Progress:
    """Is told how a run goes, and remembers how long each stage took and what was wrong with the input.

    Override ``begin``, ``advance`` and ``end`` to show progress.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.network_seconds = 0.0
        self.warnings: list[str] = []

    def begin(self, stage: str, total: int | None) -> None:
        """A stage begins, with that many steps if that is known."""

    def advance(self) -> None:
        """A step of the stage is done."""

    def end(self) -> None:
        """The stage is over."""

    def warn(self, message: str) -> None:
        """Something is wrong, but the run goes on."""
        if message not in self.warnings:
            self.warnings.append(message)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[None]:
        """Times a block as a stage."""
        self.begin(name, total)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
            self.end()

    def track(self, steps: Iterable[T]) -> Iterator[T]:
        """The steps of the present stage; each is reported once it is done."""
        for step in steps:
            yield step
            self.advance()
