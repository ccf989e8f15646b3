"""The focal length that a camera wrote into a video or a picture.

Phones of Apple write it as metadata of the video's track, which FFmpeg does not pass on, so the atoms that hold it
are read here. Photographs carry it in EXIF. Other phones and most cameras write none into their videos.

Sources: Apple, "QuickTime File Format", Metadata; CIPA DC-008, "Exif", tag 41989.
"""

import re
import struct
import warnings
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from pathlib import Path

FOCAL_KEY = "com.apple.quicktime.camera.focal_length.35mm_equivalent"
FOCAL_IN_35MM_FILM = 0xA405
EXIF_DIRECTORY = 0x8769
PLAUSIBLE = (8.0, 1000.0)
"""mm; what lies outside is a mistake of the writer, or 0 for unknown."""
LARGEST_INDEX = 64 * 2**20
"""Bytes of a movie's index that are searched."""

_TEXT, _FLOATS = 1, {(23, 4): ">f", (24, 8): ">d"}
"""Well-known types of values; all others that occur here are whole numbers."""


def focal_of_video(path: Path, tags: Iterable[Mapping[str, str]]) -> float | None:
    """The 35 mm equivalent of a video's focal length.

    Args:
        path: the video.
        tags: the metadata that FFmpeg gives for the file and its streams.

    Returns:
        mm, or None where the file does not tell.
    """
    # Matroska writes names in capitals.
    told = [_number(text) for each in tags for name, text in each.items() if name.lower() == FOCAL_KEY]
    return _first_plausible([*told, *_values(_index(path), FOCAL_KEY)])


def focal_of_picture(path: Path) -> float | None:
    """The 35 mm equivalent of a picture's focal length, mm, or None where its EXIF does not tell or is damaged."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # The picture is decoded elsewhere: its size and damage do not matter here.
            warnings.simplefilter("ignore")
            with Image.open(path) as picture:
                value = picture.getexif().get_ifd(EXIF_DIRECTORY).get(FOCAL_IN_35MM_FILM)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error, Image.DecompressionBombError):
        return None
    return _first_plausible([float(value) if isinstance(value, Real) else None])


def _first_plausible(values: Iterable[float | None]) -> float | None:
    low, high = PLAUSIBLE
    return next((value for value in values if value is not None and low <= value <= high), None)


def _number(text: str) -> float | None:
    """26.0 of "26", "26.0" or "26.00mm"."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:mm)?\s*", text)
    return float(found[1]) if found else None


def _index(path: Path) -> memoryview:
    """The inside of the moov atom, which describes the tracks; empty if this is no QuickTime or MP4 file."""
    start, end = 0, path.stat().st_size
    with path.open("rb") as file:
        while start < end and len(header := file.read(16)) >= 8:
            size, kind = struct.unpack_from(">I4s", header)
            width = 8
            if size == 1 and len(header) == 16:
                size, width = int.from_bytes(header[8:], "big"), 16
            if kind == b"moov":
                file.seek(start + width)
                return memoryview(file.read(min(max(size - width, 0), LARGEST_INDEX)))
            if size < width:
                break
            start += size
            file.seek(min(start, end))
    return memoryview(b"")


def _atoms(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Type and content of the atoms that follow each other."""
    while len(data) >= 8:
        size, kind = struct.unpack_from(">I4s", data)
        if size < 8:
            return
        yield kind, data[8:size]
        data = data[size:]


def _values(index: memoryview, key: str) -> Iterator[float | None]:
    """The numbers under a key in the metadata of the tracks and of the movie."""
    for kind, content in _atoms(index):
        if kind == b"trak":
            yield from _values(content, key)
        elif kind == b"meta":
            # As MP4 defines it, version and flags come first; as QuickTime does, the handler.
            parts = dict(_atoms(content if bytes(content[4:8]) == b"hdlr" else content[4:]))
            keys = [bytes(name) for _, name in _atoms(parts.get(b"keys", content[:0])[8:])]
            for number, item in _atoms(parts.get(b"ilst", content[:0])):
                position = int.from_bytes(number, "big") - 1
                if 0 <= position < len(keys) and keys[position] == key.encode():
                    yield from (_value(data) for name, data in _atoms(item) if name == b"data")


def _value(data: memoryview) -> float | None:
    """The number in a data atom: type, locale, value."""
    kind, raw = int.from_bytes(data[1:4], "big"), bytes(data[8:])
    if kind == _TEXT:
        return _number(raw.decode(errors="replace"))
    if (kind, len(raw)) in _FLOATS:
        return float(struct.unpack(_FLOATS[kind, len(raw)], raw)[0])
    return float(int.from_bytes(raw, "big")) if len(raw) <= 8 else None
