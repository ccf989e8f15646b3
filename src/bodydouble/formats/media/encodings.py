"""Encodings: format of a video -> container, encoders and pixel formats by which PyAV writes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

import av

from bodydouble.errors import FormatError


class VideoFormat(StrEnum):
    """Formats in which moving images are written."""

    MP4 = "mp4"
    WEBM = "webm"
    GIF = "gif"
    APNG = "apng"
    PNG = "png"
    """A folder of one PNG file per frame."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """Way in which PyAV writes a format."""

    container: str
    encoders: Mapping[str, Mapping[str, str]]
    """Encoders in order of preference, with their options."""
    pixel_format: str
    alpha_pixel_format: str | None = None
    """Pixel format of frames with alpha; None: the format has none."""
    fast_options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Further options of an encoder that make it faster."""
    container_options: Mapping[str, str] = field(default_factory=dict)
    copied_audio: frozenset[str] = frozenset()
    """Audio codecs that the container may hold and that browsers play; any other is encoded again."""
    audio_encoder: str | None = None
    """Encoder of other audio; None: the format has no audio."""
    max_rate: Fraction | None = None
    """Maximum rate in frames/s that players show."""

    @property
    def is_yuv(self) -> bool:
        """Whether colours are stored as luma and chroma."""
        return self.pixel_format.startswith("yuv")


MP4 = Encoding(
    container="mp4",
    encoders={
        "libx264": {"crf": "20", "preset": "veryfast"},
        "libopenh264": {},
        "mpeg4": {"qscale": "3"},
    },
    pixel_format="yuv420p",
    # Without subpixel refinement of motion, x264 takes a quarter less time.
    fast_options={"libx264": {"x264-params": "subme=1"}},
    container_options={"movflags": "+faststart"},
    copied_audio=frozenset({"aac", "mp3", "opus"}),
    audio_encoder="aac",
)
ENCODINGS = {
    VideoFormat.MP4: MP4,
    VideoFormat.WEBM: Encoding(
        container="webm",
        encoders={"libvpx-vp9": {"crf": "28", "b": "0", "deadline": "realtime", "cpu-used": "7", "row-mt": "1"}},
        pixel_format="yuv420p",
        alpha_pixel_format="yuva420p",
        copied_audio=frozenset({"opus", "vorbis"}),
        audio_encoder="libopus",
    ),
    VideoFormat.GIF: Encoding(
        container="gif",
        encoders={"gif": {}},
        pixel_format="pal8",
        alpha_pixel_format="pal8",
        # Times are in 1/100 s, and browsers slow down frames that are shorter than 2 of them.
        max_rate=Fraction(50),
    ),
    VideoFormat.APNG: Encoding(
        container="apng",
        encoders={"apng": {"pred": "mixed"}},
        pixel_format="rgb24",
        alpha_pixel_format="rgba",
        container_options={"plays": "0"},
    ),
}
"""Encodings of the formats that are single files; the first encoders come with the wheels of PyAV."""


def find_encoder(encoding: Encoding) -> str:
    """Returns the first encoder of an encoding that this build of PyAV has.

    Raises:
        FormatError: it has none, or cannot write the container.
    """
    encoder = next((name for name in encoding.encoders if name in av.codecs_available), None)
    if encoder is None or encoding.container not in av.formats_available:
        raise FormatError(
            f"this installation of PyAV cannot write {encoding.container}: it has no {' or '.join(encoding.encoders)}; "
            "install the package av from PyPI, or choose another format"
        )
    return encoder


def has_alpha(video_format: VideoFormat) -> bool:
    """Returns whether frames of a format may be transparent."""
    return video_format is VideoFormat.PNG or ENCODINGS[video_format].alpha_pixel_format is not None
