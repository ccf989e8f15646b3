"""Locates body landmarks with BlazePose.

Source: Bazarevsky et al., BlazePose: On-device Real-time Body Pose Tracking (2020), and the MediaPipe Pose model card.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.special import expit

from bodydouble.data import LANDMARK_COUNT, FloatArray, RgbImage
from bodydouble.networks import Network
from bodydouble.perception.image.roi import cut
from bodydouble.perception.pose.occlusion import without
from bodydouble.perception.protocols import MODELS, Detection, Landmarks, Region
from bodydouble.skeletons import blazepose, coco

INPUT_SIDE = 256
"""Side of the picture that the network sees, px."""

_HIP_CENTER, _CIRCLE_POINT = 33, 34
"""Two further points: the middle of the hips, and the top of the circle around it that holds the whole body."""

_MARGIN = 1.25
"""The region is this much larger than the circle around the body."""

_AGREE = 0.08
"""Two answers that put a landmark further apart than this part of the region mean different things."""

_HIPS = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
_COCO_HIPS = [coco.INDEX["left_hip"], coco.INDEX["right_hip"]]
_COCO_SHOULDERS = [coco.INDEX["left_shoulder"], coco.INDEX["right_shoulder"]]
_NO_ARM = np.array([not name.endswith(("elbow", "wrist")) for name in coco.KEYPOINTS])
_SURE = 0.1


def region_around(center: FloatArray, circle_point: FloatArray) -> Region:
    """The region for a body with this middle of the hips and this point of its circle, both (2,) px."""
    up = circle_point - center
    return Region(center, 2.0 * _MARGIN * float(np.hypot(*up)), float(np.arctan2(up[0], -up[1])))


def first_region(detection: Detection) -> Region:
    """The region for a person of whom only the detection is known.

    The circle around the body reaches 15 % beyond the farthest of the joints and the face; so it was measured on real
    clips. Arms do not count: raised, they leave the circle.
    """
    points, sure = detection.keypoints[:, :2], detection.keypoints[:, 2] > _SURE
    hips, shoulders = points[_COCO_HIPS].mean(axis=0), points[_COCO_SHOULDERS].mean(axis=0)
    up = shoulders - hips
    torso = max(float(np.hypot(*up)), 1.0)
    reach = np.linalg.norm(points - hips, axis=-1)[sure & _NO_ARM].max(initial=torso)
    return region_around(hips, hips + up * (1.15 * reach / torso))


def decode(points: FloatArray, world: FloatArray, presence: float, region: Region) -> Landmarks:
    """The network's answer in terms of the whole picture.

    Args:
        points: (39, 5) x, y in px of the input, depth, visibility logit, presence logit.
        world: (39, 3) m, axes of the region.
        presence: Probability that there is a person.
        region: What the input showed.
    """
    pixels = region.to_picture(points[:, :2] / INPUT_SIDE)
    joints = world[:LANDMARK_COUNT] - world[_HIPS].mean(axis=0)
    joints = np.concatenate([joints[:, :2] @ region.axes.T, joints[:, 2:]], axis=-1)
    return Landmarks(
        keypoints=np.concatenate([pixels[:LANDMARK_COUNT], confidence_of(points)[:, None]], axis=-1),
        rough_joints=joints,
        presence=presence,
        region=region_around(pixels[_HIP_CENTER], pixels[_CIRCLE_POINT]),
    )


def mirrored(points: FloatArray, world: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What the network says of a picture, points (39, 5) and world (39, 3), from what it says of its mirror image."""
    swap = [*blazepose.MIRROR, *range(LANDMARK_COUNT, len(points))]
    points, world = points[swap], world[swap]
    points[:, 0], world[:, 0] = INPUT_SIDE - points[:, 0], -world[:, 0]
    return points, world


def merged(
    points: FloatArray, world: FloatArray, other_points: FloatArray, other_world: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Two answers about one picture as one: the mean of both where they agree, else what the surer one says.

    They disagree about left and right of limbs seen from the side, for one: the mean would lie between the limbs.
    """
    apart = np.linalg.norm(points[:, :2] - other_points[:, :2], axis=1, keepdims=True)
    share = 1.0 if certainty(other_points) > certainty(points) else 0.0
    weight = np.where(apart < _AGREE * INPUT_SIDE, 0.5, share)
    return points + weight * (other_points - points), world + weight * (other_world - world)


def certainty(points: FloatArray) -> float:
    """Sum of the confidences of an answer (39, 5)."""
    return float(confidence_of(points).sum())


def confidence_of(points: FloatArray) -> FloatArray:
    """(33,) probabilities that landmarks are in the picture and not hidden, of an answer (39, 5)."""
    body = points[:LANDMARK_COUNT]
    return np.asarray(expit(body[:, 3]) * expit(body[:, 4]))


class BlazePose:
    """BlazePose in one of its three sizes: larger is more accurate and slower."""

    def __init__(self, size: Literal["lite", "full", "heavy"] = "full", *, both_ways: bool = False) -> None:
        """Load the network. Raises ModelError if that is not possible.

        Args:
            size: of the network.
            both_ways: whether it looks at each picture and its mirror image, too, and the mean is taken.
        """
        self._both_ways = both_ways
        self._network = Network(MODELS / f"blazepose_{size}.onnx", ("landmarks", "presence", "world_landmarks"))

    @property
    def seconds(self) -> float:
        """Time spent inside the network so far."""
        return self._network.seconds

    def first_region(self, detection: Detection) -> Region:
        """Where to look for a person that was just detected."""
        return first_region(detection)

    def locate(self, frame: RgbImage, region: Region, before: Sequence[FloatArray] = ()) -> Landmarks:
        """The landmarks of the person in the region; those who stand before that person are painted over."""
        poses = [INPUT_SIDE * region.from_picture(pose) for pose in before]
        picture = without(cut(frame, region, INPUT_SIDE), poses)
        points, world, presence = self._answer(picture)
        if self._both_ways:
            *other, other_presence = self._answer(np.ascontiguousarray(picture[:, ::-1]))
            points, world = merged(points, world, *mirrored(*other))
            presence = min(presence, other_presence)
        return decode(points, world, presence, region)

    def _answer(self, picture: RgbImage) -> tuple[FloatArray, FloatArray, float]:
        """Points (39, 5), world (39, 3) and presence in a picture (INPUT_SIDE, INPUT_SIDE, 3)."""
        points, presence, world = self._network(picture[None])
        return (
            points.reshape(-1, 5).astype(np.float64),
            world.reshape(-1, 3).astype(np.float64),
            float(presence.item()),
        )
