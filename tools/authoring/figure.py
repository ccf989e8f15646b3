"""Figure: curves of a trunk, arms and feet -> ``Motion`` of the adult template, legs and arms by inverse kinematics.

Numbers of both sides are those of the left side; the right side is the mirror image. Angles are degrees.
"""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from bodydouble.data import FloatArray, Motion, Skeleton
from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.two_bone_ik import solve_two_bones
from bodydouble.skeletons import adult_template, humanoid

FPS = Fraction(30)
SKELETON = Skeleton(humanoid.JOINTS, humanoid.PARENTS, np.array(adult_template.REST_OFFSETS))
REST = dict(zip(humanoid.JOINTS, kinematics.rest_positions(SKELETON), strict=True))
MIRROR = {"left": np.array([1.0, 1.0, 1.0]), "right": np.array([-1.0, 1.0, 1.0])}
BALL = (REST["leftToes"] - REST["leftFoot"]) * [0.0, 1.0, 1.0] + [0.0, adult_template.ANKLE_HEIGHT, 0.0]
HEEL = np.array([0.0, 0.0, -0.055])
"""Points (3,) m about which a foot turns, relative to the point of the sole below the ankle."""
FREE_TOES = 0.5
"""Pitch of the toes of a lifted foot relative to that of the foot; resting toes stay flat."""
TOE_FRAMES = 1.5
"""Standard deviation in frames of the transition between resting and lifted toes."""
FLAT_DEG = 3.0
"""Maximum pitch in degrees of a foot whose heel and toes both rest."""
TRUNK = ("spine", "chest", "upperChest", "neck", "head")


@dataclass(frozen=True)
class Arm:
    """Curves (T,) of an arm."""

    down: FloatArray
    """Upper arm below the T-pose; 90 hangs, -90 points up."""
    swing: FloatArray
    """Upper arm forward."""
    twist: FloatArray
    """Upper arm about its own axis; positive raises a bent forearm."""
    elbow: FloatArray
    """Bend."""
    roll: FloatArray
    """Forearm about its own axis; positive turns the palm up."""
    wrist: FloatArray
    """Bend of the hand towards the palm."""
    raise_: FloatArray
    """Shoulder up."""
    reach: FloatArray
    """0 to 1: hand at its target."""
    target: FloatArray
    """(T, 3) m, of the wrist, relative to the upper chest and in its axes."""
    facing: FloatArray
    """(T, 3) rotation vector of the hand in the axes of the upper chest where it is at its target."""


@dataclass(frozen=True)
class Foot:
    """Curves (T,) of a foot."""

    position: FloatArray
    """(T, 3) m, world, of the point of the sole below the ankle while the foot is flat."""
    yaw: FloatArray
    pitch: FloatArray
    """Positive: heel up about the ball of the foot; negative: toes up about the heel."""
    is_resting: FloatArray
    """0 or 1."""


@dataclass(frozen=True)
class Figure:
    """All curves of T frames."""

    hips_position: FloatArray
    """(T, 3) m, world."""
    hips: FloatArray
    """(T, 3) pitch forward, turn to the left, lean to the right."""
    trunk: dict[str, FloatArray]
    """Joint -> (T, 3) likewise."""
    arms: dict[str, Arm]
    feet: dict[str, Foot]
    knees_out: FloatArray = field(default_factory=lambda: np.zeros(1))
    """(T,) or (1,) direction of the knees to the side."""


def build_motion(figure: Figure) -> Motion:
    """Solves the joints of a figure."""
    frames = len(figure.hips_position)
    rotations = np.tile(rotation.IDENTITY, (frames, len(humanoid.JOINTS), 1))
    rotations[:, 0] = euler(figure.hips)
    for joint in TRUNK:
        if joint in figure.trunk:
            rotations[:, humanoid.INDEX[joint]] = euler(figure.trunk[joint])
    for side, arm in figure.arms.items():
        _pose_arm(rotations, figure.hips_position, side, arm)
    contacts = np.zeros((frames, 4))
    for k, (side, foot) in enumerate(figure.feet.items()):
        _pose_leg(rotations, figure, side, foot)
        contacts[:, 2 * k] = foot.is_resting * (foot.pitch < FLAT_DEG)
        contacts[:, 2 * k + 1] = foot.is_resting * (foot.pitch > -FLAT_DEG)
    return Motion(
        SKELETON,
        FPS,
        rotation.make_continuous(rotation.normalize(rotations)),
        figure.hips_position,
        contacts,
        np.full((frames, len(humanoid.JOINTS)), np.nan),
    )


def euler(degrees: FloatArray, side: str = "left") -> FloatArray:
    """Returns the quaternions (T, 4) of angles (T, 3) about x, y and z, applied in the order z, x, y."""
    x, y, z = np.moveaxis(np.radians(degrees), -1, 0)
    sign = 1.0 if side == "left" else -1.0
    zero = np.zeros_like(x)
    about = [np.stack([zero, sign * y, zero], -1), np.stack([x, zero, zero], -1), np.stack([zero, zero, sign * z], -1)]
    qy, qx, qz = (rotation.from_rotvec(vector) for vector in about)
    return rotation.multiply(qy, rotation.multiply(qx, qz))


def _about(axis: int, degrees: FloatArray, side: str) -> FloatArray:
    vectors = np.zeros((len(degrees), 3))
    vectors[:, axis] = np.radians(degrees) * (1.0 if side == "left" or axis == 0 else -1.0)
    return rotation.from_rotvec(vectors)


def _pose_arm(rotations: FloatArray, hips_position: FloatArray, side: str, arm: Arm) -> None:
    index = [humanoid.INDEX[side + bone] for bone in ("Shoulder", "UpperArm", "LowerArm", "Hand")]
    shoulder, upper, lower, hand = index
    rotations[:, shoulder] = _about(2, arm.raise_, side)
    down = rotation.multiply(_about(2, -arm.down, side), _about(0, -arm.twist, side))
    rotations[:, upper] = rotation.multiply(_about(0, -arm.swing, side), down)
    rotations[:, lower] = rotation.multiply(_about(1, -arm.elbow, side), _about(0, arm.roll, side))
    rotations[:, hand] = _about(2, -arm.wrist, side)
    if not arm.reach.any():
        return
    positions, world = kinematics.forward_kinematics(SKELETON, rotations, hips_position)
    chest = humanoid.INDEX["upperChest"]
    goal = positions[:, chest] + rotation.rotate(world[:, chest], arm.target * MIRROR[side])
    weight = arm.reach[:, None]
    goal = (1 - weight) * positions[:, hand] + weight * goal
    pole = rotation.rotate(world[:, chest], np.array([0.6, -1.0, -0.4]) * MIRROR[side])
    turns = solve_two_bones(positions[:, upper], positions[:, lower], positions[:, hand], goal, pole)
    world[:, upper], world[:, lower] = (
        rotation.multiply(turn, world[:, joint]) for turn, joint in zip(turns, (upper, lower), strict=True)
    )
    axis = np.array([1.0, -1.0, -1.0]) if side == "right" else np.ones(3)
    facing = rotation.multiply(world[:, chest], rotation.from_rotvec(np.radians(arm.facing) * axis))
    world[:, hand] = rotation.multiply(world[:, lower], rotations[:, hand])
    difference = rotation.to_rotvec(rotation.multiply(facing, rotation.conjugate(world[:, hand])))
    # The forearm takes the part of the turn that is about its own axis.
    along = rotation.rotate(world[:, lower], np.array([1.0, 0.0, 0.0]))
    twist = np.sum(difference * along, axis=-1, keepdims=True) * along
    world[:, lower] = rotation.multiply(rotation.from_rotvec(0.7 * weight * twist), world[:, lower])
    world[:, hand] = rotation.multiply(rotation.from_rotvec(weight * difference), world[:, hand])
    local = kinematics.local_rotations(humanoid.PARENTS, world)
    rotations[:, index] = local[:, index]


def _pose_leg(rotations: FloatArray, figure: Figure, side: str, foot: Foot) -> None:
    index = [humanoid.INDEX[side + bone] for bone in ("UpperLeg", "LowerLeg", "Foot", "Toes")]
    upper, lower, ankle, toes = index
    turn = _about(1, foot.yaw, "left")
    tilt = rotation.multiply(turn, _about(0, foot.pitch, side))
    goal = _ankle_position(foot, turn, tilt)
    positions, world = kinematics.forward_kinematics(SKELETON, rotations, figure.hips_position)
    outward = np.stack([np.broadcast_to(figure.knees_out, foot.yaw.shape), 0 * foot.yaw, 1 + 0 * foot.yaw], axis=-1)
    pole = rotation.rotate(turn, outward * MIRROR[side])
    turns = solve_two_bones(positions[:, upper], positions[:, lower], positions[:, ankle], goal, pole)
    for joint, rotated in zip((upper, lower), turns, strict=True):
        world[:, joint] = rotation.multiply(rotated, world[:, joint])
    world[:, ankle] = tilt
    resting = maximum_filter1d(np.asarray(foot.is_resting, dtype=float), 2 * round(2 * TOE_FRAMES) + 1, mode="nearest")
    flat = gaussian_filter1d(resting, TOE_FRAMES, mode="nearest")
    toe_pitch = np.where(foot.pitch > 0, foot.pitch * FREE_TOES * (1 - flat), foot.pitch)
    world[:, toes] = rotation.multiply(turn, _about(0, toe_pitch, side))
    local = kinematics.local_rotations(humanoid.PARENTS, world)
    rotations[:, index] = local[:, index]


def _ankle_position(foot: Foot, turn: FloatArray, tilt: FloatArray) -> FloatArray:
    """Returns the position (T, 3) of the ankle of a foot that pivots on its ball or its heel."""
    pivot = np.where((foot.pitch > 0)[:, None], BALL, HEEL)
    ankle = np.array([0.0, adult_template.ANKLE_HEIGHT, 0.0]) - pivot
    return foot.position + rotation.rotate(turn, pivot) + rotation.rotate(tilt, ankle)
