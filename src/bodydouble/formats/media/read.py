"""Reading videos and pictures: upright RGB frames at an exact constant rate, streamed."""

from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Self

from bodydouble.data import Clip, RgbImage
from bodydouble.formats.media.pixels import RgbConverter
from bodydouble.formats.media.read_ahead import ReadAhead
from bodydouble.formats.media.source import open_source

_AHEAD_BYTES = 32 * 2**20
_MOST_AHEAD, _LEAST_AHEAD = 8, 2


def probe(path: str | Path, *, fps: Fraction | None = None, max_side: int | None = None) -> Clip:
    """Tells what is known about a video or pictures without decoding more than the first frame.

    Args:
        path: As for FrameReader.
        fps: As for FrameReader.
        max_side: As for FrameReader.

    Returns:
        Size, rate and number of the frames that FrameReader delivers. For clips longer than a minute or so the number
        is an estimate, which is exact if their rate is constant.

    Raises:
        MediaError: There is nothing that can be decoded.
    """
    return open_source(Path(path), fps, max_side).clip


class FrameReader:
    """Iterates over the frames of a clip: upright RGB, (H, W, 3) uint8, frame i at i / fps seconds.

    Decoding runs ahead in its own thread, a bounded number of frames. Every iteration starts at the beginning.
    Each frame is an array of its own, so it may be drawn on. ::

        with FrameReader("dance.mp4") as reader:
            for frame in reader:
                ...
    """

    def __init__(self, path: str | Path, *, fps: Fraction | None = None, max_side: int | None = None) -> None:
        """Opens a clip.

        Args:
            path: A video in any format that FFmpeg reads, a folder of pictures (sorted naturally), a pattern such as
                ``shots/*.png``, or one picture.
            fps: Rate to deliver. None: the own rate of a video, 30 for pictures. A video is resampled to another rate
                by its timestamps; pictures are delivered once each at any rate.
            max_side: Frames with a longer side are scaled down to it while they are decoded, px.

        Raises:
            MediaError: There is nothing that can be decoded.
        """
        self._source = open_source(Path(path), fps, max_side)
        self._ahead: ReadAhead[RgbImage] | None = None
        self._warnings: list[str] = []

    @property
    def clip(self) -> Clip:
        """What is known about the clip."""
        return self._source.clip

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each thing that was wrong with the file but did not stop the decoding so far."""
        return tuple(self._warnings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[RgbImage]:
        self.close()
        self._warnings = []
        self._ahead = ReadAhead(self._pictures(), self._depth())
        return self._ahead

    def close(self) -> None:
        """Ends the decoding."""
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def _pictures(self) -> Generator[RgbImage, None, None]:
        convert = RgbConverter(self._source.stored_size, self._source.orientation)
        with closing(self._source.frames(self._warnings.append)) as frames:
            for frame in frames:
                yield convert(frame)

    def _depth(self) -> int:
        width, height = self.clip.image_size
        return max(_LEAST_AHEAD, min(_MOST_AHEAD, _AHEAD_BYTES // (3 * width * height)))
