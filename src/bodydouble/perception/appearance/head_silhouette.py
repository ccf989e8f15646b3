"""Silhouette of a head and the shoulders below it: an image of a head -> which pixels show the person.

Source: Rother, Kolmogorov and Blake, GrabCut: Interactive Foreground Extraction using Iterated Graph Cuts (2004).
"""

import cv2
import numpy as np

from bodydouble.data import BoolArray, RgbImage
from bodydouble.data.appearance import HEAD_PATCH_SIDE

ROUNDS = 2
"""Number of rounds of colour models and cuts."""
EYE_ROW = 18.5
"""Row of the eyes, px."""

_ROWS, _COLUMNS = np.mgrid[:HEAD_PATCH_SIDE, :HEAD_PATCH_SIDE] + 0.5


def find_silhouette(head: RgbImage, face: float, middle: float) -> BoolArray:
    """Finds the pixels (64, 64) that show the person.

    Args:
        head: (64, 64, 3) image of a head as in AppearanceSample.
        face: column of the middle of the face, px.
        middle: column of the middle of the head, px.
    """
    labels = np.full(head.shape[:2], cv2.GC_PR_BGD, np.uint8)
    across = np.abs(_COLUMNS - middle)
    is_head = (across / 10) ** 2 + ((_ROWS - EYE_ROW) / 12.5) ** 2 < 1
    is_trunk = (_ROWS > 36) & (across < 13)
    labels[is_head | is_trunk | ((across < 5) & (_ROWS > 26))] = cv2.GC_PR_FGD
    is_face = ((_COLUMNS - (face + middle) / 2) / 4) ** 2 + ((_ROWS - 21.5) / 6) ** 2 < 1
    labels[is_face | ((_ROWS > 42) & (across < 6))] = cv2.GC_FGD
    is_far = (_COLUMNS < 6) | (_COLUMNS > HEAD_PATCH_SIDE - 6)
    labels[(_ROWS < 3) | ((_ROWS < 32) & is_far)] = cv2.GC_BGD
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    cv2.grabCut(np.ascontiguousarray(head), labels, (0, 0, 1, 1), *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))


def typical_head(middle: float) -> BoolArray:
    """Returns the pixels (64, 64) well inside a head of the usual size, for heads that look like their surroundings."""
    return np.asarray(((_COLUMNS - middle) / 7) ** 2 + ((_ROWS - EYE_ROW) / 9) ** 2 < 1)
