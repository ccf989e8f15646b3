"""Constant lengths of a person's hands over the whole clip, and the palm as a rigid body."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.motion.hands.hand_model import FINGER_LANDMARKS, HandShape
from bodydouble.motion.hands.hand_views import HandViews
from bodydouble.skeletons import hand

ADULT = HandShape(
    knuckles=np.array(
        [[0.230, -0.120, 0.260], [0.980, -0.030, 0.240], [1.0, 0.0, 0.0], [0.940, -0.010, -0.205],
         [0.830, -0.040, -0.380]]
    ),
    lengths=np.array(
        [[0.420, 0.335, 0.277], [0.432, 0.243, 0.214], [0.485, 0.286, 0.232], [0.450, 0.279, 0.231],
         [0.356, 0.197, 0.214]]
    ),
)  # fmt: skip
"""Proportions of an adult's hand; the palm has length 1.

Source of the fingers: A. Buryanov and V. Kotiuk, "Proportions of hand segments", International Journal of Morphology 28
(2010), table I: mean lengths between the joints of 66 adults with the soft tissue of the fingertips, divided by a palm
of 92 mm. The table was read in two reproductions of it, not in the journal. The first bone of the thumb and the
knuckles are those of the network's landmarks of open hands, on average; the bone is a fifth shorter than in the table.
"""


def estimate_shape(hands: Sequence[HandViews]) -> HandShape:
    """Estimates the shape of the hands of one person: an adult's proportions in the size of the 3D landmarks.

    The lengths of the fingers in the 3D landmarks themselves are not used. They vary with the pose, and against hands
    that were triangulated from four views the first bones of the fingers come out a third too short.

    Args:
        hands: views of one or both hands, observed in at least one frame.
    """
    landmarks = np.concatenate([view.landmarks_3d[view.observed] for view in hands])
    palms = np.linalg.norm(landmarks[:, hand.INDEX["middle_mcp"]] - landmarks[:, 0], axis=1)
    return ADULT.scale(float(np.median(palms)))


def align_palms(landmarks: FloatArray, shape: HandShape) -> FloatArray:
    """Returns the rotations (N, 3, 3) that bring the palm of a shape onto that of landmarks (N, 21, 3)."""
    palm = np.concatenate([np.zeros((1, 3)), shape.knuckles])
    observed = landmarks[:, [0, *FINGER_LANDMARKS[:, 0]]]
    centered = observed - observed.mean(axis=1, keepdims=True)
    return rotation.nearest_rotation(np.swapaxes(centered, 1, 2) @ (palm - palm.mean(axis=0)))
