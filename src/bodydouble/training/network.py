"""The network of the learned prior: temporal convolutions over a window of any length."""

import torch
from torch import Tensor, nn

INPUTS = 33 * 2 + 33 + 33 * 3 + 3
LANDMARKS = 33
ROUGH_DEPTHS = slice(33 * 3 + 2, 33 * 6, 3)
"""Where the detector's own depths stand among the features; the network corrects them."""
CHANNELS = 256
DILATIONS = (1, 2, 4, 8, 1)
LEAST_LOG_SIGMA, LARGEST_LOG_SIGMA = -4.0, 2.0


class Block(nn.Module):
    """Dilated convolution over time, then a mix of channels, added to the input."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=dilation, dilation=dilation, padding_mode="replicate")
        self.mix = nn.Conv1d(CHANNELS, CHANNELS, 1)
        self.norm = nn.BatchNorm1d(CHANNELS)
        self.drop = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, CHANNELS, T) to the same."""
        found: Tensor = x + self.drop(self.mix(torch.relu(self.over_time(self.norm(x)))))
        return found


class DepthNetwork(nn.Module):
    """Features (B, T, INPUTS) -> depths and logarithms of their standard deviations (B, T, 33) each."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Conv1d(INPUTS, CHANNELS, 1)
        self.blocks = nn.Sequential(*(Block(dilation) for dilation in DILATIONS))
        self.answer = nn.Conv1d(CHANNELS, 2 * LANDMARKS, 1)
        self.trust = nn.Parameter(torch.ones(LANDMARKS))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The network's answer."""
        x = self.blocks(self.read(features.transpose(1, 2)))
        depths, log_sigma = self.answer(x).transpose(1, 2).chunk(2, dim=-1)
        depths = depths + self.trust * features[..., ROUGH_DEPTHS]
        return depths, log_sigma.clamp(LEAST_LOG_SIGMA, LARGEST_LOG_SIGMA)


def negative_likelihood(depths: Tensor, log_sigma: Tensor, truth: Tensor) -> Tensor:
    """Negative logarithm of a Laplace density, and the error itself."""
    error = (depths - truth).abs()
    likelihood = error * torch.exp(-log_sigma) + log_sigma
    speed = (depths.diff(dim=1) - truth.diff(dim=1)).abs()
    return likelihood.mean() + error.mean() + speed.mean()
