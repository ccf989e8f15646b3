"""Skeletons, motions of body, hands and face, people and the performance of a clip."""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from bodydouble.data.annotations import Annotations
from bodydouble.data.appearance import Appearance
from bodydouble.data.arrays import (
    BLENDSHAPE_COUNT,
    CONTACT_POINTS,
    FACE_OUTLINE_COUNT,
    FINGER_BONE_COUNT,
    HAND_LANDMARK_COUNT,
    BoolArray,
    FloatArray,
    check_shape,
)
from bodydouble.data.corrections import Correction
from bodydouble.data.observations import Camera, Track
from bodydouble.errors import InvalidDataError


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Joints, their hierarchy and their rest pose. Parents precede children; joint 0 is the root."""

    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    """J indices of joints, -1 for the root."""
    rest_offsets: FloatArray
    """(J, 3) m, position relative to the parent at rest; for the root, its position at rest."""

    def __post_init__(self) -> None:
        joints = len(self.joint_names)
        check_shape(self, "rest_offsets", (joints, 3))
        if len(self.parents) != joints:
            raise InvalidDataError(f"Skeleton: {len(self.parents)} parents for {joints} joints")
        if self.parents[0] != -1 or any(not 0 <= p < j for j, p in enumerate(self.parents) if j > 0):
            raise InvalidDataError("Skeleton: joint 0 must be the only root and parents must stand before children")

    def index(self, joint: str) -> int:
        """Returns the index of the joint with that name; raises InvalidDataError if there is none."""
        try:
            return self.joint_names.index(joint)
        except ValueError:
            raise InvalidDataError(f"Skeleton has no joint {joint!r}; it has {', '.join(self.joint_names)}") from None


@dataclass(frozen=True, slots=True)
class Motion:
    """Motion of a skeleton in the world. Quaternions are xyzw, local to the parent."""

    skeleton: Skeleton
    fps: Fraction
    rotations: FloatArray
    """(T, J, 4) xyzw, local to the parent, unit."""
    root_position: FloatArray
    """(T, 3) m, world."""
    contacts: FloatArray
    """(T, 4) probability of floor contact: left heel, left toes, right heel, right toes."""
    joint_sigma: FloatArray
    """(T, J) m, standard deviation of each joint position, per axis."""

    def __post_init__(self) -> None:
        t, joints = len(self.rotations), len(self.skeleton.joint_names)
        check_shape(self, "rotations", (t, joints, 4))
        check_shape(self, "root_position", (t, 3))
        check_shape(self, "contacts", (t, len(CONTACT_POINTS)))
        check_shape(self, "joint_sigma", (t, joints))


@dataclass(frozen=True, slots=True)
class Hands:
    """Both hands of a person over T frames. The axis of length 2 is left, right."""

    observed: BoolArray
    """(T, 2) False where the fingers are filled in."""
    keypoints: FloatArray
    """(T, 2, 21, 3) x px, y px, confidence; NaN, NaN, 0 where not observed."""
    rest_offsets: FloatArray
    """(30, 3) m, position of each finger bone relative to its parent at rest, in the order of ``humanoid.FINGERS``: in
    the T-pose, with the palms down and straight fingers."""
    rotations: FloatArray
    """(T, 30, 4) xyzw, local to the parent, unit."""

    def __post_init__(self) -> None:
        t = len(self.observed)
        check_shape(self, "observed", (t, 2))
        check_shape(self, "keypoints", (t, 2, HAND_LANDMARK_COUNT, 3))
        check_shape(self, "rest_offsets", (FINGER_BONE_COUNT, 3))
        check_shape(self, "rotations", (t, FINGER_BONE_COUNT, 4))


@dataclass(frozen=True, slots=True)
class Face:
    """The face of a person over T frames."""

    observed: BoolArray
    """(T,) False where the weights are filled in."""
    weights: FloatArray
    """(T, 52) weights of the blend shapes, 0 to 1, in the order of ``skeletons.arkit.BLENDSHAPES``."""
    gaze: FloatArray
    """(T, 2) rad, direction of the eyes relative to the head: towards the person's left, and up."""
    outline: FloatArray | None = None
    """(T, 86, 2) px, points of ``skeletons.face_mesh.OUTLINES``; NaN where not observed. They are drawn in the preview
    and written to no file; None if they are not known."""

    def __post_init__(self) -> None:
        t = len(self.observed)
        check_shape(self, "observed", (t,))
        check_shape(self, "weights", (t, BLENDSHAPE_COUNT))
        check_shape(self, "gaze", (t, 2))
        if self.outline is not None:
            check_shape(self, "outline", (t, FACE_OUTLINE_COUNT, 2))


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a clip: the 2D track and the 3D motion, over the same frames."""

    name: str
    track: Track
    motion: Motion
    hands: Hands | None = None
    """None if no hand was observed."""
    face: Face | None = None
    """None if the face was not observed."""
    appearance: Appearance | None = None
    """None if nothing of it was seen."""

    def __post_init__(self) -> None:
        frames = len(self.track.frames)
        for name, part in (("motion", self.motion.rotations), ("hands", self.hands), ("face", self.face)):
            length = len(part.observed) if isinstance(part, Hands | Face) else frames if part is None else len(part)
            if length != frames:
                raise InvalidDataError(f"Person {self.name}: track has {frames} frames, {name} {length}")


@dataclass(frozen=True, slots=True)
class Performance:
    """Captured performance of a clip: the camera and all people."""

    fps: Fraction
    frame_count: int
    camera: Camera
    people: tuple[Person, ...]
    """In order of prominence: the person with the largest area on screen first."""
    corrections: tuple[Correction, ...] = ()
    """Corrections by hand that were applied to the automatic result, in order."""
    shot_starts: tuple[int, ...] = ()
    """First frame of every shot but the first, ascending."""
    annotations: Annotations = field(default_factory=Annotations)
    """2D keypoints by hand to which the automatic result was fitted, before corrections."""

    def __post_init__(self) -> None:
        bounds = (0, *self.shot_starts, self.frame_count)
        if self.shot_starts and any(start >= stop for start, stop in pairwise(bounds)):
            raise InvalidDataError(f"Performance: shot_starts is {self.shot_starts}, expected ascending frames")
