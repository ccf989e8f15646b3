"""Sound: the audio of a video -> ``Sound`` in one channel, whose time 0 is that of the video's first frame."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av import AudioFrame, AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from bodydouble.data import FloatArray, Sound
from bodydouble.formats.media.source import decode_first_frame, find_audio_stream, open_input

RATE = 16000
"""Samples per second that are delivered; the frequencies of speech lie below half of it."""
PIECE_SAMPLES = 1 << 20
"""Minimum number of samples of a piece of sound, but for the last one of a run."""
MAX_DRIFT = Fraction(1, 25)
"""Maximum time in s by which a timestamp may differ from the end of the sound before; a larger one is a gap."""


def read_sound(path: Path) -> Sound | None:
    """Reads the sound of a video.

    Args:
        path: The video.

    Returns:
        Its first audio stream up to the first damaged part, mixed to one channel, at 16 kHz. Gaps in the timestamps are
        silent. None if the file has no audio that can be decoded.

    Raises:
        MediaError: The file cannot be read.
    """
    with open_input(path) as container:
        stream = find_audio_stream(container)
        if stream is None:
            return None
        start = decode_first_frame(path)[0] or Fraction(0)
        pieces = list(_placed_pieces(_decode_frames(container, stream), start))
    if not pieces:
        return None
    samples = np.zeros(max(first + len(piece) for first, piece in pieces), dtype=np.float32)
    pieces.reverse()
    while pieces:
        first, piece = pieces.pop()
        samples[max(first, 0) : first + len(piece)] = piece[max(-first, 0) :]
    return Sound(samples, RATE)


def _decode_frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Yields the frames up to the first damaged one."""
    try:
        yield from container.decode(stream)
    except av.error.FFmpegError:
        return


def _placed_pieces(frames: Iterator[AudioFrame], start: Fraction) -> Iterator[tuple[int, FloatArray]]:
    """Yields pieces of sound with the number of their first sample after the time ``start`` in s; ends after 0."""
    run: _Run | None = None
    expected: Fraction | None = None
    for frame in frames:
        time = expected if frame.pts is None or frame.time_base is None else frame.pts * frame.time_base
        is_gap = expected is not None and time is not None and abs(time - expected) > MAX_DRIFT
        expected = (time or Fraction(0)) + Fraction(frame.samples, frame.sample_rate)
        if run is not None and is_gap:
            yield from run.finish()
        if run is None or is_gap:
            run = _Run(frame, start)
        yield from run.add(frame)
    if run is not None:
        yield from run.finish()


class _Run:
    """Frames that follow each other; they are resampled one by one, so that the sound of a film fits in memory."""

    def __init__(self, first: AudioFrame, start: Fraction) -> None:
        """Begins with a frame, whose first sample is counted from the time ``start``."""
        time = Fraction(0) if first.pts is None or first.time_base is None else first.pts * first.time_base
        self._index = round((time - start) * RATE)
        self._resampler = AudioResampler("fltp", "mono", RATE)
        self._parts: list[FloatArray] = []

    def add(self, frame: AudioFrame | None) -> Iterator[tuple[int, FloatArray]]:
        """Resamples a frame, or what is left after the last one; yields a piece once there is enough for one."""
        if frame is not None:
            frame.pts = None
        self._parts += [part.to_ndarray()[0] for part in self._resampler.resample(frame)]
        if frame is None or sum(map(len, self._parts)) >= PIECE_SAMPLES:
            yield from self._join()

    def finish(self) -> Iterator[tuple[int, FloatArray]]:
        """Yields the rest."""
        yield from self.add(None)

    def _join(self) -> Iterator[tuple[int, FloatArray]]:
        if self._parts:
            piece, index = np.concatenate(self._parts), self._index
            self._parts, self._index = [], index + len(piece)
            if index + len(piece) > 0:
                yield index, piece
