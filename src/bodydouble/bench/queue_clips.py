"""Clips for the benchmark of the queue: short pieces of videos, each with a content of its own."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from bodydouble.data import RgbImage
from bodydouble.errors import MediaError
from bodydouble.formats.media import FrameReader, VideoWriter, probe

IMAGE_SIZE = (640, 360)
"""Width and height of the clips, px."""


def cut_clips(videos: Sequence[Path], folder: Path, count: int, seconds: float) -> list[Path]:
    """Cuts clips that begin at different frames, evenly spread over the videos.

    Args:
        videos: the videos.
        folder: folder of the clips, which is created.
        count: number of clips.
        seconds: length of a clip, s.

    Raises:
        MediaError: a video cannot be read, or the videos have fewer such pieces.
        OutputError: a clip cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frames = {video: _read_frames(video) for video in videos}
    rates = {video: probe(video).fps for video in videos}
    lengths = {video: round(seconds * rates[video]) for video in videos}
    starts = [(video, k) for video in videos for k in range(len(frames[video]) - lengths[video] + 1)]
    if len(starts) < count:
        raise MediaError(f"the videos have {len(starts)} pieces of {seconds} s; give longer ones or --clips")
    clips = []
    for number in range(count):
        video, start = starts[number * len(starts) // count]
        clips.append(folder / f"{number:04d}-{video.stem}-{start}.mp4")
        with VideoWriter(clips[-1], image_size=IMAGE_SIZE, fps=rates[video], fast=True) as writer:
            for frame in frames[video][start : start + lengths[video]]:
                writer.write(frame)
    return clips


def _read_frames(video: Path) -> list[RgbImage]:
    with FrameReader(video) as reader:
        return [cv2.resize(frame, IMAGE_SIZE, interpolation=cv2.INTER_AREA).astype(np.uint8) for frame in reader]
