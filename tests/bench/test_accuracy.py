"""The truth benchmark on a motion of its own."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from bodydouble.bench import accuracy, accuracy_report, comparison_tables, oracle_study, synthetic_set
from bodydouble.errors import BodydoubleError, InvalidDataError
from bodydouble.synthetic import rendered_clip
from bodydouble.synthetic.cameras import Move
from tests.synthetic import motions


def _recipes(folder: Path, frames: int = 24) -> list[synthetic_set.ClipSpec]:
    path = motions.write(folder / "squat.txt", motions.squats(frames))
    static = synthetic_set.ClipSpec(
        "static", synthetic_set.STATIC, (path,), 3, rendered_clip.ShotOptions(size=(640, 360))
    )
    moving = synthetic_set.ClipSpec(
        "moving", synthetic_set.MOVING, (path,), 4, rendered_clip.ShotOptions(Move.PAN, (640, 360))
    )
    return [static, moving]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[accuracy.BenchCapture]:
    folder = tmp_path_factory.mktemp("truth")
    return accuracy.capture_clips(_recipes(folder), quality="fast", cache_dir=folder / "clips")


@pytest.fixture(scope="module")
def report(clips: list[accuracy.BenchCapture]) -> accuracy.AccuracyReport:
    return accuracy.measure_accuracy(clips, "fast")


@pytest.mark.slow
def test_methods_stand_in_the_order_that_they_must(report: accuracy.AccuracyReport) -> None:
    errors = {name: found.pose.mpjpe_limbs_mm for name, found in report.overall().items()}
    assert errors[accuracy.CEILING] < 3.0
    assert errors[accuracy.CEILING] < errors[accuracy.OURS] < errors[accuracy.MEAN_POSE]
    assert 20.0 < errors[accuracy.NETWORK] < 300.0


@pytest.mark.slow
def test_ceiling_is_within_a_degree(report: accuracy.AccuracyReport) -> None:
    assert report.overall()[accuracy.CEILING].pose.rotation_error_deg < 1.0


@pytest.mark.slow
def test_rendered_person_is_found_like_a_real_one(report: accuracy.AccuracyReport) -> None:
    ours = report.overall()[accuracy.OURS]
    assert ours.clear_frames.recall >= 0.95
    assert ours.coverage > 0.95
    assert ours.picture.keypoint_error_percent < 4.0


@pytest.mark.slow
def test_groups_add_up_to_all_clips(report: accuracy.AccuracyReport) -> None:
    groups = report.groups()
    assert set(groups) == {synthetic_set.STATIC, synthetic_set.MOVING}
    frames = [found[accuracy.OURS].person_frames for found in groups.values()]
    assert sum(f.true_positive for f in frames) == report.overall()[accuracy.OURS].person_frames.true_positive


@pytest.mark.slow
def test_clips_and_captures_that_are_there_are_used_again(clips: list[accuracy.BenchCapture], tmp_path: Path) -> None:
    folder = clips[0].clip.video.parent
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    again = accuracy.capture_clips(_recipes(tmp_path), quality="fast", cache_dir=folder)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert [clip.seconds for clip in again] == [clip.seconds for clip in clips]


@pytest.mark.slow
def test_report_names_every_method_group_and_clip(report: accuracy.AccuracyReport) -> None:
    text, page = accuracy_report.markdown_page(report), accuracy_report.html_page(report)
    for name in (*accuracy.METHODS, synthetic_set.STATIC, "static", "moving", "MPJPE"):
        assert name in text
        assert name in page
    plain = json.loads(json.dumps(accuracy_report.as_dict(report)))
    assert [clip["name"] for clip in plain["clips"]] == ["static", "moving"]
    assert plain["all"][accuracy.OURS]["coverage"] == pytest.approx(report.overall()[accuracy.OURS].coverage)


@pytest.mark.slow
def test_truth_at_every_stage_leaves_little_error(clips: list[accuracy.BenchCapture]) -> None:
    steps = oracle_study.measure_oracle_steps(clips, "fast")
    errors = [found.pose.mpjpe_limbs_mm for found in steps.values()]
    assert next(iter(steps)) == accuracy.OURS
    assert errors[-1] < 0.5 * errors[0]
    assert steps["+ true bone lengths"].motion.bone_length_error_percent < 1e-3
    headings, cells = oracle_study.oracle_table(steps)
    assert headings[2:] == list(steps)
    assert len(cells) == len(oracle_study.REPORTED_MEASURES)


def test_ablation_needs_a_static_camera() -> None:
    with pytest.raises(InvalidDataError, match="static camera"):
        oracle_study.measure_oracle_steps([], "fast")


@pytest.mark.slow
def test_tables_have_the_columns_of_their_kind(report: accuracy.AccuracyReport) -> None:
    found = comparison_tables.measure_tables(report)
    headings, cells = found[comparison_tables.ACCURACY]
    assert headings == ["method", "accuracy %", "precision %", "recall %", "F1 %", "time per frame ms"]
    by_method = {row[0]: row for row in cells}
    assert by_method[accuracy.CEILING][1:5] == ["100.0"] * 4
    assert float(by_method[accuracy.OURS][5]) > 0
    headings, cells = found[comparison_tables.NATURALNESS]
    assert headings[-2:] == ["realism", "naturalness"]
    for row in cells:
        assert all(0.0 <= float(value) <= 10.0 for value in row[-2:])


def test_key_changes_with_all_that_decides_the_clip(tmp_path: Path) -> None:
    static, moving = _recipes(tmp_path)
    keys = {static.cache_key(), moving.cache_key()}
    keys.add(synthetic_set.ClipSpec("static", synthetic_set.STATIC, static.motion_files, 5, static.options).cache_key())
    motions.write(static.motion_files[0], motions.squats(25))
    keys.add(static.cache_key())
    assert len(keys) == 4


def test_key_does_not_depend_on_where_the_motion_lies(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    assert _recipes(folders[0])[0].cache_key() == _recipes(folders[1])[0].cache_key()


def test_back_and_forth_never_jumps() -> None:
    indices = synthetic_set.ping_pong_indices(5, 23)
    assert len(indices) == 23
    assert indices.min() == 0
    assert indices.max() == 4
    np.testing.assert_array_equal(np.abs(np.diff(indices)), 1)


def test_set_has_every_motion_alone_and_all_groups(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.txt" for i in range(15)]
    found = synthetic_set.clip_specs(paths)
    alone = [recipe.motion_files[0] for recipe in found if recipe.group == synthetic_set.STATIC]
    assert alone == paths
    assert {recipe.group for recipe in found} == set(synthetic_set.GROUPS)
    assert len({recipe.seed for recipe in found}) == len(found)
    several = [len(recipe.motion_files) for recipe in found if recipe.group == synthetic_set.SEVERAL]
    assert min(several) >= 2
    assert max(several) <= 6


def test_an_archive_of_something_else_is_told(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(motions.write(tmp_path / "squat.txt", motions.squats(4)), "squat.txt")
    with pytest.raises(BodydoubleError, match="lacks cmu"):
        synthetic_set.private_set(tmp_path / "other.tar", tmp_path / "out")


def test_private_set_without_its_archive_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BodydoubleError, match="--set public"):
        synthetic_set.private_set(tmp_path / "missing.tar.xz", tmp_path)
