"""Queue of downloads: each is written in a helper process, one after the other, and can be cancelled."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from bodydouble.errors import BodydoubleError
from bodydouble.formats.atomic import output_errors
from bodydouble.studio.downloads import write_download
from bodydouble.studio.helpers import Helper, Step
from bodydouble.studio.paths import remove_path
from bodydouble.studio.web_errors import explain_disk_error

MAX_DOWNLOADS = 20
"""Number of downloads that are kept."""


STARTING, WAITING = Step("Starting", 0.0), Step("Waits for another download", 0.0)


class DownloadState(StrEnum):
    """State of a download."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Download:
    """A download that is written, or that can be fetched."""

    take_id: str
    folder: Path
    """Folder of its own for its files."""
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    state: DownloadState = DownloadState.RUNNING
    name: str = ""
    """Name under which it is offered."""
    step: Step = STARTING
    error: str = ""
    """Line for people about its failure."""

    @property
    def path(self) -> Path:
        """Path of its file."""
        return self.folder / "file"

    def as_json(self) -> dict[str, Any]:
        """Returns what the page shows."""
        return {
            "id": self.id,
            "state": self.state,
            "text": self.step.text,
            "progress": self.step.fraction,
            "error": self.error,
            "url": f"/downloads/{self.id}" if self.state is DownloadState.DONE else None,
        }


class DownloadQueue:
    """Downloads in a folder."""

    def __init__(self, folder: Path) -> None:
        """Takes an existing folder."""
        self._folder = folder
        self._writer = Helper()
        self._downloads: dict[str, Download] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, take_id: str, results: Path, names: Sequence[str], title: str, character: str) -> Download:
        """Begins to write a download of a folder of results; further arguments as for ``write_download``."""
        download = Download(take_id, self._folder / secrets.token_hex(8), step=WAITING if self._tasks else STARTING)
        self._downloads[download.id] = download
        work = self._write(download, (results, names, title, character, download.path))
        self._tasks[download.id] = asyncio.get_running_loop().create_task(work)
        self._discard_old()
        return download

    def find(self, download_id: str) -> Download | None:
        """Returns the download of an ID; None if there is none."""
        return self._downloads.get(download_id)

    def cancel(self, download: Download) -> None:
        """Stops a download and removes its files."""
        self._downloads.pop(download.id, None)
        task = self._tasks.pop(download.id, None)
        if task is not None:
            task.get_loop().call_soon_threadsafe(task.cancel)
        else:
            remove_path(download.folder)

    def cancel_all(self, take_id: str) -> None:
        """Stops all downloads of a take."""
        for download in list(self._downloads.values()):
            if download.take_id == take_id:
                self.cancel(download)

    def close(self) -> None:
        """Ends the helper process."""
        self._writer.close()

    async def _write(self, download: Download, arguments: Sequence[object]) -> None:
        def note(step: Step) -> None:
            download.step = step

        try:
            with output_errors(download.folder):
                download.folder.mkdir()
            download.name = await self._writer.call_with_steps(write_download, *arguments, on_step=note)
            download.state = DownloadState.DONE
        except BodydoubleError as error:
            download.state, download.error = DownloadState.FAILED, str(explain_disk_error(error) or error)
        except RuntimeError as error:
            download.state, download.error = DownloadState.FAILED, str(error)
        finally:
            self._tasks.pop(download.id, None)
            if download.state is not DownloadState.DONE:
                remove_path(download.folder)

    def _discard_old(self) -> None:
        done = [download for download in self._downloads.values() if download.id not in self._tasks]
        for download in done[: max(0, len(self._downloads) - MAX_DOWNLOADS)]:
            self.cancel(download)
