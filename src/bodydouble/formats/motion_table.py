"""Tables of joint angles over time: OpenSim's .mot files, and .csv files for spreadsheets and pandas.

Source: https://opensimconfluence.atlassian.net/wiki/spaces/OpenSim/pages/53089977/Motion+.mot+Files
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.formats.atomic import atomic_write


def write_mot(path: Path, names: Sequence[str], values: FloatArray, fps: Fraction) -> None:
    """Writes coordinates of an OpenSim model.

    Args:
        path: the .mot file to write; it appears only when it is complete.
        names: names of N coordinates.
        values: (T, N) degrees; translations in m.
        fps: frame rate, frames/s.

    Raises:
        OutputError: the file cannot be written.
    """
    header = (
        f"Coordinates\nversion=1\nnRows={len(values)}\nnColumns={len(names) + 1}\ninDegrees=yes\n\n"
        "Units are S.I. units (second, meters, Newtons, ...)\nAngles are in degrees.\n\nendheader\n"
    )
    _write_table(path, header, names, values, fps, "\t")


def write_csv(path: Path, names: Sequence[str], values: FloatArray, fps: Fraction) -> None:
    """Writes named columns (T, N) after a column ``time`` in s; raises as ``write_mot`` does."""
    _write_table(path, "", names, values, fps, ",")


def _write_table(
    path: Path, header: str, names: Sequence[str], values: FloatArray, fps: Fraction, delimiter: str
) -> None:
    times = np.array([float(frame / fps) for frame in range(len(values))])
    with atomic_write(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as file:
        file.write(header + delimiter.join(["time", *names]) + "\n")
        np.savetxt(file, np.column_stack([times, np.round(values, 6) + 0.0]), fmt="%.6f", delimiter=delimiter)
