"""Small takes that are corrected in tests: their motions are known, and fitted from ideal tracks."""

from dataclasses import replace
from functools import cache

import numpy as np

from bodydouble.data import Camera, FloatArray, Motion, Performance, Person, Track
from bodydouble.geometry import kinematics
from bodydouble.motion.reconstruct import MeasuredInputs, ReconstructionInput, default_intrinsics, reconstruct
from tests.motion.scenes import FPS, IMAGE_SIZE, simulated_track, static_camera, waving_motion

FRAMES = 90
INTRINSICS = default_intrinsics(IMAGE_SIZE)
VIEW = static_camera(yaw=0.5, pitch=0.1)
MIRROR = np.array([-1.0, 1.0, 1.0])


def standing_motion(offset: float, frames: int = FRAMES) -> Motion:
    """A motion on the spot, moved to the side; only the right foot rests."""
    motion = waving_motion(frames)
    contacts = np.zeros((frames, 4))
    contacts[:, 2:] = 1.0
    return replace(motion, root_position=motion.root_position + np.array([offset, 0.0, 0.0]), contacts=contacts)


def true_take(frames: int = FRAMES) -> Performance:
    """Two people whose motions are exactly known, with tracks that fit them."""
    camera = Camera(IMAGE_SIZE, INTRINSICS, np.tile(VIEW, (frames, 1, 1)))
    people = []
    for name, offset in (("person1", -0.8), ("person2", 0.8)):
        motion = standing_motion(offset, frames)
        people.append(Person(name, simulated_track(motion, VIEW, INTRINSICS), motion))
    return Performance(FPS, frames, camera, tuple(people))


@cache
def fitted_take() -> Performance:
    """The same take, fitted to its tracks."""
    return fit([person.track for person in true_take().people])


def fit(tracks: list[Track]) -> Performance:
    """Fits the tracks of both people with the true camera and skeletons."""
    truth = true_take()
    skeletons = tuple(person.motion.skeleton for person in truth.people)
    measured = MeasuredInputs(camera=truth.camera, skeletons=skeletons)
    inputs = ReconstructionInput(tuple(tracks), IMAGE_SIZE, FRAMES, FPS, measured=measured)
    camera, motions = reconstruct(inputs)
    people = tuple(
        Person(f"person{index}", track, motion)
        for index, (track, motion) in enumerate(zip(tracks, motions, strict=True), start=1)
    )
    return Performance(FPS, FRAMES, camera, people)


def joints(performance: Performance, person: int = 0) -> FloatArray:
    """Joint positions (T, 22, 3) m of a person."""
    return kinematics.joint_positions(performance.people[person].motion)


def movement(before: Performance, after: Performance, person: int = 0) -> FloatArray:
    """The distance (T,) m by which the joint that moved most has moved."""
    return np.asarray(np.linalg.norm(joints(after, person) - joints(before, person), axis=-1).max(axis=1))


def assert_same_person(actual: Person, expected: Person) -> None:
    """Asserts that track and motion are equal, bit by bit."""
    for part in ("frames", "observed", "boxes", "keypoints", "landmarks_3d"):
        np.testing.assert_array_equal(getattr(actual.track, part), getattr(expected.track, part))
    for part in ("rotations", "root_position", "contacts", "joint_sigma"):
        np.testing.assert_array_equal(getattr(actual.motion, part), getattr(expected.motion, part))
    np.testing.assert_array_equal(actual.motion.skeleton.rest_offsets, expected.motion.skeleton.rest_offsets)
    assert (actual.hands is None, actual.face is None) == (expected.hands is None, expected.face is None)
