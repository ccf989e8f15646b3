"""C3D files of marker positions, as Visual3D, Mokka, Vicon Nexus and MATLAB toolboxes read them.

Points are in millimetres with +Z up: X is the world's X, Y points to the world's -Z. Needs the extra ``c3d`` (ezc3d).

Source: the C3D file format user guide, https://www.c3d.org/docs/C3D_User_Guide.pdf
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.errors import MissingExtraError
from bodydouble.formats.atomic import atomic_write

Z_UP_FROM_WORLD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Axes of the file (+Z up) from those of the world (+Y up)."""
MM_PER_M = 1000.0


def write(path: Path, names: Sequence[str], positions: FloatArray, fps: Fraction) -> None:
    """Writes marker positions.

    Args:
        path: the .c3d file to write; it appears only when it is complete.
        names: names of N markers.
        positions: (T, N, 3) m, world; NaN where a marker is missing.
        fps: frame rate, frames/s; the format stores it as a 32-bit float.

    Raises:
        MissingExtraError: ezc3d is not installed.
        OutputError: the file cannot be written.
    """
    try:
        import ezc3d
    except ImportError:
        raise MissingExtraError("C3D needs the package ezc3d; install it with: pip install 'bodydouble[c3d]'") from None
    file = ezc3d.c3d()
    parameters = file["parameters"]["POINT"]
    parameters["RATE"]["value"] = [float(fps)]
    parameters["UNITS"]["value"] = ["mm"]
    parameters["LABELS"]["value"] = list(names)
    file.add_parameter("POINT", "X_SCREEN", ["+X"])
    file.add_parameter("POINT", "Y_SCREEN", ["+Z"])
    points = np.ones((4, len(names), len(positions)))
    points[:3] = np.transpose(positions @ Z_UP_FROM_WORLD.T * MM_PER_M, (2, 1, 0))
    file["data"]["points"] = points
    with atomic_write(path) as temporary:
        file.write(str(temporary))
