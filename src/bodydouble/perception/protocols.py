"""What a network has to offer to be used for perception, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from bodydouble.data import FloatArray, RgbImage

MODELS = Path(__file__).parent / "models"
"""The networks that come with this package."""

"""(H, W, 3) RGB."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One person that was found in a picture."""

    box: FloatArray
    """(4,) x_min, y_min, x_max, y_max, px."""
    keypoints: FloatArray
    """(17, 3) x px, y px, confidence; COCO order."""
    score: float
    """Probability that this is a person."""

    def moved(self, shift: FloatArray) -> "Detection":
        """The same person (2,) px elsewhere."""
        return Detection(self.box + np.tile(shift, 2), self.keypoints + np.append(shift, 0.0), self.score)


@dataclass(frozen=True, slots=True)
class Region:
    """A square of the picture, turned so that the person in it stands upright."""

    center: FloatArray
    """(2,) px."""
    side: float
    """px."""
    angle: float
    """Radians, clockwise as seen in the picture: by how much the person's up differs from the picture's."""

    @property
    def axes(self) -> FloatArray:
        """(2, 2) rotation from the region's axes to the picture's."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        return np.array([[c, -s], [s, c]])

    def to_picture(self, points: FloatArray) -> FloatArray:
        """Points (..., 2) of the region, 0 to 1 from its top-left corner, as px of the picture."""
        return self.center + self.side * (points - 0.5) @ self.axes.T

    def from_picture(self, points: FloatArray) -> FloatArray:
        """The inverse of ``to_picture``."""
        return np.asarray((points - self.center) @ self.axes / self.side + 0.5)


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The body of the person in a region."""

    keypoints: FloatArray
    """(33, 3) x px, y px, confidence; BlazePose order, in the whole picture."""
    rough_joints: FloatArray
    """(33, 3) m, relative to the middle of the hips, camera axes."""
    presence: float
    """Probability that there is a person in the region."""
    region: Region
    """Where to look for the same person in the next frame."""

    @property
    def pose(self) -> FloatArray:
        """(33, 2) px."""
        return self.keypoints[:, :2]


class PeopleDetector(Protocol):
    """Finds people in a picture."""

    @property
    def seconds(self) -> float:
        """Time spent inside the network so far."""

    def detect(self, frame: RgbImage) -> tuple[Detection, ...]:
        """The people in the picture, best first, each once."""


class LandmarkModel(Protocol):
    """Locates the landmarks of a person whose place is roughly known."""

    @property
    def seconds(self) -> float:
        """Time spent inside the network so far."""

    def first_region(self, detection: Detection) -> Region:
        """Where to look for a person that was just detected."""

    def locate(self, frame: RgbImage, region: Region, before: Sequence[FloatArray] = ()) -> Landmarks:
        """The landmarks of the person in the region.

        Args:
            frame: (H, W, 3) RGB.
            region: where the person is.
            before: landmarks (33, 2) px of the people who stand before that person.
        """
