"""Grounding of retargeted motion: `Motion` -> `Motion` with soles on the floor, and contacts.

Motion capture on another body floats, penetrates the floor and tilts its feet.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from bodydouble.data import BoolArray, FloatArray, Motion
from bodydouble.geometry import rotation
from bodydouble.motion.floor.contacts import SOLE_LANDMARKS
from bodydouble.motion.resampling.smoothing import whittaker
from bodydouble.skeletons import humanoid
from bodydouble.synthetic.leg_ik import move_ankles

LandmarkFunction = Callable[[Motion], FloatArray]
"""Function from a motion to its landmarks (T, 33, 3) in the world, m."""

REST_HEIGHT, REST_SPEED = 0.04, 0.3
"""Maximum height in m and speed in m/s of a sole point in contact with the floor."""
MAX_STANCE_HEIGHT = 0.12
"""Maximum height in m of a standing foot above its usual height."""
MAX_TILT_CORRECTION = 0.35
"""Maximum tilt in rad that is corrected; a larger one is intended, as on tiptoe or knees."""
MIN_STANCE_DURATION = 0.15
"""Minimum duration in s of standing that determines the floor."""
CORRECTION_CUTOFF = 4.0
"""Cutoff frequency in Hz of corrections."""
SWING_WEIGHT = 0.02
"""Weight that keeps the height of a foot in swing, relative to 1 for a standing foot."""
LIFT_LEAD_TIME = 0.12
"""Time in s by which a correction starts before the foot would penetrate the floor."""
FLOOR_PERCENTILE = 2.0
"""Percentile of the height of the lowest landmarks that is the floor if no foot stands."""


def ground_motion(motion: Motion, landmarks: LandmarkFunction) -> Motion:
    """Returns the motion with standing soles flat on y = 0, nothing below the floor, and its contacts.

    Feet that stand tilted are rotated by one angle for the whole clip, since rigs differ in which foot is level. The
    clip is moved vertically so that feet stand on the floor. Then each foot is moved to the floor while it stands, and
    up where it penetrates the floor. Last, the whole body is raised where hands, knees or back would penetrate it.

    Args:
        motion: motion of T frames of the 22 humanoid joints; its contacts are ignored.
        landmarks: function that returns the landmarks of a motion.
    """
    fps = float(motion.fps)
    motion = _level_feet(motion, landmarks(motion)[:, SOLE_LANDMARKS], fps)
    points = landmarks(motion)
    motion = _raise_body(motion, np.full(len(points), -floor_height(points, fps)))
    soles = landmarks(motion)[:, SOLE_LANDMARKS]
    motion = _raise_ankles(motion, _stance_corrections(soles, fps))
    penetration = np.maximum(-_sole_heights(landmarks(motion)[:, SOLE_LANDMARKS]), 0.0)
    motion = _raise_ankles(motion, np.stack([_upper_envelope(depth, fps) for depth in penetration.T], axis=1))
    motion = _raise_body(motion, _upper_envelope(np.maximum(-landmarks(motion)[..., 1].min(axis=1), 0.0), fps))
    return replace(motion, contacts=_detect_contacts(landmarks(motion)[:, SOLE_LANDMARKS], fps))


def _sole_heights(soles: FloatArray) -> FloatArray:
    """Returns the heights (T, 2) in m of the lower point of the left and of the right sole."""
    return np.asarray(soles[..., 1].reshape(-1, 2, 2).min(axis=2))


def _resting_feet(soles: FloatArray, fps: float) -> BoolArray:
    """Returns a mask (T, 2): True while the left or the right foot seems to stand."""
    foot_centers = soles.reshape(-1, 2, 2, 3).mean(axis=2)
    speed = np.linalg.norm(np.gradient(foot_centers, axis=0), axis=-1) * fps
    heights = _sole_heights(soles)
    return np.asarray((speed < REST_SPEED) & (heights < np.percentile(heights, 10) + MAX_STANCE_HEIGHT))


def _level_feet(motion: Motion, soles: FloatArray, fps: float) -> Motion:
    resting = _resting_feet(soles, fps)
    rotations = motion.rotations.copy()
    for foot, side in enumerate(("left", "right")):
        heel, toes = soles[resting[:, foot], 2 * foot], soles[resting[:, foot], 2 * foot + 1]
        if len(heel) < MIN_STANCE_DURATION * fps:
            continue
        tilts = np.arctan2(toes[:, 1] - heel[:, 1], np.linalg.norm((toes - heel)[:, [0, 2]], axis=1))
        tilt = float(np.median(tilts))
        if abs(tilt) < MAX_TILT_CORRECTION:
            joint = humanoid.INDEX[f"{side}Foot"]
            rotations[:, joint] = rotation.multiply(rotations[:, joint], rotation.from_rotvec(np.array([tilt, 0, 0])))
    return replace(motion, rotations=rotations)


def floor_height(points: FloatArray, fps: float) -> float:
    """Returns the height in m of the floor: below standing feet, else below the lowest points of the body.

    Args:
        points: (T, 33, 3) m, landmarks.
        fps: frame rate.
    """
    soles = points[:, SOLE_LANDMARKS]
    resting = _resting_feet(soles, fps)
    if resting.any(axis=1).sum() < MIN_STANCE_DURATION * fps:
        return float(np.percentile(points[..., 1].min(axis=1), FLOOR_PERCENTILE))
    return float(np.median(_sole_heights(soles)[resting]))


def _stance_corrections(soles: FloatArray, fps: float) -> FloatArray:
    """Returns smooth vertical corrections (T, 2) in m that bring standing feet to the floor."""
    resting = _resting_feet(soles, fps)
    weight = np.where(resting, 1.0, SWING_WEIGHT)
    targets = np.where(resting, -_sole_heights(soles), 0.0)
    return np.stack(
        [whittaker(targets[:, [i]], weight[:, [i]], fps, CORRECTION_CUTOFF)[:, 0] for i in range(2)], axis=1
    )


def _upper_envelope(depth: FloatArray, fps: float) -> FloatArray:
    """Returns a smooth curve (T,) that is nowhere below depth (T,)."""
    half_width = max(1, round(LIFT_LEAD_TIME * fps))
    return np.asarray(gaussian_filter1d(maximum_filter1d(depth, 2 * half_width + 1), half_width / 2, truncate=2.0))


def _raise_ankles(motion: Motion, heights: FloatArray) -> Motion:
    """Returns the motion with both ankles raised by heights (T, 2) in m."""
    up = heights[..., None] * np.array([0.0, 1.0, 0.0])
    return replace(motion, rotations=move_ankles(motion.skeleton, motion.rotations, motion.root_position, up))


def _raise_body(motion: Motion, heights: FloatArray) -> Motion:
    """Returns the motion with the whole body raised by heights (T,) in m."""
    return replace(motion, root_position=motion.root_position + heights[:, None] * np.array([0.0, 1.0, 0.0]))


def _detect_contacts(soles: FloatArray, fps: float) -> FloatArray:
    speed = np.linalg.norm(np.gradient(soles, axis=0), axis=-1) * fps
    return np.asarray((soles[..., 1] < REST_HEIGHT) & (speed < REST_SPEED), dtype=np.float64)
