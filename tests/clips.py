"""The real clip in the repository, and parts of it."""

from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from bodydouble.data import RgbImage
from bodydouble.formats.media import FrameReader, VideoWriter

EXAMPLE = Path(__file__).parents[1] / "examples" / "street.mp4"
FPS = Fraction(30)


def read_example_frames(first: int, count: int, width: int = 1280) -> list[RgbImage]:
    """Reads consecutive frames, scaled to a width."""
    with FrameReader(EXAMPLE) as reader:
        frames = list(islice(reader, first, first + count))
    height = round(frames[0].shape[0] * width / frames[0].shape[1] / 2) * 2
    return [np.asarray(cv2.resize(f, (width, height), interpolation=cv2.INTER_AREA), np.uint8) for f in frames]


def write_clip(path: Path, frames: list[RgbImage], fps: Fraction = FPS) -> Path:
    """Writes frames of even sizes as an mp4, with the same bytes on machines with more and with fewer cores."""
    height, width = frames[0].shape[:2]
    with VideoWriter(path, image_size=(width, height), fps=fps, threads=1) as writer:
        for frame in frames:
            writer.write(np.ascontiguousarray(frame))
    return path
