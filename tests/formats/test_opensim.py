"""OpenSim reads .trc and .mot files, and a model that it moves by the angles has its joints where the markers are."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.data import Motion
from bodydouble.formats import motion_table, trc
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.body.joint_angles import compute_joint_angles
from tests import builders

FRAMES = 8
TENTH_MM = 1e-4
JUDGE = Path(__file__).with_name("opensim_judge.py")


def _hinge_motion() -> Motion:
    """A motion whose trunk and neck bend in one joint each, whose knees have one axis and whose elbows have two."""
    motion = builders.smooth_motion(frames=FRAMES, seed=4)
    vectors = rotation.to_rotvec(motion.rotations)
    index = motion.skeleton.index
    vectors[:, [index(name) for name in ("spine", "chest", "neck", "leftShoulder", "rightShoulder")]] = 0.0
    for side in ("left", "right"):
        vectors[:, index(side + "LowerLeg"), 1:] = 0.0
    rotations = rotation.from_rotvec(vectors)
    for side in ("left", "right"):
        elbow = index(side + "LowerArm")
        flexion, pronation = (rotation.from_rotvec(vectors[:, elbow] * axis) for axis in ([0, 1, 0], [1, 0, 0]))
        rotations[:, elbow] = rotation.multiply(flexion, pronation)
    return replace(motion, rotations=rotation.make_continuous(rotations))


@pytest.fixture(scope="module")
def motion() -> Motion:
    return _hinge_motion()


@pytest.fixture(scope="module")
def read(motion: Motion, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if find_spec("opensim") is None:
        pytest.skip("OpenSim is not installed: there is no package for this platform")
    folder = tmp_path_factory.mktemp("opensim")
    names, positions = motion.skeleton.joint_names, kinematics.joint_positions(motion)
    positions[3, 5] = np.nan
    trc.write(folder / "a.trc", names, positions, motion.fps)
    angles = compute_joint_angles(motion)
    motion_table.write_mot(folder / "a.mot", angles.names, angles.values, motion.fps)
    rest = dict(zip(names, kinematics.rest_positions(motion.skeleton).tolist(), strict=True))
    (folder / "rest.json").write_text(json.dumps(rest))
    command = [sys.executable, str(JUDGE), *(str(folder / name) for name in ("a.trc", "a.mot", "rest.json"))]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=120)
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def test_markers_are_the_joints(read: dict[str, Any], motion: Motion) -> None:
    markers = read["markers"]
    assert (markers["labels"], markers["unit"]) == (list(motion.skeleton.joint_names), "m")
    assert markers["rate"] == float(motion.fps)
    np.testing.assert_allclose(markers["times"], np.arange(FRAMES) / 30, atol=1e-6)
    expected = kinematics.joint_positions(motion)
    expected[3, 5] = np.nan
    np.testing.assert_allclose(markers["positions"], expected, atol=1e-6)


def test_a_model_moved_by_the_angles_has_its_joints_at_the_markers(read: dict[str, Any], motion: Motion) -> None:
    assert read["motion"]["is_in_degrees"]
    np.testing.assert_allclose(read["motion"]["times"], np.arange(FRAMES) / 30, atol=1e-6)
    expected = kinematics.joint_positions(motion)
    for frame, pose in enumerate(read["motion"]["poses"]):
        assert len(pose) == 15
        for joint, position in pose.items():
            np.testing.assert_allclose(
                position, expected[frame, motion.skeleton.index(joint)], atol=TENTH_MM, err_msg=joint
            )
