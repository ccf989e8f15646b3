from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from bodydouble.evaluation import html
from bodydouble.evaluation.comparison import combine, compare
from bodydouble.evaluation.comparison_page import (
    comparison_page,
    comparison_rows,
    gaps,
    joint_rows,
    people_rows,
    side_by_side,
)
from bodydouble.skeletons import humanoid
from tests.evaluation import scenes

NASTY = "<script>alert('x')</script> & \"quotes\""


class _Parser(HTMLParser):
    """Collects tags and text, and fails on tags that are not closed in order."""

    VOID = ("meta", "img", "br", "rect", "path")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _parse(html: str) -> _Parser:
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert not parser.open
    return parser


def test_text_is_escaped_everywhere() -> None:
    plot = html.line_plot([html.Line(NASTY, np.arange(3.0), np.arange(3.0))] * 2, NASTY, NASTY, NASTY)
    body = html.heading(NASTY) + html.paragraph(NASTY) + html.table([NASTY], [[NASTY]]) + plot
    parsed = _parse(html.page(NASTY, body))
    assert "script" not in parsed.tags
    assert parsed.text.count(NASTY) == 2 + 2 + 2 + 3 + 2
    assert ("aria-label", NASTY) in parsed.attributes


def test_a_page_needs_nothing_from_elsewhere() -> None:
    truth = scenes.truth(10)
    parsed = _parse(comparison_page(compare(truth, truth), "take"))
    assert not {"link", "script", "img", "iframe"} & set(parsed.tags)
    assert not [value for name, value in parsed.attributes if name in ("src", "href")]
    assert "url(" not in "".join(parsed.text)
    assert "@import" not in "".join(parsed.text)


def test_a_table_has_all_cells() -> None:
    parsed = _parse(html.table(["a", "b"], [["1", "2"], ["3", "4"]]))
    assert (parsed.tags.count("th"), parsed.tags.count("td")) == (2, 4)
    assert [text for text in parsed.text if text.strip()] == ["a", "b", "1", "2", "3", "4"]


def _curves(plot: str) -> list[str]:
    svg = plot[plot.index("<svg") : plot.index("</svg>") + len("</svg>")]
    paths = [element.get("d", "") for element in ElementTree.fromstring(svg).iter("path")]
    return [path for path in paths if "H" not in path]


def test_gaps_break_the_curve() -> None:
    y = np.array([1.0, 2.0, np.nan, 3.0, 4.0, np.nan])
    (curve,) = _curves(html.line_plot([html.Line("a", np.arange(6.0), y)], "t", "x", "y"))
    assert (curve.count("M"), curve.count("L")) == (2, 2)


@pytest.mark.parametrize(
    "y", [np.zeros(0), np.full(4, np.nan), np.zeros(4), np.full(4, -3.0), np.full(1, 1e-9), np.array([1e9, -1e9])]
)
def test_any_values_can_be_drawn(y: np.ndarray) -> None:
    plot = html.line_plot([html.Line("a", np.arange(len(y), dtype=float), y)], "t", "x", "y", [(0.0, 2.0)])
    assert "nan" not in plot
    assert "inf" not in plot
    assert len(_curves(plot)) == 1


def test_curves_stay_inside_the_plot() -> None:
    y = np.random.default_rng(0).normal(size=200)
    (curve,) = _curves(html.line_plot([html.Line("a", np.arange(200.0) + 7, y)], "t", "x", "y"))
    points = np.array([pair.split() for pair in curve.replace("M", "L").split("L")[1:]], dtype=float)
    assert len(points) == 200
    assert points[:, 0].min() >= 46
    assert points[:, 0].max() <= 392
    assert points[:, 1].min() >= 8
    assert points[:, 1].max() <= 144


def test_long_curves_are_thinned_but_keep_peaks_and_gaps() -> None:
    y = np.random.default_rng(0).uniform(size=20000)
    y[12345], y[5000:5400] = 50.0, np.nan
    (curve,) = _curves(html.line_plot([html.Line("a", np.arange(20000.0), y)], "t", "x", "y"))
    assert curve.count("L") < 1300
    assert curve.count("M") == 2
    assert " 8.0" in curve, "the peak touches the top of the plot"


def test_every_figure_of_a_comparison_has_a_row() -> None:
    truth = scenes.truth(10)
    rows = comparison_rows(compare(truth, truth))
    assert len({(row.group, row.measure) for row in rows}) == len(rows)
    texts = {row.measure: row.text for row in rows}
    assert texts["coverage of person-frames"] == "100.0"
    assert texts["MPJPE while hidden"] == "–"  # noqa: RUF001


def test_columns_stand_side_by_side() -> None:
    truth = scenes.truth(10)
    half = scenes.of(truth, truth.people[0])
    headings, cells = side_by_side({"all": compare(truth, truth), "half": compare(half, truth)})
    assert headings == ["measure", "unit", "all", "half"]
    assert ["people: coverage of person-frames", "%", "100.0", "50.0"] in cells


def test_people_and_joints_have_their_tables() -> None:
    truth = scenes.truth(10)
    ghost = scenes.renamed(scenes.moved(truth.people[1], (4.0, 0.0, 0.0)), "ghost")
    found = compare(scenes.of(truth, truth.people[0], ghost), truth)
    _, people = people_rows(found)
    assert [row[:2] for row in people] == [["true1", "true1"], ["true2", "not found"], ["nobody", "ghost"]]
    _, joints = joint_rows(found)
    assert [row[0] for row in joints] == list(humanoid.JOINTS)
    assert all(row[1:] == ["0.0", "0.0"] for row in joints)


def test_a_page_of_clips_where_nobody_was_found() -> None:
    truth = scenes.truth(10)
    nothing = compare(scenes.of(truth), truth)
    parsed = _parse(comparison_page(combine([nothing, nothing]), "nobody"))
    assert parsed.text.count("not found") == 4


def test_gaps_are_runs_of_unknown_frames() -> None:
    known = np.array([False, True, False, False, True, False])
    assert gaps(np.arange(10, 16), known) == [(9.5, 10.5), (11.5, 13.5), (14.5, 15.5)]
    assert gaps(np.arange(3), np.ones(3, dtype=bool)) == []
