"""Errors of poses: joint positions, joint angles, directions of bones."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.evaluation.metrics.align import fit_similarity
from bodydouble.evaluation.metrics.averages import mean
from bodydouble.geometry import rotation
from bodydouble.skeletons import humanoid

PCK3D_THRESHOLD_MM = 150.0

HIPS = (humanoid.INDEX["leftUpperLeg"], humanoid.INDEX["rightUpperLeg"])
"""The hip joints; poses are compared relative to their middle."""

LIMB_JOINTS = tuple(
    humanoid.INDEX[f"{side}{part}"]
    for side in ("left", "right")
    for part in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
)
"""Shoulders, elbows, wrists, hips, knees, ankles: the joints that skeletons and landmark networks agree on."""

HINGES = tuple(
    tuple(humanoid.INDEX[f"{side}{part}"] for part in chain)
    for side in ("left", "right")
    for chain in (("UpperArm", "LowerArm", "Hand"), ("UpperLeg", "LowerLeg", "Foot"))
)
"""Start, middle and end joint of left arm, left leg, right arm and right leg."""


def centred(joints: FloatArray, around: Sequence[int] = HIPS) -> FloatArray:
    """Joints (..., J, 3) relative to the middle of the given joints."""
    return np.asarray(joints - joints[..., list(around), :].mean(axis=-2, keepdims=True))


def joint_errors_mm(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Distance (..., J) mm between joints (..., J, 3) m. Their mean, after centring, is MPJPE.

    Source: C. Ionescu et al., "Human3.6M", PAMI 2014.
    """
    return np.asarray(1e3 * np.linalg.norm(predicted - truth, axis=-1))


def aligned_errors_mm(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Distance (..., J) mm after the best similarity transform of each frame's joints (..., J, 3) m: PA-MPJPE.

    Source: protocol 2 of Human3.6M; A. Kanazawa et al., "End-to-end recovery of human shape and pose", CVPR 2018.
    """
    return joint_errors_mm(fit_similarity(predicted, truth).apply(predicted), truth)


def axis_errors_mm(predicted: FloatArray, truth: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Errors (..., J) mm across the line of sight and along it, of joints (..., J, 3) m in the camera's axes."""
    difference = 1e3 * (predicted - truth)
    return np.linalg.norm(difference[..., :2], axis=-1), np.abs(difference[..., 2])


def pck3d(errors_mm: FloatArray, threshold_mm: float = PCK3D_THRESHOLD_MM) -> float:
    """Share of joints (of those with an error) that are wrong by at most the threshold.

    Source: D. Mehta et al., "Monocular 3D human pose estimation in the wild" (MPI-INF-3DHP), 3DV 2017.
    """
    return mean(np.where(np.isfinite(errors_mm), errors_mm <= threshold_mm, np.nan))


def pck3d_auc(errors_mm: FloatArray) -> float:
    """Area under the curve of pck3d over thresholds from 0 to 150 mm, 0 to 1.

    Source: as pck3d. Mehta et al. take the mean over 31 thresholds; this is its limit for ever finer steps, within 0.02
    of it, and does not hang on whether an error of 0 counts as below a threshold of 0.
    """
    return mean(np.where(np.isfinite(errors_mm), np.clip(1 - errors_mm / PCK3D_THRESHOLD_MM, 0.0, 1.0), np.nan))


def rotation_errors_deg(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Angle (...) of the rotation between quaternions (..., 4) xyzw, degrees, 0 to 180; NaN if either is NaN.

    Source: D. Huynh, "Metrics for 3D rotations", J. Math. Imaging and Vision 2009, the geodesic distance.
    """
    return np.degrees(rotation.angle_between(predicted, truth))


def direction_errors_deg(
    predicted: FloatArray, truth: FloatArray, parents: Sequence[int] = humanoid.PARENTS
) -> FloatArray:
    """Angle (..., J) degrees between the directions of the bones that end at joints (..., J, 3); NaN for the root."""
    return _angles_deg(_bones(predicted, parents), _bones(truth, parents))


def flexion_deg(joints: FloatArray) -> FloatArray:
    """Bend (..., 4) degrees of left elbow, left knee, right elbow, right knee of joints (..., 22, 3); 0 is straight.

    Source: G. Wu et al., "ISB recommendation on definitions of joint coordinate systems", J. Biomechanics 2002 and
    2005, reduced to what joint centres alone determine.
    """
    start, middle, end = (joints[..., list(column), :] for column in zip(*HINGES, strict=True))
    return _angles_deg(middle - start, end - middle)


def _bones(joints: FloatArray, parents: Sequence[int]) -> FloatArray:
    bones = joints - joints[..., np.maximum(parents, 0), :]
    return np.where((np.asarray(parents) >= 0)[:, None], bones, np.nan)


def _angles_deg(a: FloatArray, b: FloatArray) -> FloatArray:
    """Angle (...) between vectors (..., 3), exact for small angles too; NaN for a vector without length."""
    a_length, b_length = np.linalg.norm(a, axis=-1, keepdims=True), np.linalg.norm(b, axis=-1, keepdims=True)
    a, b = a * b_length, b * a_length
    angle = 2 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))
    return np.where((a_length * b_length)[..., 0] > 0, np.degrees(angle), np.nan)
