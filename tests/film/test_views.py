"""Views: points of the world stay on the pixels of the source that show them; a view follows a person smoothly."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.data import FloatArray
from bodydouble.film.views import MIN_VIEW_FRACTION, follow_person, view_at, whole_view
from bodydouble.geometry import camera as cameras
from tests.film.film_builders import ENTRY, FPS, FRAMES, SIZE, build_performance

PERFORMANCE = build_performance()
OUTPUT = (240, 160)


def gradient(size: tuple[int, int]) -> FloatArray:
    """Returns an image (H, W, 2) whose pixels hold the place of their centre in px of SIZE."""
    width, height = size
    x, y = np.meshgrid((np.arange(width) + 0.5) * SIZE[0] / width, (np.arange(height) + 0.5) * SIZE[1] / height)
    return np.stack([x, y], axis=-1)


@given(st.floats(60, 260), st.floats(60, 180), st.floats(60, 150), st.sampled_from([SIZE, (640, 480), (160, 120)]))
def test_the_picture_and_the_projection_agree(x: float, y: float, height: float, frame_size: tuple[int, int]) -> None:
    view = view_at(np.array([x, y]), height, SIZE, OUTPUT)
    places = view.cut_out(gradient(frame_size), SIZE)
    assert places.shape == (OUTPUT[1], OUTPUT[0], 2)
    point = np.array([0.02, -0.03, 4.0])
    before = cameras.project(PERFORMANCE.camera.intrinsics, point)
    after = cameras.project(view.intrinsics(PERFORMANCE.camera.intrinsics), point)
    column, row = np.floor(after).astype(int)
    if 8 <= column < OUTPUT[0] - 8 and 8 <= row < OUTPUT[1] - 8:
        np.testing.assert_allclose(places[row, column], before, atol=1.5)


@given(st.floats(-500, 900), st.floats(-500, 900), st.floats(0.1, 2000))
def test_views_lie_in_the_picture_and_keep_their_proportions(x: float, y: float, height: float) -> None:
    view = view_at(np.array([x, y]), height, SIZE, OUTPUT)
    assert view.scale[0] == pytest.approx(view.scale[1])
    size = np.array(OUTPUT) / view.scale
    assert (np.array(view.corner) >= -1e-6).all()
    assert (np.array(view.corner) + size <= np.array(SIZE) + 1e-6).all()
    assert size[1] >= MIN_VIEW_FRACTION * min(SIZE[1], SIZE[0] / 1.5) - 1e-6


def test_the_whole_view_is_the_frame_itself() -> None:
    image = gradient(SIZE)
    assert whole_view(SIZE, SIZE).cut_out(image, SIZE) is image


def test_a_following_view_moves_smoothly_and_jumps_at_cuts_only() -> None:
    person, camera = PERFORMANCE.people[0], PERFORMANCE.camera
    camera = replace(camera, camera_from_world=camera.camera_from_world.copy())
    camera.camera_from_world[ENTRY:, 0, 3] += 0.8
    centers = {}
    for cuts in ((), (ENTRY,)):
        views = follow_person(person, camera, (24, 24), float(FPS), cuts)
        assert len(views) == FRAMES
        centers[cuts] = np.array([np.array(v.corner) + 12 / np.array(v.scale) for v in views])
    jump = np.abs(np.diff(centers[()], axis=0)).max()
    cut_jump = np.abs(np.diff(centers[ENTRY,], axis=0))
    assert cut_jump[ENTRY - 1].max() > 5 * jump
    assert np.delete(cut_jump, ENTRY - 1, axis=0).max() < cut_jump[ENTRY - 1].max() / 5
