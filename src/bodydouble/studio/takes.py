"""Takes: the videos of the library with their titles and options, one small JSON file per take.

Files of a take, below the folder of the studio: ``takes/ID.json``, ``videos/ID.mp4`` (as uploaded), ``posters/ID.jpg``,
and ``ID`` with the results. IDs are random, and all names on the disk are made of them.
"""

import json
import re
import secrets
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from typing import Any

from bodydouble.formats.atomic import atomic_write, ensure_folder
from bodydouble.jobs.job import Job, JobRequest

TAKES, VIDEOS, POSTERS, UPLOADS, EXPORTS = "takes", "videos", "posters", ".uploads", ".exports"
MAX_TITLE = 120
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
    """Options of the job, as JSON has them."""
    is_cancelled: bool = False


class Library:
    """Takes in a folder."""

    def __init__(self, folder: Path) -> None:
        """Creates the folders that are missing, and removes what a stop left in them; raises OutputError."""
        self.folder = folder
        for name in (TAKES, VIDEOS, POSTERS, UPLOADS, EXPORTS):
            ensure_folder(folder / name)
        for name in (UPLOADS, EXPORTS):
            for left in (folder / name).iterdir():
                remove_path(left)

    def list_takes(self) -> list[Take]:
        """Returns all takes, the newest first."""
        takes = [self.find(path.stem) for path in (self.folder / TAKES).glob("*.json")]
        return sorted((take for take in takes if take), key=lambda take: (-take.created, take.id))

    def find(self, take_id: str) -> Take | None:
        """Returns the take of an ID, which may be anything that a client sent; None if there is none."""
        if not _ID.fullmatch(take_id):
            return None
        with suppress(OSError, ValueError, KeyError, TypeError):
            record = json.loads((self.folder / TAKES / f"{take_id}.json").read_text(encoding="utf-8"))
            return Take(**{**record, "facts": VideoFacts(**record["facts"])})
        return None

    def save(self, take: Take) -> None:
        """Writes a take; raises OutputError."""
        with atomic_write(self.folder / TAKES / f"{take.id}.json") as temporary:
            temporary.write_text(json.dumps(asdict(take), indent=2), encoding="utf-8")

    def rename(self, take: Take, title: str) -> Take:
        """Gives a take another title and returns it."""
        renamed = replace(take, title=clean_title(title))
        self.save(renamed)
        return renamed

    def remove(self, take: Take) -> None:
        """Removes a take with its video and its results."""
        (self.folder / TAKES / f"{take.id}.json").unlink(missing_ok=True)
        for path in (self.video(take), self.poster(take), self.results(take), self.folder / ".work" / take.key[:24]):
            remove_path(path)

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
        return Job(take.key, JobRequest(self.video(take), take.id, dict(take.options)))


def create_id() -> str:
    """Creates a random ID of a take."""
    return secrets.token_hex(8)


def clean_title(text: str) -> str:
    """Returns a title of one line without control characters and without the suffix of a video's name."""
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in unicodedata.normalize("NFC", text))
    title = " ".join(visible.split())[:MAX_TITLE].strip()
    return re.sub(r"(?i)\.(mp4|m4v|mov|webm|mkv|avi|wmv|flv|ogv|gif|mpe?g|m?ts|3gp)$", "", title) or "Untitled"


def remove_path(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir():
        rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
