"""Pairs of takes for a blind comparison, in random order and on random sides.

In: videos and folders of videos. Out: a list of ``Trial``.
"""

import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from pathlib import Path

from bodydouble.errors import MediaError

VIDEO_SUFFIXES = (".mp4", ".m4v", ".webm", ".mov")
"""File suffixes of the videos that browsers play."""


@dataclass(frozen=True, slots=True)
class Take:
    """Video of one clip by one method."""

    clip: str
    method: str
    path: Path


@dataclass(frozen=True, slots=True)
class Trial:
    """Takes that are shown together: two of one clip, or a single one without a counterpart."""

    takes: tuple[Take, ...]
    """The takes from left to right."""


def find_takes(paths: Iterable[Path]) -> list[Take]:
    """Finds the takes among videos and folders of videos, sorted by clip and method.

    The method is the name of the video's folder, the clip the name of the file. Folders of the same name are
    distinguished by their parent folders.

    Raises:
        MediaError: a path does not exist, is no video or holds none, or two videos would be the same take.
    """
    # Symbolic links are not resolved: the folder of the link names the method.
    videos = sorted({Path(os.path.abspath(video)) for path in paths for video in _list_videos(path)})  # noqa: PTH100
    methods = _method_names(sorted({video.parent for video in videos}))
    takes = {(video.stem, methods[video.parent]): Take(video.stem, methods[video.parent], video) for video in videos}
    if len(takes) < len(videos):
        raise MediaError("a folder holds two videos of one name with different suffixes; keep one of them")
    return [takes[key] for key in sorted(takes)]


def _list_videos(path: Path) -> list[Path]:
    if path.is_dir():
        videos = [file for file in path.iterdir() if _is_video(file)]
        if not videos:
            raise MediaError(f"no video in {path}; name folders that hold {', '.join(VIDEO_SUFFIXES)} files")
        return videos
    if not path.exists():
        raise MediaError(f"{path} does not exist")
    if not _is_video(path):
        raise MediaError(f"{path} is not a video that browsers play; use {', '.join(VIDEO_SUFFIXES)}")
    return [path]


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file() and not path.name.startswith(".")


def _method_names(folders: Sequence[Path]) -> dict[Path, str]:
    """Returns the shortest unique path endings of the folders."""
    max_length = max((len(folder.parts) for folder in folders), default=1)
    for length in range(1, max_length + 1):
        names = {folder: "/".join(folder.parts[-length:]) for folder in folders}
        if len(set(names.values())) == len(folders):
            break
    return names


def create_trials(takes: Iterable[Take], seed: str) -> list[Trial]:
    """Pairs every two takes of a clip, in random order and on random sides; a seed always gives the same trials."""
    rng = random.Random(seed)
    ordered = sorted(takes, key=lambda take: (take.clip, take.method))
    trials = []
    for _, group in groupby(ordered, key=lambda take: take.clip):
        same_clip = list(group)
        pairs: list[tuple[Take, ...]] = [*combinations(same_clip, 2)] or [tuple(same_clip)]
        trials += [Trial(tuple(rng.sample(pair, len(pair)))) for pair in pairs]
    rng.shuffle(trials)
    return trials
