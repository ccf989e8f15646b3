"""Head of a motion, turned as the face shows it: ``Motion`` and ``FaceObservation``s -> ``Motion``.

The body landmarks of the head are few and close together; the 478 landmarks of the face show its rotation much better.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bodydouble.data import Camera, FaceObservation, FloatArray, IntArray, Motion, Track
from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.camera import rays
from bodydouble.motion.face.temporal import ease_gaps
from bodydouble.motion.resampling.smoothing import robust_whittaker
from bodydouble.skeletons import blazepose, humanoid

CUTOFF_HZ = 4.0
"""Frequency at which the amplitude of the correction is halved."""
OUTLIER = np.array(0.15)
"""Deviation of one frame in rad that halves its weight."""
MAX_CORRECTION = 1.0
"""Maximum angle in rad between the face and the head of the motion; a larger one is a mistake of the face."""
_FACING_CAMERA = np.array([1.0, 0.0, 0.0, 0.0])
"""Rotation from the axes of a head that faces the camera to those of the camera: half a turn about x."""
_NOSE, _NECK, _HEAD = blazepose.INDEX["nose"], humanoid.INDEX["neck"], humanoid.INDEX["head"]


def fuse_head_rotation(motion: Motion, camera: Camera, track: Track, faces: Sequence[FaceObservation | None]) -> Motion:
    """Turns the head of a motion as the face was seen.

    Args:
        motion: Motion of ``humanoid.JOINTS``, T frames.
        camera: Camera of the clip.
        track: Track of the same person and frames.
        faces: The face in each of the T frames; None where it was not observed.

    Returns:
        The motion with other rotations of neck and head; the positions of all joints are the same. Half of the turn
        about the neck is given to the neck. Where the face is not seen, the correction eases to none.
    """
    seen = np.array([i for i, face in enumerate(faces) if face is not None], dtype=np.int64)
    if not len(seen):
        return motion
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)
    corrections = np.full((len(faces), 3), np.nan)
    corrections[seen] = rotation.to_rotvec(
        rotation.multiply(
            rotation.conjugate(world[seen, _HEAD]),
            _head_in_world([face for face in faces if face is not None], camera, track, seen),
        )
    )
    corrections[~(np.linalg.norm(corrections, axis=1) < MAX_CORRECTION)] = np.nan
    observed = np.isfinite(corrections[:, 0])
    if not observed.any():
        return motion
    smooth = robust_whittaker(corrections, observed[:, None].astype(float), float(motion.fps), CUTOFF_HZ, OUTLIER)
    return _turn_head(motion, rotation.from_rotvec(ease_gaps(smooth, observed, float(motion.fps))))


def _head_in_world(faces: Sequence[FaceObservation], camera: Camera, track: Track, seen: IntArray) -> FloatArray:
    """Returns the world rotations (N, 4) of the head in the N frames in which the face was seen.

    A face is seen in the direction of its view ray, not in that of the optical axis.
    """
    directions = rotation.normalize(rays(camera.intrinsics, track.keypoints[seen, _NOSE, :2]))
    camera_from_ray = rotation.between(np.array([0.0, 0.0, 1.0]), directions)
    turned = rotation.multiply(camera_from_ray, np.stack([face.camera_from_head for face in faces]))
    camera_from_head = rotation.multiply(turned, _FACING_CAMERA)
    camera_from_world = rotation.from_matrix(camera.camera_from_world[track.frames[seen], :3, :3])
    return rotation.multiply(rotation.conjugate(camera_from_world), camera_from_head)


def _turn_head(motion: Motion, corrections: FloatArray) -> Motion:
    """Applies corrections (T, 4) in the axes of the head, half of their twist about the neck by the neck."""
    rotations = motion.rotations.copy()
    head = rotation.multiply(rotations[:, _HEAD], corrections)
    change = rotation.multiply(head, rotation.conjugate(rotations[:, _HEAD]))  # in the axes of the neck
    axis = rotation.normalize(motion.skeleton.rest_offsets[_HEAD])
    half = rotation.from_rotvec(0.5 * (rotation.to_rotvec(change) @ axis)[:, None] * axis)
    rotations[:, _NECK] = rotation.multiply(rotations[:, _NECK], half)
    rotations[:, _HEAD] = rotation.multiply(rotation.conjugate(half), head)
    return replace(motion, rotations=rotation.make_continuous(rotation.normalize(rotations)))
