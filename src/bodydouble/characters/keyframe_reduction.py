"""Fewer keys for editors: as few frames of each joint as hold every joint within a distance of its place.

Between the kept frames files interpolate: rotations the shorter way at an even speed, the translation of the hips on a
line, as glTF's LINEAR does. What counts is where the joints are in the world once all joints above them have been
interpolated, not the error of each curve by itself.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, Skeleton
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import rotation

REACH = 0.1
"""m; what is this far from a joint and turns with it stays within the bound, too. Without it the head and the hands, on
which no other joint depends, could turn as they like."""
SINGLE_PRECISION = 0.99
"""Part of the bound that is used, because files round."""


def key_frames(
    skeleton: Skeleton, rotations: FloatArray, translation: FloatArray, bound: float, moved: int = 0
) -> tuple[BoolArray, BoolArray]:
    """The frames in which a joint needs a key.

    The first and the last frame have keys. Others are added where the error is worst, to the joint that causes most of
    it, until the bound holds in every frame. A frame in which all have keys is exact, so this ends.

    Args:
        skeleton: J joints; its rest offsets are in the axes of the turned parents.
        rotations: (T, J, 4) xyzw, local to the parent joint.
        translation: (T, 3) m, of the joint ``moved``, local to its parent joint.
        bound: m, above 0; the largest distance of a joint, or of what is 0.1 m from it, that interpolation may make.
        moved: the joint that the translation moves: the hips.

    Returns:
        (T, J) True where a joint's rotation has a key, and (T,) True where the translation has one.

    Raises:
        InvalidDataError: the bound is not above 0.
    """
    if not bound > 0:
        raise InvalidDataError(f"a bound of {bound} m for keyframes; it must be above 0")
    motion = _Motion(skeleton, moved, rotations, translation)
    # The last column is the translation: one more curve.
    keys = np.zeros((len(rotations), rotations.shape[1] + 1), dtype=np.bool_)
    keys[[0, -1]] = True
    everything = np.arange(len(rotations))
    frames = everything
    while True:
        made, before = motion.interpolated(keys, frames)
        worst, curve = _errors(motion.rows(frames), made, keys[frames])
        wrong = np.flatnonzero(worst > SINGLE_PRECISION * bound)
        if len(wrong):
            peaks = wrong[_peaks(worst[wrong], curve[wrong], before[wrong, curve[wrong]])]
            keys[frames[peaks], curve[peaks]] = True
            # A new key may spoil a frame that was right: all are looked at again when none of these is wrong.
            frames = frames[wrong]
        elif len(frames) < len(everything):
            frames = everything
        else:
            return keys[:, :-1], keys[:, -1]


def _peaks(worst: FloatArray, curve: IntArray, before: IntArray) -> IntArray:
    """Of N wrong frames, the worst one of each curve after each of its keys."""
    descending = np.argsort(-worst, kind="stable")
    segments = np.stack([curve, before], axis=-1)[descending]
    return descending[np.unique(segments, axis=0, return_index=True)[1]]


@dataclass(frozen=True, slots=True)
class _Motion:
    """N poses of a skeleton of which one joint is moved."""

    skeleton: Skeleton
    moved: int
    rotations: FloatArray
    """(N, J, 4)."""
    translation: FloatArray
    """(N, 3)."""

    def rows(self, frames: IntArray) -> "_Motion":
        return _Motion(self.skeleton, self.moved, self.rotations[frames], self.translation[frames])

    def interpolated(self, keys: BoolArray, frames: IntArray) -> tuple["_Motion", IntArray]:
        """The poses of some frames as files make them from the keys (T, J + 1), and the keys before them (N, J + 1)."""
        numbers = np.arange(len(keys))[:, None]
        before = np.maximum.accumulate(np.where(keys, numbers, 0))[frames]
        after = np.minimum.accumulate(np.where(keys, numbers, len(keys))[::-1])[::-1][frames]
        share = ((frames[:, None] - before) / np.maximum(after - before, 1))[..., None]
        joints = np.arange(self.rotations.shape[1])
        start, end = self.rotations[before[:, :-1], joints], self.rotations[after[:, :-1], joints]
        way = rotation.to_rotvec(rotation.multiply(rotation.conjugate(start), end))
        turned = rotation.multiply(start, rotation.from_rotvec(share[:, :-1] * way))
        start, end = self.translation[before[:, -1]], self.translation[after[:, -1]]
        return _Motion(self.skeleton, self.moved, turned, start + share[:, -1] * (end - start)), before

    def places(self) -> tuple[FloatArray, FloatArray]:
        """World positions (N, J, 3) and rotations (N, J, 4) of the joints."""
        turns = np.array(self.rotations)
        positions = np.empty((*turns.shape[:2], 3))
        for j, parent in enumerate(self.skeleton.parents):
            step = self.translation if j == self.moved else self.skeleton.rest_offsets[j]
            if parent < 0:
                positions[:, j] = step
            else:
                turns[:, j] = rotation.multiply(turns[:, parent], self.rotations[:, j])
                positions[:, j] = positions[:, parent] + rotation.rotate(turns[:, parent], step)
        return positions, turns


def _errors(true: _Motion, made: _Motion, keys: BoolArray) -> tuple[FloatArray, IntArray]:
    """The largest error of each pose (N,) m, and the curve without a key that causes most of it."""
    (true_positions, true_turns), (positions, turns) = true.places(), made.places()
    off = np.linalg.norm(positions - true_positions, axis=-1)
    twisted = REACH * rotation.angle_between(turns, true_turns)
    worst = np.maximum(off, twisted)
    rows, joint = np.arange(len(worst)), worst.argmax(axis=1)
    arms = np.linalg.norm(true_positions - true_positions[rows, joint, None], axis=-1)
    arms = np.where((twisted > off)[rows, joint, None], REACH, arms)
    shares = np.empty(keys.shape)
    shares[:, :-1] = arms * rotation.angle_between(made.rotations, true.rotations)
    shares[:, -1] = np.linalg.norm(made.translation - true.translation, axis=-1)
    shares[keys | ~_carried(true.skeleton, true.moved)[joint]] = -1.0
    return worst[rows, joint], shares.argmax(axis=1)


def _carried(skeleton: Skeleton, moved: int) -> BoolArray:
    """(J, J + 1) True where a joint is carried by a curve: its own, those of the joints above it, the translation."""
    carried = np.eye(len(skeleton.parents), dtype=np.bool_)
    for j, parent in enumerate(skeleton.parents):
        if parent >= 0:
            carried[j] |= carried[parent]
    return np.append(carried, carried[:, moved, None], axis=1)
