"""Read-ahead: generator -> iterator that runs it ahead of the consumer in its own thread."""

from collections import deque
from collections.abc import Generator
from contextlib import closing
from threading import Condition, Thread
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """Iterator over a generator that runs in its own thread, at most ``depth`` items ahead.

    An exception in the generator is raised in the consumer after the items before it. ``close`` ends the thread and
    closes the generator at any point.
    """

    def __init__(self, items: Generator[T, None, None], depth: int) -> None:
        self._items = items
        self._depth = depth
        self._ready: deque[T] = deque()
        self._changed = Condition()
        self._closed = False
        self._finished = False
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name="read-ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._finished or self._closed)
            if self._ready:
                self._changed.notify_all()
                return self._ready.popleft()
            error, self._error = self._error, None
        if error is not None:
            raise error
        raise StopIteration

    def close(self) -> None:
        """Ends the thread; items that were not taken are dropped."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            with closing(self._items):
                for item in self._items:
                    if not self._append(item):
                        break
        except Exception as error:
            self._error = error
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def _append(self, item: T) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._ready) < self._depth)
            if not self._closed:
                self._ready.append(item)
                self._changed.notify_all()
            return not self._closed
