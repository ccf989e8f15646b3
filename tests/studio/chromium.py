"""Headless Chromium with software WebGL, driven by the DevTools protocol through a pipe.

Source: https://chromedevtools.github.io/devtools-protocol
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new", "--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-quic",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-pipe", "--mute-audio", "--hide-scrollbars",
)  # fmt: skip
TIMEOUT = 60.0
ALT, CTRL, META, SHIFT = 1, 2, 4, 8
"""Keys that are held while another one, or the mouse, is pressed."""


def find_browser() -> str | None:
    """Returns the path of the browser, if it is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class PageError(Exception):
    """A script failed, or the page did not do in time what was expected."""


class Browser:
    """A browser with one page. A context manager."""

    def __init__(self, profile: Path, flags: Sequence[str] = ()) -> None:
        """Takes a folder for the files of the browser, and further flags of its command line."""
        self._profile, self._flags = profile, flags
        self._buffer, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []
        """Events of the page so far."""

    def __enter__(self) -> Self:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        connect = (
            "import os, sys; from fcntl import F_DUPFD, fcntl; "
            "ends = [fcntl(int(n), F_DUPFD, 10) for n in sys.argv[1:3]]; "
            "os.dup2(ends[0], 3); os.dup2(ends[1], 4); os.execv(sys.argv[3], sys.argv[3:])"
        )
        command = [find_browser() or "", *FLAGS, *self._flags, f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", connect, str(to_read), str(to_write), *command],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, pass_fds=(to_read, to_write),
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._read)
        os.close(self._write)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Calls a method of the protocol and returns its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            answer = self._receive(deadline - time.monotonic())
            if answer is None:
                continue
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])
            self.events.append(answer)
        raise PageError(f"{method}: no answer")

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        """Returns the next message; None if none arrives in time."""
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], max(0.0, seconds))[0]:
                return None
            part = os.read(self._read, 1 << 20)
            if not part:
                raise PageError("the browser has ended")
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))

    def open(self, url: str, size: tuple[int, int] = (1280, 720), is_phone: bool = False) -> None:
        """Opens a page in a window of a size."""
        self.resize(size, is_phone)
        self.send("Page.navigate", url=url)

    def reload(self) -> None:
        """Loads the page again, and waits until the old one is gone."""
        self.evaluate("window.isOld = true")
        self.send("Page.reload")
        self.wait("!window.isOld && document.readyState === 'complete'")

    def resize(self, size: tuple[int, int], is_phone: bool = False) -> None:
        """Changes the size of the page, px."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=size[0], height=size[1], deviceScaleFactor=1, mobile=is_phone,
        )  # fmt: skip

    def evaluate(self, script: str) -> Any:
        """Evaluates an expression, which may be a promise; its value must be JSON."""
        result = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def wait(self, script: str, seconds: float = TIMEOUT) -> Any:
        """Waits until an expression is true, and returns its value."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(PageError):
                value = self.evaluate(script)
                if value not in (None, False, 0, ""):
                    return value
            time.sleep(0.1)
        raise PageError(f"never true: {script}; the page says: {self.text()[:500]}")

    def text(self) -> str:
        """Returns the visible text of the page."""
        return str(self.evaluate("document.body.innerText"))

    def click(self, selector: str) -> None:
        """Clicks the middle of an element with the mouse."""
        box = self.wait(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (!e) return null; "
            "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); "
            "return r.width ? [r.x + r.width / 2, r.y + r.height / 2] : null; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def press(self, key: str, text: str = "", modifiers: int = 0) -> None:
        """Presses a key; modifiers are a sum of ALT, CTRL, META and SHIFT."""
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, text=text, modifiers=modifiers)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, modifiers=modifiers)

    def drag(self, start: tuple[float, float], end: tuple[float, float], modifiers: int = 0, steps: int = 6) -> None:
        """Drags the mouse from one point of the window to another one, px."""
        mouse = partial(self.send, "Input.dispatchMouseEvent", button="left", modifiers=modifiers)
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=start[0], y=start[1])
        mouse(type="mousePressed", x=start[0], y=start[1], buttons=1, clickCount=1)
        for step in range(1, steps + 1):
            x, y = (a + (b - a) * step / steps for a, b in zip(start, end, strict=True))
            mouse(type="mouseMoved", x=x, y=y, buttons=1)
        mouse(type="mouseReleased", x=end[0], y=end[1], buttons=0, clickCount=1)

    def turn_wheel(self, point: tuple[float, float], delta: float) -> None:
        """Turns the wheel of the mouse at a point; negative is away from the user."""
        self.send("Input.dispatchMouseEvent", type="mouseWheel", x=point[0], y=point[1], deltaX=0, deltaY=delta)

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Returns left, top, width and height of an element in the window, px."""
        found = self.wait(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (!e) return null; "
            "e.scrollIntoView({block: 'nearest'}); const r = e.getBoundingClientRect(); "
            "return r.width ? [r.x, r.y, r.width, r.height] : null; })()"
        )
        left, top, width, height = map(float, found)
        return left, top, width, height

    def choose_files(self, selector: str, files: list[Path]) -> None:
        """Chooses files in an input of files."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def save_downloads(self, folder: Path) -> None:
        """Lets downloads be saved in a folder."""
        self.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def screenshot(self, path: Path, full: bool = False) -> None:
        """Saves a picture of the page."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=full)["data"]
        path.write_bytes(base64.b64decode(data))

    def processor_seconds(self) -> float:
        """Returns the processor time that all processes of the browser have used (Linux only)."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                if int(fields[3]) == self._process.pid:  # the session
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def find_problems(self) -> list[str]:
        """Returns errors that the page has logged: exceptions, refused resources, violations of its policy."""
        self.evaluate("1")
        found = []
        for event in self.events:
            if event.get("method") == "Runtime.exceptionThrown":
                details = event["params"]["exceptionDetails"]
                found.append(str(details.get("exception", {}).get("description", details["text"])))
            if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
                found.append(str(event["params"]["entry"]["text"]))
        return found


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Waits until a condition holds; returns whether it did in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()
