"""Local web server of the user study; it serves the page and its videos on 127.0.0.1 only.

In: a ``Session`` of trials and results. Out: HTTP responses; scores are written by ``results.Results``.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from threading import Lock, Thread
from typing import Any, BinaryIO

from bodydouble.errors import BodydoubleError, InvalidDataError
from bodydouble.user_study.results import SIDES, Results, TakeScore, TrialResponse
from bodydouble.user_study.trials import Trial

LOCALHOST = "127.0.0.1"
"""Address on which the server listens."""
MAX_REQUEST_BYTES = 10_000
"""Maximum size of a posted response in bytes."""
_CHUNK_BYTES = 1 << 18
_VIDEO = re.compile(r"/video/(\d{1,6})/(left|right)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_VIDEO_TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class PageAsset:
    """A static file of the page."""

    media_type: str
    content: bytes


def load_page_assets() -> dict[str, PageAsset]:
    """Returns the static files of the page by URL path."""
    files = {"/": ("page.html", "text/html"), "/page.js": ("page.js", "text/javascript")}
    files["/page.css"] = ("page.css", "text/css")
    folder = resources.files(__package__)
    return {
        address: PageAsset(f"{media_type}; charset=utf-8", folder.joinpath(name).read_bytes())
        for address, (name, media_type) in files.items()
    }


class Session:
    """Progress of one rater through a list of trials. Trials are addressed by their index, which names no method."""

    def __init__(self, trials: Sequence[Trial], results: Results) -> None:
        """Resumes after the trials that the results contain."""
        self._trials, self._results = tuple(trials), results
        self._lock = Lock()
        self._skipped: set[int] = set()

    def next_trial(self) -> dict[str, Any]:
        """Returns the state for the page: next trial and its sides, or None when all are done; without names."""
        with self._lock:
            return self._next_trial()

    def _next_trial(self) -> dict[str, Any]:
        answered = sum(self._results.is_answered(trial) for trial in self._trials)
        state: dict[str, Any] = {"answered": answered, "count": len(self._trials), "trial": None}
        for number, trial in enumerate(self._trials):
            if number not in self._skipped and not self._results.is_answered(trial):
                return state | {"trial": number, "sides": SIDES[: len(trial.takes)]}
        return state

    @property
    def is_done(self) -> bool:
        """True if no trial is left."""
        return self.next_trial()["trial"] is None

    @property
    def answered_count(self) -> int:
        """Number of trials with a response, earlier sessions included."""
        return int(self.next_trial()["answered"])

    def submit(self, number: int, response: TrialResponse) -> dict[str, Any]:
        """Saves a response, at most one per trial, and returns the next state."""
        with self._lock:
            trial = self._get_trial(number)
            if not self._results.is_answered(trial):
                self._results.add(trial, response)
            return self._next_trial()

    def skip(self, number: int) -> dict[str, Any]:
        """Skips a trial for this session, because a video does not play, and returns the next state."""
        with self._lock:
            self._get_trial(number)
            self._skipped.add(number)
            return self._next_trial()

    def video_path(self, number: int, side: str) -> Path | None:
        """Returns the video file of a side of a trial, if there is one."""
        if number >= len(self._trials):
            return None
        takes = dict(zip(SIDES, self._trials[number].takes, strict=False))
        return takes[side].path if side in takes else None

    def _get_trial(self, number: int) -> Trial:
        if not 0 <= number < len(self._trials):
            raise InvalidDataError(f"there is no trial {number}")
        return self._trials[number]


class StudyServer(ThreadingHTTPServer):
    """Web server of one session.

    It serves the static files of the page and the videos of the trials only. Requests with another host name are
    refused, which prevents DNS rebinding. Responses must be JSON, which a page of another origin cannot send without
    a preflight request (CORS).
    """

    daemon_threads = True

    def __init__(self, session: Session, port: int = 0, assets: Mapping[str, PageAsset] | None = None) -> None:
        """Listens on 127.0.0.1; port 0 selects a free port.

        Raises:
            OSError: the port is in use.
        """
        super().__init__((LOCALHOST, port), _Handler)
        self.session = session
        self.assets = load_page_assets() if assets is None else assets

    @property
    def url(self) -> str:
        """URL of the page."""
        return f"http://{LOCALHOST}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Reports an error, unless the browser closed the connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def shutdown_in_background(self) -> None:
        """Stops serve_forever from another thread, so that a request handler can call it without deadlock."""
        Thread(target=self.shutdown, daemon=True).start()


def parse_byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Parses a Range header into the first byte and the byte after the last one.

    Args:
        header: value of the header; empty if there is none.
        size: size of the file in bytes.

    Returns:
        None for the whole file: no header, several ranges, or an invalid one.

    Raises:
        _RequestError: the range is outside the file.

    Source: RFC 9110, section 14.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, end = max(size - int(match[2]), 0), size
    else:
        first, end = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
        if match[2] and int(match[2]) < first:
            return None
    if first >= end:
        raise _RequestError(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    return first, end


def _parse_response(body: Mapping[str, Any]) -> tuple[int, TrialResponse]:
    scores = tuple(TakeScore(float(score["realism"]), float(score["naturalness"])) for score in body["scores"])
    return body["trial"], TrialResponse(scores, body["preferred"])


class _RequestError(Exception):
    def __init__(self, status: HTTPStatus) -> None:
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "bodydouble"
    sys_version = ""
    timeout = 60
    server: StudyServer

    def do_GET(self) -> None:
        with self._send_errors():
            self._check_host()
            video = _VIDEO.fullmatch(self.path)
            if self.path in self.server.assets:
                asset = self.server.assets[self.path]
                self._send(HTTPStatus.OK, asset.media_type, asset.content)
            elif self.path == "/next":
                self._send_json(self.server.session.next_trial())
            elif video:
                self._send_video(self.server.session.video_path(int(video[1]), video[2]))
            else:
                raise _RequestError(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        with self._send_errors():
            self._check_host()
            if self.path not in ("/answer", "/skip"):
                raise _RequestError(HTTPStatus.NOT_FOUND)
            body = self._read_json()
            session = self.server.session
            state = session.skip(body["trial"]) if self.path == "/skip" else session.submit(*_parse_response(body))
            self._send_json(state)
            if state["trial"] is None:
                self.server.shutdown_in_background()

    def log_message(self, format: str, *args: Any) -> None:
        """Suppresses the log of requests."""

    @contextmanager
    def _send_errors(self) -> Iterator[None]:
        """Sends errors as responses. A browser that closes the connection while a video is sent is normal."""
        with suppress(ConnectionError):
            try:
                yield
            except _RequestError as error:
                self._send_error_text(error.status, error.status.phrase)
            except (InvalidDataError, KeyError, TypeError, ValueError):
                self._send_error_text(HTTPStatus.BAD_REQUEST, HTTPStatus.BAD_REQUEST.phrase)
            except BodydoubleError as error:
                self._send_error_text(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))

    def _send_error_text(self, status: HTTPStatus, reason: str) -> None:
        # The rest of the request may not have been read.
        self.close_connection = True
        self._send(status, "text/plain; charset=utf-8", reason.encode())

    def _check_host(self) -> None:
        port = self.server.server_port
        if self.headers.get("Host") not in (f"{LOCALHOST}:{port}", f"localhost:{port}"):
            raise _RequestError(HTTPStatus.FORBIDDEN)

    def _read_json(self) -> dict[str, Any]:
        if self.headers.get_content_type() != "application/json":
            raise _RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        length = int(self.headers.get("Content-Length", "0"))
        if not 0 <= length <= MAX_REQUEST_BYTES:
            raise _RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body: dict[str, Any] = json.loads(self.rfile.read(length))
        return body

    def _send_json(self, value: Mapping[str, Any]) -> None:
        self._send(HTTPStatus.OK, "application/json", json.dumps(value).encode())

    def _send(self, status: HTTPStatus, media_type: str, content: bytes) -> None:
        self._send_head(status, {"Content-Type": media_type, "Content-Length": str(len(content))})
        self.wfile.write(content)

    def _send_head(self, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in (_HEADERS | dict(headers)).items():
            self.send_header(name, value)
        self.end_headers()

    def _send_video(self, path: Path | None) -> None:
        try:
            file = None if path is None else path.open("rb")
        except OSError:
            file = None
        if path is None or file is None:
            raise _RequestError(HTTPStatus.NOT_FOUND)
        with file:
            self._send_range(file, path.stat().st_size, _VIDEO_TYPES[path.suffix.lower()])

    def _send_range(self, file: BinaryIO, size: int, media_type: str) -> None:
        """Sends the requested range of a file; browsers need ranges to seek in a video."""
        headers = {"Content-Type": media_type, "Accept-Ranges": "bytes"}
        byte_range = parse_byte_range(self.headers.get("Range", ""), size)
        first, end = byte_range or (0, size)
        headers["Content-Length"] = str(end - first)
        if byte_range:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
        self._send_head(HTTPStatus.PARTIAL_CONTENT if byte_range else HTTPStatus.OK, headers)
        file.seek(first)
        remaining = end - first
        while remaining > 0 and (chunk := file.read(min(_CHUNK_BYTES, remaining))):
            self.wfile.write(chunk)
            remaining -= len(chunk)
