"""Text FBX 7.x files: the same tree of nodes as in binary files."""

import base64
import re
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, IntArray
from bodydouble.errors import FormatError
from bodydouble.formats.fbx.document import MAGIC, MAX_DEPTH, VERSIONS, Node, Value, damage_errors

HEADER = b"FBXHeaderExtension"
HEADER_BYTES = 4096
"""Number of bytes at the beginning of a text file within which the header begins."""
MAX_TEXT_BYTES = 1 << 28
BOOLEANS = {"T": True, "Y": True, "W": True, "F": False, "N": False}

_TOKEN = re.compile(
    r"""\s+ | ;[^\n]* | ,
    | "(?P<string>[^"]*)"
    | \*(?P<count>\d+)\s*\{\s*a:(?P<array>[^}]*)\}
    | (?P<name>[A-Za-z_][\w|]*)\s*:
    | (?P<number>[-+]?\.?\d[\w.+\-\#]*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<brace>[{}])""",
    re.VERBOSE,
)


def is_text_file(path: Path) -> bool:
    """Returns whether a file begins like a text FBX file."""
    with damage_errors(path), path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    return HEADER in start and not start.startswith(MAGIC[:18])


def read(path: Path) -> Node:
    """Reads a text FBX file of version 7.x as the tree that a binary file would give.

    Raises:
        FormatError: it is of another version, too large or damaged.
    """
    with damage_errors(path):
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise FormatError(f"text FBX files above {MAX_TEXT_BYTES >> 20} MiB are not read; export binary FBX")
        root = _parse(path.read_bytes().decode("utf-8-sig", "replace"))
        version = int((root.find("FBXHeaderExtension") or Node("")).value("FBXVersion", 0))
        if version not in VERSIONS:
            raise FormatError(f"FBX version {version / 1000:g}; only 7.0 to 7.7 are read, export it again")
        for node in (root.find("Objects") or Node("")).children:
            _finish_object(node)
        return root


def _parse(text: str) -> Node:
    """Returns the tree of a text."""
    root = Node("")
    stack, current, position = [root], root, 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise FormatError(f"damaged FBX file: line {text.count(chr(10), 0, position) + 1} is not understood")
        position = token.end()
        if token["name"] is not None:
            current = stack[-1].add(token["name"])
        elif token["brace"] == "{":
            stack.append(current)
        elif token["brace"] == "}":
            stack.pop()
        elif token.lastgroup is not None:
            current.properties.append(_value(token))
        if not 0 < len(stack) <= MAX_DEPTH:
            raise FormatError("damaged FBX file: its braces do not match")
    if len(stack) > 1:
        raise FormatError("damaged FBX file: it is cut off")
    return root


def _value(token: re.Match[str]) -> Value:
    """Returns the value of a token."""
    if token["string"] is not None:
        return token["string"].replace("&quot;", '"')
    if token["word"] is not None:
        return BOOLEANS.get(token["word"], token["word"])
    if token["array"] is not None:
        return _array(token["array"], int(token["count"]))
    number = token["number"]
    return np.int64(number) if re.fullmatch(r"[-+]?\d+", number) else float(number)


def _array(text: str, count: int) -> FloatArray | IntArray:
    parts = text.split(",") if text.strip() else []
    if len(parts) != count:
        raise FormatError("damaged FBX file: an array has another length than it says")
    is_whole = not re.search(r"[.eEnN]", text)
    numbers = np.array(parts, dtype=object)
    return numbers.astype(np.int64) if is_whole else numbers.astype(np.float64)


def _finish_object(node: Node) -> None:
    """Converts the name and the embedded file of an object to their form in binary files."""
    if len(node.properties) > 1 and "::" in str(node.properties[1]):
        class_name, name = str(node.properties[1]).split("::", 1)
        node.properties[1] = f"{name}\x00\x01{class_name}"
    for content in node.find_all("Content"):
        content.properties = [base64.b64decode("".join(map(str, content.properties)))]
