"""Containers of videos and characters, recognised by their first bytes; the name of an uploaded file says nothing.

Text formats such as playlists, which can make a decoder open other files, have no such bytes and are refused.
"""

import struct
from collections.abc import Callable

from bodydouble.errors import FormatError

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


MAX_JSON_BYTES = 32_000_000
"""Maximum size of the JSON in a character's file: parsing needs many times as much memory."""
_GLB_HEADER = "<4sIIII"


def find_suffix(head: bytes) -> str:
    """Returns the suffix of the container that begins with some bytes.

    Raises:
        FormatError: it is no known container of videos.
    """
    for suffix, is_kind in _TESTS:
        if is_kind(head):
            return suffix
    if not head:
        raise FormatError("this file is empty")
    raise FormatError(f"this file is {_name_kind(head)}no video that can be read; MP4, MOV, WebM, MKV or AVI work")


def find_character_suffix(head: bytes) -> str:
    """Returns the suffix of the character's file that begins with some bytes: ".glb", also of VRM files, or ".fbx".

    Raises:
        FormatError: it is no such file, or one whose JSON is too large.
    """
    if head[:4] == b"glTF" and len(head) >= struct.calcsize(_GLB_HEADER):
        _, version, _, json_bytes, _ = struct.unpack_from(_GLB_HEADER, head)
        if version != 2:
            raise FormatError(f"this file is glTF {version}; export it as glTF 2.0")
        if json_bytes > MAX_JSON_BYTES:
            raise FormatError(f"the JSON of this file has {json_bytes / 1e6:,.0f} MB; at most 32 MB are read")
        return ".glb"
    if head[:18] == b"Kaydara FBX Binary":
        return ".fbx"
    if not head:
        raise FormatError("this file is empty")
    if head.lstrip()[:1] == b"{":
        raise FormatError("a .gltf file lacks its other files; export the character as .glb or .vrm")
    if head[:5] == b"; FBX":
        raise FormatError("this is an FBX file in text form; export it as binary FBX, .glb or .vrm")
    raise FormatError(f"this file is {_name_kind(head)}no character; .vrm, .glb and .fbx files work")


def _name_kind(head: bytes) -> str:
    """Returns what a file of another kind is, with a comma behind it; empty if it is not known."""
    kinds = {
        "an image, ": (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*"),
        "a sound, ": (b"ID3", b"fLaC", b"\xff\xfb", b"\xff\xf1"),
        "a zip archive, ": (b"PK\x03\x04",),
        "a PDF, ": (b"%PDF",),
    }
    if head[:4] == b"RIFF":
        return {b"WAVE": "a sound, ", b"WEBP": "an image, "}.get(head[8:12], "")
    return next((kind for kind, starts in kinds.items() if head.startswith(starts)), "")
