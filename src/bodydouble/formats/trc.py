"""TRC files (Track Row Column): positions of markers, as OpenSim and Pose2Sim read them.

Axes are those of the world: right-handed, +Y up. The unit is the metre.

Source: https://opensimconfluence.atlassian.net/wiki/spaces/OpenSim/pages/53089972/Marker+.trc+Files
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.formats.atomic import atomic_write


def write(path: Path, names: Sequence[str], positions: FloatArray, fps: Fraction) -> None:
    """Writes marker positions.

    Args:
        path: the .trc file to write; it appears only when it is complete.
        names: names of N markers, without tabs.
        positions: (T, N, 3) m; NaN where a marker is missing, which is written as an empty cell.
        fps: frame rate, frames/s.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_write(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as file:
        file_name = path.name.encode("ascii", "replace").decode()
        file.write("\n".join(_header_lines(file_name, names, len(positions), fps)) + "\n\n")
        for frame, row in enumerate(positions.reshape(len(positions), -1)):
            cells = ("" if np.isnan(value) else f"{value:.6f}" for value in row)
            file.write("\t".join([str(frame + 1), f"{float(frame / fps):.6f}", *cells]) + "\n")


def _header_lines(file_name: str, names: Sequence[str], frames: int, fps: Fraction) -> list[str]:
    rate = f"{float(fps):.6g}"
    markers = "\t\t\t".join(names)
    axes = "\t".join(f"{axis}{i}" for i in range(1, len(names) + 1) for axis in "XYZ")
    return [
        f"PathFileType\t4\t(X/Y/Z)\t{file_name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        "\t".join([rate, rate, str(frames), str(len(names)), "m", rate, "1", str(frames)]),
        f"Frame#\tTime\t{markers}\t\t",
        f"\t\t{axes}",
    ]
