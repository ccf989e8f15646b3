"""Finds people with a network that the user has: RTMO, YOLO-pose or RTMPose, as an ONNX file.

All three are told apart by the shapes of what they answer. The picture lies in the top-left corner of the input, the
rest is grey.

Sources: mmdeploy's and rtmlib's ONNX files of RTMO and RTMPose, https://github.com/open-mmlab/mmpose (projects/rtmo,
projects/rtmpose; ``PoseDataPreprocessor`` says in which order they take colours); Ultralytics' export of YOLO-pose,
https://docs.ultralytics.com/tasks/pose/.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bodydouble.data import FloatArray, RgbImage
from bodydouble.errors import ModelError
from bodydouble.networks import Network, Shape
from bodydouble.perception.pose.movenet import without_duplicates
from bodydouble.perception.protocols import Detection, PeopleDetector
from bodydouble.skeletons import coco

KEYPOINTS = len(coco.KEYPOINTS)
USUAL_SIDE = 640
"""px, of inputs that may have any size."""
GREY = 114
MIN_SCORE = 0.3
"""Weaker detections are dropped."""
SAME_PERSON = 0.6
"""Poses more similar than this are one person."""
MOST_FINISHED = 1000
"""A network that has sorted out duplicates itself answers with at most so many rows."""

_MEAN, _DEVIATION = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
"""Of RGB, with which RTMPose was trained."""
_MARGIN = 1.25
"""RTMPose looks at boxes this much larger."""
_BINS = 2.0
"""Bins per px in which RTMPose answers."""


@dataclass(frozen=True, slots=True)
class _OneStage:
    """How a network that finds people and their keypoints at once is asked and answers."""

    prepare: Callable[[RgbImage], FloatArray]
    """Picture (H, W, 3) RGB of the input's size -> what the network wants."""
    read: Callable[[list[FloatArray]], tuple[FloatArray, FloatArray, FloatArray]]
    """Answers -> boxes (N, 4), scores (N,), keypoints (N, 17, 3), px of the input."""


def _blue_first(picture: RgbImage) -> FloatArray:
    return picture[..., ::-1].astype(np.float32)


def _shares(picture: RgbImage) -> FloatArray:
    return picture.astype(np.float32) / 255


def _read_rtmo(answers: list[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of people (1, N, 5) x_min, y_min, x_max, y_max, score and keypoints (1, N, 17, 3)."""
    people, keypoints = sorted((answer[0] for answer in answers), key=np.ndim)
    return people[:, :4], people[:, 4], keypoints


def _read_yolo(answers: list[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of columns (1, 56, N): middle x, y, width, height, score, 17 x (x, y, confidence)."""
    rows = answers[0][0].T
    middle, half = rows[:, :2], rows[:, 2:4] / 2
    return np.concatenate([middle - half, middle + half], axis=1), rows[:, 4], _triples(rows[:, 5:])


def _read_finished_yolo(answers: list[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of rows (1, N, 57): x_min, y_min, x_max, y_max, score, class, 17 x (x, y, confidence)."""
    rows = answers[0][0]
    return rows[:, :4], rows[:, 4], _triples(rows[:, 6:])


def _triples(columns: FloatArray) -> FloatArray:
    return columns.reshape(-1, KEYPOINTS, 3)


_RTMO = _OneStage(_blue_first, _read_rtmo)
_YOLO = _OneStage(_shares, _read_yolo)
_FINISHED_YOLO = _OneStage(_shares, _read_finished_yolo)


class OneStageDetector:
    """RTMO or YOLO-pose."""

    def __init__(self, network: Network, kind: _OneStage) -> None:
        """Use a network that was loaded."""
        self._network = network
        self._kind = kind
        self._size = _input_size(network)

    @property
    def seconds(self) -> float:
        """Time spent inside the network so far."""
        return self._network.seconds

    def detect(self, frame: RgbImage) -> tuple[Detection, ...]:
        """The people in the picture, best first, each once."""
        picture, scale = _fitted(frame, self._size)
        answers = self._network(_channels_first(self._kind.prepare(picture)))
        boxes, scores, keypoints = self._kind.read([answer.astype(np.float64) for answer in answers])
        sure = np.flatnonzero(scores >= MIN_SCORE)
        poses = keypoints[sure] / np.append(scale, 1.0)
        poses[..., 2] = poses[..., 2].clip(0.0, 1.0)
        found = zip(boxes[sure] / np.tile(scale, 2), poses, scores[sure].clip(max=1.0).tolist(), strict=True)
        return without_duplicates([Detection(*person) for person in found], SAME_PERSON)


class TopDownDetector:
    """RTMPose: another detector says where people are, the network where their keypoints are."""

    def __init__(self, network: Network, finder: PeopleDetector) -> None:
        """Use a network that was loaded, and a detector for the boxes."""
        self._network = network
        self._finder = finder
        self._size = _input_size(network)

    @property
    def seconds(self) -> float:
        """Time spent inside the networks so far."""
        return self._network.seconds + self._finder.seconds

    def detect(self, frame: RgbImage) -> tuple[Detection, ...]:
        """The people in the picture, best first, each once."""
        return tuple(self._located(frame, person) for person in self._finder.detect(frame))

    def _located(self, frame: RgbImage, person: Detection) -> Detection:
        width, height = self._size
        center = person.box.reshape(2, 2).mean(axis=0)
        sides = np.maximum(person.box[2:] - person.box[:2], 1.0) * _MARGIN
        step = max(sides[0] / width, sides[1] / height)
        corner = center - step * np.array(self._size) / 2
        # warpAffine counts from the middle of the first pixel, we count from its corner: half a pixel on both sides.
        first = corner + 0.5 * step - 0.5
        source_from_target = np.array([[step, 0.0, first[0]], [0.0, step, first[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        crop = cv2.warpAffine(frame, source_from_target, (width, height), flags=flags)
        across, down = self._network(_channels_first((crop - _MEAN) / _DEVIATION))
        return Detection(person.box, _peaks(across[0], down[0], corner, step), person.score)


def _peaks(across: FloatArray, down: FloatArray, corner: FloatArray, step: float) -> FloatArray:
    """Keypoints (17, 3) of how likely each bin (K, bins) is, across and down; further keypoints are left out."""
    bins = [axis[:KEYPOINTS] for axis in (across, down)]
    place = np.stack([axis.argmax(axis=1) for axis in bins], axis=-1) / _BINS
    confidence = np.mean([axis.max(axis=1) for axis in bins], axis=0).clip(0.0, 1.0)
    return np.column_stack([corner + step * (place + 0.5), confidence])


def _fitted(frame: RgbImage, size: tuple[int, int]) -> tuple[RgbImage, FloatArray]:
    """The frame in the top-left corner of a picture of this width and height, and how much it was scaled, (2,)."""
    ratio = min(size[0] / frame.shape[1], size[1] / frame.shape[0])
    inner = max(round(frame.shape[1] * ratio), 1), max(round(frame.shape[0] * ratio), 1)
    resized = cv2.resize(frame, inner, interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR)
    picture = np.full((size[1], size[0], 3), GREY, np.uint8)
    picture[: inner[1], : inner[0]] = resized
    return picture, np.array(inner) / [frame.shape[1], frame.shape[0]]


def _channels_first(picture: FloatArray) -> FloatArray:
    return np.ascontiguousarray(np.moveaxis(picture, -1, 0)[None], dtype=np.float32)


def _input_size(network: Network) -> tuple[int, int]:
    height, width = (side if isinstance(side, int) else USUAL_SIDE for side in network.input_shape[2:])
    return width, height


def create_detector(path: Path, finder: PeopleDetector) -> PeopleDetector:
    """A detector with a network of the user.

    Args:
        path: ONNX file of RTMO, YOLO-pose (17 keypoints) or RTMPose (17 keypoints, or more of which these are first).
        finder: tells RTMPose where people are.

    Raises:
        ModelError: there is no such file, or it is no such network.
    """
    network = Network(path)
    shapes = list(network.output_shapes.values())
    picture = len(network.input_shape) == 4 and network.input_shape[1] in (3, None)
    if picture and _are_rtmo(shapes):
        return OneStageDetector(network, _RTMO)
    if picture and _are_rtmpose(shapes):
        return TopDownDetector(network, finder)
    if picture and len(shapes) == 1 and len(shapes[0]) == 3:
        _, rows, columns = shapes[0]
        if rows == 5 + 3 * KEYPOINTS:
            return OneStageDetector(network, _YOLO)
        if columns == 6 + 3 * KEYPOINTS and not (isinstance(rows, int) and rows > MOST_FINISHED):
            return OneStageDetector(network, _FINISHED_YOLO)
    found = ", ".join(f"{name} {shape}" for name, shape in network.output_shapes.items())
    raise ModelError(
        f"{path} is none of RTMO, YOLO-pose and RTMPose with the 17 keypoints of COCO: it answers {found}; "
        "see docs/keypoints.md"
    )


def _are_rtmo(shapes: list[Shape]) -> bool:
    return sorted(map(len, shapes)) == [3, 4] and {shape[-1] for shape in shapes} <= {5, 3, None}


def _are_rtmpose(shapes: list[Shape]) -> bool:
    counts = [shape[1] for shape in shapes if len(shape) == 3]
    return len(shapes) == 2 and len(counts) == 2 and all(isinstance(c, int) and c >= KEYPOINTS for c in counts)
