"""People as the measures see them: arrays in one order of joints, whatever they were estimated with."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bodydouble.data import BoolArray, Camera, FloatArray, IntArray, Motion, Performance, Person
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import camera, kinematics
from bodydouble.motion.floor.contacts import foot_points
from bodydouble.skeletons import humanoid


@dataclass(frozen=True, slots=True)
class Subject:
    """One person of a clip. What a method does not estimate is NaN and is not measured.

    Joints stand in the order of humanoid.JOINTS.
    """

    name: str
    frames: IntArray
    """(T,) source frame indices, contiguous."""
    observed: BoolArray
    """(T,) False where the person was not seen."""
    joints: FloatArray
    """(T, 22, 3) m, world."""
    rotations: FloatArray
    """(T, 22, 4) xyzw, local to the parent; the root's is world_from_hips."""
    feet: FloatArray
    """(T, 4, 3) m, world: left heel, left toes, right heel, right toes, on the sole."""
    contacts: FloatArray
    """(T, 4) probability."""
    keypoints: FloatArray
    """(T, 33, 3) x px, y px, confidence; BlazePose order."""
    boxes: FloatArray
    """(T, 4) x_min, y_min, x_max, y_max, px."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The people of a clip and the camera that saw them."""

    fps: Fraction
    camera: Camera
    subjects: tuple[Subject, ...]

    def in_camera(self, subject: Subject) -> FloatArray:
        """Joints (T, 22, 3) m of a subject in the camera's axes."""
        return camera.transform(self.camera.camera_from_world[subject.frames], subject.joints)


def recording(performance: Performance) -> Recording:
    """A performance as the measures see it.

    Raises:
        InvalidDataError: a person has other joints than humanoid.JOINTS.
    """
    return Recording(performance.fps, performance.camera, tuple(_subject(person) for person in performance.people))


def _subject(person: Person) -> Subject:
    track, motion = person.track, person.motion
    _check_joints(person.name, motion)
    return Subject(
        name=person.name,
        frames=track.frames,
        observed=track.observed,
        joints=kinematics.joint_positions(motion),
        rotations=motion.rotations,
        feet=foot_points(motion.skeleton, motion.rotations, motion.root_position),
        contacts=motion.contacts,
        keypoints=track.keypoints,
        boxes=track.boxes,
    )


def _check_joints(name: str, motion: Motion) -> None:
    if motion.skeleton.joint_names != humanoid.JOINTS:
        raise InvalidDataError(
            f"{name} has the joints {', '.join(motion.skeleton.joint_names)}; "
            f"only motions with the joints {', '.join(humanoid.JOINTS)}, in this order, can be compared"
        )


def image_points(recorded: Recording, subject: Subject) -> FloatArray:
    """Joints (T, 22, 2) px of a subject in the picture; NaN behind the camera."""
    points = recorded.in_camera(subject)
    in_front = np.where(points[..., 2:] > 0, points, np.nan)
    return camera.project(recorded.camera.intrinsics, in_front)
