"""The studio without HTTP: library, queue and helper process, and what can be done with takes."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from time import time
from typing import Any

from bodydouble.characters.load import LIKE_ME, builtin_names, cast_names
from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import ensure_folder
from bodydouble.jobs.job import JobRequest, compute_key
from bodydouble.jobs.stages import FILM
from bodydouble.studio.annotating import Annotator
from bodydouble.studio.correcting import Corrector
from bodydouble.studio.downloads import list_formats, write_download
from bodydouble.studio.helpers import Helper
from bodydouble.studio.playback import PLAYBACK_FILE, decode_frame, examine_video
from bodydouble.studio.queue import WORKER_COMMAND, JobQueue
from bodydouble.studio.settings import StudioSettings
from bodydouble.studio.status import StatusBoard, TakeStatus
from bodydouble.studio.takes import EXPORTS, UPLOADS, Library, Take, clean_title, create_id, remove_path

QUALITIES = ("fast", "balanced", "best")
MAX_EXPORTS = 20
"""Number of prepared downloads that are kept."""


@dataclass(frozen=True, slots=True)
class Download:
    """A prepared download."""

    path: Path
    name: str
    """Name under which it is offered."""


def list_characters() -> tuple[str, ...]:
    """Returns the names of the characters that the page offers."""
    return (LIKE_ME, *cast_names(), *builtin_names())


def check_options(character: str, quality: str, film: bool) -> dict[str, Any]:
    """Returns options of a job; raises InvalidDataError if one is unknown."""
    if character not in list_characters():
        raise InvalidDataError(f"there is no character {character!r}")
    if quality not in QUALITIES:
        raise InvalidDataError(f"there is no quality {quality!r}; choose {', '.join(QUALITIES)}")
    return {"character": character, "quality": quality, FILM: film, "preview": False}


class Studio:
    """Takes and their jobs. A context manager; all methods raise BodydoubleError."""

    def __init__(self, settings: StudioSettings, worker_command: Sequence[str] = WORKER_COMMAND) -> None:
        ensure_folder(settings.folder)
        self.settings = settings
        self.is_closing = Event()
        """Set when streams of events must end."""
        self.library = Library(settings.folder)
        self.queue = JobQueue(settings.folder, worker_command)
        self._viewer, self._writer = Helper(), Helper()
        self.corrector = Corrector(self._writer)
        self.annotator = Annotator(self.corrector, self._viewer)
        self._board = StatusBoard(self.library, self.corrector)
        self._downloads: dict[str, Download] = {}

    def __enter__(self) -> "Studio":
        self.queue.__enter__()
        self._restore_jobs()
        return self

    def __exit__(self, *_: object) -> None:
        self.queue.__exit__()
        for ended in (self._viewer, self._writer, self.corrector):
            ended.close()

    def _restore_jobs(self) -> None:
        """Puts takes into the queue that it has lost."""
        jobs = self.queue.list_jobs()
        for status in self._board.describe_all(jobs):
            take = self.library.find(status.id)
            if take is not None and status.state == "waiting" and take.key not in jobs:
                self.queue.add(self.library.create_job(take))

    def describe_takes(self) -> list[TakeStatus]:
        """Describes all takes, the newest first."""
        return self._board.describe_all(self.queue.list_jobs(), self.queue.problem)

    def describe_take(self, take: Take) -> TakeStatus:
        """Describes a take."""
        return self._board.describe(take, self.queue.list_jobs().get(take.key), self.queue.problem)

    def upload_path(self) -> Path:
        """Returns a new path for an upload."""
        return self.settings.folder / UPLOADS / secrets.token_hex(8)

    async def create_take(self, upload: Path, suffix: str, title: str, options: Mapping[str, Any]) -> Take:
        """Makes a take of an uploaded file and puts it into the queue; the same video is not taken twice.

        Raises:
            MediaError: the file cannot be decoded.
        """
        take_id = create_id()
        named = upload.with_suffix(suffix)
        poster = self.library.folder / "posters" / f"{take_id}.jpg"
        try:
            upload.rename(named)
            facts = await self._viewer.call(examine_video, named, poster)
            # Without a folder the key is that of all copies of the video.
            key = await asyncio.to_thread(compute_key, JobRequest(named, "", options))
            known = next((take for take in self.library.list_takes() if take.key == key), None)
            if known is not None:
                remove_path(poster)
                return known
            take = Take(take_id, clean_title(title), f"{take_id}{suffix}", key, time(), facts, options)
            named.rename(self.library.video(take))
        except BaseException:
            remove_path(poster)
            raise
        finally:
            remove_path(upload)
            remove_path(named)
        self.library.save(take)
        self._enqueue(take)
        return take

    def cancel(self, take: Take) -> None:
        """Stops the job of a take; the take stays, and can be started again."""
        self.library.save(replace(take, is_cancelled=True))
        self.queue.remove(take.key)

    def restart(self, take: Take) -> None:
        """Starts the job of a take again, from its last complete stage."""
        started = replace(take, is_cancelled=False)
        self.library.save(started)
        self._enqueue(started)

    def remove(self, take: Take) -> None:
        """Removes a take with all files, and stops its job."""
        self.queue.remove(take.key)
        self.library.remove(take)

    def _enqueue(self, take: Take) -> None:
        self.queue.remove(take.key)
        self.queue.add(self.library.create_job(take))

    def results(self, take: Take) -> Path:
        """Returns the folder of results; raises InvalidDataError if the take is not done."""
        folder = self.library.results(take)
        if not (folder / "job.json").is_file():
            raise InvalidDataError("this take is not done yet")
        return folder

    async def frame(self, take: Take, index: int, file_format: str) -> bytes:
        """Returns one frame of the video as an image file."""
        return await self._viewer.call(decode_frame, self.results(take) / PLAYBACK_FILE, index, file_format)

    async def formats(self, take: Take) -> list[str]:
        """Returns the names of the formats in which a take can be downloaded."""
        return await self._viewer.call(list_formats, self.results(take))

    async def prepare_download(self, take: Take, names: Sequence[str]) -> str:
        """Writes a download and returns its random ID."""
        download_id = secrets.token_hex(16)
        path = self.settings.folder / EXPORTS / download_id
        character = str(take.options.get("character"))
        name = await self._writer.call(write_download, self.results(take), names, take.title, character, path)
        self._downloads[download_id] = Download(path, name)
        for old in list(self._downloads)[:-MAX_EXPORTS]:
            remove_path(self._downloads.pop(old).path)
        return download_id

    def find_download(self, download_id: str) -> Download | None:
        """Returns a prepared download; None if there is none of that ID."""
        return self._downloads.get(download_id)
