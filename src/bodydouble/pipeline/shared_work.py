"""Work that two threads share: calls in -> their results, in the order of the calls, whatever the timing."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class SharedWork(Generic[T]):
    """Runs independent calls in a thread beside the calling one, which helps if too many of them wait. ::

    with SharedWork(max_pending=4) as work:
        for frame in frames:
            work.submit(estimate, frame)
        results = work.finish()

    At most ``max_pending`` calls and their arguments are kept in memory.
    """

    def __init__(self, max_pending: int) -> None:
        """Starts without calls."""
        self._max_pending = max_pending
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="shared-work")
        self._results: dict[int, T] = {}
        self._pending: deque[tuple[int, Future[T]]] = deque()
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(cancel_futures=True)

    def submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> None:
        """Runs a call in the other thread, or in this one if the other one is behind; raises a call's exception."""
        while self._pending and self._pending[0][1].done():
            self._collect_first()
        if len(self._pending) < self._max_pending:
            self._pending.append((self._count, self._executor.submit(function, *args, **kwargs)))
        else:
            self._results[self._count] = function(*args, **kwargs)
        self._count += 1

    def finish(self) -> list[T]:
        """Waits for all calls and returns their results in order; raises the first exception."""
        while self._pending:
            self._collect_first()
        return [self._results[number] for number in range(self._count)]

    def _collect_first(self) -> None:
        number, future = self._pending.popleft()
        self._results[number] = future.result()
