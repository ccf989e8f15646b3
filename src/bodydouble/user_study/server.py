"""Serves the page, its videos and nothing else, to this computer only."""

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
from bodydouble.user_study.results import SIDES, Answer, Results, Score
from bodydouble.user_study.trials import Trial

LOCALHOST = "127.0.0.1"
LARGEST_ANSWER = 10_000
"""Bytes."""
_PIECE = 1 << 18
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
class Asset:
    """A file of the page."""

    media_type: str
    content: bytes


def page_assets() -> dict[str, Asset]:
    """The page by its addresses."""
    files = {"/": ("page.html", "text/html"), "/page.js": ("page.js", "text/javascript")}
    files["/page.css"] = ("page.css", "text/css")
    folder = resources.files(__package__)
    return {
        address: Asset(f"{media_type}; charset=utf-8", folder.joinpath(name).read_bytes())
        for address, (name, media_type) in files.items()
    }


class Session:
    """Where one person stands in a list of trials. Trials are known by their numbers, which say nothing."""

    def __init__(self, trials: Sequence[Trial], results: Results) -> None:
        """Goes on where the results end."""
        self._trials, self._results = tuple(trials), results
        self._lock = Lock()
        self._skipped: set[int] = set()

    def next(self) -> dict[str, Any]:
        """What the page shows next: the trial and its sides, or that all is done; no names."""
        with self._lock:
            return self._next()

    def _next(self) -> dict[str, Any]:
        answered = sum(self._results.has(trial) for trial in self._trials)
        state: dict[str, Any] = {"answered": answered, "count": len(self._trials), "trial": None}
        for number, trial in enumerate(self._trials):
            if number not in self._skipped and not self._results.has(trial):
                return state | {"trial": number, "sides": SIDES[: len(trial.takes)]}
        return state

    @property
    def done(self) -> bool:
        """Whether nothing is left to ask."""
        return self.next()["trial"] is None

    @property
    def answered(self) -> int:
        """How many trials have an answer, earlier ones included."""
        return int(self.next()["answered"])

    def answer(self, number: int, answer: Answer) -> dict[str, Any]:
        """Keeps an answer, once, and says what comes next."""
        with self._lock:
            trial = self._trial(number)
            if not self._results.has(trial):
                self._results.add(trial, answer)
            return self._next()

    def skip(self, number: int) -> dict[str, Any]:
        """Leaves a trial for another time, because a video does not play, and says what comes next."""
        with self._lock:
            self._trial(number)
            self._skipped.add(number)
            return self._next()

    def video(self, number: int, side: str) -> Path | None:
        """The file behind a side of a trial."""
        if number >= len(self._trials):
            return None
        takes = dict(zip(SIDES, self._trials[number].takes, strict=False))
        return takes[side].path if side in takes else None

    def _trial(self, number: int) -> Trial:
        if not 0 <= number < len(self._trials):
            raise InvalidDataError(f"there is no trial {number}")
        return self._trials[number]


class RatingServer(ThreadingHTTPServer):
    """A web server for one session.

    Only the page's own files and the videos of the trials have an address. Requests that name another host are refused,
    so that no page from elsewhere can reach it under a name of its own (DNS rebinding); answers must be JSON, which
    such a page cannot send without being asked for permission first.
    """

    daemon_threads = True

    def __init__(self, session: Session, port: int = 0, assets: Mapping[str, Asset] | None = None) -> None:
        """Listens on 127.0.0.1; port 0 takes any that is free.

        Raises:
            OSError: the port is taken.
        """
        super().__init__((LOCALHOST, port), _Handler)
        self.session = session
        self.assets = page_assets() if assets is None else assets

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{LOCALHOST}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Reports a fault; a browser that hangs up is none."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def stop_soon(self) -> None:
        """Ends serve_forever without waiting for it, as a request that it serves has to."""
        Thread(target=self.shutdown, daemon=True).start()


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """The first byte and the byte after the last one that a Range header asks for.

    Args:
        header: its value; empty without one.
        size: of the file, bytes.

    Returns:
        None for the whole file: no header, several ranges, or one that makes no sense.

    Raises:
        _Refused: the range lies outside the file.

    Source: RFC 9110, section 14.
    """
    asked = _RANGE.fullmatch(header.strip())
    if asked is None or asked[1] == asked[2] == "":
        return None
    if asked[1] == "":
        first, end = max(size - int(asked[2]), 0), size
    else:
        first, end = int(asked[1]), min(int(asked[2]) + 1, size) if asked[2] else size
        if asked[2] and int(asked[2]) < first:
            return None
    if first >= end:
        raise _Refused(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
    return first, end


def _answer(body: Mapping[str, Any]) -> tuple[int, Answer]:
    scores = tuple(Score(float(score["realism"]), float(score["naturalness"])) for score in body["scores"])
    return body["trial"], Answer(scores, body["preferred"])


class _Refused(Exception):  # noqa: N818 - the answer to a request, not a fault of ours
    def __init__(self, status: HTTPStatus) -> None:
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "bodydouble"
    sys_version = ""
    timeout = 60
    server: RatingServer

    def do_GET(self) -> None:
        with self._refusals():
            self._check_host()
            video = _VIDEO.fullmatch(self.path)
            if self.path in self.server.assets:
                asset = self.server.assets[self.path]
                self._send(HTTPStatus.OK, asset.media_type, asset.content)
            elif self.path == "/next":
                self._send_json(self.server.session.next())
            elif video:
                self._send_video(self.server.session.video(int(video[1]), video[2]))
            else:
                raise _Refused(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        with self._refusals():
            self._check_host()
            if self.path not in ("/answer", "/skip"):
                raise _Refused(HTTPStatus.NOT_FOUND)
            body = self._body()
            session = self.server.session
            state = session.skip(body["trial"]) if self.path == "/skip" else session.answer(*_answer(body))
            self._send_json(state)
            if state["trial"] is None:
                self.server.stop_soon()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are nobody's news."""

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Answers what cannot be served. A browser that hangs up while a video is sent is normal."""
        with suppress(ConnectionError):
            try:
                yield
            except _Refused as refused:
                self._refuse(refused.status, refused.status.phrase)
            except (InvalidDataError, KeyError, TypeError, ValueError):
                self._refuse(HTTPStatus.BAD_REQUEST, HTTPStatus.BAD_REQUEST.phrase)
            except BodydoubleError as error:
                self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        # The rest of the request may not have been read.
        self.close_connection = True
        self._send(status, "text/plain; charset=utf-8", reason.encode())

    def _check_host(self) -> None:
        port = self.server.server_port
        if self.headers.get("Host") not in (f"{LOCALHOST}:{port}", f"localhost:{port}"):
            raise _Refused(HTTPStatus.FORBIDDEN)

    def _body(self) -> dict[str, Any]:
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        length = int(self.headers.get("Content-Length", "0"))
        if not 0 <= length <= LARGEST_ANSWER:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
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
            raise _Refused(HTTPStatus.NOT_FOUND)
        with file:
            self._send_range(file, path.stat().st_size, _VIDEO_TYPES[path.suffix.lower()])

    def _send_range(self, file: BinaryIO, size: int, media_type: str) -> None:
        """Sends the part of a file that was asked for; browsers need this to go back and forth in a video."""
        headers = {"Content-Type": media_type, "Accept-Ranges": "bytes"}
        part = byte_range(self.headers.get("Range", ""), size)
        first, end = part or (0, size)
        headers["Content-Length"] = str(end - first)
        if part:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
        self._send_head(HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK, headers)
        file.seek(first)
        left = end - first
        while left > 0 and (piece := file.read(min(_PIECE, left))):
            self.wfile.write(piece)
            left -= len(piece)
