"""Model of a left hand: 21 landmarks on 15 finger bones with 21 revolute degrees of freedom, batched over frames.

The hand's frame is that of the T-pose with the palm down: +X from the wrist to the first joint of the middle finger,
+Y out of the back of the hand, +Z to the thumb. A right hand is the mirror image.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bodydouble.data import HAND_LANDMARK_COUNT, FloatArray
from bodydouble.geometry import rotation

FINGER_COUNT, BONES_PER_FINGER = 5, 3
THUMB_REST = np.array([np.sqrt(0.5), 0.0, np.sqrt(0.5)])
"""(3,) direction of the straight thumb at rest: that of VRM 1.0."""
_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True, slots=True)
class DegreeOfFreedom:
    """A revolute joint. Those of one bone turn it one after the other, the first about an axis of its parent."""

    name: str
    finger: int
    """0 (thumb) to 4 (little finger)."""
    bone: int
    """0 to 2, from the palm to the tip."""
    axis: FloatArray
    """(3,) unit vector, at rest."""
    limits_deg: tuple[float, float]
    relaxed_deg: float
    """Angle of a relaxed hand."""


_ACROSS_THUMB = np.cross(THUMB_REST, _Y)
_RELAXED_BEND_DEG = ((14.0, 22.0, 14.0), (19.0, 26.0, 16.0), (23.0, 28.0, 18.0), (27.0, 30.0, 20.0))
"""Bend of index, middle, ring and little finger of a relaxed hand."""
_FINGER_NAMES = ("index", "middle", "ring", "little")
DEGREES_OF_FREEDOM: tuple[DegreeOfFreedom, ...] = (
    DegreeOfFreedom("thumb flexion", 0, 0, _Y, (-45.0, 50.0), 8.0),
    DegreeOfFreedom("thumb opposition", 0, 0, -_ACROSS_THUMB, (-15.0, 75.0), 25.0),
    DegreeOfFreedom("thumb roll", 0, 0, THUMB_REST, (-60.0, 60.0), 0.0),
    DegreeOfFreedom("thumb bend 1", 0, 1, _Y, (-15.0, 65.0), 12.0),
    DegreeOfFreedom("thumb bend 2", 0, 2, _Y, (-20.0, 85.0), 14.0),
    *(
        dof
        for finger, (name, bends) in enumerate(zip(_FINGER_NAMES, _RELAXED_BEND_DEG, strict=True), start=1)
        for dof in (
            DegreeOfFreedom(f"{name} spread", finger, 0, _Y, (-22.0, 22.0), 0.0),
            DegreeOfFreedom(f"{name} bend 0", finger, 0, -_Z, (-30.0, 95.0), bends[0]),
            DegreeOfFreedom(f"{name} bend 1", finger, 1, -_Z, (-5.0, 115.0), bends[1]),
            DegreeOfFreedom(f"{name} bend 2", finger, 2, -_Z, (-10.0, 85.0), bends[2]),
        )
    ),
)
"""Degrees of freedom of the hand: three of the thumb's first joint, two of the other first joints, one of all others.

Source of the limits: the active ranges of motion of the American Academy of Orthopaedic Surgeons, widened where the
landmarks of straight fingers would lie outside.
"""
DOF_COUNT = len(DEGREES_OF_FREEDOM)
LIMITS = np.radians([dof.limits_deg for dof in DEGREES_OF_FREEDOM])
"""(21, 2) rad."""
RELAXED = np.radians([dof.relaxed_deg for dof in DEGREES_OF_FREEDOM])
"""(21,) rad, angles of a relaxed hand."""
FINGER_LANDMARKS = np.arange(1, HAND_LANDMARK_COUNT).reshape(FINGER_COUNT, BONES_PER_FINGER + 1)
"""(5, 4) landmarks of each finger, from the palm to the tip."""


@dataclass(frozen=True)
class HandShape:
    """Lengths of a left hand that do not change with its pose."""

    knuckles: FloatArray
    """(5, 3) m, first joint of each finger, relative to the wrist, in the hand's frame."""
    lengths: FloatArray
    """(5, 3) m, lengths of the bones of each finger, from the palm to the tip."""

    @cached_property
    def rest_directions(self) -> FloatArray:
        """(5, 3) directions of the straight fingers."""
        return np.stack([THUMB_REST, *[_X] * (FINGER_COUNT - 1)])

    @property
    def palm_length(self) -> float:
        """Distance from the wrist to the first joint of the middle finger, m."""
        return float(np.linalg.norm(self.knuckles[2]))

    def scale(self, factor: float) -> "HandShape":
        """Returns a larger hand."""
        return HandShape(self.knuckles * factor, self.lengths * factor)

    def rest_offsets(self) -> FloatArray:
        """Returns the positions (15, 3) m of the finger bones relative to their parents at rest."""
        along = self.lengths[:, :2, None] * self.rest_directions[:, None]
        return np.concatenate([self.knuckles[:, None], along], axis=1).reshape(-1, 3)


@dataclass(frozen=True, slots=True)
class PosedHand:
    """Poses of a hand in T frames, in its own frame."""

    landmarks: FloatArray
    """(T, 21, 3) m, relative to the wrist."""
    jacobian: FloatArray
    """(T, 21, 3, 21) m per rad: derivatives of the landmarks by the angles."""


def pose_hand(shape: HandShape, angles: FloatArray) -> PosedHand:
    """Poses a hand with angles (T, 21), rad."""
    frames = len(angles)
    landmarks = np.zeros((frames, HAND_LANDMARK_COUNT, 3))
    jacobian = np.zeros((frames, HAND_LANDMARK_COUNT, 3, DOF_COUNT))
    for finger in range(FINGER_COUNT):
        points = FINGER_LANDMARKS[finger]
        world = np.tile(np.eye(3), (frames, 1, 1))
        landmarks[:, points[0]] = shape.knuckles[finger]
        turns: list[tuple[int, int, FloatArray]] = []
        for bone in range(BONES_PER_FINGER):
            for index, dof in enumerate(DEGREES_OF_FREEDOM):
                if (dof.finger, dof.bone) == (finger, bone):
                    turns.append((index, bone, world @ dof.axis))
                    world = world @ rotation.to_matrix(rotation.from_rotvec(angles[:, index, None] * dof.axis))
            step = world @ (shape.lengths[finger, bone] * shape.rest_directions[finger])
            landmarks[:, points[bone + 1]] = landmarks[:, points[bone]] + step
        for index, bone, axis in turns:
            moved = slice(points[bone + 1], points[-1] + 1)
            arms = landmarks[:, moved] - landmarks[:, points[bone], None]
            jacobian[:, moved, :, index] = np.cross(axis[:, None], arms)
    return PosedHand(landmarks, jacobian)


def finger_rotations(angles: FloatArray) -> FloatArray:
    """Returns the local rotations (T, 15, 4) xyzw of the finger bones of a left hand with angles (T, 21), rad."""
    bones = np.tile(rotation.IDENTITY, (len(angles), FINGER_COUNT, BONES_PER_FINGER, 1))
    for index, dof in enumerate(DEGREES_OF_FREEDOM):
        turn = rotation.from_rotvec(angles[:, index, None] * dof.axis)
        bones[:, dof.finger, dof.bone] = rotation.multiply(bones[:, dof.finger, dof.bone], turn)
    return bones.reshape(len(angles), FINGER_COUNT * BONES_PER_FINGER, 4)


def mirror_vectors(vectors: FloatArray) -> FloatArray:
    """Mirrors vectors (..., 3) left to right; the same from the left to the right hand and back."""
    return np.asarray(vectors * np.array([-1.0, 1.0, 1.0]))


def mirror_rotations(quaternions: FloatArray) -> FloatArray:
    """Mirrors rotations (..., 4) xyzw left to right; the same from the left to the right hand and back."""
    return np.asarray(quaternions * np.array([1.0, -1.0, -1.0, 1.0]))
