"""Calls in a thread beside the main one."""

import threading
import time

import pytest

from bodydouble.pipeline.ordered_worker import OrderedWorker


def test_calls_run_in_order_in_one_other_thread() -> None:
    results: list[int] = []
    threads: set[int] = set()

    def call(number: int) -> None:
        time.sleep(0.002 * (number % 3))
        results.append(number)
        threads.add(threading.get_ident())

    with OrderedWorker() as worker:
        for number in range(20):
            worker.submit(call, number)
            assert len(results) >= number  # at most one call behind
        worker.finish()
    assert results == list(range(20))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_an_exception_is_raised_by_the_next_call() -> None:
    def fail() -> None:
        raise ValueError("broken")

    with OrderedWorker() as worker:
        worker.submit(fail)
        with pytest.raises(ValueError, match="broken"):
            worker.finish()
        worker.finish()


def test_no_thread_is_left_behind() -> None:
    with OrderedWorker() as worker:
        worker.submit(time.sleep, 0)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("worker")]
