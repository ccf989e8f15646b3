"""Detects people with NanoDet: an image -> boxes of any number of people, which MultiPose may miss.

It knows no keypoints. It sees people who are half hidden or in unusual poses better than MoveNet MultiPose, which
finds at most six people, but it also takes other things for people.

Source: R. Lyu, NanoDet, https://github.com/RangiLyu/nanodet: the distances from a cell to the four sides of the box are
means of discrete distributions (X. Li et al., Generalized Focal Loss, 2020).
"""

import cv2
import numpy as np
from scipy.special import softmax

from bodydouble.data import FloatArray, RgbImage
from bodydouble.geometry.similarity import box_iou
from bodydouble.networks import Network
from bodydouble.perception.protocols import MODELS, PersonBox

INPUT_SIDE = 416
"""Side of the network's input, px."""
STRIDES = (8, 16, 32)
"""Widths of the cells of the three levels, px of the input."""
DISTANCE_COUNT = 11
"""Number of distances from a cell to a side between which the network distributes its probability."""
MIN_SCORE = 0.5
"""Minimum score of a box: a third of the people that MultiPose misses, and hardly anything else."""
MAX_OVERLAP = 0.6
"""Intersection over union above which two boxes are of one person."""


def cell_centers() -> tuple[FloatArray, FloatArray]:
    """Returns centres (N, 2) and widths (N,) of the cells of all levels, in px of the input, row by row."""
    centers, widths = [], []
    for stride in STRIDES:
        steps = (np.arange(INPUT_SIDE // stride) + 0.5) * stride
        y, x = np.meshgrid(steps, steps, indexing="ij")
        centers.append(np.stack([x, y], axis=-1).reshape(-1, 2))
        widths.append(np.full(len(steps) ** 2, float(stride)))
    return np.concatenate(centers), np.concatenate(widths)


_CENTERS, _WIDTHS = cell_centers()


def decode_boxes(scores: FloatArray, distances: FloatArray) -> list[PersonBox]:
    """Converts the network's output to boxes in px of the input, best first, each person once.

    Args:
        scores: (N,) probability of a person in each cell.
        distances: (N, 44) logits of 11 distances to the left, top, right and bottom side, in widths of the cell.
    """
    kept = np.flatnonzero(scores >= MIN_SCORE)
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    logits = distances[kept].reshape(len(kept), 4, DISTANCE_COUNT)
    sides = softmax(logits, axis=-1) @ np.arange(DISTANCE_COUNT) * _WIDTHS[kept, None]
    boxes = np.concatenate([_CENTERS[kept] - sides[:, :2], _CENTERS[kept] + sides[:, 2:]], axis=1)
    people: list[PersonBox] = []
    for box, score in zip(boxes, scores[kept].tolist(), strict=True):
        if all(float(box_iou(box, other.box)) <= MAX_OVERLAP for other in people):
            people.append(PersonBox(box, score))
    return people


class NanoDet:
    """NanoDet reduced to people."""

    def __init__(self) -> None:
        """Loads the network. Raises ModelError if that is not possible."""
        self._network = Network(MODELS / "nanodet.onnx", ("scores", "distances"))

    def detect(self, frame: RgbImage) -> list[PersonBox]:
        """Detects the people in an image (H, W, 3) RGB, best first, each once."""
        scale = INPUT_SIDE / max(frame.shape[:2])
        height, width = (max(round(side * scale), 1) for side in frame.shape[:2])
        image = np.zeros((INPUT_SIDE, INPUT_SIDE, 3), np.uint8)
        image[:height, :width] = cv2.resize(
            frame, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        )
        scores, distances = self._network(image[None])
        sides = np.tile([frame.shape[1] / width, frame.shape[0] / height], 2)
        people = decode_boxes(scores[0].astype(np.float64), distances[0].astype(np.float64))
        return [PersonBox(person.box * sides, person.score) for person in people]
