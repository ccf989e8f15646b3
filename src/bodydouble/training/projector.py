"""From landmarks in space to where the detector says they are in the picture: the lifter's way back.

It is trained as a pair with the lifter: from true landmarks it learns the detector's habits, and what the lifter
answers to what was seen, projected, must be what was seen.
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
CHANNELS = 128
KERNEL_RADIUS = 2
"""Frames that each convolution looks before and after."""
CYCLE_WEIGHT = 0.3
"""Weight of the way there and back. Projected from the truth counts 1: it has no other teacher."""


class ProjectorNetwork(nn.Module):
    """Landmarks in space (N, T, 33, 3), in sizes, and sizes (N,) -> points (N, T, 33, 2) as the detector sees them.

    It adds the detector's habits, none at first, to where the landmarks are.
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
        """The points."""
        log_scale = scale.log()[:, None, None].expand(-1, landmarks_3d.shape[1], 1)
        inputs = torch.cat([landmarks_3d.flatten(-2), log_scale], dim=-1)
        offsets: Tensor = self.habits(inputs.transpose(1, 2)).transpose(1, 2)
        return project(landmarks_3d, scale) + offsets.unflatten(-1, (LANDMARK_COUNT, 2))


def truth_projection_loss(projector: ProjectorNetwork, target: Target, observed: ObservedPoints) -> Tensor:
    """How far true landmarks, projected, are from where they were seen, in sizes."""
    return _projection_error(projector, target.points, target.depths, observed)


def cycle_consistency_loss(projector: ProjectorNetwork, prediction: Prediction, observed: ObservedPoints) -> Tensor:
    """How far the lifter's landmarks, projected, are from where they were seen; a term of the loss."""
    return CYCLE_WEIGHT * _projection_error(projector, prediction.points, prediction.depths, observed)


def _projection_error(projector: ProjectorNetwork, points: Tensor, depths: Tensor, observed: ObservedPoints) -> Tensor:
    projected = projector(unproject(points, depths, observed.scale), observed.scale)
    return weighted_mean(robust_error(projected - observed.points, OUTLIER_SCALE).mean(dim=-1), observed.confidence)
