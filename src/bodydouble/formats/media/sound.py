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
    for first, piece in pieces:
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
    run: list[AudioFrame] = []
    expected: Fraction | None = None
    for frame in frames:
        time = expected if frame.pts is None or frame.time_base is None else frame.pts * frame.time_base
        if expected is not None and time is not None and abs(time - expected) > MAX_DRIFT:
            yield from _resample(run, start)
            run = []
        run.append(frame)
        expected = (time or Fraction(0)) + Fraction(frame.samples, frame.sample_rate)
    yield from _resample(run, start)


def _resample(run: list[AudioFrame], start: Fraction) -> Iterator[tuple[int, FloatArray]]:
    """Yields one piece of sound from frames that follow each other, if any of it comes after the time ``start``."""
    if not run:
        return
    first = run[0]
    time = Fraction(0) if first.pts is None or first.time_base is None else first.pts * first.time_base
    resampler = AudioResampler("fltp", "mono", RATE)
    for frame in run:
        frame.pts = None
    resampled = [part for frame in (*run, None) for part in resampler.resample(frame)]
    piece = np.concatenate([part.to_ndarray()[0] for part in resampled])
    index = round((time - start) * RATE)
    if index + len(piece) > 0:
        yield index, piece
