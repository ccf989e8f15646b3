"""Laws of the iterator in its own thread."""

import threading
from collections.abc import Generator
from threading import Event, Semaphore

import pytest

from bodydouble.formats.media.read_ahead import ReadAhead


def count_threads() -> int:
    return sum(thread.name == "read-ahead" for thread in threading.enumerate())


@pytest.mark.parametrize("depth", [1, 3, 100])
def test_all_items_come_in_order(depth: int) -> None:
    ahead = ReadAhead((i for i in range(50)), depth)
    assert list(ahead) == list(range(50))
    assert list(ahead) == []
    ahead.close()


def test_an_exception_comes_after_the_items_before_it() -> None:
    def items() -> Generator[int, None, None]:
        yield 1
        yield 2
        raise ValueError("broken")

    ahead = ReadAhead(items(), 8)
    assert [next(ahead), next(ahead)] == [1, 2]
    with pytest.raises(ValueError, match="broken"):
        next(ahead)
    ahead.close()


def test_no_more_items_than_the_depth_are_made_ahead() -> None:
    made = Semaphore(0)
    count = 0

    def make(i: int) -> int:
        nonlocal count
        count += 1
        made.release()
        return i

    ahead = ReadAhead((make(i) for i in range(100)), 4)
    for _ in range(5):  # four wait in the queue, the fifth for room
        assert made.acquire(timeout=10)
    assert not made.acquire(timeout=0.05)
    assert next(ahead) == 0
    assert made.acquire(timeout=10)
    assert count == 6
    ahead.close()


def test_closing_early_ends_the_thread_and_the_generator() -> None:
    before = count_threads()
    ended = Event()

    def endless() -> Generator[int, None, None]:
        try:
            while True:
                yield 0
        finally:
            ended.set()

    ahead = ReadAhead(endless(), 2)
    next(ahead)
    ahead.close()
    assert ended.is_set()
    assert count_threads() == before
    assert list(ahead) == []
