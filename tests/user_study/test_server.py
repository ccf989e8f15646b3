import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bodydouble.user_study.results import Results
from bodydouble.user_study.server import Session, StudyServer
from bodydouble.user_study.trials import Take, Trial

CONTENT = bytes(range(256)) * 5000
ANSWER = {"trial": 0, "scores": [{"realism": 3, "naturalness": 4}, {"realism": 5, "naturalness": 6}]}
ANSWER |= {"preferred": "same"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StudyServer]:
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    takes = [Take("walk", method, tmp_path / f"{method}.mp4") for method in ("ours", "theirs")]
    for take in takes:
        take.path.write_bytes(CONTENT)
    gone = Take("kick", "ours", tmp_path / "gone.mp4")
    session = Session([Trial(tuple(takes)), Trial((gone,))], Results(tmp_path / "scores.csv", "anna"))
    with StudyServer(session) as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def request(
    server: StudyServer, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET" if body is None else "POST", path, body, headers or {})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def post(server: StudyServer, path: str, value: Any) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json"}
    response, content = request(server, path, headers, json.dumps(value).encode())
    return response.status, json.loads(content) if response.status == 200 else content


def test_the_page_is_served_on_localhost_only(server: StudyServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    for path, media_type in (("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css")):
        response, content = request(server, path)
        assert response.status == 200 and content
        assert response.headers.get_content_type() == media_type


@pytest.mark.parametrize(
    "path",
    ["/secret.mp4", "/../secret.mp4", "/video/0/../../secret.mp4", "/video/0/%2e%2e", "/video/2/left", "/video/1/right",
     "/video/0/middle", "/video/-1/left", "/video/0/left/", "/page.html", "/scores.csv", "/video/1/left"],
)  # fmt: skip
def test_other_paths_are_not_found(server: StudyServer, path: str) -> None:
    response, content = request(server, path)
    assert response.status == 404
    assert content == b"Not Found"


@pytest.mark.parametrize(
    ("range_header", "first", "end"),
    [
        ("bytes=0-", 0, len(CONTENT)),
        ("bytes=0-0", 0, 1),
        ("bytes=1000-999999", 1000, 1000000),
        ("bytes=1279999-", len(CONTENT) - 1, len(CONTENT)),
        ("bytes=5-99999999", 5, len(CONTENT)),
        ("bytes=-300", len(CONTENT) - 300, len(CONTENT)),
        ("bytes=-99999999", 0, len(CONTENT)),
    ],
)
def test_a_byte_range_of_a_video_is_served(server: StudyServer, range_header: str, first: int, end: int) -> None:
    response, content = request(server, "/video/0/left", {"Range": range_header})
    assert response.status == 206
    assert content == CONTENT[first:end]
    assert response.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(CONTENT)}"
    assert response.headers["Content-Type"] == "video/mp4"


@pytest.mark.parametrize("range_header", [None, "bytes=-", "bytes=9-3", "bytes=0-1,5-6", "frames=0-1", "bytes=a-b"])
def test_without_a_valid_range_the_whole_video_is_served(server: StudyServer, range_header: str | None) -> None:
    response, content = request(server, "/video/0/right", {} if range_header is None else {"Range": range_header})
    assert response.status == 200
    assert content == CONTENT
    assert response.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("range_header", [f"bytes={len(CONTENT)}-", "bytes=-0"])
def test_rejects_a_range_outside_the_video(server: StudyServer, range_header: str) -> None:
    assert request(server, "/video/0/left", {"Range": range_header})[0].status == 416


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
@pytest.mark.parametrize("path", ["/", "/next", "/video/0/left", "/answer"])
def test_rejects_requests_with_another_host_name(server: StudyServer, host: str, path: str) -> None:
    body = json.dumps(ANSWER).encode() if path == "/answer" else None
    headers = {"Host": host.format(port=server.server_port), "Content-Type": "application/json"}
    assert request(server, path, headers, body)[0].status == 403
    assert server.session.answered_count == 0


def test_localhost_is_a_valid_host_name(server: StudyServer) -> None:
    assert request(server, "/next", {"Host": f"localhost:{server.server_port}"})[0].status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_rejects_responses_that_are_not_json(server: StudyServer, kind: str) -> None:
    response, _ = request(server, "/answer", {"Content-Type": kind}, json.dumps(ANSWER).encode())
    assert response.status == 415
    assert server.session.answered_count == 0


def test_a_response_is_saved_once_and_the_next_trial_follows(server: StudyServer, tmp_path: Path) -> None:
    assert json.loads(request(server, "/next")[1]) == {
        "answered": 0,
        "count": 2,
        "trial": 0,
        "sides": ["left", "right"],
    }
    then = {"answered": 1, "count": 2, "trial": 1, "sides": ["left"]}
    assert post(server, "/answer", ANSWER) == (200, then)
    assert post(server, "/answer", ANSWER) == (200, then)
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 3


def test_the_page_never_receives_names_of_methods_or_clips(server: StudyServer) -> None:
    responses = [request(server, path) for path in ("/", "/page.js", "/page.css", "/next", "/video/0/left")]
    for response, content in responses:
        for name in ("ours", "theirs", "walk"):
            assert name not in str(response.headers)
            assert content == CONTENT or name.encode() not in content


@pytest.mark.parametrize(
    "change",
    [{"trial": 7}, {"trial": -1}, {"trial": "0"}, {"trial": None}, {"scores": []}, {"scores": [1, 2]}, {"scores": None},
     {"preferred": None}, {"preferred": "up"}, {"scores": [{"realism": 11, "naturalness": 1}] * 2},
     {"scores": [{"realism": 1}] * 2}],
)  # fmt: skip
def test_rejects_malformed_responses(server: StudyServer, change: dict[str, object]) -> None:
    assert post(server, "/answer", ANSWER | change)[0] == 400
    assert post(server, "/answer", [])[0] == 400
    assert server.session.answered_count == 0


def test_rejects_responses_that_are_too_large(server: StudyServer) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": "1000000000"}
    assert request(server, "/answer", headers, b"{}")[0].status == 413


def test_a_skipped_trial_stays_unanswered(server: StudyServer, tmp_path: Path) -> None:
    assert post(server, "/skip", {"trial": 0})[1]["trial"] == 1
    assert server.session.answered_count == 0
    assert not (tmp_path / "scores.csv").exists()


def test_a_response_that_cannot_be_saved_can_be_sent_again(server: StudyServer, tmp_path: Path) -> None:
    (tmp_path / "scores.csv").mkdir()
    status, content = post(server, "/answer", ANSWER)
    assert status == 500
    assert b"cannot write" in content
    assert server.session.answered_count == 0
    (tmp_path / "scores.csv").rmdir()
    status, state = post(server, "/answer", ANSWER)
    assert (status, state["answered"]) == (200, 1)
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 3


def test_the_server_stops_after_the_last_response(server: StudyServer, tmp_path: Path) -> None:
    only = Trial((Take("walk", "ours", tmp_path / "ours.mp4"),))
    with StudyServer(Session([only], Results(tmp_path / "other.csv", "anna"))) as short:
        thread = Thread(target=short.serve_forever, daemon=True)
        thread.start()
        answer = {"trial": 0, "scores": [{"realism": 3, "naturalness": 4}], "preferred": None}
        assert post(short, "/answer", answer)[1] == {"answered": 1, "count": 1, "trial": None}
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert server.session.answered_count == 0
