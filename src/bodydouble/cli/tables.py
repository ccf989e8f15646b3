"""Tables on standard output."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

PLAIN_TEXT_WIDTH = 200
"""Characters per line if the output is not a terminal."""


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table on standard output; the first two columns are aligned to the left."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, heading in enumerate(headings):
        table.add_column(heading, justify="left" if column < 2 else "right", no_wrap=column == 0)
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PLAIN_TEXT_WIDTH
    console.print(table)
