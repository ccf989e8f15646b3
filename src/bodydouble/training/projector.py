"""From landmarks in space to where the detector says they are in the picture: the lifter's way back.

It is trained as a pair with the lifter: from true landmarks it learns the detector's habits, and what the lifter
answers to what was seen, projected, must be what was seen.
"""

import torch
from torch import Tensor, nn

from bodydouble.data import LANDMARK_COUNT
from bodydouble.training.loss import Target
from bodydouble.training.network import Answer
from bodydouble.training.unlabelled_loss import OUTLIER, Seen, in_space, projected, robust, weighted

INPUTS = LANDMARK_COUNT * 3 + 1
CHANNELS = 128
REACH = 2
"""Frames that each convolution looks before and after."""
CYCLE = 0.3
"""Weight of the way there and back. Projected from the truth counts 1: it has no other teacher."""


class ProjectorNetwork(nn.Module):
    """Landmarks in space (N, T, 33, 3), in sizes, and sizes (N,) -> points (N, T, 33, 2) as the detector sees them.

    It adds the detector's habits, none at first, to where the landmarks are.
    """

    def __init__(self) -> None:
        super().__init__()
        width = 2 * REACH + 1
        self.habits = nn.Sequential(
            nn.Conv1d(INPUTS, CHANNELS, width, padding=REACH, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv1d(CHANNELS, CHANNELS, width, padding=REACH, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv1d(CHANNELS, LANDMARK_COUNT * 2, 1),
        )
        last = self.habits[-1]
        assert isinstance(last, nn.Conv1d)
        assert last.bias is not None
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, space: Tensor, size: Tensor) -> Tensor:
        """The points."""
        large = size.log()[:, None, None].expand(-1, space.shape[1], 1)
        inputs = torch.cat([space.flatten(-2), large], dim=-1)
        habits: Tensor = self.habits(inputs.transpose(1, 2)).transpose(1, 2)
        return projected(space, size) + habits.unflatten(-1, (LANDMARK_COUNT, 2))


def from_truth(projector: ProjectorNetwork, truth: Target, seen: Seen) -> Tensor:
    """How far true landmarks, projected, are from where they were seen, in sizes."""
    return _off(projector, truth.points, truth.depths, seen)


def there_and_back(projector: ProjectorNetwork, answer: Answer, seen: Seen) -> Tensor:
    """How far the lifter's landmarks, projected, are from where they were seen; a term of the loss."""
    return CYCLE * _off(projector, answer.points, answer.depths, seen)


def _off(projector: ProjectorNetwork, points: Tensor, depths: Tensor, seen: Seen) -> Tensor:
    found = projector(in_space(points, depths, seen.size), seen.size)
    return weighted(robust(found - seen.points, OUTLIER).mean(dim=-1), seen.trust)
