"""Laws of the floor estimate: one floor for all people, scales at which they stand on it."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.motion.floor.floor import Floor, FloorOptions, StandingPerson, estimate_floor, floor_from_camera
from bodydouble.motion.floor.up_direction import UpEstimate
from bodydouble.skeletons import blazepose
from tests.motion.scenes import FPS, static_camera, waving_motion

VIEW = static_camera(height=1.6, distance=6.0, pitch=0.1)
RATE = float(FPS)
UP = UpEstimate(VIEW[:3, 1], roll_sigma=0.03, pitch_sigma=0.13)


def standing_person(position: tuple[float, float, float], size: float = 1.0, view: FloatArray = VIEW) -> StandingPerson:
    """Returns a person at a position (x, y, z) m of the world, too large and too far away by a factor."""
    motion = waving_motion()
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(rotation.from_matrix(view[:3, :3]), rotations[:, 0])
    root = size * camera.transform(view, motion.root_position + np.array(position))
    body = proportions.scale_skeleton(motion.skeleton, size)
    return StandingPerson(body, rotations, root, np.ones((len(root), 33)))


def three_people() -> list[StandingPerson]:
    return [standing_person(position) for position in ((0.0, 0.0, 0.0), (1.5, 0.0, -3.0), (-1.0, 0.0, 1.5))]


def without_visible_feet(person: StandingPerson) -> StandingPerson:
    confidence = person.confidence.copy()
    confidence[:, blazepose.INDEX["left_ankle"] :] = 0.0
    return replace(person, confidence=confidence)


def median_height(person: StandingPerson, floor: Floor, scale: float) -> float:
    """Returns the median height, m, of the lowest point of the soles of a person of a scale above a floor."""
    soles = scale * sole_positions(person.skeleton, person.rotations, person.root_position)
    return float(np.median(floor.height_above(soles).min(axis=1)))


def up_error(floor: Floor) -> float:
    """Returns the angle in rad between the estimated and the true up direction."""
    return float(np.arccos(np.clip(floor.up @ VIEW[:3, 1], -1.0, 1.0)))


def test_recovers_the_floor_below_people_of_the_right_size() -> None:
    floor, scales = estimate_floor(three_people(), RATE, UP)
    assert up_error(floor) < 0.01
    assert floor.camera_height == pytest.approx(1.6, rel=0.03)
    np.testing.assert_allclose(scales, 1.0, atol=0.02)


@pytest.mark.parametrize("axis", [0, 2], ids=["pitch", "roll"])
def test_feet_of_several_people_correct_the_up_direction(axis: int) -> None:
    tilt = rotation.from_rotvec(0.06 * np.eye(3)[axis])
    prior = UpEstimate(rotation.rotate(tilt, UP.up), roll_sigma=0.1, pitch_sigma=0.1)
    floor, _ = estimate_floor(three_people(), RATE, prior)
    assert up_error(floor) < 0.04


@pytest.mark.parametrize("roll", [-0.5, 0.4])
def test_the_floor_turns_with_the_camera(roll: float) -> None:
    turn = np.eye(4)
    turn[:3, :3] = rotation.to_matrix(rotation.from_rotvec(np.array([0.0, 0.0, roll])))
    places = ((0.0, 0.0, 0.0), (1.5, 0.0, -3.0), (-1.0, 0.0, 1.5))
    people = [standing_person(place, view=turn @ VIEW) for place in places]
    rolled, scales = estimate_floor(people, RATE, replace(UP, up=turn[:3, :3] @ UP.up))
    floor, level_scales = estimate_floor(three_people(), RATE, UP)
    np.testing.assert_allclose(rolled.up, turn[:3, :3] @ floor.up, atol=1e-3)
    np.testing.assert_allclose(scales, level_scales, atol=1e-3)


def test_measured_floor_is_kept_and_determines_the_scales() -> None:
    known = floor_from_camera(VIEW)
    for size in (0.85, 1.0, 1.15):
        person = standing_person((0.5, 0.0, 0.0), size)
        up = UpEstimate.measured(known.up)
        floor, scales = estimate_floor([person], RATE, up, measured_height=known.camera_height)
        np.testing.assert_allclose(floor.up, known.up, atol=1e-12)
        assert floor.camera_height == known.camera_height
        # Only nearly, because the prior on the lifter's body size counts too.
        assert scales[0] * size == pytest.approx(1.0, abs=0.35 * abs(size - 1) + 0.005)


def test_wrong_size_of_one_person_is_corrected_by_the_floor_of_the_others() -> None:
    wrong = standing_person((2.0, 0.0, 0.0), 1.12)
    _, scales = estimate_floor([*three_people(), wrong], RATE, UP)
    assert scales[-1] * 1.12 == pytest.approx(1.0, abs=0.08)
    np.testing.assert_allclose(scales[:-1], 1.0, atol=0.04)


def test_measured_stature_sets_the_scale() -> None:
    stature = proportions.stature(waving_motion().skeleton)
    floor, scales = estimate_floor([standing_person((0.0, 0.0, 0.0), 0.9), *three_people()], RATE, UP, stature=stature)
    assert scales[0] * 0.9 == pytest.approx(1.0, rel=1e-12)
    assert floor.camera_height == pytest.approx(1.6, rel=0.05)


def test_person_on_a_table_keeps_the_scale() -> None:
    floor, scales = estimate_floor([*three_people(), standing_person((2.0, 0.8, 0.0))], RATE, UP)
    assert up_error(floor) < 0.02
    assert floor.camera_height == pytest.approx(1.6, rel=0.05)
    assert scales[-1] == pytest.approx(1.0, abs=0.03)


def test_order_of_people_does_not_matter() -> None:
    people = [*three_people(), standing_person((2.0, 0.0, 1.0), 1.1)]
    floor, scales = estimate_floor(people, RATE, UP)
    again, reversed_scales = estimate_floor(people[::-1], RATE, UP)
    np.testing.assert_allclose(again.up, floor.up, atol=1e-9)
    np.testing.assert_allclose(reversed_scales[::-1], scales, atol=1e-9)


@pytest.mark.parametrize("size", [0.9, 1.0, 1.1])
def test_person_whose_feet_are_never_seen_stands_on_the_floor_of_the_others(size: float) -> None:
    hidden = without_visible_feet(standing_person((2.0, 0.0, 0.0), size))
    floor, scales = estimate_floor([*three_people(), hidden], RATE, UP)
    assert floor.camera_height == pytest.approx(1.6, rel=0.03)
    assert median_height(hidden, floor, scales[-1]) == pytest.approx(0.0, abs=0.01)
    assert scales[-1] * size == pytest.approx(1.0, abs=0.04)


def test_person_whose_feet_are_never_seen_does_not_move_the_floor() -> None:
    below = without_visible_feet(standing_person((2.0, -1.5, 0.0)))
    alone, _ = estimate_floor(three_people(), RATE, UP)
    floor, _ = estimate_floor([*three_people(), below], RATE, UP)
    # Feet that are not seen keep a weight of 0.001.
    assert floor.camera_height == pytest.approx(alone.camera_height, abs=0.01)


def test_person_on_a_balcony_whose_feet_are_never_seen_stays_there() -> None:
    balcony = without_visible_feet(standing_person((2.0, 3.0, 0.0)))
    floor, scales = estimate_floor([*three_people(), balcony], RATE, UP)
    assert scales[-1] == pytest.approx(1.0, abs=0.03)
    assert median_height(balcony, floor, scales[-1]) == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize("up_error_rad", [0.0, 0.1])
def test_nobody_who_is_seen_well_stands_below_the_floor(up_error_rad: float) -> None:
    tilt = rotation.from_rotvec(np.array([up_error_rad, 0.0, 0.0]))
    people = [standing_person((x, y, 0.0)) for x, y in ((0.0, 1.9), (-1.5, 1.9), (1.5, 0.0))]
    floor, scales = estimate_floor(people, RATE, replace(UP, up=rotation.rotate(tilt, UP.up)))
    heights = [median_height(person, floor, scale) for person, scale in zip(people, scales, strict=True)]
    assert min(heights) == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("seen_frames", [60, 20])
def test_wrong_prior_leaves_nobody_who_is_seen_well_below_the_floor(seen_frames: int) -> None:
    person = standing_person((0.0, 0.0, 0.0))
    person.confidence[seen_frames:] = 0.0
    options = FloorOptions(min_camera_height=0.4, target_height=0.4, target_distance=0.0, camera_height_sigma=0.001)
    floor, scales = estimate_floor([person], RATE, replace(UP, pitch_sigma=0.02), options)
    assert median_height(person, floor, scales[0]) == pytest.approx(0.0, abs=0.01)


def test_person_seen_for_a_moment_does_not_move_the_floor_of_the_others() -> None:
    passerby = standing_person((2.0, -1.0, 0.0))
    passerby.confidence[:50] = 0.0
    options = FloorOptions(
        target_height=1.6, target_distance=0.0, camera_height_sigma=0.001, max_effective_samples=60.0
    )
    floor, _ = estimate_floor([*three_people(), passerby], RATE, UP, options)
    assert floor.camera_height == pytest.approx(1.6, rel=0.05)
