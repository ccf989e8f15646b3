"""Drawing times: frames of a film -> frames whose poses are drawn in them.

Hand-drawn animation holds each drawing for two frames of 24 ("on twos") while camera and background move on.
"""

from collections.abc import Collection
from fractions import Fraction
from math import ceil, floor

import numpy as np

from bodydouble.data import Camera, IntArray
from bodydouble.geometry import camera as cameras
from bodydouble.geometry import rotation

DRAWINGS_PER_SECOND = 12
"""Drawings in a second of animation on twos."""
CUT_TURN, CUT_TURN_RATE = np.radians(5.0), np.radians(200.0)
"""Minimum rotation of the camera from frame to frame at a cut, in rad and in rad/s."""
CUT_SHIFT, CUT_SPEED = 0.3, 12.0
"""Minimum translation of the camera from frame to frame at a cut, in m and in m/s."""


def hold_drawings(frame_count: int, fps: Fraction, cuts: Collection[int] = ()) -> IntArray:
    """Returns the frame (F,) whose pose is drawn in each frame of a film on twos: that frame or an earlier one.

    Args:
        frame_count: number of frames F.
        fps: exact frame rate.
        cuts: first frames of shots, before which no drawing is held.
    """
    step = max(fps / DRAWINGS_PER_SECOND, Fraction(1))
    drawn = np.array([ceil(floor(frame / step) * step) for frame in range(frame_count)], dtype=np.int64)
    for cut in cuts:
        held = (drawn < cut) & (np.arange(frame_count) >= cut)
        drawn[held] = cut
    return drawn


def find_cuts(camera: Camera, fps: Fraction) -> list[int]:
    """Returns the first frame of each shot but the first one: where the camera jumps."""
    world_from_camera = cameras.inverse(camera.camera_from_world)
    rotations = rotation.from_matrix(world_from_camera[:, :3, :3])
    turns = rotation.angle_between(rotations[1:], rotations[:-1])
    shifts = np.linalg.norm(np.diff(world_from_camera[:, :3, 3], axis=0), axis=1)
    is_cut = (turns > max(CUT_TURN, CUT_TURN_RATE / float(fps))) | (shifts > max(CUT_SHIFT, CUT_SPEED / float(fps)))
    return [int(frame) for frame in np.flatnonzero(is_cut) + 1]
