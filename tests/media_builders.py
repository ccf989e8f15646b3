"""Synthetic videos in unusual formats for tests, written with PyAV."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av import AudioFrame, VideoFrame
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from bodydouble.data import RgbImage

BITS = 8


def numbered_picture(number: int, size: tuple[int, int] = (64, 48)) -> RgbImage:
    """RGB image that encodes a number below 256 as eight vertical bars, black for 0 and white for 1."""
    width, height = size
    bits = [(number >> bit) & 1 for bit in range(BITS)]
    columns = np.repeat(np.array(bits, dtype=np.uint8) * 255, -(-width // BITS))[:width]
    return np.ascontiguousarray(np.broadcast_to(columns[None, :, None], (height, width, 3)))


def read_number(picture: RgbImage) -> int:
    """Decodes the number of such an image."""
    height, width, _ = picture.shape
    step = -(-width // BITS)
    bars = picture[height // 2, step // 2 :: step].mean(axis=-1) > 127
    return sum(int(bar) << bit for bit, bar in enumerate(bars))


def numbered_pictures(count: int, size: tuple[int, int] = (64, 48)) -> list[RgbImage]:
    """Images numbered from 0."""
    return [numbered_picture(number, size) for number in range(count)]


def quadrants(size: tuple[int, int] = (64, 48)) -> RgbImage:
    """Red at the top left, green at the top right, blue at the bottom left, white at the bottom right."""
    width, height = size
    picture = np.full((height, width, 3), 255, dtype=np.uint8)
    picture[: height // 2, : width // 2] = (255, 0, 0)
    picture[: height // 2, width // 2 :] = (0, 255, 0)
    picture[height // 2 :, : width // 2] = (0, 0, 255)
    return picture


def quadrant_colors(picture: RgbImage) -> str:
    """Colours of the four quadrants of an upright image in reading order, such as "rgbw"."""
    height, width, _ = picture.shape
    middles = [(height // 4, width // 4), (height // 4, -width // 4), (-height // 4, width // 4)]
    middles.append((-height // 4, -width // 4))
    codes = {(True, False, False): "r", (False, True, False): "g", (False, False, True): "b", (True, True, True): "w"}
    return "".join(codes[tuple((picture[y, x] > 127).tolist())] for y, x in middles)


def write_video(
    path: Path,
    pictures: Iterable[RgbImage],
    *,
    fps: Fraction = Fraction(30),
    ticks: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    rotation: float | None = None,
    mirrored: bool = False,
    pixel_aspect: Fraction | None = None,
    sound: NDArray[np.float32] | None = None,
    sound_codec: str = "aac",
) -> Path:
    """Writes images as a video.

    Args:
        path: The file; its suffix chooses the container.
        pictures: (H, W, 3) RGB.
        fps: Rate, where ``ticks`` is not given.
        ticks: Presentation time of each picture in units of ``time_base``.
        time_base: Unit of ``ticks``, seconds.
        codec: Name of an encoder.
        pixel_format: FFmpeg's name.
        options: Of the encoder.
        container_options: Of the container.
        rotation: Degrees counter-clockwise by which a player has to rotate the images.
        mirrored: Whether a player also has to flip them horizontally.
        pixel_aspect: Width of a pixel over its height.
        sound: (N,) mono samples at 48 kHz.
        sound_codec: Name of an encoder.

    Returns:
        The path.
    """
    pictures = list(pictures)
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=fps, options=options or {})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.codec_context.time_base = time_base or 1 / fps
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=mirrored)
        if sound is not None:
            _add_sound(container, sound, sound_codec)
        for index, picture in enumerate(pictures):
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index if ticks is None else ticks[index]
            frame.time_base = time_base or 1 / fps
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _add_sound(container: OutputContainer, samples: NDArray[np.float32], codec: str) -> None:
    stream = container.add_stream(codec, rate=48000, layout="mono")
    assert isinstance(stream, av.AudioStream)
    sample_format = stream.codec_context.codec.audio_formats
    frame = AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
    target = sample_format[0].name if sample_format else "fltp"
    for piece in av.AudioResampler(target, "mono", 48000).resample(frame):
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))


def beep(seconds: float, start: float, length: float = 0.1) -> NDArray[np.float32]:
    """Silence at 48 kHz with one 1 kHz tone.

    Args:
        seconds: Length of all.
        start: Where the tone begins, seconds.
        length: Of the tone, seconds.

    Returns:
        (N,) samples, -1 to 1.
    """
    time = np.arange(round(seconds * 48000)) / 48000
    inside = (time >= start) & (time < start + length)
    return np.where(inside, 0.7 * np.sin(2 * np.pi * 1000 * time), 0).astype(np.float32)


def write_sound(path: Path, samples: NDArray[np.float32]) -> Path:
    """Writes a file that holds sound only."""
    with av.open(str(path), "w") as container:
        _add_sound(container, samples, "aac")
    return path


def read_sound(path: Path) -> tuple[NDArray[np.float32], float]:
    """Decodes the sound of a file.

    Returns:
        (N,) samples of its first channel and the time of the first one, seconds.
    """
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    samples = [frame.to_ndarray()[0].astype(np.float32) for frame in frames]
    return np.concatenate(samples), float(frames[0].time or 0.0)
