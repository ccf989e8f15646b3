"""Sets of motion capture as clips of markers, fitted person by person."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from threadpoolctl import threadpool_limits

from mocap.marker_clips import MarkerClip, read_archive, read_text
from mocap.marker_motions import FittedClips, fit_subject

ARCHIVES = {"uiprmd": ("uiprmd_markers.npz", 2), "accad": ("accad_markers.npz", 1)}
"""Set -> file, and the step between frames that are used; UI-PRMD's 50 Hz are more than its slow exercises need."""
TEXTS = "accad_txt"
TEXT_LABELS = (
    "LFHD", "RFHD", "LBHD", "RBHD", "C7", "T10", "CLAV", "STRN", "RBAK", "LSHO", "LUPA", "LELB", "LFRM", "LWRA", "LWRB",
    "LFIN", "RSHO", "RUPA", "RELB", "RFRM", "RWRA", "RWRB", "RFIN", "LASI", "RASI", "LBWT", "RBWT", "LTHI", "LKNE",
    "LTIB", "LANK", "LHEE", "LTOE", "LMT5", "RTHI", "RKNE", "RTIB", "RANK", "RHEE", "RTOE", "RMT5",
)  # fmt: skip
"""Markers of the text files."""
MARKER_SETS = (*ARCHIVES, TEXTS)


def read_markers(name: str, data: Path, files: Path) -> list[MarkerClip]:
    """Reads the clips of a set.

    Args:
        name: one of MARKER_SETS.
        data: folder of the archives of markers.
        files: folder with the folder of text files.
    """
    if name == TEXTS:
        return [read_text(path, find_performer(path.stem), TEXT_LABELS) for path in sorted((files / TEXTS).iterdir())]
    file, step = ARCHIVES[name]
    clips = read_archive(data / file, find_performer, step)
    return [clip for clip in clips if not clip.name.endswith("Calibration")]


def find_performer(name: str) -> str:
    """Returns the performer of a clip by its name: s01 of UI-PRMD, ACCAD's Male2, or the beginning of a text file."""
    if exercise := re.search(r"_(s\d\d)_", name):
        return exercise[1]
    actor = re.match(r"Female|Male\d|KareenBalsam|per|mike|Aug|[EG](?=\d)", name)
    if actor is None:
        raise ValueError(f"the performer of {name!r} is not known")
    return actor[0]


def fit_set(clips: list[MarkerClip]) -> Iterator[FittedClips]:
    """Yields the motions of one performer after the other."""
    subjects = sorted({clip.subject for clip in clips})
    with ProcessPoolExecutor(os.cpu_count(), initializer=threadpool_limits, initargs=(1,)) as pool:
        yield from pool.map(fit_subject, [[clip for clip in clips if clip.subject == s] for s in subjects])
