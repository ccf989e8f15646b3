"""Accuracy, oracle study and comparison tables on small synthetic clips."""

import json

import pytest

from bodydouble.bench import accuracy, accuracy_report, comparison_tables, oracle_study, synthetic_set
from bodydouble.bench.accuracy import AccuracyResults
from bodydouble.bench.capture_cache import BenchCapture
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.comparison import compare
from tests.evaluation import scenes


@pytest.fixture(scope="module")
def results(captures: list[BenchCapture]) -> AccuracyResults:
    return accuracy.measure_accuracy(captures, "fast")


@pytest.mark.slow
def test_pipeline_is_between_ceiling_and_mean_pose(results: AccuracyResults) -> None:
    errors = {name: comparison.pose.mpjpe_limbs_mm for name, comparison in results.overall().items()}
    assert errors[accuracy.CEILING] < 3.0
    assert errors[accuracy.CEILING] < errors[accuracy.OURS] < errors[accuracy.MEAN_POSE]
    assert 20.0 < errors[accuracy.NETWORK] < 300.0


@pytest.mark.slow
def test_rig_and_files_cost_less_than_a_degree(results: AccuracyResults) -> None:
    assert results.overall()[accuracy.CEILING].pose.rotation_error_deg < 1.0


@pytest.mark.slow
def test_rendered_person_is_detected_like_a_real_one(results: AccuracyResults) -> None:
    ours = results.overall()[accuracy.OURS]
    assert ours.fully_visible_frames.recall >= 0.95
    assert ours.coverage > 0.95
    assert ours.image.keypoint_error_percent < 4.0


@pytest.mark.slow
def test_groups_add_up_to_all_clips(results: AccuracyResults) -> None:
    groups = results.groups()
    assert set(groups) == {synthetic_set.STATIC, synthetic_set.MOVING}
    frames = [comparisons[accuracy.OURS].person_frames for comparisons in groups.values()]
    assert sum(f.true_positive for f in frames) == results.overall()[accuracy.OURS].person_frames.true_positive


@pytest.mark.slow
def test_report_names_every_method_group_and_clip(results: AccuracyResults) -> None:
    report = accuracy_report.build_report(results)
    for name in (*accuracy.METHODS, synthetic_set.STATIC, "static", "moving", "MPJPE"):
        assert name in report.markdown()
        assert name in report.html()
    values = json.loads(json.dumps(report.values))
    assert [clip["name"] for clip in values["clips"]] == ["static", "moving"]
    assert values["all"][accuracy.OURS]["coverage"] == pytest.approx(results.overall()[accuracy.OURS].coverage)


@pytest.mark.slow
def test_ground_truth_at_every_stage_leaves_little_error(captures: list[BenchCapture]) -> None:
    steps = oracle_study.measure_oracle_steps(captures, "fast")
    errors = [comparison.pose.mpjpe_limbs_mm for comparison in steps.values()]
    assert next(iter(steps)) == accuracy.OURS
    assert errors[-1] < 0.5 * errors[0]
    assert steps["+ true bone lengths"].motion.bone_length_error_percent < 1e-3
    headings, _ = oracle_study.oracle_table(steps)
    assert headings[2:] == list(steps)


def test_oracle_study_needs_a_static_camera() -> None:
    with pytest.raises(InvalidDataError, match="static camera"):
        oracle_study.measure_oracle_steps([], "fast")


def test_oracle_report_shows_every_reported_measure() -> None:
    comparison = compare(scenes.ground_truth(), scenes.ground_truth())
    report = oracle_study.build_report({accuracy.OURS: comparison})
    headings, rows = report.tables[oracle_study.TITLE]
    assert headings[2:] == [accuracy.OURS]
    assert {row[0] for row in rows} == set(oracle_study.REPORTED_MEASURES)
    assert "--oracle" in report.markdown()


@pytest.mark.slow
def test_comparison_tables_have_their_columns(results: AccuracyResults) -> None:
    tables = comparison_tables.measure_tables(results)
    headings, rows = tables[comparison_tables.ACCURACY]
    assert headings == ["method", "accuracy %", "precision %", "recall %", "F1 %", "time per frame ms"]
    by_method = {row[0]: row for row in rows}
    assert by_method[accuracy.CEILING][1:5] == ["100.0"] * 4
    assert float(by_method[accuracy.OURS][5]) > 0
    headings, rows = tables[comparison_tables.NATURALNESS]
    assert headings[-2:] == ["realism", "naturalness"]
    for row in rows:
        assert all(0.0 <= float(value) <= 10.0 for value in row[-2:])
    report = comparison_tables.build_report(tables, "fast")
    assert report.values[comparison_tables.NATURALNESS][0]["method"] == accuracy.OURS
