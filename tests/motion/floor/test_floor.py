"""One floor for all, and people as large as they must be to stand on it."""

import numpy as np
import pytest

from bodydouble.data import FloatArray
from bodydouble.geometry import camera, rotation
from bodydouble.motion.body import proportions
from bodydouble.motion.floor.floor import Floor, StandingPerson, estimate_floor, floor_from_camera
from tests.motion.scenes import FPS, static_camera, waving_motion

VIEW = static_camera(height=1.6, distance=6.0, pitch=0.1)
RATE = float(FPS)


def standing(place: tuple[float, float, float], size: float = 1.0, view: FloatArray = VIEW) -> StandingPerson:
    """Somebody at a place (x, y, z) m of the world, taken to be so many times as large and as far away as they are."""
    motion = waving_motion()
    rotations = motion.rotations.copy()
    rotations[:, 0] = rotation.multiply(rotation.from_matrix(view[:3, :3]), rotations[:, 0])
    root = size * camera.transform(view, motion.root_position + np.array(place))
    body = proportions.scale_skeleton(motion.skeleton, size)
    up = np.tile(view[:3, 1], (len(root), 1))
    return StandingPerson(body, rotations, root, np.ones((len(root), 33)), up)


def crowd() -> list[StandingPerson]:
    return [standing(place) for place in ((0.0, 0.0, 0.0), (1.5, 0.0, -3.0), (-1.0, 0.0, 1.5))]


def off(floor: Floor) -> float:
    """rad, between a direction and the true one that is up."""
    return float(np.arccos(np.clip(floor.up @ VIEW[:3, 1], -1.0, 1.0)))


def test_the_floor_is_where_the_feet_of_people_of_the_right_size_are() -> None:
    floor, sizes = estimate_floor(crowd(), RATE)
    assert off(floor) < 0.01
    assert floor.camera_height == pytest.approx(1.6, rel=0.03)
    np.testing.assert_allclose(sizes, 1.0, atol=0.02)


def test_a_floor_that_is_known_stays_and_says_how_large_people_are() -> None:
    known = floor_from_camera(VIEW)
    for size in (0.85, 1.0, 1.15):
        floor, sizes = estimate_floor([standing((0.5, 0.0, 0.0), size)], RATE, measured_floor=known)
        assert floor is known
        # Nearly: the lifter's opinion of the size counts, too.
        assert sizes[0] * size == pytest.approx(1.0, abs=0.35 * abs(size - 1) + 0.005)


def test_who_is_wrongly_taken_to_be_large_is_drawn_to_the_floor_of_the_others() -> None:
    wrong = standing((2.0, 0.0, 0.0), 1.12)
    _, sizes = estimate_floor([*crowd(), wrong], RATE)
    assert sizes[-1] * 1.12 == pytest.approx(1.0, abs=0.08)
    np.testing.assert_allclose(sizes[:-1], 1.0, atol=0.04)


def test_a_known_height_sets_the_scale_of_everything() -> None:
    stature = proportions.stature(waving_motion().skeleton)
    floor, sizes = estimate_floor([standing((0.0, 0.0, 0.0), 0.9), *crowd()], RATE, stature=stature)
    assert sizes[0] * 0.9 == pytest.approx(1.0, rel=1e-12)
    assert floor.camera_height == pytest.approx(1.6, rel=0.05)


def test_who_stands_on_a_table_is_as_large_as_before() -> None:
    floor, sizes = estimate_floor([*crowd(), standing((2.0, 0.8, 0.0))], RATE)
    assert off(floor) < 0.02
    assert floor.camera_height == pytest.approx(1.6, rel=0.05)
    assert sizes[-1] == pytest.approx(1.0, abs=0.03)


def test_who_comes_first_does_not_matter() -> None:
    people = [*crowd(), standing((2.0, 0.0, 1.0), 1.1)]
    floor, sizes = estimate_floor(people, RATE)
    again, reversed_sizes = estimate_floor(people[::-1], RATE)
    np.testing.assert_allclose(again.up, floor.up, atol=1e-9)
    np.testing.assert_allclose(reversed_sizes[::-1], sizes, atol=1e-9)
