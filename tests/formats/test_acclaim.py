"""ASF and AMC files give the motion that they describe."""

from fractions import Fraction
from pathlib import Path

import pytest

from bodydouble.errors import FormatError
from bodydouble.formats import acclaim
from bodydouble.geometry import kinematics
from tests.builders import assert_same

INCHES = 0.0254 / 0.45

SKELETON = """# comment
:version 1.10
:units
  mass 1.0
  length 0.45
  angle deg
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    id 1
    name thigh
    direction 0 -1 0
    length 8
    axis 0 0 90 XYZ
    dof rx ry rz
    limits (-160.0 20.0)
  end
  begin
    id 2
    name shin
    direction 0 -1 0
    length 7
    axis 0 0 0 XYZ
    dof rx
  end
  begin
    id 3
    name foot
    direction 0 0 1
    length 2
    axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root thigh
    thigh shin
    shin foot
  end
"""
MOTION = """:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 0 0 0
thigh 0 0 0
shin 0
2
root 1 2 3 90 0 90
thigh 0 90 0
shin 90
"""


def _write(folder: Path, skeleton: str = SKELETON, motion: str = MOTION) -> tuple[Path, Path]:
    (folder / "a.asf").write_text(skeleton)
    (folder / "a.amc").write_text(motion)
    return folder / "a.asf", folder / "a.amc"


def test_first_frame_is_the_rest_pose_in_metres(tmp_path: Path) -> None:
    motion = acclaim.read(*_write(tmp_path), Fraction(120))
    assert motion.fps == 120
    assert motion.skeleton.joint_names == ("root", "thigh", "shin", "foot")
    positions = kinematics.joint_positions(motion)
    assert_same(positions[0] / INCHES, [[1, 2, 3], [1, 2, 3], [1, -6, 3], [1, -13, 3]], 1e-9)


def test_rotations_are_about_the_declared_axes_one_after_the_other(tmp_path: Path) -> None:
    motion = acclaim.read(*_write(tmp_path), Fraction(120))
    positions = kinematics.joint_positions(motion)[1] / INCHES - [1, 2, 3]
    # The root turns -y to -z about x, and leaves z about z. The thigh's y axis is -x at rest, about which it turns
    # -y to z; the root turns that to y about x and to -x about z.
    assert_same(positions[2], [8, 0, 0], 1e-9)
    # The shin turns -y to -z about x. The thigh turns that to -y, and the root to -z.
    assert_same(positions[3] - positions[2], [0, 0, -7], 1e-9)


@pytest.mark.parametrize(
    ("skeleton", "motion", "name"),
    [
        ("text", MOTION, "a.asf"),
        (SKELETON.replace("angle deg", "angle rad"), MOTION, "a.asf"),
        (SKELETON, MOTION.replace("shin 90", "shin 90 1"), "a.amc"),
        (SKELETON, MOTION.replace("shin 0\n", ""), "a.amc"),
        (SKELETON, MOTION.replace("shin 90", "shin x"), "a.amc"),
    ],
)
def test_rejects_malformed_files_in_one_line(tmp_path: Path, skeleton: str, motion: str, name: str) -> None:
    with pytest.raises(FormatError, match=name) as error:
        acclaim.read(*_write(tmp_path, skeleton, motion), Fraction(120))
    assert "\n" not in str(error.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"none\.asf"):
        acclaim.read(tmp_path / "none.asf", tmp_path / "none.amc", Fraction(120))
