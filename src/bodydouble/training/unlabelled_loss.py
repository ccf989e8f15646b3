"""How wrong the lifter is about people of whom nobody knows the truth: by what is seen, and by what bodies can do."""

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
    # What was seen is wrong by 0.1 sizes itself, and labelled windows teach how: it only must not be forgotten.
    "seen": 0.2,
    # The only term that asks joint rotations and lengths of bones about the picture.
    "skeleton": 1.0,
    # Asks depths: 0.027 where the answer is true on rendered people, 0.057 where a trained lifter gave it.
    "constancy": 1.0,
    # Likewise, 0 and 0.068; less, as who is half outside the picture has short bones with steep logarithms.
    "sides": 0.2,
    # 0.025 and 0.060. Weak: it is made small by depths that are too flat, too, and hits must stay sharp.
    "acceleration": 0.2,
    # Zero for nearly all that people do; weak for the same reason.
    "speed": 1.0,
    # 0 and 0.16. Both answers may be wrong alike, but what differs is the fault of one of them.
    "mirror": 0.5,
}
"""Of the terms of the loss, so that together they pull a quarter as hard as the labelled windows do."""
FLIP_WEIGHTS = {
    "points": 1.0,
    "depths": 1.0,
    "rotations": 0.5,
    "gravity_up": 0.5,
    "velocity": 0.05,
    "contacts": 0.15,
    "log_bone_scales": 0.05,
}
"""What each part of the answer counts in the mirror, about half of what it counts against the truth in ``loss``."""
OUTLIER_SCALE = 0.3
"""Sizes; errors of what is seen count by their logarithm beyond this: a limb may be taken for the other one."""
LOG_OUTLIER_SCALE = 0.3
"""Likewise of logarithms of lengths."""
MAX_SPEED = 0.5
"""Sizes per frame; 99.9 % of captured landmarks are slower than this."""
MIN_BONE_LENGTH = 0.05
"""Sizes; bones shorter than this are taken to be this long."""
MIN_SCALE = 0.5
"""Sizes per metre; people who turn their backs to what is seen would else have a scale below zero."""

_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_LIMB_JOINT_NAMES = dict(zip(_LIMBS, ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot"), strict=True))
LIMB_LANDMARKS = [blazepose.INDEX[f"{side}_{part}"] for side in ("left", "right") for part in _LIMBS]
LIMB_JOINTS = [humanoid.INDEX[f"{side}{_LIMB_JOINT_NAMES[part]}"] for side in ("left", "right") for part in _LIMBS]
"""The joints that lie at LIMB_LANDMARKS."""
_HIP_JOINTS = [humanoid.INDEX[f"{side}UpperLeg"] for side in ("left", "right")]
_BONE_ENDS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
BONE_LANDMARKS = [
    [blazepose.INDEX[f"{side}_{end}"] for end in pair] for side in ("left", "right") for pair in _BONE_ENDS
]
"""Landmarks at the ends of rigid bones: those of the left limbs, then those of the right."""
_TEMPLATE = body_landmarks.template_skeleton().rest_offsets
_BONE_OFFSETS = torch.tensor(
    np.stack([proportions.skeleton_from_bone_scales(one).rest_offsets for one in np.eye(len(proportions.BONES))]), dtype=torch.float32
)
"""(K, 22, 3) m; what each of proportions.BONES adds to the offsets of a skeleton whose ratio is 1."""


@dataclass(frozen=True, slots=True)
class ObservedPoints:
    """What was seen in N windows."""

    points: Tensor
    """(N, T, 33, 2)."""
    confidence: Tensor
    """(N, T, 33) confidence; 0 where not observed."""
    scale: Tensor
    """(N,)."""

    @classmethod
    def from_windows(cls, windows: UnlabelledWindow | Window) -> "ObservedPoints":
        """Of N windows."""
        observed = windows.observed[..., None] if isinstance(windows, UnlabelledWindow) else 1.0
        arrays = (windows.points, windows.confidence * observed, windows.scale)
        return cls(*(torch.from_numpy(np.asarray(array, dtype=np.float32)) for array in arrays))


def unlabelled_loss_terms(
    prediction: Prediction, flipped_prediction: Prediction, observed: ObservedPoints
) -> dict[str, Tensor]:
    """The terms of the loss; their sum is what is made small.

    Args:
        prediction: to what was seen.
        flipped_prediction: to the mirror image of what was seen.
        observed: what was seen.
    """
    landmarks_3d = unproject(prediction.points, prediction.depths, observed.scale)
    constancy, asymmetry = bone_length_errors(landmarks_3d, observed.confidence)
    terms = {
        "seen": weighted_mean(
            robust_error(prediction.points - observed.points, OUTLIER_SCALE).mean(dim=-1), observed.confidence
        ),
        "skeleton": skeleton_error(prediction, observed),
        "constancy": constancy,
        "sides": asymmetry,
        "acceleration": landmarks_3d.diff(n=2, dim=1).abs().mean(),
        "speed": (landmarks_3d.diff(dim=1).abs() - MAX_SPEED).clamp(min=0).mean(),
        "mirror": flip_consistency_error(prediction, flipped_prediction),
    }
    return {f"unlabelled_{name}": TERM_WEIGHTS[name] * term for name, term in terms.items()}


def unproject(points: Tensor, depths: Tensor, scale: Tensor) -> Tensor:
    """Landmarks (N, T, 33, 3) from the hips, in sizes, of which points and depths are known; size (N,)."""
    relative_depth = 1 + scale[:, None, None, None] * depths[..., None]
    return torch.cat([points * relative_depth, depths[..., None]], dim=-1)


def project(landmarks_3d: Tensor, scale: Tensor) -> Tensor:
    """Points (N, T, J, 2) of what is at (N, T, J, 3) from the hips, in sizes; size (N,)."""
    return landmarks_3d[..., :2] / (1 + scale[:, None, None, None] * landmarks_3d[..., 2:]).clamp(min=0.1)


def robust_error(error: Tensor, outlier_scale: float) -> Tensor:
    """The size of an error, or its logarithm where it is large."""
    return outlier_scale * torch.log1p(error.abs() / outlier_scale)


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean."""
    return (values * weights).sum() / weights.sum().clamp(min=1e-6)


def skeleton_error(prediction: Prediction, observed: ObservedPoints) -> Tensor:
    """How far the joints of the network's own skeleton are from where they are seen, in sizes.

    The skeleton has one set of bones per window. How large it looks in a frame tells its distance, which is not asked.
    """
    joints = joint_positions(prediction.rotations, predicted_offsets(prediction.log_bone_scales))
    from_hips = joints - joints[..., _HIP_JOINTS, :].mean(dim=-2, keepdim=True)
    limbs, points = from_hips[..., LIMB_JOINTS, :], observed.points[..., LIMB_LANDMARKS, :]
    confidence = observed.confidence[..., LIMB_LANDMARKS]
    scaled = fit_scale(limbs, points, confidence, observed.scale)[..., None, None] * limbs
    return weighted_mean(robust_error(project(scaled, observed.scale) - points, OUTLIER_SCALE).mean(dim=-1), confidence)


def predicted_offsets(log_bone_scales: Tensor) -> Tensor:
    """Offsets (N, T, 22, 3) m at rest, from the network's lengths of bones (N, T, 2 K), the same in all frames."""
    logs, log_spread = log_bone_scales.chunk(2, dim=-1)
    weights = torch.softmax(-2 * log_spread, dim=1)
    ratios = (weights * logs).sum(dim=1).exp()
    return torch.einsum("nk,kjc->njc", ratios, _BONE_OFFSETS)[:, None].expand(-1, log_bone_scales.shape[1], -1, -1)


def fit_scale(joints: Tensor, points: Tensor, confidence: Tensor, view_scale: Tensor) -> Tensor:
    """Sizes per metre (N, T) that bring joints (N, T, J, 3) m nearest to points (N, T, J, 2).

    Least squares of s (x, y) = point (1 + size s z), which is linear in s.
    """
    direction = joints[..., :2] - view_scale[:, None, None, None] * joints[..., 2:] * points
    numerator = (confidence[..., None] * direction * points).sum(dim=(-1, -2))
    denominator = (confidence[..., None] * direction**2).sum(dim=(-1, -2))
    return (numerator / denominator.clamp(min=1e-6)).clamp(min=MIN_SCALE)


def bone_length_errors(landmarks_3d: Tensor, confidence: Tensor) -> tuple[Tensor, Tensor]:
    """How much lengths of bones change in time, and how much left ones differ from right ones; in logarithms.

    Somebody who comes nearer becomes fewer sizes large: what all bones have in common in a frame is left out.
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
    """How far the answer to the mirror image is from the mirror image of the answer."""
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
    """What the answer says about the mirror image."""
    swap, joints = list(blazepose.MIRROR), list(humanoid.MIRROR)
    axis_signs, rotation_signs = (torch.tensor(m, dtype=torch.float32) for m in (lifter.MIRROR_SIGNS, lifter.MIRROR_ROTATION_SIGNS))
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
    """Answers about so many windows each."""
    parts = [getattr(prediction, field.name).split(counts) for field in fields(Prediction)]
    return [Prediction(*arrays) for arrays in zip(*parts, strict=True)]
