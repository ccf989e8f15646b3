"""Characters of people whose feet are never seen: the head of the character is where the head of the person is."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.characters.load import load_character
from bodydouble.data import FloatArray, Performance, Person
from bodydouble.film.backgrounds.person_masks import PersonMasks
from bodydouble.geometry import camera as cameras
from bodydouble.geometry import kinematics
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.pipeline.film_cast import create_figures
from bodydouble.skeletons import blazepose, humanoid
from tests.film.film_builders import build_performance

NEARER = np.array([0.1, 0.05, 0.6])
"""Place of the person whom the keypoints show, relative to the motion, m."""
_BELOW = [i for i, name in enumerate(blazepose.LANDMARKS) if name.split("_")[-1] in ("ankle", "heel", "index")]


def show_elsewhere(performance: Performance, feet_confidence: float) -> Performance:
    """Returns the performance with keypoints of people who stand NEARER to the camera than their motions."""
    return replace(
        performance, people=tuple(_move(performance, person, feet_confidence) for person in performance.people)
    )


def _move(performance: Performance, person: Person, feet_confidence: float) -> Person:
    motion, camera = person.motion, performance.camera
    world = landmark_positions(motion.skeleton, motion.rotations, motion.root_position + NEARER)
    points = cameras.transform(camera.camera_from_world[person.track.frames], world)
    keypoints = np.concatenate([cameras.project(camera.intrinsics, points), np.ones((*points.shape[:2], 1))], axis=-1)
    keypoints[:, _BELOW, 2] = feet_confidence
    track = replace(person.track, keypoints=keypoints, observed=np.ones(len(keypoints), bool))
    return replace(person, track=track)


def head_offsets(performance: Performance) -> FloatArray:
    """Returns the places (T, 3) m of the head of the character relative to that of the motion of the first person."""
    character = load_character("anime:woman")
    figure, person = create_figures(performance, [character])[0], performance.people[0]
    heads = np.array(
        [figure.joint_matrices[row][character.humanoid["head"], :3, 3] for row in range(len(figure.opacity))]
    )
    return np.asarray(heads - kinematics.joint_positions(person.motion)[:, humanoid.INDEX["head"]])


def test_the_head_is_where_the_picture_shows_it_if_feet_are_never_seen() -> None:
    offsets = head_offsets(show_elsewhere(build_performance(1), feet_confidence=0.0))
    assert offsets == pytest.approx(np.broadcast_to(NEARER, offsets.shape), abs=0.02)


def test_characters_stand_on_the_feet_that_are_seen() -> None:
    performance = build_performance(1)
    offsets = head_offsets(show_elsewhere(performance, feet_confidence=1.0))
    assert np.abs(offsets - NEARER).max() > 0.3
    assert offsets == pytest.approx(head_offsets(show_elsewhere(performance, feet_confidence=0.9)))


def test_masks_cover_heads_of_people_whose_hips_are_out_of_the_picture() -> None:
    performance = show_elsewhere(build_performance(1), feet_confidence=0.0)
    person = performance.people[0]
    keypoints = person.track.keypoints.copy()
    keypoints[:, blazepose.INDEX["left_elbow"] :] = np.nan, np.nan, 0.0
    cut = replace(performance, people=(replace(person, track=replace(person.track, keypoints=keypoints)),))
    masks = PersonMasks(cut, performance.camera.image_size)
    ears = keypoints[0, [blazepose.INDEX["left_ear"], blazepose.INDEX["right_ear"]], :2]
    radius = np.linalg.norm(ears[0] - ears[1])
    x, y = (ears.mean(axis=0) * np.divide(masks.size, performance.camera.image_size)).astype(int)
    assert masks.draw(0)[round(y - 0.8 * radius) : round(y + 0.8 * radius), x].all()
