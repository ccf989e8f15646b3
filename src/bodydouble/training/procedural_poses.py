"""Invented motions: random poses within the limits of the joints, for what motion capture lacks."""

from fractions import Fraction

import numpy as np

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import rotation
from bodydouble.motion.resampling.motion import interpolated, rows
from bodydouble.skeletons import humanoid

HOLD = (0.25, 1.2)
"""s from one pose to the next."""
HIP = ((-0.5, 2.2), (-0.3, 0.9), (-0.4, 0.4))
"""rad forward, outward, inward twist."""
KNEE = (0.0, 2.4)
ANKLE = ((-0.6, 0.4), (-0.2, 0.2))
"""rad up, sideways."""
TRUNK = ((-0.5, 1.2), (-0.5, 0.5), (-0.6, 0.6))
"""rad forward, sideways and twist of the whole spine, which its three joints share."""
HEAD = ((-0.5, 0.6), (-0.3, 0.3), (-0.9, 0.9))
"""Likewise of neck and head."""
SHOULDER = ((-0.9, 2.0), (-1.4, 1.5), (-0.8, 0.8))
"""rad: the arm forward about the vertical, upward, twist about itself."""
ELBOW = (0.0, 2.4)
WRIST_SIGMA = 0.3
FAVOURED = 2.0
"""Knees and elbows are straight more often than bent: shares are raised to this power."""


def invented(skeleton_of: Motion, frames: int, fps: Fraction, rng: np.random.Generator) -> Motion:
    """Somebody who goes from pose to pose, hips in place.

    Args:
        skeleton_of: whose body and height of the hips.
        frames: how many.
        fps: of the motion.
        rng: decides the poses.
    """
    times = [0.0]
    while times[-1] < frames - 1:
        times.append(times[-1] + rng.uniform(*HOLD) * float(fps))
    keys = np.round(times).astype(int)
    poses = rotation.continuous(_poses(len(keys), rng))
    still = rows(skeleton_of, np.zeros(keys[-1] + 1, dtype=int))
    rotations = np.repeat(still.rotations[:1], keys[-1] + 1, axis=0)
    rotations[keys] = poses
    keyed = Motion(still.skeleton, fps, rotations, still.root_position, still.contacts * 0, still.joint_sigma)
    return interpolated(keyed, keys, _eased(np.arange(float(frames)), keys))


def _eased(times: FloatArray, keys: FloatArray) -> FloatArray:
    """Times in frames at which the motion slows down at each key."""
    before = np.clip(np.searchsorted(keys, times, side="right") - 1, 0, len(keys) - 2)
    span = keys[before + 1] - keys[before]
    share = (times - keys[before]) / span
    return keys[before] + span * share**2 * (3 - 2 * share)


def _poses(count: int, rng: np.random.Generator) -> FloatArray:
    """(K, 22, 4) local rotations."""
    vectors = np.zeros((count, len(humanoid.JOINTS), 3))
    forward, sideways, twist = (rng.uniform(*limits, count) for limits in TRUNK)
    for joint in ("spine", "chest", "upperChest"):
        vectors[:, humanoid.INDEX[joint]] = np.stack([forward, twist, sideways], axis=-1) / 3
    forward, sideways, twist = (rng.uniform(*limits, count) for limits in HEAD)
    for joint in ("neck", "head"):
        vectors[:, humanoid.INDEX[joint]] = np.stack([forward, twist, sideways], axis=-1) / 2
    rotations = rotation.from_rotvec(vectors)
    for side in ("left", "right"):
        for joint, turns in _limbs(count, rng).items():
            own = turns if side == "left" else turns * [1.0, -1.0, -1.0, 1.0]
            rotations[:, humanoid.INDEX[side + joint]] = own
    return rotations


def _limbs(count: int, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Rotations (K, 4) of the joints of a left arm and a left leg."""
    hip = [rng.uniform(*limits, count) for limits in HIP]
    # Whoever stands has straight legs: a share of the poses stays near it.
    ease = rng.random(count) ** FAVOURED
    knee = KNEE[0] + (KNEE[1] - KNEE[0]) * ease
    arm = [rng.uniform(*limits, count) for limits in SHOULDER]
    elbow = ELBOW[0] + (ELBOW[1] - ELBOW[0]) * rng.random(count) ** FAVOURED
    ankle = [rng.uniform(*limits, count) for limits in ANKLE]
    return {
        "UpperLeg": _chain((-hip[0], "x"), (hip[1], "z"), (hip[2], "y")),
        "LowerLeg": _chain((knee, "x")),
        "Foot": _chain((-ankle[0], "x"), (ankle[1], "z")),
        "UpperArm": _chain((-arm[0], "y"), (arm[1], "z"), (arm[2], "x")),
        "LowerArm": _chain((-elbow, "y")),
        "Hand": rotation.from_rotvec(rng.normal(0, WRIST_SIGMA, (count, 3))),
    }


def _chain(*turns: tuple[FloatArray, str]) -> FloatArray:
    """Rotations (K, 4): the first turn is the outermost."""
    made = rotation.from_rotvec(np.zeros((len(turns[0][0]), 3)))
    for angles, axis in turns:
        vectors = np.zeros((len(angles), 3))
        vectors[:, "xyz".index(axis)] = angles
        made = rotation.multiply(made, rotation.from_rotvec(vectors))
    return made
