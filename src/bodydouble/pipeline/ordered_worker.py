"""Worker thread beside the main one: calls in -> the same calls, run in order, one after another."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, Self

P = ParamSpec("P")


class OrderedWorker:
    """Runs calls in order in a thread of its own, at most ``max_pending`` behind the main thread. ::

    with OrderedWorker(max_pending=3) as worker:
        for frame in frames:
            worker.submit(process, frame)
        worker.finish()
    """

    def __init__(self, max_pending: int) -> None:
        """Starts without calls."""
        self._max_pending = max_pending
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="worker")
        self._pending: deque[Future[object]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def submit(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Runs a call after the earlier ones; waits while too many are pending. Raises an earlier call's exception."""
        while self._pending and (self._pending[0].done() or len(self._pending) >= self._max_pending):
            self._pending.popleft().result()
        self._pending.append(self._executor.submit(function, *args, **kwargs))

    def finish(self) -> None:
        """Waits for all calls; raises the first exception."""
        while self._pending:
            self._pending.popleft().result()
