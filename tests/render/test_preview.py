from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bodydouble.data import Camera, Motion, Performance, Person, Track
from bodydouble.errors import InvalidDataError
from bodydouble.geometry.camera import intrinsics_from_focal_length
from bodydouble.render.overlay import PALETTE
from bodydouble.render.preview import (
    GUTTER_WIDTH,
    MAX_HEIGHT,
    MAX_HIDDEN_TIME,
    MAX_WIDTH,
    PreviewRenderer,
    compute_layout,
    is_drawn,
)
from bodydouble.render.scene import SceneRenderer
from tests.render.cameras import level_camera
from tests.render.figure import STRIDE, build_figure, pose_figure

FRAMES, FIRST, LENGTH = 6, 2, 3
SIZE = (480, 270)


def _performance(keypoint_confidence: float = 1.0) -> Performance:
    character = build_figure()
    joints = len(character.skeleton.joint_names)
    keypoints = np.random.default_rng(0).uniform(80.0, 180.0, (LENGTH, 33, 3))
    keypoints[..., 2] = keypoint_confidence
    track = Track(
        np.arange(FIRST, FIRST + LENGTH),
        np.ones(LENGTH, dtype=bool),
        np.zeros((LENGTH, 4)),
        keypoints,
        np.zeros((LENGTH, 33, 3)),
    )
    motion = Motion(
        character.skeleton,
        Fraction(30),
        np.tile([0.0, 0.0, 0.0, 1.0], (LENGTH, joints, 1)),
        np.zeros((LENGTH, 3)),
        np.zeros((LENGTH, 4)),
        np.zeros((LENGTH, joints)),
    )
    camera = Camera(SIZE, intrinsics_from_focal_length(400.0, SIZE), np.tile(level_camera(), (FRAMES, 1, 1)))
    return Performance(Fraction(30), FRAMES, camera, (Person("person 1", track, motion),))


def _poses() -> NDArray[np.float64]:
    character = build_figure()
    return np.stack([pose_figure(character, STRIDE, np.array([0.2 * t, 0.95, 0.0])) for t in range(LENGTH)])


def _source() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)


@given(st.integers(2, 8000), st.integers(2, 8000))
def test_sizes_are_even_bounded_and_keep_the_aspect_ratio(width: int, height: int) -> None:
    layout = compute_layout((width, height))
    panel_width, panel_height = layout.panel_size
    assert layout.image_size == (2 * panel_width + GUTTER_WIDTH, panel_height)
    assert all(length % 2 == 0 and length >= 2 for length in (*layout.panel_size, *layout.image_size))
    assert layout.image_size[0] <= MAX_WIDTH
    assert panel_height <= MAX_HEIGHT
    if max(width, height) >= 480:
        assert panel_width <= max(width, 2)
        assert panel_height <= max(height, 2)
    if min(layout.panel_size) > 2:
        np.testing.assert_allclose(panel_width / width, panel_height / height, atol=2.0 / min(width, height))


@pytest.mark.parametrize(
    ("source", "panel"),
    [((1920, 1080), (958, 538)), ((720, 1280), (404, 720)), ((640, 480), (640, 480)), ((64, 64), (480, 480))],
)
def test_sizes_of_common_sources(source: tuple[int, int], panel: tuple[int, int]) -> None:
    assert compute_layout(source).panel_size == panel


def test_panels_are_the_source_and_the_scene() -> None:
    performance, poses, source = _performance(), _poses(), _source()
    camera = performance.camera
    before = source.copy()
    caption = slice(SIZE[1] - 40, None)
    with (
        PreviewRenderer(performance, [build_figure()], [poses]) as preview,
        SceneRenderer(SIZE, [build_figure()], [PALETTE[0]]) as scene,
    ):
        for index in range(FRAMES):
            frame = preview.render_frame(index, source)
            assert frame.shape == (SIZE[1], 2 * SIZE[0] + GUTTER_WIDTH, 3)
            present = FIRST <= index < FIRST + LENGTH
            matrices = poses[index - FIRST] if present else None
            expected = scene.draw([matrices], camera.intrinsics, camera.camera_from_world[index])
            right, left = frame[:, -SIZE[0] :].copy(), frame[:, : SIZE[0]].copy()
            right[caption] = expected[caption]
            np.testing.assert_array_equal(right, expected)
            left[caption] = source[caption]
            assert np.array_equal(left, source) == (not present)
    np.testing.assert_array_equal(source, before)


@pytest.mark.parametrize(
    ("camera_size", "source_size"), [((1920, 1080), (958, 538)), ((480, 270), (480, 270)), ((64, 48), (64, 48))]
)
def test_source_frames_are_read_at_the_size_of_the_panel_unless_it_enlarges_them(
    camera_size: tuple[int, int], source_size: tuple[int, int]
) -> None:
    performance = replace(_performance(), camera=replace(_performance().camera, image_size=camera_size))
    with PreviewRenderer(performance, [build_figure()], [_poses()]) as preview:
        assert preview.source_size == source_size
        frame = preview.render_frame(0, np.full((source_size[1], source_size[0], 3), 90, dtype=np.uint8))
        panel_width = (preview.image_size[0] - GUTTER_WIDTH) // 2
    np.testing.assert_array_equal(frame[: frame.shape[0] // 2, :panel_width], 90)


def test_rendering_is_deterministic() -> None:
    frames = []
    for _ in range(2):
        with PreviewRenderer(_performance(), [build_figure()], [_poses()]) as preview:
            frames.append(preview.render_frame(3, _source()))
    np.testing.assert_array_equal(frames[0], frames[1])


def test_inputs_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidDataError, match="1 people, 0 characters"):
        PreviewRenderer(_performance(), [], [])
    with pytest.raises(InvalidDataError, match=r"joint matrices of person 1 are \(2, 22, 4, 4\)"):
        PreviewRenderer(_performance(), [build_figure()], [_poses()[:2]])


def test_people_are_not_drawn_in_long_gaps() -> None:
    limit = round(10 * MAX_HIDDEN_TIME)
    observed = np.ones(200, dtype=bool)
    observed[20 : 20 + limit] = observed[80 : 81 + limit] = False
    empty = np.zeros((200, 33, 3))
    drawn = is_drawn(Track(np.arange(200), observed, np.zeros((200, 4)), empty, empty), 10.0)
    assert drawn[:80].all()
    assert not drawn[80 : 81 + limit].any()
    assert drawn[81 + limit :].all()
