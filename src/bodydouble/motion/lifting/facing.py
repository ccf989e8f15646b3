"""Facing: a second reading of a person's orientation, where the lifter contradicts the landmark network.

In: ``LifterOutput`` and the inputs of the lifter. Out: spans of frames in doubt, and readings of the whole clip that
differ in these spans. The lifter averages over what the landmarks may mean and over time. In fast turns and at the ends
of a clip it can be turned away from what 2D landmarks and 3D landmarks agree on. The fit decides between the readings,
see ``lift.py``.

The lateral axis of a body points from its right to its left: the mean of the hip line and the shoulder line.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import label, uniform_filter1d

from bodydouble.data import BoolArray, FloatArray
from bodydouble.geometry import rotation
from bodydouble.motion.lifting.lifter import LANDMARKS_3D_SIZE, LifterOutput
from bodydouble.motion.lifting.person_view import HIP_INDICES, points_from_depths, view_straight_at
from bodydouble.skeletons import blazepose

SHOULDER_INDICES = [blazepose.INDEX["left_shoulder"], blazepose.INDEX["right_shoulder"]]
FILTER_SECONDS = 0.1
"""Length in s of the moving average of the agreement between lifter and landmark network."""
MAX_DOUBTFUL_AGREEMENT = 0.5
"""Maximum agreement in the frames around a contradiction that belong to its span."""
MIN_CONTRADICTION = 0.05
"""Minimum negative agreement, weighted by the detected pose, of a contradiction."""
DETECTED_SIGMA = np.array([0.1, 0.3])
"""Minimum standard deviations of detected landmarks across and along the line of sight, sizes."""


@dataclass(frozen=True, slots=True)
class DetectedPose:
    """Pose in T frames as the landmark network alone shows it, axes of the camera."""

    landmarks_3d: FloatArray
    """(T, 33, 3) from the midpoint of the hips, sizes as in ``person_view``: 2D landmarks at the network's depths."""
    points: FloatArray
    """(T, 33, 2) on the plane z = 1 of the camera."""
    weight: FloatArray
    """(T,) confidence of the trunk, and whether 2D landmarks and 3D landmarks agree on its lateral axis; 0 to 1."""

    @classmethod
    def from_lifter_input(
        cls,
        image_points: FloatArray,
        confidence: FloatArray,
        landmarks_3d: FloatArray,
        observed: BoolArray,
        scale: float | None = None,
    ) -> "DetectedPose":
        """Returns the detected pose of the arguments of ``lifter.run_lifter``."""
        view = view_straight_at(image_points, confidence, scale)
        depths = landmarks_3d[..., 2] - landmarks_3d[:, HIP_INDICES, 2].mean(axis=1, keepdims=True)
        axes, axes_3d = (rotation.normalize(_lateral_vectors(p)[:, :2]) for p in (view.points, landmarks_3d))
        consistency = np.maximum((axes * axes_3d).sum(axis=-1), 0.0)
        trunk_confidence = confidence[:, SHOULDER_INDICES + HIP_INDICES].min(axis=1)
        return cls(
            points_from_depths(depths / LANDMARKS_3D_SIZE, view),
            image_points,
            observed * trunk_confidence * consistency,
        )


def find_doubtful_spans(output: LifterOutput, detected: DetectedPose, fps: float) -> list[slice]:
    """Finds the spans of frames in which the lifter is turned away from the detected pose.

    Contradictions of single frames are noise: agreement is averaged over FILTER_SECONDS.
    """
    frames = 2 * round(FILTER_SECONDS * fps / 2) + 1
    detected_axes = rotation.normalize(_lateral_vectors(detected.landmarks_3d))
    cosine = np.einsum("ti,ti->t", output.rotations[:, 0, :, 0], detected_axes)
    weight, agreement = (
        uniform_filter1d(values, frames, mode="reflect") for values in (detected.weight, detected.weight * cosine)
    )
    is_contradicted = agreement < -MIN_CONTRADICTION
    numbers, count = label(agreement <= MAX_DOUBTFUL_AGREEMENT * weight)
    spans = [np.flatnonzero(numbers == number) for number in range(1, count + 1)]
    return [slice(int(span[0]), int(span[-1]) + 1) for span in spans if is_contradicted[span].any()]


def read_detected_orientation(output: LifterOutput, detected: DetectedPose) -> LifterOutput:
    """Returns the reading in which trunk, points and depths are those of the detected pose."""
    rotations = output.rotations.copy()
    rotations[:, 0] = _trunk_rotations(detected.landmarks_3d)
    return replace(use_detected_points(output, detected), rotations=rotations, landmarks_3d=detected.landmarks_3d)


def use_detected_points(output: LifterOutput, detected: DetectedPose) -> LifterOutput:
    """Returns the lifter's reading with detected points, and with standard deviations as in the other reading."""
    return replace(output, points=detected.points, sigma=np.maximum(output.sigma, DETECTED_SIGMA))


def splice(output: LifterOutput, other: LifterOutput, spans: list[slice]) -> LifterOutput:
    """Returns the output with landmarks and rotations of another one in some spans."""
    parts = {}
    for name in ("landmarks_3d", "points", "sigma", "rotations"):
        values = getattr(output, name).copy()
        for span in spans:
            values[span] = getattr(other, name)[span]
        parts[name] = values
    return replace(output, **parts)


def _lateral_vectors(landmarks: FloatArray) -> FloatArray:
    """Returns the vectors (T, N) from right to left of landmarks (T, 33, N), not normalised."""
    lines = landmarks[:, [SHOULDER_INDICES, HIP_INDICES]]
    return np.asarray((lines[:, :, 0] - lines[:, :, 1]).mean(axis=1))


def _trunk_rotations(landmarks: FloatArray) -> FloatArray:
    """Returns the rotations (T, 3, 3) camera_from_hips of a trunk with shoulders and hips at landmarks (T, 33, 3)."""
    upward = landmarks[:, SHOULDER_INDICES].mean(axis=1) - landmarks[:, HIP_INDICES].mean(axis=1)
    return rotation.from_axes(_lateral_vectors(landmarks), upward)
