"""Server of the studio: settings -> a running uvicorn, until Ctrl+C."""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bodydouble.errors import InvalidDataError, OutputError
from bodydouble.formats.atomic import ensure_folder
from bodydouble.studio.app import create_app
from bodydouble.studio.folder_lock import FolderLock
from bodydouble.studio.queue import WORKER_COMMAND
from bodydouble.studio.settings import LOCALHOST, StudioSettings
from bodydouble.studio.studio import Studio

STOP_SECONDS = 3
"""Time that requests get to end when the server stops."""


def serve(
    settings: StudioSettings, on_start: Callable[[str], None], worker_command: Sequence[str] = WORKER_COMMAND
) -> None:
    """Runs the studio until it is interrupted.

    Args:
        settings: host, port and folder; port 0 selects a free port.
        on_start: receives the URL of the page.
        worker_command: command of a worker, as ``JobQueue`` takes it.

    Raises:
        InvalidDataError: other computers can reach the host, but there is no token.
        OutputError: the port or the folder is in use, or the folder cannot be written.
    """
    if not settings.is_local and settings.token is None:
        raise InvalidDataError(f"a studio that listens on {settings.host} needs a token")
    with _listen(settings) as listener:
        actual = _with_port(settings, listener.getsockname()[1])
        signal.signal(signal.SIGTERM, _interrupt)
        ensure_folder(actual.folder)
        lock = FolderLock(actual.folder, page_url(replace(actual, token=None)))
        with lock, Studio(actual, worker_command) as studio, suppress(KeyboardInterrupt):
            on_start(page_url(actual))
            create_server(studio).run(sockets=[listener])


def create_server(studio: Studio) -> uvicorn.Server:
    """Returns a server of a studio that has been entered."""
    limits = studio.settings.limits
    config = uvicorn.Config(
        create_app(studio),
        http=_limit_head(limits.head_seconds),
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.connections,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return _StudioServer(config, studio)


class _StudioServer(uvicorn.Server):
    """Server that ends the streams of events when it is told to stop."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops the server."""
        self._studio.is_closing.set()
        await super().shutdown(sockets)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def page_url(settings: StudioSettings) -> str:
    """Returns the URL of the page, with its token."""
    address = _find_own_address() if settings.host in ("0.0.0.0", "::") else settings.host
    host = f"[{address}]" if ":" in address else address
    query = "" if settings.token is None else f"?token={settings.token}"
    return f"http://{host}:{settings.port}/{query}"


def _find_own_address() -> str:
    """Returns the address by which other computers reach this one; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("10.255.255.255", 1))
            return str(probe.getsockname()[0])
        except OSError:
            return LOCALHOST


def _with_port(settings: StudioSettings, port: int) -> StudioSettings:
    return replace(settings, port=port)


def _listen(settings: StudioSettings) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family, backlog=128)
    except OSError as error:
        raise OutputError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; "
            "another studio may run there; choose another port with --port"
        ) from error


def _limit_head(seconds: float) -> type[H11Protocol]:
    """Returns a protocol that closes connections whose first request does not begin in time (slow clients)."""

    class TimedProtocol(H11Protocol):
        """HTTP with a limit on the time of the first head."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            asyncio.get_running_loop().call_later(seconds, self._close_idle)

        def _close_idle(self) -> None:
            is_waiting: bool = self.cycle is None
            if is_waiting and not self.transport.is_closing():
                self.transport.close()

    return TimedProtocol
