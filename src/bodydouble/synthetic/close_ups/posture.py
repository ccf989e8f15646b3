"""Upper-body motion: random generator -> `Motion` of a standing person who holds the hands up and moves them.

Each arm holds a pose for a while and moves to the next one. Poses are drawn by the directions of upper arm, forearm and
palm in the axes of the chest, and kept if both hands stay clear of each other, of the head and of the trunk.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Motion, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.floor.contacts import SOLE_LANDMARKS
from bodydouble.motion.hands.hand_model import mirror_rotations, mirror_vectors
from bodydouble.motion.hands.wrist import join_hand
from bodydouble.skeletons import humanoid

SIDES = ("left", "right")
HOLD_TIME, MOVE_TIME = (0.5, 1.2), (0.35, 0.7)
"""Ranges in s of the time for which an arm is held still, and of the time of a movement."""
ELBOW_BEND_DEG = (35.0, 140.0)
"""Range of the bend of the elbow in degrees."""
MIN_HAND_DISTANCE, MIN_HEAD_DISTANCE, MIN_TRUNK_DISTANCE = 0.20, 0.22, 0.16
"""Minimum distances in m between the middles of both hands, of a hand from the head, and of a hand in front of the
chest."""
PALM_LENGTH = 0.09
"""Distance in m from the wrist to the middle of a hand."""
POSE_ATTEMPTS = 200
"""Number of attempts to draw a pose; the last one counts if none keeps the distances."""
SWAY_DEG = {"spine": 2.0, "chest": 2.0, "neck": 3.0, "head": 5.0}
"""Amplitude in degrees by which joints of trunk and head sway."""
HEAD_TURN_DEG, NECK_SHARE = (14.0, 35.0, 10.0), 0.4
"""Maximum turn in degrees of the head about +X, +Y and +Z, and the share that the neck has in it."""
ARM_JOINTS = tuple(
    tuple(humanoid.INDEX[f"{side}{bone}"] for bone in ("UpperArm", "LowerArm", "Hand")) for side in SIDES
)
STANCE_DEG = {"leftUpperLeg": 4.0, "rightUpperLeg": -4.0, "leftFoot": -4.0, "rightFoot": 4.0}
"""Rotation about +Z of a person who stands with the feet apart."""


def stand(skeleton: Skeleton, fps: Fraction, frame_count: int, rng: np.random.Generator) -> Motion:
    """Draws the motion of a person who stands with hanging arms, trunk and head swaying a little."""
    rotations = np.tile(rotation.IDENTITY, (frame_count, len(skeleton.joint_names), 1))
    for joint, angle in (STANCE_DEG | {"leftUpperArm": -72.0, "rightUpperArm": 72.0}).items():
        rotations[:, skeleton.index(joint)] = rotation.from_rotvec(np.radians([0.0, 0.0, angle]))
    seconds = np.arange(frame_count) / float(fps)
    for joint, amplitude in SWAY_DEG.items():
        waves = [np.sin(2 * np.pi * (rng.uniform(0.1, 0.35) * seconds + rng.random())) for _ in range(3)]
        rotations[:, skeleton.index(joint)] = rotation.from_rotvec(np.radians(amplitude) * np.stack(waves, axis=1))
    hips = skeleton.rest_offsets[0] - [0.0, (1 - np.cos(np.radians(4.0))) * skeleton.rest_offsets[0, 1], 0.0]
    return Motion(
        skeleton,
        fps,
        rotations,
        np.tile(hips, (frame_count, 1)),
        np.zeros((frame_count, len(SOLE_LANDMARKS))),
        np.zeros((frame_count, len(skeleton.joint_names))),
    )


def turn_head(motion: Motion, rng: np.random.Generator) -> Motion:
    """Draws slow turns of the head, shared by the neck."""
    seconds = np.arange(len(motion.rotations)) / float(motion.fps)
    turns = np.zeros((len(seconds), 3))
    for axis, amplitude in enumerate(HEAD_TURN_DEG):
        for _ in range(2):
            frequency, phase = rng.uniform(0.08, 0.3), rng.random()
            turns[:, axis] += amplitude / 2 * np.sin(2 * np.pi * (frequency * seconds + phase))
    rotations = motion.rotations.copy()
    for joint, share in (("neck", NECK_SHARE), ("head", 1 - NECK_SHARE)):
        turn = rotation.from_rotvec(share * np.radians(turns))
        index = motion.skeleton.index(joint)
        rotations[:, index] = rotation.multiply(rotations[:, index], turn)
    return replace(motion, rotations=rotation.make_continuous(rotations))


def raise_hands(motion: Motion, rng: np.random.Generator) -> tuple[Motion, BoolArray]:
    """Draws movements of both arms in front of a standing person.

    Args:
        motion: T frames of the humanoid joints of a person who stands and faces +Z.
        rng: source of everything that is random.

    Returns:
        The motion, and where (T, 2) the left and the right arm are held still.
    """
    rotations, palms = motion.rotations.copy(), []
    is_held = np.ones((len(rotations), 2), dtype=np.bool_)
    for side, joints in enumerate(ARM_JOINTS):
        arm, is_held[:, side] = _move_arm(motion, side, rng)
        rotations[:, joints[:2]] = arm[:, :2]
        palms.append(arm[:, 2])
    moved = replace(motion, rotations=rotation.make_continuous(rotations))
    chest = kinematics.world_rotations(motion.skeleton.parents, rotations)[:, humanoid.INDEX["upperChest"]]
    everywhere = np.ones(len(rotations), dtype=np.bool_)
    for name, palm in zip(SIDES, palms, strict=True):
        moved = join_hand(moved, name, rotation.multiply(chest, palm), everywhere)
    return moved, is_held


def _move_arm(motion: Motion, side: int, rng: np.random.Generator) -> tuple[FloatArray, BoolArray]:
    """Draws local rotations of upper arm and forearm, those of the palm in the chest (T, 3, 4), and holds (T,)."""
    seconds = np.arange(len(motion.rotations)) / float(motion.fps)
    pose = _sample_pose(motion.skeleton, side, rng)
    arm = np.tile(pose, (len(seconds), 1, 1))
    is_held = np.ones(len(seconds), dtype=np.bool_)
    start = rng.uniform(*HOLD_TIME)
    while start < seconds[-1]:
        target, duration = _sample_pose(motion.skeleton, side, rng), rng.uniform(*MOVE_TIME)
        progress = np.clip((seconds - start) / duration, 0.0, 1.0)
        eased = progress**3 * (10 - 15 * progress + 6 * progress**2)
        step = rotation.to_rotvec(rotation.multiply(rotation.conjugate(pose), target))
        after = seconds > start
        arm[after] = rotation.multiply(pose, rotation.from_rotvec(eased[after, None, None] * step))
        is_held &= (seconds <= start) | (seconds >= start + duration)
        pose, start = target, start + duration + rng.uniform(*HOLD_TIME)
    return arm, is_held


def _sample_pose(skeleton: Skeleton, side: int, rng: np.random.Generator) -> FloatArray:
    """Draws the local rotations of upper arm and forearm, and that of the palm in the chest (3, 4)."""
    pose: FloatArray = np.empty((3, 4))
    for _ in range(POSE_ATTEMPTS):
        pose, bend = _draw_left_pose(rng)
        if side == 1:
            pose = mirror_rotations(pose)
        if ELBOW_BEND_DEG[0] < np.degrees(bend) < ELBOW_BEND_DEG[1] and _is_clear(skeleton, side, pose):
            break
    return pose


def _draw_left_pose(rng: np.random.Generator) -> tuple[FloatArray, float]:
    """Draws a pose (3, 4) of the left arm, and the bend of its elbow in rad."""
    upper = rotation.normalize(rng.normal([0.3, -1.0, 0.3], [0.3, 0.2, 0.35]))
    lower = rotation.normalize(np.array([rng.normal(-0.05, 0.45), rng.uniform(-0.15, 1.0), rng.uniform(0.35, 1.0)]))
    facing = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.2], [0.0, -1.0, 0.2]])[rng.choice(3, p=[0.45, 0.35, 0.2])]
    palm_normal = rotation.normalize(facing + rng.normal(0.0, 0.3, 3))
    along = rotation.normalize(lower + rng.normal(0.0, 0.25, 3))
    hinge = rotation.normalize(np.cross(upper, lower))
    # At rest the arm is along +X, and the elbow bends about -Y.
    upper_rotation = rotation.from_matrix(rotation.from_axes(upper, -hinge))
    bend = float(np.arccos(np.clip(upper @ lower, -1.0, 1.0)))
    lower_rotation = rotation.from_rotvec(np.array([0.0, -bend, 0.0]))
    palm = rotation.from_matrix(rotation.from_axes(along, -palm_normal))
    return np.stack([upper_rotation, lower_rotation, palm]), bend


def _is_clear(skeleton: Skeleton, side: int, pose: FloatArray) -> bool:
    """Returns whether the hand of a pose is clear of the other side, of the head and of the trunk."""
    upper, lower, hand = ARM_JOINTS[side]
    offsets = skeleton.rest_offsets
    shoulder = _rest_position(skeleton, upper)
    elbow = shoulder + rotation.rotate(pose[0], offsets[lower])
    forearm = rotation.multiply(pose[0], pose[1])
    wrist = elbow + rotation.rotate(forearm, offsets[hand])
    along = mirror_vectors(np.array([PALM_LENGTH, 0.0, 0.0])) if side == 1 else np.array([PALM_LENGTH, 0.0, 0.0])
    middle = wrist + rotation.rotate(pose[2], along)
    head = _rest_position(skeleton, humanoid.INDEX["head"]) + np.array([0.0, 0.06, 0.06])
    outward = middle[0] if side == 0 else -middle[0]
    return bool(
        outward > MIN_HAND_DISTANCE / 2
        and np.linalg.norm(middle - head) > MIN_HEAD_DISTANCE
        and min(middle[2], wrist[2]) - shoulder[2] > MIN_TRUNK_DISTANCE
    )


def _rest_position(skeleton: Skeleton, joint: int) -> FloatArray:
    position = np.zeros(3)
    while joint >= 0:
        position, joint = position + skeleton.rest_offsets[joint], skeleton.parents[joint]
    return position
