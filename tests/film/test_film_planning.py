"""Plans of films: the camera of the characters and the frame of the video that is behind them."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bodydouble.data import Clip, FloatArray
from bodydouble.film.layouts import Layout
from bodydouble.film.plan import FilmPlan
from bodydouble.formats.media import probe
from bodydouble.motion.resampling.performance import resample_performance
from bodydouble.pipeline.film_options import FilmOptions
from bodydouble.pipeline.film_planning import find_source_frames, plan_film
from bodydouble.pipeline.film_source import Footage
from tests.film.film_builders import FPS, FRAMES, build_performance, write_footage


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder: Path = tmp_path_factory.mktemp("footage")
    return probe(write_footage(folder)[0])


def plan_with_moving_camera(clip: Clip, fps: Fraction, captured_fps: Fraction = FPS, **options: object) -> FilmPlan:
    """Plans a film whose camera is 0.1 m farther to the side in each frame of the video."""
    performance = replace(build_performance(), people=())
    poses = performance.camera.camera_from_world
    poses[:, 0, 3] = 0.1 * np.arange(FRAMES)
    captured = resample_performance(performance, captured_fps)
    chosen = FilmOptions(("mannequin",), **options)  # type: ignore[arg-type]
    return plan_film(Footage(captured, clip), resample_performance(captured, fps), [[]], chosen)


def places(plan: FilmPlan) -> FloatArray:
    """Returns the frame of the video (F,) at which the camera of each frame of the film stands."""
    return plan.camera.camera_from_world[:, 0, 3] / 0.1


@pytest.mark.parametrize("background", ["clean", "toon", "original"])
@pytest.mark.parametrize("fps", [24, 30, 50, 60])
@pytest.mark.parametrize("captured_fps", [30, 15])
def test_characters_are_seen_by_the_camera_of_the_frame_behind_them(
    clip: Clip, background: str, fps: int, captured_fps: int
) -> None:
    plan = plan_with_moving_camera(clip, Fraction(fps), Fraction(captured_fps), background=background)
    shown = find_source_frames(plan.frame_count, plan.fps, clip.fps, clip.frame_count)
    last = FRAMES - 1 - (FRAMES - 1) % (30 // captured_fps)
    np.testing.assert_allclose(places(plan), np.minimum(shown, last), atol=1e-6)


@pytest.mark.parametrize("background", ["plain", "none"])
def test_before_other_backgrounds_the_camera_moves_in_every_frame(clip: Clip, background: str) -> None:
    plan = plan_with_moving_camera(clip, Fraction(60), background=background, layout=Layout.REPLACE)
    np.testing.assert_allclose(places(plan), np.arange(2 * FRAMES - 1) / 2, atol=1e-6)
