"""Focal length in metadata: path of a video or image -> 35 mm equivalent in mm, or None.

Apple's phones write it as metadata of the video's track. FFmpeg does not pass that on, so the QuickTime atoms are
parsed here. Photographs have it in EXIF. Other phones and most cameras write none into their videos.

Sources: Apple, "QuickTime File Format", Metadata; CIPA DC-008, "Exif", tag 41989.
"""

import re
import struct
import warnings
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from pathlib import Path

FOCAL_LENGTH_KEY = "com.apple.quicktime.camera.focal_length.35mm_equivalent"
EXIF_FOCAL_LENGTH_35MM = 0xA405
"""EXIF tag FocalLengthIn35mmFilm."""
EXIF_DIRECTORY = 0x8769
"""Tag of the directory that holds it."""
PLAUSIBLE_RANGE_MM = (8.0, 1000.0)
"""Range of plausible focal lengths in mm; values outside are errors of the writer, or 0 for unknown."""
MAX_INDEX_BYTES = 64 * 2**20
"""Maximum number of bytes of a movie's index that are searched."""

_TEXT_TYPE, _FLOAT_TYPES = 1, {(23, 4): ">f", (24, 8): ">d"}
"""Well-known types of QuickTime values; all others that occur here are integers."""


def read_video_focal_length(path: Path, tags: Iterable[Mapping[str, str]]) -> float | None:
    """Reads the 35 mm equivalent of a video's focal length.

    Args:
        path: the video.
        tags: the metadata that FFmpeg returns for the file and its streams.

    Returns:
        mm, or None if the file has none.
    """
    # Matroska writes names in capitals.
    tag_values = [
        _parse_number(text)
        for stream_tags in tags
        for name, text in stream_tags.items()
        if name.lower() == FOCAL_LENGTH_KEY
    ]
    return _first_plausible([*tag_values, *_metadata_values(_read_index(path), FOCAL_LENGTH_KEY)])


def read_image_focal_length(path: Path) -> float | None:
    """Reads the 35 mm equivalent of an image's focal length, mm; None if its EXIF has none or is damaged."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # The image is decoded elsewhere: its size and damage do not matter here.
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                value = image.getexif().get_ifd(EXIF_DIRECTORY).get(EXIF_FOCAL_LENGTH_35MM)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error, Image.DecompressionBombError):
        return None
    return _first_plausible([float(value) if isinstance(value, Real) else None])


def _first_plausible(values: Iterable[float | None]) -> float | None:
    low, high = PLAUSIBLE_RANGE_MM
    return next((value for value in values if value is not None and low <= value <= high), None)


def _parse_number(text: str) -> float | None:
    """Parses "26", "26.0" or "26.00mm" as 26.0."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:mm)?\s*", text)
    return float(match[1]) if match else None


def _read_index(path: Path) -> memoryview:
    """Returns the content of the moov atom, which describes the tracks; empty if the file is not QuickTime or MP4."""
    start, end = 0, path.stat().st_size
    with path.open("rb") as file:
        while start < end and len(header := file.read(16)) >= 8:
            size, kind = struct.unpack_from(">I4s", header)
            width = 8
            if size == 1 and len(header) == 16:
                size, width = int.from_bytes(header[8:], "big"), 16
            if kind == b"moov":
                file.seek(start + width)
                return memoryview(file.read(min(max(size - width, 0), MAX_INDEX_BYTES)))
            if size < width:
                break
            start += size
            file.seek(min(start, end))
    return memoryview(b"")


def _iterate_atoms(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yields type and content of consecutive atoms."""
    while len(data) >= 8:
        size, kind = struct.unpack_from(">I4s", data)
        if size < 8:
            return
        yield kind, data[8:size]
        data = data[size:]


def _metadata_values(index: memoryview, key: str) -> Iterator[float | None]:
    """Yields the numbers under a key in the metadata of the tracks and of the movie."""
    for kind, content in _iterate_atoms(index):
        if kind == b"trak":
            yield from _metadata_values(content, key)
        elif kind == b"meta":
            # MP4 puts version and flags first, QuickTime the handler.
            parts = dict(_iterate_atoms(content if bytes(content[4:8]) == b"hdlr" else content[4:]))
            keys = [bytes(name) for _, name in _iterate_atoms(parts.get(b"keys", content[:0])[8:])]
            for number, item in _iterate_atoms(parts.get(b"ilst", content[:0])):
                position = int.from_bytes(number, "big") - 1
                if 0 <= position < len(keys) and keys[position] == key.encode():
                    yield from (_parse_value(data) for name, data in _iterate_atoms(item) if name == b"data")


def _parse_value(data: memoryview) -> float | None:
    """Parses the number in a data atom: type, locale, value."""
    kind, raw = int.from_bytes(data[1:4], "big"), bytes(data[8:])
    if kind == _TEXT_TYPE:
        return _parse_number(raw.decode(errors="replace"))
    if (kind, len(raw)) in _FLOAT_TYPES:
        return float(struct.unpack(_FLOAT_TYPES[kind, len(raw)], raw)[0])
    return float(int.from_bytes(raw, "big")) if len(raw) <= 8 else None
