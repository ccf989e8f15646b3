"""JSON files that people edit: text -> parsed JSON, with one line for what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from bodydouble.errors import FormatError

T = TypeVar("T")


def load_text(path: Path, parse: Callable[[str], T]) -> T:
    """Reads a text file and parses it; messages of its errors begin with its path.

    Raises:
        FormatError: the file cannot be read, is not text, or ``parse`` raises it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not a text file") from error
    try:
        return parse(text)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def parse_json(text: str) -> Any:
    """Parses JSON whose objects have each key once; raises FormatError."""
    try:
        return json.loads(text, object_pairs_hook=_build_object)
    except json.JSONDecodeError as error:
        raise FormatError(f"no valid JSON in line {error.lineno}: {error.msg}") from error
    except RecursionError as error:
        raise FormatError("no valid JSON: it is nested too deeply") from error
    except ValueError as error:
        raise FormatError(f"no valid JSON: {error}") from error


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} stands there twice")
    return values
