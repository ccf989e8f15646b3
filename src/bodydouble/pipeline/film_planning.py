"""Planning of a film: performance, characters and options -> ``FilmPlan``."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from bodydouble.data import Camera, Character, IntArray, Performance
from bodydouble.errors import InvalidDataError
from bodydouble.film.drawing_times import hold_drawings
from bodydouble.film.figures import Figure
from bodydouble.film.layouts import Layout, compute_layout
from bodydouble.film.plan import FilmPlan
from bodydouble.film.smears import smear_hands
from bodydouble.film.views import View, follow_person, whole_view
from bodydouble.motion.resampling.performance import resample_performance
from bodydouble.pipeline.film_background import needs_video
from bodydouble.pipeline.film_cast import create_figures
from bodydouble.pipeline.film_options import FilmOptions
from bodydouble.pipeline.film_source import Footage

MAX_FRAME_SIDE = 1920
"""Maximum longer side in px at which frames of the source are decoded."""


def plan_film(
    footage: Footage, resampled: Performance, casts: Sequence[Sequence[Character]], options: FilmOptions
) -> FilmPlan:
    """Plans a film.

    Args:
        footage: the performance that was captured, and its video.
        resampled: the performance at the frame rate of the film.
        casts: the characters of the people, for each picture.
        options: options of the film.
    """
    captured, count = footage.performance, resampled.frame_count
    shows_source = options.layout is Layout.SIDE_BY_SIDE
    layout = compute_layout(resampled.camera.image_size, len(casts) + shows_source, options.size)
    frames = np.arange(count)
    return FilmPlan(
        layout,
        resampled.fps,
        _choose_camera(footage, resampled, options),
        _choose_views(resampled, layout.panel_size, options.layout),
        find_source_frames(count, resampled.fps, captured.fps, captured.frame_count),
        hold_drawings(count, resampled.fps, resampled.shot_starts) if options.on_twos else frames,
        [_create_cast(resampled, characters, smears=options.smears) for characters in casts],
        shows_source,
    )


def _choose_camera(footage: Footage, resampled: Performance, options: FilmOptions) -> Camera:
    """Returns the camera with which the characters are drawn.

    Over the video it is that of the frame which the film shows, or feet would slide over the ground where the camera
    moves and the film has another frame rate.
    """
    if footage.clip is None or not needs_video(options):
        return resampled.camera
    clip, nobody = footage.clip, replace(footage.performance, people=())
    view = resample_performance(nobody, clip.fps)
    shown = find_source_frames(resampled.frame_count, resampled.fps, clip.fps, clip.frame_count)
    poses = view.camera.camera_from_world[np.minimum(shown, view.frame_count - 1)]
    return replace(resampled.camera, camera_from_world=poses)


def _create_cast(performance: Performance, characters: Sequence[Character], *, smears: bool) -> Sequence[Figure]:
    figures = create_figures(performance, characters)
    if not smears:
        return figures
    return [smear_hands(figure, float(performance.fps), performance.shot_starts) for figure in figures]


def _choose_views(performance: Performance, panel_size: tuple[int, int], layout: Layout) -> Sequence[View]:
    if layout is not Layout.CHARACTER:
        return [whole_view(performance.camera.image_size, panel_size)] * performance.frame_count
    if not performance.people:
        raise InvalidDataError("there is nobody in the performance whom a view can follow")
    person, camera, fps = performance.people[0], performance.camera, float(performance.fps)
    return follow_person(person, camera, panel_size, fps, performance.shot_starts)


def choose_frame_size(plan: FilmPlan) -> tuple[int, int]:
    """Returns width and height, px, at which frames of the source are decoded: as they are shown, or larger."""
    source_size, panel_size = plan.camera.image_size, plan.layout.panel_size
    if plan.shows_whole_source and panel_size[0] <= source_size[0]:
        return panel_size
    scale = min(1.0, MAX_FRAME_SIDE / max(source_size))
    return round(source_size[0] * scale), round(source_size[1] * scale)


def find_source_frames(count: int, fps: Fraction, source_fps: Fraction, source_count: int | None) -> IntArray:
    """Returns the frame of a source (F,) that is nearest in time to each frame of a film.

    Args:
        count: number of frames F of the film.
        fps: frame rate of the film.
        source_fps: frame rate of the source.
        source_count: number of frames of the source; None: unknown.
    """
    # Exact: halfway between two frames of the source, the later one.
    ratio = source_fps / fps
    nearest = (2 * np.arange(count) * ratio.numerator + ratio.denominator) // (2 * ratio.denominator)
    return nearest.astype(np.int64) if source_count is None else np.minimum(nearest, source_count - 1).astype(np.int64)
