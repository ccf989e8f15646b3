"""Self-supervised loss of the lifter for videos without labels: `Prediction`s and `ObservedPoints` -> weighted terms.

Terms: reprojection loss of landmarks and skeleton, priors (bone lengths constant and symmetric, limits of acceleration
and speed), and consistency with the prediction for the horizontally flipped image.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from bodydouble.motion.body import body_landmarks, proportions
from bodydouble.motion.lifting import lifter
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.training.loss import joint_positions
from bodydouble.training.network import Prediction
from bodydouble.training.unlabelled import UnlabelledWindow
from bodydouble.training.windows import Window

TERM_WEIGHTS = {
    # Reprojection of landmarks. Detections are wrong by 0.1 sizes, and labelled windows teach that: a weak reminder.
    "seen": 0.2,
    # Reprojection of the skeleton: the only term in which joint rotations and bone lengths meet the image.
    "skeleton": 1.0,
    # Constancy of bone lengths. It constrains depths: 0.027 for true landmarks of rendered people, 0.057 for predicted.
    "constancy": 1.0,
    # Symmetry of bone lengths: 0 and 0.068. Weaker, as people cropped by the image have short bones, steep logarithms.
    "sides": 0.2,
    # Acceleration: 0.025 and 0.060. Weak: flat depths lower it, too, and fast strikes must stay sharp.
    "acceleration": 0.2,
    # Speed above the limit: zero for nearly all motion capture.
    "speed": 1.0,
    # Reprojection of landmarks onto annotated points: these are exact, in contrast to detections.
    "annotated": 1.0,
    # Flip consistency: 0 and 0.16. Both predictions may share an error, but a difference is an error of one of them.
    "mirror": 0.5,
}
"""Weights of the terms, chosen so that the gradient of their sum is a quarter of that of the labelled windows."""
FLIP_WEIGHTS = {
    "points": 1.0,
    "depths": 1.0,
    "rotations": 0.5,
    "gravity_up": 0.5,
    "velocity": 0.05,
    "contacts": 0.15,
    "log_bone_scales": 0.05,
}
"""Weights of the outputs in the flip-consistency term, about half of those in the supervised ``loss``."""
OUTLIER_SCALE = 0.3
"""Error in person sizes beyond which it counts by its logarithm, since the detector may swap limbs."""
LOG_OUTLIER_SCALE = 0.3
"""Error of logarithms of lengths beyond which it counts by its own logarithm."""
MAX_SPEED = 0.5
"""Maximum speed in person sizes per frame, per axis; 99.9 % of captured landmarks are slower."""
MIN_BONE_LENGTH = 0.05
"""Minimum length of bones in person sizes; shorter ones are clamped."""
MIN_SCALE = 0.5
"""Minimum scale in person sizes per metre; a skeleton that faces the wrong way would else have a negative one."""

_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_LIMB_JOINT_NAMES = dict(zip(_LIMBS, ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot"), strict=True))
LIMB_LANDMARKS = [blazepose.INDEX[f"{side}_{part}"] for side in ("left", "right") for part in _LIMBS]
LIMB_JOINTS = [humanoid.INDEX[f"{side}{_LIMB_JOINT_NAMES[part]}"] for side in ("left", "right") for part in _LIMBS]
"""Indices of the joints at LIMB_LANDMARKS."""
_HIP_JOINTS = [humanoid.INDEX[f"{side}UpperLeg"] for side in ("left", "right")]
_BONE_ENDS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
BONE_LANDMARKS = [
    [blazepose.INDEX[f"{side}_{end}"] for end in pair] for side in ("left", "right") for pair in _BONE_ENDS
]
"""Landmarks at both ends of rigid bones: those of the left limbs, then those of the right."""
_TEMPLATE = body_landmarks.template_skeleton().rest_offsets
_BONE_OFFSETS = torch.tensor(
    np.stack([proportions.skeleton_from_bone_scales(one).rest_offsets for one in np.eye(len(proportions.BONES))]),
    dtype=torch.float32,
)
"""Contribution (K, 22, 3) in m of each of proportions.BONES to the rest offsets of the template."""


@dataclass(frozen=True, slots=True)
class ObservedPoints:
    """Detected and annotated points of N windows."""

    points: Tensor
    """Points (N, T, 33, 2) in the person view: annotated ones where there are some."""
    confidence: Tensor
    """Confidence (N, T, 33), or weight of an annotated point; 0 where not observed."""
    scale: Tensor
    """Scales (N,) of the person views."""
    exactness: Tensor
    """Weights (N, T, 33) of annotated points; 0 for detected ones."""

    @classmethod
    def from_windows(cls, windows: UnlabelledWindow | Window) -> "ObservedPoints":
        """Returns the points of N stacked windows."""
        if isinstance(windows, UnlabelledWindow):
            is_exact = windows.exactness > 0
            points = np.where(is_exact[..., None], windows.exact_points, windows.points)
            seen = windows.confidence * windows.observed[..., None]
            confidence, exactness = np.where(is_exact, windows.exactness, seen), windows.exactness
        else:
            points, confidence, exactness = windows.points, windows.confidence, np.zeros_like(windows.confidence)
        arrays = (points, confidence, windows.scale, exactness)
        return cls(*(torch.from_numpy(np.asarray(array, dtype=np.float32)) for array in arrays))


def compute_unlabelled_loss_terms(
    prediction: Prediction, flipped_prediction: Prediction, observed: ObservedPoints
) -> dict[str, Tensor]:
    """Returns the weighted terms of the loss; their sum is minimised.

    Args:
        prediction: prediction for the windows.
        flipped_prediction: prediction for the horizontally flipped windows.
        observed: detected points of the windows.
    """
    landmarks_3d = unproject(prediction.points, prediction.depths, observed.scale)
    constancy, asymmetry = bone_length_errors(landmarks_3d, observed.confidence)
    terms = {
        "seen": weighted_mean(
            robust_error(prediction.points - observed.points, OUTLIER_SCALE).mean(dim=-1), observed.confidence
        ),
        "annotated": weighted_mean((prediction.points - observed.points).abs().mean(dim=-1), observed.exactness),
        "skeleton": skeleton_error(prediction, observed),
        "constancy": constancy,
        "sides": asymmetry,
        "acceleration": landmarks_3d.diff(n=2, dim=1).abs().mean(),
        "speed": (landmarks_3d.diff(dim=1).abs() - MAX_SPEED).clamp(min=0).mean(),
        "mirror": flip_consistency_error(prediction, flipped_prediction),
    }
    return {f"unlabelled_{name}": TERM_WEIGHTS[name] * term for name, term in terms.items()}


def unproject(points: Tensor, depths: Tensor, scale: Tensor) -> Tensor:
    """Returns hip-centred landmarks (N, T, 33, 3) in person sizes from points, depths and scales (N,)."""
    relative_depth = 1 + scale[:, None, None, None] * depths[..., None]
    return torch.cat([points * relative_depth, depths[..., None]], dim=-1)


def project(landmarks_3d: Tensor, scale: Tensor) -> Tensor:
    """Projects hip-centred landmarks (N, T, J, 3) in person sizes to points (N, T, J, 2); scales (N,)."""
    return landmarks_3d[..., :2] / (1 + scale[:, None, None, None] * landmarks_3d[..., 2:]).clamp(min=0.1)


def robust_error(error: Tensor, outlier_scale: float) -> Tensor:
    """Returns the absolute error if it is small, and about its logarithm if it is large."""
    return outlier_scale * torch.log1p(error.abs() / outlier_scale)


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Returns the weighted mean."""
    return (values * weights).sum() / weights.sum().clamp(min=1e-6)


def skeleton_error(prediction: Prediction, observed: ObservedPoints) -> Tensor:
    """Returns the robust reprojection error of the joints of the predicted skeleton, in person sizes.

    The skeleton has one set of bones per window. Its scale in each frame is fitted: its distance is not predicted.
    """
    joints = joint_positions(prediction.rotations, predicted_offsets(prediction.log_bone_scales))
    from_hips = joints - joints[..., _HIP_JOINTS, :].mean(dim=-2, keepdim=True)
    limbs, points = from_hips[..., LIMB_JOINTS, :], observed.points[..., LIMB_LANDMARKS, :]
    confidence = observed.confidence[..., LIMB_LANDMARKS]
    scaled = fit_scale(limbs, points, confidence, observed.scale)[..., None, None] * limbs
    return weighted_mean(robust_error(project(scaled, observed.scale) - points, OUTLIER_SCALE).mean(dim=-1), confidence)


def predicted_offsets(log_bone_scales: Tensor) -> Tensor:
    """Returns rest offsets (N, T, 22, 3) in m from predicted bone scales (N, T, 2 K), equal in all frames."""
    logs, log_spread = log_bone_scales.chunk(2, dim=-1)
    weights = torch.softmax(-2 * log_spread, dim=1)
    ratios = (weights * logs).sum(dim=1).exp()
    return torch.einsum("nk,kjc->njc", ratios, _BONE_OFFSETS)[:, None].expand(-1, log_bone_scales.shape[1], -1, -1)


def fit_scale(joints: Tensor, points: Tensor, confidence: Tensor, view_scale: Tensor) -> Tensor:
    """Fits scales (N, T) in person sizes per metre that project joints (N, T, J, 3) in m onto points (N, T, J, 2).

    Linear least squares of s (x, y) = point (1 + view_scale s z).
    """
    direction = joints[..., :2] - view_scale[:, None, None, None] * joints[..., 2:] * points
    numerator = (confidence[..., None] * direction * points).sum(dim=(-1, -2))
    denominator = (confidence[..., None] * direction**2).sum(dim=(-1, -2))
    return (numerator / denominator.clamp(min=1e-6)).clamp(min=MIN_SCALE)


def bone_length_errors(landmarks_3d: Tensor, confidence: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the variation of bone lengths over time, and the difference of left and right ones; in logarithms.

    An approaching person spans fewer person sizes, so the mean over all bones in a frame is subtracted.
    """
    ends = torch.tensor(BONE_LANDMARKS)
    logs = (
        (landmarks_3d[..., ends[:, 0], :] - landmarks_3d[..., ends[:, 1], :])
        .norm(dim=-1)
        .clamp(min=MIN_BONE_LENGTH)
        .log()
    )
    bone_confidence = confidence[..., ends].amin(dim=-1) + 1e-6
    common = (bone_confidence * logs).sum(dim=-1, keepdim=True) / bone_confidence.sum(dim=-1, keepdim=True)
    mean_logs = (bone_confidence * (logs - common)).sum(dim=1, keepdim=True) / bone_confidence.sum(dim=1, keepdim=True)
    left, right = logs.chunk(2, dim=-1)
    pair_confidence = torch.minimum(*bone_confidence.chunk(2, dim=-1))
    return (
        weighted_mean(robust_error(logs - common - mean_logs, LOG_OUTLIER_SCALE), bone_confidence),
        weighted_mean(robust_error(left - right, LOG_OUTLIER_SCALE), pair_confidence),
    )


def flip_consistency_error(prediction: Prediction, flipped_prediction: Prediction) -> Tensor:
    """Returns the difference between a prediction and the unflipped prediction for the flipped image."""
    unflipped = flip_prediction(flipped_prediction)
    errors = [
        weight * (_comparable_values(name, prediction) - _comparable_values(name, unflipped)).abs().mean()
        for name, weight in FLIP_WEIGHTS.items()
    ]
    return torch.stack(errors).sum()


def _comparable_values(name: str, prediction: Prediction) -> Tensor:
    value: Tensor = getattr(prediction, name)
    if name == "contacts":
        return value.sigmoid()
    return value.chunk(2, dim=-1)[0] if name == "log_bone_scales" else value


def flip_prediction(prediction: Prediction) -> Prediction:
    """Returns the prediction for the horizontally flipped image."""
    swap, joints = list(blazepose.MIRROR), list(humanoid.MIRROR)
    axis_signs, rotation_signs = (
        torch.tensor(m, dtype=torch.float32) for m in (lifter.MIRROR_SIGNS, lifter.MIRROR_ROTATION_SIGNS)
    )
    return Prediction(
        prediction.points[..., swap, :] * axis_signs[:2],
        prediction.depths[..., swap],
        prediction.log_sigma.unflatten(-1, (2, len(swap)))[..., swap].flatten(-2),
        prediction.rotations[..., joints, :, :] * rotation_signs,
        prediction.gravity_up * axis_signs,
        prediction.velocity * axis_signs,
        prediction.contacts[..., lifter.MIRROR_CONTACT_ORDER],
        prediction.log_bone_scales,
    )


def split_predictions(prediction: Prediction, counts: list[int]) -> list[Prediction]:
    """Splits a prediction into predictions for the given counts of windows."""
    parts = [getattr(prediction, field.name).split(counts) for field in fields(Prediction)]
    return [Prediction(*arrays) for arrays in zip(*parts, strict=True)]
