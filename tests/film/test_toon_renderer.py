import numpy as np
import pytest

from bodydouble.data import FloatArray, RgbaImage
from bodydouble.film.toon_renderer import ToonRenderer
from bodydouble.geometry.camera import intrinsics_from_focal_length, project, transform
from tests.render.cameras import level_camera
from tests.render.figure import STRIDE, build_ball, build_figure, place_joint, pose_figure

SIZE = (320, 240)
RED, BLUE = (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0)


def draw_balls(places: list[FloatArray], colors: list[tuple[float, float, float, float]], radius: float) -> RgbaImage:
    """Draws balls at places (3,) m before a level camera at a height of 1.2 m, 4 m away from the origin."""
    intrinsics = intrinsics_from_focal_length(300.0, SIZE)
    with ToonRenderer(SIZE, [build_ball(radius, color) for color in colors]) as renderer:
        return renderer.draw([place_joint(place) for place in places], intrinsics, level_camera())


def test_absent_people_draw_nothing() -> None:
    intrinsics = intrinsics_from_focal_length(300.0, SIZE)
    with ToonRenderer(SIZE, [build_figure()]) as renderer:
        image = renderer.draw([None], intrinsics, level_camera())
    assert image.shape == (240, 320, 4)
    assert not image.any()


def test_a_figure_is_drawn_from_the_first_image_on() -> None:
    character = build_figure()
    matrices = pose_figure(character, STRIDE, np.array([0.0, 0.95, 0.0]))
    intrinsics = intrinsics_from_focal_length(300.0, SIZE)
    with ToonRenderer(SIZE, [character]) as renderer:
        first, second = (renderer.draw([matrices], intrinsics, level_camera()) for _ in range(2))
    assert (first[..., 3] == 255).mean() > 0.02
    np.testing.assert_array_equal(first, second)


def test_alpha_is_premultiplied() -> None:
    image = draw_balls([np.array([0.0, 0.3, 0.0])], [RED], 0.3).astype(int)
    assert np.all(image[..., :3] <= image[..., 3:])
    shadow = (image[..., 3] > 0) & (image[..., 3] < 200) & (image[..., :3].max(axis=-1) == 0)
    assert shadow.sum() > 100


def test_the_lit_side_has_the_colour_of_the_material() -> None:
    image = draw_balls([np.array([0.0, 1.2, 0.0])], [(0.2, 0.5, 0.1, 1.0)], 0.5)
    colors, counts = np.unique(image[image[..., 3] == 255], axis=0, return_counts=True)
    # sRGB of linear 0.2, 0.5 and 0.1
    np.testing.assert_allclose(colors[counts.argmax()], [124, 188, 89, 255], atol=1)


@pytest.mark.parametrize("order", [1, -1])
def test_the_nearer_one_hides_the_farther_one(order: int) -> None:
    places, colors = [np.array([0.0, 1.2, 0.5]), np.array([0.0, 1.2, -0.5])][::order], [RED, BLUE][::order]
    center = draw_balls(places, colors, 0.3)[120, 160]
    assert center[0] > 150 > center[2]


@pytest.mark.parametrize("distance", [0.4, 3.0, 60.0, 2000.0])
def test_balls_appear_where_the_camera_projects_them(distance: float) -> None:
    intrinsics = intrinsics_from_focal_length(300.0, SIZE)
    place = distance * np.array([0.1, 0.05, -1.0]) + [0.0, 2.0, 0.0]
    camera = level_camera(2.0, 0.0)
    with ToonRenderer(SIZE, [build_ball(0.05 * distance, RED)]) as renderer:
        image = renderer.draw([place_joint(place)], intrinsics, camera)
    rows, columns = np.nonzero(image[..., 0] > 100)
    center = project(intrinsics, transform(camera, place[None])[0])
    np.testing.assert_allclose([columns.mean() + 0.5, rows.mean() + 0.5], center, atol=0.75)
