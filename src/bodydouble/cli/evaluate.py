"""A captured performance beside the true one."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from bodydouble.evaluation.comparison import Comparison, compare
from bodydouble.evaluation.comparison_page import comparison_page, comparison_rows, people_rows
from bodydouble.formats import performance
from bodydouble.formats.atomic import atomic_write


def compared_files(predicted: Path, truth: Path) -> Comparison:
    """Compares two performance files.

    Raises:
        BodydoubleError: a file cannot be read, or they do not show the same clip.
    """
    return compare(performance.load(predicted), performance.load(truth))


def write_page(found: Comparison, path: Path, title: str) -> None:
    """Writes the comparison as a self-contained page."""
    with atomic_write(path) as temporary:
        temporary.write_text(comparison_page(found, title), encoding="utf-8")


def print_comparison(found: Comparison) -> None:
    """Prints who was compared with whom, and all figures."""
    console = Console(highlight=False)
    people = Table(box=None, pad_edge=False, header_style="bold")
    headings, rows = people_rows(found)
    for heading in headings:
        people.add_column(str(heading))
    for row in rows:
        people.add_row(*map(str, row))
    console.print(people)
    figures = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "measure", "value", "unit"):
        figures.add_column(heading, justify="right" if heading == "value" else "left")
    for line in comparison_rows(found):
        figures.add_row(line.group, line.measure, line.text, line.unit)
    console.print(figures)
