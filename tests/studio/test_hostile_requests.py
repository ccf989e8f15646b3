"""Hostile requests: none gets through, and none kills the server.

Most are raw bytes, since a client library would refuse to send them. An answer may be an error of the client (4xx) or a
closed connection; afterwards the server still works, the folder is as before, and nothing of a secret was sent.
"""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bodydouble.studio.settings import LOCALHOST
from tests.studio.servers import SMALL, Answer, Server, run_studio

SECRET = b"nobody may read this"
MP4_HEAD = b"\0\0\0\x20ftypisom" + b"\0" * 500
WRONG_PATHS = (
    "/static/../../settings.py", "/static/%2e%2e/settings.py", "/static/..%2f..%2fsettings.py", "/static//etc/passwd",
    "/static/%2fetc%2fpasswd", "/static/..\\..\\settings.py", "/static/", "/static/index.html%00.js",
    "/takes/../../../../etc/passwd/poster.jpg", "/takes/%2e%2e/poster.jpg", "/takes/..%2f..%2fetc/video.mp4",
    "/takes/{id}/models/../performance.npz", "/takes/{id}/models/..%2fperformance.npz", "/takes/{id}/models/secret.txt",
    "/takes/{id}/models/performance.npz", "/takes/{id}/models/%2fetc%2fpasswd", "/takes/{id}/models/person1.glb%00",
    "/takes/{id}/frames/-1.jpg", "/takes/{id}/frames/99999999999999999999.jpg", "/takes/{id}/frames/1e1.jpg",
    "/takes/{id}/frames/%D9%A1.jpg", "/takes/{id}/frames/0.svg", "/takes/{id}/frames/../poster.jpg/0.jpg",
    "/takes/{upper}/poster.jpg", "/takes/{id}%0a/poster.jpg", "/api/takes/%2e%2e", "/api/takes/{id}/../../batch.sqlite",
    "/downloads/..%2fbatch.sqlite", "/downloads/../secret.txt", "/batch.sqlite", "/secret.txt", "/takes/{id}/job.json",
    "/takes/{id}/characters/x.glb", "/takes/{id}/models/characters%2f", "/takes/{id}/models/..%2f{id}%2fperson1.glb",
    "/takes/{id}/scene.bin?version=../x", "/takes/{id}/scene.bin?version=", "/takes/{id}/film.mp4?version=..",
    "/api/takes/{upper}/corrections", "/api/takes/%2e%2e/corrections", "/takes/{id}/corrections.json",
    "/" + "a" * 5_000, "/?" + "a=b&" * 3_000, "//evil.example/", "/.git/config",
)  # fmt: skip
WRONG_HOSTS = (
    "evil.example", "", "{host}.evil.example", "localhost.evil.example:{port}", "127.0.0.1:1", "evil@127.0.0.1:{port}",
    "192.168.1.1:{port}", "[::1", "0.0.0.0:{port}", "2130706433:{port}", "127.0.0.1:{port}/x", "127.0.0.1",
)  # fmt: skip
WRONG_ORIGINS = (
    "http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1", "http://127.0.0.1:{port}.evil.example",
    "http://localhost:{port}", "http://127.0.0.1:{port}/", "file://",
)  # fmt: skip
WRONG_BODIES = {
    "html as video": (b"<!doctype html><script>alert(1)</script>" * 20, {}),
    "playlist": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n" * 20, {}),
    "list for concat": (b"ffconcat version 1.0\nfile /etc/passwd\n" * 20, {}),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>' * 20, {}),
    "zip": (b"PK\x03\x04" + b"\0" * 500, {}),
    "script": (b"#!/bin/sh\nrm -rf /\n" * 40, {}),
    "empty": (b"", {}),
    "one byte": (b"\0", {}),
    "head of a video and nothing else": (MP4_HEAD, {}),
    "head of a video and noise": (MP4_HEAD + bytes(range(256)) * 50, {}),
    "form": (MP4_HEAD, {"Content-Type": "multipart/form-data; boundary=x"}),
    "text": (MP4_HEAD, {"Content-Type": "text/plain"}),
    "no type": (MP4_HEAD, {"Content-Type": ""}),
    "compressed": (MP4_HEAD, {"Content-Encoding": "gzip"}),
    "too large": (MP4_HEAD + b"\0" * SMALL.upload_bytes, {}),
}
WRONG_QUERIES = (
    "character=/etc/passwd", "character=anime:../../x.toml", "character=../../x.vrm", "character=like-me&quality=../x",
    "quality=", "character=%00",
)  # fmt: skip
WRONG_CHANGES = {
    "no JSON": b"{", "list": b"[]", "number": b'{"title": 7}', "no title": b"{}",
    "too large": b'{"title": "' + b"a" * 9_000 + b'"}', "deep": b"[" * 1_900, "not UTF-8": b'{"title": "\xff\xfe"}',
}  # fmt: skip
_DELETE = '{"kind": "delete", "person": "person1"}'
WRONG_CORRECTIONS = {
    "no JSON": "{", "a list": "[]", "no list": '{"version": V}', "a text": '{"version": V, "corrections": "x"}',
    "no version": f'{{"corrections": [{_DELETE}]}}', "other version": f'{{"version": "0", "corrections": [{_DELETE}]}}',
    "version of another type": f'{{"version": [1], "corrections": [{_DELETE}]}}',
    "too large": '{"version": V, "corrections": [' + ",".join([_DELETE] * 200) + "]}",
    "too many": '{"version": V, "corrections": [' + ",".join(["{}"] * 1500) + "]}",
    "deep": '{"version": V, "corrections": ' + "[" * 3_000,
    "path as name": '{"version": V, "corrections": [{"kind": "rename", "person": "person1", "name": "../../x"}]}',
    "other path": r'{"version": V, "corrections": [{"kind": "rename", "person": "person1", "name": "..\\..\\x"}]}',
    "NUL": r'{"version": V, "corrections": [{"kind": "rename", "person": "person1", "name": "a\u0000.glb"}]}',
    "line": r'{"version": V, "corrections": [{"kind": "rename", "person": "person1", "name": "a\nb"}]}',
    "right to left": r'{"version": V, "corrections": [{"kind": "rename", "person": "person1", "name": "a\u202eb"}]}',
    "surrogate": r'{"version": V, "corrections": [{"kind": "rename", "person": "person1", "name": "\ud800"}]}',
    "half a letter": r'{"version": V, "corrections": [{"kind": "merge", "person": "\ud800", "other": "\ud800"}]}',
    "long name": '{"version": V, "corrections": [{"kind": "rename", "person": "person1", "name": "'
    + "a" * 3_000
    + '"}]}',
    "attribute": '{"version": V, "corrections": [{"kind": "keyframe", "person": "person1", "joint": "__class__", '
    '"frame": 1, "position": [0, 1, 0]}]}',
    "huge frame": '{"version": V, "corrections": [{"kind": "split", "person": "person1", "name": "x", '
    f'"frame": {10**400}}}]}}',
    "huge number": '{"version": V, "corrections": [{"kind": "floor", "height": 1e999}]}',
    "far away": '{"version": V, "corrections": [{"kind": "keyframe", "person": "person1", "joint": "head", "frame": 3, '
    '"position": [1e300, 0, 0]}]}',
    "tiny": '{"version": V, "corrections": [{"kind": "smoothing", "person": "person1", "first_frame": 0, '
    '"last_frame": 9, "cutoff": 1e-300}]}',
    "not a number": '{"version": V, "corrections": [{"kind": "height", "person": "person1", "height": NaN}]}',
}  # fmt: skip
PROTOCOL = {
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "trace": b"TRACE / HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\r\n",
    "connect": b"CONNECT evil.example:80 HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\r\n",
    "unknown method": b"FETCH / HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\r\n",
    "proxy request": b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "huge header": b"GET / HTTP/1.1\r\nHost: {host}\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "header without end": b"GET / HTTP/1.1\r\nHost: {host}\r\n" + b"X: a\r\n" * 30_000 + b"\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: {host}\r\nX: a\0b\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: {host}\r\n X: a\r\n\r\n",
    "two lengths": b"{post}Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
    "length and chunks": b"{post}Content-Length: 5\r\n"
    b"Content-Type: video/mp4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"{post}Content-Length: -5\r\n\r\n",
    "length in words": b"{post}Content-Length: x\r\n\r\n",
    "broken chunk": b"{post}Content-Type: video/mp4\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    "two origins": b"DELETE /api/takes/x HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
    b"Origin: http://evil.example\r\n\r\n",
    "no origin": b"DELETE /api/takes/x HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "cross-site picture": b"GET /api/takes HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: cross-site\r\n"
    b"Sec-Fetch-Mode: no-cors\r\n\r\n",
    "page of another port": b"GET /api/session HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: same-site\r\n\r\n",
    "web socket": b"GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
}
HUGE = b"{post}Content-Type: video/mp4\r\n"


@pytest.fixture(scope="module", autouse=True)
def secrets(take_id: str, studio_folder: Path) -> None:
    """Puts secrets where paths that break out would find them."""
    for folder in (studio_folder.parent, studio_folder, studio_folder / take_id):
        (folder / "secret.txt").write_bytes(SECRET)


@pytest.fixture(autouse=True)
def unharmed(server: Server, take_id: str, studio_folder: Path) -> Iterator[None]:
    """After every request the server works and its folder is as before."""
    before = _list_files(studio_folder)
    yield
    take = server.request("GET", f"/api/takes/{take_id}").json()
    assert (take["title"], take["state"]) == ("My clip", "done")
    deadline = time.monotonic() + 10
    while (after := _list_files(studio_folder)) != before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert after == before


def _list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.parent.rglob("*") if "sqlite" not in path.name)


def _fill(text: str, server: Server, take_id: str = "") -> str:
    text = text.replace("{post}", "POST /api/takes HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n")
    values = {"host": f"{LOCALHOST}:{server.port}", "port": str(server.port), "id": take_id, "upper": take_id.upper()}
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _send(server: Server, data: bytes, *, then: bytes = b"", pause: float = 0.0) -> tuple[int | None, bytes]:
    """Sends bytes and returns the status of the answer, None if the connection was closed, with the whole answer."""
    filled = _fill(data.decode("latin-1"), server).encode("latin-1")
    answer = b""
    with socket.create_connection((LOCALHOST, server.port), timeout=15) as connection:
        try:
            connection.sendall(filled)
            time.sleep(pause)
            connection.sendall(then)
            connection.settimeout(15)
            while not answer.endswith(b"}") and (part := connection.recv(65_536)):
                answer += part
        except (ConnectionError, BrokenPipeError):
            pass
    return (int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else None), answer


def _get(path: str, *headers: str, method: str = "GET") -> bytes:
    head = "".join(f"{line}\r\n" for line in ("Host: {host}", *headers))
    return f"{method} {path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode("latin-1")


def _check_refused(answer: tuple[int | None, bytes]) -> None:
    status, text = answer
    assert status is None or 400 <= status < 500, text[:300]
    assert SECRET not in text
    assert b"root:" not in text


@pytest.mark.parametrize("path", WRONG_PATHS, ids=lambda path: path[:50])
def test_paths_lead_nowhere(server: Server, take_id: str, path: str) -> None:
    _check_refused(_send(server, _get(_fill(path, server, take_id))))


@pytest.mark.parametrize("host", WRONG_HOSTS)
def test_other_hosts_are_refused(server: Server, host: str) -> None:
    data = _get("/api/takes").replace(b"Host: {host}", f"Host: {_fill(host, server)}".encode())
    _check_refused(_send(server, data))


@pytest.mark.parametrize("origin", WRONG_ORIGINS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_other_origins_are_refused(server: Server, take_id: str, origin: str, method: str) -> None:
    data = _get(f"/api/takes/{take_id}", f"Origin: {_fill(origin, server)}", method=method)
    status, _ = _send(server, data)
    assert status == 403


@pytest.mark.parametrize("name", WRONG_BODIES)
def test_bodies_that_are_no_video_are_refused(server: Server, name: str) -> None:
    body, changed = WRONG_BODIES[name]
    headers = {"Content-Type": "video/mp4", "Content-Length": str(len(body)), "Origin": "http://{host}"} | changed
    lines = [f"{key}: {value}" for key, value in headers.items() if value]
    _check_refused(_send(server, _get("/api/takes?name=x", *lines, method="POST") + body))


@pytest.mark.parametrize("query", WRONG_QUERIES)
def test_unknown_options_are_refused(server: Server, query: str) -> None:
    lines = ("Content-Type: video/mp4", f"Content-Length: {len(MP4_HEAD)}", "Origin: http://{host}")
    _check_refused(_send(server, _get(f"/api/takes?{query}", *lines, method="POST") + MP4_HEAD))


@pytest.mark.parametrize("name", WRONG_CHANGES)
def test_malformed_changes_are_refused(server: Server, take_id: str, name: str) -> None:
    body = WRONG_CHANGES[name]
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Origin: http://{host}")
    for address, method in ((f"/api/takes/{take_id}", "PATCH"), (f"/api/takes/{take_id}/downloads", "POST")):
        _check_refused(_send(server, _get(address, *lines, method=method) + body))


@pytest.mark.parametrize("name", WRONG_CORRECTIONS)
def test_malformed_corrections_are_refused(server: Server, take_id: str, name: str) -> None:
    address = f"/api/takes/{take_id}/corrections"
    version = server.request("GET", address).json()["version"]
    body = WRONG_CORRECTIONS[name].replace("V,", f'"{version}",').replace("V}", f'"{version}"}}').encode()
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}", "Origin: http://{host}")
    status, answer = _send(server, _get(address, *lines, method="PUT") + body)
    assert status is None or 400 <= status < 500, answer[:300]
    assert answer.count(b"\n") < 20  # head and one line
    assert server.request("GET", address).json() == {"corrections": [], "version": version}


@pytest.mark.parametrize("line", ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site", "X: no origin"])
@pytest.mark.parametrize(("method", "path"), [("PUT", "corrections"), ("POST", "film")])
def test_corrections_and_films_of_other_sites_are_refused(
    server: Server, take_id: str, line: str, method: str, path: str
) -> None:
    body = b'{"version": "", "corrections": []}'
    own = () if "rigin" in line else ("Origin: http://{host}",)
    lines = (line, *own, f"Content-Length: {len(body)}")
    _check_refused(_send(server, _get(f"/api/takes/{take_id}/{path}", *lines, method=method) + body))


@pytest.mark.parametrize("name", PROTOCOL)
def test_broken_protocol_is_refused(server: Server, name: str) -> None:
    _check_refused(_send(server, PROTOCOL[name]))


@pytest.mark.parametrize("size", [SMALL.upload_bytes + 1, 2_000_000_000, 2**63])
def test_huge_upload_is_refused_before_its_body(server: Server, size: int) -> None:
    status, answer = _send(server, HUGE + f"Content-Length: {size}\r\n\r\n".encode())
    assert status == 413
    assert b"larger than" in answer


def test_length_beyond_all_numbers_is_refused(server: Server) -> None:
    _check_refused(_send(server, HUGE + f"Content-Length: {10**30}\r\n\r\n".encode()))


def test_huge_upload_without_a_length_is_refused_while_it_arrives(server: Server) -> None:
    chunk = b"8000\r\n" + b"\0" * 0x8000 + b"\r\n"
    first = b"208\r\n" + MP4_HEAD[:520].ljust(520, b"\0") + b"\r\n"
    status, _ = _send(server, HUGE + b"Transfer-Encoding: chunked\r\n\r\n" + first + chunk * 20)
    assert status in (413, None)


def test_upload_that_stops_is_broken_off(server: Server) -> None:
    status, _ = _send(server, HUGE + b"Content-Length: 100000\r\n\r\n" + MP4_HEAD)
    assert status == 408


def test_upload_that_trickles_is_broken_off(server: Server) -> None:
    data = _fill((HUGE + b"Content-Length: 100000\r\n\r\n").decode(), server).encode()
    with socket.create_connection((LOCALHOST, server.port), timeout=15) as connection:
        connection.sendall(data)
        answer = b""
        for _ in range(40):
            try:
                connection.sendall(b"\0\0\0\x20ftypisom\0\0\0\0")
                connection.settimeout(0.3)
                answer = connection.recv(1000)
                break
            except TimeoutError:
                continue
            except ConnectionError:
                break
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")


def test_client_that_never_finishes_its_head_is_closed(server: Server) -> None:
    status, answer = _send(server, b"GET / HTTP/1.1\r\nHost: {host}\r\nX-Slow: ")
    assert (status, answer) == (None, b"")


def test_idle_connections_hinder_nobody(server: Server) -> None:
    idle = [socket.create_connection((LOCALHOST, server.port)) for _ in range(40)]
    try:
        assert server.request("GET", "/api/session").status == 200
    finally:
        for connection in idle:
            connection.close()


def test_client_that_leaves_in_the_middle_leaves_no_file(server: Server) -> None:
    data = _fill((HUGE + b"Content-Length: 200000\r\n\r\n").decode(), server).encode()
    with socket.create_connection((LOCALHOST, server.port)) as connection:
        connection.sendall(data + MP4_HEAD)


def test_every_answer_has_the_security_headers(server: Server, take_id: str) -> None:
    for path in ("/", "/static/app.js", "/api/takes", f"/takes/{take_id}/video.mp4", "/nothing", "/api/events/x"):
        headers = server.request("GET", path).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_page_needs_nothing_that_its_policy_forbids() -> None:
    static = Path(__file__).parents[2] / "src" / "bodydouble" / "studio" / "static"
    for page in static.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "style=" not in text
        assert "<style" not in text
        assert "onclick" not in text
        assert text.count("<script") == text.count('<script type="module" src="/static/')
    for script in static.rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert "eval(" not in text, script
        assert "new Function" not in text, script
        if "vendor" not in script.parts:
            assert "http://" not in text.replace("http://www.w3.org/2000/svg", ""), script
            assert "https://" not in text, script
            assert "innerHTML" not in text, script


def test_other_computers_need_the_token(tmp_path: Path) -> None:
    with run_studio(tmp_path / "studio", token="right", host="192.0.2.7") as server:
        name = f"192.0.2.7:{server.port}"

        def get(path: str, cookie: str = "", host: str = name) -> Answer:
            return server.request("GET", path, Host=host, Cookie=cookie)

        refused = ("/", "/api/takes", "/api/takes?token=right", "/?token=wrong")
        assert [get(path).status for path in refused] == [401] * len(refused)
        assert get("/?token=right", host=f"evil.example:{server.port}").status == 421
        answer = get("/?token=right")
        assert (answer.status, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert get("/", cookie.partition(";")[0]).status == 200
        assert get("/", f"bodydouble_{server.port}=wrong").status == 401
