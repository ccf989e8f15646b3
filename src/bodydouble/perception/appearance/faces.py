"""Whose face it is: a vector for each face that is large, frontal and sharp enough to be told from others.

The face is found by the landmarks of the pose; no detector of faces is needed.

Source: Savchenko, Efficient facial representations for age, gender and identity recognition in organizing photo albums
using multi-output ConvNet (2019); the five points and their places are those of Deng et al., ArcFace: Additive Angular
Margin Loss (2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from bodydouble.data import FloatArray, Observation, RgbImage
from bodydouble.geometry.similarity import box_iou
from bodydouble.networks import Network
from bodydouble.perception.image.roi import cut
from bodydouble.perception.protocols import MODELS, Region
from bodydouble.skeletons import blazepose

SIDE = 112
"""Of the picture in which the face is judged, px."""
SEEN_SIDE = 224
"""Of the picture that the network sees, px ..."""
MARGIN = 1.3
"""... and how much more of the surroundings it shows, as the network knows faces: hair, but little else."""

_PLACES = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
_POINTS = [blazepose.INDEX[name] for name in ("right_eye", "left_eye", "nose", "mouth_right", "mouth_left")]
_EARS = [blazepose.INDEX[name] for name in ("right_ear", "left_ear")]


@dataclass(frozen=True, slots=True)
class FaceOptions:
    """Which faces are looked at, and how often."""

    least_side: float = 32.0
    """px of the square around a face; the eyes are a third of that apart."""
    most_distortion: float = 0.05
    """Of the face's points from their places in a frontal face, root mean square, in sides of the square."""
    ears: tuple[float, float] = (0.1, 0.9)
    """Where the nose may be on the way from the right ear (0) to the left (1)."""
    least_confidence: float = 0.5
    """Of each of the points."""
    least_sharpness: float = 2.0
    """Standard deviation of the Laplacian of the square at 112 px, grey levels."""
    every: int = 20
    """Frames from one look at a person's face to the next."""
    same_person: float = 0.3
    """Boxes in successive frames that overlap more than this show one person, for the purpose of ``every``."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """Somebody whose face was looked at not long ago."""

    box: FloatArray
    """(4,) px, present."""
    frames: int
    """Since then."""


class FaceReader:
    """Looks at faces. Give it the frames of one video in order."""

    def __init__(self, options: FaceOptions | None = None) -> None:
        """Load the network. Raises ModelError if that is not possible."""
        self.options = options or FaceOptions()
        self._network = Network(MODELS / "faceres.onnx", ("descriptor",))
        self._looked: list[_Looked] = []

    @property
    def seconds(self) -> float:
        """Time spent inside the network so far."""
        return self._network.seconds

    def read(self, frame: RgbImage, people: Sequence[Observation]) -> tuple[Observation, ...]:
        """The people in the next frame (H, W, 3) RGB, with the faces that were looked at."""
        ages = [self._frames_since(person) for person in people]
        due = [age is None or age >= self.options.every for age in ages]
        seen = tuple(self._with_face(frame, one) if now else one for one, now in zip(people, due, strict=True))
        counts = [0 if one.face is not None else age for one, age in zip(seen, ages, strict=True)]
        self._looked = [_Looked(one.box, age) for one, age in zip(seen, counts, strict=True) if age is not None]
        return seen

    def _frames_since(self, person: Observation) -> int | None:
        """Frames since the person's face was looked at; None if that is not known."""
        if not self._looked:
            return None
        overlap = box_iou(np.stack([one.box for one in self._looked]), person.box)
        best = int(np.argmax(overlap))
        return self._looked[best].frames + 1 if overlap[best] > self.options.same_person else None

    def _with_face(self, frame: RgbImage, person: Observation) -> Observation:
        region, distortion = face_region(person.keypoints)
        if not is_clear(person.keypoints, region, distortion, self.options):
            return person
        if sharpness(cut(frame, region, SIDE)) < self.options.least_sharpness:
            return person
        return replace(person, face=self.embed(cut(frame, replace(region, side=MARGIN * region.side), SEEN_SIDE)))

    def embed(self, face: RgbImage) -> FloatArray:
        """(1024,) unit vector of an upright face (224, 224, 3) RGB, ``MARGIN`` times the square of ``face_region``."""
        (found,) = self._network(face[None])
        return np.asarray(found[0] / np.linalg.norm(found[0]), dtype=np.float32)


def face_region(keypoints: FloatArray) -> tuple[Region, float]:
    """The square that shows a face upright.

    Args:
        keypoints: (33, 3) x px, y px, confidence.

    Returns:
        The square, and how far eyes, nose and corners of the mouth are from their places in it if it is laid on them as
        well as possible: root mean square, in sides of the square. A face in profile or from behind is far off.
    """
    # A similarity is z -> a z + b in complex numbers, and least squares has a closed form.
    places = (_PLACES / SIDE - 0.5) @ [1, 1j]
    points = keypoints[_POINTS, :2] @ [1, 1j]
    spread = places - places.mean()
    turn = np.vdot(spread, points - points.mean()) / np.vdot(spread, spread).real
    middle = points.mean() - turn * places.mean()
    side = float(np.abs(turn))
    rest = float(np.sqrt(np.mean(np.abs(turn * places + middle - points) ** 2)))
    center = np.array([middle.real, middle.imag])
    return Region(center, side, float(np.angle(turn))), rest / max(side, 1e-9)


def is_clear(keypoints: FloatArray, region: Region, distortion: float, options: FaceOptions) -> bool:
    """Whether a face is large and frontal enough, as far as the landmarks (33, 3) tell."""
    right, left = keypoints[_EARS, :2]
    across = left - right
    nose = (keypoints[blazepose.INDEX["nose"], :2] - right) @ across / max(float(across @ across), 1e-9)
    least, most = options.ears
    return bool(
        region.side >= options.least_side
        and distortion <= options.most_distortion
        and least <= nose <= most
        and keypoints[_POINTS, 2].min() >= options.least_confidence
    )


def sharpness(picture: RgbImage) -> float:
    """Standard deviation of the Laplacian of a picture (H, W, 3) RGB, grey levels."""
    return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F).std())
