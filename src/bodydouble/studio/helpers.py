"""Helper process: work on videos and results that is too slow or too risky for the server's own process.

A video may crash a decoder. That ends the helper, not the server; the next call gets a new one.
"""

import asyncio
import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from bodydouble.errors import MediaError

P = ParamSpec("P")
T = TypeVar("T")


class Helper:
    """A process that calls functions for the server."""

    def __init__(self, loss: str = "the file cannot be read: it crashes the decoder") -> None:
        """Takes the message of the error if the process crashes. It starts with the first call."""
        self._loss = loss
        self._pool: ProcessPoolExecutor | None = None

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls a function of a module in the helper; raises what it raises, or MediaError if it crashes."""
        pool = self._open()
        try:
            return await asyncio.wrap_future(pool.submit(function, *args, **kwargs))
        except BrokenProcessPool:
            if self._pool is pool:
                self.close()
            raise MediaError(self._loss) from None

    def close(self) -> None:
        """Ends the process."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _open(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, context, initializer=_ignore_interrupts)
        return self._pool


def _ignore_interrupts() -> None:
    """Leaves Ctrl+C to the server, which ends the helper."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
