"""Audio copy: the audio of one video -> a stream of another video, trimmed to its length."""

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias, TypeVar

import av
from av import AudioFormat, AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from bodydouble.formats.media.encodings import Encoding
from bodydouble.formats.media.source import decode_first_frame, find_audio_stream, open_input

T = TypeVar("T")
AudioPacket: TypeAlias = "av.Packet[AudioStream]"

_MAX_SAMPLE_RATE = 48000
"""Maximum sample rate of re-encoded audio in Hz."""


class AudioCopy:
    """Copier of a video's audio into another file, up to the time of the last written frame.

    Time 0 is that of the first frame of the source video, from which on its frames are read.
    """

    def __init__(self, output: OutputContainer, path: Path, encoding: Encoding) -> None:
        """Adds an audio stream to the output if ``path`` has audio. Raises MediaError if it cannot be read."""
        self._output = output
        self._stack = ExitStack()
        source = self._stack.enter_context(open_input(path))
        start = decode_first_frame(path)[0] or Fraction(0)
        self._packets = _output_packets(source, output, start, encoding)
        self._next_packet = next(self._packets, None)

    def advance(self, until: Fraction) -> None:
        """Writes the audio before a time.

        Args:
            until: Seconds after the first frame.
        """
        while self._next_packet is not None and _start_time(self._next_packet) < until:
            self._output.mux(self._next_packet)
            self._next_packet = next(self._packets, None)

    def close(self) -> None:
        """Closes the source."""
        self._stack.close()


def _start_time(packet: AudioPacket) -> Fraction:
    return (packet.pts or 0) * packet.time_base


def _output_packets(
    source: InputContainer, output: OutputContainer, start: Fraction, encoding: Encoding
) -> Iterator[AudioPacket]:
    stream = find_audio_stream(source)
    if stream is None or encoding.audio_encoder is None:
        return iter(())
    if stream.codec_context.codec.canonical_name in encoding.copied_audio:
        return _copy_packets(source, stream, output.add_stream_from_template(stream), start)
    layout = "mono" if stream.codec_context.channels == 1 else "stereo"
    rate = min(stream.codec_context.sample_rate, _MAX_SAMPLE_RATE)
    if encoding.audio_encoder == "libopus":
        rate = _MAX_SAMPLE_RATE
    encoder = output.add_stream(encoding.audio_encoder, rate=rate, layout=layout)
    if not isinstance(encoder, AudioStream):
        raise TypeError(f"{encoding.audio_encoder} does not encode audio")
    sample_format = (encoder.codec_context.codec.audio_formats or [AudioFormat("fltp")])[0].name
    return _encode_packets(source, stream, encoder, AudioResampler(sample_format, layout, rate), start)


def _copy_packets(
    source: InputContainer, stream: AudioStream, copy: AudioStream, start: Fraction
) -> Iterator[AudioPacket]:
    """Yields packets of encoded audio unchanged; packets that begin before ``start`` are skipped."""
    for packet in _stop_at_damage(source.demux(stream)):
        if packet.pts is None or _start_time(packet) < start:
            continue
        shift = round(start / packet.time_base)
        packet.pts -= shift
        packet.dts = packet.pts
        packet.stream = copy
        yield packet


def _encode_packets(
    source: InputContainer, stream: AudioStream, encoder: AudioStream, resampler: AudioResampler, start: Fraction
) -> Iterator[AudioPacket]:
    for frame in _stop_at_damage(source.decode(stream)):
        if frame.pts is None or frame.time_base is None or frame.pts * frame.time_base < start:
            continue
        frame.pts -= round(start / frame.time_base)
        for resampled in resampler.resample(frame):
            yield from encoder.encode(resampled)
    for resampled in resampler.resample(None):
        yield from encoder.encode(resampled)
    yield from encoder.encode(None)


def _stop_at_damage(items: Iterator[T]) -> Iterator[T]:
    """Yields items up to the first damaged one: a video with shorter audio is better than none."""
    try:
        yield from items
    except av.error.FFmpegError:
        return
