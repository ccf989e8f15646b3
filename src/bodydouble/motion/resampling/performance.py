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
    before: IntArray
    """(N,) row of the old frame at or before the new one."""
    share: FloatArray
    """(N,) how far the new frame lies behind ``before``, in old frames, 0 to less than 1."""
    nearest: IntArray
    """(2, N) rows of the nearest old frame; two different ones where the new frame lies halfway between them."""

    @property
    def times(self) -> FloatArray:
        """(N,) in rows."""
        return self.before + self.share


def at_rate(performance: Performance, fps: Fraction) -> Performance:
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
    whole = _sampling(0, performance.frame_count - 1, step, count)
    people = tuple(_person_at(person, fps, step, count) for person in performance.people)
    return Performance(fps, count, _camera_at(performance.camera, whole), people)


def _sampling(first: int, last: int, step: Fraction, count: int) -> _Sampling:
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
    over, under = frames * step.numerator, step.denominator
    rows = last - first
    return _Sampling(
        frames=frames,
        before=np.clip(over // under - first, 0, rows),
        share=np.where((over >= first * under) & (over < last * under), over % under / under, 0.0),
        nearest=np.clip([(2 * over + under) // (2 * under), -((under - 2 * over) // (2 * under))], first, last) - first,
    )


def _person_at(person: Person, fps: Fraction, step: Fraction, count: int) -> Person:
    sampling = _sampling(int(person.track.frames[0]), int(person.track.frames[-1]), step, count)
    return Person(person.name, _track_at(person.track, sampling), _motion_at(person.motion, fps, sampling))


def _motion_at(motion: Motion, fps: Fraction, sampling: _Sampling) -> Motion:
    everywhere = np.ones(len(motion.rotations), dtype=np.bool_)
    return replace(
        motion,
        fps=fps,
        rotations=_rotations_at(motion.rotations, sampling.times),
        root_position=_curve(motion.root_position, sampling.times),
        contacts=_line(motion.contacts, everywhere, sampling),
        joint_sigma=_line(motion.joint_sigma, everywhere, sampling),
    )


def _camera_at(camera: Camera, sampling: _Sampling) -> Camera:
    """Its orientation and its place in the world follow curves; the translation of its matrices turns with it."""
    turns, translations = camera.camera_from_world[:, :3, :3], camera.camera_from_world[:, :3, 3]
    place = -np.einsum("fji,fj->fi", turns, translations)
    poses = np.tile(np.eye(4), (len(sampling.frames), 1, 1))
    poses[:, :3, :3] = rotation.to_matrix(_rotations_at(rotation.from_matrix(turns), sampling.times))
    poses[:, :3, 3] = -np.einsum("fij,fj->fi", poses[:, :3, :3], _curve(place, sampling.times))
    return replace(camera, camera_from_world=poses)


def _rotations_at(rotations: FloatArray, times: FloatArray) -> FloatArray:
    """Quaternions (N, ..., 4) at times in frames of quaternions (T, ..., 4)."""
    return rotation.continuous(rotation.normalize(_curve(rotation.continuous(rotations), times)))


def _curve(values: FloatArray, times: FloatArray) -> FloatArray:
    """Values (N, ...) at times in frames of values (T, ...), on a smooth curve through all of them."""
    if len(values) == 1:
        return np.repeat(values, len(times), axis=0)
    curve: FloatArray = Akima1DInterpolator(np.arange(len(values)), values, axis=0)(times)
    return curve


def _track_at(track: Track, sampling: _Sampling) -> Track:
    observed: BoolArray = np.all(track.observed[sampling.nearest], axis=0)
    keypoints, boxes, rough_joints = (
        np.where(observed.reshape(-1, *[1] * (values.ndim - 1)), _line(values, track.observed, sampling), missing)
        for values, missing in (
            (track.keypoints, np.array([np.nan, np.nan, 0.0])),
            (track.boxes, np.nan),
            (track.landmarks_3d, np.nan),
        )
    )
    return Track(sampling.frames, observed, boxes, keypoints, rough_joints)


def _line(values: FloatArray, observed: BoolArray, sampling: _Sampling) -> FloatArray:
    """Values (N, ...) on the line between the frames before and after, or those of the only one that was observed."""
    before, after = sampling.before, np.minimum(sampling.before + 1, len(values) - 1)
    share = np.where(observed[after], np.where(observed[before], sampling.share, 1.0), 0.0)
    share = share.reshape(-1, *[1] * (values.ndim - 1))
    start, end = values[before], values[after]
    return np.where(share == 0, start, np.where(share == 1, end, (1 - share) * start + share * end))
