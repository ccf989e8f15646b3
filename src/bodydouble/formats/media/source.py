"""Decoding: path of a video, folder of images, pattern or image -> ``Source`` of frames at a constant rate."""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

import av
from av import VideoFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from bodydouble.data import Clip
from bodydouble.errors import MediaError
from bodydouble.formats.media.deinterlace import deinterlace
from bodydouble.formats.media.focal_metadata import read_image_focal_length, read_video_focal_length
from bodydouble.formats.media.pixels import Orientation, read_orientation, scaled_size
from bodydouble.formats.media.timestamps import (
    DEFAULT_RATE,
    choose_rate,
    repair_timestamps,
    resample_frames,
    split_at_restarts,
)

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
MAX_SCANNED_FRAMES = 1800
"""Maximum number of timestamps that are read to choose the rate; a minute at 30 frames/s."""

_PICTURE = Disposition.attached_pic | Disposition.timed_thumbnails
"""Disposition of streams that hold covers or thumbnails."""

Frames = Generator[VideoFrame, None, None]
Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Clip that can be decoded any number of times."""

    clip: Clip
    scaled_size: tuple[int, int]
    """Width and height to which frames are scaled before they are made upright, px."""
    orientation: Orientation
    frames: Callable[[Warn], Frames]
    """Function that decodes the clip: one frame per instant i / fps. Its argument receives lines about damage."""

    def scale_to(self, image_size: tuple[int, int]) -> "Source":
        """Returns the same clip with upright frames of another width and height, px."""
        clip = replace(self.clip, image_size=image_size)
        return replace(self, clip=clip, scaled_size=_upright_size(image_size, self.orientation))


def open_source(path: Path, fps: Fraction | None, max_side: int | None) -> Source:
    """Opens a video, a folder of images, a pattern such as ``shots/*.png``, or one image.

    Args:
        path: The file, folder or pattern.
        fps: Rate to deliver; None: the video's native rate, or 30 for images.
        max_side: Maximum of the longer side of the delivered frames, px.

    Returns:
        The clip and a function that decodes it.

    Raises:
        MediaError: The path has nothing that can be decoded.
    """
    images = _find_images(path)
    if images:
        return _open_images(path, images, fps or DEFAULT_RATE, max_side)
    return _open_video(path, fps, max_side)


def _open_images(path: Path, images: list[Path], fps: Fraction, max_side: int | None) -> Source:
    first = _decode_image(images[0])
    size, orientation = scaled_size(first, None, max_side), read_orientation(first)
    clip = Clip(
        path, _upright_size(size, orientation), fps, len(images), focal_length_35mm=read_image_focal_length(images[0])
    )
    return Source(clip, size, orientation, lambda _: _decode_images(images, (first.width, first.height)))


def _open_video(path: Path, fps: Fraction | None, max_side: int | None) -> Source:
    with open_input(path) as container:
        stream = find_video_stream(container, path)
        parts = read_presentation_times(container, stream, MAX_SCANNED_FRAMES)
        native_rate = _choose_native_rate(stream, parts)
        field_order = stream.codec_context.field_order
        duration = _duration(container, stream)
        aspect = stream.sample_aspect_ratio
        has_audio = find_audio_stream(container) is not None
        lacks_times = _lacks_presentation_times(container)
        focal_35mm = read_video_focal_length(path, (container.metadata, stream.metadata))
    start, first = decode_first_frame(path)
    size, orientation = scaled_size(first, aspect, max_side), read_orientation(first)
    rate, period = fps or native_rate, 1 / native_rate
    if 0 < sum(map(len, parts)) < MAX_SCANNED_FRAMES:
        count = _count_frames(parts, None if lacks_times else start, period, rate)
    else:
        # The duration of a joined file is that of one of its parts.
        count = round(duration * rate) if len(parts) < 2 else 0
    clip = Clip(path, _upright_size(size, orientation), rate, count or None, has_audio, focal_35mm)

    def frames(warn: Warn) -> Frames:
        decoded = deinterlace(decode_video(path, warn), field_order, lambda: warn(_describe_interlacing(path)))
        timed = repair_timestamps(decoded, period, lambda: warn(_describe_jump(path)))
        yield from resample_frames(timed, rate)

    return Source(clip, size, orientation, frames)


def _choose_native_rate(stream: VideoStream, parts: list[list[Fraction]]) -> Fraction:
    times = max(parts, key=len, default=[])
    return choose_rate(times, stream.time_base or Fraction(1, 1000), stream.guessed_rate or stream.average_rate)


def _count_frames(parts: list[list[Fraction]], start: Fraction | None, period: Fraction, rate: Fraction) -> int:
    """Counts the frames that are delivered of those at these times; ``start`` is the time of the first one decoded."""
    # A clip cut from a stream may begin with frames that depend on missing ones.
    decodable = [time for time in parts[0] if start is None or time >= start]
    times = ((time, None) for time in chain(decodable, *parts[1:]))
    return sum(1 for _ in resample_frames(repair_timestamps(times, period), rate))


def _upright_size(size: tuple[int, int], orientation: Orientation) -> tuple[int, int]:
    width, height = size
    return (height, width) if orientation.transposed else (width, height)


# Videos


def _describe_interlacing(path: Path) -> str:
    return f"{path} is interlaced: it was deinterlaced, which halves the vertical resolution of moving parts"


def _describe_jump(path: Path) -> str:
    return f"the timestamps of {path} jump, as where files were joined: all frames are used, one after another"


def decode_video(path: Path, warn: Warn) -> Iterator[tuple[Fraction | None, VideoFrame]]:
    """Decodes every frame of a video and skips damaged parts.

    Args:
        path: The video.
        warn: Called with one line about frames that could not be decoded.

    Yields:
        Presentation time in seconds, or None if the file has none, and frame; in order of presentation.

    Raises:
        MediaError: The file cannot be opened.
    """
    decoded, damaged, discarded = 0, 0, 0
    with open_input(path) as container:
        stream = find_video_stream(container, path)
        stream.thread_type = "AUTO"
        for packet in _readable_packets(container, stream):
            discarded += packet.is_discard
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                damaged += 1
                continue
            for frame in frames:
                decoded += 1
                yield _presentation_time(frame, container), frame
        # AVI counts empty chunks as frames.
        expected = 0 if container.format.name == "avi" else stream.frames - discarded
    missing = max(damaged, expected - decoded)
    if damaged or missing > 0.02 * expected + 5:
        warn(f"{path} is damaged or incomplete: {missing} of its {max(expected, decoded + missing)} frames are missing")


def _readable_packets(container: InputContainer, stream: VideoStream) -> Iterator["av.Packet[VideoStream]"]:
    """Yields the packets up to the end of the readable part of the file, and the one that flushes the decoder."""
    try:
        yield from container.demux(stream)
    except (av.error.InvalidDataError, av.error.EOFError):
        return


def _presentation_time(item: "VideoFrame | av.Packet[VideoStream]", container: InputContainer) -> Fraction | None:
    """Returns the presentation time in seconds, or None if the file has none."""
    stamp = item.dts if _lacks_presentation_times(container) else item.pts
    return None if stamp is None or item.time_base is None else stamp * item.time_base


def _lacks_presentation_times(container: InputContainer) -> bool:
    """Returns whether the file stores decoding times only, which then replace presentation times."""
    return container.format.name == "avi"


def decode_first_frame(path: Path) -> tuple[Fraction | None, VideoFrame]:
    """Decodes the first frame that can be decoded and its time in seconds. Raises MediaError if there is none."""
    for item in decode_video(path, lambda _: None):
        return item
    raise MediaError(f"{path} holds no frame that can be decoded; it is damaged or empty")


def read_presentation_times(container: InputContainer, stream: VideoStream, limit: int) -> list[list[Fraction]]:
    """Reads the times of the first frames in seconds without decoding.

    Returns:
        The times, ascending in each of the parts of which the file was joined; empty if the file has none.
    """
    packets = islice((p for p in _readable_packets(container, stream) if p.size and not p.is_discard), limit)
    times = [(_presentation_time(packet, container), _decoding_time(packet)) for packet in packets]
    timed = [(time, decoding_time) for time, decoding_time in times if time is not None]
    return split_at_restarts(timed) if len(timed) == len(times) else []


def _decoding_time(packet: "av.Packet[VideoStream]") -> Fraction | None:
    return None if packet.dts is None or packet.time_base is None else packet.dts * packet.time_base


def _duration(container: InputContainer, stream: VideoStream) -> Fraction:
    if stream.duration and stream.time_base:
        return stream.duration * stream.time_base
    return Fraction(container.duration or 0, av.time_base)


@contextmanager
def open_input(path: Path) -> Iterator[InputContainer]:
    """Opens a media file.

    Raises:
        MediaError: The file cannot be opened.
    """
    # With "file:", a colon in the name does not select a protocol, and no other file is read.
    try:
        container = av.open(f"file:{path}", container_options={"protocol_whitelist": "file"})
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror}") from error
    except av.error.FFmpegError as error:
        raise MediaError(
            f"cannot read {path}: it is not a video or image, or the end of a recording or download is missing"
        ) from error
    with container:
        yield container


def find_video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Returns the default video stream, else the largest one. Raises MediaError if there is none."""
    streams = [s for s in container.streams.video if not s.disposition & _PICTURE]
    if container.format.name == "tty" or not (streams or container.streams.audio):
        raise MediaError(f"{path} is not a video or image")
    if not streams:
        raise MediaError(f"{path} has audio but no video; a video is needed")
    decodable = [s for s in streams if s.codec_context is not None]
    if not decodable:
        raise MediaError(f"{path} is damaged, or encoded in a way that cannot be decoded; convert it to H.264 first")
    return max(decodable, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height))


def find_audio_stream(container: InputContainer) -> AudioStream | None:
    """Returns the first audio stream that can be decoded; phones add proprietary ones."""
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


# Images


def _find_images(path: Path) -> list[Path]:
    """Returns the images of a folder, a pattern or a single file, in natural order; empty for a video."""
    if path.is_dir():
        images = [p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")]
        missing = f"there is no image in the folder {path}; images are {', '.join(sorted(IMAGE_SUFFIXES))} files"
    elif not path.exists() and re.search(r"[*?\[]", path.name):
        images = list(path.parent.glob(path.name))
        missing = f"no file matches {path}"
    elif not path.exists():
        raise MediaError(f"there is no file {path}")
    else:
        return [path] if path.suffix.lower() in IMAGE_SUFFIXES else []
    if not images:
        raise MediaError(missing)
    return sorted(images, key=_natural_sort_key)


def _natural_sort_key(path: Path) -> list[tuple[int, str]]:
    """Returns a key that sorts shot2 before shot10."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in parts]


def _decode_image(path: Path) -> VideoFrame:
    return decode_first_frame(path)[1]


def _decode_images(images: list[Path], size: tuple[int, int]) -> Frames:
    for path in images:
        frame = _decode_image(path)
        if (frame.width, frame.height) != size:
            raise MediaError(
                f"{path} is {frame.width}x{frame.height}, but {images[0]} is {size[0]}x{size[1]}; "
                "the images of one clip need one size"
            )
        yield frame
