"""What people do in training: stretches of motion capture, altered, mixed and turned over, and invented motions."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

import numpy as np

from bodydouble.data import Motion
from bodydouble.geometry import rotation
from bodydouble.motion.resampling.motion import resample_motion, slice_motion
from bodydouble.skeletons import humanoid
from bodydouble.training.procedural_poses import generate_motion

TIME_WARP = (0.6, 1.6)
"""Times as fast as it was."""
PROCEDURAL_FRACTION = 0.12
"""Share of motions that are not from capture."""
RECOMBINED_FRACTION = 0.4
"""Share with the arms or the upper body of another clip ..."""
LIMBWISE_FRACTION = 0.12
"""... and with every limb from another one."""
ARM_JOINTS = [i for i, name in enumerate(humanoid.JOINTS) if any(part in name for part in ("Arm", "Hand", "Shoulder"))]
TRUNK_JOINTS = [humanoid.INDEX[name] for name in ("spine", "chest", "upperChest", "neck", "head")]
LEG_JOINTS = [i for i, name in enumerate(humanoid.JOINTS) if any(part in name for part in ("Leg", "Foot"))]
SIDE_JOINTS = [[i for i, name in enumerate(humanoid.JOINTS) if name.startswith(side)] for side in ("left", "right")]
LIMB_JOINTS = [sorted(set(limb) & set(side)) for limb in (ARM_JOINTS, LEG_JOINTS) for side in SIDE_JOINTS]
JOINT_OFFSET_SIGMAS = ((ARM_JOINTS, 0.2), (TRUNK_JOINTS, 0.06), (LEG_JOINTS, 0.08))
"""rad, of a constant turn of each joint of these."""
TUMBLING_FRACTION = 0.22
"""Share turned away from the upright: capture has few who lie, fall, roll or stand on their hands."""
TUMBLING_SIGMA = 1.6
"""rad, standard deviation of the turn in the course of such a motion."""
MAX_RATE_DENOMINATOR = 16
"""Rates are fractions with denominators up to this."""


class MotionAugmenter:
    """Draws motions.

    Args:
        motions: capture, of the 22 humanoid joints.
        frames: of every motion that is drawn.
        fps: likewise.
    """

    def __init__(self, motions: Sequence[Motion], frame_count: int, fps: Fraction) -> None:
        self._frame_count, self._fps = frame_count, fps
        seconds = np.array([len(motion.rotations) / float(motion.fps) for motion in motions])
        long_enough = [i for i in range(len(motions)) if seconds[i] * fps >= frame_count]
        self._motions = [motions[i] for i in long_enough]
        self._probabilities = np.sqrt(seconds[long_enough]) / np.sqrt(seconds[long_enough]).sum()

    def sample(self, rng: np.random.Generator) -> Motion:
        """Somebody who does a bit of one clip, or of several, or something invented."""
        motion = self._sample_excerpt(rng)
        if rng.random() < PROCEDURAL_FRACTION:
            motion = generate_motion(motion, self._frame_count, self._fps, rng)
        rotations, contacts = motion.rotations.copy(), motion.contacts
        for borrowed_joints in _sample_borrowed_joints(rng):
            rotations[:, borrowed_joints] = self._sample_excerpt(rng).rotations[:, borrowed_joints]
        for joints, sigma in JOINT_OFFSET_SIGMAS:
            offsets = rotation.from_rotvec(rng.normal(0, sigma, (len(joints), 3)))
            rotations[:, joints] = rotation.multiply(rotations[:, joints], offsets)
        if rng.random() < TUMBLING_FRACTION:
            start = rng.uniform(-np.pi, np.pi)
            angles = np.linspace(start, start + rng.normal(0, TUMBLING_SIGMA), self._frame_count)[:, None]
            heading = rng.uniform(-np.pi, np.pi)
            axis = np.array([np.sin(heading), 0.0, np.cos(heading)])
            rotations[:, 0] = rotation.multiply(rotation.from_rotvec(angles * axis), rotations[:, 0])
            contacts = np.zeros_like(contacts)
        return replace(motion, rotations=rotation.make_continuous(rotations), contacts=contacts)

    def _sample_excerpt(self, rng: np.random.Generator) -> Motion:
        """A stretch of motion capture, faster or slower than it was."""
        motion = self._motions[int(rng.choice(len(self._motions), p=self._probabilities))]
        seconds = (len(motion.rotations) - 1) / float(motion.fps)
        speed = min(rng.uniform(*TIME_WARP), seconds * float(self._fps) / self._frame_count)
        rate = (self._fps / Fraction(speed)).limit_denominator(MAX_RATE_DENOMINATOR)
        needed = ceil((self._frame_count + 1) * motion.fps / rate) + 1
        start = int(rng.integers(max(len(motion.rotations) - needed, 0) + 1))
        excerpt = slice_motion(resample_motion(slice_motion(motion, slice(start, start + needed)), rate), slice(0, self._frame_count))
        frames = np.minimum(np.arange(self._frame_count), len(excerpt.rotations) - 1)
        return replace(slice_motion(excerpt, frames), fps=self._fps)


def _sample_borrowed_joints(rng: np.random.Generator) -> list[list[int]]:
    """Joints that come from other clips, each list from one."""
    chance = rng.random()
    if chance < LIMBWISE_FRACTION:
        return LIMB_JOINTS
    if chance < LIMBWISE_FRACTION + RECOMBINED_FRACTION:
        return [ARM_JOINTS if rng.random() < 0.5 else [*ARM_JOINTS, *TRUNK_JOINTS]]
    return []
