"""Place and size of the characters of a film."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.bench.film import PlaceErrors, measure_place, summarize_place
from bodydouble.data import Performance
from bodydouble.film.figures import Figure
from bodydouble.pipeline.film_cast import choose_characters, create_figures, load_casts
from bodydouble.pipeline.film_options import FilmOptions
from tests.film.film_builders import SIZE, build_performance

PERFORMANCE = build_performance()


def create(performance: Performance, character: str) -> list[Figure]:
    (cast,) = load_casts(FilmOptions((character,)))
    return create_figures(performance, choose_characters(performance, cast))


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    return create(PERFORMANCE, "mannequin")


def shifted(metres: float) -> Performance:
    """Returns the performance with everybody moved to the left of the picture, along -X of the world."""
    people = tuple(
        replace(person, motion=replace(person.motion, root_position=person.motion.root_position - [metres, 0.0, 0.0]))
        for person in PERFORMANCE.people
    )
    return replace(PERFORMANCE, people=people)


def test_a_character_with_the_proportions_of_the_person_stands_on_the_feet(figures: list[Figure]) -> None:
    for error in measure_place(PERFORMANCE, figures):
        assert np.median(error.feet) < 0.01
        assert np.median(error.size) < 0.04


def test_feet_of_people_who_stand_elsewhere_are_as_far_away(figures: list[Figure]) -> None:
    before, after = measure_place(PERFORMANCE, figures), measure_place(PERFORMANCE, figures, shifted(0.5))
    focal_length, depth = PERFORMANCE.camera.intrinsics[0, 0], 4.0
    for near, far in zip(before, after, strict=True):
        assert np.median(far.feet) == pytest.approx(0.5 * focal_length / depth / SIZE[1], rel=0.25)
        assert np.median(near.feet) < np.median(far.feet) / 4


def test_percent_are_printed_per_person() -> None:
    errors = [PlaceErrors("person1", np.array([0.01, 0.02, 0.03]), np.array([0.1, 0.1, 0.1]))]
    (row,) = summarize_place(errors)
    assert row["person"] == "person1"
    assert row["feet_median_percent"] == pytest.approx(2.0)
    assert row["size_p95_percent"] == pytest.approx(10.0)
