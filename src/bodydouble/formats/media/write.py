"""Video writer: RGB or RGBA frames -> video in any of the encodings, with the audio of another video."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from functools import partial
from pathlib import Path
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Self

import av
import numpy as np
from av import VideoFormat, VideoFrame
from av.container import OutputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter
from av.video.stream import VideoStream

from bodydouble.data import RgbaImage, RgbImage
from bodydouble.errors import InvalidDataError, OutputError
from bodydouble.formats.atomic import output_errors, temporary_sibling
from bodydouble.formats.media.alpha import straighten_alpha
from bodydouble.formats.media.audio import AudioCopy
from bodydouble.formats.media.encodings import MP4, Encoding, find_encoder
from bodydouble.formats.media.palette import PaletteFilter

_MAX_QUEUED_FRAMES = 4
"""Maximum number of frames that wait for the encoder."""

Convert = Callable[[VideoFrame], VideoFrame]


class VideoWriter:
    """Writer of videos that browsers and editors play, by default MP4: H.264, yuv420p, BT.709, index at the front.

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
        encoding: Encoding = MP4,
        has_alpha: bool = False,
        threads: int = 0,
    ) -> None:
        """Prepares a video; the file is created when the block begins.

        Args:
            path: The file to write.
            image_size: Width and height, both even, px.
            fps: Exact rate.
            audio_from: A video whose audio, if any, is copied: from its first frame on, trimmed to this video.
            fast: Whether to encode in less time to a file about a tenth larger.
            encoding: Container and encoder.
            has_alpha: Whether the frames are RGBA.
            threads: Number of threads of the encoder, on which its bytes depend; 0: as many as there are cores.

        Raises:
            InvalidDataError: The size is odd, or the encoding has no alpha.
        """
        if image_size[0] % 2 or image_size[1] % 2 or min(image_size) < 2:
            raise InvalidDataError(f"VideoWriter: image_size is {image_size[0]}x{image_size[1]}, both must be even")
        if has_alpha and encoding.alpha_pixel_format is None:
            raise InvalidDataError(f"VideoWriter: {encoding.container} has no alpha")
        self._path = Path(path)
        self._image_size = image_size
        self._fps = fps
        self._fast = fast
        self._encoding = encoding
        self._channels = 4 if has_alpha else 3
        self._threads = threads
        self._audio_from = None if audio_from is None else Path(audio_from)
        self._queue: Queue[RgbImage | RgbaImage | None] = Queue(_MAX_QUEUED_FRAMES)
        self._error: Exception | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with output_errors(self._path), ExitStack() as stack:
            temporary = stack.enter_context(temporary_sibling(self._path))
            container = stack.enter_context(_open_output(temporary, self._encoding))
            stream = self._add_video_stream(container)
            audio = None
            if self._audio_from is not None:
                audio = AudioCopy(container, self._audio_from, self._encoding)
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

    def write(self, frame: RgbImage | RgbaImage) -> None:
        """Adds a frame.

        Args:
            frame: (H, W, 3) uint8 RGB of the writer's size; (H, W, 4) with alpha, by which colours are multiplied. It
                is encoded later and must not change any more.

        Raises:
            InvalidDataError: The frame has another shape or type.
            OutputError: The file cannot be written.
        """
        width, height = self._image_size
        shape = (height, width, self._channels)
        if frame.shape != shape or frame.dtype != np.uint8:
            raise InvalidDataError(f"frame is {frame.shape} {frame.dtype}, expected {shape} uint8")
        with output_errors(self._path):
            self._raise_error()
        self._queue.put(frame)

    @property
    def _pixel_format(self) -> str:
        alpha_format = self._encoding.alpha_pixel_format
        return alpha_format if self._channels == 4 and alpha_format else self._encoding.pixel_format

    def _add_video_stream(self, container: OutputContainer) -> VideoStream:
        encoder = find_encoder(self._encoding)
        fast = self._encoding.fast_options.get(encoder, {}) if self._fast else {}
        options = {**self._encoding.encoders[encoder], **fast}
        stream = container.add_stream(encoder, rate=self._fps, options=options)
        if not isinstance(stream, VideoStream):
            raise TypeError(f"{encoder} does not encode video")
        stream.width, stream.height = self._image_size
        stream.pix_fmt = self._pixel_format
        context = stream.codec_context
        context.time_base = 1 / self._fps
        context.thread_count = self._threads
        if self._encoding.is_yuv:
            context.color_range = ColorRange.MPEG
            context.colorspace = Colorspace.ITU709
            context.color_primaries = ColorPrimaries.BT709
            context.color_trc = ColorTrc.BT709
        return stream

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self, container: OutputContainer, stream: VideoStream, audio: AudioCopy | None) -> None:
        images = self._queued_images()
        try:
            self._encode(images, container, stream, audio)
        except Exception as error:
            self._error = error
            for _ in images:
                pass  # so that write() does not block for ever

    def _queued_images(self) -> Iterator[RgbImage | RgbaImage]:
        while (image := self._queue.get()) is not None:
            yield image

    def _encode(
        self,
        images: Iterator[RgbImage | RgbaImage],
        container: OutputContainer,
        stream: VideoStream,
        audio: AudioCopy | None,
    ) -> None:
        convert = self._create_converter()
        count = 0
        for image in images:
            frame = _to_frame(image)
            frame.pts, frame.time_base = count, 1 / self._fps
            container.mux(stream.encode(convert(frame)))
            count += 1
            if audio is not None:
                audio.advance(count / self._fps)
        if count == 0:
            raise OutputError(f"cannot write {self._path}: a video needs at least one frame")
        container.mux(stream.encode(None))

    def _create_converter(self) -> Convert:
        """Returns the conversion of RGB or RGBA frames to the pixel format."""
        if self._encoding.is_yuv:
            return partial(_to_yuv, VideoReformatter(), self._pixel_format)
        if self._pixel_format == "pal8":
            return PaletteFilter(self._image_size, VideoFormat("rgba" if self._channels == 4 else "rgb24"), self._fps)
        return lambda frame: frame


def _open_output(path: Path, encoding: Encoding) -> OutputContainer:
    options = dict(encoding.container_options)
    return av.open(f"file:{path}", "w", format=encoding.container, container_options=options)


def _to_frame(image: RgbImage | RgbaImage) -> VideoFrame:
    if image.shape[2] == 4:
        return VideoFrame.from_numpy_buffer(straighten_alpha(image), format="rgba")
    return VideoFrame.from_numpy_buffer(np.ascontiguousarray(image), format="rgb24")


def _to_yuv(reformatter: VideoReformatter, pixel_format: str, rgb: VideoFrame) -> VideoFrame:
    frame = reformatter.reformat(
        rgb,
        format=pixel_format,
        src_color_range=ColorRange.JPEG,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
    )
    frame.color_primaries, frame.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return frame
