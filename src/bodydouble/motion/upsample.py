"""A performance at a higher rate: drawn between its frames on curves, then fitted with every frame of the new rate.

What lies between two frames of the video is not only smooth: a foot that rests stays where it is, and a body in the air
falls. The fit holds the body to the curves, and feet to the floor.
"""

from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import TypeVar

import numpy as np

from bodydouble.data import BoolArray, Camera, FloatArray, Performance, Person, Track
from bodydouble.geometry import camera
from bodydouble.motion.body.root_translation import landmark_positions
from bodydouble.motion.reconstruct import Known, MotionOptions, reconstruct
from bodydouble.motion.resampling.performance import at_rate

Values = TypeVar("Values", FloatArray, BoolArray)

FASTEST_FIT = 120
"""Frames per second; between those, curves are as good."""


def fitted_at_rate(performance: Performance, fps: Fraction, options: MotionOptions | None = None) -> Performance:
    """The performance at another rate, as ``at_rate``; if the rate is higher, with motions that are fitted to it.

    The camera, the floor and the skeletons stay. The fit has a whole number of frames for each one of the video, at
    most FASTEST_FIT a second; the rate wanted follows from it on curves.

    Args:
        performance: any.
        fps: exact, above 0.
        options: of the fit.

    Raises:
        InvalidDataError: the rate is not above 0.
        ModelError: the lifter cannot be loaded.
    """
    finer = min(ceil(fps / performance.fps), FASTEST_FIT // performance.fps)
    if finer <= 1 or not performance.people:
        return at_rate(performance, fps)
    fine = at_rate(performance, finer * performance.fps)
    _, motions = reconstruct(
        [spread(person.track, finer) for person in performance.people],
        fine.camera.image_size,
        fine.frame_count,
        fine.fps,
        options,
        Known(
            camera=fine.camera,
            skeletons=tuple(person.motion.skeleton for person in fine.people),
            landmarks=tuple(_landmarks(person, fine.camera) for person in fine.people),
        ),
    )
    people = tuple(replace(person, motion=motion) for person, motion in zip(fine.people, motions, strict=True))
    return at_rate(replace(fine, people=people), fps)


def _landmarks(person: Person, view: Camera) -> FloatArray:
    """(T, 33, 3) m, axes of the camera."""
    motion = person.motion
    where = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    return camera.transform(view.camera_from_world[person.track.frames], where)


def spread(track: Track, finer: int) -> Track:
    """The track in a clip of so many times the rate; the frames between those of the video are gaps."""
    first, last = finer * track.frames[[0, -1]]
    return Track(
        np.arange(first, last + 1),
        _apart(track.observed, finer, False),
        _apart(track.boxes, finer, np.nan),
        _apart(track.keypoints, finer, np.array([np.nan, np.nan, 0.0])),
        _apart(track.landmarks_3d, finer, np.nan),
    )


def _apart(values: Values, finer: int, between: FloatArray | float) -> Values:
    """Values (T, ...), so many rows apart, with others between them."""
    found = np.empty((finer * (len(values) - 1) + 1, *values.shape[1:]), dtype=values.dtype)
    found[:] = between
    found[::finer] = values
    return found
