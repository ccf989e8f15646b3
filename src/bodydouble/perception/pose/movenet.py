"""Finds people with MoveNet MultiPose.

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
"""The network takes pictures whose sides are multiples of this, px."""
MOST = 6
"""People that the network can tell of."""
TILE = 0.6
"""Share of the longer side of a crowded picture that each of its two overlapping tiles covers."""
DIVISIONS = 2
"""How often a crowded picture is divided, so that a stadium takes no more than six runs of the network more."""
INNER = 0.02
"""Part of a tile's side: boxes that end this near to where the tile was cut off may be of half a person."""


@dataclass(frozen=True, slots=True)
class PeopleOptions:
    """How people are found."""

    long_sides: tuple[int, ...] = (256,)
    """Long sides of the pictures that the network sees, px, multiples of 32: small people are found in a large picture,
    large ones in a small one."""
    min_score: float = 0.2
    """Weaker detections are dropped."""
    same_person: float = 0.6
    """Poses more similar than this are one person."""
    same_place: float = 0.6
    """Boxes of more intersection over union than this, in pictures of two sizes, are one person."""


def decode(people: FloatArray, covered: FloatArray) -> list[Detection]:
    """Detections from the network's answer.

    Args:
        people: (P, 56): 17 x (y, x, confidence), y_min, x_min, y_max, x_max, score, relative to the input's sides.
        covered: (4,) what the input covers of the frame: x_min, y_min, x_max, y_max, px.
    """
    corner, sides = covered[:2], covered[2:] - covered[:2]
    keypoints = people[:, :51].reshape(-1, 17, 3)
    poses = np.concatenate([corner + keypoints[..., 1::-1] * sides, keypoints[..., 2:]], axis=-1)
    boxes = np.tile(corner, 2) + people[:, [52, 51, 54, 53]] * np.tile(sides, 2)
    return [Detection(*person) for person in zip(boxes, poses, people[:, 55].tolist(), strict=True)]


def without_duplicates(detections: Sequence[Detection], same_person: float) -> tuple[Detection, ...]:
    """The detections, best first, less those whose pose is much like a better one's."""
    kept: list[Detection] = []
    for candidate in sorted(detections, key=lambda detection: -detection.score):
        pose = candidate.keypoints[:, :2]
        if all(pose_similarity(pose, other.keypoints[:, :2]) < same_person for other in kept):
            kept.append(candidate)
    return tuple(kept)


class MoveNetDetector:
    """MoveNet MultiPose: up to six people in a picture of each size, and of each tile of a crowded one."""

    def __init__(self, options: PeopleOptions | None = None) -> None:
        """Load the network. Raises ModelError if that is not possible."""
        self.options = options or PeopleOptions()
        self._network = Network(MODELS / "movenet_multipose.onnx", ("people",))

    @property
    def seconds(self) -> float:
        """Time spent inside the network so far."""
        return self._network.seconds

    def detect(self, frame: RgbImage) -> tuple[Detection, ...]:
        """The people in the picture, best first, each once."""
        looks = [self._strong(frame, side) for side in self.options.long_sides]
        if any(len(look) == MOST for look in looks):
            looks += self._tiled(frame, DIVISIONS)
        found = [(n, one) for n, look in enumerate(looks) for one in without_duplicates(look, self.options.same_person)]
        kept: list[tuple[int, Detection]] = []
        for look, one in sorted(found, key=lambda pair: -pair[1].score):
            if not self._known(one, [other for another, other in kept if another != look]):
                kept.append((look, one))
        return tuple(one for _, one in kept)

    def _known(self, one: Detection, others: Sequence[Detection]) -> bool:
        """Whether somebody was found in a picture of another size, perhaps in another pose."""
        return any(float(box_iou(one.box, other.box)) > self.options.same_place for other in others)

    def _strong(self, frame: RgbImage, long_side: int) -> list[Detection]:
        picture, covered = letterbox(frame, long_side, STRIDE)
        (people,) = self._network(picture[None])
        found = decode(people[0].astype(np.float64), covered)
        return [detection for detection in found if detection.score >= self.options.min_score]

    def _tiled(self, frame: RgbImage, divisions: int) -> list[list[Detection]]:
        """Who is seen in each of two overlapping tiles, and in tiles of those if they are crowded, too."""
        across, length = int(frame.shape[1] < frame.shape[0]), max(frame.shape[:2])
        looks = []
        for start, stop in ((0, round(TILE * length)), (round((1 - TILE) * length), length)):
            tile = np.ascontiguousarray(frame[start:stop] if across else frame[:, start:stop])
            strong = self._strong(tile, max(self.options.long_sides))
            room, shift = INNER * (stop - start), np.roll([start, 0.0], across)
            least, most = start + room if start > 0 else -np.inf, stop - room if stop < length else np.inf
            deeper = self._tiled(tile, divisions - 1) if len(strong) == MOST and divisions > 1 else []
            for look in (strong, *deeper):
                there = [one.moved(shift) for one in look]
                looks.append([one for one in there if one.box[across] >= least and one.box[2 + across] <= most])
        return looks
