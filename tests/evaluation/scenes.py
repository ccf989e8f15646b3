"""Synthetic ground truth performances and functions that degrade them."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from bodydouble.data import FloatArray, Motion, Performance, Person, Track
from bodydouble.evaluation.evaluation_clip import EvaluationClip, to_evaluation_clip
from tests import builders
from tests.motion import scenes

FPS = Fraction(30)
SIZE = (1280, 720)


def ground_truth(frames: int = 40, people: int = 2) -> Performance:
    """Returns people side by side, 0.9 m apart, who sway and walk a little, all of them visible."""
    camera = builders.level_camera(frames, SIZE)
    people_in_scene = tuple(_person(n, frames, camera.camera_from_world[0], camera.intrinsics) for n in range(people))
    return Performance(FPS, frames, camera, people_in_scene)


def _person(number: int, frames: int, view: FloatArray, intrinsics: FloatArray) -> Person:
    motion = builders.smooth_motion(frames, seed=number, fps=FPS)
    path = 0.3 * (motion.root_position - motion.skeleton.rest_offsets[0]) + motion.skeleton.rest_offsets[0]
    motion = replace(
        motion,
        root_position=path + np.array([0.9 * number - 0.45, 0.0, 0.0]),
        contacts=(motion.contacts > 0.5).astype(float),
    )
    track = scenes.simulated_track(motion, view, intrinsics)
    track.keypoints[..., 2] = 1.0
    return Person(f"true{number + 1}", track, motion)


def keep_frames(person: Person, start: int, end: int) -> Person:
    """Returns the person from frame start up to, not including, frame end."""
    rows = slice(start, end)
    track, motion = person.track, person.motion
    return Person(
        person.name,
        Track(
            track.frames[rows],
            track.observed[rows],
            track.boxes[rows],
            track.keypoints[rows],
            track.landmarks_3d[rows],
        ),
        Motion(
            motion.skeleton,
            motion.fps,
            motion.rotations[rows],
            motion.root_position[rows],
            motion.contacts[rows],
            motion.joint_sigma[rows],
        ),
    )


def occlude(person: Person, start: int, end: int) -> Person:
    """Returns the person, not observed from frame start up to, not including, frame end."""
    track = person.track
    observed, keypoints = track.observed.copy(), track.keypoints.copy()
    observed[start:end], keypoints[start:end] = False, (np.nan, np.nan, 0.0)
    return replace(person, track=replace(track, observed=observed, keypoints=keypoints))


def rename(person: Person, name: str) -> Person:
    """Returns the person with another name."""
    return replace(person, name=name)


def translate(person: Person, offset: tuple[float, float, float]) -> Person:
    """Translates a person in the world; the keypoints are unchanged."""
    motion = person.motion
    return replace(person, motion=replace(motion, root_position=motion.root_position + np.array(offset)))


def with_people(performance: Performance, *people: Person) -> Performance:
    """Returns the performance with other people."""
    return replace(performance, people=people)


def without_joints(performance: Performance, joints: list[int]) -> EvaluationClip:
    """Returns the clip of a method without these joints and without rotations, feet and contacts."""
    clip = to_evaluation_clip(performance)
    subjects = []
    for subject in clip.people:
        positions = subject.joints.copy()
        positions[:, joints] = np.nan
        subjects.append(
            replace(
                subject,
                joints=positions,
                rotations=np.full_like(subject.rotations, np.nan),
                feet=np.full_like(subject.feet, np.nan),
                contacts=np.full_like(subject.contacts, np.nan),
                motion=None,
            )
        )
    return replace(clip, people=tuple(subjects))
