"""Independent calls that two threads share."""

import threading
import time

import pytest

from bodydouble.pipeline.shared_work import SharedWork


def square(number: int, delay: float = 0.0) -> int:
    time.sleep(delay)
    return number * number


@pytest.mark.parametrize("max_pending", [1, 3, 50])
@pytest.mark.parametrize("delays", [(0.0,), (0.004, 0.0, 0.001)], ids=["fast", "uneven"])
def test_results_are_in_the_order_of_the_calls(max_pending: int, delays: tuple[float, ...]) -> None:
    with SharedWork[int](max_pending) as work:
        for number in range(20):
            work.submit(square, number, delays[number % len(delays)])
        assert work.finish() == [number * number for number in range(20)]
        assert work.finish() == [number * number for number in range(20)]


def test_the_calling_thread_helps_when_too_many_calls_wait() -> None:
    release, threads = threading.Event(), []

    def record() -> None:
        threads.append(threading.get_ident())

    with SharedWork[bool | None](2) as work:
        work.submit(release.wait, 10)
        work.submit(record)
        assert not threads
        work.submit(record)
        assert threads == [threading.get_ident()]
        release.set()
        assert work.finish() == [True, None, None]
    assert threads[1] != threading.get_ident()


def test_the_first_exception_is_raised() -> None:
    with SharedWork[float](3) as work:
        work.submit(square, 3)
        work.submit(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            work.finish()


def test_a_failed_call_ends_a_long_loop_before_its_end() -> None:
    def submit_forever() -> None:
        with SharedWork[float](2) as work:
            work.submit(lambda: 1 / 0)
            while True:
                work.submit(square, 2, 0.001)

    with pytest.raises(ZeroDivisionError):
        submit_forever()


def test_an_interrupt_drops_waiting_calls_and_leaves_no_thread_behind() -> None:
    results: list[int] = []

    def interrupt() -> None:
        with SharedWork[None](4) as work:
            for number in range(4):
                work.submit(lambda n: results.append(square(n, 0.05)), number)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert len(results) <= 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("shared-work")]
