"""A performance and its video, from which films are made in tests."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.data import Performance, RgbImage
from bodydouble.formats import performance as performance_files
from bodydouble.formats.media import FrameReader
from tests import builders
from tests.media_builders import beep, numbered_pictures, write_video

SIZE = (320, 240)
FRAMES = 30
FPS = Fraction(30)
ENTRY = 12
"""First frame of the second person."""
BEEP = 0.5
"""Time in s of the tone in the sound of the video."""


def build_performance(people: int = 2) -> Performance:
    """Returns a performance in which person1 is there from the start and person2 enters later, beside person1."""
    camera = builders.level_camera(FRAMES, SIZE)
    camera = replace(camera, intrinsics=np.diag([0.5, 0.5, 1.0]) @ camera.intrinsics)
    camera.intrinsics[:2, 2] = SIZE[0] / 2, SIZE[1] / 2
    cast = []
    for i in range(people):
        first = ENTRY * i
        motion = builders.smooth_motion(FRAMES - first, seed=i, fps=FPS)
        motion.root_position[:, 0] = 0.9 * i - 0.4
        motion.root_position[:, 1] = motion.skeleton.rest_offsets[0, 1]
        person = builders.performance(1, 1).people[0]
        cast.append(replace(person, name=f"person{i + 1}", motion=motion, track=builders.track(FRAMES - first, first)))
    return Performance(FPS, FRAMES, camera, tuple(cast))


def write_footage(folder: Path, people: int = 2) -> tuple[Path, Path]:
    """Writes dance.mp4, in which every frame is another pattern of bars, and dance_performance.npz."""
    video, performance = folder / "dance.mp4", folder / "dance_performance.npz"
    write_video(video, numbered_pictures(FRAMES, SIZE), fps=FPS, sound=beep(FRAMES / 30, BEEP))
    performance_files.save(performance, build_performance(people))
    return video, performance


def read_film(path: Path) -> list[RgbImage]:
    with FrameReader(path) as reader:
        return list(reader)
