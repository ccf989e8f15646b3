"""Resampling of a whole ``Performance`` to another frame rate: motions, tracks and camera.

Rotations, positions and the camera are interpolated by Akima splines. These are smooth, and at rests and impacts they
do not overshoot as splines with a continuous second derivative do.

Source: H. Akima, "A new method of interpolation and smooth curve fitting based on local procedures", J. ACM 17, 1970.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
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
        between the observed source frames; they are NaN otherwise.

    Raises:
        InvalidDataError: the rate is not above 0.
    """
    if fps <= 0:
        raise InvalidDataError(f"a frame rate of {fps} frames per second; it must be above 0")
    if fps == performance.fps:
        return performance
    step = performance.fps / fps
    count = floor((performance.frame_count - 1) / step) + 1
    clip_sampling = _sample_frames(0, performance.frame_count - 1, step, count)
    people = tuple(_resample_person(person, fps, step, count) for person in performance.people)
    return Performance(fps, count, _resample_camera(performance.camera, clip_sampling), people)


def _sample_frames(first: int, last: int, step: Fraction, count: int) -> _Sampling:
    """Returns the new frames from old frame first to last, or the nearest new frame if none lies between them.

    Args:
        first: old frame of row 0.
        last: old frame of the last row.
        step: between new frames, in old frames.
        count: number of new frames of the clip.
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
    return _Sampling(
        frames=frames,
        previous=np.clip(numerator // denominator - first, 0, last - first),
        fraction=np.where(is_between, numerator % denominator / denominator, 0.0),
        nearest=np.clip([rounded_up, rounded_down], first, last) - first,
    )


def _resample_person(person: Person, fps: Fraction, step: Fraction, count: int) -> Person:
    sampling = _sample_frames(int(person.track.frames[0]), int(person.track.frames[-1]), step, count)
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
        rotations=_interpolate_rotations(motion.rotations, sampling.times),
        root_position=_interpolate_akima(motion.root_position, sampling.times),
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
        rotations=_interpolate_rotations(hands.rotations, sampling.times),
    )


def _resample_camera(camera: Camera, sampling: _Sampling) -> Camera:
    """Interpolates the orientation of a camera and its position in the world."""
    rotations, translations = camera.camera_from_world[:, :3, :3], camera.camera_from_world[:, :3, 3]
    position = -np.einsum("fji,fj->fi", rotations, translations)
    poses = np.tile(np.eye(4), (len(sampling.frames), 1, 1))
    poses[:, :3, :3] = rotation.to_matrix(_interpolate_rotations(rotation.from_matrix(rotations), sampling.times))
    poses[:, :3, 3] = -np.einsum("fij,fj->fi", poses[:, :3, :3], _interpolate_akima(position, sampling.times))
    return replace(camera, camera_from_world=poses)


def _interpolate_rotations(rotations: FloatArray, times: FloatArray) -> FloatArray:
    """Interpolates quaternions (T, ..., 4) at times (N,) in frames."""
    return rotation.make_continuous(rotation.normalize(_interpolate_akima(rotation.make_continuous(rotations), times)))


def _interpolate_akima(values: FloatArray, times: FloatArray) -> FloatArray:
    """Interpolates values (T, ...) at times (N,) in frames by an Akima spline."""
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
