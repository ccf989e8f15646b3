"""Arms out of the picture rest beside the body.

Where elbow or wrist are out of the picture and no hand is found, the pose of an arm is a guess of the body network,
which tends to raise the hand into the picture. It would be seen there.
"""

from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_closing, binary_opening, gaussian_filter1d

from bodydouble.data import BoolArray, FloatArray, Hands, Motion, Track
from bodydouble.geometry import rotation
from bodydouble.motion.hands.hand_model import mirror_rotations
from bodydouble.skeletons import blazepose, humanoid

SIDES = ("left", "right")
SURE_CONFIDENCE = 0.6
"""Confidence of the wrist of the body from which the arm is seen."""
MIN_UNSEEN_TIME = 0.4
"""Time in s for which an arm must be unseen."""
EASE_TIME = 0.12
"""Standard deviation in s of the smoothing of the transition."""
RESTING_ARM: dict[str, FloatArray] = {
    "UpperArm": rotation.from_rotvec(np.radians([0.0, 0.0, -72.0])),
    "LowerArm": rotation.from_rotvec(np.radians([0.0, -18.0, 0.0])),
    "Hand": rotation.IDENTITY,
}
"""Rotation (4,) of each joint of a left arm that hangs, local to its parent."""


def rest_unseen_arms(motion: Motion, track: Track, hands: Hands | None, image_size: tuple[int, int]) -> Motion:
    """Returns the motion with resting arms where they are out of the picture.

    Args:
        motion: T frames of ``humanoid.JOINTS``.
        track: the 2D track of the same frames.
        hands: the hands that were captured.
        image_size: width and height, px.
    """
    rotations = motion.rotations.copy()
    for index, side in enumerate(SIDES):
        seen = _is_seen(track, side, image_size)
        if hands is not None:
            seen |= hands.observed[:, index]
        weight = _rest_weight(~seen, float(motion.fps))[:, None]
        for part, rest in RESTING_ARM.items():
            joint = humanoid.INDEX[side + part]
            target = rest if side == "left" else mirror_rotations(rest)
            change = rotation.to_rotvec(rotation.multiply(rotation.conjugate(rotations[:, joint]), target))
            rotations[:, joint] = rotation.multiply(rotations[:, joint], rotation.from_rotvec(weight * change))
    return replace(motion, rotations=rotation.make_continuous(rotation.normalize(rotations)))


def _is_seen(track: Track, side: str, image_size: tuple[int, int]) -> BoolArray:
    """Returns where (T,) elbow and wrist are in the picture, or the wrist is sure."""
    joints = track.keypoints[:, [blazepose.INDEX[f"{side}_{joint}"] for joint in ("elbow", "wrist")]]
    inside = ((joints[..., :2] >= 0) & (joints[..., :2] < np.array(image_size))).all(axis=(1, 2))
    return np.asarray(inside | (joints[:, 1, 2] >= SURE_CONFIDENCE))


def _rest_weight(unseen: BoolArray, fps: float) -> FloatArray:
    """Returns the weights (T,) of the resting arm: 1 where it is unseen for long, but for moments."""
    frames = 2 * round(MIN_UNSEEN_TIME * fps / 2) + 1
    structure = np.ones(frames, dtype=bool)
    padded = np.pad(unseen, frames, mode="edge")
    resting = binary_opening(binary_closing(padded, structure), structure)[frames:-frames]
    return np.asarray(gaussian_filter1d(resting.astype(np.float64), EASE_TIME * fps, mode="nearest"))
