"""Projector: 3D landmarks -> points as the detector reports them; the inverse of the lifter.

It is trained together with the lifter. It learns the detector's systematic errors from true landmarks. The lifter's
landmarks, projected, must reproduce the detected points (cycle consistency).
"""

import torch
from torch import Tensor, nn

from bodydouble.data import LANDMARK_COUNT
from bodydouble.training.loss import Target
from bodydouble.training.network import Prediction
from bodydouble.training.unlabelled_loss import (
    OUTLIER_SCALE,
    ObservedPoints,
    project,
    robust_error,
    unproject,
    weighted_mean,
)

INPUT_CHANNELS = LANDMARK_COUNT * 3 + 1
"""Number of input channels: coordinates of all landmarks and the logarithm of the scale."""
CHANNELS = 128
"""Number of channels of the hidden layers."""
KERNEL_RADIUS = 2
"""Frames that each convolution covers before and after the current one."""
CYCLE_WEIGHT = 0.3
"""Weight of the cycle-consistency term; projection of true landmarks, the projector's only other term, has weight 1."""


class ProjectorNetwork(nn.Module):
    """Projector network: landmarks (N, T, 33, 3) in person sizes and scales (N,) -> detected points (N, T, 33, 2).

    It adds the detector's systematic errors, zero at first, to the perspective projection of the landmarks.
    """

    def __init__(self) -> None:
        super().__init__()
        width = 2 * KERNEL_RADIUS + 1
        self.habits = nn.Sequential(
            nn.Conv1d(INPUT_CHANNELS, CHANNELS, width, padding=KERNEL_RADIUS, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv1d(CHANNELS, CHANNELS, width, padding=KERNEL_RADIUS, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv1d(CHANNELS, LANDMARK_COUNT * 2, 1),
        )
        last = self.habits[-1]
        assert isinstance(last, nn.Conv1d)
        assert last.bias is not None
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, landmarks_3d: Tensor, scale: Tensor) -> Tensor:
        """Predicts the detected points."""
        log_scale = scale.log()[:, None, None].expand(-1, landmarks_3d.shape[1], 1)
        inputs = torch.cat([landmarks_3d.flatten(-2), log_scale], dim=-1)
        offsets: Tensor = self.habits(inputs.transpose(1, 2)).transpose(1, 2)
        return project(landmarks_3d, scale) + offsets.unflatten(-1, (LANDMARK_COUNT, 2))


def truth_projection_loss(projector: ProjectorNetwork, target: Target, observed: ObservedPoints) -> Tensor:
    """Returns the robust distance between projected true landmarks and detected points, in person sizes."""
    return _projection_error(projector, target.points, target.depths, observed)


def cycle_consistency_loss(projector: ProjectorNetwork, prediction: Prediction, observed: ObservedPoints) -> Tensor:
    """Returns the weighted robust distance between the lifter's projected landmarks and detected points."""
    return CYCLE_WEIGHT * _projection_error(projector, prediction.points, prediction.depths, observed)


def _projection_error(projector: ProjectorNetwork, points: Tensor, depths: Tensor, observed: ObservedPoints) -> Tensor:
    projected = projector(unproject(points, depths, observed.scale), observed.scale)
    return weighted_mean(robust_error(projected - observed.points, OUTLIER_SCALE).mean(dim=-1), observed.confidence)
