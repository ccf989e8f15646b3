"""Keyframe reduction: the fewest keys of each joint that keep all joints within a tolerance of their positions.

In: local rotations (T, J, 4) and translation (T, 3). Out: masks of the frames that keep a key. Between keys, files
interpolate rotations by spherical linear interpolation and the translation linearly, as glTF's LINEAR does. The error
is that of the joints' world positions after all joints above them have been interpolated, not that of single curves.
"""

from dataclasses import dataclass

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, Skeleton
from bodydouble.errors import InvalidDataError
from bodydouble.geometry import kinematics, rotation

LEVER_ARM = 0.1
"""Distance in m from a joint at which its rotation error is measured. The tolerance holds there, too.

Without it the rotations of head and hands, on which no other joint depends, would not be bounded.
"""
ROUNDING_MARGIN = 0.99
"""Fraction of the tolerance that is used, because files store single precision."""


def reduce_keyframes(
    skeleton: Skeleton, rotations: FloatArray, translation: FloatArray, tolerance: float, translated_joint: int = 0
) -> tuple[BoolArray, BoolArray]:
    """Selects the frames in which each joint keeps a key.

    The first and the last frame have keys. Further keys are added where the error is largest, to the joint that
    contributes most to it, until the tolerance holds in every frame. This ends, since a frame in which all curves have
    keys is exact.

    Args:
        skeleton: J joints; its rest offsets are in the axes of the rotated parents.
        rotations: (T, J, 4) xyzw, local to the parent joint.
        translation: (T, 3) m, of the joint ``translated_joint``, local to its parent joint.
        tolerance: m, above 0; maximum error of a joint, and of points LEVER_ARM from it that rotate with it.
        translated_joint: the joint that the translation moves: the hips.

    Returns:
        (T, J) True where a joint's rotation has a key, and (T,) True where the translation has one.

    Raises:
        InvalidDataError: the tolerance is not above 0.
    """
    if not tolerance > 0:
        raise InvalidDataError(f"a keyframe tolerance of {tolerance} m; it must be above 0")
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
            errors, curve = errors[violations], curve[violations]
            peaks = _largest_per_segment(errors, curve, previous_keys[violations, curve])
            keys[frames[violations[peaks]], curve[peaks]] = True
            # A new key may raise the error of other frames: all are checked again when these are within tolerance.
            frames = frames[violations]
        elif len(frames) < len(all_frames):
            frames = all_frames
        else:
            return keys[:, :-1], keys[:, -1]


def _largest_per_segment(errors: FloatArray, curve: IntArray, previous_keys: IntArray) -> IntArray:
    """Returns, of N frames beyond tolerance, that with the largest error of each curve after each of its keys."""
    descending = np.argsort(-errors, kind="stable")
    segments = np.stack([curve, previous_keys], axis=-1)[descending]
    return descending[np.unique(segments, axis=0, return_index=True)[1]]


@dataclass(frozen=True, slots=True)
class _Poses:
    """N poses of a skeleton with one translated joint."""

    skeleton: Skeleton
    translated_joint: int
    rotations: FloatArray
    """(N, J, 4)."""
    translation: FloatArray
    """(N, 3)."""

    def slice_frames(self, frames: IntArray) -> "_Poses":
        return _Poses(self.skeleton, self.translated_joint, self.rotations[frames], self.translation[frames])

    def interpolate_keys(self, keys: BoolArray, frames: IntArray) -> tuple["_Poses", IntArray]:
        """Interpolates N frames from keys (T, J + 1).

        Returns:
            The N poses, and the frame (N, J + 1) of the last key of each curve at or before each of the N frames.
        """
        numbers = np.arange(len(keys))[:, None]
        previous_keys = np.maximum.accumulate(np.where(keys, numbers, 0))[frames]
        next_keys = np.minimum.accumulate(np.where(keys, numbers, len(keys))[::-1])[::-1][frames]
        fraction = ((frames[:, None] - previous_keys) / np.maximum(next_keys - previous_keys, 1))[..., None]
        joints = np.arange(self.rotations.shape[1])
        start, end = self.rotations[previous_keys[:, :-1], joints], self.rotations[next_keys[:, :-1], joints]
        rotvec = rotation.to_rotvec(rotation.multiply(rotation.conjugate(start), end))
        rotations = rotation.multiply(start, rotation.from_rotvec(fraction[:, :-1] * rotvec))
        start, end = self.translation[previous_keys[:, -1]], self.translation[next_keys[:, -1]]
        translation = start + fraction[:, -1] * (end - start)
        return _Poses(self.skeleton, self.translated_joint, rotations, translation), previous_keys

    def joint_poses(self) -> tuple[FloatArray, FloatArray]:
        """Returns the world positions (N, J, 3) and rotations (N, J, 4) of the joints."""
        return kinematics.forward_kinematics(self.skeleton, self.rotations, self.translation, self.translated_joint)


def _largest_errors(original: _Poses, interpolated: _Poses, keys: BoolArray) -> tuple[FloatArray, IntArray]:
    """Returns the largest error (N,) m of each pose, and the curve (N,) without a key that contributes most to it."""
    original_positions, original_rotations = original.joint_poses()
    positions, rotations = interpolated.joint_poses()
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
    """Returns (J, J + 1) True where a curve moves a joint: its own, those of joints above it, and the translation."""
    is_moved = np.eye(len(skeleton.parents), dtype=np.bool_)
    for j, parent in enumerate(skeleton.parents):
        if parent >= 0:
            is_moved[j] |= is_moved[parent]
    return np.append(is_moved, is_moved[:, translated_joint, None], axis=1)
