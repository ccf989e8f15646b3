"""The sound of one video, cut to fit another."""

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias, TypeVar

import av
from av import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from bodydouble.formats.media.source import first_frame, open_input, sound_stream

T = TypeVar("T")
SoundPacket: TypeAlias = "av.Packet[AudioStream]"

_COPIED_CODECS = frozenset({"aac", "mp3", "opus"})
"""Sound that MP4 may hold and that browsers play; any other is encoded anew as AAC."""
_HIGHEST_SAMPLE_RATE = 48000


class SoundCopy:
    """Brings the sound of a video into another file, as far as the pictures have been written.

    Time 0 is that of the first frame of the video that the sound comes from, which is where frames start to be read.
    """

    def __init__(self, output: OutputContainer, path: Path) -> None:
        """Adds a stream of sound to the output, if ``path`` has any. Raises MediaError if it cannot be read."""
        self._output = output
        self._stack = ExitStack()
        source = self._stack.enter_context(open_input(path))
        start = first_frame(path)[0] or Fraction(0)
        self._packets = _packets(source, output, start)
        self._waiting = next(self._packets, None)

    def advance(self, until: Fraction) -> None:
        """Writes the sound before a time.

        Args:
            until: Seconds after the first frame.
        """
        while self._waiting is not None and _start(self._waiting) < until:
            self._output.mux(self._waiting)
            self._waiting = next(self._packets, None)

    def close(self) -> None:
        """Closes the source."""
        self._stack.close()


def _start(packet: SoundPacket) -> Fraction:
    return (packet.pts or 0) * packet.time_base


def _packets(source: InputContainer, output: OutputContainer, start: Fraction) -> Iterator[SoundPacket]:
    stream = sound_stream(source)
    if stream is None:
        return iter(())
    if stream.codec_context.codec.canonical_name in _COPIED_CODECS:
        return _copied(source, stream, output.add_stream_from_template(stream), start)
    layout = "mono" if stream.codec_context.channels == 1 else "stereo"
    rate = min(stream.codec_context.sample_rate, _HIGHEST_SAMPLE_RATE)
    encoder = output.add_stream("aac", rate=rate, layout=layout)
    return _encoded(source, stream, encoder, AudioResampler("fltp", layout, rate), start)


def _copied(source: InputContainer, stream: AudioStream, copy: AudioStream, start: Fraction) -> Iterator[SoundPacket]:
    """Packets of encoded sound as they are; those that begin before ``start`` are left out."""
    for packet in _until_damage(source.demux(stream)):
        if packet.pts is None or _start(packet) < start:
            continue
        shift = round(start / packet.time_base)
        packet.pts -= shift
        packet.dts = packet.pts
        packet.stream = copy
        yield packet


def _encoded(
    source: InputContainer, stream: AudioStream, encoder: AudioStream, resampler: AudioResampler, start: Fraction
) -> Iterator[SoundPacket]:
    for frame in _until_damage(source.decode(stream)):
        if frame.pts is None or frame.time_base is None or frame.pts * frame.time_base < start:
            continue
        frame.pts -= round(start / frame.time_base)
        for piece in resampler.resample(frame):
            yield from encoder.encode(piece)
    for piece in resampler.resample(None):
        yield from encoder.encode(piece)
    yield from encoder.encode(None)


def _until_damage(items: Iterator[T]) -> Iterator[T]:
    """Sound that is damaged ends there; a film with less sound is better than none."""
    try:
        yield from items
    except av.error.FFmpegError:
        return
