"""Containers of videos, recognised by their first bytes; the name of an uploaded file says nothing.

Text formats such as playlists, which can make a decoder open other files, have no such bytes and are refused.
"""

from collections.abc import Callable

HEAD_BYTES = 400
"""Number of bytes that ``find_suffix`` wants."""
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_TS_PACKET, _M2TS_PACKET = 188, 192


def _is_mpeg_ts(head: bytes) -> bool:
    return any(
        len(head) > start + size and head[start] == head[start + size] == 0x47
        for start, size in ((0, _TS_PACKET), (4, _M2TS_PACKET))
    )


_TESTS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    (".mov", lambda head: head[4:8] == b"ftyp" and head[8:10] == b"qt"),
    (".mp4", lambda head: head[4:8] in _MP4_BOXES),
    (".webm", lambda head: head[:4] == b"\x1a\x45\xdf\xa3" and b"webm" in head[:64]),
    (".mkv", lambda head: head[:4] == b"\x1a\x45\xdf\xa3"),
    (".avi", lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI "),
    (".wmv", lambda head: head[:4] == b"\x30\x26\xb2\x75"),
    (".flv", lambda head: head[:3] == b"FLV"),
    (".ogv", lambda head: head[:4] == b"OggS"),
    (".gif", lambda head: head[:6] in (b"GIF87a", b"GIF89a")),
    (".mpg", lambda head: head[:4] in (b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3")),
    (".ts", _is_mpeg_ts),
)
SUFFIXES = tuple(suffix for suffix, _ in _TESTS)


def find_suffix(head: bytes) -> str | None:
    """Returns the suffix of the container that begins with some bytes; None if it is no known container of videos."""
    return next((suffix for suffix, is_kind in _TESTS if is_kind(head)), None)
