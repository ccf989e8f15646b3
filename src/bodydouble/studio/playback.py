"""Playback copy of a video: the same frames at an exact constant rate, with key frames close to each other.

Every browser plays it, whatever the camera wrote, and frame i of a performance is its frame i. So single frames are
found fast and exactly.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from PIL import Image

from bodydouble.data import RgbImage
from bodydouble.errors import MediaError
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.media import FrameReader, VideoWriter, probe
from bodydouble.formats.media.encodings import MP4
from bodydouble.pipeline.progress import Progress
from bodydouble.studio.takes import VideoFacts

PLAYBACK_FILE = "video.mp4"
MAX_SIDE = 1280
"""Maximum longer side of the copy in px."""
POSTER_SIDE = 640
POSTER_FRAME = 45
"""Index of the frame that stands for the video, if it is in the first third."""
KEY_FRAME_DISTANCE = 12
_JPEG = {"format": "JPEG", "quality": 85}
_ENCODING = replace(
    MP4,
    encoders={
        "libx264": {"crf": "23", "preset": "veryfast", "g": str(KEY_FRAME_DISTANCE), "bf": "0"},
        "libopenh264": {"g": str(KEY_FRAME_DISTANCE)},
        "mpeg4": {"qscale": "4", "g": str(KEY_FRAME_DISTANCE)},
    },
)


def write_playback(video: Path, path: Path, progress: Progress) -> None:
    """Writes the playback copy of a video; raises BodydoubleError if the video cannot be read or the copy written."""
    clip = probe(video)
    size = _fit(clip.image_size, MAX_SIDE)
    with (
        progress.stage("video", clip.frame_count),
        FrameReader(video, image_size=size) as reader,
        VideoWriter(path, image_size=size, fps=clip.fps, audio_from=video, fast=True, encoding=_ENCODING) as writer,
    ):
        for frame in progress.track(reader):
            writer.write(frame)


def examine_video(video: Path, poster: Path) -> VideoFacts:
    """Returns facts about a video, and writes one of its first frames as a JPEG picture.

    Raises:
        MediaError: nothing of it can be decoded.
        OutputError: the picture cannot be written.
    """
    clip = probe(video)
    with FrameReader(video, image_size=_fit(clip.image_size, POSTER_SIDE)) as reader:
        wanted = min(POSTER_FRAME, (clip.frame_count or 0) // 3)
        frame = None
        for index, image in enumerate(reader):  # the last one that can be decoded, if the video is broken
            frame = image
            if index >= wanted:
                break
    if frame is None:
        raise MediaError("no frame of the video can be decoded")
    with atomic_write(poster) as temporary:
        temporary.write_bytes(encode_jpeg(frame))
    frames = clip.frame_count or 0
    return VideoFacts(*clip.image_size, str(clip.fps), frames, float(frames / clip.fps))


def decode_frame(path: Path, index: int, file_format: str = "JPEG") -> bytes:
    """Decodes one frame of a playback copy.

    Args:
        path: the copy.
        index: index of the frame, from 0.
        file_format: "JPEG" or "PNG".

    Raises:
        MediaError: there is no frame of that index.
    """
    for frame in _seek(path, index):
        image = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
        return encode_jpeg(image) if file_format == "JPEG" else _encode(image, {"format": "PNG", "compress_level": 1})
    raise MediaError(f"the video has no frame {index}")


def _seek(path: Path, index: int) -> Iterator[av.VideoFrame]:
    """Yields the frame of an index, if there is one."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        rate, unit = Fraction(stream.average_rate or 0), Fraction(stream.time_base or 1)
        if rate <= 0 or index < 0:
            return
        start = stream.start_time or 0
        container.seek(start + int(index / rate / unit), stream=stream, backward=True)
        for frame in container.decode(stream):
            found = round((frame.pts - start) * unit * rate) if frame.pts is not None else -1
            if found == index:
                yield frame
            if found >= index:
                return


def encode_jpeg(image: RgbImage) -> bytes:
    """Encodes an RGB image (H, W, 3) as JPEG."""
    return _encode(image, _JPEG)


def _encode(image: RgbImage, options: dict[str, object]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def _fit(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """Returns an even size of the same shape whose longer side is at most ``max_side``."""
    scale = min(1.0, max_side / max(size))
    width, height = (max(2, round(side * scale / 2) * 2) for side in size)
    return width, height
