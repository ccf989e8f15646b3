"""Puts a performed motion on the floor: capture on another body floats, sinks and tilts its feet."""

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
"""Positions (T, 33, 3) m, world, of a motion's landmarks."""

REST_HEIGHT, REST_SPEED = 0.04, 0.3
"""m and m/s: a sole point lower and slower than this touches the floor."""
MAX_STANCE_HEIGHT = 0.12
"""m above where a foot usually stands; higher, it does not stand."""
MAX_TILT_CORRECTION = 0.35
"""rad; feet that rest tilted by more are meant to: somebody stands on tiptoe or kneels."""
MIN_STANCE_DURATION = 0.15
"""s in which feet must rest to say where the floor is."""
CORRECTION_CUTOFF = 4.0
"""Hz, of corrections."""
SWING_WEIGHT = 0.02
"""How firmly a foot in the air keeps its height, against 1 for a resting one."""
LIFT_LEAD_TIME = 0.12
"""s; a foot begins to rise this long before it would sink in."""
FLOOR_PERCENTILE = 2.0
"""Of the lowest landmarks: where the floor is if no foot rests."""


def ground_motion(motion: Motion, landmarks: LandmarkFunction) -> Motion:
    """The motion with soles flat and on y = 0 where they rest, nothing below the floor, and its contacts.

    Feet that rest tilted are turned by one angle for the whole clip, since rigs differ in where a foot is level. The
    clip is moved up or down to where feet rest; then each foot is moved to the floor while it rests, and out of it
    where it sinks in. Last, the whole body is raised where hands, knees or back would sink in.

    Args:
        motion: T frames of the 22 humanoid joints; its contacts do not matter.
        landmarks: gives the landmarks of a motion.
    """
    fps = float(motion.fps)
    motion = _level_feet(motion, landmarks(motion)[:, SOLE_LANDMARKS], fps)
    points = landmarks(motion)
    motion = _raise_body(motion, np.full(len(points), -_floor_height(points, fps)))
    soles = landmarks(motion)[:, SOLE_LANDMARKS]
    motion = _raise_ankles(motion, _stance_corrections(soles, fps))
    penetration = np.maximum(-_sole_heights(landmarks(motion)[:, SOLE_LANDMARKS]), 0.0)
    motion = _raise_ankles(motion, np.stack([_upper_envelope(depth, fps) for depth in penetration.T], axis=1))
    motion = _raise_body(motion, _upper_envelope(np.maximum(-landmarks(motion)[..., 1].min(axis=1), 0.0), fps))
    return replace(motion, contacts=_detect_contacts(landmarks(motion)[:, SOLE_LANDMARKS], fps))


def _sole_heights(soles: FloatArray) -> FloatArray:
    """(T, 2) m height of the lower point of the left and of the right sole."""
    return np.asarray(soles[..., 1].reshape(-1, 2, 2).min(axis=2))


def _resting_feet(soles: FloatArray, fps: float) -> BoolArray:
    """(T, 2) whether the left and the right foot seems to stand."""
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


def _floor_height(points: FloatArray, fps: float) -> float:
    soles = points[:, SOLE_LANDMARKS]
    resting = _resting_feet(soles, fps)
    if resting.any(axis=1).sum() < MIN_STANCE_DURATION * fps:
        return float(np.percentile(points[..., 1].min(axis=1), FLOOR_PERCENTILE))
    return float(np.median(_sole_heights(soles)[resting]))


def _stance_corrections(soles: FloatArray, fps: float) -> FloatArray:
    """(T, 2) m upwards that bring resting feet to the floor, smoothly."""
    resting = _resting_feet(soles, fps)
    weight = np.where(resting, 1.0, SWING_WEIGHT)
    targets = np.where(resting, -_sole_heights(soles), 0.0)
    return np.stack(
        [whittaker(targets[:, [i]], weight[:, [i]], fps, CORRECTION_CUTOFF)[:, 0] for i in range(2)], axis=1
    )


def _upper_envelope(depth: FloatArray, fps: float) -> FloatArray:
    """A smooth curve (T,) that is nowhere below depth (T,)."""
    half_width = max(1, round(LIFT_LEAD_TIME * fps))
    return np.asarray(gaussian_filter1d(maximum_filter1d(depth, 2 * half_width + 1), half_width / 2, truncate=2.0))


def _raise_ankles(motion: Motion, heights: FloatArray) -> Motion:
    """Both ankles (T, 2) m higher."""
    up = heights[..., None] * np.array([0.0, 1.0, 0.0])
    return replace(motion, rotations=move_ankles(motion.skeleton, motion.rotations, motion.root_position, up))


def _raise_body(motion: Motion, heights: FloatArray) -> Motion:
    """The whole body (T,) m higher."""
    return replace(motion, root_position=motion.root_position + heights[:, None] * np.array([0.0, 1.0, 0.0]))


def _detect_contacts(soles: FloatArray, fps: float) -> FloatArray:
    speed = np.linalg.norm(np.gradient(soles, axis=0), axis=-1) * fps
    return np.asarray((soles[..., 1] < REST_HEIGHT) & (speed < REST_SPEED), dtype=np.float64)
