"""Embeds faces that are large, frontal and sharp enough, for re-identification.

``RgbImage`` and the ``Observation``s of a frame -> the same ``Observation``s, some with a (1024,) face embedding. The
region of a face follows from the landmarks of the pose; no face detector is needed.

Source: Savchenko, Efficient facial representations for age, gender and identity recognition in organizing photo albums
using multi-output ConvNet (2019); the five template points are those of Deng et al., ArcFace: Additive Angular Margin
Loss (2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from bodydouble.data import FloatArray, Observation, RgbImage
from bodydouble.geometry.similarity import box_iou
from bodydouble.networks import Network
from bodydouble.perception.image.roi import extract_roi
from bodydouble.perception.protocols import MODELS, RotatedRoi
from bodydouble.skeletons import blazepose

ALIGNED_SIDE = 112
"""Side of the image in which the sharpness of a face is measured, px."""
INPUT_SIDE = 224
"""Side of the network's input, px."""
INPUT_MARGIN = 1.3
"""Ratio of the side of the network's input to that of the face square; the network expects hair, but little else."""

_TEMPLATE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
_FACE_LANDMARKS = [blazepose.INDEX[name] for name in ("right_eye", "left_eye", "nose", "mouth_right", "mouth_left")]
_EAR_LANDMARKS = [blazepose.INDEX[name] for name in ("right_ear", "left_ear")]


@dataclass(frozen=True, slots=True)
class FaceOptions:
    """Criteria for faces that are embedded, and how often."""

    min_side: float = 32.0
    """Minimum side of the square around a face, px; the eyes are a third of that apart."""
    max_distortion: float = 0.05
    """Maximum root mean square distance of the face's points from the template of a frontal face, in sides of the
    square."""
    nose_range: tuple[float, float] = (0.1, 0.9)
    """Range of the nose's position on the way from the right ear (0) to the left ear (1)."""
    min_confidence: float = 0.5
    """Minimum confidence of each of the five face landmarks."""
    min_sharpness: float = 2.0
    """Minimum standard deviation of the Laplacian of the square at 112 px, grey levels."""
    embedding_interval: int = 20
    """Frames from one embedding of a person's face to the next."""
    same_person_iou: float = 0.3
    """Intersection over union above which boxes in successive frames count as one person for the interval."""


@dataclass(frozen=True, slots=True)
class _RecentFace:
    """A person with a recently embedded face."""

    box: FloatArray
    """(4,) px, in the last frame."""
    age: int
    """Frames since the embedding."""


class FaceEmbedder:
    """Embeds faces. The frames of one video must be passed to it in order."""

    def __init__(self, options: FaceOptions | None = None) -> None:
        """Loads the network. Raises ModelError if that is not possible."""
        self.options = options or FaceOptions()
        self._network = Network(MODELS / "faceres.onnx", ("descriptor",))
        self._recent_faces: list[_RecentFace] = []

    def embed_people(self, frame: RgbImage, people: Sequence[Observation]) -> tuple[Observation, ...]:
        """Returns the people in the next frame (H, W, 3) RGB, with embeddings of those faces that are due and clear."""
        ages = [self._frames_since_embedding(person) for person in people]
        due = [age is None or age >= self.options.embedding_interval for age in ages]
        observations = tuple(
            self._embed_if_clear(frame, person) if is_due else person
            for person, is_due in zip(people, due, strict=True)
        )
        new_ages = [
            0 if person.face_embedding is not None else age for person, age in zip(observations, ages, strict=True)
        ]
        self._recent_faces = [
            _RecentFace(person.box, age) for person, age in zip(observations, new_ages, strict=True) if age is not None
        ]
        return observations

    def _frames_since_embedding(self, person: Observation) -> int | None:
        """Returns the number of frames since the person's face was embedded; None if that is unknown."""
        if not self._recent_faces:
            return None
        overlap = box_iou(np.stack([face.box for face in self._recent_faces]), person.box)
        best = int(np.argmax(overlap))
        return self._recent_faces[best].age + 1 if overlap[best] > self.options.same_person_iou else None

    def _embed_if_clear(self, frame: RgbImage, person: Observation) -> Observation:
        roi, distortion = fit_face_roi(person.keypoints)
        if not is_clear(person.keypoints, roi, distortion, self.options):
            return person
        if laplacian_std(extract_roi(frame, roi, ALIGNED_SIDE)) < self.options.min_sharpness:
            return person
        input_roi = replace(roi, side=INPUT_MARGIN * roi.side)
        return replace(person, face_embedding=self.embed(extract_roi(frame, input_roi, INPUT_SIDE)))

    def embed(self, face: RgbImage) -> FloatArray:
        """Embeds an upright face as a (1024,) unit vector.

        Args:
            face: (224, 224, 3) RGB, the region of ``fit_face_roi`` with its side multiplied by ``INPUT_MARGIN``.
        """
        (vectors,) = self._network(face[None])
        return np.asarray(vectors[0] / np.linalg.norm(vectors[0]), dtype=np.float32)


def fit_face_roi(keypoints: FloatArray) -> tuple[RotatedRoi, float]:
    """Fits the square region that shows the face upright.

    Args:
        keypoints: (33, 3) x px, y px, confidence.

    Returns:
        The region, and the distortion of the face: root mean square distance of eyes, nose and corners of the mouth
        from the template of a frontal face that is fitted to them, in sides of the square. It is large for a face in
        profile or from behind.
    """
    # A similarity is z -> a z + b in complex numbers, and least squares has a closed form.
    template = (_TEMPLATE_POINTS / ALIGNED_SIDE - 0.5) @ [1, 1j]
    points = keypoints[_FACE_LANDMARKS, :2] @ [1, 1j]
    centered = template - template.mean()
    scale_rotation = np.vdot(centered, points - points.mean()) / np.vdot(centered, centered).real
    shift = points.mean() - scale_rotation * template.mean()
    side = float(np.abs(scale_rotation))
    residual = float(np.sqrt(np.mean(np.abs(scale_rotation * template + shift - points) ** 2)))
    center = np.array([shift.real, shift.imag])
    return RotatedRoi(center, side, float(np.angle(scale_rotation))), residual / max(side, 1e-9)


def is_clear(keypoints: FloatArray, roi: RotatedRoi, distortion: float, options: FaceOptions) -> bool:
    """Returns whether a face is large and frontal enough, judged by the landmarks (33, 3)."""
    right, left = keypoints[_EAR_LANDMARKS, :2]
    across = left - right
    nose = (keypoints[blazepose.INDEX["nose"], :2] - right) @ across / max(float(across @ across), 1e-9)
    low, high = options.nose_range
    return bool(
        roi.side >= options.min_side
        and distortion <= options.max_distortion
        and low <= nose <= high
        and keypoints[_FACE_LANDMARKS, 2].min() >= options.min_confidence
    )


def laplacian_std(image: RgbImage) -> float:
    """Returns the standard deviation of the Laplacian of an image (H, W, 3) RGB, grey levels, as its sharpness."""
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F).std())
