"""Backgrounds of films: what stays, what vanishes, what is still."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from bodydouble.data import Performance, RgbImage
from bodydouble.errors import MediaError
from bodydouble.film.backgrounds import create_background
from tests.film.backgrounds.scenes import FPS, SIZE, Film, draw_figure, figure, make_film, moving_camera, texture

PLACE = texture(SIZE)
WIDE_PLACE = texture((640, 300), seed=1)


def walk(index: int) -> tuple[float, float]:
    return 40 + 6.0 * index, 130.0


def static_film(count: int = 40) -> Film:
    return make_film([PLACE] * count, walk)


def panning_film(count: int = 40) -> Film:
    places = [np.ascontiguousarray(WIDE_PLACE[20:260, 4 * i : 4 * i + SIZE[0]]) for i in range(count)]
    film = make_film(places, lambda i: (90 + 4.0 * i, 130.0))
    return Film(film.frames, film.places, moving_camera(film.performance))


def render(kind: str, film: Film) -> list[RgbImage]:
    background = create_background(kind, film.performance, film.open, film.size)
    return [background.frame(i, frame) for i, frame in enumerate(film.frames)]


def flicker(frames: list[RgbImage]) -> float:
    """Largest mean difference between consecutive frames, grey levels."""
    return max(float(np.abs(a.astype(int) - b).mean()) for a, b in pairwise(frames))


def test_original_is_the_frame() -> None:
    film = static_film(3)
    assert all(np.array_equal(a, b) for a, b in zip(render("original", film), film.frames, strict=True))


def test_plain_is_the_same_everywhere_in_time() -> None:
    film = static_film(3)
    first, second, _ = render("#204060", film)
    assert np.array_equal(first, second) and (first == (0x20, 0x40, 0x60)).all()
    assert flicker(render("plain", film)) == 0


def test_a_figure_vanishes_before_a_static_camera() -> None:
    film = static_film()
    for clean, place in zip(render("clean", film), film.places, strict=True):
        # The median of identical pixels is exact; the light and what moves are measured, but must not be seen here.
        assert np.abs(clean.astype(int) - place).max() <= 1


def test_a_static_background_is_still() -> None:
    # Noise of 3 grey levels in the frames must not be seen in the plate.
    film = static_film()
    rng = np.random.default_rng(0)
    noisy = [np.clip(f + rng.normal(0, 3, f.shape), 0, 255).astype(np.uint8) for f in film.frames]
    noisy_film = Film(noisy, film.places, film.performance)
    assert flicker(render("clean", noisy_film)) < 0.1
    assert flicker(render("toon", noisy_film)) < 0.1


def test_a_figure_that_stands_still_is_filled_from_its_surroundings() -> None:
    stripes = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    stripes[:] = (90 + 60 * (np.arange(SIZE[0]) // 12 % 2))[None, :, None]
    film = make_film([stripes] * 8, lambda _: (160.0, 130.0))
    clean = render("clean", film)[4]
    # Vertical stripes go on behind the figure: patches must be found that continue them, not a smooth mean of 120.
    error = np.abs(clean.astype(int) - stripes)[film.covered(4)]
    assert error.mean() < 10
    assert flicker(render("clean", film)) == 0


def test_a_figure_vanishes_before_a_panning_camera() -> None:
    film = panning_film()
    cleaned = render("clean", film)
    for index in range(len(film.frames)):
        covered = film.covered(index)
        error = np.abs(cleaned[index].astype(int) - film.places[index]).mean(axis=-1)
        # The figure differs from the place by about 90; interpolation between pixels blurs the marks by some levels.
        assert error[covered].mean() < 8
        assert error[~cv2.dilate(covered.astype(np.uint8), np.ones((61, 61))).astype(bool)].max() == 0


def test_a_drawn_backdrop_pans_with_the_camera() -> None:
    film = panning_film()
    drawn = render("toon", film)
    for index in (5, 20, 30):
        moved = np.roll(drawn[index], -4, axis=1)[:, 8:-8]
        # The same drawing, 4 px farther: only interpolation differs.
        assert np.abs(drawn[index + 1][:, 8:-8].astype(int) - moved).mean() < 4


def test_each_shot_has_its_own_plate() -> None:
    other = 255 - texture(SIZE, seed=5)[::-1]
    places = [PLACE] * 20 + [np.ascontiguousarray(other)] * 20
    film = make_film(places, lambda i: (60 + 9.0 * (i % 20), 130.0))
    for clean, place in zip(render("clean", film), film.places, strict=True):
        assert np.abs(clean.astype(int) - place).max() <= 1


def test_things_that_move_and_are_not_people_stay() -> None:
    def paint(index: int, image: RgbImage) -> RgbImage:
        image = image.copy()
        cv2.circle(image, (300 - 7 * index, 40), 16, (250, 250, 30), -1)
        return image

    film = make_film([PLACE] * 40, lambda _: (60.0, 150.0), paint)
    clean = render("clean", film)
    for index in (5, 15, 20):
        center = clean[index][38:43, 298 - 7 * index : 303 - 7 * index]
        assert np.abs(center.astype(int) - (250, 250, 30)).mean() < 20


def test_a_change_of_light_is_followed() -> None:
    film = static_film()
    light = np.linspace(1.0, 0.6, len(film.frames))
    dark = [np.round(frame * gain).astype(np.uint8) for frame, gain in zip(film.frames, light, strict=True)]
    clean = render("clean", Film(dark, film.places, film.performance))
    for index in (0, 20, 39):
        # Changes of up to 5 % count as flicker; a lag of 0.2 s at a change of 20 % per second makes 4 %.
        assert np.abs(clean[index].astype(float) - light[index] * film.places[index]).mean() < 0.1 * 130


def test_a_mirrored_film_has_a_mirrored_clean_background() -> None:
    film = static_film()
    points = np.stack([figure(walk(i)) for i in range(40)])
    points[..., 0] = SIZE[0] - points[..., 0]
    mirrored_place = np.ascontiguousarray(PLACE[:, ::-1])
    mirrored = make_film([mirrored_place] * 40, lambda i: (SIZE[0] - walk(i)[0], 130.0))
    for a, b in zip(render("clean", film), render("clean", mirrored), strict=True):
        assert np.abs(a[:, ::-1].astype(int) - b).max() <= 1


def test_a_film_of_another_size_than_the_performance() -> None:
    film = static_film()
    half = SIZE[0] // 2, SIZE[1] // 2
    small = [np.asarray(cv2.resize(f, half, interpolation=cv2.INTER_AREA), np.uint8) for f in film.frames]
    place = cv2.resize(PLACE, half, interpolation=cv2.INTER_AREA)
    clean = render("clean", Film(small, film.places, film.performance, half))
    assert all(np.abs(image.astype(int) - place).max() <= 1 for image in clean)


def test_nobody_in_the_film() -> None:
    performance = Performance(FPS, 5, static_film(5).performance.camera, ())
    film = Film([PLACE] * 5, [PLACE] * 5, performance)
    assert all(np.abs(image.astype(int) - PLACE).max() <= 1 for image in render("clean", film))


def test_an_image_covers_the_film(tmp_path: Path) -> None:
    wide = np.zeros((100, 400, 3), np.uint8)
    wide[:, 200:] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    shown = render(str(tmp_path / "wide.png"), static_film(3))
    assert shown[0].shape == (SIZE[1], SIZE[0], 3)
    # The middle of the picture is the middle of the film, and nothing of it is squeezed.
    assert (shown[2][:, :150] < 5).all() and (shown[2][:, 170:] > 250).all()


def test_unknown_names_give_one_clear_line() -> None:
    film = static_film(2)
    with pytest.raises(MediaError, match="no background 'cartoon': give original, clean, toon, plain"):
        create_background("cartoon", film.performance, film.open, film.size)


def test_sources_are_not_modified() -> None:
    film = panning_film(16)
    before = [frame.copy() for frame in film.frames]
    for kind in ("clean", "toon", "original"):
        render(kind, film)
    assert all(np.array_equal(a, b) for a, b in zip(before, film.frames, strict=True))
    assert draw_figure(PLACE, figure((50, 100))) is not PLACE


def test_a_table_before_a_figure_stays_in_front() -> None:
    def paint(_: int, image: RgbImage) -> RgbImage:
        image = image.copy()
        image[120:230, 130:190] = texture((60, 110), seed=9) // 2
        return image

    film = make_film([PLACE] * 80, lambda i: (90 + 1.8 * i, 130.0), paint)
    opacity = create_background("clean", film.performance, film.open, film.size).foreground(40)
    assert opacity is not None
    body = slice(125, 165)
    assert opacity[body, 138:182].mean() > 0.9
    # A false foreground cuts holes into characters.
    assert opacity[:, :124].max() == 0 and opacity[:, 196:].max() == 0 and opacity[:108].max() == 0


def test_nothing_is_known_to_stand_before_a_figure_in_the_open() -> None:
    film = static_film()
    assert create_background("clean", film.performance, film.open, film.size).foreground(20) is None


def test_clothes_of_the_colour_of_a_wall_are_no_foreground() -> None:
    wall = np.full_like(PLACE, 0) + np.array((40, 30, 160), np.uint8)
    film = make_film([wall] * 40, walk)
    assert create_background("clean", film.performance, film.open, film.size).foreground(20) is None


def test_nothing_is_known_about_depth_before_a_moving_camera() -> None:
    film = panning_film(16)
    assert create_background("clean", film.performance, film.open, film.size).foreground(8) is None


def test_the_shadow_of_a_figure_that_stands_still_vanishes() -> None:
    floor = np.full_like(PLACE, 0) + np.array((150, 140, 120), np.uint8)

    def paint(_: int, image: RgbImage) -> RgbImage:
        shaded = image.copy()
        cv2.ellipse(shaded, (180, 172), (34, 6), 0, 0, 360, (90, 84, 72), -1)
        # The figure itself is not shaded.
        return np.where((image == floor).all(axis=-1, keepdims=True), shaded, image)

    film = make_film([floor] * 8, lambda _: (160.0, 130.0), paint)
    clean = render("clean", film)[4]
    assert np.abs(clean.astype(int) - floor).mean() < 1
    assert np.abs(clean[166:178, 185:210].astype(int) - floor[0, 0]).mean() < 10


def test_a_dark_mat_under_a_figure_that_stands_still_is_no_shadow() -> None:
    floor = np.full_like(PLACE, 0) + np.array((150, 140, 120), np.uint8)
    floor[140:204, 96:224] = (90, 84, 72)
    film = make_film([floor] * 8, lambda _: (160.0, 130.0))
    clean = render("clean", film)[4]
    outside = ~film.covered(4)
    assert np.abs(clean.astype(int) - floor)[outside].mean() < 1
