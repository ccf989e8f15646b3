import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.geometry.camera import project
from bodydouble.geometry.kinematics import inverse_bind_matrices
from bodydouble.geometry.rotation import normalize
from bodydouble.render import view_volumes
from tests.render.figure import STRIDE, build_figure, pose_figure

SUN = normalize(np.array([-0.4, 1.0, 0.7]))
AREA = np.array([-2.0, -1.0, 5.0, 3.0])
metres = st.floats(-3.0, 3.0)


def _projected(matrix: np.ndarray, point: np.ndarray) -> np.ndarray:
    clip = matrix @ np.append(point, 1.0)
    return np.asarray(clip[:3] / clip[3])


@given(metres, metres, st.floats(0.2, 80.0), st.floats(-200, 900), st.floats(-200, 700))
def test_clip_space_is_the_pinhole_camera(x: float, y: float, z: float, cx: float, cy: float) -> None:
    intrinsics = np.array([[700.0, 3.0, cx], [0.0, 650.0, cy], [0.0, 0.0, 1.0]])
    size = (640, 360)
    point = np.array([x, y, z])
    clip = _projected(view_volumes.clip_from_camera(intrinsics, size, 0.1, 100.0), point)
    pixel = (clip[:2] + 1.0) / 2.0 * size
    np.testing.assert_allclose(pixel, project(intrinsics, point), rtol=1e-9, atol=1e-6)
    assert -1.0 <= clip[2] <= 1.0


def test_near_and_far_planes_are_the_ends_of_depth() -> None:
    clip = view_volumes.clip_from_camera(np.eye(3), (4, 4), 0.5, 20.0)
    np.testing.assert_allclose(_projected(clip, np.array([0.0, 0.0, 0.5]))[2], -1.0)
    np.testing.assert_allclose(_projected(clip, np.array([0.0, 0.0, 20.0]))[2], 1.0)


@given(metres, st.floats(0.0, 2.0), metres, st.floats(0.0, 1.0))
def test_all_points_on_a_ray_of_light_have_one_projection(x: float, y: float, z: float, along: float) -> None:
    view = view_volumes.sun_clip_from_world(AREA, 2.0, SUN)
    point = np.array([x, y, z])
    on_floor = point - SUN * (y / SUN[1])
    between = point + (on_floor - point) * along
    np.testing.assert_allclose(_projected(view, between)[:2], _projected(view, on_floor)[:2], atol=1e-9)
    np.testing.assert_allclose(_projected(view, on_floor)[2], 1.0, atol=1e-9)


def test_floor_and_contact_view_show_the_area_the_same_way() -> None:
    for view, floor_depth in (
        (view_volumes.sun_clip_from_world(AREA, 2.0, SUN), 1.0),
        (view_volumes.contact_clip_from_world(AREA, 0.3), -1.0),
    ):
        projected = np.array([_projected(view, corner) for corner in view_volumes.floor_corners(AREA)])
        np.testing.assert_allclose(projected[:, :2], [[-1, -1], [1, -1], [-1, 1], [1, 1]], atol=1e-12)
        np.testing.assert_allclose(projected[:, 2], floor_depth)


@given(st.integers(0, 2**16))
def test_skin_bounds_enclose_every_vertex(seed: int) -> None:
    random = np.random.default_rng(seed)
    character = build_figure(detail=3)
    rotation_vectors = {name: tuple(random.normal(0.0, 0.7, 3)) for name in STRIDE}
    matrices = pose_figure(character, rotation_vectors, random.normal(0.0, 1.0, 3))
    inverse_bind = inverse_bind_matrices(character)
    points = view_volumes.skin_bounds(matrices, view_volumes.joint_boxes(character, inverse_bind))
    mesh = character.meshes[0]
    skin = np.einsum("vk,vkij->vij", mesh.weights, (matrices @ inverse_bind)[mesh.joints])
    vertices = np.einsum("vij,vj->vi", skin[:, :3, :3], mesh.positions) + skin[:, :3, 3]
    assert np.all(vertices >= points.min(axis=0) - 0.01)
    assert np.all(vertices <= points.max(axis=0) + 0.01)


def test_region_is_the_whole_image_for_points_behind_the_camera() -> None:
    clip = view_volumes.clip_from_camera(np.array([[100.0, 0, 50], [0, 100, 40], [0, 0, 1]]), (100, 80), 0.1, 50.0)
    assert view_volumes.image_region(clip, np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 2.0]]), (100, 80)) == (
        0,
        0,
        100,
        80,
    )
    x, y, width, height = view_volumes.image_region(clip, np.array([[0.0, 0.0, 2.0], [0.13, 0.11, 2.0]]), (100, 80))
    assert (x, y) == (49, 39)
    assert x + width == 58
    assert y + height == 47
    assert view_volumes.image_region(clip, np.array([[50.0, 0.0, 2.0]]), (100, 80))[2] == 0


rectangles = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 30), st.integers(1, 30))


@given(st.lists(rectangles, max_size=8))
def test_merged_regions_cover_the_same_pixels_once(regions: list[tuple[int, int, int, int]]) -> None:
    covered, count = np.zeros((90, 90), dtype=bool), np.zeros((90, 90), dtype=int)
    for x, y, width, height in regions:
        covered[y : y + height, x : x + width] = True
    for x, y, width, height in view_volumes.merge_regions(regions):
        count[y : y + height, x : x + width] += 1
    assert np.all(count[covered] == 1)
    assert count.max(initial=0) <= 1
    assert len(view_volumes.merge_regions(regions)) <= len(regions)
