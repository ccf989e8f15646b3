"""Worker thread beside the main one: calls in -> the same calls, run in order, one after another."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, Self

P = ParamSpec("P")


class OrderedWorker:
    """Runs calls in order in a thread of its own, at most one behind the main thread. ::

    with OrderedWorker() as worker:
        for frame in frames:
            worker.submit(process, frame)
        worker.finish()
    """

    def __init__(self) -> None:
        """Starts without calls."""
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="worker")
        self._last: Future[object] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()

    def submit(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Runs a call after the last one, and returns at once; waits for the last one and raises its exception."""
        self.finish()
        self._last = self._executor.submit(function, *args, **kwargs)

    def finish(self) -> None:
        """Waits for the last call; raises its exception."""
        last, self._last = self._last, None
        if last is not None:
            last.result()
