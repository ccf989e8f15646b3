"""Files of motion capture give motions of the humanoid."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.data import Motion, Skeleton
from bodydouble.errors import FormatError
from bodydouble.formats import bvh, performance
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.skeletons.rigs import cmu
from bodydouble.synthetic import deepmimic, mocap_files
from tests import builders
from tests.builders import assert_same
from tests.synthetic import motions

JOINT_OF_LANDMARK = {
    f"{side}_{landmark}": f"{side}{bone}"
    for side in ("left", "right")
    for landmark, bone in (
        ("shoulder", "UpperArm"), ("elbow", "LowerArm"), ("wrist", "Hand"),
        ("hip", "UpperLeg"), ("knee", "LowerLeg"), ("ankle", "Foot"),
    )
}  # fmt: skip


def _with_calibration_pose(motion: Motion) -> Motion:
    """The motion preceded by one frame of the rest pose."""
    rotations = np.insert(motion.rotations, 0, rotation.IDENTITY, axis=0)
    root = np.insert(motion.root_position, 0, motion.skeleton.rest_offsets[0], axis=0)
    return replace(
        slice_motion(motion, np.maximum(np.arange(len(rotations)) - 1, 0)), rotations=rotations, root_position=root
    )


def test_bvh_of_another_rig_and_unit_loses_its_calibration_pose(tmp_path: Path) -> None:
    motion = builders.smooth_motion(20, fps=Fraction(30))
    small = 0.45 / 2.54
    names = tuple(cmu.NAMES[bone] for bone in humanoid.JOINTS)
    skeleton = replace(motion.skeleton, joint_names=names, rest_offsets=motion.skeleton.rest_offsets * small)
    cgspeed = replace(
        _with_calibration_pose(motion),
        skeleton=skeleton,
        root_position=_with_calibration_pose(motion).root_position * small,
    )
    bvh.write(tmp_path / "01_01.bvh", cgspeed)
    (motion_read,) = mocap_files.read(tmp_path / "01_01.bvh")
    assert motion_read.name == "01_01"
    assert_same(kinematics.joint_positions(motion_read.motion), kinematics.joint_positions(motion), 1e-5)


def test_bvh_that_begins_in_motion_keeps_its_first_frame(tmp_path: Path) -> None:
    motion = builders.smooth_motion(20)
    bvh.write(tmp_path / "dance.bvh", motion)
    assert len(mocap_files.read(tmp_path / "dance.bvh")[0].motion.rotations) == 20


def test_deepmimic_joints_are_at_its_landmarks(tmp_path: Path) -> None:
    path = motions.write(tmp_path / "squat.txt", motions.squats())
    landmarks, fps = deepmimic.read_landmarks(path)
    (motion_read,) = mocap_files.read(path)
    assert motion_read.name == "squat"
    assert motion_read.motion.fps == fps
    joints = kinematics.joint_positions(motion_read.motion)
    for landmark, joint in JOINT_OF_LANDMARK.items():
        assert_same(joints[:, humanoid.INDEX[joint]], landmarks[:, blazepose.INDEX[landmark]], 1e-9)


def test_deepmimic_knees_and_elbows_bend_anatomically(tmp_path: Path) -> None:
    (motion_read,) = mocap_files.read(motions.write(tmp_path / "squat.txt", motions.squats()))
    low = rotation.to_rotvec(motion_read.motion.rotations[len(motion_read.motion.rotations) // 2])
    for side, sign in (("left", -1.0), ("right", 1.0)):
        assert low[humanoid.INDEX[f"{side}LowerLeg"], 0] == pytest.approx(1.6, abs=0.02)
        assert low[humanoid.INDEX[f"{side}UpperLeg"], 0] == pytest.approx(-0.8, abs=0.02)
        assert_same(low[humanoid.INDEX[f"{side}LowerArm"]], [0.0, 1.2 * sign, 0.0], 0.02)


def test_performance_gives_the_motion_of_each_person(tmp_path: Path) -> None:
    whole = builders.performance(people=2)
    performance.save(tmp_path / "clip.npz", whole)
    motion_read = mocap_files.read(tmp_path / "clip.npz")
    assert [named.name for named in motion_read] == ["clip/person1", "clip/person2"]
    for named, person in zip(motion_read, whole.people, strict=True):
        assert_same(named.motion.rotations, person.motion.rotations, 1e-12)


def _write_action_archive(path: Path, **changes: object) -> Path:
    motion = builders.smooth_motion(30, fps=Fraction(60))
    names = {bone: name for name, bone in mocap_files.ACTION_BONE_NAMES.items()}
    content: dict[str, object] = {
        "joint_names": [names.get(bone, bone) for bone in humanoid.JOINTS],
        "parents": humanoid.PARENTS,
        "offsets_m": motion.skeleton.rest_offsets,
        "fps": [60, 1],
        "walking_1/root_m": motion.root_position.astype(np.float32),
        "walking_1/quat_xyzw_int16": np.round(motion.rotations * 32767).astype(np.int16),
    }
    arrays: dict[str, Any] = {k: np.asarray(v) for k, v in (content | changes).items() if v is not None}
    np.savez(path, **arrays)
    return path


def test_archive_of_action_clips_is_read(tmp_path: Path) -> None:
    (motion_read,) = mocap_files.read(_write_action_archive(tmp_path / "actions.npz"))
    expected = builders.smooth_motion(30, fps=Fraction(60))
    assert motion_read.name == "walking_1"
    assert motion_read.motion.fps == Fraction(60)
    assert_same(kinematics.joint_positions(motion_read.motion), kinematics.joint_positions(expected), 1e-3)


def _write_unknown_rig(path: Path) -> Path:
    """Writes a motion of a single chain of joints."""
    motion = builders.smooth_motion(3)
    skeleton = Skeleton(tuple(f"box{j}" for j in range(22)), tuple(range(-1, 21)), motion.skeleton.rest_offsets)
    bvh.write(path, replace(motion, skeleton=skeleton))
    return path


def _text_writer(content: str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_text(content)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("video.mp4", _text_writer("")),
        ("missing.bvh", lambda path: path),
        ("missing.npz", lambda path: path),
        ("missing.txt", lambda path: path),
        ("bad.npz", _text_writer("no archive")),
        ("bad.txt", _text_writer("{}")),
        ("bad.bvh", _text_writer("HIERARCHY")),
        ("box.bvh", _write_unknown_rig),
        ("noclips.npz", lambda path: _write_action_archive(path, fps=None)),
        ("norotations.npz", lambda path: _write_action_archive(path, **{"walking_1/quat_xyzw_int16": None})),
        ("short.npz", lambda path: _write_action_archive(path, offsets_m=np.zeros((3, 3)))),
    ],
)
def test_rejects_other_files_in_one_line(tmp_path: Path, name: str, write: Callable[[Path], Path]) -> None:
    path = write(tmp_path / name)
    with pytest.raises(FormatError, match=name) as error:
        mocap_files.read(path)
    assert "\n" not in str(error.value)
