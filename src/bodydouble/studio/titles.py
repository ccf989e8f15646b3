"""Titles of takes and characters: names of uploaded files, and whatever else people type, as one visible line."""

import re
import unicodedata

MAX_TITLE = 120
_JOINERS = "\u200c\u200d"
"""Characters that are invisible, but shape letters and emoji beside them."""
_SUFFIX = re.compile(r"(?i)\.(mp4|m4v|mov|webm|mkv|avi|wmv|flv|ogv|gif|mpe?g|m?ts|3gp|vrm|glb|gltf|fbx)$")


def clean_title(text: str) -> str:
    """Returns a title of one line without control characters and without the suffix of a video or a character."""
    visible = "".join(c if _is_visible(c) else " " for c in unicodedata.normalize("NFC", text))
    title = " ".join(visible.split())[:MAX_TITLE].strip()
    kept = _SUFFIX.sub("", title).strip()
    return kept if kept.strip(_JOINERS) else "Untitled"


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] != "C" or character in _JOINERS
