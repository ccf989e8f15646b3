"""Export of faces by the command line and the pipeline."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.data import Performance
from bodydouble.errors import InvalidDataError
from bodydouble.formats import performance
from bodydouble.geometry import rotation
from bodydouble.motion.resampling.face import resample_face
from bodydouble.pipeline.exporting import export_faces, export_motions
from bodydouble.pipeline.face_export import chest_from_head
from bodydouble.pipeline.motion_files import NamedMotion, load_motions
from tests import builders
from tests.builders import assert_same


def captured() -> Performance:
    """Two people, of whom the first has a face."""
    made = builders.performance(frames=12, people=2)
    first, second = made.people
    return replace(made, people=(replace(first, face=builders.face(12, seed=1)), second))


def test_a_performance_keeps_its_face(tmp_path: Path) -> None:
    performance.save(tmp_path / "p.npz", captured())
    with_face, without = load_motions(tmp_path / "p.npz")
    assert with_face.face is not None
    assert without.face is None
    assert_same(with_face.face.weights, builders.face(12, seed=1).weights, 1e-6)


def test_only_people_with_a_face_get_a_csv(tmp_path: Path) -> None:
    performance.save(tmp_path / "p.npz", captured())
    motions = load_motions(tmp_path / "p.npz")
    (file,) = export_faces(motions, tmp_path / "face.csv")
    assert len(file.read_text(encoding="ascii").splitlines()) == 13
    (file,) = export_faces(motions, tmp_path / "slow.csv", Fraction(15))
    assert 6 <= len(file.read_text(encoding="ascii").splitlines()) <= 7
    with pytest.raises(InvalidDataError, match="no face was captured"):
        export_faces(motions[1:], tmp_path / "none.csv")
    with pytest.raises(InvalidDataError, match=r"\.csv"):
        export_faces(motions, tmp_path / "face.txt")
    assert {path.name for path in tmp_path.iterdir()} == {"p.npz", "face.csv", "slow.csv"}


def test_a_face_has_as_many_frames_as_the_motion() -> None:
    with pytest.raises(InvalidDataError, match="12 frames, the face 11"):
        NamedMotion("x", builders.smooth_motion(12), face=builders.face(11))


def test_resampling_keeps_frames_that_both_rates_have() -> None:
    face = builders.face(13, seed=2)
    faster = resample_face(face, Fraction(30), Fraction(60))
    assert len(faster.observed) == 25
    assert_same(faster.weights[::2], face.weights, 1e-12)
    assert_same(faster.gaze[1::2], (face.gaze[1:] + face.gaze[:-1]) / 2, 1e-12)
    assert not faster.observed[:2].any()
    assert faster.observed[2:].all()


def test_the_face_follows_another_frame_rate(tmp_path: Path) -> None:
    named = NamedMotion("x", builders.smooth_motion(12, fps=Fraction(30)), face=builders.face(12))
    (file,) = export_motions([named], tmp_path / "x.vrma", fps=Fraction(60))
    assert b'"lookAt"' in file.read_bytes()


def test_the_head_turns_relative_to_the_chest() -> None:
    motion = builders.smooth_motion(5)
    rotations = np.tile(rotation.IDENTITY, (*motion.rotations.shape[:2], 1))
    turn = rotation.from_rotvec(np.array([0.0, 0.3, 0.0]))
    rotations[:, motion.skeleton.index("hips")] = rotation.from_rotvec(np.array([0.5, 1.0, 0.2]))
    rotations[:, motion.skeleton.index("neck")] = rotations[:, motion.skeleton.index("head")] = turn
    head = chest_from_head(replace(motion, rotations=rotations))
    assert_same(rotation.to_rotvec(head), np.tile([0.0, 0.6, 0.0], (5, 1)), 1e-9)
