"""Deformation of a motion so that landmarks of the body appear at their annotated places in the image.

The fit that precedes it weighs annotations against all other measurements. This moves the landmarks the rest of the
way: keyed ones onto their view rays, interpolated ones near them. The depth
is nearly free.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_dilation

from bodydouble.data import BoolArray, Camera, Motion, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion.annotations.annotated_track import AnnotatedTrack
from bodydouble.motion.body.body_landmarks import landmark_attachments, landmark_positions
from bodydouble.motion.corrections.contacts import RESTING, SIDE_POINTS, find_runs, sole_targets
from bodydouble.motion.corrections.deformation import deform
from bodydouble.motion.corrections.deformation_terms import PointTargets, join_targets
from bodydouble.motion.corrections.keyframes import KEPT_SIGMA, blocks_that_move
from bodydouble.motion.corrections.refit import list_shots
from bodydouble.motion.fit.kinematics import BLOCK_COUNT
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.motion.resampling.motion import slice_motion
from bodydouble.skeletons import blazepose, coco, humanoid

KEYED_SIGMA, INTERPOLATED_SIGMA = 0.1 / 720, 8 / 720
"""Standard deviations of landmarks from their places in keyed frames and between them, in heights of the image."""
DEPTH_SIGMA = 0.15
"""Standard deviation in m of the depth of landmarks from that of the fit."""
DETAIL_FACTOR = 5.0
"""Factor of the standard deviations of further points of face and hands, so that nose, ears and wrists prevail.

They are rigid on head and hand, whose proportions are those of the adult template.
"""
DRAGGED_SOLE_SIGMA = 0.02
"""Standard deviation in m of the sole of a resting foot, whose leg is annotated, from its place."""
MAX_ADVANCES, MAX_STEPS = 1, 15
"""Maximum numbers of movements and steps of the deformation: further ones hardly move whole poses, and take seconds."""
FALLOFF_SECONDS = 0.25
"""Time in s before and after annotated frames over which the effect decays."""
_FOOT_PARTS, _LEG_PARTS = ("heel", "foot_index"), ("hip", "knee", "ankle", "heel", "foot_index")
_SIGMA_FACTORS = np.array(
    [1.0 if name in coco.INDEX or name.endswith(_FOOT_PARTS) else DETAIL_FACTOR for name in blazepose.LANDMARKS]
)
"""(33,) factors of the standard deviations of the landmarks."""


def place_landmarks(
    motion: Motion, track: Track, annotated: AnnotatedTrack, view: Camera, shot_starts: Sequence[int]
) -> Motion:
    """Brings landmarks of a person to their annotated places in the image.

    Args:
        motion: T frames of the 22 humanoid joints.
        track: of the same frames.
        annotated: of the same frames.
        view: camera of the clip.
        shot_starts: first frame of every shot but the first.

    Returns:
        The motion, unchanged away from annotated frames. Resting feet stay unless their legs are annotated.
    """
    rotations, root_position = motion.rotations.copy(), motion.root_position.copy()
    for shot in list_shots(track, shot_starts):
        placed = annotated.is_placed[shot]
        if not placed.any():
            continue
        part = slice_motion(motion, shot)
        is_own = _find_own_blocks(part, placed)
        targets = _ray_targets(part, annotated, shot, track, view)
        soles = _resting_soles(part, placed)
        is_free = np.asarray(is_own.any(axis=1))
        deformed = deform(part, join_targets([targets, soles]), is_free, is_own, MAX_ADVANCES, MAX_STEPS)
        rotations[shot], root_position[shot] = deformed.rotations, deformed.root_position
    return replace(motion, rotations=rotations, root_position=root_position)


def _find_own_blocks(motion: Motion, placed: BoolArray) -> BoolArray:
    """Returns (T, 23) where the position of the hips, and each joint, are meant to move: around places (T, 33)."""
    joints, _ = landmark_attachments(motion.skeleton)
    reach = np.ones(2 * max(1, round(FALLOFF_SECONDS * float(motion.fps))) + 1, dtype=bool)
    is_own = np.zeros((len(placed), BLOCK_COUNT), dtype=bool)
    for column in np.flatnonzero(placed.any(axis=0)):
        near = binary_dilation(placed[:, column], reach)
        is_own[near] |= blocks_that_move(humanoid.JOINTS[joints[column]])
    return is_own


def _ray_targets(motion: Motion, annotated: AnnotatedTrack, rows: slice, track: Track, view: Camera) -> PointTargets:
    """Returns targets on the view rays of all places in some rows, at the depth of the landmarks."""
    pixels, is_keyed = annotated.pixels[rows], annotated.is_keyed[rows]
    frames, columns = np.nonzero(np.isfinite(pixels[..., 0]))
    landmarks = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)[frames, columns]
    world_from_camera = camera.inverse(view.camera_from_world[track.frames[rows]])[frames]
    directions = rotation.normalize(camera.rays(view.intrinsics, pixels[frames, columns]))
    directions = rotation.rotate_vectors(world_from_camera[:, :3, :3], directions)
    centers = world_from_camera[:, :3, 3]
    distances = ((landmarks - centers) * directions).sum(axis=-1, keepdims=True)
    sigmas = np.where(is_keyed[frames, columns], KEYED_SIGMA, INTERPOLATED_SIGMA)
    sigmas = sigmas * _SIGMA_FACTORS[columns] * view.image_size[1]
    joints, offsets = landmark_attachments(motion.skeleton)
    sigmas = sigmas * np.maximum(distances[:, 0], 0.0) / view.intrinsics[1, 1]
    looseness = np.sqrt(np.maximum(1 - sigmas / DEPTH_SIGMA, 0.0))[:, None]
    return PointTargets(
        frames, joints[columns], offsets[columns], centers + distances * directions, sigmas, looseness * directions
    )


def _resting_soles(motion: Motion, placed: BoolArray) -> PointTargets:
    """Returns targets for all resting points of the soles: they stay, those of annotated legs less firmly."""
    resting = np.asarray(motion.contacts >= RESTING)
    sigmas = np.full(resting.shape, KEPT_SIGMA)
    for side, points in SIDE_POINTS.items():
        leg = [blazepose.INDEX[f"{side}_{part}"] for part in _LEG_PARTS]
        is_annotated = np.asarray(placed[:, leg].any(axis=1))
        for first, stop in find_runs(np.asarray(resting[:, list(points)].any(axis=1))):
            if is_annotated[first:stop].any():
                sigmas[first:stop, list(points)] = DRAGGED_SOLE_SIGMA
    rows, columns = np.nonzero(resting)
    places = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    return sole_targets(motion.skeleton, rows, columns, places[rows, columns], sigmas[rows, columns])
