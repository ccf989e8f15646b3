"""Which takes are compared with which, in an order that gives nothing away."""

import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from pathlib import Path

from bodydouble.errors import MediaError

SUFFIXES = (".mp4", ".m4v", ".webm", ".mov")
"""Of the videos that browsers play."""


@dataclass(frozen=True, slots=True)
class Take:
    """One clip as one method made it."""

    clip: str
    method: str
    path: Path


@dataclass(frozen=True, slots=True)
class Trial:
    """What is seen at once: two takes of one clip, or one take that has no other."""

    takes: tuple[Take, ...]
    """From left to right."""


def find_takes(paths: Iterable[Path]) -> list[Take]:
    """The takes among videos and folders of videos, by clip and method.

    The method is the name of the video's folder, the clip the name of the file. Methods whose folders have the same
    name are told apart by the folders above.

    Raises:
        MediaError: a path does not exist, is no video or holds none, or two videos would be the same take.
    """
    # Not resolved: a link lies where somebody put it to say what made it.
    videos = sorted({Path(os.path.abspath(video)) for path in paths for video in _videos(path)})  # noqa: PTH100
    methods = _method_names(sorted({video.parent for video in videos}))
    takes = {(video.stem, methods[video.parent]): Take(video.stem, methods[video.parent], video) for video in videos}
    if len(takes) < len(videos):
        raise MediaError("a folder has two videos of the same name but for the ending; keep one of them")
    return [takes[key] for key in sorted(takes)]


def _videos(path: Path) -> list[Path]:
    if path.is_dir():
        found = [file for file in path.iterdir() if _is_video(file)]
        if not found:
            raise MediaError(f"no video in {path}; name folders that hold {', '.join(SUFFIXES)} files")
        return found
    if not path.exists():
        raise MediaError(f"{path} does not exist")
    if not _is_video(path):
        raise MediaError(f"{path} is not a video that browsers play; use {', '.join(SUFFIXES)}")
    return [path]


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")


def _method_names(folders: Sequence[Path]) -> dict[Path, str]:
    """The shortest ends of the folders' paths that tell them all apart."""
    longest = max((len(folder.parts) for folder in folders), default=1)
    for length in range(1, longest + 1):
        names = {folder: "/".join(folder.parts[-length:]) for folder in folders}
        if len(set(names.values())) == len(folders):
            break
    return names


def all_trials(takes: Iterable[Take], seed: str) -> list[Trial]:
    """Every two takes of a clip once, in random order and on random sides; the same seed gives the same trials."""
    dice = random.Random(seed)
    ordered = sorted(takes, key=lambda take: (take.clip, take.method))
    trials = []
    for _, group in groupby(ordered, key=lambda take: take.clip):
        same_clip = list(group)
        pairs: list[tuple[Take, ...]] = [*combinations(same_clip, 2)] or [tuple(same_clip)]
        trials += [Trial(tuple(dice.sample(pair, len(pair)))) for pair in pairs]
    dice.shuffle(trials)
    return trials
