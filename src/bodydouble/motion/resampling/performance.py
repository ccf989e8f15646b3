"""Resampling of a whole ``Performance`` to another frame rate: motions, tracks and camera.

Rotations, positions and the camera are interpolated by Akima splines. These are smooth, and at rests and impacts they
do not overshoot as splines with a continuous second derivative do.

Source: H. Akima, "A new method of interpolation and smooth curve fitting based on local procedures", J. ACM 17, 1970.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

import numpy as np
from scipy.interpolate import Akima1DInterpolator

from bodydouble.data import BoolArray, Camera, Face, FloatArray, Hands, IntArray, Motion, Performance, Person, Track
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import rotation


@dataclass(frozen=True, slots=True)
class _Sampling:
    """Positions of the N frames of a new rate among the frames of the old one."""

    frames: IntArray
    """(N,) contiguous frames of the new clip."""
    previous: IntArray
    """(N,) row of the last old frame at or before the new one."""
    fraction: FloatArray
    """(N,) distance of the new frame from ``previous``, in old frames, 0 to less than 1."""
    nearest: IntArray
    """(2, N) rows of the nearest old frames: twice the same row unless the new frame is halfway between two."""
    shot_bounds: tuple[int, ...]
    """Rows at which shots start, and the number of old rows; nothing is interpolated over them."""

    @property
    def times(self) -> FloatArray:
        """Times (N,) of the new frames, in rows."""
        return self.previous + self.fraction


def resample_performance(performance: Performance, fps: Fraction) -> Performance:
    """Resamples a performance to another frame rate: frame i is at i / fps seconds.

    Args:
        performance: any.
        fps: exact, above 0.

    Returns:
        The same people, from their first frame to their last one. A frame is observed if the nearest source frame was,
        or, halfway between two, if both were. Keypoints, boxes and 3D landmarks are then interpolated linearly
        between the observed source frames; they are NaN otherwise. Nothing is interpolated between two shots: a frame
        there is the last one of the first shot or the first one of the next, whichever is nearer.

    Raises:
        InvalidDataError: the rate is not above 0.
    """
    if fps <= 0:
        raise InvalidDataError(f"a frame rate of {fps} frames per second; it must be above 0")
    if fps == performance.fps:
        return performance
    step = performance.fps / fps
    count = floor((performance.frame_count - 1) / step) + 1
    starts = performance.shot_starts
    clip_sampling = _sample_frames(0, performance.frame_count - 1, step, count, starts)
    people = tuple(_resample_person(person, fps, step, count, starts) for person in performance.people)
    camera = _resample_camera(performance.camera, clip_sampling)
    return Performance(fps, count, camera, people, shot_starts=_resample_shot_starts(starts, step, count))


def _resample_shot_starts(shot_starts: Sequence[int], step: Fraction, count: int) -> tuple[int, ...]:
    """Returns the first new frame of every shot but the first that has any."""
    starts = {ceil((start - Fraction(1, 2)) / step) for start in shot_starts}
    return tuple(sorted(start for start in starts if 0 < start < count))


def _sample_frames(first: int, last: int, step: Fraction, count: int, shot_starts: Sequence[int]) -> _Sampling:
    """Returns the new frames from old frame first to last, or the nearest new frame if none lies between them.

    Args:
        first: old frame of row 0.
        last: old frame of the last row.
        step: between new frames, in old frames.
        count: number of new frames of the clip.
        shot_starts: first old frame of every shot but the first.
    """
    start, stop = ceil(first / step), floor(last / step)
    if stop < start:
        start = stop = min(round(first / step), count - 1)
    frames = np.arange(start, stop + 1)
    # Integer arithmetic, so that frames halfway between two others are exact.
    numerator, denominator = frames * step.numerator, step.denominator
    is_between = (numerator >= first * denominator) & (numerator < last * denominator)
    rounded_up = (2 * numerator + denominator) // (2 * denominator)
    rounded_down = -((denominator - 2 * numerator) // (2 * denominator))
    previous = np.clip(numerator // denominator - first, 0, last - first)
    fraction = np.where(is_between, numerator % denominator / denominator, 0.0)
    nearest = np.clip([rounded_up, rounded_down], first, last) - first
    between_shots = np.isin(previous + first + 1, shot_starts) & (fraction > 0)
    return _Sampling(
        frames=frames,
        previous=np.where(between_shots, nearest[0], previous),
        fraction=np.where(between_shots, 0.0, fraction),
        nearest=np.where(between_shots, nearest[0], nearest),
        shot_bounds=(0, *(start - first for start in shot_starts if first < start <= last), last - first + 1),
    )


def _resample_person(person: Person, fps: Fraction, step: Fraction, count: int, shot_starts: Sequence[int]) -> Person:
    first, last = int(person.track.frames[0]), int(person.track.frames[-1])
    sampling = _sample_frames(first, last, step, count, shot_starts)
    return Person(
        person.name,
        _resample_track(person.track, sampling),
        _resample_motion(person.motion, fps, sampling),
        person.hands and _resample_hands(person.hands, sampling),
        person.face and _resample_face(person.face, sampling),
        person.appearance,
    )


def _resample_face(face: Face, sampling: _Sampling) -> Face:
    """Interpolates weights and gaze linearly, as they change too fast for splines."""
    everywhere = np.ones(len(face.observed), dtype=np.bool_)
    observed: BoolArray = np.all(face.observed[sampling.nearest], axis=0)
    weights, gaze = (_interpolate_observed(values, everywhere, sampling) for values in (face.weights, face.gaze))
    return Face(observed, weights, gaze)


def _resample_motion(motion: Motion, fps: Fraction, sampling: _Sampling) -> Motion:
    all_observed = np.ones(len(motion.rotations), dtype=np.bool_)
    return replace(
        motion,
        fps=fps,
        rotations=_interpolate_rotations(motion.rotations, sampling),
        root_position=_interpolate_akima(motion.root_position, sampling),
        contacts=_interpolate_observed(motion.contacts, all_observed, sampling),
        joint_sigma=_interpolate_observed(motion.joint_sigma, all_observed, sampling),
    )


def _resample_hands(hands: Hands, sampling: _Sampling) -> Hands:
    observed: BoolArray = np.all(hands.observed[sampling.nearest], axis=0)
    keypoints = np.stack(
        [_interpolate_observed(hands.keypoints[:, i], hands.observed[:, i], sampling) for i in range(2)], axis=1
    )
    return replace(
        hands,
        observed=observed,
        keypoints=np.where(observed[..., None, None], keypoints, [np.nan, np.nan, 0.0]),
        rotations=_interpolate_rotations(hands.rotations, sampling),
    )


def _resample_camera(camera: Camera, sampling: _Sampling) -> Camera:
    """Interpolates the orientation of a camera and its position in the world."""
    rotations, translations = camera.camera_from_world[:, :3, :3], camera.camera_from_world[:, :3, 3]
    position = -np.einsum("fji,fj->fi", rotations, translations)
    poses = np.tile(np.eye(4), (len(sampling.frames), 1, 1))
    poses[:, :3, :3] = rotation.to_matrix(_interpolate_rotations(rotation.from_matrix(rotations), sampling))
    poses[:, :3, 3] = -np.einsum("fij,fj->fi", poses[:, :3, :3], _interpolate_akima(position, sampling))
    return replace(camera, camera_from_world=poses)


def _interpolate_rotations(rotations: FloatArray, sampling: _Sampling) -> FloatArray:
    """Interpolates quaternions (T, ..., 4)."""
    curves = _interpolate_akima(rotation.make_continuous(rotations), sampling)
    return rotation.make_continuous(rotation.normalize(curves))


def _interpolate_akima(values: FloatArray, sampling: _Sampling) -> FloatArray:
    """Interpolates values (T, ...) by an Akima spline within each shot."""
    interpolated = np.empty((len(sampling.frames), *values.shape[1:]))
    for start, stop in pairwise(sampling.shot_bounds):
        rows = (sampling.previous >= start) & (sampling.previous < stop)
        interpolated[rows] = _evaluate_akima(values[start:stop], sampling.times[rows] - start)
    return interpolated


def _evaluate_akima(values: FloatArray, times: FloatArray) -> FloatArray:
    """Evaluates an Akima spline through values (T, ...) at times (N,) in rows."""
    if len(values) == 1:
        return np.repeat(values, len(times), axis=0)
    curve: FloatArray = Akima1DInterpolator(np.arange(len(values)), values, axis=0)(times)
    return curve


def _resample_track(track: Track, sampling: _Sampling) -> Track:
    observed: BoolArray = np.all(track.observed[sampling.nearest], axis=0)
    keypoints, boxes, landmarks_3d = (
        np.where(
            observed.reshape(-1, *[1] * (values.ndim - 1)),
            _interpolate_observed(values, track.observed, sampling),
            missing,
        )
        for values, missing in (
            (track.keypoints, np.array([np.nan, np.nan, 0.0])),
            (track.boxes, np.nan),
            (track.landmarks_3d, np.nan),
        )
    )
    return Track(sampling.frames, observed, boxes, keypoints, landmarks_3d)


def _interpolate_observed(values: FloatArray, observed: BoolArray, sampling: _Sampling) -> FloatArray:
    """Interpolates values (T, ...) linearly between two frames, or copies the only one of them that was observed."""
    previous, following = sampling.previous, np.minimum(sampling.previous + 1, len(values) - 1)
    fraction = np.where(observed[following], np.where(observed[previous], sampling.fraction, 1.0), 0.0)
    fraction = fraction.reshape(-1, *[1] * (values.ndim - 1))
    start, end = values[previous], values[following]
    return np.where(fraction == 0, start, np.where(fraction == 1, end, (1 - fraction) * start + fraction * end))
