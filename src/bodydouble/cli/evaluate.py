"""A captured performance beside the true one."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bodydouble.evaluation.comparison import Comparison, compare
from bodydouble.evaluation.comparison_page import comparison_page, people_rows, side_by_side
from bodydouble.formats import performance
from bodydouble.formats.atomic import atomic_write

PLAIN_TEXT_WIDTH = 200
"""Characters of a line where the output is no terminal."""


def compare_files(predicted: Path, truth: Path) -> Comparison:
    """Compares two performance files.

    Raises:
        BodydoubleError: a file cannot be read, or they do not show the same clip.
    """
    return compare(performance.load(predicted), performance.load(truth))


def write_page(comparison: Comparison, path: Path, title: str) -> None:
    """Writes the comparison as a self-contained page."""
    with atomic_write(path) as temporary:
        temporary.write_text(comparison_page(comparison, title), encoding="utf-8")


def print_comparison(comparison: Comparison) -> None:
    """Prints who was compared with whom, and all figures."""
    print_table(*people_rows(comparison))
    print_table(*side_by_side({"value": comparison}))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table on standard output; the first two columns stand left."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, heading in enumerate(headings):
        table.add_column(heading, justify="left" if column < 2 else "right", no_wrap=column == 0)
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PLAIN_TEXT_WIDTH
    console.print(table)
