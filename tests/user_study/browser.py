"""Headless Chromium for tests."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")


def program() -> str | None:
    """Returns the path of the browser, if it is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browsing(url: str, profile: Path, size: tuple[int, int] = (1200, 900)) -> Iterator[None]:
    """Keeps a page open; the profile is a folder for the files of the browser."""
    command = [
        program() or "",
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--autoplay-policy=no-user-gesture-required",
        f"--window-size={size[0]},{size[1]}",
        f"--user-data-dir={profile}",
        url,
    ]
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=silent, stderr=silent, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
