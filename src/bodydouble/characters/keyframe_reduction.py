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

LEVER_ARM = 0.1
"""m; what is this far from a joint and turns with it stays within the bound, too. Without it the head and the hands, on
which no other joint depends, could turn as they like."""
ROUNDING_MARGIN = 0.99
"""Part of the bound that is used, because files round."""


def reduce_keyframes(
    skeleton: Skeleton, rotations: FloatArray, translation: FloatArray, tolerance: float, translated_joint: int = 0
) -> tuple[BoolArray, BoolArray]:
    """The frames in which a joint needs a key.

    The first and the last frame have keys. Others are added where the error is worst, to the joint that causes most of
    it, until the bound holds in every frame. A frame in which all have keys is exact, so this ends.

    Args:
        skeleton: J joints; its rest offsets are in the axes of the turned parents.
        rotations: (T, J, 4) xyzw, local to the parent joint.
        translation: (T, 3) m, of the joint ``translated_joint``, local to its parent joint.
        tolerance: m, above 0; the largest distance of a joint, or of what is 0.1 m from it, that interpolation may make.
        translated_joint: the joint that the translation moves: the hips.

    Returns:
        (T, J) True where a joint's rotation has a key, and (T,) True where the translation has one.

    Raises:
        InvalidDataError: the bound is not above 0.
    """
    if not tolerance > 0:
        raise InvalidDataError(f"a bound of {tolerance} m for keyframes; it must be above 0")
    poses = _Poses(skeleton, translated_joint, rotations, translation)
    # The last column is the translation: one more curve.
    keys = np.zeros((len(rotations), rotations.shape[1] + 1), dtype=np.bool_)
    keys[[0, -1]] = True
    all_frames = np.arange(len(rotations))
    frames = all_frames
    while True:
        interpolated, previous_keys = poses.interpolate_keys(keys, frames)
        errors, curve = _largest_errors(poses.slice_frames(frames), interpolated, keys[frames])
        violations = np.flatnonzero(errors > ROUNDING_MARGIN * tolerance)
        if len(violations):
            peaks = violations[
                _largest_per_segment(
                    errors[violations], curve[violations], previous_keys[violations, curve[violations]]
                )
            ]
            keys[frames[peaks], curve[peaks]] = True
            # A new key may spoil a frame that was right: all are looked at again when none of these is wrong.
            frames = frames[violations]
        elif len(frames) < len(all_frames):
            frames = all_frames
        else:
            return keys[:, :-1], keys[:, -1]


def _largest_per_segment(errors: FloatArray, curve: IntArray, previous_keys: IntArray) -> IntArray:
    """Of N wrong frames, the worst one of each curve after each of its keys."""
    descending = np.argsort(-errors, kind="stable")
    segments = np.stack([curve, previous_keys], axis=-1)[descending]
    return descending[np.unique(segments, axis=0, return_index=True)[1]]


@dataclass(frozen=True, slots=True)
class _Poses:
    """N poses of a skeleton of which one joint is moved."""

    skeleton: Skeleton
    translated_joint: int
    rotations: FloatArray
    """(N, J, 4)."""
    translation: FloatArray
    """(N, 3)."""

    def slice_frames(self, frames: IntArray) -> "_Poses":
        return _Poses(self.skeleton, self.translated_joint, self.rotations[frames], self.translation[frames])

    def interpolate_keys(self, keys: BoolArray, frames: IntArray) -> tuple["_Poses", IntArray]:
        """The poses of some frames as files make them from the keys (T, J + 1), and the keys before them (N, J + 1)."""
        numbers = np.arange(len(keys))[:, None]
        previous_keys = np.maximum.accumulate(np.where(keys, numbers, 0))[frames]
        next_keys = np.minimum.accumulate(np.where(keys, numbers, len(keys))[::-1])[::-1][frames]
        fraction = ((frames[:, None] - previous_keys) / np.maximum(next_keys - previous_keys, 1))[..., None]
        joints = np.arange(self.rotations.shape[1])
        start, end = self.rotations[previous_keys[:, :-1], joints], self.rotations[next_keys[:, :-1], joints]
        rotvec = rotation.to_rotvec(rotation.multiply(rotation.conjugate(start), end))
        rotations = rotation.multiply(start, rotation.from_rotvec(fraction[:, :-1] * rotvec))
        start, end = self.translation[previous_keys[:, -1]], self.translation[next_keys[:, -1]]
        return _Poses(
            self.skeleton, self.translated_joint, rotations, start + fraction[:, -1] * (end - start)
        ), previous_keys

    def joint_poses(self) -> tuple[FloatArray, FloatArray]:
        """World positions (N, J, 3) and rotations (N, J, 4) of the joints."""
        world_rotations = np.array(self.rotations)
        positions = np.empty((*world_rotations.shape[:2], 3))
        for j, parent in enumerate(self.skeleton.parents):
            step = self.translation if j == self.translated_joint else self.skeleton.rest_offsets[j]
            if parent < 0:
                positions[:, j] = step
            else:
                world_rotations[:, j] = rotation.multiply(world_rotations[:, parent], self.rotations[:, j])
                positions[:, j] = positions[:, parent] + rotation.rotate(world_rotations[:, parent], step)
        return positions, world_rotations


def _largest_errors(original: _Poses, interpolated: _Poses, keys: BoolArray) -> tuple[FloatArray, IntArray]:
    """The largest error of each pose (N,) m, and the curve without a key that causes most of it."""
    (original_positions, original_rotations), (positions, rotations) = (
        original.joint_poses(),
        interpolated.joint_poses(),
    )
    position_errors = np.linalg.norm(positions - original_positions, axis=-1)
    rotation_errors = LEVER_ARM * rotation.angle_between(rotations, original_rotations)
    errors = np.maximum(position_errors, rotation_errors)
    rows, joint = np.arange(len(errors)), errors.argmax(axis=1)
    arms = np.linalg.norm(original_positions - original_positions[rows, joint, None], axis=-1)
    arms = np.where((rotation_errors > position_errors)[rows, joint, None], LEVER_ARM, arms)
    contributions = np.empty(keys.shape)
    contributions[:, :-1] = arms * rotation.angle_between(interpolated.rotations, original.rotations)
    contributions[:, -1] = np.linalg.norm(interpolated.translation - original.translation, axis=-1)
    contributions[keys | ~_moved_by_curves(original.skeleton, original.translated_joint)[joint]] = -1.0
    return errors[rows, joint], contributions.argmax(axis=1)


def _moved_by_curves(skeleton: Skeleton, translated_joint: int) -> BoolArray:
    """(J, J + 1) True where a joint is carried by a curve: its own, those of the joints above it, the translation."""
    is_moved = np.eye(len(skeleton.parents), dtype=np.bool_)
    for j, parent in enumerate(skeleton.parents):
        if parent >= 0:
            is_moved[j] |= is_moved[parent]
    return np.append(is_moved, is_moved[:, translated_joint, None], axis=1)
