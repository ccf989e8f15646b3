"""Studios for tests: real servers on free ports, with small limits and an invented capture."""

import asyncio
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from bodydouble.studio.serve import create_server
from bodydouble.studio.settings import LOCALHOST, Limits, StudioSettings
from bodydouble.studio.studio import Studio
from tests.media_builders import numbered_pictures, write_video

WORKER = (sys.executable, "-m", "tests.studio.fake_worker")
SMALL = Limits(
    upload_bytes=300_000, json_bytes=2_000, corrections_bytes=8_000, free_bytes=0, chunk_seconds=1.0,
    min_bytes_per_second=2_000.0, grace_seconds=1.0, head_seconds=1.0, connections=60, annotations_bytes=50_000,
)  # fmt: skip
WAIT_SECONDS = 120.0


@dataclass(frozen=True)
class Answer:
    """Answer to a request."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Returns the body."""
        return json.loads(self.body)


@dataclass
class Server:
    """A running studio."""

    studio: Studio
    port: int
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{LOCALHOST}:{self.port}"

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Sends a request as the page does; further headers have underscores for hyphens."""
        own = {"Origin": self.url} if method not in ("GET", "HEAD") else {}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection(LOCALHOST, self.port, timeout=240)
        try:
            connection.request(method, path, body, own | self.headers | given)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def send_json(self, method: str, path: str, value: Any) -> Answer:
        """Sends JSON."""
        return self.request(method, path, json.dumps(value).encode(), Content_Type="application/json")

    def upload(self, video: Path, query: str = "name=clip.mp4", character: str = "mannequin") -> Answer:
        """Uploads a video."""
        return self.request(
            "POST", f"/api/takes?{query}&character={character}", video.read_bytes(), Content_Type="video/mp4"
        )

    def wait_for_state(self, take_id: str, *states: str, seconds: float = WAIT_SECONDS) -> dict[str, Any]:
        """Waits until a take is in one of some states, and returns it."""
        deadline = time.monotonic() + seconds
        take: dict[str, Any] = {}
        while time.monotonic() < deadline:
            take = self.request("GET", f"/api/takes/{take_id}").json()
            if take["state"] in states:
                return take
            time.sleep(0.1)
        raise TimeoutError(f"{take_id} is {take}; {self.studio.queue.log.read_text()[-500:]}")


@contextmanager
def run_studio(
    folder: Path,
    limits: Limits = SMALL,
    token: str | None = None,
    host: str = LOCALHOST,
    worker: Sequence[str] = WORKER,
) -> Iterator[Server]:
    """Runs a studio in a thread."""
    with socket.create_server((LOCALHOST, 0)) as listener:
        port = listener.getsockname()[1]
        with Studio(StudioSettings(folder, host, port, token, limits), worker) as studio:
            server = create_server(studio)
            thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
            thread.start()
            try:
                yield Server(studio, port)
            finally:
                server.should_exit = True
                thread.join()


def write_clip(path: Path, frames: int = 24, first: int = 0) -> Path:
    """Writes a video whose frames carry their numbers."""
    pictures = numbered_pictures(first + frames, (96, 64))[first:]
    write_video(path, pictures, fps=Fraction(30))
    return path
