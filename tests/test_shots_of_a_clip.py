"""Shots of a real clip: from the cut in the video to the performance and the film."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.formats import performance as performance_files
from bodydouble.formats.media import FrameReader, VideoWriter
from bodydouble.pipeline import capture

EXAMPLES = Path(__file__).parents[1] / "examples"
SIZE = (640, 360)
CUT = 20
"""First frame of the second shot."""


def write_two_shots(path: Path) -> Path:
    """Writes 20 frames of each of two videos, one after the other."""
    with VideoWriter(path, image_size=SIZE, fps=Fraction(30)) as writer:
        for name, start in (("walk", 20), ("street", 100)):
            with FrameReader(EXAMPLES / f"{name}.mp4", image_size=SIZE) as reader:
                for index, frame in enumerate(reader):
                    if start <= index < start + CUT:
                        writer.write(frame)
    return path


@pytest.mark.slow
def test_a_capture_keeps_the_shots_of_the_video(tmp_path: Path) -> None:
    performance = capture(write_two_shots(tmp_path / "cut.mp4"))
    assert performance.shot_starts == (CUT,)
    positions = np.linalg.inv(performance.camera.camera_from_world)[:, :3, 3]
    assert np.linalg.norm(np.diff(positions, axis=0), axis=1).argmax() == CUT - 1
    performance_files.save(tmp_path / "performance.npz", performance)
    assert performance_files.load(tmp_path / "performance.npz").shot_starts == (CUT,)
