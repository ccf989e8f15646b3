"""Laws of the doubts about the height of a person above the floor."""

from dataclasses import replace

import numpy as np

from bodydouble.data import Person
from bodydouble.motion.floor.plausibility import describe_doubts
from bodydouble.motion.reconstruct import default_intrinsics
from tests.motion.scenes import IMAGE_SIZE, simulated_track, static_camera, waving_motion, without_feet

TRACK = simulated_track(waving_motion(), static_camera(), default_intrinsics(IMAGE_SIZE))


def person_at_height(height: float) -> Person:
    motion = waving_motion()
    return Person("person1", TRACK, replace(motion, root_position=motion.root_position + np.array([0.0, height, 0.0])))


def test_person_on_the_floor_or_on_a_roof_raises_no_doubt() -> None:
    assert [describe_doubts(person_at_height(height)) for height in (-0.05, 0.0, 0.5, 3.0)] == [[]] * 4


def test_person_under_the_floor_is_named_with_the_depth() -> None:
    (doubt,) = describe_doubts(person_at_height(-1.2))
    assert doubt.startswith("person1: the feet are 1.2 m below the floor")


def test_person_who_jumps_into_a_pool_for_a_moment_raises_no_doubt() -> None:
    person = person_at_height(0.0)
    root = person.motion.root_position.copy()
    root[:20, 1] -= 1.0
    assert not describe_doubts(replace(person, motion=replace(person.motion, root_position=root)))


def test_feet_that_are_never_visible_are_named_in_one_line() -> None:
    (doubt,) = describe_doubts(replace(person_at_height(0.0), track=without_feet(TRACK)))
    assert doubt == (
        "person1: the feet are never visible; contacts are not estimated, and the height above the floor is assumed"
    )
    assert "\n" not in doubt
    assert np.isfinite(TRACK.keypoints).all()
