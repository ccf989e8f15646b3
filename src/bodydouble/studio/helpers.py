"""Helper process: work on videos, characters and results that is too slow or too risky for the server's own process.

A file may crash a decoder, or keep it busy for ever. That ends the helper, not the server; the next call gets a new
one. A helper and all programs that it runs end with the server, also if the server is killed.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any, ParamSpec, TypeVar, cast

from bodydouble.errors import BodydoubleError, MediaError
from bodydouble.studio.web_errors import explain_disk_error

P = ParamSpec("P")
T = TypeVar("T")
READ_SECONDS = 180.0
"""Maximum time for a file; one on which a decoder works for longer is refused."""
READING_LOSS = "the file cannot be read: it crashes the decoder"
"""Message about a file that ends the helper."""


@dataclass(frozen=True, slots=True)
class Step:
    """Progress of a call."""

    text: str
    """Text for people on what is done now."""
    fraction: float
    """Done part of the call, 0 to 1."""


StepListener = Callable[[Step], None]


class Helper:
    """A process that calls functions for the server, one at a time."""

    def __init__(self, loss: str = READING_LOSS, max_seconds: float | None = None) -> None:
        """Takes the message of the error if the process crashes, and the maximum time of a call.

        The process starts with the first call.
        """
        self._loss, self._max_seconds = loss, max_seconds
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._reader = ThreadPoolExecutor(1, "helper")

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls a function of a module in the helper.

        Raises:
            MediaError: the helper crashes, or needs too long.
            BodydoubleError: as the function does.
        """
        return cast(T, await self._call(function, args, kwargs, None))

    async def call_with_steps(self, function: Callable[..., T], *args: Any, on_step: StepListener) -> T:
        """Calls a function whose last argument is a StepListener. Errors as ``call``."""
        return cast(T, await self._call(function, args, {}, on_step))

    async def _call(self, function: object, args: object, kwargs: object, on_step: StepListener | None) -> Any:
        async with self._lock:
            loop = asyncio.get_running_loop()
            connection = self._open()
            answer = loop.run_in_executor(
                self._reader, _exchange, connection, (function, args, kwargs, on_step is not None), on_step
            )
            try:
                return await asyncio.wait_for(answer, self._max_seconds)
            except TimeoutError:
                self.stop()
                raise MediaError(f"the file cannot be read: it takes more than {self._max_seconds:.0f} s") from None
            except (EOFError, OSError):
                self.stop()
                raise MediaError(self._loss) from None
            except asyncio.CancelledError:
                self.stop()
                raise

    def stop(self) -> None:
        """Ends the process with all programs that it runs; a running call raises MediaError."""
        process, self._process, self._connection = self._process, None, None
        if process is None:
            return
        if sys.platform != "win32":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid or 0, signal.SIGKILL)
        process.kill()
        process.join()

    def close(self) -> None:
        """Ends the process for good."""
        self.stop()
        self._reader.shutdown(wait=False, cancel_futures=True)

    def _open(self) -> Connection:
        if self._process is None or self._connection is None or not self._process.is_alive():
            self.stop()
            context = multiprocessing.get_context("spawn")
            self._connection, other = context.Pipe()
            self._process = context.Process(target=_serve, args=(other,), daemon=True)
            self._process.start()
            other.close()
        return self._connection


def _exchange(connection: Connection, request: object, on_step: StepListener | None) -> Any:
    """Sends a request and returns the answer; raises EOFError if the helper ends."""
    connection.send(request)
    while True:
        kind, value = connection.recv()
        if kind == "result":
            return value
        if kind == "error":
            raise value
        if on_step is not None:
            on_step(value)


def _serve(connection: Connection) -> None:
    """Answers requests until the server ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends the helper
    if sys.platform != "win32":
        os.setsid()
    Thread(target=_end_with_server, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            function, args, kwargs, has_steps = connection.recv()
            further = (lambda step: connection.send(("step", step)),) if has_steps else ()
            connection.send(_answer(function, (*args, *further), kwargs))


def _answer(function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]) -> tuple[str, object]:
    try:
        return "result", function(*args, **kwargs)
    except Exception as error:  # whatever a file provokes, the helper goes on
        full = explain_disk_error(error)
        if full is not None:
            return "error", full
        if isinstance(error, BodydoubleError):
            return "error", type(error)(str(error))
        traceback.print_exc()
        return "error", RuntimeError(f"unexpected {type(error).__name__}: {error}")


def _end_with_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
    if sys.platform != "win32":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
