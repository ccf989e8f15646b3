"""The network of the lifter: temporal convolutions over a window of any length."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bodydouble.data import LANDMARK_COUNT
from bodydouble.motion.body.proportions import BONES
from bodydouble.skeletons import humanoid

FEATURE_COUNT = LANDMARK_COUNT * (2 + 1 + 3) + 2 + 1 + 1
POINT_FEATURES = slice(0, LANDMARK_COUNT * 2)
"""Where the landmarks in the picture stand among the features; the network corrects them."""
DEPTH_FEATURES = slice(LANDMARK_COUNT * 3 + 2, LANDMARK_COUNT * 6, 3)
"""Likewise the detector's own depths."""
JOINT_COUNT = len(humanoid.JOINTS)
OUTPUT_SIZES = {
    "points": LANDMARK_COUNT * 2,
    "depths": LANDMARK_COUNT,
    "log_sigma": LANDMARK_COUNT * 2,
    "turns": JOINT_COUNT * 6,
    "up": 3,
    "velocity": 3,
    "contacts": 4,
    "lengths": len(BONES) * 2,
}
"""Numbers per frame of each output, in order."""
CHANNELS = 256
DILATIONS = (1, 2, 4, 8, 16, 2)
LOG_SIGMA_RANGE = (-5.0, 2.0)


class ResidualBlock(nn.Module):
    """Dilated convolution over time, then a mix of channels, added to the input."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=dilation, dilation=dilation, padding_mode="replicate")
        self.mix = nn.Conv1d(CHANNELS, CHANNELS, 1)
        self.norm = nn.BatchNorm1d(CHANNELS)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, CHANNELS, T) to the same."""
        residual: Tensor = x + self.drop(self.mix(torch.relu(self.over_time(self.norm(x)))))
        return residual


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network says about B windows."""

    points: Tensor
    """(B, T, 33, 2)."""
    depths: Tensor
    """(B, T, 33)."""
    log_sigma: Tensor
    """(B, T, 66) of a Laplace density: across the line of sight, then along it."""
    rotations: Tensor
    """(B, T, 22, 3, 3) rotations."""
    gravity_up: Tensor
    """(B, T, 3)."""
    velocity: Tensor
    """(B, T, 3)."""
    contacts: Tensor
    """(B, T, 4) logits."""
    log_bone_scales: Tensor
    """(B, T, 2 K)."""


class LifterNetwork(nn.Module):
    """Features (B, T, INPUTS) -> Answer."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Conv1d(FEATURE_COUNT, CHANNELS, 1)
        self.blocks = nn.Sequential(*(ResidualBlock(dilation) for dilation in DILATIONS))
        self.answer = nn.Conv1d(CHANNELS, sum(OUTPUT_SIZES.values()), 1)
        self.trust = nn.Parameter(torch.ones(LANDMARK_COUNT))
        """How far the detector's depths are believed, per landmark."""

    def forward(self, features: Tensor) -> Prediction:
        """The network's answer."""
        outputs = self.answer(self.blocks(self.read(features.transpose(1, 2)))).transpose(1, 2)
        parts = dict(zip(OUTPUT_SIZES, outputs.split(list(OUTPUT_SIZES.values()), dim=-1), strict=True))
        return Prediction(
            (parts["points"] + features[..., POINT_FEATURES]).unflatten(-1, (LANDMARK_COUNT, 2)),
            parts["depths"] + self.trust * features[..., DEPTH_FEATURES],
            parts["log_sigma"].clamp(*LOG_SIGMA_RANGE),
            rotations_from_columns(parts["turns"].unflatten(-1, (JOINT_COUNT, 2, 3))),
            parts["up"],
            parts["velocity"],
            parts["contacts"],
            parts["lengths"],
        )


def rotations_from_columns(columns: Tensor) -> Tensor:
    """Rotations (..., 3, 3) from their first two columns (..., 2, 3), roughly.

    Source: Zhou et al., On the Continuity of Rotation Representations in Neural Networks (2019).
    """
    x = nn.functional.normalize(columns[..., 0, :], dim=-1)
    second = columns[..., 1, :]
    y = nn.functional.normalize(second - (second * x).sum(-1, keepdim=True) * x, dim=-1)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1)
