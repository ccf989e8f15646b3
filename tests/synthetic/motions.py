"""DeepMimic files for tests."""

import json
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray


def rows(frames: int, seconds: float = 1 / 30) -> FloatArray:
    """Rows (T, 44) of a person who stands upright with hanging arms and faces +X."""
    quaternion = [1.0, 0.0, 0.0, 0.0]
    row = [seconds, 0.0, 0.9, 0.0, *quaternion, *quaternion, *quaternion]
    for _ in range(2):
        row += [*quaternion, 0.0, *quaternion, *quaternion, 0.0]
    return np.tile(row, (frames, 1))


def squats(frames: int = 24) -> FloatArray:
    """Rows (T, 44) of a person who flexes and extends knees and elbows, with the feet flat on the floor."""
    frame_rows = rows(frames)
    bend = 0.5 * (1 - np.cos(np.linspace(0, 2 * np.pi, frames)))
    turn = np.stack([np.cos(0.4 * bend), 0 * bend, 0 * bend, np.sin(0.4 * bend)], axis=1)
    for hip, knee, ankle, elbow in ((16, 20, 21, 29), (30, 34, 35, 43)):
        frame_rows[:, hip : hip + 4] = turn
        frame_rows[:, ankle : ankle + 4] = turn
        frame_rows[:, knee] = -1.6 * bend
        frame_rows[:, elbow] = 1.2 * bend
    frame_rows[:, 2] = 0.9 - (0.422 + 0.410) * (1 - np.cos(0.8 * bend))
    return frame_rows


def write(path: Path, frames: FloatArray) -> Path:
    """Writes a motion file."""
    path.write_text(json.dumps({"Loop": "none", "Frames": frames.tolist()}))
    return path
