"""Network of the lifter: features (B, T, FEATURE_COUNT) -> `Prediction`.

A temporal convolutional network with residual blocks, for windows of any length.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bodydouble.data import LANDMARK_COUNT
from bodydouble.motion.body.proportions import BONES
from bodydouble.skeletons import humanoid

FEATURE_COUNT = LANDMARK_COUNT * (2 + 1 + 3) + 2 + 1 + 1
"""Number of features per frame, see ``lifter.build_features``."""
POINT_FEATURES = slice(0, LANDMARK_COUNT * 2)
"""Features that are the detected points; the network predicts corrections to them."""
DEPTH_FEATURES = slice(LANDMARK_COUNT * 3 + 2, LANDMARK_COUNT * 6, 3)
"""Features that are the depths of the detected 3D landmarks."""
JOINT_COUNT = len(humanoid.JOINTS)
OUTPUT_SIZES = {
    "points": LANDMARK_COUNT * 2,
    "depths": LANDMARK_COUNT,
    "log_sigma": LANDMARK_COUNT * 2,
    "joint_rotations_6d": JOINT_COUNT * 6,
    "gravity_up": 3,
    "velocity": 3,
    "contacts": 4,
    "log_bone_scales": len(BONES) * 2,
}
"""Numbers per frame of each output, in order."""
CHANNELS = 256
"""Number of channels of the hidden layers."""
DILATIONS = (1, 2, 4, 8, 16, 2)
"""Dilations of the residual blocks."""
LOG_SIGMA_RANGE = (-5.0, 2.0)
"""Limits of the logarithm of the scale of landmark errors."""


class ResidualBlock(nn.Module):
    """Residual block: batch normalisation, dilated temporal convolution, ReLU, pointwise convolution, dropout."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=dilation, dilation=dilation, padding_mode="replicate")
        self.mix = nn.Conv1d(CHANNELS, CHANNELS, 1)
        self.norm = nn.BatchNorm1d(CHANNELS)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, CHANNELS, T) to the same shape."""
        residual: Tensor = x + self.drop(self.mix(torch.relu(self.over_time(self.norm(x)))))
        return residual


def affine_map(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Returns scale and shift (C,) of a learned batch normalisation."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale.detach(), (norm.bias - norm.running_mean * scale).detach()


@dataclass(frozen=True, slots=True)
class Prediction:
    """Prediction of the network for B windows, in the person view."""

    points: Tensor
    """Points (B, T, 33, 2)."""
    depths: Tensor
    """Depths (B, T, 33) relative to the hips."""
    log_sigma: Tensor
    """Logarithms (B, T, 66) of the scales of Laplace densities: across the line of sight, then along it."""
    rotations: Tensor
    """Local rotations (B, T, 22, 3, 3); that of the root is view_from_hips."""
    gravity_up: Tensor
    """Upward direction (B, T, 3)."""
    velocity: Tensor
    """World velocity (B, T, 3) of the hips in view axes, person sizes per second."""
    contacts: Tensor
    """Logits (B, T, 4) of the contacts of heels and toes."""
    log_bone_scales: Tensor
    """Logarithms of the lengths of bones relative to the template, then of their uncertainty (B, T, 2 K)."""


class LifterNetwork(nn.Module):
    """Lifter network: features (B, T, FEATURE_COUNT) -> `Prediction`."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Conv1d(FEATURE_COUNT, CHANNELS, 1)
        self.blocks = nn.Sequential(*(ResidualBlock(dilation) for dilation in DILATIONS))
        self.answer = nn.Conv1d(CHANNELS, sum(OUTPUT_SIZES.values()), 1)
        self.trust = nn.Parameter(torch.ones(LANDMARK_COUNT))
        """Factor (33,) of the depths of the detected 3D landmarks."""

    def forward(self, features: Tensor) -> Prediction:
        """Predicts from features. In training, the convolutions of the blocks compute in bfloat16, which is faster."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.training):
            residual = self.blocks(self.read(features.transpose(1, 2)).float())
        outputs = self.answer(residual).transpose(1, 2)
        parts = dict(zip(OUTPUT_SIZES, outputs.split(list(OUTPUT_SIZES.values()), dim=-1), strict=True))
        return Prediction(
            (parts["points"] + features[..., POINT_FEATURES]).unflatten(-1, (LANDMARK_COUNT, 2)),
            parts["depths"] + self.trust * features[..., DEPTH_FEATURES],
            parts["log_sigma"].clamp(*LOG_SIGMA_RANGE),
            rotations_from_columns(parts["joint_rotations_6d"].unflatten(-1, (JOINT_COUNT, 2, 3))),
            parts["gravity_up"],
            parts["velocity"],
            parts["contacts"],
            parts["log_bone_scales"],
        )


def rotations_from_columns(columns: Tensor) -> Tensor:
    """Returns rotations (..., 3, 3) from approximate first two columns (..., 2, 3) by Gram-Schmidt.

    Source: Zhou et al., On the Continuity of Rotation Representations in Neural Networks (2019).
    """
    x = nn.functional.normalize(columns[..., 0, :], dim=-1)
    second = columns[..., 1, :]
    y = nn.functional.normalize(second - (second * x).sum(-1, keepdim=True) * x, dim=-1)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1)
