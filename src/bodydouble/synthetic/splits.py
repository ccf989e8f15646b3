"""Splits of motion capture by subject: clips for training, validation and test.

The table split.csv is written by tools/split_motions.py.
"""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path

from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import atomic_write

TABLE_PATH = Path(__file__).with_name("split.csv")
"""Path of the table of all clips."""

SPLITS = ("train", "validation", "test")
"""Names of the splits."""


@dataclass(frozen=True, slots=True)
class MocapClip:
    """Clip of motion capture."""

    source: str
    """Collection, such as cmu or uiprmd: a folder of files, or an archive of clips."""
    subject: str
    """Performer: a number of the CMU database, or a name within the source."""
    file: str
    """Path within the source, or the name of the clip in an archive."""
    kind: str
    """Kind of motion: walk, sport, dance, floor, exercise or other."""
    split: str
    """One of SPLITS."""
    seconds: float


@cache
def load_table() -> tuple[MocapClip, ...]:
    """Loads all clips, sorted by source and file."""
    with TABLE_PATH.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return tuple(
            MocapClip(r["source"], r["subject"], r["file"], r["kind"], r["split"], float(r["seconds"])) for r in rows
        )


def select_clips(split: str, source: str | None = None) -> tuple[MocapClip, ...]:
    """Returns the clips of a split.

    Args:
        split: "train", "validation" or "test".
        source: a collection; None for all.

    Raises:
        InvalidDataError: there is no such split or source.
    """
    sources = sorted({clip.source for clip in load_table()})
    if split not in SPLITS:
        raise InvalidDataError(f"no split {split!r}; there are {', '.join(SPLITS)}")
    if source is not None and source not in sources:
        raise InvalidDataError(f"no motion source {source!r}; there are {', '.join(sources)}")
    return tuple(clip for clip in load_table() if clip.split == split and source in (None, clip.source))


def write_table(rows: Iterable[MocapClip]) -> None:
    """Writes the table of all clips.

    Raises:
        OutputError: the file cannot be written.
    """
    names = [field.name for field in fields(MocapClip)]
    with atomic_write(TABLE_PATH) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) | {"seconds": f"{row.seconds:.2f}"} for row in rows)
