"""Source of a film: a performance and the video of which it was captured."""

import glob
from dataclasses import dataclass, replace
from pathlib import Path

from bodydouble.data import Clip, Performance
from bodydouble.errors import InvalidDataError, MediaError
from bodydouble.formats import performance as performance_files
from bodydouble.formats.media import probe
from bodydouble.pipeline.animating import clip_name
from bodydouble.tracking.selection import parse_selection, select_people

PERFORMANCE_ENDING = "_performance.npz"
"""End of the name of the performance that is kept beside a film."""
CORRECTED_ENDING = "_corrected.npz"
"""End of the name of a corrected performance, after the name of the automatic one without ``.npz``."""
FOLDER_ENDING = "_bodydouble"
"""End of the name of the folder in which ``capture`` and ``animate`` write beside a video."""
VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".gif")
DURATION_TOLERANCE = 0.02
"""Maximum relative difference between the durations of a performance and of its video: containers round them."""


@dataclass(frozen=True, slots=True)
class Footage:
    """Material of a film: a performance, and its video if that is known."""

    performance: Performance
    clip: Clip | None = None

    def require_clip(self, purpose: str) -> Clip:
        """Returns the video; raises MediaError if it is not known."""
        if self.clip is None:
            raise MediaError(f"{purpose} needs the video of the performance; name it with --video")
        return self.clip


@dataclass(frozen=True, slots=True)
class FilmPlace:
    """Name and place from which the default names of files are made."""

    name: str
    """Name of the clip."""
    beside: Path
    """File beside which a film is written."""
    video: Path | None
    """The video, if it is known."""


def is_performance(path: Path) -> bool:
    """Returns whether a path is that of a performance and not of a video."""
    return path.suffix.lower() == ".npz"


def find_place(source: Path, video: Path | None) -> FilmPlace:
    """Finds the name of a clip and its video.

    Args:
        source: a video, or a performance.npz.
        video: the video of a performance; None: the one that stands where films and captures leave it, if it does.

    Raises:
        InvalidDataError: a video was given for a video.
    """
    if not is_performance(source):
        if video is not None:
            raise InvalidDataError(f"--video names the video of a performance.npz; {source} is a video itself")
        return FilmPlace(clip_name(source), source, source)
    name, found = _find_video(source)
    return FilmPlace(name, video or found or source, video or found)


def load_footage(path: Path, video: Path | None, people: str) -> Footage:
    """Loads a performance and describes its video.

    Args:
        path: a performance.npz.
        video: its video, if that is known.
        people: selection of people, as for ``capture``.

    Raises:
        FormatError: the performance cannot be read.
        MediaError: the video cannot be read.
        InvalidDataError: the video is another clip, or the performance lacks a person.
    """
    loaded = performance_files.load(path)
    clip = None if video is None else probe(video)
    if clip is not None:
        check_clip(loaded, clip)
    return Footage(_select_people(loaded, people), clip)


def check_clip(performance: Performance, clip: Clip) -> None:
    """Checks that a performance was captured from a clip. Raises InvalidDataError if sizes or durations differ."""
    seconds = performance.frame_count / float(performance.fps)
    size, count = performance.camera.image_size, clip.frame_count
    clip_seconds = seconds if count is None else count / float(clip.fps)
    tolerance = DURATION_TOLERANCE * seconds + 1.0 / float(min(clip.fps, performance.fps))
    if size != clip.image_size or abs(clip_seconds - seconds) > tolerance:
        raise InvalidDataError(
            f"the performance is of another clip than {clip.path}: it has {seconds:.2f} s of {size[0]}x{size[1]} px, "
            f"the video {clip_seconds:.2f} s of {clip.image_size[0]}x{clip.image_size[1]} px"
        )


def _find_video(path: Path) -> tuple[str, Path | None]:
    """Returns the name of the clip of a performance, and its video if that stands where films and captures leave it."""
    folder = path.resolve().parent
    file = path.name
    if file.endswith(CORRECTED_ENDING):
        file = file.removesuffix(CORRECTED_ENDING) + ".npz"
    name = Path(file).stem
    if file.endswith(PERFORMANCE_ENDING):
        name = file.removesuffix(PERFORMANCE_ENDING)
    elif folder.name.endswith(FOLDER_ENDING):
        name, folder = folder.name.removesuffix(FOLDER_ENDING), folder.parent
    neighbours = sorted(folder.glob(f"{glob.escape(name)}.*"))
    return name, next((p for p in neighbours if p.suffix.lower() in VIDEO_SUFFIXES), None)


def _select_people(performance: Performance, selection: str) -> Performance:
    tracks = {person.name: person.track for person in performance.people}
    selected = select_people(tracks, parse_selection(selection), performance.camera.image_size, performance.frame_count)
    return replace(performance, people=tuple(person for person in performance.people if person.name in selected))
