"""A whole performance at another rate: motion, tracks and camera.

Rotations, positions and the camera follow Akima's curves through their frames. Those are smooth, and where the motion
stands still or hits something they do not swing beyond it, as splines with a continuous second derivative do.

Source: H. Akima, "A new method of interpolation and smooth curve fitting based on local procedures", J. ACM 17, 1970.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

import numpy as np
from scipy.interpolate import Akima1DInterpolator

from bodydouble.data import BoolArray, Camera, FloatArray, IntArray, Motion, Performance, Person, Track
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import rotation


@dataclass(frozen=True, slots=True)
class _Sampling:
    """Where the N frames of a new rate lie among the frames of the old one."""

    frames: IntArray
    """(N,) contiguous frames of the new clip."""
    previous: IntArray
    """(N,) row of the old frame at or before the new one."""
    fraction: FloatArray
    """(N,) how far the new frame lies behind ``before``, in old frames, 0 to less than 1."""
    nearest: IntArray
    """(2, N) rows of the nearest old frame; two different ones where the new frame lies halfway between them."""

    @property
    def times(self) -> FloatArray:
        """(N,) in rows."""
        return self.previous + self.fraction


def resample_performance(performance: Performance, fps: Fraction) -> Performance:
    """The performance at another rate: frame i is shown at i / fps seconds, from the first frame up to the last one.

    Args:
        performance: any.
        fps: exact, above 0.

    Returns:
        The same people, from their first frame to their last one. A frame is observed where the nearest source frame
        was, and halfway between two where both were; there the keypoints, boxes and rough joints lie on the line
        between the source frames that were observed.

    Raises:
        InvalidDataError: the rate is not above 0.
    """
    if fps <= 0:
        raise InvalidDataError(f"a rate of {fps} frames per second; it must be above 0")
    if fps == performance.fps:
        return performance
    step = performance.fps / fps
    count = floor((performance.frame_count - 1) / step) + 1
    clip_sampling = _sample_frames(0, performance.frame_count - 1, step, count)
    people = tuple(_resample_person(person, fps, step, count) for person in performance.people)
    return Performance(fps, count, _resample_camera(performance.camera, clip_sampling), people)


def _sample_frames(first: int, last: int, step: Fraction, count: int) -> _Sampling:
    """The new frames from old frame first to last, or the nearest one where there is none.

    Args:
        first: frame that is row 0.
        last: frame that is the last row.
        step: from one new frame to the next, in old frames.
        count: number of new frames of the clip.
    """
    start, stop = ceil(first / step), floor(last / step)
    if stop < start:
        start = stop = min(round(first / step), count - 1)
    frames = np.arange(start, stop + 1)
    # In integers, so that a frame halfway between two others is known to be so.
    numerator, denominator = frames * step.numerator, step.denominator
    last_row = last - first
    return _Sampling(
        frames=frames,
        previous=np.clip(numerator // denominator - first, 0, last_row),
        fraction=np.where(
            (numerator >= first * denominator) & (numerator < last * denominator),
            numerator % denominator / denominator,
            0.0,
        ),
        nearest=np.clip(
            [(2 * numerator + denominator) // (2 * denominator), -((denominator - 2 * numerator) // (2 * denominator))],
            first,
            last,
        )
        - first,
    )


def _resample_person(person: Person, fps: Fraction, step: Fraction, count: int) -> Person:
    sampling = _sample_frames(int(person.track.frames[0]), int(person.track.frames[-1]), step, count)
    return Person(person.name, _resample_track(person.track, sampling), _resample_motion(person.motion, fps, sampling))


def _resample_motion(motion: Motion, fps: Fraction, sampling: _Sampling) -> Motion:
    all_observed = np.ones(len(motion.rotations), dtype=np.bool_)
    return replace(
        motion,
        fps=fps,
        rotations=_interpolate_rotations(motion.rotations, sampling.times),
        root_position=_interpolate_akima(motion.root_position, sampling.times),
        contacts=_interpolate_observed(motion.contacts, all_observed, sampling),
        joint_sigma=_interpolate_observed(motion.joint_sigma, all_observed, sampling),
    )


def _resample_camera(camera: Camera, sampling: _Sampling) -> Camera:
    """Its orientation and its place in the world follow curves; the translation of its matrices turns with it."""
    rotations, translations = camera.camera_from_world[:, :3, :3], camera.camera_from_world[:, :3, 3]
    position = -np.einsum("fji,fj->fi", rotations, translations)
    poses = np.tile(np.eye(4), (len(sampling.frames), 1, 1))
    poses[:, :3, :3] = rotation.to_matrix(_interpolate_rotations(rotation.from_matrix(rotations), sampling.times))
    poses[:, :3, 3] = -np.einsum("fij,fj->fi", poses[:, :3, :3], _interpolate_akima(position, sampling.times))
    return replace(camera, camera_from_world=poses)


def _interpolate_rotations(rotations: FloatArray, times: FloatArray) -> FloatArray:
    """Quaternions (N, ..., 4) at times in frames of quaternions (T, ..., 4)."""
    return rotation.make_continuous(rotation.normalize(_interpolate_akima(rotation.make_continuous(rotations), times)))


def _interpolate_akima(values: FloatArray, times: FloatArray) -> FloatArray:
    """Values (N, ...) at times in frames of values (T, ...), on a smooth curve through all of them."""
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
    """Values (N, ...) on the line between the frames before and after, or those of the only one that was observed."""
    previous, following = sampling.previous, np.minimum(sampling.previous + 1, len(values) - 1)
    fraction = np.where(observed[following], np.where(observed[previous], sampling.fraction, 1.0), 0.0)
    fraction = fraction.reshape(-1, *[1] * (values.ndim - 1))
    start, end = values[previous], values[following]
    return np.where(fraction == 0, start, np.where(fraction == 1, end, (1 - fraction) * start + fraction * end))
