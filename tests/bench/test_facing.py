"""Laws of the facing benchmark."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.bench import facing
from bodydouble.data import Performance
from bodydouble.geometry import rotation
from tests import builders


def turned_about(performance: Performance) -> Performance:
    """The same performance with every person turned about by 180 degrees on the spot."""
    half_turn = rotation.from_rotvec(np.array([0.0, np.pi, 0.0]))
    people = []
    for person in performance.people:
        rotations = person.motion.rotations.copy()
        rotations[:, 0] = rotation.multiply(half_turn, rotations[:, 0])
        people.append(replace(person, motion=replace(person.motion, rotations=rotations)))
    return replace(performance, people=tuple(people))


def test_a_performance_shows_the_right_side_with_respect_to_itself() -> None:
    performance = builders.performance(12, people=1)
    errors = facing.measure_facing("clip", performance, performance)
    assert errors.frames > 0
    assert errors.wrong_side_percent == 0
    assert errors.mean_error_deg == pytest.approx(0, abs=1e-3)
    assert errors.changes == 0


def test_a_person_who_is_turned_about_shows_the_wrong_side() -> None:
    performance = builders.performance(12, people=1)
    errors = facing.measure_facing("clip", turned_about(performance), performance)
    assert errors.wrong_side_percent == 100
    assert errors.changes == 0


def test_without_ground_truth_there_are_no_figures_of_it() -> None:
    errors = facing.measure_facing("clip", builders.performance(12, people=1))
    assert np.isnan(errors.wrong_side_percent)
    assert facing.as_dict("fast", [errors])["clips"][0]["wrong_side_percent"] is None
    headings, rows = facing.tabulate([errors])
    assert len(headings) == len(rows[0])
    assert "-" in rows[0]
