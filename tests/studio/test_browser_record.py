"""Recording with the camera in a real browser, whose camera shows a file: record -> review -> use -> take."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import av
import pytest

from bodydouble.data import RgbImage
from bodydouble.formats.media import FrameReader
from tests.media_builders import quadrant_colors, quadrants
from tests.studio import servers
from tests.studio.chromium import Browser, find_browser
from tests.studio.servers import SMALL, Server, run_studio

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_browser() is None, reason="Chromium is not installed: apt-get install chromium"),
]
WALK = Path(__file__).parents[2] / "examples" / "walk.mp4"
LIMITS = replace(SMALL, upload_bytes=60_000_000, json_bytes=20_000)


def write_camera(path: Path, frames: list[RgbImage]) -> Path:
    """Writes frames as the file that Chromium takes for a camera: raw YUV at 30 frames/s, which it repeats."""
    height, width = frames[0].shape[:2]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            planes = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv420p").to_ndarray()
            file.write(b"FRAME\n" + planes.tobytes())
    return path


@contextmanager
def open_browser(folder: Path, camera: Path) -> Iterator[Browser]:
    """Opens a browser with a camera, which the page may use without asking."""
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with Browser(folder / "profile", (*flags, f"--use-file-for-fake-video-capture={camera}")) as browser:
        yield browser


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with run_studio(tmp_path / "studio", LIMITS) as running:
        yield running


def wait_for_recorder(browser: Browser, state: str) -> None:
    browser.wait(f"document.querySelector('.recorder[data-state={state}]')")


def press_button(browser: Browser, text: str) -> None:
    """Clicks the button with a text in the last dialog."""
    button = f"[...document.querySelectorAll('dialog:last-of-type .button')].find((e) => e.textContent === '{text}')"
    browser.wait(f"{button}?.checkVisibility()")
    browser.evaluate(f"{button}.click()")


def record(browser: Browser, seconds: int) -> None:
    """Records in the open dialog, up to the review."""
    wait_for_recorder(browser, "ready")
    press_button(browser, "Record")
    wait_for_recorder(browser, "countdown")
    wait_for_recorder(browser, "recording")
    browser.wait(f"document.querySelector('.recording-time').textContent >= '0:{seconds:02}'")
    press_button(browser, "Stop")
    wait_for_recorder(browser, "review")


def test_recording_is_reviewed_discarded_repeated_and_used(server: Server, tmp_path: Path) -> None:
    camera = write_camera(tmp_path / "camera.y4m", [quadrants((320, 240))] * 4)
    with open_browser(tmp_path, camera) as browser:
        browser.open(server.url)
        browser.wait("document.querySelector('.drop.hero')")
        browser.press("r", "r")
        wait_for_recorder(browser, "ready")
        assert browser.evaluate("getComputedStyle(document.querySelector('.mirrored')).transform").startswith(
            "matrix(-1"
        )
        recording = "document.querySelector('.viewfinder video:not([hidden])')"
        duration = f"Number.isFinite({recording}.duration) && {recording}.duration"
        record(browser, 1)
        discarded = browser.wait(duration)
        press_button(browser, "Discard")
        record(browser, 2)
        seconds = browser.wait(duration)
        assert seconds > discarded
        assert browser.evaluate("document.querySelector('.mirrored').srcObject === null")  # the camera is off
        press_button(browser, "Use the recording")
        take_id = browser.wait("document.querySelector('.card[data-take]')?.dataset.take")
        assert browser.find_problems() == []
    take = server.wait_for_state(take_id, "done", "failed")
    assert take["state"] == "done"
    assert take["title"].startswith("Recording 20")
    # Not the 2 s of the clock: on a busy machine the camera starts late. The last frame has no end: three frames.
    assert take["seconds"] == pytest.approx(seconds, abs=0.1)
    video = next((tmp_path / "studio" / "videos").glob(f"{take_id}.webm"))
    with FrameReader(video) as reader:
        frame = next(iter(reader))
    with av.open(str(video)) as container:
        assert not container.streams.audio  # the microphone is off by default
    assert quadrant_colors(frame) == "rgbw"  # not mirrored


def test_closing_asks_before_a_recording_is_lost(server: Server, tmp_path: Path) -> None:
    camera = write_camera(tmp_path / "camera.y4m", [quadrants((320, 240))] * 4)
    with open_browser(tmp_path, camera) as browser:
        browser.open(server.url)
        browser.wait("document.querySelector('.drop.hero')")
        browser.press("r", "r")
        record(browser, 1)
        browser.click(".recorder [aria-label=Close]")
        browser.wait("document.querySelectorAll('dialog[open]').length === 2")
        press_button(browser, "Keep")
        browser.wait("document.querySelectorAll('dialog[open]').length === 1")
        wait_for_recorder(browser, "review")
        browser.click(".recorder [aria-label=Close]")
        browser.wait("document.querySelectorAll('dialog[open]').length === 2")
        press_button(browser, "Discard")
        browser.wait("document.querySelectorAll('dialog[open]').length === 0")
        assert browser.find_problems() == []
    assert server.request("GET", "/api/takes").json() == []


@pytest.mark.parametrize(
    ("case", "line"),
    [
        ("no camera", "There is no camera on this computer"),
        ("denied", "The browser refuses the camera"),
        ("not secure", "Browsers give the camera only to pages of this computer itself"),
        ("no recorder", "This browser cannot record"),
    ],
)
def test_page_without_a_camera_tells_why(server: Server, tmp_path: Path, case: str, line: str) -> None:
    scripts = {
        "not secure": "Object.defineProperty(window, 'isSecureContext', { value: false })",
        "no recorder": "delete window.MediaRecorder",
    }
    flags = ["--use-fake-device-for-media-stream"] if case == "denied" else []
    with Browser(tmp_path / "profile", flags) as browser:
        if case in scripts:
            browser.send("Page.addScriptToEvaluateOnNewDocument", source=scripts[case])
        browser.open(server.url)
        browser.wait("document.querySelector('.drop.hero')")
        if case == "denied":
            browser.send("Browser.setPermission", permission={"name": "camera"}, setting="denied", origin=server.url)
        browser.press("r", "r")
        wait_for_recorder(browser, "failed")
        assert line in browser.text()


def test_camera_is_for_the_page_of_the_studio_only(server: Server) -> None:
    policy = server.request("GET", "/").headers["permissions-policy"]
    assert "camera=(self)" in policy
    assert "microphone=(self)" in policy


def test_recorded_person_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FrameReader(WALK, max_side=640) as reader:
        camera = write_camera(tmp_path / "camera.y4m", list(reader))
    monkeypatch.setattr(servers, "WORKER", (sys.executable, "-m", "bodydouble.studio.worker"))
    with run_studio(tmp_path / "studio", LIMITS) as server:
        with open_browser(tmp_path, camera) as browser:
            browser.open(server.url)
            browser.wait("document.querySelector('.drop.hero')")
            browser.evaluate("document.querySelector('[name=film]').click()")
            browser.evaluate("document.querySelector('[name=character]').value = 'mannequin'")
            browser.press("r", "r")
            record(browser, 4)
            press_button(browser, "Use the recording")
            take_id = browser.wait("document.querySelector('.card[data-take]')?.dataset.take")
        take = server.wait_for_state(take_id, "done", "failed")
        assert take["state"] == "done", take["error"]
        assert max(take["people"].values()) > 0.5
