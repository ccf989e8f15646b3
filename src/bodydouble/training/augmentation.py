"""Data augmentation of motion: motion capture `Motion`s -> random `Motion`s of fixed length and frame rate.

Excerpts are time-warped, recombined by limbs, perturbed and tumbled; some are replaced by procedural poses.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

import numpy as np

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import rotation
from bodydouble.motion.resampling.motion import resample_motion, slice_motion
from bodydouble.skeletons import humanoid
from bodydouble.training.procedural_poses import generate_motion

MAX_SOURCE_FRACTION = 0.2
"""Maximum fraction of samples from one collection, since collections of exercises repeat a few motions."""
TIME_WARP = (0.6, 1.6)
"""Range of the speed of an excerpt relative to the recording."""
PROCEDURAL_FRACTION = 0.12
"""Fraction of procedural motions."""
RECOMBINED_FRACTION = 0.4
"""Fraction of motions with the arms or the upper body of another clip."""
LIMBWISE_FRACTION = 0.12
"""Fraction of motions with every limb from another clip."""
ARM_JOINTS = [i for i, name in enumerate(humanoid.JOINTS) if any(part in name for part in ("Arm", "Hand", "Shoulder"))]
TRUNK_JOINTS = [humanoid.INDEX[name] for name in ("spine", "chest", "upperChest", "neck", "head")]
LEG_JOINTS = [i for i, name in enumerate(humanoid.JOINTS) if any(part in name for part in ("Leg", "Foot"))]
SIDE_JOINTS = [[i for i, name in enumerate(humanoid.JOINTS) if name.startswith(side)] for side in ("left", "right")]
"""Indices of the joints of the left and of the right side."""
LIMB_JOINTS = [sorted(set(limb) & set(side)) for limb in (ARM_JOINTS, LEG_JOINTS) for side in SIDE_JOINTS]
"""Indices of the joints of each arm and each leg."""
JOINT_OFFSET_SIGMAS = ((ARM_JOINTS, 0.2), (TRUNK_JOINTS, 0.06), (LEG_JOINTS, 0.08))
"""Groups of joints, and the standard deviation in rad of a constant rotation that is added to each joint."""
TUMBLING_FRACTION = 0.22
"""Fraction of motions rotated away from the upright.

Motion capture has few people who lie, fall, roll or stand on their hands.
"""
TUMBLING_SIGMA = 1.6
"""Standard deviation in rad of the rotation during a tumbling motion."""
MAX_RATE_DENOMINATOR = 16
"""Maximum denominator of the frame rate to which an excerpt is resampled."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One clip of motion capture."""

    motion: Motion
    """Motion of the 22 humanoid joints."""
    source: str = ""
    """Name of the collection that it belongs to."""

    @property
    def seconds(self) -> float:
        """Duration in s."""
        return len(self.motion.rotations) / float(self.motion.fps)


class MotionAugmenter:
    """Sampler of augmented motions.

    Args:
        recordings: motion capture; clips shorter than a sample are left out.
        frame_count: number of frames of each sample.
        fps: frame rate of each sample.
    """

    def __init__(self, recordings: Sequence[Recording], frame_count: int, fps: Fraction) -> None:
        self._frame_count, self._fps = frame_count, fps
        long_enough = [recording for recording in recordings if recording.seconds * fps >= frame_count]
        self._motions = [recording.motion for recording in long_enough]
        self._probabilities = compute_probabilities(long_enough)

    def sample(self, rng: np.random.Generator) -> Motion:
        """Draws a motion: an excerpt of one clip, a combination of several, or procedural poses."""
        motion = self.sample_excerpt(rng)
        if rng.random() < PROCEDURAL_FRACTION:
            motion = generate_motion(motion, self._frame_count, self._fps, rng)
        rotations, contacts = motion.rotations.copy(), motion.contacts
        for borrowed_joints in _sample_borrowed_joints(rng):
            rotations[:, borrowed_joints] = self.sample_excerpt(rng).rotations[:, borrowed_joints]
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

    def sample_excerpt(self, rng: np.random.Generator) -> Motion:
        """Draws a time-warped excerpt of motion capture."""
        motion = self._motions[int(rng.choice(len(self._motions), p=self._probabilities))]
        seconds = (len(motion.rotations) - 1) / float(motion.fps)
        speed = min(rng.uniform(*TIME_WARP), seconds * float(self._fps) / self._frame_count)
        rate = (self._fps / Fraction(speed)).limit_denominator(MAX_RATE_DENOMINATOR)
        needed = ceil((self._frame_count + 1) * motion.fps / rate) + 1
        start = int(rng.integers(max(len(motion.rotations) - needed, 0) + 1))
        excerpt = slice_motion(
            resample_motion(slice_motion(motion, slice(start, start + needed)), rate), slice(0, self._frame_count)
        )
        frames = np.minimum(np.arange(self._frame_count), len(excerpt.rotations) - 1)
        return replace(slice_motion(excerpt, frames), fps=self._fps)


def compute_probabilities(recordings: Sequence[Recording]) -> FloatArray:
    """Returns the probabilities (N,) with which recordings are drawn.

    They grow with the square root of the duration. A source has at most MAX_SOURCE_FRACTION of the total, or an equal
    share if there are few sources.
    """
    weights = np.sqrt([recording.seconds for recording in recordings])
    sources = np.array([recording.source for recording in recordings])
    names = np.unique(sources)
    limit = max(MAX_SOURCE_FRACTION, 1 / max(len(names), 1))
    shares = {name: weights[sources == name].sum() / weights.sum() for name in names}
    limited: set[str] = set()
    while over := {name for name in names if name not in limited and shares[name] > limit + 1e-9}:
        limited |= over
        rest = sum(share for name, share in shares.items() if name not in limited)
        scale = (1 - limit * len(limited)) / rest if rest else 0.0
        shares = {name: limit if name in limited else share * scale for name, share in shares.items()}
    for name in names:
        weights[sources == name] *= shares[name] / weights[sources == name].sum()
    return np.asarray(weights / weights.sum())


def _sample_borrowed_joints(rng: np.random.Generator) -> list[list[int]]:
    """Draws the lists of joints that are taken from other clips, one clip per list."""
    chance = rng.random()
    if chance < LIMBWISE_FRACTION:
        return LIMB_JOINTS
    if chance < LIMBWISE_FRACTION + RECOMBINED_FRACTION:
        return [ARM_JOINTS if rng.random() < 0.5 else [*ARM_JOINTS, *TRUNK_JOINTS]]
    return []
