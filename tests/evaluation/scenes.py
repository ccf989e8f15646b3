"""True performances and ways to spoil them."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from bodydouble.data import FloatArray, Motion, Performance, Person, Track
from bodydouble.evaluation.evaluation_clip import Recording, recording
from tests import builders
from tests.motion import scenes

FPS = Fraction(30)
SIZE = (1280, 720)


def truth(frames: int = 40, people: int = 2) -> Performance:
    """People side by side, 0.9 m apart, who sway and walk about a little, all of them visible."""
    camera = builders.level_camera(frames, SIZE)
    cast = tuple(_person(n, frames, camera.camera_from_world[0], camera.intrinsics) for n in range(people))
    return Performance(FPS, frames, camera, cast)


def _person(number: int, frames: int, view: FloatArray, intrinsics: FloatArray) -> Person:
    motion = builders.smooth_motion(frames, seed=number, fps=FPS)
    path = 0.3 * (motion.root_position - motion.skeleton.rest_offsets[0]) + motion.skeleton.rest_offsets[0]
    motion = replace(
        motion,
        root_position=path + np.array([0.9 * number - 0.45, 0.0, 0.0]),
        contacts=(motion.contacts > 0.5).astype(float),
    )
    track = scenes.track_of(motion, view, intrinsics)
    track.keypoints[..., 2] = 1.0
    return Person(f"true{number + 1}", track, motion)


def without_frames(person: Person, start: int, end: int) -> Person:
    """The person from frame start up to, not including, frame end."""
    part = slice(start, end)
    track, motion = person.track, person.motion
    return Person(
        person.name,
        Track(
            track.frames[part],
            track.observed[part],
            track.boxes[part],
            track.keypoints[part],
            track.landmarks_3d[part],
        ),
        Motion(
            motion.skeleton,
            motion.fps,
            motion.rotations[part],
            motion.root_position[part],
            motion.contacts[part],
            motion.joint_sigma[part],
        ),
    )


def hidden(person: Person, start: int, end: int) -> Person:
    """The person, not seen from frame start up to, not including, frame end."""
    track = person.track
    observed, keypoints = track.observed.copy(), track.keypoints.copy()
    observed[start:end], keypoints[start:end] = False, (np.nan, np.nan, 0.0)
    return replace(person, track=replace(track, observed=observed, keypoints=keypoints))


def renamed(person: Person, name: str) -> Person:
    """The person under another name."""
    return replace(person, name=name)


def moved(person: Person, offset: tuple[float, float, float]) -> Person:
    """The person elsewhere in the world; the keypoints stay."""
    motion = person.motion
    return replace(person, motion=replace(motion, root_position=motion.root_position + np.array(offset)))


def of(performance: Performance, *people: Person) -> Performance:
    """The performance with other people."""
    return replace(performance, people=people)


def without_joints(performance: Performance, joints: list[int]) -> Recording:
    """A recording by a method that knows neither these joints nor rotations, feet and contacts."""
    known = recording(performance)
    subjects = []
    for subject in known.subjects:
        positions = subject.joints.copy()
        positions[:, joints] = np.nan
        subjects.append(
            replace(
                subject,
                joints=positions,
                rotations=np.full_like(subject.rotations, np.nan),
                feet=np.full_like(subject.feet, np.nan),
                contacts=np.full_like(subject.contacts, np.nan),
            )
        )
    return replace(known, subjects=tuple(subjects))
