"""World pose of the humanoid joints of a rig, at rest and in motion, rotated upright; the input of ``to_humanoid``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from bodydouble.characters.rest_pose import left_vector, nearest_axis
from bodydouble.data import FloatArray, Motion
from bodydouble.errors import FormatError
from bodydouble.geometry import kinematics, rotation

UPRIGHT_COSINE = 0.8
"""Minimum cosine between the vertical and the limbs of a rig that stands."""
UP = np.array([0.0, 1.0, 0.0])

Bones = dict[str, FloatArray]
"""Humanoid bone -> positions (..., 3) or rotations (..., 4)."""


@dataclass(frozen=True, slots=True)
class RigPose:
    """World positions and rotations of the humanoid joints of a rig, in T frames and at rest."""

    positions: Bones
    """(T, 3) of each bone."""
    rotations: Bones
    """(T, 4) of each bone."""
    rest_positions: Bones
    """(3,) of each bone."""
    rest_rotations: Bones
    """(4,) of each bone."""

    def rotate_rest(self, quaternion: FloatArray) -> Self:
        """Rotates the rest pose about the origin; the motion is unchanged."""
        positions = {bone: rotation.rotate(quaternion, p) for bone, p in self.rest_positions.items()}
        rotations = {bone: rotation.multiply(quaternion, q) for bone, q in self.rest_rotations.items()}
        return replace(self, rest_positions=positions, rest_rotations=rotations)

    def rotate_motion(self, quaternion: FloatArray) -> Self:
        """Rotates the motion about the origin; the rest pose is unchanged."""
        positions = {bone: rotation.rotate(quaternion, p) for bone, p in self.positions.items()}
        return replace(
            self,
            positions=positions,
            rotations={bone: rotation.multiply(quaternion, q) for bone, q in self.rotations.items()},
        )

    def scale(self, factor: float) -> Self:
        """Scales the rig and its path."""
        positions = {bone: factor * p for bone, p in self.positions.items()}
        return replace(
            self, positions=positions, rest_positions={bone: factor * p for bone, p in self.rest_positions.items()}
        )

    def with_first_frame_as_rest(self) -> Self:
        """Takes the first frame as the rest pose, with the lowest joint on the floor."""
        lowest = min(float(p[0, 1]) for p in self.positions.values()) * UP
        rest_positions = {bone: p[0] - lowest for bone, p in self.positions.items()}
        return replace(
            self, rest_positions=rest_positions, rest_rotations={bone: q[0] for bone, q in self.rotations.items()}
        )


def standing_rig_pose(motion: Motion, bones: Mapping[str, int], rest_rotations: FloatArray | None) -> RigPose:
    """Returns the pose of a rig that stands along +Y and faces +Z at rest.

    A file whose rest pose and motion both stand along another axis is rotated. A rest pose that does not stand is
    replaced by the first frame.

    Args:
        motion: T frames of J joints.
        bones: humanoid bone -> joint.
        rest_rotations: (J, 4) xyzw, world rotations of the rest pose; all identity if not given.

    Raises:
        FormatError: the rig stands neither at rest nor in the first frame.
    """
    pose = _rotate_upright(_rig_pose_from_motion(motion, bones, rest_rotations))
    if not _is_standing(pose.rest_positions):
        pose = pose.with_first_frame_as_rest()
    if not _is_standing(pose.rest_positions):
        raise FormatError("the rig stands neither at rest nor in its first frame; begin the motion with a T-pose")
    left = left_vector(pose.rest_positions)
    return pose.rotate_rest(rotation.from_rotvec(np.arctan2(left[2], left[0]) * UP))


def _rig_pose_from_motion(motion: Motion, bones: Mapping[str, int], rest_rotations: FloatArray | None) -> RigPose:
    skeleton = motion.skeleton
    at_rest = np.tile(rotation.IDENTITY, (len(skeleton.parents), 1)) if rest_rotations is None else rest_rotations
    local = kinematics.local_rotations(skeleton.parents, at_rest)
    positions, rotations = kinematics.forward_kinematics(skeleton, motion.rotations, motion.root_position)
    rest_positions, _ = kinematics.forward_kinematics(skeleton, local, skeleton.rest_offsets[0])
    return RigPose(
        positions={bone: positions[:, j] for bone, j in bones.items()},
        rotations={bone: rotations[:, j] for bone, j in bones.items()},
        rest_positions={bone: rest_positions[j] for bone, j in bones.items()},
        rest_rotations={bone: at_rest[j] for bone, j in bones.items()},
    )


def _rotate_upright(pose: RigPose) -> RigPose:
    """Rotates the rest pose to +Y, and with it the motion if it stands along the same axis."""
    at_rest = nearest_axis(_up_vector(pose.rest_positions))
    moving = nearest_axis(_up_vector({bone: p.mean(axis=0) for bone, p in pose.positions.items()}))
    up_rotation = rotation.between(at_rest, UP)
    rotated = pose.rotate_rest(up_rotation)
    return rotated.rotate_motion(up_rotation) if np.array_equal(at_rest, moving) else rotated


def _up_vector(positions: Bones) -> FloatArray:
    """Returns the vector (3,) from the knees to the head."""
    return positions["head"] - (positions["leftLowerLeg"] + positions["rightLowerLeg"]) / 2


def _is_standing(positions: Bones) -> bool:
    """Returns whether head, hips and knees are above each other, and left and right beside each other."""
    hips = (positions["leftUpperLeg"] + positions["rightUpperLeg"]) / 2
    thighs = [positions[side + "UpperLeg"] - positions[side + "LowerLeg"] for side in ("left", "right")]
    rises = rotation.normalize(np.stack([positions["head"] - hips, *thighs]))[:, 1]
    slope = abs(float(rotation.normalize(left_vector(positions))[1]))
    return bool(rises.min() > UPRIGHT_COSINE) and slope < 1 - UPRIGHT_COSINE
