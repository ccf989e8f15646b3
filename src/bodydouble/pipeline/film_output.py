"""Output of films: options and names -> format, path and writer of a film."""

from fractions import Fraction
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from bodydouble.data import RgbaImage, RgbImage
from bodydouble.errors import FormatError, OutputError
from bodydouble.film.layouts import Layout
from bodydouble.formats.media import VideoWriter
from bodydouble.formats.media.encodings import ENCODINGS, VideoFormat, find_encoder, has_alpha
from bodydouble.formats.media.images import ImageFolderWriter
from bodydouble.pipeline.film_source import FilmPlace

NAME_ENDINGS = {Layout.SHEET: "sheet", Layout.TURNTABLE: "turntable"}
"""Endings of the default names of films; others end in "film"."""


class FrameWriter(Protocol):
    """Writer of the frames of a film; a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def write(self, frame: RgbImage | RgbaImage, /) -> None:
        """Adds a frame."""


def choose_format(path: Path | None, wanted: VideoFormat | None, layout: Layout, is_transparent: bool) -> VideoFormat:
    """Chooses the format of a film: the wanted one, else that of the suffix, else WebM if transparent, else MP4.

    Raises:
        FormatError: the suffix is of no format of films, the format has no transparency, or PyAV cannot write it.
    """
    default = VideoFormat.WEBM if is_transparent else VideoFormat.MP4
    if layout is Layout.SHEET:
        default = VideoFormat.PNG
    chosen = wanted or (default if path is None or not path.suffix else _format_of_suffix(path))
    if layout is Layout.SHEET and chosen is not VideoFormat.PNG:
        raise FormatError(f"a sheet is a still image; {chosen.value} is for films, choose png")
    if is_transparent and not has_alpha(chosen):
        choices = ", ".join(known.value for known in VideoFormat if has_alpha(known))
        raise FormatError(f"{chosen.value} has no transparency, which the background 'none' needs; choose {choices}")
    if chosen in ENCODINGS:
        find_encoder(ENCODINGS[chosen])
    return chosen


def _format_of_suffix(path: Path) -> VideoFormat:
    name = path.suffix.lower().removeprefix(".")
    if name not in list(VideoFormat):
        choices = ", ".join(f".{known.value}" for known in VideoFormat)
        raise FormatError(f"cannot write {path.name}: a film ends in {choices}")
    return VideoFormat(name)


def choose_path(path: Path | None, place: FilmPlace, video_format: VideoFormat, layout: Layout) -> Path:
    """Returns the path of a film: the given one, else beside the video, with its name.

    Frames as PNG files become a folder, whose name has no suffix.

    Raises:
        OutputError: the film would replace its source.
    """
    ending = NAME_ENDINGS.get(layout, "film")
    chosen = path or place.beside.with_name(f"{place.name}_{ending}.{video_format.value}")
    if video_format is VideoFormat.PNG and layout is not Layout.SHEET:
        chosen = chosen.with_suffix("")
    if place.video is not None and chosen.resolve() == place.video.resolve():
        raise OutputError(f"the film would replace {place.video}; choose another name with -o")
    return chosen


def choose_rate(fps: Fraction, video_format: VideoFormat) -> Fraction:
    """Returns a frame rate that the format can show: that rate, or a whole fraction of it."""
    limit = ENCODINGS[video_format].max_rate if video_format in ENCODINGS else None
    return fps if limit is None else fps / ceil(fps / limit)


def create_writer(
    path: Path,
    video_format: VideoFormat,
    image_size: tuple[int, int],
    fps: Fraction,
    audio_from: Path | None,
    alpha: bool,
) -> FrameWriter:
    """Creates the writer of a film, whose frames are RGBA if ``alpha``; the audio is that of a video, if it has any."""
    if video_format is VideoFormat.PNG:
        return ImageFolderWriter(path)
    encoding = ENCODINGS[video_format]
    audio_from = audio_from if encoding.audio_encoder else None
    return VideoWriter(path, image_size=image_size, fps=fps, audio_from=audio_from, encoding=encoding, has_alpha=alpha)
