"""Motion of the hands of a person: hand observations and the motion of the body -> ``Hands`` and the joined motion."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import (
    HAND_LANDMARK_COUNT,
    BoolArray,
    Camera,
    FloatArray,
    HandObservation,
    Hands,
    IntArray,
    Motion,
)
from bodydouble.geometry import rotation
from bodydouble.motion.hands.fit import HandFit, fit_hand
from bodydouble.motion.hands.hand_model import (
    RELAXED,
    HandShape,
    finger_rotations,
    mirror_rotations,
    mirror_vectors,
)
from bodydouble.motion.hands.hand_size import estimate_shape
from bodydouble.motion.hands.hand_views import HandViews, collect_views
from bodydouble.motion.hands.wrist import join_hand

SIDES = ("left", "right")
PALM_TO_FOREARM = 0.40
"""Ratio of the distance from the wrist to the first joint of the middle finger to the length of the forearm."""
MIN_OBSERVED_TIME = 0.3
"""Minimum time for which a hand must be observed, s."""

ObservedHands = Sequence[tuple[HandObservation | None, HandObservation | None]]
"""Left and right hand in each of T frames; None where a hand was not observed."""


def capture_hands(
    observations: ObservedHands, motion: Motion, camera: Camera, frames: IntArray
) -> tuple[Hands | None, Motion]:
    """Reconstructs the fingers of a person, and turns forearms and hands of the body with the palms.

    Args:
        observations: T frames.
        motion: T frames of the body.
        camera: camera of the clip.
        frames: (T,) frames of the clip.

    Returns:
        The hands, None if neither was observed for long enough, and the motion of the body, whose joints keep their
        positions.
    """
    views = [_collect(observations, camera, side) for side in range(2)]
    fps = float(motion.fps)
    is_seen = [view.observed.sum() >= max(MIN_OBSERVED_TIME * fps, 2) for view in views]
    if not any(is_seen):
        return None, motion
    shape = estimate_shape([view for view, seen in zip(views, is_seen, strict=True) if seen])
    world_from_camera = np.swapaxes(camera.camera_from_world[frames, :3, :3], 1, 2)
    rotations, observed = [], np.zeros((len(frames), 2), dtype=bool)
    for index, (side, view, seen) in enumerate(zip(SIDES, views, is_seen, strict=True)):
        if not seen:
            rotations.append(_mirror_if_right(finger_rotations(np.tile(RELAXED, (len(frames), 1))), side))
            continue
        fit = fit_hand(view, shape, fps)
        observed[:, index] = view.observed
        rotations.append(_mirror_if_right(finger_rotations(fit.angles), side))
        motion = join_hand(motion, side, _world_from_hand(fit, world_from_camera, side), view.observed)
    hands = Hands(
        observed=observed,
        keypoints=_keypoints(observations, observed),
        rest_offsets=_rest_offsets(shape, motion),
        rotations=rotation.make_continuous(np.concatenate(rotations, axis=1)),
    )
    return hands, motion


def _collect(observations: ObservedHands, camera: Camera, side: int) -> HandViews:
    return collect_views([hands[side] for hands in observations], camera.intrinsics, is_right=side == 1)


def _mirror_if_right(quaternions: FloatArray, side: str) -> FloatArray:
    return mirror_rotations(quaternions) if side == "right" else quaternions


def _world_from_hand(fit: HandFit, world_from_camera: FloatArray, side: str) -> FloatArray:
    """Returns the rotations (T, 4) of a hand in the world."""
    camera_from_hand = _mirror_if_right(rotation.from_matrix(fit.camera_from_hand), side)
    return rotation.multiply(rotation.from_matrix(world_from_camera), camera_from_hand)


def _rest_offsets(shape: HandShape, motion: Motion) -> FloatArray:
    """Returns the rest offsets (30, 3) m of the finger bones, in proportion to the forearm of the body."""
    forearm = float(np.linalg.norm(motion.skeleton.rest_offsets[motion.skeleton.index("leftHand")]))
    left = shape.scale(PALM_TO_FOREARM * forearm / shape.palm_length).rest_offsets()
    return np.concatenate([left, mirror_vectors(left)])


def _keypoints(observations: ObservedHands, observed: BoolArray) -> FloatArray:
    """Returns the keypoints (T, 2, 21, 3) of the observed (T, 2) hands; NaN, NaN, 0 elsewhere."""
    keypoints = np.full((*observed.shape, HAND_LANDMARK_COUNT, 3), [np.nan, np.nan, 0.0])
    for frame, hands in enumerate(observations):
        for side, hand in enumerate(hands):
            if hand is not None and observed[frame, side]:
                keypoints[frame, side] = hand.keypoints
    return keypoints
