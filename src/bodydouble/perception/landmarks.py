"""Locates body landmarks with BlazePose.

Source: Bazarevsky et al., BlazePose: On-device Real-time Body Pose Tracking (2020), and the MediaPipe Pose model card.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.special import expit

from bodydouble.data import LANDMARK_COUNT, FloatArray
from bodydouble.networks import Network
from bodydouble.perception.occlusion import without
from bodydouble.perception.pixels import cut
from bodydouble.perception.protocols import MODELS, Detection, Landmarks, Picture, Region
from bodydouble.skeletons import blazepose, coco

INPUT_SIDE = 256
"""Side of the picture that the network sees, px."""

_HIP_CENTER, _CIRCLE_POINT = 33, 34
"""Two further points: the middle of the hips, and the top of the circle around it that holds the whole body."""

_MARGIN = 1.25
"""The region is this much larger than the circle around the body."""

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
    confidence = expit(points[:LANDMARK_COUNT, 3]) * expit(points[:LANDMARK_COUNT, 4])
    joints = world[:LANDMARK_COUNT] - world[_HIPS].mean(axis=0)
    joints = np.concatenate([joints[:, :2] @ region.axes.T, joints[:, 2:]], axis=-1)
    return Landmarks(
        keypoints=np.concatenate([pixels[:LANDMARK_COUNT], confidence[:, None]], axis=-1),
        rough_joints=joints,
        presence=presence,
        region=region_around(pixels[_HIP_CENTER], pixels[_CIRCLE_POINT]),
    )


class BlazePose:
    """BlazePose in one of its three sizes: larger is more accurate and slower."""

    def __init__(self, size: Literal["lite", "full", "heavy"] = "full") -> None:
        """Load the network. Raises ModelError if that is not possible."""
        self._network = Network(MODELS / f"blazepose_{size}.onnx", ("landmarks", "presence", "world_landmarks"))

    @property
    def seconds(self) -> float:
        """Time spent inside the network so far."""
        return self._network.seconds

    def first_region(self, detection: Detection) -> Region:
        """Where to look for a person that was just detected."""
        return first_region(detection)

    def locate(self, frame: Picture, region: Region, before: Sequence[FloatArray] = ()) -> Landmarks:
        """The landmarks of the person in the region; those who stand before that person are painted over."""
        poses = [INPUT_SIDE * region.from_picture(pose) for pose in before]
        picture = without(cut(frame, region, INPUT_SIDE), poses)
        points, presence, world = self._network(picture[None])
        return decode(
            points.reshape(-1, 5).astype(np.float64),
            world.reshape(-1, 3).astype(np.float64),
            float(presence.item()),
            region,
        )
