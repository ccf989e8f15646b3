"""Motion of the hands of a person: hand observations and the motion of the body -> ``Hands`` and the joined motion."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from bodydouble.data import (
    FINGER_BONE_COUNT,
    HAND_LANDMARK_COUNT,
    BoolArray,
    Camera,
    FloatArray,
    HandObservation,
    Hands,
    IntArray,
    Motion,
)
from bodydouble.data.windows import split_into_windows
from bodydouble.geometry import kinematics, rotation
from bodydouble.geometry.camera import project, transform
from bodydouble.motion.hands.arm_placement import SIDES, WINDOW_FRAMES, SeenHand, place_arms
from bodydouble.motion.hands.fit import HandFit, fit_hand
from bodydouble.motion.hands.hand_model import (
    RELAXED,
    HandShape,
    finger_rotations,
    mirror_rotations,
    mirror_vectors,
    pose_hand,
)
from bodydouble.motion.hands.hand_size import estimate_shape
from bodydouble.motion.hands.hand_views import HandViews, collect_views
from bodydouble.motion.hands.wrist import join_hand
from bodydouble.skeletons import hand

PALM_TO_FOREARM = 0.40
"""Ratio of the distance from the wrist to the first joint of the middle finger to the length of the forearm."""
MIN_OBSERVED_TIME = 0.3
"""Minimum time for which a hand must be observed, s."""

HIDDEN_DISTANCE = 1.0
"""Maximum distance of the wrist of a hidden hand from that of the other one, lengths of the palm in the image."""
MAX_STEP_TIME = 0.11
"""Maximum time between two observations of a hand that counts as observed all the while, s."""
NOT_OBSERVED = np.array([np.nan, np.nan, 0.0])
"""Keypoint that was not observed."""

ObservedHands = Sequence[tuple[HandObservation | None, HandObservation | None]]
"""Left and right hand in each of T frames; None where a hand was not observed."""


def capture_hands(
    observations: ObservedHands, motion: Motion, camera: Camera, frames: IntArray
) -> tuple[Hands | None, Motion]:
    """Reconstructs the fingers of a person, and places and turns the arms of the body as the hands were seen.

    Args:
        observations: T frames.
        motion: T frames of the body.
        camera: camera of the clip.
        frames: (T,) frames of the clip.

    Returns:
        The hands, None if neither was observed for long enough, and the motion of the body, in which only elbows and
        wrists have moved.
    """
    fps = float(motion.fps)
    keypoints = _keypoints(observations, fps)
    observed = keypoints[..., 2].max(axis=-1) > 0
    is_seen = observed.sum(axis=0) >= max(MIN_OBSERVED_TIME * fps, 2)
    if not is_seen.any():
        return None, motion
    keypoints[:, ~is_seen] = NOT_OBSERVED
    observed &= is_seen
    sides = [side for side, seen in zip(SIDES, is_seen, strict=True) if seen]
    shape = estimate_shape([_collect(observations, camera, side) for side in sides])
    # The views of one hand are collected again, as those of both would need much memory.
    fits = {side: fit_hand(_collect(observations, camera, side), shape, fps) for side in sides}
    own_shape = shape.scale(_palm_length(motion) / shape.palm_length)
    motion = _place_hands(motion, camera, frames, fits, keypoints, shape, own_shape)
    hands = Hands(
        observed=observed,
        keypoints=keypoints,
        rest_offsets=_rest_offsets(own_shape),
        rotations=_finger_rotations(fits, len(frames)),
    )
    return hands, motion


def _finger_rotations(fits: Mapping[str, HandFit], frames: int) -> FloatArray:
    """Returns the rotations (T, 30, 4) of the finger bones; those of a hand that was not seen are relaxed."""
    rotations = np.empty((frames, FINGER_BONE_COUNT, 4))
    for rows, _ in split_into_windows(frames, WINDOW_FRAMES, 0):
        relaxed = np.tile(RELAXED, (rows.stop - rows.start, 1))
        angles = {side: fits[side].angles[rows] if side in fits else relaxed for side in SIDES}
        part = np.concatenate([_mirror_if_right(finger_rotations(angles[side]), side) for side in SIDES], axis=1)
        before = rotations[max(rows.start - 1, 0) : rows.start]
        rotations[rows] = rotation.make_continuous(np.concatenate([before, part]))[len(before) :]
    return rotations


def _place_hands(
    motion: Motion,
    camera: Camera,
    frames: IntArray,
    fits: Mapping[str, HandFit],
    keypoints: FloatArray,
    shape: HandShape,
    own_shape: HandShape,
) -> Motion:
    """Places and turns the arms as the hands were fitted, with keypoints (T, 2, 21, 3)."""
    observed = keypoints[..., 2].max(axis=-1) > 0
    camera_from_world = camera.camera_from_world[frames]
    seen = {side: _seen_hand(fit, own_shape, shape, observed[:, SIDES.index(side)], side) for side, fit in fits.items()}
    motion = place_arms(motion, camera_from_world, seen)
    known = observed | _hidden_by_other(motion, camera, frames, keypoints)
    for side, fit in fits.items():
        palms = _world_from_hand(fit, np.swapaxes(camera_from_world[:, :3, :3], 1, 2), side)
        motion = join_hand(motion, side, palms, known[:, SIDES.index(side)])
    return motion


def _hidden_by_other(motion: Motion, camera: Camera, frames: IntArray, keypoints: FloatArray) -> BoolArray:
    """Returns where (T, 2) a hand is not seen beside one that is, which hides it: it has not turned away."""
    observed = keypoints[..., 2].max(axis=-1) > 0
    wrists = kinematics.joint_positions(motion)[:, [motion.skeleton.index(f"{side}Hand") for side in SIDES]]
    pixels = project(camera.intrinsics, transform(camera.camera_from_world[frames], wrists))
    other = keypoints[:, ::-1, :, :2]
    size = np.linalg.norm(other[:, :, hand.INDEX["middle_mcp"]] - other[:, :, 0], axis=-1)
    is_near = np.linalg.norm(pixels - other[:, :, 0], axis=-1) < HIDDEN_DISTANCE * size
    return np.asarray(~observed & observed[:, ::-1] & is_near)


def _collect(observations: ObservedHands, camera: Camera, side: str) -> HandViews:
    index = SIDES.index(side)
    return collect_views([hands[index] for hands in observations], camera.intrinsics, is_right=index == 1)


def _mirror_if_right(quaternions: FloatArray, side: str) -> FloatArray:
    return mirror_rotations(quaternions) if side == "right" else quaternions


def _world_from_hand(fit: HandFit, world_from_camera: FloatArray, side: str) -> FloatArray:
    """Returns the rotations (T, 4) of a hand in the world."""
    camera_from_hand = _mirror_if_right(rotation.from_matrix(fit.camera_from_hand), side)
    return rotation.multiply(rotation.from_matrix(world_from_camera), camera_from_hand)


def _seen_hand(fit: HandFit, own: HandShape, shape: HandShape, observed: BoolArray, side: str) -> SeenHand:
    """Returns a hand in camera axes as large as the body's own shape makes it; the fit is of another size."""
    landmarks: FloatArray = np.empty((len(observed), HAND_LANDMARK_COUNT, 3), _choose_type(len(observed)))
    for rows, _ in split_into_windows(len(observed), WINDOW_FRAMES, 0):
        turned = pose_hand(own, fit.angles[rows]).landmarks @ np.swapaxes(fit.camera_from_hand[rows], 1, 2)
        landmarks[rows] = mirror_vectors(turned) if side == "right" else turned
    rays: FloatArray = np.column_stack([fit.position[:, :2], np.ones(len(observed))])
    if side == "right":
        rays = mirror_vectors(rays)
    depths: FloatArray = np.exp(fit.position[:, 2]) * own.palm_length / shape.palm_length
    return SeenHand(observed, rays, depths, landmarks, own.palm_length)


def _choose_type(frames: int) -> type[np.floating[Any]]:
    """Returns the type of measurements over T frames: float64, or float32 in clips of several windows."""
    return np.float64 if len(list(split_into_windows(frames, WINDOW_FRAMES, 0))) == 1 else np.float32


def _palm_length(motion: Motion) -> float:
    """Returns the length of the palm in m, in proportion to the forearm of the body."""
    return PALM_TO_FOREARM * float(np.linalg.norm(motion.skeleton.rest_offsets[motion.skeleton.index("leftHand")]))


def _rest_offsets(shape: HandShape) -> FloatArray:
    """Returns the rest offsets (30, 3) m of the finger bones of both hands."""
    left = shape.rest_offsets()
    return np.concatenate([left, mirror_vectors(left)])


def _keypoints(observations: ObservedHands, fps: float) -> FloatArray:
    """Returns the keypoints (T, 2, 21, 3), linear between observations that are MAX_STEP_TIME apart at most.

    Hands need not be observed in every frame. Where they are not, keypoints are NaN, NaN, 0.
    """
    keypoints = np.full((len(observations), 2, HAND_LANDMARK_COUNT, 3), NOT_OBSERVED, _choose_type(len(observations)))
    for frame, hands in enumerate(observations):
        for side, observation in enumerate(hands):
            if observation is not None:
                keypoints[frame, side] = observation.keypoints
    for side in range(2):
        observed = np.flatnonzero([hands[side] is not None for hands in observations])
        for before, after in pairwise(observed):
            if after - before <= MAX_STEP_TIME * fps:
                fractions = np.arange(1, after - before)[:, None, None] / (after - before)
                start, end = keypoints[before, side], keypoints[after, side]
                keypoints[before + 1 : after, side] = start + fractions * (end - start)
    return keypoints
