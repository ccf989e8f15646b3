"""Two who dance with each other: what is taken of their captures, where they stand, and how they are reported."""

import tarfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.bench import partner_clips, people, people_clips, people_report, staging
from bodydouble.data import FloatArray, Motion
from bodydouble.errors import BodydoubleError, FormatError
from bodydouble.motion.resampling.motion import motion_at, rows
from bodydouble.synthetic import mocap_files, splits
from tests.builders import assert_same
from tests.evaluation import scenes
from tests.synthetic import motions

FPS = Fraction(120)
DANCE = partner_clips.DANCES[0]


@pytest.fixture(scope="module")
def partners(tmp_path_factory: pytest.TempPathFactory) -> list[Motion]:
    """Two who squat in a line and go on by 1 m/s, 0.8 m from each other."""
    path = motions.write(tmp_path_factory.mktemp("motion") / "squat.txt", motions.squats(40))
    squat = motion_at(mocap_files.read(path)[0].motion, FPS)
    onward = np.arange(len(squat.rotations))[:, None] / 120 * np.array([1.0, 0.0, 0.0])
    return [replace(squat, root_position=squat.root_position + onward + [3.0, 0.0, z]) for z in (1.0, 1.8)]


def _hips(motion: Motion) -> FloatArray:
    return motion.root_position[:, [0, 2]]


def test_the_same_time_is_taken_of_both_though_one_begins_later(partners: list[Motion]) -> None:
    one, other = partner_clips.synchronize([partners[0], rows(partners[1], slice(4, None))], 0.2, 0.5)
    assert len(one.rotations) == len(other.rotations) == 61
    assert_same(_hips(other) - _hips(one), np.tile([0.0, 0.8], (61, 1)), 1e-9)
    assert_same(one.rotations, other.rotations, 1e-9)
    assert_same(one.root_position, partners[0].root_position[28:89], 1e-9)


def test_motions_of_other_takes_do_not_go_together(partners: list[Motion]) -> None:
    with pytest.raises(FormatError, match="not captured at once"):
        partner_clips.synchronize([partners[0], rows(partners[1], slice(40, None))], 0.2, 0.5)
    with pytest.raises(FormatError, match="not captured at once"):
        partner_clips.synchronize([partners[0], replace(partners[1], fps=Fraction(60))], 0.2, 0.5)


def test_partners_stay_together_as_they_were(partners: list[Motion]) -> None:
    dance = replace(DANCE, seconds=1.0)
    chosen = partner_clips.synchronize(partners, 0.0, dance.seconds)
    scene = partner_clips.build_scene(dance, chosen)
    made = staging.build_shot(scene, dict(zip(dance.files, chosen, strict=True)), (320, 180), Fraction(25))
    paths = [_hips(actor.motion) for actor in made.actors]
    assert_same((paths[0] + paths[1])[0], [0.0, 0.0], 1e-9)
    assert_same(paths[1] - paths[0], np.tile([0.0, 0.8], (25, 1)), 0.01)


def test_every_dance_is_two_files_of_one_take_and_long_enough() -> None:
    known = {clip.file: clip for clip in splits.table() if clip.source == partner_clips.COLLECTION}
    for dance in partner_clips.DANCES:
        one, other = (known[name] for name in dance.files)
        assert one.seconds == other.seconds > dance.start + dance.seconds
        assert one.subject == other.subject == "60+61"
    names = [clip.name for clip in (*people_clips.SCENES, *partner_clips.DANCES)]
    assert len(set(names)) == len(names)


def test_partners_count_in_no_figure_of_all_clips() -> None:
    truth = scenes.truth(20)
    seconds = {"tracking": 1.0, "total": 5.0}
    clip = people_clips.BenchClip("cross", Path(), Path())
    well = people.measure_clip(people.BenchCapture(clip, truth, truth, seconds))
    badly = people.measure_clip(people.BenchCapture(clip, truth, people.empty_performance(truth), seconds))
    with_partners, without = {"cross": well, DANCE.name: badly}, {"cross": well}
    assert people_report.as_dict(with_partners)["all"] == people_report.as_dict(without)["all"]
    assert people_report.as_dict(with_partners)["partners"]["all"]["coverage"] == 0.0
    tables = people_report.tables(with_partners)
    assert {title: tables[title] for title in people_report.tables(without)} == people_report.tables(without)
    assert [row[0] for row in tables["Dancing partners"][1]] == [DANCE.name, "all partners"]
    text = people_report.markdown_page(with_partners, "best")
    assert "1 rendered clips" in text
    assert f"| {DANCE.name} | {DANCE.purpose} |" in text
    assert "training subjects" in text
    assert "partners" not in people_report.markdown_page(without, "best")


def test_clips_are_made_of_the_files_in_the_archive(tmp_path: Path) -> None:
    content = tmp_path / partner_clips.COLLECTION
    for dance in partner_clips.DANCES:
        for name in dance.files:
            (content / name).parent.mkdir(parents=True, exist_ok=True)
            (content / name).write_text("HIERARCHY")
    with tarfile.open(tmp_path / "mocap.tar", "w") as tar:
        tar.add(content, f"./{partner_clips.COLLECTION}")
    found = partner_clips.clip_factories(tmp_path / "mocap.tar", tmp_path / "kept")
    assert len(found) == len(partner_clips.DANCES)
    with pytest.raises(FormatError, match=r"03\.bvh"):
        found[0](tmp_path)


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "other.tar", "w"):
        pass
    with pytest.raises(BodydoubleError, match="lacks cmu_partners/salsa"):
        partner_clips.clip_factories(tmp_path / "other.tar", tmp_path)
