"""What a path holds, as decoded frames at a constant rate: a video, a folder of pictures, a pattern or one picture."""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from av import VideoFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from bodydouble.data import Clip
from bodydouble.errors import MediaError
from bodydouble.formats.media.focal_metadata import focal_of_picture, focal_of_video
from bodydouble.formats.media.pixels import Orientation, orientation_of, stored_size
from bodydouble.formats.media.timestamps import DEFAULT_RATE, choose_rate, mend_times, resample

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
SCANNED_FRAMES = 1800
"""Timestamps read to choose the rate; a minute of ordinary video."""

Frames = Generator[VideoFrame, None, None]
Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A clip that can be decoded any number of times."""

    clip: Clip
    stored_size: tuple[int, int]
    """Width and height to scale frames to, before they are turned upright, px."""
    orientation: Orientation
    frames: Callable[[Warn], Frames]
    """Decodes the clip: one frame for each instant i / fps. The argument is told about damage."""


def open_source(path: Path, fps: Fraction | None, max_side: int | None) -> Source:
    """Looks at a video, a folder of pictures, a pattern such as ``shots/*.png``, or one picture.

    Args:
        path: Where it is.
        fps: Rate to deliver; the video's own, or 30 for pictures, when None.
        max_side: Limit of the longer side of the delivered frames, px.

    Returns:
        What it holds.

    Raises:
        MediaError: There is nothing that can be decoded.
    """
    pictures = _pictures(path)
    if pictures:
        return _picture_source(path, pictures, fps or DEFAULT_RATE, max_side)
    return _video_source(path, fps, max_side)


def _picture_source(path: Path, pictures: list[Path], fps: Fraction, max_side: int | None) -> Source:
    first = _decode_picture(pictures[0])
    size, orientation = stored_size(first, None, max_side), orientation_of(first)
    clip = Clip(path, _upright(size, orientation), fps, len(pictures), focal_length_35mm=focal_of_picture(pictures[0]))
    return Source(clip, size, orientation, lambda _: _picture_frames(pictures, (first.width, first.height)))


def _video_source(path: Path, fps: Fraction | None, max_side: int | None) -> Source:
    with open_input(path) as container:
        stream = picture_stream(container, path)
        times = presentation_times(container, stream, SCANNED_FRAMES)
        own_rate = choose_rate(times, stream.time_base or Fraction(1, 1000), stream.guessed_rate or stream.average_rate)
        duration = _duration(container, stream)
        aspect = stream.sample_aspect_ratio
        has_audio = sound_stream(container) is not None
        in_decoding_order = _in_decoding_order(container)
        focal = focal_of_video(path, (container.metadata, stream.metadata))
    start, first = first_frame(path)
    size, orientation = stored_size(first, aspect, max_side), orientation_of(first)
    rate, period = fps or own_rate, 1 / own_rate
    if 0 < len(times) < SCANNED_FRAMES:
        # What is cut out of a stream may begin with frames that need others before them.
        decodable = [time for time in times if in_decoding_order or start is None or time >= start]
        count = sum(1 for _ in resample(mend_times(((time, None) for time in decodable), period), rate))
    else:
        count = round(duration * rate)
    clip = Clip(path, _upright(size, orientation), rate, count or None, has_audio, focal)

    def frames(warn: Warn) -> Frames:
        yield from resample(mend_times(decode(path, warn), period), rate)

    return Source(clip, size, orientation, frames)


def _upright(size: tuple[int, int], orientation: Orientation) -> tuple[int, int]:
    width, height = size
    return (height, width) if orientation.transposed else (width, height)


# Videos


def decode(path: Path, warn: Warn) -> Iterator[tuple[Fraction | None, VideoFrame]]:
    """Decodes every frame of a video, over damaged parts of it.

    Args:
        path: The video.
        warn: Told in one line what could not be decoded.

    Yields:
        Presentation time in seconds, where the file tells, and frame; in order of presentation.

    Raises:
        MediaError: The file cannot be opened.
    """
    decoded, damaged, hidden = 0, 0, 0
    with open_input(path) as container:
        stream = picture_stream(container, path)
        stream.thread_type = "AUTO"
        for packet in _readable_packets(container, stream):
            hidden += packet.is_discard
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                damaged += 1
                continue
            for frame in frames:
                decoded += 1
                yield _presentation_time(frame, container), frame
        # AVI counts empty chunks, too.
        expected = 0 if container.format.name == "avi" else stream.frames - hidden
    missing = max(damaged, expected - decoded)
    if damaged or missing > 0.02 * expected + 5:
        warn(f"{path} is damaged or incomplete: {missing} of its {max(expected, decoded + missing)} frames are missing")


def _readable_packets(container: InputContainer, stream: VideoStream) -> Iterator["av.Packet[VideoStream]"]:
    """The packets up to the end of the file or of what can be read of it, and the one that flushes the decoder."""
    try:
        yield from container.demux(stream)
    except (av.error.InvalidDataError, av.error.EOFError):
        return


def _presentation_time(item: "VideoFrame | av.Packet[VideoStream]", container: InputContainer) -> Fraction | None:
    """Seconds, if the file tells."""
    stamp = item.dts if _in_decoding_order(container) else item.pts
    return None if stamp is None or item.time_base is None else stamp * item.time_base


def _in_decoding_order(container: InputContainer) -> bool:
    """Whether the file stores no times of presentation, so that those of decoding have to stand for them."""
    return container.format.name == "avi"


def first_frame(path: Path) -> tuple[Fraction | None, VideoFrame]:
    """The first frame of a video that can be decoded, and its time in seconds. Raises MediaError if there is none."""
    for item in decode(path, lambda _: None):
        return item
    raise MediaError(f"{path} holds no frame that can be decoded; it is damaged or empty")


def presentation_times(container: InputContainer, stream: VideoStream, limit: int) -> list[Fraction]:
    """Times of the first frames in seconds, ascending, without decoding; empty if the file does not tell."""
    packets = (p for p in _readable_packets(container, stream) if p.size and not p.is_discard)
    times = [_presentation_time(packet, container) for packet in islice(packets, limit)]
    known = sorted(time for time in times if time is not None)
    return known if len(known) == len(times) else []


def _duration(container: InputContainer, stream: VideoStream) -> Fraction:
    if stream.duration and stream.time_base:
        return stream.duration * stream.time_base
    return Fraction(container.duration or 0, av.time_base)


@contextmanager
def open_input(path: Path) -> Iterator[InputContainer]:
    """Opens a media file.

    Raises:
        MediaError: It cannot be opened.
    """
    # With "file:" a colon in the name is not taken for a protocol, and nothing but this file is read.
    try:
        container = av.open(f"file:{path}", container_options={"protocol_whitelist": "file"})
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror}") from error
    except av.error.FFmpegError as error:
        raise MediaError(
            f"cannot read {path}: it is not a video or picture, or the end of a recording or download is missing"
        ) from error
    with container:
        yield container


def picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream of moving pictures. Raises MediaError if there is none."""
    streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if container.format.name == "tty" or not (streams or container.streams.audio):
        raise MediaError(f"{path} is not a video or picture")
    if not streams:
        raise MediaError(f"{path} has sound but no picture; a video is needed")
    if streams[0].codec_context is None:
        raise MediaError(f"{path} is damaged, or encoded in a way that cannot be decoded; convert it to H.264 first")
    return streams[0]


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The first stream of sound that can be decoded; phones add others of their own kind."""
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


# Pictures


def _pictures(path: Path) -> list[Path]:
    """The pictures of a folder, a pattern or a single file, in natural order; empty for a video."""
    if path.is_dir():
        found = [p for p in path.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES and not p.name.startswith(".")]
        missing = f"there is no picture in the folder {path}; pictures are {', '.join(sorted(PICTURE_SUFFIXES))} files"
    elif not path.exists() and re.search(r"[*?\[]", path.name):
        found = list(path.parent.glob(path.name))
        missing = f"no file matches {path}"
    elif not path.exists():
        raise MediaError(f"there is no file {path}")
    else:
        return [path] if path.suffix.lower() in PICTURE_SUFFIXES else []
    if not found:
        raise MediaError(missing)
    return sorted(found, key=_natural_order)


def _natural_order(path: Path) -> list[tuple[int, str]]:
    """Sorts shot2 before shot10."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in parts]


def _decode_picture(path: Path) -> VideoFrame:
    return first_frame(path)[1]


def _picture_frames(pictures: list[Path], size: tuple[int, int]) -> Frames:
    for path in pictures:
        frame = _decode_picture(path)
        if (frame.width, frame.height) != size:
            raise MediaError(
                f"{path} is {frame.width}x{frame.height}, but {pictures[0]} is {size[0]}x{size[1]}; "
                "the pictures of one clip need one size"
            )
        yield frame
