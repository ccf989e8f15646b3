"""The truth benchmark on a motion of its own."""

from pathlib import Path

import pytest

from bodydouble.bench import truth
from tests.evaluation.truth import motions

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> truth.TruthReport:
    folder = tmp_path_factory.mktemp("truth")
    path = motions.write(folder / "squat.txt", motions.squats(30))
    return truth.measure([path], quality="fast", folder=folder / "clips")


def test_methods_stand_in_the_order_that_they_must(report: truth.TruthReport) -> None:
    errors = {name: found.pose.mpjpe_mm for name, found in report.methods.items()}
    assert errors[truth.CEILING] < 3.0
    assert errors[truth.CEILING] < errors[truth.OURS] < 150.0
    assert 20.0 < errors[truth.NETWORK] < 300.0


def test_rendered_person_is_found_in_nearly_all_frames(report: truth.TruthReport) -> None:
    assert report.methods[truth.OURS].coverage > 0.95
    assert report.methods[truth.OURS].picture.keypoint_error_percent < 4.0


def test_ceiling_in_degrees(report: truth.TruthReport) -> None:
    headings, rows = report.rows()
    column = headings.index(truth.CEILING)
    value = next(row[column] for row in rows if row[0] == "pose: joint rotation error")
    assert float(value) < 1.0


def test_clips_that_are_there_are_used_again(report: truth.TruthReport, tmp_path: Path) -> None:
    path = motions.write(tmp_path / "squat.txt", motions.squats(30))
    first = truth.measure([path], quality="fast", folder=tmp_path)
    written = (tmp_path / "squat.mp4").stat().st_mtime_ns
    second = truth.measure([path], quality="fast", folder=tmp_path)
    assert (tmp_path / "squat.mp4").stat().st_mtime_ns == written
    assert first.rows() == second.rows() == report.rows()


def test_markdown_has_every_method_and_measure(report: truth.TruthReport) -> None:
    text = report.markdown()
    for name in report.methods:
        assert name in text
    assert "MPJPE" in text
