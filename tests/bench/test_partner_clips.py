"""Clips of dancing partners: excerpts of their captures, their positions and their figures."""

import tarfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.bench import partner_clips, people, people_clips, people_report, staging
from bodydouble.bench.capture_cache import BenchCapture, empty_performance
from bodydouble.bench.clip_cache import BenchClip
from bodydouble.data import FloatArray, Motion
from bodydouble.errors import BodydoubleError, FormatError
from bodydouble.motion.resampling.motion import resample_motion, slice_motion
from bodydouble.synthetic import mocap_files, splits
from tests.builders import assert_same
from tests.evaluation import scenes
from tests.synthetic import motions

FPS = Fraction(120)
DANCE = partner_clips.DANCES[0]


@pytest.fixture(scope="module")
def partners(tmp_path_factory: pytest.TempPathFactory) -> list[Motion]:
    """Motions of two people who squat and advance by 1 m/s, 0.8 m from each other."""
    path = motions.write(tmp_path_factory.mktemp("motion") / "squat.txt", motions.squats(40))
    squat = resample_motion(mocap_files.read(path)[0].motion, FPS)
    onward = np.arange(len(squat.rotations))[:, None] / 120 * np.array([1.0, 0.0, 0.0])
    return [replace(squat, root_position=squat.root_position + onward + [3.0, 0.0, z]) for z in (1.0, 1.8)]


def _hips(motion: Motion) -> FloatArray:
    return motion.root_position[:, [0, 2]]


def test_excerpts_are_simultaneous_if_one_motion_begins_later(partners: list[Motion]) -> None:
    first, second = partner_clips.synchronize([partners[0], slice_motion(partners[1], slice(4, None))], 0.2, 0.5)
    assert len(first.rotations) == len(second.rotations) == 61
    assert_same(_hips(second) - _hips(first), np.tile([0.0, 0.8], (61, 1)), 1e-9)
    assert_same(first.rotations, second.rotations, 1e-9)
    assert_same(first.root_position, partners[0].root_position[28:89], 1e-9)


def test_rejects_motions_of_different_takes(partners: list[Motion]) -> None:
    with pytest.raises(FormatError, match="not captured at once"):
        partner_clips.synchronize([partners[0], slice_motion(partners[1], slice(40, None))], 0.2, 0.5)
    with pytest.raises(FormatError, match="not captured at once"):
        partner_clips.synchronize([partners[0], replace(partners[1], fps=Fraction(60))], 0.2, 0.5)


def test_partners_keep_their_captured_distance(partners: list[Motion]) -> None:
    dance = replace(DANCE, seconds=1.0)
    excerpts = partner_clips.synchronize(partners, 0.0, dance.seconds)
    scene = partner_clips.build_scene(dance, excerpts)
    clip_scene = staging.build_clip_scene(
        scene, dict(zip(dance.files, excerpts, strict=True)), (320, 180), Fraction(25)
    )
    paths = [_hips(person.motion) for person in clip_scene.people]
    assert_same((paths[0] + paths[1])[0], [0.0, 0.0], 1e-9)
    assert_same(paths[1] - paths[0], np.tile([0.0, 0.8], (25, 1)), 0.01)


def test_every_dance_is_two_files_of_one_take_and_long_enough() -> None:
    clips_by_file = {clip.file: clip for clip in splits.load_table() if clip.source == partner_clips.COLLECTION}
    for dance in partner_clips.DANCES:
        first, second = (clips_by_file[name] for name in dance.files)
        assert first.seconds == second.seconds > dance.start + dance.seconds
        assert first.subject == second.subject == "60+61"
    names = [clip.name for clip in (*people_clips.SCENES, *partner_clips.DANCES)]
    assert len(set(names)) == len(names)


def test_partners_count_in_no_figure_of_all_clips() -> None:
    truth = scenes.ground_truth(20)
    seconds = {"tracking": 1.0, "total": 5.0}
    clip = BenchClip("cross", Path(), Path())
    perfect = people.measure_clip(BenchCapture(clip, truth, truth, seconds))
    empty = people.measure_clip(BenchCapture(clip, truth, empty_performance(truth), seconds))
    without = people_report.build_report({"cross": perfect}, "best")
    with_partners = people_report.build_report({"cross": perfect, DANCE.name: empty}, "best")
    assert with_partners.values["all"] == without.values["all"]
    assert with_partners.values["partners"]["all"]["coverage"] == 0.0
    assert {title: with_partners.tables[title] for title in without.tables} == without.tables
    assert [row[0] for row in with_partners.tables["Dancing partners"][1]] == [DANCE.name, "all partners"]
    text = with_partners.markdown()
    assert "1 synthetic clips" in text
    assert f"| {DANCE.name} | {DANCE.purpose} |" in text
    assert "training subjects" in text
    assert "partners" not in without.markdown()


def test_clips_use_the_files_in_the_archive(tmp_path: Path) -> None:
    content = tmp_path / partner_clips.COLLECTION
    for dance in partner_clips.DANCES:
        for name in dance.files:
            (content / name).parent.mkdir(parents=True, exist_ok=True)
            (content / name).write_text("HIERARCHY")
    with tarfile.open(tmp_path / "mocap.tar", "w") as tar:
        tar.add(content, f"./{partner_clips.COLLECTION}")
    factories = partner_clips.clip_factories(tmp_path / "mocap.tar", tmp_path / "cache")
    assert len(factories) == len(partner_clips.DANCES)
    with pytest.raises(FormatError, match=r"03\.bvh"):
        factories[0](tmp_path)


def test_rejects_an_archive_without_the_dances(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "other.tar", "w"):
        pass
    with pytest.raises(BodydoubleError, match="lacks cmu_partners/salsa"):
        partner_clips.clip_factories(tmp_path / "other.tar", tmp_path)
