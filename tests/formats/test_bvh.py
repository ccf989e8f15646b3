from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from bodydouble.data import Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.formats import bvh
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import assert_same

MINIMAL = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Yrotation Xrotation Zrotation
  JOINT Left Arm
  {
    OFFSET 10 -20 30
    CHANNELS 3 Xrotation Zrotation Yrotation
    End Site
    {
      OFFSET 0 -5 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
100 200 300 10 20 30 40 50 60
0 0 0 0 0 0 0 0 0
"""


@pytest.fixture
def bvh_path(tmp_path: Path) -> Path:
    return tmp_path / "out.bvh"


def _round_trip(path: Path, motion: Motion) -> Motion:
    bvh.write(path, motion)
    return bvh.read(path)


def _read_text(path: Path, text: str) -> Motion:
    path.write_text(text)
    return bvh.read(path)


@pytest.mark.parametrize("fps", [Fraction(30), Fraction(30000, 1001), Fraction(25, 2), Fraction(2997, 100)])
def test_round_trip(fps: Fraction, bvh_path: Path) -> None:
    motion = builders.smooth_motion(frames=20, fps=fps)
    back = _round_trip(bvh_path, motion)
    assert back.fps == fps
    assert back.skeleton.joint_names == motion.skeleton.joint_names
    assert back.skeleton.parents == motion.skeleton.parents
    assert_same(back.skeleton.rest_offsets, motion.skeleton.rest_offsets, 1e-7)
    assert_same(back.rotations, motion.rotations, 1e-7)
    assert_same(kinematics.joint_positions(back), kinematics.joint_positions(motion), 1e-6)
    assert np.isnan(back.contacts).all() and np.isnan(back.joint_sigma).all()


def test_round_trip_of_random_poses(bvh_path: Path) -> None:
    rotations = builders.random_quaternions(np.random.default_rng(0), (200, 22))
    motion = replace(builders.smooth_motion(frames=200), rotations=rotations)
    back = _round_trip(bvh_path, motion)
    assert_same(kinematics.joint_positions(back), kinematics.joint_positions(motion), 1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_file_read_and_written_again_has_the_same_bytes(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    motion = builders.smooth_motion(frames=50, seed=seed, fps=Fraction(30000, 1001))
    stretched = motion.skeleton.rest_offsets * rng.normal(1.0, 0.01, (22, 1))
    skeleton = replace(motion.skeleton, rest_offsets=stretched)
    rotations = builders.random_quaternions(rng, (50, 22)) if seed else motion.rotations
    bvh.write(tmp_path / "first.bvh", replace(motion, skeleton=skeleton, rotations=rotations))
    bvh.write(tmp_path / "second.bvh", bvh.read(tmp_path / "first.bvh"))
    assert (tmp_path / "second.bvh").read_bytes() == (tmp_path / "first.bvh").read_bytes()


def test_round_trip_in_gimbal_lock(bvh_path: Path) -> None:
    """At x = 90 degrees, z and y are not unique but the rotation is."""
    angles = [[z, x, y] for z in (-100, 0, 30) for x in (-90, -89.9999999, 90, 89.9999) for y in (-150, 0, 20)]
    q = Rotation.from_euler("ZXY", angles, degrees=True).as_quat()
    motion = builders.smooth_motion(frames=len(q))
    motion.rotations[:, humanoid.INDEX["leftUpperArm"]] = q
    back = _round_trip(bvh_path, motion)
    assert_same(kinematics.joint_positions(back), kinematics.joint_positions(motion), 1e-6)


def test_angles_do_not_jump_by_full_rotations(bvh_path: Path) -> None:
    angle = np.linspace(0, 4 * np.pi, 60)
    motion = builders.smooth_motion(frames=60)
    motion.rotations[:, 0] = rotation.from_rotvec(angle[:, None] * [0.0, 1.0, 0.0])
    bvh.write(bvh_path, motion)
    rows = np.loadtxt(bvh_path.read_text().split("Frame Time: ")[1].splitlines()[1:])
    assert_same(rows[:, 5], np.degrees(angle), 1e-5)


@pytest.mark.parametrize("block", [1, 7, 59])
def test_blocks_of_frames_change_nothing(block: int, bvh_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    motion = builders.smooth_motion(frames=60)
    motion.rotations[:, 0] = rotation.from_rotvec(np.linspace(0, 4 * np.pi, 60)[:, None] * [0.0, 1.0, 0.0])
    bvh.write(bvh_path, motion, root_path=motion.root_position * [1.0, 0.0, 1.0])
    whole = bvh_path.read_bytes()
    monkeypatch.setattr(bvh, "BLOCK_FRAMES", block)
    bvh.write(bvh_path, motion, root_path=motion.root_position * [1.0, 0.0, 1.0])
    assert bvh_path.read_bytes() == whole


def test_file_layout(bvh_path: Path) -> None:
    motion = builders.smooth_motion(frames=3, fps=Fraction(30000, 1001))
    bvh.write(bvh_path, motion)
    lines = bvh_path.read_text().splitlines()
    assert lines[:5] == [
        "HIERARCHY",
        "ROOT hips",
        "{",
        "\tOFFSET 0.000000 0.000000 0.000000",
        "\tCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation",
    ]
    assert lines[-5:-3] == ["Frames: 3", "Frame Time: 0.0333666667"]
    names = [line.split()[1] for line in lines if line.split()[0] in ("ROOT", "JOINT")]
    assert tuple(names) == humanoid.JOINTS
    assert sum("End Site" in line for line in lines) == 5
    first = np.array(lines[-3].split(), dtype=float)
    assert_same(first[:3], 100 * motion.root_position[0], 1e-6)
    assert_same(first[3:6], Rotation.from_quat(motion.rotations[0, 0]).as_euler("ZXY", degrees=True), 1e-5)


def test_joints_in_any_order_are_written_depth_first(bvh_path: Path) -> None:
    skeleton = Skeleton(
        ("root", "left", "right", "left end", "right end"),
        (-1, 0, 0, 1, 2),
        np.array([[0.0, 1, 0], [1, 0, 0], [-1, 0, 0], [0, -1, 0], [0, 1, 0]]),
    )
    motion = builders.smooth_motion(frames=4, skeleton=skeleton)
    back = _round_trip(bvh_path, motion)
    assert back.skeleton.joint_names == ("root", "left", "left end", "right", "right end")
    order = [skeleton.index(name) for name in back.skeleton.joint_names]
    assert_same(kinematics.joint_positions(back), kinematics.joint_positions(motion)[:, order], 1e-6)


def test_channels_may_have_any_order(bvh_path: Path) -> None:
    motion = _read_text(bvh_path, MINIMAL)
    assert motion.skeleton.joint_names == ("Hips", "Left Arm")
    assert motion.fps == 25
    hips = Rotation.from_euler("YXZ", [10, 20, 30], degrees=True)
    arm = Rotation.from_euler("XZY", [40, 50, 60], degrees=True)
    assert_same(motion.root_position, np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]), 1e-12)
    assert_same(np.abs(motion.rotations[0]), np.abs(np.stack([hips.as_quat(), arm.as_quat()])), 1e-12)
    expected = np.array([1.0, 2.0, 3.0]) + hips.apply([0.1, -0.2, 0.3])
    assert_same(kinematics.joint_positions(motion)[0, 1], expected, 1e-12)


def test_a_root_at_the_origin_is_raised_so_that_the_lowest_end_is_on_the_floor(bvh_path: Path) -> None:
    """A root with an offset stays as it is."""
    assert_same(_read_text(bvh_path, MINIMAL).skeleton.rest_offsets[0], np.array([0, 0.25, 0]), 1e-12)
    placed = MINIMAL.replace("OFFSET 0 0 0\n", "OFFSET 0 94 2\n")
    assert_same(_read_text(bvh_path, placed).skeleton.rest_offsets[0], np.array([0, 0.94, 0.02]), 1e-12)


def test_position_channels_of_other_joints_must_be_constant(bvh_path: Path) -> None:
    """Constant positions replace the offset, zeros are ignored, and a joint that slides is refused."""
    six = MINIMAL.replace("CHANNELS 3 X", "CHANNELS 6 Xposition Yposition Zposition X")
    arm = "40 50 60\n", "0 0 0\n"
    text = six.replace(arm[0], "1 2 3 40 50 60\n").replace(f"0 {arm[1]}", f"0 1 2 3 {arm[1]}")
    assert_same(_read_text(bvh_path, text).skeleton.rest_offsets[1], np.array([0.01, 0.02, 0.03]), 1e-12)
    unused = text.replace("1 2 3", "0 0 0")
    assert_same(_read_text(bvh_path, unused).skeleton.rest_offsets[1], np.array([0.1, -0.2, 0.3]), 1e-12)
    with pytest.raises(FormatError, match="Left Arm moves relative to its parent"):
        _read_text(bvh_path, text.replace("1 2 3 40", "1 2 9 40"))


def test_line_endings_and_byte_order_marks_do_not_matter(bvh_path: Path) -> None:
    expected = _read_text(bvh_path, MINIMAL)
    bvh_path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    np.testing.assert_array_equal(bvh.read(bvh_path).rotations, expected.rotations)


@pytest.mark.parametrize(
    ("frame_time", "fps"),
    [
        ("0.0333333", Fraction(30)),
        (".03333", Fraction(30)),
        ("0.033367", Fraction(30000, 1001)),
        ("0.0417083", Fraction(24000, 1001)),
        ("0.041667", Fraction(24)),
        ("0.0083333", Fraction(120)),
        ("0.008342", Fraction(120000, 1001)),
        ("0.08", Fraction(25, 2)),
        ("1", Fraction(1)),
        ("2.5", Fraction(2, 5)),
        ("1e-2", Fraction(100)),
        ("0.033", Fraction(30)),
        ("0.034", Fraction(1000, 34)),
        ("0.017", Fraction(60)),
        ("0.016", Fraction(60)),
        ("0.042", Fraction(24)),
        ("0.008", Fraction(125)),
    ],
)
def test_frame_times_snap_to_rates(frame_time: str, fps: Fraction, bvh_path: Path) -> None:
    assert _read_text(bvh_path, MINIMAL.replace("0.04\n", f"{frame_time}\n")).fps == fps


@given(st.integers(1, 240), st.sampled_from([Fraction(1), Fraction(1000, 1001), Fraction(1, 2), Fraction(1, 100)]))
@settings(max_examples=30, deadline=None)
def test_round_trip_of_common_rates(tmp_path_factory: pytest.TempPathFactory, number: int, factor: Fraction) -> None:
    motion = builders.smooth_motion(frames=1, fps=number * factor)
    assert _round_trip(tmp_path_factory.getbasetemp() / "rate.bvh", motion).fps == number * factor


@pytest.mark.parametrize("frames", [1, 3])
def test_one_row_more_or_less_than_declared_is_read_with_a_note(frames: int, bvh_path: Path) -> None:
    bvh_path.write_text(MINIMAL.replace("Frames: 2", f"Frames: {frames}"))
    file = bvh.read_file(bvh_path)
    assert file.notes == (f"the file says {frames} frames but holds 2; these are read",)
    assert len(file.motion.rotations) == 2


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_rows_may_be_wrapped_at_any_width(width: int, bvh_path: Path) -> None:
    expected = _read_text(bvh_path, MINIMAL)
    head, rows = MINIMAL.split("0.04\n")
    wrapped = ""
    for row in rows.splitlines():
        words = row.split()
        wrapped += "".join(" ".join(words[i : i + width]) + "\n" for i in range(0, len(words), width))
    bvh_path.write_text(f"{head}0.04\n{wrapped}")
    file = bvh.read_file(bvh_path)
    np.testing.assert_array_equal(file.motion.rotations, expected.rotations)
    assert file.notes == ("rows of numbers are wrapped over several lines",)


@pytest.mark.parametrize(
    ("encoding", "name", "note"),
    [("utf-8", "左腕", None), ("utf-8-sig", "左腕", None), ("utf-16", "左腕", None), ("cp932", "左腕", "Shift-JIS"),
     ("gb18030", "左臂骨", None), ("cp1252", "Hüfte", None)],
)  # fmt: skip
def test_names_may_have_any_encoding(encoding: str, name: str, note: str | None, bvh_path: Path) -> None:
    bvh_path.write_bytes(MINIMAL.replace("Left Arm", name).encode(encoding))
    file = bvh.read_file(bvh_path)
    assert len(file.motion.skeleton.joint_names) == 2
    if encoding.startswith(("utf", "cp932")):
        assert file.motion.skeleton.joint_names[1] == name
        assert file.notes == (() if note is None else (f"names are not UTF-8; they are read as {note}",))


def test_a_rounded_frame_time_is_noted(bvh_path: Path) -> None:
    bvh_path.write_text(MINIMAL.replace("0.04\n", "0.033\n"))
    assert bvh.read_file(bvh_path).notes == ("the frame time 0.033 is rounded; 30 frames/s are assumed",)
    bvh_path.write_text(MINIMAL)
    assert bvh.read_file(bvh_path).notes == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HIERARCHY", "HIERARCH", "line 1: expected 'HIERARCHY'"),
        ("OFFSET 10 -20 30", "OFFSET 10 -20 x", "line 8: expected a number, found 'x'"),
        ("OFFSET 10 -20 30", "OFFSET 10 -20 nan", "line 8: expected a number, found 'nan'"),
        ("Zrotation Yrotation", "Zrotation Wrotation", "line 9: unknown channel 'wrotation'"),
        ("CHANNELS 3 X", "CHANNELS 4 X", "line 10: unknown channel 'end'"),
        ("CHANNELS 3 X", "CHANNELS -3 X", "line 9: expected a whole number"),
        ("JOINT Left Arm", "ROOT Other", "line 6: there must be one ROOT"),
        ("End Site", "Begin", "line 10: expected OFFSET, CHANNELS"),
        ("ROOT Hips", "JOINT Hips", "line 2: there must be one ROOT"),
        ("      OFFSET 0 -5 0", "      JOINT a", "line 12: there must be one ROOT"),
        ("MOTION\n", "}\nMOTION\n", "line 16: unexpected '}'"),
        ("Frames: 2", "Frames: 4", "line 20: the file says 4 frames but holds 2"),
        ("Frames: 2", "Frames: 0", "must be greater than zero"),
        ("Frames: 2", "Frames: two", "line 17: expected a whole number"),
        ("0.04", "0", "must be greater than zero"),
        ("0.04", "1e-999999999", "must be greater than zero"),
        ("40 50 60", "40 50", "line 19: expected 9 numbers, found 8"),
        ("40 50 60", "40 50 inf", "line 19: expected a number, found 'inf'"),
        ("0 0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0 0 O", "line 20: expected a number, found 'O'"),
        (MINIMAL[MINIMAL.index("MOTION") :], "", "line 15: the file ends too early"),
        (MINIMAL, "", "line 0: the file ends too early"),
        (MINIMAL, "HIERARCHY MOTION", "there is no ROOT"),
    ],
)
def test_malformed_files_name_the_line(old: str, new: str, message: str, bvh_path: Path) -> None:
    assert old in MINIMAL
    with pytest.raises(FormatError, match=message) as caught:
        _read_text(bvh_path, MINIMAL.replace(old, new, 1))
    assert str(caught.value).startswith(str(bvh_path)) and "\n" not in str(caught.value)


@given(st.integers(0, len(MINIMAL)), st.integers(0, len(MINIMAL)), st.text(max_size=3))
@settings(max_examples=200, deadline=None)
def test_damage_raises_nothing_but_format_errors(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, inserted: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.bvh"
    path.write_bytes((MINIMAL[:start] + inserted + MINIMAL[start + length :]).encode("utf-8", "surrogatepass"))
    try:
        motion = bvh.read(path)
    except FormatError as error:
        assert "\n" not in str(error)
    else:
        assert np.isfinite(motion.rotations).all()


def test_rejects_non_bvh_files(bvh_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        bvh.read(bvh_path)
    bvh_path.write_bytes(b"\x89PNG\r\n\xff")
    with pytest.raises(FormatError, match="not a BVH file"):
        bvh.read(bvh_path)
