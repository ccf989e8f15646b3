"""Common input of all metrics: a clip of people with joints in the order of ``humanoid.JOINTS``.

In: a ``Performance`` (``to_evaluation_clip``), or arrays of another method. Out: an ``EvaluationClip``, in which NaN
marks values that the method does not estimate.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bodydouble.data import BoolArray, Camera, FloatArray, IntArray, Motion, Performance, Person
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import camera, kinematics
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.skeletons import humanoid


@dataclass(frozen=True, slots=True)
class EvaluatedPerson:
    """One person of a clip. Values that a method does not estimate are NaN and are not measured.

    Joints are in the order of humanoid.JOINTS.
    """

    name: str
    frames: IntArray
    """(T,) source frame indices, contiguous."""
    observed: BoolArray
    """(T,) False where the person was not observed."""
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
    motion: Motion | None = None
    """Motion from which the joints, feet and contacts follow; None if the method estimates no skeleton."""


@dataclass(frozen=True, slots=True)
class EvaluationClip:
    """The people of a clip and its camera."""

    fps: Fraction
    camera: Camera
    people: tuple[EvaluatedPerson, ...]

    def joints_in_camera(self, person: EvaluatedPerson) -> FloatArray:
        """Returns the joints (T, 22, 3) m of a person in camera axes."""
        return camera.transform(self.camera.camera_from_world[person.frames], person.joints)


def to_evaluation_clip(performance: Performance) -> EvaluationClip:
    """Converts a performance to the input of the metrics.

    Raises:
        InvalidDataError: a person has other joints than humanoid.JOINTS.
    """
    return EvaluationClip(
        performance.fps, performance.camera, tuple(_to_evaluated_person(person) for person in performance.people)
    )


def _to_evaluated_person(person: Person) -> EvaluatedPerson:
    track, motion = person.track, person.motion
    _check_joints(person.name, motion)
    return EvaluatedPerson(
        name=person.name,
        frames=track.frames,
        observed=track.observed,
        joints=kinematics.joint_positions(motion),
        rotations=motion.rotations,
        feet=sole_positions(motion.skeleton, motion.rotations, motion.root_position),
        contacts=motion.contacts,
        keypoints=track.keypoints,
        boxes=track.boxes,
        motion=motion,
    )


def _check_joints(name: str, motion: Motion) -> None:
    if motion.skeleton.joint_names != humanoid.JOINTS:
        raise InvalidDataError(
            f"{name} has the joints {', '.join(motion.skeleton.joint_names)}; "
            f"only motions with the joints {', '.join(humanoid.JOINTS)}, in this order, can be compared"
        )


def project_joints(clip: EvaluationClip, person: EvaluatedPerson) -> FloatArray:
    """Projects the joints of a person into the image: (T, 22, 2) px, NaN behind the camera."""
    joints = clip.joints_in_camera(person)
    in_front = np.where(joints[..., 2:] > 0, joints, np.nan)
    return camera.project(clip.camera.intrinsics, in_front)
