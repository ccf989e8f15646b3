"""Interfaces of the detection and landmark networks, and the types that they return.

``PeopleDetector``: ``RgbImage`` -> ``Detection``s. ``LandmarkModel``: ``RgbImage`` and ``RotatedRoi`` -> ``Landmarks``.
``KeypointModel``: ``RgbImage`` and a rough pose -> COCO keypoints. Another network implements one of these protocols.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from bodydouble.data import FloatArray, Observation, RgbImage

MODELS = Path(__file__).parent / "models"
"""Folder of the networks that come with this package."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One person that was detected in an image."""

    box: FloatArray
    """(4,) x_min, y_min, x_max, y_max, px."""
    keypoints: FloatArray
    """(17, 3) x px, y px, confidence; COCO order."""
    score: float
    """Probability that this is a person."""

    def translate(self, shift: FloatArray) -> "Detection":
        """Returns the same detection, shifted by (2,) px."""
        return Detection(self.box + np.tile(shift, 2), self.keypoints + np.append(shift, 0.0), self.score)


@dataclass(frozen=True, slots=True)
class PersonBox:
    """A box around a person."""

    box: FloatArray
    """(4,) x_min, y_min, x_max, y_max, px."""
    score: float
    """Probability that this is a person."""


@dataclass(frozen=True, slots=True)
class RotatedRoi:
    """A rotated square region of interest in which the person stands upright."""

    center: FloatArray
    """(2,) px."""
    side: float
    """Length of a side, px."""
    angle: float
    """Angle in radians from the image's up to the person's up, clockwise in the image."""

    @property
    def axes(self) -> FloatArray:
        """(2, 2) rotation from the axes of the region to those of the image."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        return np.array([[c, -s], [s, c]])

    def to_image(self, points: FloatArray) -> FloatArray:
        """Converts points (..., 2) from the region, 0 to 1 from its top-left corner, to px of the image."""
        return self.center + self.side * (points - 0.5) @ self.axes.T

    def from_image(self, points: FloatArray) -> FloatArray:
        """Converts points (..., 2) from px of the image to the region; the inverse of ``to_image``."""
        return np.asarray((points - self.center) @ self.axes / self.side + 0.5)


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The body landmarks of the person in a region of interest."""

    keypoints: FloatArray
    """(33, 3) x px, y px, confidence; BlazePose order, in the whole image."""
    landmarks_3d: FloatArray
    """(33, 3) m, relative to the middle of the hips, camera axes."""
    presence: float
    """Probability that there is a person in the region of interest."""
    roi: RotatedRoi
    """Region of interest for the same person in the next frame."""

    @property
    def pose(self) -> FloatArray:
        """(33, 2) px."""
        return self.keypoints[:, :2]


@dataclass(frozen=True, slots=True)
class KeypointRequest:
    """A person of a frame whose keypoints a ``KeypointModel`` is to estimate."""

    person: int
    """Index among the people of the frame."""
    pose: FloatArray
    """(33, 2) px, landmarks of the person."""
    occluders: Sequence[FloatArray] = ()
    """Landmarks (33, 2) px of the people in front of that person."""


class PeopleDetector(Protocol):
    """Detects people in an image."""

    def detect(self, frame: RgbImage, min_size: float = 0.0) -> tuple[Detection, ...]:
        """Detects the people in an image (H, W, 3) RGB, the most certain first, each once.

        People whose box has a longer side under ``min_size`` px may be missed if that saves time.
        """


class BoxDetector(Protocol):
    """Detects people without keypoints: a second detector that finds people whom the first one misses."""

    def detect(self, frame: RgbImage) -> list[PersonBox]:
        """Detects the people in an image (H, W, 3) RGB, the most certain first, each once."""


class LandmarkModel(Protocol):
    """Locates the landmarks of a person in a region of interest."""

    def roi_from_detection(self, detection: Detection) -> RotatedRoi:
        """Returns the region of interest for a person that was just detected."""

    def locate(self, frame: RgbImage, roi: RotatedRoi, occluders: Sequence[FloatArray] = ()) -> Landmarks:
        """Locates the landmarks of the person in the region of interest.

        Args:
            frame: (H, W, 3) RGB.
            roi: Region of interest that shows the person.
            occluders: Landmarks (33, 2) px of the people in front of that person.
        """


class KeypointModel(Protocol):
    """Estimates the keypoints of a person whose landmarks are roughly known: a second opinion."""

    def estimate(self, frame: RgbImage, request: KeypointRequest) -> FloatArray:
        """Estimates the keypoints of one person in a frame (H, W, 3) RGB; may be called in several threads at once.

        Returns:
            (17, 3) x px, y px, confidence in COCO order.
        """


class DetailModel(Protocol):
    """Observes a part of a person that the body landmarks do not show, such as the hands."""

    @property
    def interval(self) -> int:
        """Number of frames from one in which the model runs to the next."""

    def add_detail(self, frame: RgbImage, person: Observation) -> Observation:
        """Returns the person of a frame (H, W, 3) RGB with what was observed, in px of the frame.

        The result depends on the arguments alone; calls may come from several threads at once and in any order.
        """
