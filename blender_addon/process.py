"""bodydouble as a process of its own, beside a Blender that stays usable."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import IO

PROGRESS, ERROR = "progress: ", "bodydouble: "
"""Beginnings of the lines on standard error in which bodydouble reports."""


class ProgramError(Exception):
    """bodydouble is not installed or failed; the message is one line for the user."""


class Job:
    """A run of bodydouble."""

    def __init__(self, program: str, arguments: Sequence[str]) -> None:
        """Starts the process.

        Args:
            program: command or path of bodydouble.
            arguments: command and options.

        Raises:
            ProgramError: there is no such program.
        """
        found = shutil.which(Path(program).expanduser())
        if found is None:
            raise ProgramError(
                f"bodydouble was not found as '{program}': install it, and name its program in the add-on's preferences"
            )
        self.progress = "starting"
        self.fraction = 0.0
        """Part of the current stage that is done, 0 to 1."""
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            [found, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=os.environ | {"BODYDOUBLE_PROGRESS": "lines"},
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )
        self._reader = Thread(target=self._read, args=(self._process.stderr,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                if line.startswith(PROGRESS):
                    self._show_progress(*line.removeprefix(PROGRESS).rsplit(maxsplit=2))
                elif line.strip():
                    self._lines.append(line.strip())

    def _show_progress(self, stage: str, done: str, total: str) -> None:
        is_known = total.isdecimal() and int(total) > 0
        self.progress = f"{stage}: {done} of {total}" if is_known else stage
        self.fraction = int(done) / int(total) if is_known else 0.0

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def cancel(self) -> None:
        """Ends the process."""
        self._process.terminate()
        self._process.wait()

    def wait(self) -> None:
        """Waits for the end of the process.

        Raises:
            ProgramError: it failed.
        """
        self._process.wait()
        self._reader.join()
        if self._process.returncode != 0:
            reported = [line for line in self._lines if line.startswith(ERROR)] or self._lines or ["it gave no reason"]
            raise ProgramError(f"bodydouble failed: {reported[-1].removeprefix(ERROR)}")
