"""State of a person tracked from frame to frame: ``Landmarks`` of the last frames -> the region to search next.

The person is predicted at constant velocity while not visible, and reacquired only near the prediction.
"""

from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.perception.protocols import Landmarks, RotatedRoi

VELOCITY_SMOOTHING = 0.7
"""Weight of the previous velocity in the exponential average, per frame."""
REACQUIRE_MIN_PRESENCE = 0.8
"""Minimum presence at which a lost person is reacquired."""
REACQUIRE_MAX_SCALE = 1.5
"""Maximum ratio between the sides of a reacquired person's region and the predicted one, or its inverse."""
REACQUIRE_MAX_DISTANCE = 0.25
"""Maximum distance between the centres of a reacquired person's region and the predicted one, in sides of that one."""


@dataclass(frozen=True, slots=True)
class TrackedPerson:
    """A person to search in the next frame."""

    last: Landmarks
    """Landmarks in the last frame in which the person was visible."""
    velocity: FloatArray
    """(2,) px per frame, of the centre of the region."""
    first: Landmarks
    """Landmarks in the first frame of the current run of frames without a gap."""
    age: int = 0
    """Frames since the first one of that run, while the person is not lost."""
    time_since_update: int = 0
    """Frames since the person was last visible."""

    @classmethod
    def start(cls, landmarks: Landmarks) -> "TrackedPerson":
        """Returns a new tracked person, at rest."""
        return cls(landmarks, np.zeros(2), landmarks)

    @property
    def predicted_pose(self) -> FloatArray:
        """(33, 2) px, predicted landmarks: the last ones, moved at the velocity for the frames since the update."""
        return np.asarray(self.last.keypoints[:, :2] + self.time_since_update * self.velocity)

    @property
    def predicted_roi(self) -> RotatedRoi:
        """Region of interest in which to search the person."""
        return replace(self.last.roi, center=self.last.roi.center + self.time_since_update * self.velocity)

    def matches(self, landmarks: Landmarks) -> bool:
        """Returns whether landmarks may be those of this lost person: near the prediction, and as large."""
        roi = self.predicted_roi
        log_scale = abs(np.log(landmarks.roi.side / roi.side))
        distance = float(np.linalg.norm(landmarks.roi.center - roi.center)) / roi.side
        return (
            landmarks.presence >= REACQUIRE_MIN_PRESENCE
            and log_scale <= np.log(REACQUIRE_MAX_SCALE)
            and distance <= REACQUIRE_MAX_DISTANCE
        )

    @property
    def next_pose(self) -> FloatArray:
        """(33, 2) px, landmarks expected in the next frame: the last ones, moved at the velocity."""
        return np.asarray(self.last.keypoints[:, :2] + (self.time_since_update + 1) * self.velocity)

    def mark_missed(self) -> "TrackedPerson":
        """Returns the same person after one more frame without a match."""
        return replace(self, time_since_update=self.time_since_update + 1)

    def update(self, landmarks: Landmarks) -> "TrackedPerson":
        """Returns the same person with the landmarks of the next frame.

        Given-up landmarks (confidence 0) tell nothing: the fewer there are others, the less velocity and region change.
        """
        weight = float((landmarks.keypoints[:, 2] > 0).mean())
        step = (landmarks.roi.center - self.last.roi.center) / (self.time_since_update + 1)
        velocity = self.velocity + (1 - VELOCITY_SMOOTHING) * weight * (step - self.velocity)
        landmarks = replace(landmarks, roi=self._blend_roi(landmarks.roi, weight))
        if self.time_since_update:
            return TrackedPerson(landmarks, velocity, landmarks)
        return TrackedPerson(landmarks, velocity, self.first, self.age + 1)

    def _blend_roi(self, observed: RotatedRoi, weight: float) -> RotatedRoi:
        """Returns the region between the expected one and the observed one, 0 to 1."""
        if weight == 1.0:
            return observed
        center = self.last.roi.center + (self.time_since_update + 1) * self.velocity
        angle = (observed.angle - self.last.roi.angle + np.pi) % (2 * np.pi) - np.pi
        return RotatedRoi(
            center + weight * (observed.center - center),
            self.last.roi.side + weight * (observed.side - self.last.roi.side),
            self.last.roi.angle + weight * angle,
        )
