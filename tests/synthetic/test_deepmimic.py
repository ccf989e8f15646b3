"""DeepMimic motions are read in the axes and the order of bodydouble."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.errors import FormatError
from bodydouble.geometry import kinematics
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.synthetic import deepmimic
from tests.synthetic import motions


def test_standing_body_faces_x_with_its_left_at_negative_z(tmp_path: Path) -> None:
    landmarks, fps = deepmimic.read_landmarks(motions.write(tmp_path / "stand.txt", motions.rows(3)))
    assert fps == Fraction(30)
    positions = {name: landmarks[0, i] for name, i in blazepose.INDEX.items()}
    assert positions["left_shoulder"][2] < positions["right_shoulder"][2]
    assert positions["left_hip"][2] < positions["right_hip"][2]
    assert positions["nose"][0] > positions["left_ear"][0]
    assert positions["left_foot_index"][0] > positions["left_heel"][0]
    heights = [positions[name][1] for name in ("nose", "left_shoulder", "left_hip", "left_knee", "left_ankle")]
    assert heights == sorted(heights, reverse=True)
    assert positions["left_elbow"][1] > positions["left_wrist"][1] > positions["left_index"][1]


def test_trunk_joint_of_the_file_is_the_chest(tmp_path: Path) -> None:
    motion = deepmimic.read_motion(motions.write(tmp_path / "stand.txt", motions.rows(3)))
    heights = kinematics.rest_positions(motion.skeleton)[:, 1]
    assert heights[humanoid.INDEX["chest"]] - heights[humanoid.INDEX["hips"]] == pytest.approx(0.236)
    assert heights[humanoid.INDEX["neck"]] - heights[humanoid.INDEX["chest"]] == pytest.approx(0.224)


def test_landmarks_of_a_symmetric_motion_are_symmetric(tmp_path: Path) -> None:
    landmarks, _ = deepmimic.read_landmarks(motions.write(tmp_path / "squat.txt", motions.squats()))
    mirrored = landmarks[:, list(blazepose.MIRROR)] * np.array([1.0, 1.0, -1.0])
    np.testing.assert_allclose(mirrored, landmarks, atol=2e-3)


def test_knees_bend_backwards_and_elbows_forwards(tmp_path: Path) -> None:
    landmarks, _ = deepmimic.read_landmarks(motions.write(tmp_path / "squat.txt", motions.squats()))
    low = landmarks[len(landmarks) // 2]
    knee, ankle, hip = (low[blazepose.INDEX[f"left_{name}"]] for name in ("knee", "ankle", "hip"))
    assert knee[0] > ankle[0]
    assert knee[0] > hip[0]
    assert low[blazepose.INDEX["left_wrist"]][0] > low[blazepose.INDEX["left_elbow"]][0]


def test_frame_rate_is_the_nearest_common_rate(tmp_path: Path) -> None:
    _, fps = deepmimic.read_landmarks(motions.write(tmp_path / "fast.txt", motions.rows(3, 0.016666)))
    assert fps == 60


@pytest.mark.parametrize("text", ["", "{}", '{"Frames": [[1, 2]]}', '{"Frames": "no"}', "[1]"])
def test_rejects_other_files_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises(FormatError, match=r"bad\.txt is not a") as error:
        deepmimic.read_landmarks(path)
    assert "\n" not in str(error.value)
