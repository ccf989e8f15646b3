"""Iteration in a separate thread."""

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


def test_at_most_depth_items_are_computed_ahead() -> None:
    computed = Semaphore(0)
    count = 0

    def compute(i: int) -> int:
        nonlocal count
        count += 1
        computed.release()
        return i

    ahead = ReadAhead((compute(i) for i in range(100)), 4)
    for _ in range(5):  # four wait in the queue, the fifth for room
        assert computed.acquire(timeout=10)
    assert not computed.acquire(timeout=0.05)
    assert next(ahead) == 0
    assert computed.acquire(timeout=10)
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
