"""Takes: the videos of the library with their titles and options, one small JSON file per take.

Files of a take, below the folder of the studio: ``takes/ID.json``, ``videos/ID.mp4`` (as uploaded), ``posters/ID.jpg``,
and ``ID`` with the results. IDs are random, and all names on the disk are made of them. While a take is added or
removed, there is a file ``takes/ID.partial``; after a stop of the program, what belongs to it is removed.
"""

import json
import re
import secrets
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bodydouble.formats.atomic import atomic_write, ensure_folder, output_errors
from bodydouble.jobs.delivery import JOB_FILE, WORK_FOLDER
from bodydouble.jobs.job import Job, JobRequest
from bodydouble.jobs.stages import CHARACTER, FILM
from bodydouble.studio.own_characters import CharacterShelf
from bodydouble.studio.paths import remove_path
from bodydouble.studio.titles import clean_title

TAKES, VIDEOS, POSTERS, CHARACTERS, UPLOADS, EXPORTS = (
    "takes", "videos", "posters", "characters", ".uploads", ".exports",
)  # fmt: skip
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """Facts about a video."""

    width: int
    """Width of the upright image, px."""
    height: int
    fps: str
    """Exact rate, such as 30000/1001."""
    frames: int
    """0 if the number is not known before the video is decoded."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Take:
    """A video of the library."""

    id: str
    title: str
    video: str
    """Name of the uploaded file in the folder of videos."""
    key: str
    """Key of its job."""
    created: float
    """Time of the upload, seconds since 1970."""
    facts: VideoFacts
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the job, as JSON has them; a character of one's own is named as in ``own_characters``."""
    is_cancelled: bool = False
    delivered: Mapping[str, Any] | None = None
    """Key and options of the results that there are while others are made, with another character; else None."""

    def characters(self) -> set[str]:
        """Returns the names of the characters in the options."""
        return {str(self.options[name]) for name in (CHARACTER, FILM) if self.options.get(name)}


class Library:
    """Takes in a folder."""

    def __init__(self, folder: Path) -> None:
        """Creates the folders that are missing, and removes what a stop left in them; raises OutputError."""
        self.folder = folder
        self.characters = CharacterShelf(folder / CHARACTERS)
        for name in (TAKES, VIDEOS, POSTERS, UPLOADS, EXPORTS):
            ensure_folder(folder / name)
        for name in (UPLOADS, EXPORTS):
            for left in (folder / name).iterdir():
                remove_path(left)
        for mark in (folder / TAKES).glob("*.partial"):
            self._remove_partial(mark)
        for left in (folder / TAKES).glob(".*"):
            remove_path(left)
        self.remove_unused_characters()

    def list_takes(self) -> list[Take]:
        """Returns all takes, the newest first."""
        takes = [self.find(path.stem) for path in (self.folder / TAKES).glob("*.json")]
        return sorted((take for take in takes if take), key=lambda take: (-take.created, take.id))

    def find(self, take_id: str) -> Take | None:
        """Returns the take of an ID, which may be anything that a client sent; None if there is none."""
        if not _ID.fullmatch(take_id):
            return None
        with suppress(OSError, ValueError, KeyError, TypeError):
            record = json.loads(self._path(take_id).read_text(encoding="utf-8"))
            return Take(**{**record, "facts": VideoFacts(**record["facts"])})
        return None

    def save(self, take: Take) -> None:
        """Writes a take; raises OutputError."""
        with atomic_write(self._path(take.id)) as temporary:
            temporary.write_text(json.dumps(asdict(take), indent=2), encoding="utf-8")

    def rename(self, take: Take, title: str) -> Take:
        """Gives a take another title and returns it."""
        renamed = replace(take, title=clean_title(title))
        self.save(renamed)
        return renamed

    def add(self, take: Take, video: Path, poster: Path) -> None:
        """Adds a take with its video and its picture, which are moved.

        Raises:
            OutputError: something cannot be written; nothing of the take remains.
        """
        mark = self._mark(take.id)
        with output_errors(mark):
            mark.touch()
            try:
                video.rename(self.video(take))
                poster.rename(self.poster(take))
                self.save(take)
                mark.unlink()
            except BaseException:
                self._path(take.id).unlink(missing_ok=True)
                self._remove_partial(mark)
                raise

    def remove(self, take: Take) -> None:
        """Removes a take with its video and its results, and its character if that is removed and used no more."""
        mark = self._mark(take.id)
        with suppress(FileNotFoundError), output_errors(mark):
            self._path(take.id).rename(mark)
        remove_path(self.work_folder(take))
        self._remove_partial(mark)
        self.remove_unused_characters()

    def _remove_partial(self, mark: Path) -> None:
        """Removes what belongs to a take that was not added, or was removed, in full."""
        take_id = mark.stem
        if not self._path(take_id).exists() and _ID.fullmatch(take_id):
            remove_path(self.folder / take_id)
            for name in (VIDEOS, POSTERS):
                for path in (self.folder / name).glob(f"{take_id}.*"):
                    remove_path(path)
        remove_path(mark)

    def remove_unused_characters(self) -> None:
        """Removes the files of characters that are removed and that no take uses."""
        self.characters.discard(self.count_uses())

    def count_uses(self) -> Counter[str]:
        """Returns in how many takes each character is seen, or will be."""
        return Counter(
            name for take in self.list_takes() for name in take.characters() | self.delivered(take).characters()
        )

    def _path(self, take_id: str) -> Path:
        return self.folder / TAKES / f"{take_id}.json"

    def _mark(self, take_id: str) -> Path:
        return self.folder / TAKES / f"{take_id}.partial"

    def work_folder(self, take: Take) -> Path:
        """Returns the folder in which the job of a take works."""
        return self.folder / WORK_FOLDER / take.key[:24]

    def video(self, take: Take) -> Path:
        """Returns the path of the uploaded video."""
        return self.folder / VIDEOS / take.video

    def poster(self, take: Take) -> Path:
        """Returns the path of the picture that stands for the take."""
        return self.folder / POSTERS / f"{take.id}.jpg"

    def results(self, take: Take) -> Path:
        """Returns the folder of the results; it exists when the job is done."""
        return self.folder / take.id

    def create_job(self, take: Take) -> Job:
        """Returns the job of a take."""
        return Job(take.key, JobRequest(self.video(take), take.id, self.resolve(take.options)))

    def resolve(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Returns options with the files of one's own characters in place of their names."""
        return {name: self.characters.resolve(value) for name, value in options.items()}

    def delivered(self, take: Take) -> Take:
        """Returns a take with the key and the options of the results that there are, which may be of an earlier job."""
        if take.delivered is None or read_delivered_key(self.results(take)) == take.key:
            return take
        return replace(take, key=take.delivered["key"], options=take.delivered["options"])


def read_delivered_key(folder: Path) -> str | None:
    """Returns the key of the job whose results are in a folder; None if there are none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))["key"])
    return None


def create_id() -> str:
    """Creates a random ID of a take."""
    return secrets.token_hex(8)
