"""The studio without HTTP: library, queue and helper process, and what can be done with takes."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import time
from typing import Any

from bodydouble.characters.load import LIKE_ME, builtin_names, cast_names
from bodydouble.errors import BodydoubleError, InvalidDataError
from bodydouble.formats.atomic import ensure_folder, output_errors
from bodydouble.jobs.job import JobRequest, compute_key
from bodydouble.jobs.stages import CHARACTER, FILM
from bodydouble.studio.annotating import Annotator
from bodydouble.studio.character_check import examine_character
from bodydouble.studio.correcting import Corrector
from bodydouble.studio.download_queue import Download, DownloadQueue
from bodydouble.studio.downloads import check_formats, list_formats
from bodydouble.studio.helpers import READ_SECONDS, Helper
from bodydouble.studio.own_characters import OWN, OwnCharacter, create_character
from bodydouble.studio.paths import remove_path
from bodydouble.studio.playback import PLAYBACK_FILE, decode_frame, examine_video
from bodydouble.studio.queue import WORKER_COMMAND, JobQueue
from bodydouble.studio.settings import StudioSettings
from bodydouble.studio.status import StatusBoard, TakeStatus
from bodydouble.studio.takes import EXPORTS, UPLOADS, Library, Take, create_id
from bodydouble.studio.titles import clean_title

QUALITIES = ("fast", "balanced", "best")


def list_characters() -> tuple[str, ...]:
    """Returns the names of the characters that the page offers."""
    return (LIKE_ME, *cast_names(), *builtin_names())


class Studio:
    """Takes and their jobs. A context manager; all methods raise BodydoubleError."""

    def __init__(self, settings: StudioSettings, worker_command: Sequence[str] = WORKER_COMMAND) -> None:
        ensure_folder(settings.folder)
        self.settings = settings
        self.is_closing = Event()
        """Set when streams of events must end."""
        self.library = Library(settings.folder)
        self.queue = JobQueue(settings.folder, worker_command)
        self._viewer, self._examiner, self._writer = (Helper(max_seconds=READ_SECONDS) for _ in range(3))
        self.corrector = Corrector(self._writer)
        self.downloads = DownloadQueue(settings.folder / EXPORTS)
        self.annotator = Annotator(self.corrector, self._viewer)
        self._board = StatusBoard(self.library, self.corrector)

    def __enter__(self) -> "Studio":
        self.queue.__enter__()
        self._restore_jobs()
        return self

    def __exit__(self, *_: object) -> None:
        self.queue.__exit__()
        for ended in (self._viewer, self._examiner, self._writer, self.corrector, self.downloads):
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

    def check_options(self, character: str, quality: str, film: bool) -> dict[str, Any]:
        """Returns options of a job; raises InvalidDataError if one is unknown."""
        self._check_character(character)
        if quality not in QUALITIES:
            raise InvalidDataError(f"there is no quality {quality!r}; choose {', '.join(QUALITIES)}")
        return {CHARACTER: character, "quality": quality, FILM: film and character, "preview": False}

    def _check_character(self, character: str) -> None:
        if character.startswith(f"{OWN}:"):
            self.library.characters.check(character)
        elif character not in list_characters():
            raise InvalidDataError(f"there is no character {character[:40]!r}")

    async def create_take(self, upload: Path, suffix: str, title: str, options: Mapping[str, Any]) -> Take:
        """Makes a take of an uploaded file and puts it into the queue; the same video is not taken twice.

        Raises:
            MediaError: the file cannot be decoded.
            OutputError: the disk is full. Nothing of the take remains.
        """
        named, poster = upload.with_suffix(suffix), upload.with_suffix(".jpg")
        try:
            upload.rename(named)
            facts = await self._examiner.call(examine_video, named, poster)
            # Without a folder the key is that of all copies of the video.
            key = await self._compute_key(named, options)
            known = next((take for take in self.library.list_takes() if take.key == key), None)
            if known is not None:
                return known
            take_id = create_id()
            take = Take(take_id, clean_title(title), f"{take_id}{suffix}", key, time(), facts, options)
            self.library.add(take, named, poster)
            try:
                self._enqueue(take)
            except BodydoubleError:
                self.library.remove(take)
                raise
        finally:
            for path in (upload, named, poster):
                remove_path(path)
        return take

    async def _compute_key(self, video: Path, options: Mapping[str, Any]) -> str:
        return await asyncio.to_thread(compute_key, JobRequest(video, "", self.library.resolve(options)))

    async def create_character(self, upload: Path, suffix: str, title: str) -> OwnCharacter:
        """Makes a character of one's own of an uploaded file.

        Raises:
            FormatError: it cannot be animated.
            OutputError: the disk is full. Nothing of the character remains.
        """
        character = create_character(clean_title(title), suffix, ())
        folder = upload.with_suffix(".folder")
        try:
            with output_errors(folder):
                folder.mkdir()
                upload.rename(folder / character.file)
            notes = await self._examiner.call(
                examine_character, folder / character.file, folder / self.library.characters.picture(character).name
            )
            character = replace(character, notes=notes)
            self.library.characters.add(character, folder)
        finally:
            remove_path(upload)
            remove_path(folder)
        return character

    def remove_character(self, character: OwnCharacter) -> None:
        """Offers a character no more; its files stay until no take uses it."""
        self.library.characters.remove(character)
        self.library.remove_unused_characters()

    async def change_character(self, take: Take, character: str) -> Take:
        """Lets a done take be made again with another character, from its performance; the results stay meanwhile."""
        self._check_character(character)
        self.results(take)
        current = self.library.delivered(take)
        options = {**current.options, CHARACTER: character, FILM: bool(current.options.get(FILM)) and character}
        key = await self._compute_key(self.library.video(take), options)
        return await asyncio.to_thread(self._replace_job, take.id, key, options)

    def _replace_job(self, take_id: str, key: str, options: Mapping[str, Any]) -> Take:
        """Gives a take a job of another key, or none if that is the one of its results; returns the take."""
        take = self.library.find(take_id)
        if take is None:
            raise InvalidDataError("this take was deleted")
        current = self.library.delivered(take)
        changed = replace(current, delivered=None)
        if key != current.key:
            made = {"key": current.key, "options": current.options}
            changed = replace(current, key=key, options=options, delivered=made)
        self.library.save(changed)
        self.queue.remove(take.key)
        if changed.delivered is not None:
            self._enqueue(changed)
        self.library.remove_unused_characters()
        return changed

    def cancel(self, take: Take) -> None:
        """Stops the job of a take, which can be started again; a take with results keeps these and their character."""
        current = self.library.delivered(take)
        stopped = replace(take, is_cancelled=True) if current is take else replace(current, delivered=None)
        self.library.save(stopped)
        self.queue.remove(take.key)
        if stopped.key != take.key:
            remove_path(self.library.work_folder(take))

    def restart(self, take: Take) -> None:
        """Starts the job of a take again, from its last complete stage."""
        started = replace(take, is_cancelled=False)
        self.library.save(started)
        self._enqueue(started)

    def remove(self, take: Take) -> None:
        """Removes a take with all files, and stops its job and its downloads."""
        self.queue.remove(take.key)
        self.downloads.cancel_all(take.id)
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

    def find_character(self, take: Take) -> str:
        """Returns the character of the results of a take, as ``animate`` takes it."""
        return str(self.library.resolve(self.library.delivered(take).options).get(CHARACTER))

    async def prepare_download(self, take: Take, names: Sequence[str]) -> Download:
        """Begins to write a download; raises InvalidDataError if the take has no such format."""
        folder = self.results(take)
        check_formats(names, await self.formats(take))
        return self.downloads.start(take.id, folder, names, take.title, self.find_character(take))
