"""Small synthetic files in the layouts of Human3.6M and HumanEva."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import Camera
from bodydouble.evaluation.position_files import Cameras
from bodydouble.geometry import kinematics, rotation
from bodydouble.skeletons import h36m, humaneva
from tests import builders
from tests.builders import Floats

H36M_TAKES = {
    "S1": {"Walking": 6},
    "S9": {"Walking": 9, "Walking 1": 7, "Sitting 1": 5},
    "S11": {"Walking": 8, "Sitting 2": 4},
}
"""Subject -> action -> frames."""

HUMANEVA_TAKES = {"Train/S1": {"Jog 1 chunk0": 5}, "Validate/S1": {"Jog 1 chunk0": 6, "Jog 1 chunk2": 5, "Box 1": 4}}

SIZE = (1000, 1002)


def joints(layout: Any, frames: int, seed: int) -> Floats:
    """Returns joints (frames, 17 or 15, 3) m of a moving person."""
    body = kinematics.joint_positions(builders.smooth_motion(frames, seed=seed))
    return np.asarray(np.array(layout.HUMANOID_REGRESSOR) @ body)


def takes(layout: Any, lengths: dict[str, dict[str, int]]) -> dict[str, dict[str, Floats]]:
    """Returns different takes for all subjects."""
    seeds = iter(range(1000))
    return {
        subject: {action: joints(layout, frames, next(seeds)) for action, frames in actions.items()}
        for subject, actions in lengths.items()
    }


def h36m_takes() -> dict[str, dict[str, Floats]]:
    return takes(h36m, H36M_TAKES)


def humaneva_takes() -> dict[str, dict[str, Floats]]:
    return takes(humaneva, HUMANEVA_TAKES)


def with_all_32_joints(take: Floats) -> Floats:
    """Returns a take with the 32 joints of the data set's files; unused joints are far away."""
    full = np.full((len(take), h36m.FILE_JOINT_COUNT, 3), 99.0)
    full[:, list(h36m.FILE_JOINT_INDICES)] = take
    return full


def write(path: Path, **objects: Any) -> Path:
    np.savez_compressed(path, **objects)
    return path


def cameras(subjects: tuple[str, ...], count: int = 2) -> Cameras:
    """Returns level cameras around the origin, 5 m away and 1 m above the floor."""
    level = np.diag([1.0, -1.0, -1.0, 1.0])
    level[:3, 3] = (0.0, 1.0, 5.0)
    rig = []
    for view in range(count):
        world_rotation = np.eye(4)
        world_rotation[:3, :3] = rotation.to_matrix(
            rotation.from_rotvec(np.array([0.0, 2 * np.pi * view / count + 0.3, 0.0]))
        )
        intrinsics = np.array([[1100.0 + view, 0.0, 512.0], [0.0, 1101.0, 508.0], [0.0, 0.0, 1.0]])
        rig.append(Camera(SIZE, intrinsics, (level @ world_rotation)[None]))
    return dict.fromkeys(subjects, tuple(rig))


def write_cameras(path: Path, rigs: Cameras) -> Path:
    stored = {
        subject: [
            {
                "size": camera.image_size,
                "intrinsics": camera.intrinsics.tolist(),
                "camera_from_world": camera.camera_from_world[0].tolist(),
            }
            for camera in rig
        ]
        for subject, rig in rigs.items()
    }
    path.write_text(json.dumps(stored))
    return path
