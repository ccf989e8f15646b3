"""The fit to markers recovers the motion and the body that they were computed from."""

from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.rotation_log import exponential
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.skeletons import humanoid
from tests import builders
from tests.builders import Floats, assert_same

TOOLS = Path(__file__).parents[2] / "tools"
MODULES = ("clips", "marker_body", "marker_calibration", "marker_clips", "marker_fit", "marker_motions", "repeats")
PLUG_IN_GAIT = (
    "LFHD", "RFHD", "LBHD", "RBHD", "C7", "T10", "CLAV", "STRN", "RBAK", "LSHO", "LUPA", "LELB", "LFRM", "LWRA", "LWRB",
    "LFIN", "RSHO", "RUPA", "RELB", "RFRM", "RWRA", "RWRB", "RFIN", "LASI", "RASI", "LPSI", "RPSI", "LTHI", "LKNE",
    "LTIB", "LANK", "LHEE", "LTOE", "RTHI", "RKNE", "RTIB", "RANK", "RHEE", "RTOE",
)  # fmt: skip
AMPLITUDES = {
    "hips": (0.15, 1.5, 0.1), "UpperArm": (0.5, 0.7, 0.9), "LowerArm": (0.0, 0.6, 0.0), "Forearm": (0.5, 0.0, 0.0),
    "Hand": (0.0, 0.2, 0.3), "UpperLeg": (0.8, 0.3, 0.25), "LowerLeg": (0.6, 0.0, 0.0), "Foot": (0.3, 0.1, 0.1),
    "Toes": (0.0, 0.0, 0.0), "Shoulder": (0.05, 0.1, 0.1),
}  # fmt: skip
"""Radians about the axes of the joints."""
BENT = {"leftLowerArm": (1, -0.8), "rightLowerArm": (1, 0.8), "leftLowerLeg": (0, 0.8), "rightLowerLeg": (0, 0.8)}
"""Hinge -> axis, and rad in the middle of its movement."""


@pytest.fixture
def mocap(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The modules of the tool."""
    monkeypatch.syspath_prepend(TOOLS)
    return SimpleNamespace(**{name: import_module(f"mocap.{name}") for name in MODULES})


def _true_poses(mocap: SimpleNamespace, rng: np.random.Generator, frames: int) -> tuple[Floats, Floats]:
    """Smooth rotations (T, J, 3, 3) and positions of the hips of a person who moves all limbs."""
    turns = np.zeros((frames, mocap.marker_body.JOINT_COUNT, 3))
    for joint, index in mocap.marker_body.INDEX.items():
        amplitude = next((a for name, a in AMPLITUDES.items() if joint.endswith(name)), (0.12, 0.12, 0.12))
        turns[:, index] = builders.wave(rng, frames, (3,), 1.0) * amplitude
        if joint in BENT:
            axis, middle = BENT[joint]
            turns[:, index, axis] = middle + np.clip(turns[:, index, axis], -0.75, 0.75)
    root = np.array([0.0, 0.96, 0.0]) + builders.wave(rng, frames, (3,), 1.0) * np.array([0.5, 0.02, 0.5])
    return exponential(turns), root


def _simulate(mocap: SimpleNamespace, frames: int) -> tuple[Floats, Floats]:
    """Joints (T, J, 3) and markers (T, M, 3) of a person whose segments and markers are not those expected."""
    rng = np.random.default_rng(5)
    module = mocap.marker_body
    body = module.expected_body(PLUG_IN_GAIT, 1.05, 0.25)
    scales = body.scales * (1 + 0.5 * module.SCALE_SIGMA * rng.uniform(-1, 1, len(body.scales)))
    offsets = body.offsets + 0.5 * body.offset_sigma * rng.uniform(-1, 1, body.offsets.shape)
    skeleton = replace(body, scales=scales).build_skeleton()
    joints, world = kinematics.forward_kinematics_of_matrices(skeleton, *_true_poses(mocap, rng, frames))
    return joints, joints[:, body.carriers] + np.einsum("tmij,mj->tmi", world[:, body.carriers], offsets)


def test_motion_of_an_unknown_body_is_recovered(mocap: SimpleNamespace) -> None:
    joints, markers = _simulate(mocap, 60)
    body = mocap.marker_calibration.calibrate_body(PLUG_IN_GAIT, markers)
    poses, distances = mocap.marker_motions.fit_clip(body, markers)
    fitted, _ = kinematics.forward_kinematics_of_matrices(body.build_skeleton(), poses.rotations, poses.root)
    assert np.median(distances) < 0.001
    assert np.linalg.norm(fitted - joints, axis=-1).mean() < 0.003


def test_humanoid_motion_has_the_joints_of_the_body_and_mirrored_bones(mocap: SimpleNamespace) -> None:
    joints, markers = _simulate(mocap, 20)
    body = mocap.marker_calibration.estimate_body(PLUG_IN_GAIT, markers)
    poses, _ = mocap.marker_motions.fit_clip(body, markers)
    clip = mocap.marker_clips.MarkerClip("walk", "s01", Fraction(25), PLUG_IN_GAIT, markers)
    motion = mocap.marker_motions.build_motion(body, clip, poses)
    fitted, _ = kinematics.forward_kinematics_of_matrices(body.build_skeleton(), poses.rotations, poses.root)
    order = [mocap.marker_body.INDEX[joint] for joint in humanoid.JOINTS]
    assert_same(kinematics.joint_positions(motion), fitted[:, order], 1e-9)
    assert np.linalg.norm(fitted - joints, axis=-1).max() < 0.2
    offsets = motion.skeleton.rest_offsets
    assert_same(offsets[list(humanoid.MIRROR)] * [-1.0, 1.0, 1.0], offsets, 1e-12)
    assert 0.05 < kinematics.rest_positions(motion.skeleton)[humanoid.INDEX["leftFoot"], 1] < 0.1


def test_toes_stay_level_while_the_heel_rises(mocap: SimpleNamespace) -> None:
    motion = builders.smooth_motion(12)
    angles = np.linspace(0.0, 0.8, 12)
    rotations = np.tile(rotation.IDENTITY, (*motion.rotations.shape[:2], 1))
    rotations[:, humanoid.INDEX["leftFoot"]] = rotation.from_rotvec(angles[:, None] * [1.0, 0.0, 0.0])
    positions, _ = kinematics.forward_kinematics(motion.skeleton, rotations, np.zeros((12, 3)))
    root = -positions[:, humanoid.INDEX["leftToes"]]
    bent = mocap.marker_motions.bend_toes(replace(motion, rotations=rotations, root_position=root))
    _, world = kinematics.forward_kinematics(bent.skeleton, bent.rotations, bent.root_position)
    forward = rotation.rotate(world[:, humanoid.INDEX["leftToes"]], np.array([0.0, 0.0, 1.0]))
    assert_same(forward[:, 1], np.zeros(12), 1e-9)


def _marker_clip(mocap: SimpleNamespace, positions: Floats) -> object:
    return mocap.marker_clips.MarkerClip("lie", "Male1", Fraction(60), PLUG_IN_GAIT, positions)


def test_short_gaps_are_filled_and_long_ones_divide_the_clip(mocap: SimpleNamespace) -> None:
    _, markers = _simulate(mocap, 150)
    holes = markers.copy()
    holes[20:30, 3] = np.nan
    holes[70:90] = np.nan
    parts = mocap.marker_clips.split_at_gaps(_marker_clip(mocap, holes))
    assert [len(part.positions) for part in parts] == [70, 60]
    assert_same(parts[0].positions, markers[:70], 0.01)
    assert_same(parts[1].positions, markers[90:], 0.0)


def test_clip_without_a_limb_is_left_out(mocap: SimpleNamespace) -> None:
    _, markers = _simulate(mocap, 100)
    rows = [PLUG_IN_GAIT.index(label) for label in ("LSHO", "LUPA", "LELB")]
    markers[30:, rows] = np.nan
    assert mocap.marker_clips.split_at_gaps(_marker_clip(mocap, markers)) == []


def test_text_of_markers_is_read_in_metres_with_y_up(mocap: SimpleNamespace, tmp_path: Path) -> None:
    path = tmp_path / "mike01.txt"
    rows = ["1\t0.0000\t1000\t2000\t3000\t10\t20\t30", "2\t0.0083\t1001\t2000\t3000\t-9999.99\t-9999.99\t-9999.99"]
    head = "Field\tTime\tMike:LFWT:X\tMike:LFWT:Y\tMike:LFWT:Z\tMike:C7:X\tMike:C7:Y\tMike:C7:Z"
    path.write_text("\n".join([head, *rows]))
    clip = mocap.marker_clips.read_text(path, "mike", ("C7", "LASI", "RASI"))
    assert clip.fps == 120
    assert_same(clip.positions[0, :2], [[0.02, 0.03, 0.01], [2.0, 3.0, 1.0]], 1e-12)
    assert np.isnan(clip.positions[1, 0]).all()
    assert np.isnan(clip.positions[:, 2]).all()


def test_recording_of_another_rig_and_rate_is_recognised(mocap: SimpleNamespace) -> None:
    motion = builders.smooth_motion(300, seed=1, fps=Fraction(120))
    excerpt = replace(slice_motion(motion, slice(40, 260, 2)), fps=Fraction(60))
    knees = [humanoid.INDEX[side + "LowerLeg"] for side in ("left", "right")]
    rotations = excerpt.rotations.copy()
    rotations[:, knees] = rotation.from_rotvec(1.05 * rotation.to_rotvec(rotations[:, knees]))
    other = builders.smooth_motion(200, seed=2, fps=Fraction(60))
    known = {"01_01": mocap.repeats.knee_angles(motion)}
    repeats = mocap.repeats.find_repeats({"copy": replace(excerpt, rotations=rotations), "other": other}, known)
    assert {name: match.name for name, match in repeats.items()} == {"copy": "01_01"}


def test_motion_is_divided_where_it_does_not_fit_for_long(mocap: SimpleNamespace) -> None:
    motion = builders.smooth_motion(200, fps=Fraction(50))
    error = np.full(200, 0.004)
    error[40:45] = 0.1
    error[100:130] = 0.06
    error[150:] = 0.05
    (part,) = mocap.marker_motions.split_at_misfits(motion, error)
    assert len(part.rotations) == 100
    kept = np.r_[0:40, 45:100]
    assert_same(part.rotations[kept], motion.rotations[kept], 1e-9)
