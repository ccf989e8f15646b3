"""Characters that fade in and out."""

from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import Track
from bodydouble.film.fading import FADE_TIME, compute_opacity
from bodydouble.film.figures import FramePoses
from bodydouble.film.painter import _CastDrawer
from bodydouble.render.preview import is_drawn
from tests.film.film_builders import FPS, FRAMES, SIZE, build_performance

STEPS = round(FADE_TIME * 30)


def spans(*bounds: tuple[int, int], count: int = 60) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    drawn = np.zeros(count, dtype=bool)
    for start, stop in bounds:
        drawn[start:stop] = True
    return drawn


def test_a_character_fades_at_both_ends_of_a_span() -> None:
    opacity = compute_opacity(spans((10, 40)), 30.0, 5, 100)
    np.testing.assert_allclose(opacity[9 : 10 + STEPS + 1], np.arange(STEPS + 2) / (STEPS + 1))
    np.testing.assert_allclose(opacity, opacity[::-1][10:].tolist() + [0.0] * 10)
    assert opacity[10 + STEPS : 40 - STEPS].min() == 1.0


@pytest.mark.parametrize("fps", [5.0, 24.0, 60.0])
def test_a_fade_takes_the_same_time_at_all_rates(fps: float) -> None:
    opacity = compute_opacity(np.ones(400, dtype=bool), fps, 7, 500)
    assert abs((opacity < 1).sum() / 2 / fps - FADE_TIME) <= 0.5 / fps


def test_nobody_fades_at_cuts_and_at_the_ends_of_the_film() -> None:
    drawn = spans((0, 20), (25, 60))
    assert (compute_opacity(drawn, 30.0, 0, 60, [20, 25]) == drawn).all()
    assert (compute_opacity(drawn, 30.0, 3, 63, [3, 23, 28]) == drawn).all()


def test_in_a_shot_in_which_nobody_saw_the_person_the_character_is_not_drawn() -> None:
    observed = spans((0, 20), (30, 60))
    empty = np.zeros((60, 33, 3))
    track = Track(np.arange(5, 65), observed, np.zeros((60, 4)), empty, empty)
    assert is_drawn(track, 30.0).all()
    assert (is_drawn(track, 30.0, [25, 35]) == observed).all()
    assert is_drawn(track, 30.0, [28]).all()


def test_a_faded_picture_is_a_mean_of_pictures_with_and_without_the_character() -> None:
    from bodydouble.pipeline.film_cast import choose_characters, create_figures, load_casts
    from bodydouble.pipeline.film_options import FilmOptions

    performance = build_performance()
    (cast,) = load_casts(FilmOptions(("mannequin",)))
    figures = create_figures(performance, choose_characters(performance, cast))
    camera = performance.camera
    view = camera.intrinsics, camera.camera_from_world[0]

    def draw(opacities: tuple[float, float]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        rows = tuple(5 if opacity else None for opacity in opacities)
        matrices = [None if row is None else f.joint_matrices[row] for f, row in zip(figures, rows, strict=True)]
        with _CastDrawer(figures, SIZE) as drawer:
            return drawer.draw(FramePoses(rows, matrices, [None, None], opacities), *view).astype(np.float64)

    first, both, nobody = draw((1.0, 0.0)), draw((1.0, 1.0)), draw((0.0, 0.0))
    assert np.abs(first - both).max() > 100
    assert nobody.max() == 0
    np.testing.assert_allclose(draw((1.0, 0.25)), 0.75 * first + 0.25 * both, atol=1)
    np.testing.assert_allclose(draw((0.5, 0.25)), 0.25 * first + 0.25 * both, atol=1)


def test_a_person_who_enters_during_the_film_fades_in() -> None:
    from bodydouble.pipeline.film_cast import choose_characters, create_figures, load_casts
    from bodydouble.pipeline.film_options import FilmOptions

    assert Fraction(FPS) == 30
    performance = build_performance()
    (cast,) = load_casts(FilmOptions(("mannequin",)))
    first, second = create_figures(performance, choose_characters(performance, cast))
    assert len(first.opacity) == FRAMES
    assert first.opacity.min() == 1.0
    assert (second.opacity[:STEPS] < 1.0).all()
    assert second.opacity[STEPS:].min() == 1.0
