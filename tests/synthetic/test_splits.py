"""Splits are disjoint by subject, and the tool reproduces their table."""

import importlib.util
import sys
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest

from bodydouble.errors import InvalidDataError
from bodydouble.synthetic import motion_archive, splits
from tests import builders
from tests.shared_data import SHARED

ROOT = Path(__file__).parents[2]
DATA = SHARED / "data"

DEEPMIMIC = ("deepmimic", "pybullet")
CONVERTED = ("accad", "accad_txt", "cc0_animations", "cmu_amc", "cmu_bvh", "cmu_fbx", "eyes_japan", "uiprmd")
"""Archives that tools/convert_motion_capture.py writes."""


def _load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("split_motions", ROOT / "tools" / "split_motions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_no_subject_is_in_two_splits() -> None:
    splits_of_subject = defaultdict(set)
    for clip in splits.load_table():
        for subject in clip.subject.split("+"):
            splits_of_subject[subject].add(clip.split)
    assert {subject: where for subject, where in splits_of_subject.items() if len(where) > 1} == {}


def test_every_clip_is_listed_once() -> None:
    files = [(clip.source, clip.file) for clip in splits.load_table()]
    assert len(set(files)) == len(files)
    assert files == sorted(files)
    assert sum(len(splits.select_clips(split)) for split in splits.SPLITS) == len(files)
    assert all(clip.seconds > 0 and clip.subject and clip.kind for clip in splits.load_table())


def test_subjects_of_converted_sets_are_in_all_splits() -> None:
    subjects = {
        split: {clip.subject for clip in splits.select_clips(split) if clip.source in CONVERTED}
        for split in splits.SPLITS
    }
    assert {"135", "accad-Male2", "uiprmd-s09", "uiprmd-s10"} <= subjects["test"]
    assert {"85", "131", "accad-E", "uiprmd-s08"} <= subjects["validation"]
    assert {clip.source for clip in splits.load_table()} >= set(CONVERTED)


def test_each_split_has_all_kinds_of_motion_and_its_fraction_of_the_time() -> None:
    fractions = {"train": 0.7, "validation": 0.15, "test": 0.15}
    seconds = {
        split: sum(clip.seconds for clip in splits.select_clips(split) if clip.source not in DEEPMIMIC)
        for split in fractions
    }
    for split, fraction in fractions.items():
        assert {"walk", "sport", "dance"} <= {clip.kind for clip in splits.select_clips(split)}
        assert seconds[split] / sum(seconds.values()) == pytest.approx(fraction, abs=0.05)


def test_public_motions_are_all_in_the_test_split() -> None:
    for source in DEEPMIMIC:
        public = tuple(clip for clip in splits.load_table() if clip.source == source)
        assert len(public) >= 15
        assert public == splits.select_clips("test", source)


@pytest.mark.parametrize(("split", "source"), [("dev", None), ("test", "amass")])
def test_error_for_unknown_split_or_source_lists_the_known_ones(split: str, source: str | None) -> None:
    with pytest.raises(InvalidDataError, match="there are"):
        splits.select_clips(split, source)


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "mocap.tar.xz").is_file(), reason="the motion capture is not here")
def test_tool_reproduces_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pybullet_data")
    monkeypatch.syspath_prepend(ROOT / "tools")
    motion_archive.write(tmp_path / "uiprmd.npz", {"m01_s03_e02": builders.smooth_motion(50, fps=Fraction(25))})
    *others, exercise = _load_tool().build_table(DATA, tmp_path)
    assert exercise == splits.MocapClip("uiprmd", "uiprmd-s03", "m01_s03_e02", "exercise", "train", 2.0)
    assert others == [clip for clip in splits.load_table() if clip.source not in CONVERTED]
