"""Networks of the face: ``RgbImage`` and ``RotatedRoi`` -> 478 landmarks -> weights of the blend shapes.

Source: MediaPipe Face Landmarker; Grishchenko et al., Attention Mesh: High-fidelity Face Mesh Prediction in Real-time
(2020), and the model card of Blendshape V2.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.special import expit

from bodydouble.data import BLENDSHAPE_COUNT, FloatArray, RgbImage
from bodydouble.networks import Network
from bodydouble.perception.appearance.faces import ALIGNED_SIDE, laplacian_std
from bodydouble.perception.image.roi import extract_roi
from bodydouble.perception.protocols import MODELS, RotatedRoi
from bodydouble.skeletons import arkit, face_mesh

INPUT_SIDE = 256
"""Side of the landmark network's input, px."""
_FACE_ROWS = slice(round(ALIGNED_SIDE / 6), round(ALIGNED_SIDE * 5 / 6))
"""Rows and columns of the face in the region, without the margin."""
_SUBSET = list(face_mesh.BLENDSHAPE_SUBSET)


@dataclass(frozen=True, slots=True)
class FaceLandmarks:
    """Landmarks of the face in a region of interest."""

    upright: FloatArray
    """(478, 3) px of the upright region, 256 px wide; depth z away from the camera in the same unit."""
    presence: float
    """Probability that the region shows a face."""
    roi: RotatedRoi
    """The region."""
    sharpness: float
    """Standard deviation of the Laplacian of the region at 112 px without its margin, grey levels."""

    @property
    def in_image(self) -> FloatArray:
        """(478, 2) px of the image."""
        return self.roi.to_image(self.upright[:, :2] / INPUT_SIDE)

    @property
    def in_camera_axes(self) -> FloatArray:
        """(478, 3) x right, y down and z away from the camera, px of the upright region."""
        return np.concatenate([self.upright[:, :2] @ self.roi.axes.T, self.upright[:, 2:]], axis=1)


class FaceNetworks:
    """The face mesh and the blend shapes that are estimated from it."""

    def __init__(self) -> None:
        """Loads the networks. Raises ModelError if that is not possible."""
        self._mesh = Network(MODELS / "face_landmarks.onnx", ("landmarks", "presence"), is_shared=True)
        self._blend_shapes = Network(MODELS / "face_blendshapes.onnx", ("weights",), is_shared=True)

    def locate(self, frame: RgbImage, roi: RotatedRoi) -> FaceLandmarks:
        """Locates the landmarks of the face in a region of a frame (H, W, 3) RGB."""
        image = extract_roi(frame, roi, INPUT_SIDE)
        landmarks, logit = self._mesh(image[None])
        upright = landmarks.reshape(face_mesh.LANDMARK_COUNT, 3).astype(np.float64)
        return FaceLandmarks(upright, float(expit(np.float64(logit.item()))), roi, _measure_sharpness(image))

    def estimate_weights(self, landmarks: FaceLandmarks) -> FloatArray:
        """Estimates the weights (52,) of the blend shapes; tongueOut, which the network does not know, is 0."""
        points = landmarks.upright[_SUBSET, :2].astype(np.float32)
        (scores,) = self._blend_shapes(points[None])
        weights = np.zeros(BLENDSHAPE_COUNT)
        weights[: arkit.INDEX["tongueOut"]] = scores[1:]  # the first score is that of the neutral face
        return np.clip(weights, 0.0, 1.0)


def _measure_sharpness(image: RgbImage) -> float:
    small = np.asarray(cv2.resize(image, (ALIGNED_SIDE, ALIGNED_SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    return laplacian_std(small[_FACE_ROWS, _FACE_ROWS])
