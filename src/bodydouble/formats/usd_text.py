"""Text of USD files: names of prims, arrays and samples in time."""

import re
from collections.abc import Iterable, Iterator
from io import StringIO

import numpy as np

from bodydouble.data import FloatArray, IntArray


def indent(lines: Iterable[str]) -> Iterator[str]:
    """Yields lines one level deeper."""
    return ("    " + line if line else line for line in lines)


def unique_identifiers(names: Iterable[str]) -> list[str]:
    """Returns valid and different prim names."""
    taken: list[str] = []
    for name in names:
        identifier = re.sub(r"\W", "_", name, flags=re.ASCII) or "_"
        identifier = f"_{identifier}" if identifier[0].isdigit() else identifier
        number, unique = 1, identifier
        while unique in taken:
            number += 1
            unique = f"{identifier}_{number}"
        taken.append(unique)
    return taken


def format_tuples(rows: FloatArray) -> str:
    """Returns rows (N, K) as an array of tuples."""
    template = "(" + ", ".join(["%.7g"] * rows.shape[1]) + ")"
    text = StringIO()
    np.savetxt(text, rows, fmt=template, newline=", ")
    return f"[{text.getvalue()[:-2]}]"


def format_numbers(values: FloatArray | IntArray) -> str:
    """Returns numbers as an array."""
    return "[" + ", ".join(f"{value:.7g}" for value in values.tolist()) + "]"
