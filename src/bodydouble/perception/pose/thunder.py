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
from bodydouble.skeletons import blazepose

INPUT_SIDE = 256
"""Side of the network's input, px."""
ROI_MARGIN = 1.15
"""Side of the region of interest, in longer sides of the box around the landmarks."""
MIN_ROI_SIDE = 8.0
"""px; minimum side of the region of interest."""

_HIPS = [blazepose.INDEX["left_hip"], blazepose.INDEX["right_hip"]]
_SHOULDERS = [blazepose.INDEX["left_shoulder"], blazepose.INDEX["right_shoulder"]]


def roi_from_pose(pose: FloatArray) -> RotatedRoi:
    """Returns the square around landmarks (33, 2) px in which the line from hips to shoulders points up."""
    up = pose[_SHOULDERS].mean(axis=0) - pose[_HIPS].mean(axis=0)
    upright = RotatedRoi(np.zeros(2), 1.0, float(np.arctan2(up[0], -up[1])))
    points = pose @ upright.axes
    low, high = points.min(axis=0), points.max(axis=0)
    side = max(ROI_MARGIN * float((high - low).max()), MIN_ROI_SIDE)
    return RotatedRoi((low + high) / 2 @ upright.axes.T, side, upright.angle)


class Thunder:
    """MoveNet SinglePose Thunder."""

    def __init__(self) -> None:
        """Loads the network; raises ModelError if that is not possible."""
        self._network = Network(MODELS / "movenet_thunder.onnx", ("keypoints",), is_shared=True)

    def estimate(self, frame: RgbImage, request: KeypointRequest) -> FloatArray:
        """Estimates (17, 3) keypoints, as ``KeypointModel`` describes it; occluders are inpainted."""
        roi = roi_from_pose(request.pose)
        occluders = [INPUT_SIDE * roi.from_image(pose) for pose in request.occluders]
        image = inpaint_people(extract_roi(frame, roi, INPUT_SIDE), occluders)
        (keypoints,) = self._network(image[None])
        y, x, confidence = keypoints.reshape(17, 3).astype(np.float64).T
        return np.concatenate([roi.to_image(np.stack([x, y], axis=-1)), confidence[:, None]], axis=-1)
