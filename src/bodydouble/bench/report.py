"""Results of a benchmark as tables, as a Markdown page, as a web page and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bodydouble.evaluation import html

TableData = tuple[list[str], list[list[str]]]
"""Headings and rows of a table."""


@dataclass(frozen=True, slots=True)
class BenchReport:
    """Results of a benchmark, ready to be printed and written."""

    title: str
    """Title of the web page."""
    preface: str
    """Markdown text above the tables: title, method and definitions."""
    tables: Mapping[str, TableData]
    """Tables by title."""
    values: Any
    """All figures, ready for JSON."""
    headline: str = ""
    """Size of the benchmark in one line."""
    appendix: Mapping[str, TableData] = field(default_factory=dict)
    """Further tables of the Markdown page by title."""

    def markdown(self) -> str:
        """Returns the Markdown page."""
        headline = f"\n{self.headline}:\n" if self.headline else ""
        return self.preface + headline + markdown_tables({**self.tables, **self.appendix})

    def html(self) -> str:
        """Returns a self-contained web page."""
        body = "".join(html.heading(name) + html.table(*table) for name, table in self.tables.items())
        return html.page(self.title, html.paragraph(self.headline) + body)


def markdown_tables(tables: Mapping[str, TableData]) -> str:
    """Returns tables in Markdown, each below its title."""
    return "".join(f"\n## {title}\n\n{_markdown_table(*table)}" for title, table in tables.items())


def _markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table in Markdown; all columns but the first are aligned to the right."""
    lines = [headings, ["---", *["--:"] * (len(headings) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
