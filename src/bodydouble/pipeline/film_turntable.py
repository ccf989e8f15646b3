"""Turntable films: people and characters -> plan of a film in which the characters stand and turn once."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from bodydouble.data import LANDMARK_COUNT, Character, Motion, Performance, Person, Track
from bodydouble.film.layouts import compute_layout
from bodydouble.film.plan import FilmPlan
from bodydouble.film.turntable import TurningMatrices, camera_before_row, picture_size, place_in_row
from bodydouble.film.views import whole_view
from bodydouble.motion.body.proportions import stature
from bodydouble.motion.resampling.performance import resample_performance
from bodydouble.pipeline import motion_library
from bodydouble.pipeline.film_cast import create_figures
from bodydouble.pipeline.film_options import FilmOptions

STANDING = "idle"
"""Motion of the library that the characters perform; a loop, which lasts one turn."""


def plan_turntable(
    captured: Performance, fps: Fraction, characters: Sequence[Character], options: FilmOptions
) -> FilmPlan:
    """Plans a film in which the characters of the people of a performance stand in a row and turn once."""
    people = captured.people
    heights = [stature(person.motion.skeleton) for person in people]
    size = options.size.image_size if options.size is not None else None
    layout = compute_layout(size or picture_size(len(people)), 1, options.size)
    _, standing = motion_library.load(STANDING)
    count = len(standing.rotations)
    camera = camera_before_row(layout.panel_size, len(people), max(heights), count)
    standing_people = tuple(_stand(person, standing) for person in people)
    performance = resample_performance(Performance(standing.fps, count, camera, standing_people), fps)
    # The last frame of a loop is the first one.
    frames = np.arange(performance.frame_count - 1)
    figures = [
        replace(figure, joint_matrices=TurningMatrices(figure.joint_matrices, float(x)))
        for figure, x in zip(
            create_figures(performance, characters), place_in_row(len(people), max(heights)), strict=True
        )
    ]
    view = whole_view(layout.panel_size, layout.panel_size)
    return FilmPlan(layout, fps, performance.camera, [view] * len(frames), frames, frames, [figures])


def _stand(person: Person, standing: Motion) -> Person:
    """Returns a person of the same name and proportions who performs the motion of the library."""
    count, skeleton = len(standing.rotations), person.motion.skeleton
    scale = skeleton.rest_offsets[0, 1] / standing.skeleton.rest_offsets[0, 1]
    motion = replace(standing, skeleton=skeleton, root_position=standing.root_position * scale)
    track = Track(
        np.arange(count),
        np.ones(count, dtype=bool),
        np.full((count, 4), np.nan),
        np.tile([np.nan, np.nan, 0.0], (count, LANDMARK_COUNT, 1)),
        np.full((count, LANDMARK_COUNT, 3), np.nan),
    )
    return Person(person.name, track, motion)
