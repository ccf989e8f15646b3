"""Clips of a queue: folders, patterns, lists and videos -> one request per clip, each with a folder name of its own."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import Any

from bodydouble.errors import MediaError
from bodydouble.jobs.job import JobRequest

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts", ".ts", ".wmv", ".flv", ".3gp",
     ".ogv", ".gif"}
)  # fmt: skip
"""Suffixes of the files in a folder that are taken for clips."""
LIST_SUFFIXES = frozenset({".txt", ".lst", ".m3u"})
"""Suffixes of text files that name a clip per line."""


def find_clips(sources: Sequence[str]) -> list[Path]:
    """Finds the clips that folders, patterns, lists and names of files stand for, each once, as absolute paths.

    A folder is searched with all folders below it. Lines of a list are relative to its folder; those that begin with #
    are skipped.

    Raises:
        MediaError: a source does not exist, or stands for no clip.
    """
    found: dict[Path, None] = {}
    for source in sources:
        clips = [path.absolute() for path in _expand(source)]
        if not clips:
            raise MediaError(f"{source} has no videos; their names must end in {', '.join(sorted(VIDEO_SUFFIXES))}")
        found.update(dict.fromkeys(clips))
    return list(found)


def _expand(source: str) -> Iterator[Path]:
    path = Path(source)
    if path.is_dir():
        yield from sorted(file for file in path.rglob("*") if _is_clip(file))
    elif path.suffix.lower() in LIST_SUFFIXES and path.is_file():
        yield from _read_list(path)
    elif path.is_file():
        yield path
    elif matches := sorted(glob(source, recursive=True)):  # noqa: PTH207 - a pattern may be absolute
        yield from (Path(match) for match in matches if Path(match).is_file())
    else:
        raise MediaError(f"{source} does not exist; give videos, a folder of them, a pattern or a list of names")


def _is_clip(file: Path) -> bool:
    return file.suffix.lower() in VIDEO_SUFFIXES and file.is_file() and not file.name.startswith(".")


def _read_list(path: Path) -> Iterator[Path]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(f"cannot read the list {path}: {error}") from error
    for number, line in enumerate(lines, start=1):
        name = line.strip()
        if name and not name.startswith("#"):
            clip = path.parent / name
            if not clip.exists():
                raise MediaError(f"{path}, line {number}: {name} does not exist")
            yield clip


def name_folders(clips: Sequence[Path]) -> list[str]:
    """Returns a folder name for each clip: its stem, with as many of its folders' names before it as it takes."""
    names = [clip.stem for clip in clips]
    for depth in range(max((len(clip.parts) for clip in clips), default=0)):
        counts = Counter(name.casefold() for name in names)
        if max(counts.values(), default=1) == 1:
            break
        names = [
            "-".join((*clip.parts[1:-1][-1 - depth :], clip.stem)) if counts[name.casefold()] > 1 else name
            for clip, name in zip(clips, names, strict=True)
        ]
    return [name if _is_first(names, k) else f"{name}{clips[k].suffix}" for k, name in enumerate(names)]


def _is_first(names: Sequence[str], index: int) -> bool:
    return names[index].casefold() not in (name.casefold() for name in names[:index])


def request_clips(clips: Sequence[Path], options: Mapping[str, Any]) -> list[JobRequest]:
    """Returns a request for each clip, all with the same options."""
    return [JobRequest(clip, name, options) for clip, name in zip(clips, name_folders(clips), strict=True)]
