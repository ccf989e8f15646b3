"""Procedural motions: random poses within joint limits -> `Motion`, for poses that motion capture lacks."""

from fractions import Fraction

import numpy as np

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import rotation
from bodydouble.motion.resampling.motion import interpolate_motion, slice_motion
from bodydouble.skeletons import humanoid

KEY_INTERVAL = (0.25, 1.2)
"""Range of the time in s from one pose to the next."""
HIP_LIMITS = ((-0.5, 2.2), (-0.3, 0.9), (-0.4, 0.4))
"""Limits in rad of flexion, abduction and inward twist of the hip."""
KNEE_LIMITS = (0.0, 2.4)
"""Limits in rad of the flexion of the knee."""
ANKLE_LIMITS = ((-0.6, 0.4), (-0.2, 0.2))
"""Limits in rad of the ankle, upward and sideways."""
TRUNK_LIMITS = ((-0.5, 1.2), (-0.5, 0.5), (-0.6, 0.6))
"""Limits in rad of forward bend, sideways bend and twist of the spine, divided among its three joints."""
HEAD_LIMITS = ((-0.5, 0.6), (-0.3, 0.3), (-0.9, 0.9))
"""Limits in rad of forward bend, sideways bend and twist of neck and head together."""
SHOULDER_LIMITS = ((-0.9, 2.0), (-1.4, 1.5), (-0.8, 0.8))
"""Limits in rad of the upper arm: forward about the vertical, upward, twist about its axis."""
ELBOW_LIMITS = (0.0, 2.4)
"""Limits in rad of the flexion of the elbow."""
WRIST_SIGMA = 0.3
"""Standard deviation in rad of the rotation vector of the hand."""
STRAIGHT_LIMB_EXPONENT = 2.0
"""Power to which the fraction of the flexion of knees and elbows is raised: straight limbs are more frequent."""


def generate_motion(template: Motion, frame_count: int, fps: Fraction, rng: np.random.Generator) -> Motion:
    """Generates a motion from pose to pose, with fixed hips and without contacts.

    Args:
        template: motion whose first frame gives skeleton and position of the hips.
        frame_count: number of frames.
        fps: frame rate.
        rng: source of the poses.
    """
    times = [0.0]
    while times[-1] < frame_count - 1:
        times.append(times[-1] + rng.uniform(*KEY_INTERVAL) * float(fps))
    keys = np.round(times).astype(int)
    poses = rotation.make_continuous(_sample_poses(len(keys), rng))
    resting = slice_motion(template, np.zeros(keys[-1] + 1, dtype=int))
    rotations = np.repeat(resting.rotations[:1], keys[-1] + 1, axis=0)
    rotations[keys] = poses
    keyed = Motion(resting.skeleton, fps, rotations, resting.root_position, resting.contacts * 0, resting.joint_sigma)
    return interpolate_motion(keyed, keys, _ease_in_out(np.arange(float(frame_count)), keys))


def _ease_in_out(times: FloatArray, keys: FloatArray) -> FloatArray:
    """Warps times in frames so that the motion slows down at each key."""
    before = np.clip(np.searchsorted(keys, times, side="right") - 1, 0, len(keys) - 2)
    span = keys[before + 1] - keys[before]
    fraction = (times - keys[before]) / span
    return keys[before] + span * fraction**2 * (3 - 2 * fraction)


def _sample_poses(count: int, rng: np.random.Generator) -> FloatArray:
    """Draws local rotations (K, 22, 4), xyzw."""
    vectors = np.zeros((count, len(humanoid.JOINTS), 3))
    forward, sideways, twist = (rng.uniform(*limits, count) for limits in TRUNK_LIMITS)
    for joint in ("spine", "chest", "upperChest"):
        vectors[:, humanoid.INDEX[joint]] = np.stack([forward, twist, sideways], axis=-1) / 3
    forward, sideways, twist = (rng.uniform(*limits, count) for limits in HEAD_LIMITS)
    for joint in ("neck", "head"):
        vectors[:, humanoid.INDEX[joint]] = np.stack([forward, twist, sideways], axis=-1) / 2
    rotations = rotation.from_rotvec(vectors)
    for side in ("left", "right"):
        for joint, left_rotations in _sample_limbs(count, rng).items():
            side_rotations = left_rotations if side == "left" else left_rotations * [1.0, -1.0, -1.0, 1.0]
            rotations[:, humanoid.INDEX[side + joint]] = side_rotations
    return rotations


def _sample_limbs(count: int, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Draws rotations (K, 4) of the joints of a left arm and a left leg."""
    hip = [rng.uniform(*limits, count) for limits in HIP_LIMITS]
    # Standing people have straight legs: a fraction of the poses stays near that.
    knee_bend = rng.random(count) ** STRAIGHT_LIMB_EXPONENT
    knee = KNEE_LIMITS[0] + (KNEE_LIMITS[1] - KNEE_LIMITS[0]) * knee_bend
    arm = [rng.uniform(*limits, count) for limits in SHOULDER_LIMITS]
    elbow = ELBOW_LIMITS[0] + (ELBOW_LIMITS[1] - ELBOW_LIMITS[0]) * rng.random(count) ** STRAIGHT_LIMB_EXPONENT
    ankle = [rng.uniform(*limits, count) for limits in ANKLE_LIMITS]
    return {
        "UpperLeg": _compose_rotations((-hip[0], "x"), (hip[1], "z"), (hip[2], "y")),
        "LowerLeg": _compose_rotations((knee, "x")),
        "Foot": _compose_rotations((-ankle[0], "x"), (ankle[1], "z")),
        "UpperArm": _compose_rotations((-arm[0], "y"), (arm[1], "z"), (arm[2], "x")),
        "LowerArm": _compose_rotations((-elbow, "y")),
        "Hand": rotation.from_rotvec(rng.normal(0, WRIST_SIGMA, (count, 3))),
    }


def _compose_rotations(*axis_angles: tuple[FloatArray, str]) -> FloatArray:
    """Composes rotations (K, 4) about named axes; the first is the outermost."""
    product = rotation.from_rotvec(np.zeros((len(axis_angles[0][0]), 3)))
    for angles, axis in axis_angles:
        vectors = np.zeros((len(angles), 3))
        vectors[:, "xyz".index(axis)] = angles
        product = rotation.multiply(product, rotation.from_rotvec(vectors))
    return product
