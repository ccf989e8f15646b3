"""The fit to markers recovers the motion and the body that they were computed from."""

from fractions import Fraction
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bodydouble.geometry import kinematics
from bodydouble.geometry.rotation_log import exponential
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


def _simulate(
    mocap: SimpleNamespace, frames: int
) -> tuple[SimpleNamespace, tuple[Floats, Floats], Floats]:
    """A body whose segments and markers are not those expected, its poses, and its markers (T, M, 3)."""
    rng = np.random.default_rng(5)
    module = mocap.marker_body
    body = module.expected_body(PLUG_IN_GAIT, 1.05, 0.25)
    scales = body.scales * (1 + 0.5 * module.SCALE_SIGMA * rng.uniform(-1, 1, len(body.scales)))
    offsets = body.offsets + 0.5 * body.offset_sigma * rng.uniform(-1, 1, body.offsets.shape)
    body = module.MarkerBody(PLUG_IN_GAIT, scales, offsets, body.mean_scales, body.mean_offsets)
    rotations, root = _true_poses(mocap, rng, frames)
    joints, world = kinematics.forward_kinematics_of_matrices(body.build_skeleton(), rotations, root)
    carriers = body.carriers
    markers = joints[:, carriers] + np.einsum("tmij,mj->tmi", world[:, carriers], offsets)
    return body, (joints, rotations), markers


def test_motion_of_an_unknown_body_is_recovered(mocap: SimpleNamespace) -> None:
    body, (joints, _), markers = _simulate(mocap, 60)
    found = mocap.marker_calibration.calibrate_body(PLUG_IN_GAIT, markers)
    poses, distances = mocap.marker_motions.fit_clip(found, markers)
    fitted, _ = kinematics.forward_kinematics_of_matrices(found.build_skeleton(), poses.rotations, poses.root)
    error = np.linalg.norm(fitted - joints, axis=-1)
    print(dict(zip(mocap.marker_body.JOINTS, (1000*error.mean(axis=0)).round(1))), body.scales, found.scales, np.median(distances))
    assert error.mean() < 0.003
