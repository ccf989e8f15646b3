"""Networks of hands: landmarks in a region, the region itself, and palms anywhere in a square.

Source: Zhang et al., MediaPipe Hands: On-device Real-time Hand Tracking (2020).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from bodydouble.data import HAND_LANDMARK_COUNT, FloatArray, RgbImage
from bodydouble.networks import Network
from bodydouble.perception.hands.regions import roi_from_alignment_points, roi_from_palm
from bodydouble.perception.image.roi import extract_roi
from bodydouble.perception.protocols import MODELS, RotatedRoi

LANDMARK_SIDE, RECROP_SIDE, PALM_SIDE = 224, 256, 192
"""Sides of the inputs of the three networks, px."""
MIN_PALM_SCORE = 0.5
"""Minimum probability of a palm."""
_ANCHOR_GRIDS = ((24, 2), (12, 6))
"""Squares per side, and anchors per square, of both levels of the palm detector."""
_WRIST, _MIDDLE_KNUCKLE = 0, 2
"""Keypoints of a palm."""


@dataclass(frozen=True, slots=True)
class HandLandmarks:
    """Landmarks of the hand in a region."""

    points: FloatArray
    """(21, 2) px of the frame."""
    landmarks_3d: FloatArray
    """(21, 3) m, relative to the wrist, camera axes."""
    presence: float
    """Probability that the region shows a hand."""
    left_probability: float
    """Probability that it is a left hand."""


@dataclass(frozen=True, slots=True)
class Palm:
    """A detected palm."""

    wrist: FloatArray
    """(2,) px of the frame."""
    roi: RotatedRoi
    """Region of the hand."""
    score: float
    """Probability that this is a palm."""


class HandNetworks:
    """The three networks of hands."""

    def __init__(self) -> None:
        """Loads the networks. Raises ModelError if that is not possible."""
        outputs = ("landmarks", "presence", "right_handed", "world_landmarks")
        self._landmarks = Network(MODELS / "hand_landmark_full.onnx", outputs, is_shared=True)
        self._recrop = Network(MODELS / "hand_recrop.onnx", ("alignment_points",), is_shared=True)
        self._palms = Network(MODELS / "palm_detection_full.onnx", ("boxes", "scores"), is_shared=True)
        self._anchors = _palm_anchors()

    def refine_roi(self, frame: RgbImage, roi: RotatedRoi) -> RotatedRoi:
        """Returns the region of the hand that a larger region shows, in a frame (H, W, 3) RGB."""
        (points,) = self._recrop(extract_roi(frame, roi, RECROP_SIDE)[None])
        return roi_from_alignment_points(roi.to_image(points.reshape(2, 2).astype(np.float64) / RECROP_SIDE))

    def locate_landmarks(self, frame: RgbImage, roi: RotatedRoi) -> HandLandmarks:
        """Locates the landmarks of the hand in a region of a frame (H, W, 3) RGB."""
        landmarks, presence, right, world = self._landmarks(extract_roi(frame, roi, LANDMARK_SIDE)[None])
        points, space = (output.reshape(HAND_LANDMARK_COUNT, 3).astype(np.float64) for output in (landmarks, world))
        space -= space[0]
        return HandLandmarks(
            points=roi.to_image(points[:, :2] / LANDMARK_SIDE),
            landmarks_3d=np.concatenate([space[:, :2] @ roi.axes.T, space[:, 2:]], axis=-1),
            presence=float(presence.item()),
            left_probability=1.0 - float(right.item()),
        )

    def detect_palms(self, frame: RgbImage, roi: RotatedRoi) -> list[Palm]:
        """Detects the palms in an upright region of a frame (H, W, 3) RGB, the most certain first."""
        boxes, scores = self._palms(extract_roi(frame, roi, PALM_SIDE)[None])
        probabilities = expit(scores[0, :, 0].astype(np.float64))
        order = np.argsort(-probabilities)
        return [
            self._decode_palm(boxes[0, i].astype(np.float64), self._anchors[i], roi, float(probabilities[i]))
            for i in order[probabilities[order] >= MIN_PALM_SCORE]
        ]

    @staticmethod
    def _decode_palm(values: FloatArray, anchor: FloatArray, roi: RotatedRoi, score: float) -> Palm:
        """Converts one row (18,) of the palm detector's output; its anchor is (2,) px of the input."""
        center, size, keypoints = values[:2] + anchor, values[2:4], values[4:].reshape(-1, 2) + anchor
        corners = roi.to_image(np.stack([center - size / 2, center + size / 2]) / PALM_SIDE)
        wrist, knuckle = roi.to_image(keypoints[[_WRIST, _MIDDLE_KNUCKLE]] / PALM_SIDE)
        return Palm(wrist, roi_from_palm(corners.ravel(), wrist, knuckle), score)


def _palm_anchors() -> FloatArray:
    """Returns the middles (2016, 2) of the palm detector's anchors, px of its input."""
    levels = []
    for squares, anchors_per_square in _ANCHOR_GRIDS:
        middles = (np.arange(squares) + 0.5) * (PALM_SIDE / squares)
        y, x = np.meshgrid(middles, middles, indexing="ij")
        levels.append(np.repeat(np.column_stack([x.ravel(), y.ravel()]), anchors_per_square, axis=0))
    return np.concatenate(levels)
