"""Detects people with a network of the user, as an ONNX file: RTMO, YOLO-pose or RTMPose.

ONNX file -> ``PeopleDetector``. The three are recognised by the shapes of their outputs. The image lies in the top-left
corner of the input, the rest is grey. Read ``create_detector`` first.

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
from bodydouble.perception.pose.movenet import pose_nms
from bodydouble.perception.protocols import Detection, PeopleDetector
from bodydouble.skeletons import coco

KEYPOINT_COUNT = len(coco.KEYPOINTS)
"""Number of COCO keypoints."""
DEFAULT_SIDE = 640
"""Side of inputs that may have any size, px."""
PADDING_LEVEL = 114
"""Grey level of the padding around the image."""
MIN_SCORE = 0.3
"""Minimum score of a detection."""
DUPLICATE_SIMILARITY = 0.6
"""Similarity from which two poses belong to one person."""
MAX_NMS_ROWS = 1000
"""Maximum number of output rows of a network that includes non-maximum suppression."""

_RGB_MEAN, _RGB_STD = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
"""Mean and standard deviation of RGB with which RTMPose was trained."""
_BOX_MARGIN = 1.25
"""Ratio of the side of RTMPose's crop to that of the box."""
_BINS_PER_PX = 2.0
"""Bins per px of RTMPose's output."""


@dataclass(frozen=True, slots=True)
class _OneStageFormat:
    """Input and output format of a network that detects people and their keypoints at once."""

    preprocess: Callable[[RgbImage], FloatArray]
    """Function from an image (H, W, 3) RGB of the input's size to the network's input."""
    decode: Callable[[list[FloatArray]], tuple[FloatArray, FloatArray, FloatArray]]
    """Function from the outputs to boxes (N, 4), scores (N,) and keypoints (N, 17, 3), px of the input."""


def _to_bgr(image: RgbImage) -> FloatArray:
    return image[..., ::-1].astype(np.float32)


def _to_unit_range(image: RgbImage) -> FloatArray:
    return image.astype(np.float32) / 255


def _decode_rtmo(outputs: list[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Decodes people (1, N, 5) x_min, y_min, x_max, y_max, score and keypoints (1, N, 17, 3)."""
    people, keypoints = sorted((output[0] for output in outputs), key=np.ndim)
    return people[:, :4], people[:, 4], keypoints


def _decode_yolo(outputs: list[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Decodes columns (1, 56, N): middle x, y, width, height, score, 17 x (x, y, confidence)."""
    people = outputs[0][0].T
    middle, half = people[:, :2], people[:, 2:4] / 2
    return np.concatenate([middle - half, middle + half], axis=1), people[:, 4], _split_keypoints(people[:, 5:])


def _decode_yolo_nms(outputs: list[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Decodes rows (1, N, 57): x_min, y_min, x_max, y_max, score, class, 17 x (x, y, confidence)."""
    people = outputs[0][0]
    return people[:, :4], people[:, 4], _split_keypoints(people[:, 6:])


def _split_keypoints(columns: FloatArray) -> FloatArray:
    return columns.reshape(-1, KEYPOINT_COUNT, 3)


_RTMO = _OneStageFormat(_to_bgr, _decode_rtmo)
_YOLO = _OneStageFormat(_to_unit_range, _decode_yolo)
_YOLO_NMS = _OneStageFormat(_to_unit_range, _decode_yolo_nms)


class OneStageDetector:
    """RTMO or YOLO-pose: one network detects people and their keypoints."""

    def __init__(self, network: Network, network_format: _OneStageFormat) -> None:
        """Wraps a loaded network of the given format."""
        self._network = network
        self._format = network_format
        self._input_size = _network_input_size(network)

    def detect(self, frame: RgbImage, min_size: float = 0.0) -> tuple[Detection, ...]:  # noqa: ARG002 - one size of input
        """Detects the people in an image (H, W, 3) RGB, best first, each once."""
        image, scale = _fit_to_input(frame, self._input_size)
        outputs = self._network(_channels_first(self._format.preprocess(image)))
        boxes, scores, keypoints = self._format.decode([output.astype(np.float64) for output in outputs])
        kept = np.flatnonzero(scores >= MIN_SCORE)
        poses = keypoints[kept] / np.append(scale, 1.0)
        poses[..., 2] = poses[..., 2].clip(0.0, 1.0)
        people = zip(boxes[kept] / np.tile(scale, 2), poses, scores[kept].clip(max=1.0).tolist(), strict=True)
        return pose_nms([Detection(*person) for person in people], DUPLICATE_SIMILARITY)


class TopDownDetector:
    """RTMPose: another detector provides the boxes, the network locates the keypoints in them."""

    def __init__(self, network: Network, box_detector: PeopleDetector) -> None:
        """Wraps a loaded network and a detector for the boxes."""
        self._network = network
        self._box_detector = box_detector
        self._input_size = _network_input_size(network)

    def detect(self, frame: RgbImage, min_size: float = 0.0) -> tuple[Detection, ...]:
        """Detects the people in an image (H, W, 3) RGB, best first, each once."""
        return tuple(self._locate_keypoints(frame, person) for person in self._box_detector.detect(frame, min_size))

    def _locate_keypoints(self, frame: RgbImage, person: Detection) -> Detection:
        width, height = self._input_size
        center = person.box.reshape(2, 2).mean(axis=0)
        sides = np.maximum(person.box[2:] - person.box[:2], 1.0) * _BOX_MARGIN
        step = max(sides[0] / width, sides[1] / height)
        corner = center - step * np.array(self._input_size) / 2
        # warpAffine counts from the middle of the first pixel, we count from its corner: half a pixel on both sides.
        first = corner + 0.5 * step - 0.5
        source_from_target = np.array([[step, 0.0, first[0]], [0.0, step, first[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        crop = cv2.warpAffine(frame, source_from_target, (width, height), flags=flags)
        simcc_x, simcc_y = self._network(_channels_first((crop - _RGB_MEAN) / _RGB_STD))
        return Detection(person.box, _decode_simcc(simcc_x[0], simcc_y[0], corner, step), person.score)


def _decode_simcc(simcc_x: FloatArray, simcc_y: FloatArray, corner: FloatArray, step: float) -> FloatArray:
    """Decodes keypoints (17, 3) from the probabilities of bins (K, bins) in x and y; further keypoints are left out."""
    bins = [axis[:KEYPOINT_COUNT] for axis in (simcc_x, simcc_y)]
    position = np.stack([axis.argmax(axis=1) for axis in bins], axis=-1) / _BINS_PER_PX
    confidence = np.mean([axis.max(axis=1) for axis in bins], axis=0).clip(0.0, 1.0)
    return np.column_stack([corner + step * (position + 0.5), confidence])


def _fit_to_input(frame: RgbImage, size: tuple[int, int]) -> tuple[RgbImage, FloatArray]:
    """Scales a frame into the top-left corner of an image of this width and height; returns it and the scale (2,)."""
    ratio = min(size[0] / frame.shape[1], size[1] / frame.shape[0])
    inner = max(round(frame.shape[1] * ratio), 1), max(round(frame.shape[0] * ratio), 1)
    resized = cv2.resize(frame, inner, interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR)
    image = np.full((size[1], size[0], 3), PADDING_LEVEL, np.uint8)
    image[: inner[1], : inner[0]] = resized
    return image, np.array(inner) / [frame.shape[1], frame.shape[0]]


def _channels_first(image: FloatArray) -> FloatArray:
    return np.ascontiguousarray(np.moveaxis(image, -1, 0)[None], dtype=np.float32)


def _network_input_size(network: Network) -> tuple[int, int]:
    height, width = (side if isinstance(side, int) else DEFAULT_SIDE for side in network.input_shape[2:])
    return width, height


def create_detector(path: Path, box_detector: PeopleDetector) -> PeopleDetector:
    """Creates a detector with a network of the user.

    Args:
        path: ONNX file of RTMO, YOLO-pose (17 keypoints) or RTMPose (17 keypoints, or more of which these are first).
        box_detector: Detector that provides the boxes for RTMPose.

    Raises:
        ModelError: There is no such file, or it is no such network.
    """
    network = Network(path)
    shapes = list(network.output_shapes.values())
    takes_images = len(network.input_shape) == 4 and network.input_shape[1] in (3, None)
    if takes_images and _is_rtmpose_output(shapes):
        return TopDownDetector(network, box_detector)
    network_format = _recognise_one_stage(shapes) if takes_images else None
    if network_format is None:
        outputs = ", ".join(f"{name} {shape}" for name, shape in network.output_shapes.items())
        raise ModelError(
            f"{path} is none of RTMO, YOLO-pose and RTMPose with the 17 keypoints of COCO: its outputs are {outputs}; "
            "see docs/keypoints.md"
        )
    return OneStageDetector(network, network_format)


def _recognise_one_stage(shapes: list[Shape]) -> _OneStageFormat | None:
    """Returns the format of a one-stage network with outputs of these shapes; None if it is unknown."""
    if _is_rtmo_output(shapes):
        return _RTMO
    if len(shapes) == 1 and len(shapes[0]) == 3:
        _, rows, columns = shapes[0]
        if rows == 5 + 3 * KEYPOINT_COUNT:
            return _YOLO
        if columns == 6 + 3 * KEYPOINT_COUNT and not (isinstance(rows, int) and rows > MAX_NMS_ROWS):
            return _YOLO_NMS
    return None


def _is_rtmo_output(shapes: list[Shape]) -> bool:
    return sorted(map(len, shapes)) == [3, 4] and {shape[-1] for shape in shapes} <= {5, 3, None}


def _is_rtmpose_output(shapes: list[Shape]) -> bool:
    counts = [shape[1] for shape in shapes if len(shape) == 3]
    return len(shapes) == 2 and len(counts) == 2 and all(isinstance(c, int) and c >= KEYPOINT_COUNT for c in counts)
