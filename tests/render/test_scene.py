from dataclasses import replace
from io import BytesIO

import moderngl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bodydouble.data import Character, FloatArray, Material, MorphTarget, RgbImage, Texture, TexturePlacement
from bodydouble.errors import RenderingUnavailableError
from bodydouble.geometry.camera import intrinsics_from_focal_length, inverse, project, transform
from bodydouble.geometry.kinematics import inverse_bind_matrices
from bodydouble.geometry.rotation import from_rotvec, to_matrix
from bodydouble.render.context import open_context, query_renderer_name
from bodydouble.render.model import SkinnedModel, compile_programs
from bodydouble.render.scene import SceneRenderer
from bodydouble.render.surface import place_coordinates
from tests.render.cameras import level_camera
from tests.render.figure import STRIDE, build_ball, build_figure, build_rigid_body, place_joint, pose_figure

SIZE = (320, 240)
BLUE, ORANGE = (50, 150, 250), (255, 120, 80)
RED = (1.0, 0.0, 0.0, 1.0)
STANDING = np.array([0.0, 0.95, 0.0])


def _red(image: RgbImage) -> FloatArray:
    """Centres (N, 2) of the pixels that are mostly red."""
    r, g, b = np.moveaxis(image.astype(int), -1, 0)
    rows, columns = np.nonzero(r - np.maximum(g, b) > 60)
    return np.stack([columns, rows], axis=-1) + 0.5


@pytest.mark.parametrize("principal_point", [(160.0, 120.0), (90.0, 180.0), (310.0, -20.0)])
@settings(max_examples=8, deadline=None)
@given(
    st.tuples(st.floats(20, 300), st.floats(20, 220)),
    st.floats(0.5, 30.0),
    st.tuples(*[st.floats(-1.0, 1.0)] * 3),
)
def test_markers_appear_where_the_camera_projects_them(
    principal_point: tuple[float, float],
    pixel: tuple[float, float],
    depth: float,
    rotation_vector: tuple[float, float, float],
) -> None:
    cx, cy = principal_point
    intrinsics = np.array([[400.0, 0.0, cx], [0.0, 380.0, cy], [0.0, 0.0, 1.0]])
    camera_from_world = np.eye(4)
    camera_from_world[:3, :3] = to_matrix(from_rotvec(np.array(rotation_vector)))
    camera_from_world[:3, 3] = 0.3, 1.0, 0.5
    in_camera = depth * np.array([(pixel[0] - cx) / 400.0, (pixel[1] - cy) / 380.0, 1.0])
    in_world = transform(inverse(camera_from_world), in_camera[None])[0]
    radius = 5.0 / 400.0 * depth
    with SceneRenderer(SIZE, [build_ball(radius, RED)], [BLUE]) as scene:
        red_pixels = _red(scene.draw([place_joint(in_world)], intrinsics, camera_from_world))
    assert len(red_pixels) > 20
    np.testing.assert_allclose(red_pixels.mean(axis=0), project(intrinsics, in_camera), atol=0.75)


@pytest.mark.parametrize("distance", [0.3, 3.0, 60.0])
def test_characters_are_drawn_at_all_depths(distance: float) -> None:
    intrinsics = intrinsics_from_focal_length(300.0, SIZE)
    with SceneRenderer(SIZE, [build_ball(0.05 * distance, RED)], [BLUE]) as scene:
        red_pixels = _red(
            scene.draw([place_joint(np.array([0.0, 2.0, -distance]))], intrinsics, level_camera(2.0, 0.0))
        )
    assert len(red_pixels) == pytest.approx(np.pi * 15.0**2, rel=0.1)


def test_absent_people_draw_nothing() -> None:
    intrinsics, camera = intrinsics_from_focal_length(300.0, SIZE), level_camera()
    character = build_figure()
    with SceneRenderer(SIZE, [character, character], [BLUE, ORANGE]) as scene, SceneRenderer(SIZE, [], []) as empty:
        studio = empty.draw([], intrinsics, camera)
        np.testing.assert_array_equal(scene.draw([None, None], intrinsics, camera), studio)
        behind = pose_figure(character, STRIDE, np.array([0.0, 0.95, 20.0]))
        np.testing.assert_array_equal(scene.draw([behind, None], intrinsics, camera), studio)


def test_a_frame_does_not_depend_on_the_frames_before() -> None:
    intrinsics, camera = intrinsics_from_focal_length(300.0, SIZE), level_camera()
    character = build_figure()
    poses = [pose_figure(character, STRIDE, STANDING + np.array([x, 0.0, 0.0])) for x in (0.0, 0.8, -0.5)]
    with SceneRenderer(SIZE, [character], [BLUE]) as scene:
        first = [scene.draw([matrices], intrinsics, camera) for matrices in poses]
        scene.draw([poses[0]], intrinsics, level_camera(0.5, 2.0))
        again = [scene.draw([matrices], intrinsics, camera) for matrices in reversed(poses)]
    for a, b in zip(first, reversed(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], first[1])


def test_skinning_is_linear_blend_skinning() -> None:
    character = build_figure()
    matrices = pose_figure(character, STRIDE, STANDING + np.array([0.3, 0.1, -0.2]))
    with open_context() as context:
        context.simple_framebuffer((1, 1)).use()  # OpenGL runs no vertex shader without one
        model = SkinnedModel(context, compile_programs(context), character, np.ones(3))
        model.pose(matrices)
        on_card = model.read_posed_vertices()
    context.release()
    mesh = character.meshes[0]
    blended = np.einsum("vk,vkij->vij", mesh.weights, (matrices @ inverse_bind_matrices(character))[mesh.joints])
    positions = np.einsum("vij,vj->vi", blended[:, :3, :3], mesh.positions) + blended[:, :3, 3]
    normals = np.einsum("vij,vj->vi", blended[:, :3, :3], mesh.normals)
    np.testing.assert_allclose(on_card, np.concatenate([positions, normals], axis=1), atol=2e-5)


def test_shadows_darken_the_floor_near_the_feet() -> None:
    intrinsics, camera = intrinsics_from_focal_length(300.0, SIZE), level_camera()
    character = build_figure()
    with SceneRenderer(SIZE, [character], [BLUE]) as scene:
        studio = scene.draw([None], intrinsics, camera).astype(int)
        standing = scene.draw([pose_figure(character, {}, STANDING)], intrinsics, camera).astype(int)
    ankle = project(intrinsics, transform(camera, np.array([[0.0, 0.0, 0.0]])))[0]
    column, row = ankle.astype(int)
    between_feet = np.s_[row - 2 : row + 3, column - 2 : column + 3]
    assert standing[between_feet].mean() < studio[between_feet].mean() - 8


def test_characters_without_colours_are_tinted() -> None:
    intrinsics, camera = intrinsics_from_focal_length(300.0, SIZE), level_camera()
    middle = np.s_[100:120, 150:170]
    images = {}
    for name, base in (("grey", (0.8, 0.8, 0.8, 1.0)), ("green", (0.1, 0.7, 0.1, 1.0))):
        character = build_figure(base)
        with SceneRenderer(SIZE, [character, character], [BLUE, ORANGE]) as scene:
            matrices = pose_figure(character, {}, STANDING)
            for person in (0, 1):
                poses = [matrices if person == i else None for i in (0, 1)]
                images[name, person] = scene.draw(poses, intrinsics, camera)[middle].reshape(-1, 3).mean(axis=0)
    assert np.argmax(images["grey", 0]) == 2
    assert np.argmax(images["grey", 1]) == 0
    assert np.argmax(images["green", 0]) == np.argmax(images["green", 1]) == 1


def test_textures_have_their_origin_at_the_top_left() -> None:
    corners = np.array([[-0.5, 1.5, 0.0], [0.5, 1.5, 0.0], [-0.5, 0.5, 0.0], [0.5, 0.5, 0.0]])
    uvs = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    pixels = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 0]]], dtype=np.uint8)
    png = BytesIO()
    Image.fromarray(pixels.repeat(64, axis=0).repeat(64, axis=1)).save(png, "PNG")
    material = Material(base_color=(1.0, 1.0, 1.0, 1.0), texture_png=png.getvalue())
    normals = np.tile([0.0, 0.0, 1.0], (4, 1))
    sheet = build_rigid_body(corners, normals, np.array([[0, 2, 1], [1, 2, 3]]), material, uvs)
    with SceneRenderer(SIZE, [sheet], [BLUE]) as scene:
        image = scene.draw(
            [place_joint(np.zeros(3))], intrinsics_from_focal_length(300.0, SIZE), level_camera(1.0, 2.5)
        )
    quarters = [image[y, x].astype(int) > 128 for y in (90, 150) for x in (130, 190)]
    assert [tuple(q) for q in np.array(quarters)] == [
        (True, False, False), (False, True, False), (False, False, True), (True, True, False),
    ]  # fmt: skip


def test_the_renderer_name_is_not_empty() -> None:
    assert query_renderer_name()


def test_missing_opengl_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> moderngl.Context:
        raise Exception("libEGL.so.1 not loaded")

    monkeypatch.setattr(moderngl, "create_context", fail)
    for attempt in (query_renderer_name, lambda: SceneRenderer(SIZE, [], [])):
        with pytest.raises(RenderingUnavailableError, match=r"libEGL\.so\.1 not loaded") as caught:
            attempt()
        assert "\n" not in str(caught.value)
        assert "install" in str(caught.value)


def _sheet(material: Material, depth: float = 0.0, front: bool = True) -> Character:
    """Returns a square of 1 m that faces the camera or turns its back on it."""
    corners = np.array([[-0.5, 1.5, depth], [0.5, 1.5, depth], [-0.5, 0.5, depth], [0.5, 0.5, depth]])
    uvs = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    triangles = np.array([[0, 2, 1], [1, 2, 3]])
    normals = np.tile([0.0, 0.0, 1.0], (4, 1))
    return build_rigid_body(corners, normals, triangles if front else triangles[:, ::-1], material, uvs)


def _draw_sheets(*sheets: Character) -> RgbImage:
    intrinsics, camera = intrinsics_from_focal_length(300.0, SIZE), level_camera(1.0, 2.5)
    with SceneRenderer(SIZE, sheets, [BLUE] * len(sheets)) as scene:
        return scene.draw([place_joint(np.zeros(3))] * len(sheets), intrinsics, camera)


def _halves(left: tuple[int, int, int, int], right: tuple[int, int, int, int]) -> bytes:
    """Returns a PNG whose left and right halves have an RGBA colour each."""
    png = BytesIO()
    pixels = np.array([[left, right]], dtype=np.uint8).repeat(64, axis=0).repeat(64, axis=1)
    Image.fromarray(pixels).save(png, "PNG")
    return png.getvalue()


LEFT, RIGHT = np.s_[110:130, 115:140], np.s_[110:130, 180:205]
"""Pixels within the left and the right half of a sheet."""


def test_masked_texels_are_not_drawn() -> None:
    texture = _halves((255, 0, 0, 90), (255, 0, 0, 160))
    base = (1.0, 1.0, 1.0, 1.0)
    images = {
        cutoff: _draw_sheets(_sheet(Material("m", base, texture_png=texture, alpha_mode="mask", alpha_cutoff=cutoff)))
        for cutoff in (0.2, 0.5, 0.8)
    }
    drawn = {cutoff: [len(_red(image[half])) > 0 for half in (LEFT, RIGHT)] for cutoff, image in images.items()}
    assert drawn == {0.2: [True, True], 0.5: [False, True], 0.8: [False, False]}
    opaque = _draw_sheets(_sheet(Material("m", base, texture_png=texture, alpha_mode="opaque")))
    assert len(_red(opaque[LEFT])) and len(_red(opaque[RIGHT]))


@pytest.mark.parametrize("behind_first", [True, False])
def test_translucent_surfaces_mix_with_what_is_behind_them(behind_first: bool) -> None:
    """The order of the people makes no difference."""
    green = _sheet(Material("g", (0.0, 1.0, 0.0, 1.0), is_unlit=True), -0.3)
    glass = _sheet(Material("r", (1.0, 0.0, 0.0, 0.5), is_unlit=True))
    sheets = (green, glass) if behind_first else (glass, green)
    red = _sheet(Material("r", RED, is_unlit=True))
    expected = (_draw_sheets(green)[LEFT].astype(float) + _draw_sheets(red)[LEFT]) / 2
    np.testing.assert_allclose(_draw_sheets(*sheets)[LEFT], expected, atol=3)


def test_single_sided_surfaces_show_their_front_only() -> None:
    drawn = {
        (front, is_double_sided): len(
            _red(_draw_sheets(_sheet(Material("m", RED, is_double_sided=is_double_sided), front=front))[LEFT])
        )
        > 0
        for front in (True, False)
        for is_double_sided in (True, False)
    }
    assert drawn == {(True, True): True, (True, False): True, (False, True): True, (False, False): False}


def test_unlit_and_emissive_materials_do_not_depend_on_light() -> None:
    unlit = Material("m", (0.25, 0.25, 0.25, 1.0), is_unlit=True, texture_png=_halves((255, 0, 0, 255), (255,) * 4))
    image = _draw_sheets(_sheet(unlit))
    np.testing.assert_allclose(image[LEFT].reshape(-1, 3).mean(axis=0), [127.5, 0.0, 0.0], atol=3)
    glow = Material("m", (0.0, 0.0, 0.0, 1.0), is_unlit=True, emissive_color=(0.0, 0.25, 0.0))
    np.testing.assert_allclose(_draw_sheets(_sheet(glow))[LEFT].reshape(-1, 3).mean(axis=0), [0, 127.5, 0], atol=3)
    mapped = replace(glow, emissive_map=Texture(_halves((0, 0, 0, 255), (255, 255, 255, 255))))
    image = _draw_sheets(_sheet(mapped))
    np.testing.assert_allclose(image[LEFT].reshape(-1, 3).mean(axis=0), [0, 0, 0], atol=3)
    np.testing.assert_allclose(image[RIGHT].reshape(-1, 3).mean(axis=0), [0, 127.5, 0], atol=3)


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        (TexturePlacement(), ["red", "blue"]),
        (TexturePlacement(offset=(0.5, 0.0), scale=(0.5, 1.0)), ["blue", "blue"]),
        (TexturePlacement(offset=(0.5, 0.0)), ["blue", "red"]),
        (TexturePlacement(offset=(0.5, 0.0), wrap=("clamp", "clamp")), ["blue", "blue"]),
        (TexturePlacement(offset=(1.0, 0.0), wrap=("mirror", "repeat")), ["blue", "red"]),
        (TexturePlacement(offset=(1.0, 0.0), wrap=("repeat", "repeat")), ["red", "blue"]),
        (TexturePlacement(offset=(1.0, 1.0), rotation=np.pi), ["blue", "red"]),
        (TexturePlacement(scale=(0.4, 1.0), is_pixelated=True), ["red", "red"]),
    ],
)
def test_textures_lie_where_they_are_placed(placement: TexturePlacement, expected: list[str]) -> None:
    texture = _halves((255, 0, 0, 255), (0, 0, 255, 255))
    base = (1.0, 1.0, 1.0, 1.0)
    image = _draw_sheets(_sheet(Material("m", base, texture_png=texture, texture_placement=placement, is_unlit=True)))
    colors = [image[half].reshape(-1, 3).mean(axis=0) for half in (LEFT, RIGHT)]
    assert [{0: "red", 2: "blue"}[int(np.argmax(color))] for color in colors] == expected


def test_quarter_turns_of_a_texture_are_counter_clockwise() -> None:
    """Source: KHR_texture_transform: offset (0, 1) and rotation pi / 2 show the image rotated clockwise."""
    uvs = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    placed = place_coordinates(uvs, TexturePlacement(offset=(0.0, 1.0), rotation=np.pi / 2))
    np.testing.assert_allclose(placed, [[0.0, 1.0], [0.0, 0.0], [1.0, 1.0], [1.0, 0.0]], atol=1e-12)


def test_a_damaged_texture_leaves_the_base_colour() -> None:
    material = Material("m", RED, texture_png=b"\x89PNG\r\n\x1a\n" + b"garbage" * 9)
    assert len(_red(_draw_sheets(_sheet(material))[LEFT]))


def test_morph_targets_at_rest_are_drawn() -> None:
    sheet = _sheet(Material("m", RED))
    aside = np.tile([10.0, 0.0, 0.0], (4, 1))
    for weight, is_drawn in ((0.0, True), (1.0, False)):
        mesh = replace(sheet.meshes[0], morph_targets=(MorphTarget("aside", aside, weight=weight),))
        assert bool(len(_red(_draw_sheets(replace(sheet, meshes=(mesh,)))[LEFT]))) == is_drawn
