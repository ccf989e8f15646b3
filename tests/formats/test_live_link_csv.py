"""CSV files of faces: columns and time codes of Live Link Face, angles of head and eyes."""

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.errors import InvalidDataError
from bodydouble.formats import live_link_csv
from bodydouble.geometry import rotation
from bodydouble.skeletons.arkit import BLENDSHAPES
from tests import builders
from tests.builders import assert_same

FRAMES = 5


def test_the_columns_are_those_of_the_app() -> None:
    assert sorted(live_link_csv.SHAPES) == sorted(BLENDSHAPES)
    assert len(live_link_csv.COLUMNS) == 61
    assert live_link_csv.COLUMNS[:2] == ("EyeBlinkLeft", "EyeLookDownLeft")
    assert live_link_csv.COLUMNS[51:55] == ("TongueOut", "HeadYaw", "HeadPitch", "HeadRoll")
    assert live_link_csv.COLUMNS[-1] == "RightEyeRoll"


def test_a_csv_reader_gets_the_weights_and_the_gaze(tmp_path: Path) -> None:
    face = builders.face(FRAMES, seed=5)
    head = np.tile(rotation.IDENTITY, (FRAMES, 1))
    live_link_csv.write(tmp_path / "face.csv", face, head, Fraction(60), first_frame=59)
    with (tmp_path / "face.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Timecode"] for row in rows[:3]] == ["00:00:00:59.000", "00:00:01:00.000", "00:00:01:01.000"]
    assert {row["BlendShapeCount"] for row in rows} == {"61"}
    for k, name in enumerate(BLENDSHAPES):
        assert_same([float(row[name[0].upper() + name[1:]]) for row in rows], face.weights[:, k], 1e-9)
    for side in ("Left", "Right"):
        angles = [[float(row[f"{side}Eye{angle}"]) for angle in ("Yaw", "Pitch")] for row in rows]
        assert_same(angles, face.gaze, 1e-9)


@pytest.mark.parametrize(("angle", "axis", "sign"), [(0, 1, 1.0), (1, 0, -1.0), (2, 2, 1.0)])
def test_angles_of_the_head(angle: int, axis: int, sign: float) -> None:
    expected = np.zeros(3)
    expected[angle] = 0.4
    assert_same(live_link_csv.head_angles(rotation.from_rotvec(sign * 0.4 * np.eye(3)[axis])[None]), [expected], 1e-9)


def test_angles_of_the_head_compose_to_its_rotation() -> None:
    head = rotation.from_rotvec(np.random.default_rng(2).uniform(-0.6, 0.6, (20, 3)))
    yaw, pitch, roll = live_link_csv.head_angles(head).T
    axes = ((yaw, [0, 1, 0]), (-pitch, [1, 0, 0]), (roll, [0, 0, 1]))
    turns = [rotation.from_rotvec(values[:, None] * np.array(axis, dtype=float)) for values, axis in axes]
    composed = rotation.multiply(rotation.multiply(turns[0], turns[1]), turns[2])
    assert_same(rotation.angle_between(composed, head), np.zeros(20), 1e-6)


def test_time_codes_count_frames_up_to_the_nominal_rate() -> None:
    assert live_link_csv.time_code(30 * 3661 + 29, Fraction(30000, 1001)) == "01:01:01:29.000"
    assert live_link_csv.time_code(25, Fraction(25)) == "00:00:01:00.000"


def test_frames_of_head_and_face_must_agree(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="5 frames, the head 4"):
        live_link_csv.write(tmp_path / "x.csv", builders.face(FRAMES), np.tile(rotation.IDENTITY, (4, 1)), Fraction(30))
    assert not list(tmp_path.iterdir())
