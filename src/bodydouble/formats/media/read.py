"""Streaming reader: path of a video or of images -> ``Clip`` and upright RGB frames at an exact constant rate."""

from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Self

from bodydouble.data import Clip, RgbImage
from bodydouble.formats.media.pixels import RgbConverter
from bodydouble.formats.media.read_ahead import ReadAhead
from bodydouble.formats.media.source import open_source

_READ_AHEAD_BYTES = 32 * 2**20
_MAX_READ_AHEAD, _MIN_READ_AHEAD = 8, 2


def probe(path: str | Path, *, fps: Fraction | None = None, max_side: int | None = None) -> Clip:
    """Describes a video or images without decoding more than the first frame.

    Args:
        path: As for FrameReader.
        fps: As for FrameReader.
        max_side: As for FrameReader.

    Returns:
        Size, rate and number of the frames that FrameReader delivers. For clips longer than about a minute the number
        is an estimate, which is exact if the rate is constant; for such joined files it is unknown.

    Raises:
        MediaError: The path has nothing that can be decoded.
    """
    return open_source(Path(path), fps, max_side).clip


class FrameReader:
    """Iterable over the frames of a clip: upright RGB, (H, W, 3) uint8, frame i at i / fps seconds.

    Decoding runs ahead in its own thread by a bounded number of frames. Every iteration starts at the beginning.
    Each frame is a new array, so it may be modified. ::

        with FrameReader("dance.mp4") as reader:
            for frame in reader:
                ...
    """

    def __init__(
        self,
        path: str | Path,
        *,
        fps: Fraction | None = None,
        max_side: int | None = None,
        image_size: tuple[int, int] | None = None,
    ) -> None:
        """Opens a clip.

        Args:
            path: A video in any format that FFmpeg reads, a folder of images (sorted naturally), a pattern such as
                ``shots/*.png``, or one image.
            fps: Rate to deliver. None: the native rate of a video, 30 for images. A video is resampled to another rate
                by its timestamps; images are delivered once each at any rate.
            max_side: Frames with a longer side are scaled down to it while they are decoded, px.
            image_size: Width and height to which all frames are scaled instead, px.

        Raises:
            MediaError: The path has nothing that can be decoded.
        """
        source = open_source(Path(path), fps, max_side)
        self._source = source if image_size is None else source.scale_to(image_size)
        self._read_ahead: ReadAhead[RgbImage] | None = None
        self._warnings: list[str] = []

    @property
    def clip(self) -> Clip:
        """Description of the clip."""
        return self._source.clip

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line per peculiarity of the file that the frames so far show: damage, interlacing, joined parts."""
        return tuple(self._warnings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[RgbImage]:
        self.close()
        self._warnings = []
        self._read_ahead = ReadAhead(self._decode_images(), self._read_ahead_depth())
        return self._read_ahead

    def close(self) -> None:
        """Ends the decoding."""
        if self._read_ahead is not None:
            self._read_ahead.close()
            self._read_ahead = None

    def _decode_images(self) -> Generator[RgbImage, None, None]:
        convert = RgbConverter(self._source.scaled_size, self._source.orientation)
        with closing(self._source.frames(self._warn)) as frames:
            for frame in frames:
                yield convert(frame)

    def _warn(self, message: str) -> None:
        if message not in self._warnings:
            self._warnings.append(message)

    def _read_ahead_depth(self) -> int:
        width, height = self.clip.image_size
        return max(_MIN_READ_AHEAD, min(_MAX_READ_AHEAD, _READ_AHEAD_BYTES // (3 * width * height)))
