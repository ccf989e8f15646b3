"""Noise of the detector: detected windows -> errors that simulated windows get.

The errors depend on the pose and on the side from which it is seen: limbs behind the body are guessed, and depths are
too small. So a simulated window gets the errors of a detected one in which the person is seen in a similar pose.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.motion.lifting import person_view
from bodydouble.training.windows import Window, flip_horizontally

CANDIDATES = 200
"""Number of detected windows, drawn at random, of which the one with the most similar pose is taken."""
COMPARED_FRAMES = 5
"""Number of frames in which poses are compared."""


@dataclass(frozen=True, slots=True)
class DetectorNoise:
    """Noise of the detector in one clip."""

    points: FloatArray
    """Detected minus true points (T, 33, 2), in person sizes."""
    landmarks_3d: FloatArray
    """Detected minus true 3D landmarks (T, 33, 3) of equal size, view axes, m."""
    confidence: FloatArray
    """Confidence (T, 33) of the points."""

    @classmethod
    def from_window(cls, window: Window) -> "DetectorNoise":
        """Returns the noise in a detected window."""
        depth = window.depths[..., None]
        true_landmarks = np.concatenate([window.true_points * (1 + window.scale * depth), depth], axis=-1)
        true_landmarks = true_landmarks - true_landmarks[:, person_view.HIP_INDICES].mean(axis=1, keepdims=True)
        # The skeleton keeps its length, though an approaching person spans fewer person sizes.
        true_landmarks = true_landmarks / np.linalg.norm(window.offsets, axis=(1, 2))[:, None, None]
        scale = np.median(np.linalg.norm(window.landmarks_3d[:, person_view.SCALE_LANDMARKS], axis=-1))
        scale /= np.median(np.linalg.norm(true_landmarks[:, person_view.SCALE_LANDMARKS], axis=-1))
        return cls(window.points - window.true_points, window.landmarks_3d - scale * true_landmarks, window.confidence)

    def with_limb(self, limb: list[int], other: "DetectorNoise") -> "DetectorNoise":
        """Returns the noise with that of another clip for some landmarks."""
        mixed = DetectorNoise(self.points.copy(), self.landmarks_3d.copy(), self.confidence.copy())
        mixed.points[:, limb], mixed.landmarks_3d[:, limb] = other.points[:, limb], other.landmarks_3d[:, limb]
        mixed.confidence[:, limb] = other.confidence[:, limb]
        return mixed

    def time_reversed(self, is_reversed: bool) -> "DetectorNoise":
        """Returns the noise with its frames in reverse order, if asked to."""
        order = slice(None, None, -1 if is_reversed else 1)
        return DetectorNoise(self.points[order], self.landmarks_3d[order], self.confidence[order])


class NoiseLibrary:
    """Noise of detected windows, forward and backward, and of their mirror images."""

    def __init__(self, detected: Sequence[Window]) -> None:
        windows = [*detected, *(flip_horizontally(window) for window in detected)]
        self._noise = [DetectorNoise.from_window(window) for window in windows]
        forward = np.stack([describe_pose(window.true_points, window.depths) for window in windows])
        self._poses = np.stack([forward, forward[:, ::-1]], axis=1).reshape(2 * len(windows), *forward.shape[1:])

    def of_window(self, index: int) -> DetectorNoise:
        """Returns the noise of one of the detected windows."""
        return self._noise[index]

    def choose(self, true_points: FloatArray, depths: FloatArray, rng: np.random.Generator) -> DetectorNoise:
        """Chooses the noise for a person with true points (T, 33, 2) and depths (T, 33) in the person view."""
        candidates = rng.integers(len(self._poses), size=CANDIDATES)
        distances = ((self._poses[candidates] - describe_pose(true_points, depths)) ** 2).sum(axis=(1, 2, 3))
        best = int(candidates[distances.argmin()])
        return self._noise[best // 2].time_reversed(best % 2 == 1)


def describe_pose(true_points: FloatArray, depths: FloatArray) -> FloatArray:
    """Returns limbs and trunk (COMPARED_FRAMES, 12, 3) from points (T, 33, 2) and depths (T, 33) in sizes."""
    frames = np.linspace(0, len(depths) - 1, COMPARED_FRAMES).round().astype(int)
    pose = np.concatenate([true_points, depths[..., None]], axis=-1)
    return np.asarray(pose[frames][:, person_view.SCALE_LANDMARKS])
