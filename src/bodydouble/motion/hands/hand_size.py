"""Estimates the constant lengths of a person's hands from the 3D landmarks of the whole clip."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.motion.hands.hand_model import FINGER_LANDMARKS, HandShape, knuckle_frame
from bodydouble.motion.hands.hand_views import HandViews


def estimate_shape(hands: Sequence[HandViews]) -> HandShape:
    """Estimates the shape of the hands of one person; left and right are equal.

    Args:
        hands: views of one or both hands, observed in at least one frame.
    """
    landmarks = np.concatenate([view.landmarks_3d[view.observed] for view in hands])
    in_hand = landmarks @ knuckle_frame(landmarks)
    steps = np.diff(landmarks[:, FINGER_LANDMARKS], axis=2)
    knuckles = np.median(in_hand[:, FINGER_LANDMARKS[:, 0]], axis=0)
    return HandShape(knuckles, np.median(np.linalg.norm(steps, axis=-1), axis=0))


def align_palms(landmarks: FloatArray, shape: HandShape) -> FloatArray:
    """Returns the rotations (N, 3, 3) that bring the palm of a shape onto that of landmarks (N, 21, 3)."""
    palm = np.concatenate([np.zeros((1, 3)), shape.knuckles])
    observed = landmarks[:, [0, *FINGER_LANDMARKS[:, 0]]]
    centered = observed - observed.mean(axis=1, keepdims=True)
    return rotation.nearest_rotation(np.swapaxes(centered, 1, 2) @ (palm - palm.mean(axis=0)))
