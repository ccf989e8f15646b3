"""``FaceModel``: observes the faces of people, a ``DetailModel``: ``RgbImage``, ``Observation`` -> with its face."""

from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import FaceObservation, FloatArray, Observation, RgbImage
from bodydouble.geometry.gaze import set_eye_directions
from bodydouble.geometry.rotation import from_matrix
from bodydouble.perception.face.face_networks import FaceLandmarks, FaceNetworks
from bodydouble.perception.face.head_pose import eye_directions, fit_head_pose
from bodydouble.perception.face.regions import MARGIN, region_difference, region_from_body, region_from_landmarks
from bodydouble.skeletons import blazepose, face_mesh

_HEAD = [blazepose.INDEX[name] for name in ("nose", "left_eye", "right_eye", "mouth_left", "mouth_right")]
_NOSE = blazepose.INDEX["nose"]


@dataclass(frozen=True, slots=True)
class FaceOptions:
    """Criteria for faces that are observed."""

    min_height: float = 60.0
    """Minimum height of the face from forehead to chin, px."""
    min_confidence: float = 0.5
    """Minimum mean confidence of nose, eyes and corners of the mouth among the body landmarks."""
    min_presence: float = 0.5
    """Minimum probability that the region shows a face."""
    min_sharpness: float = 5.0
    """Minimum standard deviation of the Laplacian of the face, grey levels, as ``FaceLandmarks`` holds it."""
    max_nose_distance: float = 0.25
    """Maximum distance of the tip of the nose from the nose of the body landmarks, heights of the face."""
    max_turn: float = 1.2
    """Maximum angle between the face and the direction to the camera, rad."""
    max_region_difference: float = 1.0
    """Difference between the region by the body and that by the face above which the landmarks are located again, as
    ``region_difference`` measures it; 0: always."""


def options_for_quality(quality: str) -> FaceOptions:
    """Returns the options of a quality preset: at "best" the landmarks are always located again."""
    return FaceOptions(max_region_difference=0.0) if quality == "best" else FaceOptions()


class FaceModel:
    """Observes the face of one person at a time, each frame for itself."""

    def __init__(self, options: FaceOptions | None = None) -> None:
        """Loads the networks. Raises ModelError if that is not possible."""
        self.options = options or FaceOptions()
        self._networks = FaceNetworks()

    @property
    def interval(self) -> int:
        """Number of frames from one in which the model runs to the next."""
        return 1

    def add_detail(self, frame: RgbImage, person: Observation) -> Observation:
        """Returns the person with the face, if it is near enough and turned towards the camera."""
        face = self.observe(frame, person.keypoints)
        return person if face is None else replace(person, face=face)

    def observe(self, frame: RgbImage, keypoints: FloatArray) -> FaceObservation | None:
        """Observes the face of a person.

        Args:
            frame: (H, W, 3) RGB.
            keypoints: (33, 3) x px, y px, confidence, of the body.

        Returns:
            The face; None if it is too small, turned away or not found.
        """
        landmarks = self.locate(frame, keypoints)
        if landmarks is None:
            return None
        points = landmarks.in_camera_axes
        rotation, scale = fit_head_pose(points)
        if rotation[2, 2] < np.cos(self.options.max_turn):
            return None
        weights = set_eye_directions(
            self._networks.estimate_weights(landmarks), eye_directions(points, rotation, scale)
        )
        return FaceObservation(weights, from_matrix(rotation), landmarks.presence)

    def locate(self, frame: RgbImage, keypoints: FloatArray) -> FaceLandmarks | None:
        """Locates the landmarks of the face of a person with body landmarks (33, 3); None if there is none."""
        options = self.options
        roi = region_from_body(keypoints)
        is_near = roi is not None and roi.side >= MARGIN * options.min_height
        if roi is None or not is_near or keypoints[_HEAD, 2].mean() < options.min_confidence:
            return None
        landmarks = self._networks.locate(frame, roi)
        better_roi = region_from_landmarks(landmarks.in_image)
        if region_difference(roi, better_roi) > options.max_region_difference:
            landmarks = self._networks.locate(frame, better_roi)
        distance = np.linalg.norm(landmarks.in_image[face_mesh.NOSE_TIP] - keypoints[_NOSE, :2])
        is_own_face = distance < options.max_nose_distance * landmarks.roi.side / MARGIN
        is_clear = landmarks.presence >= options.min_presence and landmarks.sharpness >= options.min_sharpness
        return landmarks if is_own_face and is_clear else None
