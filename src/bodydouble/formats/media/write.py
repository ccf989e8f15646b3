"""Video writer: RGB frames -> H.264 video in MP4, with the audio of another video."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Self

import av
import numpy as np
from av import VideoFrame
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from av.video.stream import VideoStream

from bodydouble.data import RgbImage
from bodydouble.errors import InvalidDataError, OutputError
from bodydouble.formats.atomic import output_errors, temporary_sibling
from bodydouble.formats.media.audio import AudioCopy

_ENCODERS: dict[str, dict[str, str]] = {
    "libx264": {"crf": "20", "preset": "veryfast"},
    "libopenh264": {},
    "mpeg4": {"qscale": "3"},
}
"""Encoders in order of preference, with their options; the wheels of PyAV include the first."""
_FAST_OPTIONS: dict[str, dict[str, str]] = {"libx264": {"x264-params": "subme=1"}}
"""Options of fast encoding: without subpixel refinement of motion, x264 takes a quarter less time."""
_MAX_QUEUED_FRAMES = 4
"""Maximum number of frames that wait for the encoder."""


class VideoWriter:
    """Writer of MP4 videos that browsers and editors play: H.264, yuv420p, BT.709, index at the front.

    Encoding runs in its own thread. The file appears under its name when the block ends without an exception::

        with VideoWriter("preview.mp4", size=(1280, 720), fps=Fraction(30), audio_from="dance.mp4") as writer:
            for frame in frames:
                writer.write(frame)
    """

    def __init__(
        self,
        path: str | Path,
        *,
        image_size: tuple[int, int],
        fps: Fraction,
        audio_from: str | Path | None = None,
        fast: bool = False,
    ) -> None:
        """Prepares a video; the file is created when the block begins.

        Args:
            path: The .mp4 file to write.
            image_size: Width and height, both even, px.
            fps: Exact rate.
            audio_from: A video whose audio, if any, is copied: from its first frame on, trimmed to this video.
            fast: Whether to encode in less time to a file about a tenth larger.

        Raises:
            InvalidDataError: The size is odd.
        """
        if image_size[0] % 2 or image_size[1] % 2 or min(image_size) < 2:
            raise InvalidDataError(f"VideoWriter: image_size is {image_size[0]}x{image_size[1]}, both must be even")
        self._path = Path(path)
        self._image_size = image_size
        self._fps = fps
        self._fast = fast
        self._audio_from = None if audio_from is None else Path(audio_from)
        self._queue: Queue[VideoFrame | None] = Queue(_MAX_QUEUED_FRAMES)
        self._error: Exception | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with output_errors(self._path), ExitStack() as stack:
            temporary = stack.enter_context(temporary_sibling(self._path))
            container = stack.enter_context(_open_output(temporary))
            stream = _add_video_stream(container, self._image_size, self._fps, self._fast)
            audio = None
            if self._audio_from is not None:
                audio = AudioCopy(container, self._audio_from)
                stack.callback(audio.close)
            self._stack = stack.pop_all()
        self._thread = Thread(target=self._run, args=(container, stream, audio), name="video-writer", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if failure is not None:
            with suppress(OSError):  # the file is removed, so it need not be complete
                self._stack.__exit__(kind, failure, trace)
            return
        with output_errors(self._path), self._stack:
            self._raise_error()

    def write(self, frame: RgbImage) -> None:
        """Adds a frame.

        Args:
            frame: (H, W, 3) uint8 RGB of the writer's size. It is encoded later and must not change any more.

        Raises:
            InvalidDataError: The frame has another shape or type.
            OutputError: The file cannot be written.
        """
        width, height = self._image_size
        if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
            raise InvalidDataError(f"frame is {frame.shape} {frame.dtype}, expected ({height}, {width}, 3) uint8")
        with output_errors(self._path):
            self._raise_error()
        self._queue.put(VideoFrame.from_numpy_buffer(np.ascontiguousarray(frame), format="rgb24"))

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self, container: OutputContainer, stream: VideoStream, audio: AudioCopy | None) -> None:
        frames = iter(self._queue.get, None)
        try:
            self._encode(frames, container, stream, audio)
        except Exception as error:
            self._error = error
            for _ in frames:
                pass  # so that write() does not block for ever

    def _encode(
        self, frames: Iterator[VideoFrame], container: OutputContainer, stream: VideoStream, audio: AudioCopy | None
    ) -> None:
        reformatter = VideoReformatter()
        count = 0
        for rgb in frames:
            frame = _to_yuv(reformatter, rgb)
            frame.pts, frame.time_base = count, 1 / self._fps
            container.mux(stream.encode(frame))
            count += 1
            if audio is not None:
                audio.advance(count / self._fps)
        if count == 0:
            raise OutputError(f"cannot write {self._path}: a video needs at least one frame")
        container.mux(stream.encode(None))


def _open_output(path: Path) -> OutputContainer:
    return av.open(f"file:{path}", "w", format="mp4", container_options={"movflags": "+faststart"})


def _add_video_stream(
    container: OutputContainer, image_size: tuple[int, int], fps: Fraction, fast: bool
) -> VideoStream:
    encoder = next(name for name in _ENCODERS if name in av.codecs_available)
    options = _ENCODERS[encoder] | (_FAST_OPTIONS.get(encoder, {}) if fast else {})
    stream = container.add_stream(encoder, rate=fps, options=options)
    if not isinstance(stream, VideoStream):
        raise TypeError(f"{encoder} does not encode video")
    stream.width, stream.height = image_size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = 1 / fps
    context.color_range = ColorRange.MPEG
    context.colorspace = Colorspace.ITU709
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    return stream


def _to_yuv(reformatter: VideoReformatter, rgb: VideoFrame) -> VideoFrame:
    frame = reformatter.reformat(
        rgb,
        format="yuv420p",
        src_color_range=ColorRange.JPEG,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )
    frame.color_primaries, frame.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return frame
