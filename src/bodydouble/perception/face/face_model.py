"""``FaceModel``: ``RgbImage`` and the ``Observation``s of people -> their ``FaceObservation``s."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import FaceObservation, FloatArray, Observation, RgbImage
from bodydouble.geometry.gaze import set_eye_directions
from bodydouble.geometry.rotation import from_matrix
from bodydouble.perception.face.face_networks import FaceLandmarks, FaceNetworks
from bodydouble.perception.face.head_pose import correct_up_angle, eye_directions, fit_head_pose
from bodydouble.perception.face.regions import MARGIN, region_difference, region_from_body, region_from_landmarks
from bodydouble.perception.face.stillness import block_change, grey_image
from bodydouble.perception.protocols import RotatedRoi
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
    """Difference between a region and the face in it above which the landmarks are located again, as
    ``region_difference`` measures it."""
    max_body_difference: float = 4.0
    """Difference between the face of the last frame and the region by the body above which the latter is used."""
    max_still_change: float = 5.0
    """Change of a face since the last frame, grey levels, up to which the observation is repeated once."""


def options_for_quality(quality: str) -> FaceOptions:
    """Returns the options of a quality preset: at "best" the landmarks are located more often."""
    return FaceOptions(max_region_difference=0.5, max_still_change=0.0) if quality == "best" else FaceOptions()


@dataclass(frozen=True, slots=True)
class _FollowedFace:
    """A face that was found in the last frame."""

    region: RotatedRoi
    """Region by its landmarks."""
    image: FloatArray
    """Grey image of the region."""
    observation: FaceObservation | None
    is_repeated: bool = False
    """Whether the observation is that of the frame before."""


class FaceModel:
    """Observes the faces of people. The frames of one video must be passed to it in order.

    The region of a face is that of the last frame if the body agrees, else the one that follows from the body. Where
    it turns out to differ from the face, the landmarks are located again in a better one. A face that has not changed
    is observed in every second frame.
    """

    def __init__(self, options: FaceOptions | None = None) -> None:
        """Loads the networks. Raises ModelError if that is not possible."""
        self.options = options or FaceOptions()
        self._networks = FaceNetworks()
        self._followed: list[_FollowedFace] = []

    def begin_shot(self) -> None:
        """Forgets the faces of the last frame, which the next one does not continue."""
        self._followed = []

    def observe_people(self, frame: RgbImage, people: Sequence[Observation]) -> list[FaceObservation | None]:
        """Observes the faces of the people in the next frame.

        Args:
            frame: (H, W, 3) RGB.
            people: The people in it, in px of the frame.

        Returns:
            The face of each person; None where it is too small, blurred, turned away or not found.
        """
        faces = [self._observe(frame, person.keypoints) for person in people]
        self._followed = [face for face in faces if face is not None]
        return [None if face is None else face.observation for face in faces]

    def _observe(self, frame: RgbImage, keypoints: FloatArray) -> _FollowedFace | None:
        """Observes the face of a person with body landmarks (33, 3); None if there is none."""
        body_region = region_from_body(keypoints)
        is_near = body_region is not None and body_region.side >= MARGIN * self.options.min_height
        if body_region is None or not is_near or keypoints[_HEAD, 2].mean() < self.options.min_confidence:
            return None
        last = self._last_face(body_region)
        if last is not None and self._is_still(frame, last):
            return replace(last, is_repeated=True)
        landmarks = self._locate(frame, body_region if last is None else last.region, keypoints)
        if landmarks is None:
            return None
        region = region_from_landmarks(landmarks.in_image)
        return _FollowedFace(region, grey_image(frame, region), self._describe(landmarks))

    def _is_still(self, frame: RgbImage, last: _FollowedFace) -> bool:
        """Returns whether the observation of the last frame may be repeated."""
        if last.is_repeated or not self.options.max_still_change:
            return False
        return block_change(last.image, grey_image(frame, last.region)) <= self.options.max_still_change

    def _describe(self, landmarks: FaceLandmarks) -> FaceObservation | None:
        points = landmarks.in_camera_axes
        rotation, scale = fit_head_pose(points)
        if rotation[2, 2] < np.cos(self.options.max_turn):
            return None
        directions = correct_up_angle(eye_directions(points, rotation, scale))
        weights = set_eye_directions(self._networks.estimate_weights(landmarks), directions)
        outline = landmarks.in_image[list(face_mesh.OUTLINE_POINTS)]
        return FaceObservation(weights, from_matrix(rotation), landmarks.presence, outline)

    def _locate(self, frame: RgbImage, region: RotatedRoi, keypoints: FloatArray) -> FaceLandmarks | None:
        """Locates the landmarks of a face in a region, or in a better one; None if it is not clear or not the face."""
        options = self.options
        landmarks = self._networks.locate(frame, region)
        better_region = region_from_landmarks(landmarks.in_image)
        if region_difference(region, better_region) > options.max_region_difference:
            landmarks = self._networks.locate(frame, better_region)
        distance = np.linalg.norm(landmarks.in_image[face_mesh.NOSE_TIP] - keypoints[_NOSE, :2])
        is_own_face = distance < options.max_nose_distance * landmarks.roi.side / MARGIN
        is_clear = landmarks.presence >= options.min_presence and landmarks.sharpness >= options.min_sharpness
        return landmarks if is_own_face and is_clear else None

    def _last_face(self, body_region: RotatedRoi) -> _FollowedFace | None:
        """Returns the face of the last frame that is most similar to a region; None without a similar one."""
        similar = [
            (difference, index)
            for index, face in enumerate(self._followed)
            if (difference := region_difference(body_region, face.region)) < self.options.max_body_difference
        ]
        return self._followed[min(similar)[1]] if similar else None
