"""Clips of a set of motion capture, and the processing that all of them need."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from bodydouble.data import Motion
from bodydouble.errors import BodydoubleError
from bodydouble.geometry import kinematics
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.synthetic import mocap_files
from bodydouble.synthetic.grounding import floor_height

MAX_FPS = 60
"""Maximum frame rate of an archive; a faster motion keeps every second or further frame."""
MIN_SECONDS = 0.5
"""Minimum duration in s of a clip."""
MAX_UNDERGROUND = 0.3
"""Maximum depth in m of a joint below the floor."""


@dataclass(frozen=True)
class Clip:
    """Clip of a set."""

    name: str
    subject: str
    motion: Motion


@dataclass(frozen=True)
class DroppedClip:
    """Clip that is left out, or a part of one."""

    name: str
    reason: str


def prepare_clip(name: str, subject: str, motion: Motion, floor: float | None = None) -> Clip | DroppedClip:
    """Cleans a motion, reduces its rate and puts its floor at y = 0.

    Args:
        name: of the clip.
        subject: performer.
        motion: of the 22 humanoid joints.
        floor: height of the floor in m; found by the standing feet if not given.

    Returns:
        The clip, or why it is left out.
    """
    try:
        cleaned = reduce_rate(mocap_files.clean_motion(motion))
    except BodydoubleError as error:
        return DroppedClip(name, str(error))
    height = find_floor(cleaned) if floor is None else floor
    standing = replace(cleaned, root_position=cleaned.root_position - np.array([0.0, height, 0.0]))
    return check_clip(Clip(name, subject, standing))


def check_clip(clip: Clip) -> Clip | DroppedClip:
    """Returns a clip that is long enough and stands on the floor, else why it is left out."""
    seconds = clip_seconds(clip.motion)
    if seconds < MIN_SECONDS:
        return DroppedClip(clip.name, f"only {seconds:.2f} s")
    lowest = kinematics.joint_positions(clip.motion)[..., 1].min()
    if lowest < -MAX_UNDERGROUND:
        return DroppedClip(clip.name, f"{-lowest:.2f} m below the floor")
    return clip


def clip_seconds(motion: Motion) -> float:
    """Returns the duration of a motion in s."""
    return len(motion.rotations) / float(motion.fps)


def reduce_rate(motion: Motion) -> Motion:
    """Keeps every n-th frame, so that the rate is at most MAX_FPS."""
    factor = int(np.ceil(motion.fps / Fraction(MAX_FPS)))
    return replace(slice_motion(motion, slice(None, None, factor)), fps=motion.fps / factor)


def find_floor(motion: Motion) -> float:
    """Returns the height in m of the floor under standing feet."""
    landmarks = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    return floor_height(landmarks, float(motion.fps))
