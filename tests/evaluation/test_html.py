from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from bodydouble.evaluation import html
from bodydouble.evaluation.comparison import combine, compare
from bodydouble.evaluation.comparison_page import (
    build_comparison_page,
    comparison_table,
    joint_table,
    list_metrics,
    people_table,
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


def test_a_page_is_self_contained() -> None:
    truth = scenes.ground_truth(10)
    parsed = _parse(build_comparison_page(compare(truth, truth), "take"))
    assert not {"link", "script", "img", "iframe"} & set(parsed.tags)
    assert not [value for name, value in parsed.attributes if name in ("src", "href")]
    assert "url(" not in "".join(parsed.text)
    assert "@import" not in "".join(parsed.text)


def test_a_table_contains_all_cells() -> None:
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
def test_plots_accept_empty_constant_and_nan_values(y: np.ndarray) -> None:
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


def test_long_curves_are_decimated_but_keep_peaks_and_gaps() -> None:
    y = np.random.default_rng(0).uniform(size=20000)
    y[12345], y[5000:5400] = 50.0, np.nan
    (curve,) = _curves(html.line_plot([html.Line("a", np.arange(20000.0), y)], "t", "x", "y"))
    assert curve.count("L") < 1300
    assert curve.count("M") == 2
    assert " 8.0" in curve, "the peak touches the top of the plot"


def test_every_metric_of_a_comparison_has_a_row() -> None:
    truth = scenes.ground_truth(10)
    rows = list_metrics(compare(truth, truth))
    assert len({(row.group, row.metric) for row in rows}) == len(rows)
    texts = {row.metric: row.text for row in rows}
    assert texts["coverage of person-frames"] == "100.0"
    assert texts["MPJPE while hidden"] == "–"  # noqa: RUF001


def test_comparison_table_has_one_column_per_comparison() -> None:
    truth = scenes.ground_truth(10)
    half = scenes.with_people(truth, truth.people[0])
    headings, cells = comparison_table({"all": compare(truth, truth), "half": compare(half, truth)})
    assert headings == ["measure", "unit", "all", "half"]
    assert ["people: coverage of person-frames", "%", "100.0", "50.0"] in cells


def test_tables_of_people_and_joints() -> None:
    truth = scenes.ground_truth(10)
    ghost = scenes.rename(scenes.translate(truth.people[1], (4.0, 0.0, 0.0)), "ghost")
    comparison = compare(scenes.with_people(truth, truth.people[0], ghost), truth)
    _, people = people_table(comparison)
    assert [row[:2] for row in people] == [["true1", "true1"], ["true2", "not detected"], ["no person", "ghost"]]
    _, joints = joint_table(comparison)
    assert [row[0] for row in joints] == list(humanoid.JOINTS)
    assert all(row[1:] == ["0.0", "0.0"] for row in joints)


def test_a_page_of_clips_without_detections() -> None:
    truth = scenes.ground_truth(10)
    empty = compare(scenes.with_people(truth), truth)
    parsed = _parse(build_comparison_page(combine([empty, empty]), "no detections"))
    assert parsed.text.count("not detected") == 4


def test_gaps_are_runs_of_invalid_frames() -> None:
    valid = np.array([False, True, False, False, True, False])
    assert html.find_gaps(np.arange(10, 16), valid) == [(9.5, 10.5), (11.5, 13.5), (14.5, 15.5)]
    assert html.find_gaps(np.arange(3), np.ones(3, dtype=bool)) == []
