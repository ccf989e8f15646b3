"""The mapped joints of a rig at rest and in motion, made to stand: what ``normalize`` starts from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from bodydouble.data import FloatArray, Motion
from bodydouble.errors import FormatError
from bodydouble.geometry import kinematics, rotation

UPRIGHT_COSINE = 0.8
UP = np.array([0.0, 1.0, 0.0])

Bones = dict[str, FloatArray]
"""Humanoid bone -> positions (..., 3) or rotations (..., 4)."""


@dataclass(frozen=True, slots=True)
class RigPose:
    """Where the mapped joints of a rig are and how they are turned, in the world."""

    place: Bones
    """(T, 3) of each bone."""
    turn: Bones
    """(T, 4) of each bone."""
    rest_place: Bones
    """(3,) of each bone."""
    rest_turn: Bones
    """(4,) of each bone."""

    def with_rest_rotated(self, turn: FloatArray) -> Self:
        """The rig at rest turned about the origin, the motion unchanged."""
        places = {bone: rotation.rotate(turn, p) for bone, p in self.rest_place.items()}
        turns = {bone: rotation.multiply(turn, q) for bone, q in self.rest_turn.items()}
        return replace(self, rest_place=places, rest_turn=turns)

    def with_motion_rotated(self, turn: FloatArray) -> Self:
        """The motion turned about the origin, the rest pose unchanged."""
        places = {bone: rotation.rotate(turn, p) for bone, p in self.place.items()}
        return replace(self, place=places, turn={bone: rotation.multiply(turn, q) for bone, q in self.turn.items()})

    def scaled(self, scale: float) -> Self:
        """The rig and its path, larger."""
        places = {bone: scale * p for bone, p in self.place.items()}
        return replace(self, place=places, rest_place={bone: scale * p for bone, p in self.rest_place.items()})

    def at_rest_in_first_frame(self) -> Self:
        """The rig with the first frame for its rest pose, the lowest joint on the floor."""
        lowest = min(float(p[0, 1]) for p in self.place.values()) * UP
        places = {bone: p[0] - lowest for bone, p in self.place.items()}
        return replace(self, rest_place=places, rest_turn={bone: q[0] for bone, q in self.turn.items()})


def rig_pose(motion: Motion, bones: Mapping[str, int], rest_rotations: FloatArray | None) -> RigPose:
    """The pose of a rig, standing along +Y and facing +Z at rest.

    A file whose rest pose and whose people stand along another axis is turned. A rest pose that does not stand is
    replaced by the first frame.

    Args:
        motion: T frames of J joints.
        bones: humanoid bone -> joint.
        rest_rotations: (J, 4) xyzw, world rotations of the rest pose; all identity if not given.

    Raises:
        FormatError: the rig stands neither at rest nor in the first frame.
    """
    pose = _turned_up(_posed(motion, bones, rest_rotations))
    if not _stands(pose.rest_place):
        pose = pose.at_rest_in_first_frame()
    if not _stands(pose.rest_place):
        raise FormatError("the rig stands neither at rest nor in its first frame; begin the motion with a T-pose")
    left = _left(pose.rest_place)
    return pose.with_rest_rotated(rotation.from_rotvec(np.arctan2(left[2], left[0]) * UP))


def _posed(motion: Motion, bones: Mapping[str, int], rest_rotations: FloatArray | None) -> RigPose:
    skeleton = motion.skeleton
    at_rest = np.tile(rotation.IDENTITY, (len(skeleton.parents), 1)) if rest_rotations is None else rest_rotations
    local = kinematics.local_rotations(skeleton.parents, at_rest)
    place, turn = kinematics.forward_kinematics(skeleton, motion.rotations, motion.root_position)
    rest_place, _ = kinematics.forward_kinematics(skeleton, local, skeleton.rest_offsets[0])
    return RigPose(
        place={bone: place[:, j] for bone, j in bones.items()},
        turn={bone: turn[:, j] for bone, j in bones.items()},
        rest_place={bone: rest_place[j] for bone, j in bones.items()},
        rest_turn={bone: at_rest[j] for bone, j in bones.items()},
    )


def _turned_up(pose: RigPose) -> RigPose:
    """The pose with its rest, and if that stands along the same axis the world too, turned to +Y."""
    at_rest = _nearest_axis(_height(pose.rest_place))
    moving = _nearest_axis(_height({bone: p.mean(axis=0) for bone, p in pose.place.items()}))
    turn = rotation.between(at_rest, UP)
    turned = pose.with_rest_rotated(turn)
    return turned.with_motion_rotated(turn) if np.array_equal(at_rest, moving) else turned


def _height(place: Bones) -> FloatArray:
    """(3,) from the knees to the head."""
    return place["head"] - (place["leftLowerLeg"] + place["rightLowerLeg"]) / 2


def _left(place: Bones) -> FloatArray:
    """(3,) from the right hip and shoulder to the left ones."""
    hips = place["leftUpperLeg"] - place["rightUpperLeg"]
    return hips + place["leftUpperArm"] - place["rightUpperArm"]


def _nearest_axis(direction: FloatArray) -> FloatArray:
    axis = np.zeros(3)
    largest = int(np.argmax(np.abs(direction)))
    axis[largest] = np.sign(direction[largest])
    return axis


def _stands(place: Bones) -> bool:
    """Whether head, hips and knees stand above each other, and left and right beside each other."""
    hips = (place["leftUpperLeg"] + place["rightUpperLeg"]) / 2
    thighs = [place[side + "UpperLeg"] - place[side + "LowerLeg"] for side in ("left", "right")]
    rises = rotation.normalize(np.stack([place["head"] - hips, *thighs]))[:, 1]
    slope = abs(float(rotation.normalize(_left(place))[1]))
    return bool(rises.min() > UPRIGHT_COSINE) and slope < 1 - UPRIGHT_COSINE
