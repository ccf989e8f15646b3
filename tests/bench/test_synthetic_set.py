"""Test sets of synthetic clips and their motion capture."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from bodydouble.bench import synthetic_set
from bodydouble.errors import BodydoubleError
from tests.synthetic import motions


def test_ping_pong_indices_never_jump() -> None:
    indices = synthetic_set.ping_pong_indices(5, 23)
    assert len(indices) == 23
    assert indices.min() == 0
    assert indices.max() == 4
    np.testing.assert_array_equal(np.abs(np.diff(indices)), 1)


def test_set_has_every_motion_alone_and_all_groups(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.txt" for i in range(15)]
    specs = synthetic_set.clip_specs(paths)
    alone = [spec.motion_files[0] for spec in specs if spec.group == synthetic_set.STATIC]
    assert alone == paths
    assert {spec.group for spec in specs} == set(synthetic_set.GROUPS)
    assert len({spec.seed for spec in specs}) == len(specs)
    several = [len(spec.motion_files) for spec in specs if spec.group == synthetic_set.SEVERAL]
    assert min(several) >= 2
    assert max(several) <= 6


def test_rejects_an_archive_without_the_motions(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(motions.write(tmp_path / "squat.txt", motions.squats(4)), "squat.txt")
    with pytest.raises(BodydoubleError, match="lacks cmu"):
        synthetic_set.private_set(tmp_path / "other.tar", tmp_path / "out")


def test_private_set_asks_for_its_archive(tmp_path: Path) -> None:
    with pytest.raises(BodydoubleError, match="--mocap FILE"):
        synthetic_set.private_set(None, tmp_path)
    with pytest.raises(BodydoubleError, match=r"missing\.tar\.xz does not exist"):
        synthetic_set.private_set(tmp_path / "missing.tar.xz", tmp_path)
