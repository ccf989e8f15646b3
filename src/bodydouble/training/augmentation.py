"""What people do in training: stretches of motion capture, altered, mixed and turned over, and invented motions."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil

import numpy as np

from bodydouble.data import Motion
from bodydouble.geometry import rotation
from bodydouble.motion.resampling.motion import motion_at, rows
from bodydouble.skeletons import humanoid
from bodydouble.training.procedural_poses import invented

TIME_WARP = (0.6, 1.6)
"""Times as fast as it was."""
INVENTED = 0.12
"""Share of motions that are not from capture."""
RECOMBINED = 0.4
"""Share with the arms or the upper body of another clip ..."""
SCATTERED = 0.12
"""... and with every limb from another one."""
ARMS = [i for i, name in enumerate(humanoid.JOINTS) if any(part in name for part in ("Arm", "Hand", "Shoulder"))]
TRUNK = [humanoid.INDEX[name] for name in ("spine", "chest", "upperChest", "neck", "head")]
LEGS = [i for i, name in enumerate(humanoid.JOINTS) if any(part in name for part in ("Leg", "Foot"))]
SIDES = [[i for i, name in enumerate(humanoid.JOINTS) if name.startswith(side)] for side in ("left", "right")]
LIMBS = [sorted(set(limb) & set(side)) for limb in (ARMS, LEGS) for side in SIDES]
SWAY = ((ARMS, 0.2), (TRUNK, 0.06), (LEGS, 0.08))
"""rad, of a constant turn of each joint of these."""
TUMBLING = 0.22
"""Share turned away from the upright: capture has few who lie, fall, roll or stand on their hands."""
TUMBLED = 1.6
"""rad, standard deviation of the turn in the course of such a motion."""
DECIMALS = 16
"""Rates are fractions with denominators up to this."""


class Repertoire:
    """Draws motions.

    Args:
        motions: capture, of the 22 humanoid joints.
        frames: of every motion that is drawn.
        fps: likewise.
    """

    def __init__(self, motions: Sequence[Motion], frames: int, fps: Fraction) -> None:
        self._frames, self._fps = frames, fps
        seconds = np.array([len(motion.rotations) / float(motion.fps) for motion in motions])
        long = [i for i in range(len(motions)) if seconds[i] * fps >= frames]
        self._motions = [motions[i] for i in long]
        self._shares = np.sqrt(seconds[long]) / np.sqrt(seconds[long]).sum()

    def draw(self, rng: np.random.Generator) -> Motion:
        """Somebody who does a bit of one clip, or of several, or something invented."""
        motion = self._stretch(rng)
        if rng.random() < INVENTED:
            motion = invented(motion, self._frames, self._fps, rng)
        rotations, contacts = motion.rotations.copy(), motion.contacts
        for part in _borrowed(rng):
            rotations[:, part] = self._stretch(rng).rotations[:, part]
        for joints, sigma in SWAY:
            sway = rotation.from_rotvec(rng.normal(0, sigma, (len(joints), 3)))
            rotations[:, joints] = rotation.multiply(rotations[:, joints], sway)
        if rng.random() < TUMBLING:
            start = rng.uniform(-np.pi, np.pi)
            angles = np.linspace(start, start + rng.normal(0, TUMBLED), self._frames)[:, None]
            heading = rng.uniform(-np.pi, np.pi)
            axis = np.array([np.sin(heading), 0.0, np.cos(heading)])
            rotations[:, 0] = rotation.multiply(rotation.from_rotvec(angles * axis), rotations[:, 0])
            contacts = np.zeros_like(contacts)
        return replace(motion, rotations=rotation.continuous(rotations), contacts=contacts)

    def _stretch(self, rng: np.random.Generator) -> Motion:
        """A stretch of motion capture, faster or slower than it was."""
        motion = self._motions[int(rng.choice(len(self._motions), p=self._shares))]
        seconds = (len(motion.rotations) - 1) / float(motion.fps)
        speed = min(rng.uniform(*TIME_WARP), seconds * float(self._fps) / self._frames)
        rate = (self._fps / Fraction(speed)).limit_denominator(DECIMALS)
        needed = ceil((self._frames + 1) * motion.fps / rate) + 1
        start = int(rng.integers(max(len(motion.rotations) - needed, 0) + 1))
        found = rows(motion_at(rows(motion, slice(start, start + needed)), rate), slice(0, self._frames))
        short = np.minimum(np.arange(self._frames), len(found.rotations) - 1)
        return replace(rows(found, short), fps=self._fps)


def _borrowed(rng: np.random.Generator) -> list[list[int]]:
    """Joints that come from other clips, each list from one."""
    chance = rng.random()
    if chance < SCATTERED:
        return LIMBS
    if chance < SCATTERED + RECOMBINED:
        return [ARMS if rng.random() < 0.5 else [*ARMS, *TRUNK]]
    return []
