"""corrections.json: corrections of a capture by hand <-> ``data.corrections``. docs/corrections.md shows every kind."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from bodydouble.data.corrections import (
    ContactEdit,
    Correction,
    Delete,
    FloorLevel,
    FocalLength,
    Keyframe,
    Merge,
    PersonHeight,
    Rename,
    SideExchange,
    Smoothing,
    Split,
    Swap,
    UnreliableSpan,
)
from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.json_text import load_text, parse_json

FORMAT = "bodydouble-corrections 1"
KINDS: Mapping[str, type[Correction]] = {
    "rename": Rename,
    "merge": Merge,
    "split": Split,
    "swap": Swap,
    "delete": Delete,
    "contact": ContactEdit,
    "keyframe": Keyframe,
    "exchange_sides": SideExchange,
    "unreliable": UnreliableSpan,
    "smoothing": Smoothing,
    "floor": FloorLevel,
    "height": PersonHeight,
    "focal_length": FocalLength,
}
"""Name of each kind in the file -> its type, whose fields are the other keys."""
_NAMES = {kind: name for name, kind in KINDS.items()}


def save(path: Path, corrections: Sequence[Correction]) -> None:
    """Writes corrections; raises OutputError if the file cannot be written."""
    with atomic_write(path) as temporary:
        temporary.write_text(to_text(corrections), encoding="utf-8")


def load(path: Path) -> tuple[Correction, ...]:
    """Reads corrections.

    Raises:
        FormatError: the file does not exist, or it is not as docs/corrections.md describes it.
    """
    return load_text(path, parse_text)


def to_text(corrections: Sequence[Correction]) -> str:
    """Returns corrections as JSON, one a line."""
    lines = (json.dumps(to_object(correction), ensure_ascii=False) for correction in corrections)
    body = ",\n    ".join(lines)
    listed = f"[\n    {body}\n  ]" if body else "[]"
    return f'{{\n  "format": "{FORMAT}",\n  "corrections": {listed}\n}}\n'


def parse_text(text: str) -> tuple[Correction, ...]:
    """Parses the JSON of ``to_text``; raises FormatError."""
    content = parse_json(text)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise FormatError(f'no corrections: expected an object with "format": "{FORMAT}"')
    unknown = content.keys() - {"format", "corrections"}
    if unknown:
        raise FormatError(f"unknown key {min(unknown)!r}; the keys are format and corrections")
    entries = content.get("corrections")
    if not isinstance(entries, list):
        raise FormatError('"corrections" must be a list')
    return tuple(_parse_entry(number, entry) for number, entry in enumerate(entries, start=1))


def to_object(correction: Correction) -> dict[str, Any]:
    """Returns a correction as the JSON object that ``parse_object`` reads, without fields that have their default."""
    values = {field.name: getattr(correction, field.name) for field in fields(correction)}
    defaults = {field.name: field.default for field in fields(correction)}
    given = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value != defaults[name]
    }
    return {"kind": _NAMES[type(correction)]} | given


def parse_object(entry: object) -> Correction:
    """Parses one correction from a JSON object; raises FormatError."""
    if not isinstance(entry, dict):
        raise FormatError(f"expected an object, got {json.dumps(entry)[:40]}")
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise FormatError(f"unknown kind {kind!r}; choose one of {', '.join(KINDS)}")
    expected = {field.name: field for field in fields(KINDS[kind])}
    unknown = entry.keys() - expected.keys() - {"kind"}
    if unknown:
        raise FormatError(f"{kind} has no {min(unknown)!r}; it has {', '.join(expected)}")
    missing = [name for name, field in expected.items() if field.default is MISSING and name not in entry]
    if missing:
        raise FormatError(f"{kind} lacks {missing[0]!r}; it has {', '.join(expected)}")
    values = {name: _convert(kind, expected[name], value) for name, value in entry.items() if name != "kind"}
    try:
        return KINDS[kind](**values)
    except InvalidDataError as error:
        raise FormatError(str(error).partition(": ")[2]) from error


def _parse_entry(number: int, entry: object) -> Correction:
    try:
        return parse_object(entry)
    except FormatError as error:
        raise FormatError(f"correction {number}: {error}") from error


def _convert(kind: str, field: "Field[Any]", value: object) -> Any:
    convert, description = _CONVERTERS[field.type]
    try:
        return convert(value)
    except (TypeError, ValueError, OverflowError):
        raise FormatError(f"{kind}: {field.name} must be {description}, got {json.dumps(value)[:40]}") from None


def _to_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _to_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _to_whole_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _to_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return float(value)


def _to_point(value: object, dimensions: int) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != dimensions:
        raise TypeError
    return tuple(_to_number(item) for item in value)


_CONVERTERS: Mapping[Any, tuple[Callable[[object], Any], str]] = {
    str: (_to_text, "a text"),
    bool: (_to_bool, "true or false"),
    int: (_to_whole_number, "a whole number"),
    float: (_to_number, "a number"),
    tuple[float, float, float] | None: (lambda value: _to_point(value, 3), "a list of three numbers"),
    tuple[float, float] | None: (lambda value: _to_point(value, 2), "a list of two numbers"),
}
"""Type of a field -> the function that converts a JSON value to it, and its description."""
