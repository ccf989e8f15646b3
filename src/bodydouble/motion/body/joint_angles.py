"""Joint angles of a ``Motion`` as the coordinates of OpenSim's full-body models.

OpenSim's axes are X forward, Y up, Z to the right. A coordinate is an angle of the intrinsic sequence Z, X, Y of a
joint, with the anatomical signs of the model: flexion, adduction and internal rotation are positive on both sides. The
zero pose is the anatomical one: upright, arms hanging, palms forward.

Source: Rajagopal et al., Full-Body Musculoskeletal Model for Muscle-Driven Simulation of Human Gait (2016),
https://simtk.org/projects/full_body
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from bodydouble.data import FloatArray, Motion
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import kinematics, rotation

OPENSIM_FROM_WORLD = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
"""OpenSim's axes (forward, up, right) from those of the world (left, up, forward)."""
PRONATION_AT_REST_DEG = 90.0
"""Pronation of the T-pose: its palms point down, so those of a hanging arm point to the thighs."""
SIDES = (("left", "l", -1.0), ("right", "r", 1.0))
"""Side, suffix of OpenSim and sign of the rotations about X and Y, which are mirrored on the left."""


@dataclass(frozen=True, slots=True)
class JointAngles:
    """Coordinates of an OpenSim model over time."""

    names: tuple[str, ...]
    """Names of N coordinates."""
    values: FloatArray
    """(T, N) degrees, without jumps of 360; the translations of the pelvis in m."""


def compute_joint_angles(motion: Motion) -> JointAngles:
    """Computes the joint angles of a motion of the humanoid joints.

    Raises:
        InvalidDataError: the skeleton lacks a humanoid joint.
    """
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)
    relative = _RelativeRotations(motion, world)
    columns = dict(_trunk_coordinates(motion, relative))
    for side, suffix, sign in SIDES:
        columns |= _leg_coordinates(relative, side, suffix, sign)
        columns |= _arm_coordinates(relative, side, suffix, sign)
    return JointAngles(tuple(columns), np.stack(list(columns.values()), axis=1))


class _RelativeRotations:
    """Rotations between the joints of a motion, in OpenSim's axes."""

    def __init__(self, motion: Motion, world: FloatArray) -> None:
        self._world = world
        self._names = motion.skeleton.joint_names

    def world(self, joint: str) -> FloatArray:
        """Returns the world rotations (T, 4) of a joint."""
        if joint not in self._names:
            raise InvalidDataError(f"joint angles: the skeleton has no {joint}")
        return self._world[:, self._names.index(joint)]

    def angles(self, parent: str | None, child: str, reference: FloatArray = rotation.IDENTITY) -> FloatArray:
        """Returns the angles (T, 3) about Z, X and Y in degrees of a child relative to its parent.

        Both are relative to a reference pose (4,) in which the angles are zero.
        """
        child_world = self.world(child)
        local = (
            child_world if parent is None else rotation.multiply(rotation.conjugate(self.world(parent)), child_world)
        )
        return _to_angles(rotation.multiply(rotation.multiply(reference, local), rotation.conjugate(reference)))

    def shoulder_angles(self, side: str) -> FloatArray:
        """Returns the angles (T, 3) of an upper arm relative to the trunk, zero where it hangs."""
        local = rotation.multiply(rotation.conjugate(self.world("upperChest")), self.world(side + "UpperArm"))
        return _to_angles(rotation.multiply(local, rotation.conjugate(hanging_arm(side))))


def hanging_arm(side: str) -> FloatArray:
    """Returns the rotation (4,) from the T-pose to the hanging arm of a side."""
    return rotation.from_rotvec(np.array([0.0, 0.0, np.pi / 2 * (1.0 if side == "right" else -1.0)]))


def _to_angles(rotations: FloatArray) -> FloatArray:
    """Returns the intrinsic angles (T, 3) about Z, X and Y of OpenSim's axes, degrees, unwrapped over time."""
    matrices = OPENSIM_FROM_WORLD @ rotation.to_matrix(rotations) @ OPENSIM_FROM_WORLD.T
    euler = Rotation.from_matrix(matrices).as_euler("ZXY")
    return np.degrees(np.unwrap(euler, axis=0))


def _trunk_coordinates(motion: Motion, relative: _RelativeRotations) -> Iterator[tuple[str, FloatArray]]:
    yield from zip(("pelvis_tilt", "pelvis_list", "pelvis_rotation"), relative.angles(None, "hips").T, strict=True)
    position = motion.root_position @ OPENSIM_FROM_WORLD.T
    yield from zip(("pelvis_tx", "pelvis_ty", "pelvis_tz"), position.T, strict=True)
    for part, parent, child in (("lumbar", "hips", "upperChest"), ("neck", "upperChest", "head")):
        names = (f"{part}_extension", f"{part}_bending", f"{part}_rotation")
        yield from zip(names, relative.angles(parent, child).T, strict=True)


def _leg_coordinates(relative: _RelativeRotations, side: str, suffix: str, sign: float) -> dict[str, FloatArray]:
    hip = relative.angles("hips", side + "UpperLeg")
    knee = relative.angles(side + "UpperLeg", side + "LowerLeg")
    ankle = relative.angles(side + "LowerLeg", side + "Foot")
    return {
        f"hip_flexion_{suffix}": hip[:, 0],
        f"hip_adduction_{suffix}": sign * hip[:, 1],
        f"hip_rotation_{suffix}": sign * hip[:, 2],
        f"knee_angle_{suffix}": -knee[:, 0],
        f"ankle_angle_{suffix}": ankle[:, 0],
        f"subtalar_angle_{suffix}": sign * ankle[:, 1],
        f"mtp_angle_{suffix}": relative.angles(side + "Foot", side + "Toes")[:, 0],
    }


def _arm_coordinates(relative: _RelativeRotations, side: str, suffix: str, sign: float) -> dict[str, FloatArray]:
    shoulder = relative.shoulder_angles(side)
    reference = hanging_arm(side)
    elbow = relative.angles(side + "UpperArm", side + "LowerArm", reference)
    wrist = relative.angles(side + "LowerArm", side + "Hand", reference)
    return {
        f"arm_flex_{suffix}": shoulder[:, 0],
        f"arm_add_{suffix}": sign * shoulder[:, 1],
        f"arm_rot_{suffix}": sign * shoulder[:, 2],
        f"elbow_flex_{suffix}": elbow[:, 0],
        f"pro_sup_{suffix}": PRONATION_AT_REST_DEG + sign * elbow[:, 2],
        f"wrist_flex_{suffix}": sign * wrist[:, 1],
        f"wrist_dev_{suffix}": wrist[:, 0],
    }
