"""Performance at a higher frame rate: interpolated on curves, then fitted again in every frame of the new rate.

In: ``Performance``. Out: ``Performance`` at another rate. Between two frames of the video motion is not only smooth: a
resting foot does not move, and a body in the air falls. The fit keeps the body near the curves and feet on the floor.
"""

from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import TypeVar

import numpy as np

from bodydouble.data import BoolArray, Camera, FloatArray, Motion, Performance, Person, Track
from bodydouble.geometry import camera, kinematics
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.hands.arm_placement import SIDES
from bodydouble.motion.hands.wrist import join_hand
from bodydouble.motion.reconstruct import MeasuredInputs, MotionOptions, ReconstructionInput, reconstruct
from bodydouble.motion.resampling.performance import resample_performance

Values = TypeVar("Values", FloatArray, BoolArray)

MAX_FIT_RATE = 120
"""Maximum frame rate in Hz of the fit; at higher rates, curves between its frames are as good."""


def upsample_performance(performance: Performance, fps: Fraction, options: MotionOptions | None = None) -> Performance:
    """Converts a performance to another frame rate; motions are fitted again if the rate is higher.

    Camera, floor and skeletons are not changed. The fit has a whole number of frames per frame of the video, at most
    MAX_FIT_RATE a second; the result is resampled from it. Lower rates are only resampled.

    Args:
        performance: source.
        fps: exact frame rate, above 0.
        options: options of the fit.

    Raises:
        InvalidDataError: the rate is not above 0.
        ModelError: the lifter cannot be loaded.
    """
    factor = min(ceil(fps / performance.fps), MAX_FIT_RATE // performance.fps)
    if factor <= 1 or not performance.people:
        return resample_performance(performance, fps)
    resampled = resample_performance(performance, factor * performance.fps)
    tracks = tuple(insert_gap_frames(person.track, factor) for person in performance.people)
    measured = MeasuredInputs(
        camera=resampled.camera,
        skeletons=tuple(person.motion.skeleton for person in resampled.people),
        landmarks=tuple(_landmarks_in_camera(person, resampled.camera) for person in resampled.people),
    )
    image_size = resampled.camera.image_size
    inputs = ReconstructionInput(tracks, image_size, resampled.frame_count, resampled.fps, measured=measured)
    _, motions = reconstruct(inputs, options)
    people = tuple(
        replace(person, motion=_keep_palms(person, motion))
        for person, motion in zip(resampled.people, motions, strict=True)
    )
    return resample_performance(replace(resampled, people=people), fps)


def _keep_palms(person: Person, motion: Motion) -> Motion:
    """Returns a motion of the same person with the rotations of the palms of the observed hands."""
    if person.hands is None:
        return motion
    world = kinematics.world_rotations(person.motion.skeleton.parents, person.motion.rotations)
    for side, observed in zip(SIDES, person.hands.observed.T, strict=True):
        if observed.any():
            motion = join_hand(motion, side, world[:, motion.skeleton.index(f"{side}Hand")], observed)
    return motion


def _landmarks_in_camera(person: Person, view: Camera) -> FloatArray:
    """Returns the landmarks (T, 33, 3) m of a person in camera axes."""
    motion = person.motion
    landmarks = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    return camera.transform(view.camera_from_world[person.track.frames], landmarks)


def insert_gap_frames(track: Track, factor: int) -> Track:
    """Returns the track of a clip with a frame rate that is larger by a factor; new frames are gaps."""
    first, last = factor * track.frames[[0, -1]]
    return Track(
        np.arange(first, last + 1),
        _insert_rows(track.observed, factor, False),
        _insert_rows(track.boxes, factor, np.nan),
        _insert_rows(track.keypoints, factor, np.array([np.nan, np.nan, 0.0])),
        _insert_rows(track.landmarks_3d, factor, np.nan),
    )


def _insert_rows(values: Values, factor: int, fill: FloatArray | float) -> Values:
    """Returns values (T, ...) spaced by a factor, with a fill value in the rows between them."""
    expanded = np.empty((factor * (len(values) - 1) + 1, *values.shape[1:]), dtype=values.dtype)
    expanded[:] = fill
    expanded[::factor] = values
    return expanded
