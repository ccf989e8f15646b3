"""Calls in a thread beside the main one."""

import threading
import time

import pytest

from bodydouble.pipeline.ordered_worker import OrderedWorker


@pytest.mark.parametrize("max_pending", [1, 4])
def test_calls_run_in_order_in_one_other_thread(max_pending: int) -> None:
    results: list[int] = []
    threads: set[int] = set()

    def call(number: int) -> None:
        time.sleep(0.002 * (number % 3))
        results.append(number)
        threads.add(threading.get_ident())

    with OrderedWorker(max_pending) as worker:
        for number in range(20):
            worker.submit(call, number)
            assert len(results) >= number + 1 - max_pending
        worker.finish()
    assert results == list(range(20))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_an_exception_is_raised_by_a_later_call() -> None:
    def fail() -> None:
        raise ValueError("broken")

    with OrderedWorker(1) as worker:
        worker.submit(fail)
        with pytest.raises(ValueError, match="broken"):
            worker.submit(print)
        worker.finish()


def test_an_interrupt_drops_waiting_calls_and_leaves_no_thread_behind() -> None:
    results: list[int] = []

    def call(number: int) -> None:
        time.sleep(0.05)
        results.append(number)

    def interrupt() -> None:
        with OrderedWorker(4) as worker:
            for number in range(4):
                worker.submit(call, number)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert len(results) <= 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("worker")]
