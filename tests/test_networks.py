"""Time inside the networks."""

import threading
import time

import pytest

from bodydouble.networks import BusyTimer


def test_threads_that_are_inside_together_count_once() -> None:
    timer, barrier = BusyTimer(), threading.Barrier(3)

    def run() -> None:
        with timer:
            barrier.wait()
            time.sleep(0.05)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    barrier.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - start
    assert 0.05 <= timer.seconds <= elapsed + 0.05


def test_time_outside_does_not_count() -> None:
    timer = BusyTimer()
    start = time.perf_counter()
    with timer:
        pass
    inside = time.perf_counter() - start
    time.sleep(0.05)
    assert timer.seconds <= inside
    with pytest.raises(ValueError, match="broken"), timer:
        raise ValueError("broken")
    assert timer.seconds <= time.perf_counter() - start - 0.05
