"""Errors of poses: joint positions (MPJPE, PA-MPJPE, PCK3D), joint rotations, bone directions, flexion."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.evaluation.metrics.averages import mean
from bodydouble.geometry import rotation
from bodydouble.geometry.alignment import fit_similarity
from bodydouble.skeletons import humanoid

PCK3D_THRESHOLD_MM = 150.0
"""Maximum error in mm of a correct joint."""

HIP_JOINTS = (humanoid.INDEX["leftUpperLeg"], humanoid.INDEX["rightUpperLeg"])
"""The hip joints; poses are compared relative to their midpoint."""

LIMB_JOINTS = tuple(
    humanoid.INDEX[f"{side}{part}"]
    for side in ("left", "right")
    for part in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
)
"""Shoulders, elbows, wrists, hips, knees and ankles: the joints on which skeletons and landmark networks agree."""

HINGE_CHAINS = tuple(
    tuple(humanoid.INDEX[f"{side}{part}"] for part in chain)
    for side in ("left", "right")
    for chain in (("UpperArm", "LowerArm", "Hand"), ("UpperLeg", "LowerLeg", "Foot"))
)
"""Start, middle and end joint of left arm, left leg, right arm and right leg."""


def center_on_root(joints: FloatArray, root_joints: Sequence[int] = HIP_JOINTS) -> FloatArray:
    """Returns joints (..., J, 3) relative to the midpoint of the root joints."""
    return np.asarray(joints - joints[..., list(root_joints), :].mean(axis=-2, keepdims=True))


def joint_errors_mm(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Returns the distance (..., J) mm between joints (..., J, 3) m; the mean after root alignment is MPJPE.

    Source: C. Ionescu et al., "Human3.6M", PAMI 2014.
    """
    return np.asarray(1e3 * np.linalg.norm(predicted - truth, axis=-1))


def aligned_errors_mm(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Returns the distance (..., J) mm of joints (..., J, 3) m after a similarity alignment of each frame: PA-MPJPE.

    Source: protocol 2 of Human3.6M; A. Kanazawa et al., "End-to-end recovery of human shape and pose", CVPR 2018.
    """
    return joint_errors_mm(fit_similarity(predicted, truth).apply(predicted), truth)


def axis_errors_mm(predicted: FloatArray, truth: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns errors (..., J) mm in the image plane and in depth, of joints (..., J, 3) m in camera axes."""
    difference = 1e3 * (predicted - truth)
    return np.linalg.norm(difference[..., :2], axis=-1), np.abs(difference[..., 2])


def pck3d(errors_mm: FloatArray, threshold_mm: float = PCK3D_THRESHOLD_MM) -> float:
    """Returns the fraction of joints with an error of at most the threshold, among those that have one.

    Source: D. Mehta et al., "Monocular 3D human pose estimation in the wild" (MPI-INF-3DHP), 3DV 2017.
    """
    return mean(np.where(np.isfinite(errors_mm), errors_mm <= threshold_mm, np.nan))


def pck3d_auc(errors_mm: FloatArray) -> float:
    """Returns the area under the curve of pck3d over thresholds from 0 to 150 mm, 0 to 1.

    Source: as pck3d. Mehta et al. take the mean over 31 thresholds; this is the limit for infinitely fine steps. It is
    within 0.02 of theirs, and independent of whether an error of 0 is below a threshold of 0.
    """
    return mean(np.where(np.isfinite(errors_mm), np.clip(1 - errors_mm / PCK3D_THRESHOLD_MM, 0.0, 1.0), np.nan))


def rotation_errors_deg(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Returns the angle (...) in degrees, 0 to 180, between rotations (..., 4) xyzw; NaN if either is NaN.

    Source: D. Huynh, "Metrics for 3D rotations", J. Math. Imaging and Vision 2009, the geodesic distance.
    """
    return np.degrees(rotation.angle_between(predicted, truth))


def direction_errors_deg(
    predicted: FloatArray, truth: FloatArray, parents: Sequence[int] = humanoid.PARENTS
) -> FloatArray:
    """Returns the angle (..., J) degrees between the bones that end at joints (..., J, 3); NaN for the root."""
    return _angles_deg(_bone_vectors(predicted, parents), _bone_vectors(truth, parents))


def flexion_deg(joints: FloatArray) -> FloatArray:
    """Returns the flexion (..., 4) degrees of left elbow and knee, right elbow and knee of joints (..., 22, 3).

    A straight limb has 0.

    Source: G. Wu et al., "ISB recommendation on definitions of joint coordinate systems", J. Biomechanics 2002 and
    2005, reduced to the angle that joint centres determine.
    """
    start, middle, end = (joints[..., list(column), :] for column in zip(*HINGE_CHAINS, strict=True))
    return _angles_deg(middle - start, end - middle)


def _bone_vectors(joints: FloatArray, parents: Sequence[int]) -> FloatArray:
    bones = joints - joints[..., np.maximum(parents, 0), :]
    return np.where((np.asarray(parents) >= 0)[:, None], bones, np.nan)


def _angles_deg(a: FloatArray, b: FloatArray) -> FloatArray:
    """Returns the angle (...) in degrees between vectors (..., 3), exact for small angles; NaN for a zero vector."""
    a_length, b_length = np.linalg.norm(a, axis=-1, keepdims=True), np.linalg.norm(b, axis=-1, keepdims=True)
    a, b = a * b_length, b * a_length
    angle = 2 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))
    return np.where((a_length * b_length)[..., 0] > 0, np.degrees(angle), np.nan)
