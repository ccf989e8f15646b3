"""Locates body landmarks with BlazePose: an image and a ``RotatedRoi`` -> ``Landmarks``.

Source: Bazarevsky et al., BlazePose: On-device Real-time Body Pose Tracking (2020), and the MediaPipe Pose model card.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.special import expit

from bodydouble.data import LANDMARK_COUNT, FloatArray, RgbImage
from bodydouble.networks import Network
from bodydouble.perception.image.roi import extract_roi
from bodydouble.perception.pose.occlusion import inpaint_people
from bodydouble.perception.protocols import MODELS, Detection, Landmarks, RotatedRoi
from bodydouble.skeletons import blazepose, coco

INPUT_SIDE = 256
"""Side of the network's input, px."""

_HIP_CENTER, _ALIGNMENT_POINT = 33, 34
"""Indices of two further points: middle of the hips, and top of the circle around it that encloses the body."""

_ROI_MARGIN = 1.25
"""Ratio of the side of the region of interest to the diameter of the circle around the body."""

_MAX_DISAGREEMENT = 0.08
"""Maximum distance between the landmarks of both flip test outputs that are averaged, in sides of the input."""

_HIPS = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
_COCO_HIPS = [coco.INDEX["left_hip"], coco.INDEX["right_hip"]]
_COCO_SHOULDERS = [coco.INDEX["left_shoulder"], coco.INDEX["right_shoulder"]]
_IS_NOT_ARM = np.array([not name.endswith(("elbow", "wrist")) for name in coco.KEYPOINTS])
_MIN_CONFIDENCE = 0.1


def roi_from_alignment(center: FloatArray, alignment_point: FloatArray) -> RotatedRoi:
    """Returns the region of interest for a body with this middle of the hips and this alignment point, (2,) px each."""
    up = alignment_point - center
    return RotatedRoi(center, 2.0 * _ROI_MARGIN * float(np.hypot(*up)), float(np.arctan2(up[0], -up[1])))


def roi_from_detection(detection: Detection) -> RotatedRoi:
    """Returns the region of interest for a person known only by a detection.

    The circle around the body reaches 15 % beyond the farthest of the joints and the face, as measured on real clips.
    Arms do not count: raised, they leave the circle.
    """
    points, confident = detection.keypoints[:, :2], detection.keypoints[:, 2] > _MIN_CONFIDENCE
    hips, shoulders = points[_COCO_HIPS].mean(axis=0), points[_COCO_SHOULDERS].mean(axis=0)
    up = shoulders - hips
    torso = max(float(np.hypot(*up)), 1.0)
    reach = np.linalg.norm(points - hips, axis=-1)[confident & _IS_NOT_ARM].max(initial=torso)
    return roi_from_alignment(hips, hips + up * (1.15 * reach / torso))


def decode_landmarks(points: FloatArray, world: FloatArray, presence: float, roi: RotatedRoi) -> Landmarks:
    """Converts the network's output to landmarks in the whole image.

    Args:
        points: (39, 5) x, y in px of the input, depth, visibility logit, presence logit.
        world: (39, 3) m, axes of the region of interest.
        presence: Probability that there is a person.
        roi: Region of interest that the input showed.
    """
    pixels = roi.to_image(points[:, :2] / INPUT_SIDE)
    landmarks_3d = world[:LANDMARK_COUNT] - world[_HIPS].mean(axis=0)
    landmarks_3d = np.concatenate([landmarks_3d[:, :2] @ roi.axes.T, landmarks_3d[:, 2:]], axis=-1)
    return Landmarks(
        keypoints=np.concatenate([pixels[:LANDMARK_COUNT], landmark_confidence(points)[:, None]], axis=-1),
        landmarks_3d=landmarks_3d,
        presence=presence,
        roi=roi_from_alignment(pixels[_HIP_CENTER], pixels[_ALIGNMENT_POINT]),
    )


def unflip_output(points: FloatArray, world: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Converts the output for a horizontally flipped image, points (39, 5) and world (39, 3), to the original image."""
    swap = [*blazepose.MIRROR, *range(LANDMARK_COUNT, len(points))]
    points, world = points[swap], world[swap]
    points[:, 0], world[:, 0] = INPUT_SIDE - points[:, 0], -world[:, 0]
    return points, world


def merge_outputs(
    points: FloatArray, world: FloatArray, flipped_points: FloatArray, flipped_world: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Merges both outputs of the flip test: their mean where they agree, else the more confident output.

    They disagree, for example, about left and right of limbs seen from the side: the mean would lie between the limbs.
    """
    distance = np.linalg.norm(points[:, :2] - flipped_points[:, :2], axis=1, keepdims=True)
    preferred = 1.0 if total_confidence(flipped_points) > total_confidence(points) else 0.0
    weight = np.where(distance < _MAX_DISAGREEMENT * INPUT_SIDE, 0.5, preferred)
    return points + weight * (flipped_points - points), world + weight * (flipped_world - world)


def total_confidence(points: FloatArray) -> float:
    """Returns the sum of the confidences of an output (39, 5)."""
    return float(landmark_confidence(points).sum())


def landmark_confidence(points: FloatArray) -> FloatArray:
    """Returns the probabilities (33,) that landmarks are in the image and not occluded, of an output (39, 5)."""
    body = points[:LANDMARK_COUNT]
    return np.asarray(expit(body[:, 3]) * expit(body[:, 4]))


class BlazePose:
    """BlazePose in one of its three variants: the heavier, the more accurate and the slower."""

    def __init__(self, variant: Literal["lite", "full", "heavy"] = "full", *, flip_test: bool = False) -> None:
        """Loads the network. Raises ModelError if that is not possible.

        Args:
            variant: Variant of the network.
            flip_test: Whether the network runs on each image and its horizontally flipped copy, and the outputs are
                averaged.
        """
        self._flip_test = flip_test
        outputs = ("landmarks", "presence", "world_landmarks")
        self._network = Network(MODELS / f"blazepose_{variant}.onnx", outputs, is_shared=True)

    def roi_from_detection(self, detection: Detection) -> RotatedRoi:
        """Returns the region of interest for a person that was just detected."""
        return roi_from_detection(detection)

    def locate(self, frame: RgbImage, roi: RotatedRoi, occluders: Sequence[FloatArray] = ()) -> Landmarks:
        """Locates the landmarks of the person in the region of interest, after the occluders were inpainted."""
        poses = [INPUT_SIDE * roi.from_image(pose) for pose in occluders]
        image = inpaint_people(extract_roi(frame, roi, INPUT_SIDE), poses)
        points, world, presence = self._run_network(image)
        if self._flip_test:
            *flipped, flipped_presence = self._run_network(np.ascontiguousarray(image[:, ::-1]))
            points, world = merge_outputs(points, world, *unflip_output(*flipped))
            presence = min(presence, flipped_presence)
        return decode_landmarks(points, world, presence, roi)

    def _run_network(self, image: RgbImage) -> tuple[FloatArray, FloatArray, float]:
        """Returns points (39, 5), world (39, 3) and presence for an image (INPUT_SIDE, INPUT_SIDE, 3)."""
        points, presence, world = self._network(image[None])
        return (
            points.reshape(-1, 5).astype(np.float64),
            world.reshape(-1, 3).astype(np.float64),
            float(presence.item()),
        )
