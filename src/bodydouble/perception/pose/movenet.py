"""Detects people with MoveNet MultiPose: an image -> ``Detection``s with COCO keypoints.

The network detects at most six people, so a crowded image is divided into overlapping tiles.

Source: the MoveNet.MultiPose model card, https://www.kaggle.com/models/google/movenet/tensorFlow2/multipose-lightning
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray, RgbImage
from bodydouble.geometry.similarity import box_iou, pose_similarity
from bodydouble.networks import Network
from bodydouble.perception.image.roi import letterbox
from bodydouble.perception.protocols import MODELS, Detection

STRIDE = 32
"""Number of px that must divide the sides of the network's input."""
MAX_PEOPLE = 6
"""Maximum number of people that the network detects in one run."""
MIN_INPUT_SIZE = 60.0
"""Longer side of a person's box, px of the network's input, from which on no larger input is needed."""
TILE_FRACTION = 0.6
"""Fraction of the longer side of a crowded image that each of its two overlapping tiles covers."""
MAX_TILE_DEPTH = 2
"""Maximum depth to which a crowded image is divided: at most six more runs of the network."""
TILE_BORDER_FRACTION = 0.02
"""Width of the strip along a tile's cut edge, in sides of the tile; boxes that reach it may be of half a person."""


@dataclass(frozen=True, slots=True)
class MoveNetOptions:
    """Options of the people detector."""

    long_sides: tuple[int, ...] = (256,)
    """Longer sides of the network's inputs, px, multiples of 32: a large input shows small people, a small one large
    people."""
    min_score: float = 0.2
    """Minimum score of a detection."""
    duplicate_similarity: float = 0.6
    """Similarity from which two poses of one run belong to one person."""
    duplicate_iou: float = 0.6
    """Intersection over union above which boxes of two runs belong to one person."""


def decode_detections(people: FloatArray, input_box: FloatArray) -> list[Detection]:
    """Converts the network's output to detections.

    Args:
        people: (P, 56): 17 x (y, x, confidence), y_min, x_min, y_max, x_max, score, relative to the input's sides.
        input_box: (4,) box of the frame that the input covers: x_min, y_min, x_max, y_max, px.
    """
    corner, sides = input_box[:2], input_box[2:] - input_box[:2]
    keypoints = people[:, :51].reshape(-1, 17, 3)
    poses = np.concatenate([corner + keypoints[..., 1::-1] * sides, keypoints[..., 2:]], axis=-1)
    boxes = np.tile(corner, 2) + people[:, [52, 51, 54, 53]] * np.tile(sides, 2)
    return [Detection(*person) for person in zip(boxes, poses, people[:, 55].tolist(), strict=True)]


def pose_nms(detections: Sequence[Detection], duplicate_similarity: float) -> tuple[Detection, ...]:
    """Suppresses detections with nearly the pose of a better one (pose non-maximum suppression); best first."""
    kept: list[Detection] = []
    for candidate in sorted(detections, key=lambda detection: -detection.score):
        pose = candidate.keypoints[:, :2]
        if all(pose_similarity(pose, better.keypoints[:, :2]) < duplicate_similarity for better in kept):
            kept.append(candidate)
    return tuple(kept)


class MoveNetDetector:
    """MoveNet MultiPose: up to six people in an image of each size, and in each tile of a crowded image."""

    def __init__(self, options: MoveNetOptions | None = None) -> None:
        """Loads the network. Raises ModelError if that is not possible."""
        self.options = options or MoveNetOptions()
        self._network = Network(MODELS / "movenet_multipose.onnx", ("people",))

    def detect(self, frame: RgbImage, min_size: float = 0.0) -> tuple[Detection, ...]:
        """Detects the people in an image (H, W, 3) RGB, best first, each once.

        Only the smallest input is used if people of ``min_size`` px are large enough in it.
        """
        smallest = min(self.options.long_sides)
        is_large = min_size * smallest >= MIN_INPUT_SIZE * max(frame.shape[:2])
        runs = [self._detect_once(frame, side) for side in ((smallest,) if is_large else self.options.long_sides)]
        if any(len(run) == MAX_PEOPLE for run in runs):
            runs += self._detect_in_tiles(frame, MAX_TILE_DEPTH)
        similarity = self.options.duplicate_similarity
        candidates = [(number, detection) for number, run in enumerate(runs) for detection in pose_nms(run, similarity)]
        kept: list[tuple[int, Detection]] = []
        for number, candidate in sorted(candidates, key=lambda pair: -pair[1].score):
            if not self._overlaps_any(candidate, [detection for run, detection in kept if run != number]):
                kept.append((number, candidate))
        return tuple(detection for _, detection in kept)

    def _overlaps_any(self, candidate: Detection, detections: Sequence[Detection]) -> bool:
        """Returns whether the same person was detected in another run, perhaps in another pose."""
        return any(float(box_iou(candidate.box, other.box)) > self.options.duplicate_iou for other in detections)

    def _detect_once(self, frame: RgbImage, long_side: int) -> list[Detection]:
        """Detects people in one run of the network, on an input of this longer side, px."""
        image, input_box = letterbox(frame, long_side, STRIDE)
        (people,) = self._network(image[None])
        detections = decode_detections(people[0].astype(np.float64), input_box)
        return [detection for detection in detections if detection.score >= self.options.min_score]

    def _detect_in_tiles(self, frame: RgbImage, depth: int) -> list[list[Detection]]:
        """Detects people in each of two overlapping tiles, and in tiles of those if they are crowded, too."""
        axis, length = int(frame.shape[1] < frame.shape[0]), max(frame.shape[:2])
        runs = []
        for start, stop in ((0, round(TILE_FRACTION * length)), (round((1 - TILE_FRACTION) * length), length)):
            tile = np.ascontiguousarray(frame[start:stop] if axis else frame[:, start:stop])
            detections = self._detect_once(tile, max(self.options.long_sides))
            border, shift = TILE_BORDER_FRACTION * (stop - start), np.roll([start, 0.0], axis)
            low, high = start + border if start > 0 else -np.inf, stop - border if stop < length else np.inf
            deeper = self._detect_in_tiles(tile, depth - 1) if len(detections) == MAX_PEOPLE and depth > 1 else []
            for run in (detections, *deeper):
                shifted = [detection.translate(shift) for detection in run]
                runs.append([person for person in shifted if person.box[axis] >= low and person.box[2 + axis] <= high])
        return runs
