"""Agreement of the views of a camera array about the rotation of a head: a measure that needs no ground truth.

An error that all views share is not visible in it.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from bodydouble.bench.camera_arrays import ArrayCamera, CameraArray
from bodydouble.data import BoolArray, FloatArray, Performance, Person
from bodydouble.geometry import rotation
from bodydouble.geometry.kinematics import world_rotations


def measure_head_disagreement(
    array: CameraArray, performances: Sequence[Performance | None], people: Sequence[Person | None]
) -> float:
    """Returns the median angle in degrees between the heads of two views at a common time; NaN without such a time.

    Args:
        array: V calibrated cameras.
        performances: Performance of each view.
        people: The same person in each view.
    """
    heads = [
        _head_rotations(view, performance, person, array.time_count)
        for view, performance, person in zip(array.cameras, performances, people, strict=True)
        if performance is not None and person is not None
    ]
    angles = np.concatenate(
        [np.empty(0), *(rotation.angle_between(a, b)[_are_known(a, b)] for a, b in combinations(heads, 2))]
    )
    return float(np.degrees(np.median(angles))) if len(angles) else float("nan")


def _are_known(first: FloatArray, second: FloatArray) -> BoolArray:
    return np.isfinite(first[:, 0]) & np.isfinite(second[:, 0])


def _head_rotations(view: ArrayCamera, performance: Performance, person: Person, time_count: int) -> FloatArray:
    """Returns the rotations (time_count, 4) of the head in the world of the array; NaN where not observed."""
    motion, track = person.motion, person.track
    is_used = track.observed & (track.frames < len(view.sync_indices))
    frames = track.frames[is_used]
    head = world_rotations(motion.skeleton.parents, motion.rotations)[is_used, motion.skeleton.index("head")]
    camera_from_world = rotation.from_matrix(performance.camera.camera_from_world[frames, :3, :3])
    array_from_camera = rotation.from_matrix(view.camera_from_world[:3, :3].T)
    heads = np.full((time_count, 4), np.nan)
    heads[view.sync_indices[frames]] = rotation.multiply(array_from_camera, rotation.multiply(camera_from_world, head))
    return heads
