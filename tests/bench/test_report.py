"""Reports as Markdown and web pages, and the committed pages of the documentation."""

from pathlib import Path

import pytest

from bodydouble.bench import accuracy_report, comparison_tables, frame_rate, oracle_study, people_report
from bodydouble.bench.report import BenchReport

DOCS = Path(__file__).parents[2] / "docs"
TABLE = (["measure", "value"], [["MPJPE", "1.0"]])


def test_pages_have_preface_headline_and_all_tables() -> None:
    report = BenchReport("Title", "# Preface\n", {"First": TABLE}, None, "3 clips", {"Second": TABLE})
    assert report.markdown() == (
        "# Preface\n\n3 clips:\n"
        "\n## First\n\n| measure | value |\n| --- | --: |\n| MPJPE | 1.0 |\n"
        "\n## Second\n\n| measure | value |\n| --- | --: |\n| MPJPE | 1.0 |\n"
    )
    for text in ("Title", "3 clips", "First", "MPJPE"):
        assert text in report.html()


@pytest.mark.parametrize(
    ("page", "preface"),
    [
        ("accuracy.md", accuracy_report.PREFACE.format(quality="best")),
        ("error-attribution.md", oracle_study.PREFACE),
        ("comparison-tables.md", comparison_tables.PREFACE.format(quality="best")),
        ("low-frame-rates.md", frame_rate.PREFACE.format(quality="best")),
        ("people.md", people_report.PREFACE.format(clips=17, quality="best")),
    ],
)
def test_committed_page_begins_with_the_preface_of_its_writer(page: str, preface: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8").startswith(preface)
