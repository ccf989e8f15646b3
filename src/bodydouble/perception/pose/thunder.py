"""Estimates COCO keypoints with MoveNet Thunder: an image and a rough pose -> (17, 3) keypoints of that person.

Thunder is the second network per person. It is more accurate than BlazePose on limbs and keeps left and right apart.
It has no depth, no hands and feet, and more gross errors on people who are turned over.

Source: the MoveNet.SinglePose model card, https://www.kaggle.com/models/google/movenet/tensorFlow2/singlepose-thunder
"""

import numpy as np

from bodydouble.data import FloatArray, RgbImage
from bodydouble.networks import Network
from bodydouble.perception.image.roi import extract_roi
from bodydouble.perception.pose.occlusion import inpaint_people
from bodydouble.perception.protocols import MODELS, KeypointRequest, RotatedRoi
from bodydouble.skeletons import blazepose, coco

INPUT_SIDE = 256
"""Side of the network's input, px."""
ROI_MARGIN = 1.15
"""Side of the region of interest, in longer sides of the box around the landmarks."""
MIN_ROI_SIDE = 8.0
"""px; minimum side of the region of interest."""
MAX_DISAGREEMENT = 0.05
"""Maximum distance between the keypoints of both flip test outputs that are averaged, in sides of the region."""

_HIPS = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
_SHOULDERS = [blazepose.INDEX["left_shoulder"], blazepose.INDEX["right_shoulder"]]
_MIRROR = [coco.INDEX[blazepose.mirrored_name(name)] for name in coco.KEYPOINTS]


def roi_from_pose(pose: FloatArray) -> RotatedRoi:
    """Returns the square around landmarks (33, 2) px in which the line from hips to shoulders points up."""
    up = pose[_SHOULDERS].mean(axis=0) - pose[_HIPS].mean(axis=0)
    upright = RotatedRoi(np.zeros(2), 1.0, float(np.arctan2(up[0], -up[1])))
    points = pose @ upright.axes
    low, high = points.min(axis=0), points.max(axis=0)
    side = max(ROI_MARGIN * float((high - low).max()), MIN_ROI_SIDE)
    return RotatedRoi((low + high) / 2 @ upright.axes.T, side, upright.angle)


def unflip_keypoints(keypoints: FloatArray) -> FloatArray:
    """Converts keypoints (17, 3) of a horizontally flipped region, 0 to 1, to the original region."""
    return keypoints[_MIRROR] * [-1.0, 1.0, 1.0] + [1.0, 0.0, 0.0]


def merge_keypoints(keypoints: FloatArray, unflipped: FloatArray) -> FloatArray:
    """Merges both outputs (17, 3) of the flip test: their mean where they agree, else the more confident output.

    They disagree, for example, about left and right: the mean would lie between the limbs.
    """
    distance = np.linalg.norm(keypoints[:, :2] - unflipped[:, :2], axis=1, keepdims=True)
    preferred = unflipped if unflipped[:, 2].sum() > keypoints[:, 2].sum() else keypoints
    return np.where(distance < MAX_DISAGREEMENT, (keypoints + unflipped) / 2, preferred)


class Thunder:
    """MoveNet SinglePose Thunder."""

    def __init__(self, *, flip_test: bool = False) -> None:
        """Loads the network; raises ModelError if that is not possible.

        Args:
            flip_test: Whether the network runs on each image and its horizontally flipped copy, and the outputs are
                averaged.
        """
        self._flip_test = flip_test
        self._network = Network(MODELS / "movenet_thunder.onnx", ("keypoints",), is_shared=True)

    def estimate(self, frame: RgbImage, request: KeypointRequest) -> FloatArray:
        """Estimates (17, 3) keypoints, as ``KeypointModel`` describes it; occluders are inpainted."""
        roi = roi_from_pose(request.pose)
        occluders = [INPUT_SIDE * roi.from_image(pose) for pose in request.occluders]
        image = inpaint_people(extract_roi(frame, roi, INPUT_SIDE), occluders)
        keypoints = self._run_network(image)
        if self._flip_test:
            flipped = self._run_network(np.ascontiguousarray(image[:, ::-1]))
            keypoints = merge_keypoints(keypoints, unflip_keypoints(flipped))
        return np.concatenate([roi.to_image(keypoints[:, :2]), keypoints[:, 2:]], axis=-1)

    def _run_network(self, image: RgbImage) -> FloatArray:
        """Returns keypoints (17, 3) of an image (INPUT_SIDE, INPUT_SIDE, 3): x and y from 0 to 1, confidence."""
        (output,) = self._network(image[None])
        return np.asarray(output.reshape(17, 3)[:, [1, 0, 2]].astype(np.float64))
