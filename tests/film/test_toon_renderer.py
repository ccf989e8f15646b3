from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bodydouble.data import Character, FloatArray, RgbaImage
from bodydouble.film.toon_renderer import ToonRenderer
from bodydouble.geometry.camera import intrinsics_from_focal_length, project, transform
from bodydouble.skeletons import humanoid
from tests.film.figures import FLAT, create_body, create_material, create_plate
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


def draw_body(character: Character, distance: float = 2.0, size: tuple[int, int] = (200, 200)) -> RgbaImage:
    """Draws a rigid character at a height of 1 m, with a level camera before it."""
    intrinsics = intrinsics_from_focal_length(400.0, size)
    with ToonRenderer(size, [character]) as renderer:
        return renderer.draw([place_joint(np.array([0.0, 1.0, 0.0]))], intrinsics, level_camera(1.0, distance))


def test_a_lit_surface_has_the_colours_of_its_texture() -> None:
    colors = np.array([[[250, 10, 60], [20, 130, 90]], [[5, 5, 200], [128, 128, 128]]], dtype=np.uint8)
    stream = BytesIO()
    Image.fromarray(colors.repeat(32, axis=0).repeat(32, axis=1)).save(stream, "PNG")
    material = create_material("cloth", (1.0, 1.0, 1.0), texture_png=stream.getvalue())
    image = draw_body(create_body(create_plate(0.5, np.zeros(3), material=material)))
    for row in (0, 1):
        for column in (0, 1):
            pixel = image[75 + 50 * row, 75 + 50 * column]
            np.testing.assert_allclose(pixel, [*colors[row, column], 255], atol=1)


def test_the_mirrored_pose_gives_the_mirrored_silhouette() -> None:
    character = build_figure()
    mirrored = {humanoid.mirrored_name(name): (x, -y, -z) for name, (x, y, z) in STRIDE.items()}
    intrinsics = intrinsics_from_focal_length(300.0, SIZE)
    with ToonRenderer(SIZE, [character]) as renderer:
        masks = [
            renderer.draw([pose_figure(character, pose, np.array([0.0, 0.95, 0.0]))], intrinsics, level_camera())[
                ..., 3
            ]
            > 250
            for pose in (STRIDE, mirrored)
        ]
    assert masks[0].sum() > 2000
    # The pattern of samples in a pixel is not symmetric.
    assert (masks[0] != masks[1][:, ::-1]).sum() < 0.05 * masks[0].sum()


def outline_width(character: Character, distance: float) -> float:
    """Returns the mean width in px of the red outline of a white plate, in a picture 200 px high."""
    image = draw_body(character, distance).astype(float)
    row = image[100]
    return float((row[:, 0] - row[:, 1]).sum() / 255.0 / 2.0)


def outlined_plate(mode: str, width: float) -> Character:
    toon = FLAT | {"outlineWidthMode": mode, "outlineWidthFactor": width, "outlineColorFactor": [1.0, 0.0, 0.0]}
    toon |= {"outlineLightingMixFactor": 0.0}
    ball = build_ball(0.2, (1.0, 1.0, 1.0, 1.0)).meshes[0]
    return create_body(ball, toon={ball.material.name: toon})


@pytest.mark.parametrize("width", [0.01, 0.02])
def test_outlines_on_the_screen_have_the_same_width_at_all_distances(width: float) -> None:
    character = outlined_plate("screenCoordinates", width)
    widths = [outline_width(character, distance) for distance in (1.2, 3.0, 9.0)]
    np.testing.assert_allclose(widths, 200 * width, atol=0.35)


def test_outlines_in_metres_shrink_with_the_distance() -> None:
    character = outlined_plate("worldCoordinates", 0.02)
    widths = [outline_width(character, distance) for distance in (1.0, 2.0, 4.0)]
    # A ball of 20 cm hides a part of the hull behind it when it is near.
    np.testing.assert_allclose(widths, [8.0, 4.0, 2.0], rtol=0.15)


def test_outlines_that_a_file_leaves_out_are_not_drawn() -> None:
    assert outline_width(outlined_plate("none", 0.02), 2.0) == 0.0


def head_behind_hair(distance: float) -> Character:
    """Returns a red eye on a white face, behind blue hair at a distance in m."""
    toon: dict[str, dict[str, Any]] = dict.fromkeys(("face", "hair"), FLAT)
    return create_body(
        create_plate(0.3, np.zeros(3), material=create_material("face", (1.0, 1.0, 1.0)), name="face"),
        create_plate(0.1, np.array([0.0, 0.0, 0.002]), material=create_material("eye", (1.0, 0.0, 0.0), is_unlit=True)),
        create_plate(0.2, np.array([0.0, 0.0, distance]), material=create_material("hair", (0.0, 0.0, 1.0))),
        toon=toon,
    )


def test_eyes_are_seen_through_near_hair_only() -> None:
    near, far = (draw_body(head_behind_hair(distance))[100, 100] for distance in (0.02, 0.06))
    np.testing.assert_allclose(near, [128, 0, 128, 255], atol=2)
    np.testing.assert_array_equal(far, [0, 0, 255, 255])


def test_eyes_that_hide_nothing_are_drawn_as_they_are() -> None:
    image = draw_body(create_body(*head_behind_hair(0.02).meshes[:2], toon={"face": FLAT}))
    np.testing.assert_array_equal(image[100, 100], [255, 0, 0, 255])
    np.testing.assert_array_equal(image[100, 75], [255, 255, 255, 255])


@pytest.mark.parametrize(("name", "is_shadowed"), [("cloth", True), ("hair", False)])
def test_parts_cast_shadows_on_all_but_hair(name: str, is_shadowed: bool) -> None:
    wall = create_plate(1.0, np.array([0.0, 0.0, -0.2]), material=create_material(name, (0.5, 0.5, 0.5)))
    lamp_shade = create_plate(0.1, np.zeros(3), material=create_material("lamp shade", (0.9, 0.1, 0.1)))
    image = draw_body(create_body(wall, lamp_shade), distance=4.0).astype(int)
    wall_color = image[60, 60]
    grey = (np.ptp(image[..., :3], axis=-1) < 40) & (image[..., 3] == 255)
    dark = grey & (wall_color[0] - image[..., 0] > 20)
    inner = dark[55:145, 55:145]
    assert (inner.sum() > 50) == is_shadowed
    if is_shadowed:
        rows, columns = np.nonzero(inner)
        # The light comes from the upper left, so the shadow falls to the lower right.
        assert rows.mean() > 45 + 5
        assert columns.mean() > 45 + 5


def test_the_light_turns_with_the_camera() -> None:
    intrinsics = intrinsics_from_focal_length(300.0, SIZE)
    images = []
    with ToonRenderer(SIZE, [build_ball(0.4, (0.5, 0.5, 0.5, 1.0))]) as renderer:
        for angle in (0.0, 2.0):
            turn = np.eye(4)
            turn[[0, 0, 2, 2], [0, 2, 0, 2]] = np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)
            images.append(renderer.draw([place_joint(np.array([0.0, 1.2, 0.0]))], intrinsics, level_camera() @ turn))
    # The ball's mesh is not quite round.
    assert np.abs(images[0].astype(int) - images[1]).mean() < 2.0


def test_the_higher_a_figure_is_the_weaker_is_its_shadow() -> None:
    shades = []
    for height in (0.2, 0.9, 1.3):
        image = draw_balls([np.array([0.0, height, 0.0])], [RED], 0.2)
        shades.append(int(image[image[..., 0] == 0][:, 3].astype(int).sum()))
    assert shades[0] > 1.5 * shades[1] > shades[2] == 0
