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
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.reconstruct import MeasuredInputs, MotionOptions, ReconstructionInput, reconstruct
from bodydouble.motion.resampling.performance import resample_performance

Values = TypeVar("Values", FloatArray, BoolArray)

MAX_FIT_RATE = 120
"""Frames per second; between those, curves are as good."""


def upsample_performance(performance: Performance, fps: Fraction, options: MotionOptions | None = None) -> Performance:
    """The performance at another rate, as ``resample_performance``; if the rate is higher, with motions that are fitted to it.

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
    factor = min(ceil(fps / performance.fps), MAX_FIT_RATE // performance.fps)
    if factor <= 1 or not performance.people:
        return resample_performance(performance, fps)
    resampled = resample_performance(performance, factor * performance.fps)
    _, motions = reconstruct(
        ReconstructionInput(
            tuple(insert_gap_frames(person.track, factor) for person in performance.people),
            resampled.camera.image_size,
            resampled.frame_count,
            resampled.fps,
            measured=MeasuredInputs(
                camera=resampled.camera,
                skeletons=tuple(person.motion.skeleton for person in resampled.people),
                landmarks=tuple(_landmarks_in_camera(person, resampled.camera) for person in resampled.people),
            ),
        ),
        options,
    )
    people = tuple(replace(person, motion=motion) for person, motion in zip(resampled.people, motions, strict=True))
    return resample_performance(replace(resampled, people=people), fps)


def _landmarks_in_camera(person: Person, view: Camera) -> FloatArray:
    """(T, 33, 3) m, axes of the camera."""
    motion = person.motion
    landmarks = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    return camera.transform(view.camera_from_world[person.track.frames], landmarks)


def insert_gap_frames(track: Track, factor: int) -> Track:
    """The track in a clip of so many times the rate; the frames between those of the video are gaps."""
    first, last = factor * track.frames[[0, -1]]
    return Track(
        np.arange(first, last + 1),
        _insert_rows(track.observed, factor, False),
        _insert_rows(track.boxes, factor, np.nan),
        _insert_rows(track.keypoints, factor, np.array([np.nan, np.nan, 0.0])),
        _insert_rows(track.landmarks_3d, factor, np.nan),
    )


def _insert_rows(values: Values, factor: int, fill: FloatArray | float) -> Values:
    """Values (T, ...), so many rows apart, with others between them."""
    expanded = np.empty((factor * (len(values) - 1) + 1, *values.shape[1:]), dtype=values.dtype)
    expanded[:] = fill
    expanded[::factor] = values
    return expanded
