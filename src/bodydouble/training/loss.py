"""How wrong the lifter is."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bodydouble.data import LANDMARK_COUNT
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.training.network import Answer

FACE = [i for i, name in enumerate(blazepose.LANDMARKS) if any(p in name for p in ("eye", "ear", "nose", "mouth"))]
FACE_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class Target:
    """What is true of B windows; as training.windows.Window, with rotation matrices."""

    points: Tensor
    depths: Tensor
    turns: Tensor
    up: Tensor
    velocity: Tensor
    contacts: Tensor
    offsets: Tensor
    lengths: Tensor


def parts(answer: Answer, target: Target) -> dict[str, Tensor]:
    """The terms of the loss; their sum is what is made small."""
    weight = torch.ones(LANDMARK_COUNT)
    weight[FACE] = FACE_WEIGHT
    weight = weight / weight.mean()
    across, along = answer.log_sigma.split(LANDMARK_COUNT, dim=-1)
    off = (answer.points - target.points).abs().mean(dim=-1)
    deep = (answer.depths - target.depths).abs()
    found = torch.cat([answer.points, answer.depths[..., None]], dim=-1)
    wanted = torch.cat([target.points, target.depths[..., None]], dim=-1)
    speed = (found.diff(dim=1) - wanted.diff(dim=1)).abs().mean(dim=-1)
    logs, spread = answer.lengths.chunk(2, dim=-1)
    return {
        "across": 0.5 * (weight * likelihood(off, across)).mean(),
        "along": 0.5 * (weight * likelihood(deep, along)).mean(),
        "landmarks": (weight * (2 * off + 2 * deep)).mean(),
        "speed": 2 * (weight * speed).mean(),
        "turns": (answer.turns - target.turns).abs().mean(),
        "joints": 2 * (positions(answer.turns, target.offsets) - positions(target.turns, target.offsets)).abs().mean(),
        "up": known_error(answer.up, target.up),
        "velocity": 0.1 * (answer.velocity - target.velocity).abs().mean(),
        "contacts": 0.3 * torch.nn.functional.binary_cross_entropy_with_logits(answer.contacts, target.contacts),
        "lengths": 0.1 * likelihood((logs - target.lengths).abs(), spread.clamp(-4.0, 1.0)).mean(),
    }


def known_error(found: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error where the truth is known, not NaN."""
    known = torch.isfinite(truth)
    error = torch.where(known, found - torch.where(known, truth, 0.0), 0.0).abs()
    return error.sum() / known.sum().clamp(min=1)


def likelihood(error: Tensor, log_scale: Tensor) -> Tensor:
    """Negative logarithm of a Laplace density, up to a constant."""
    return error * torch.exp(-log_scale) + log_scale


def positions(turns: Tensor, offsets: Tensor) -> Tensor:
    """Joints (B, T, 22, 3) from the hips of a skeleton with offsets (B, T, 22, 3) and turns (B, T, 22, 3, 3)."""
    world = [turns[..., 0, :, :]]
    places = [torch.zeros_like(offsets[..., 0, :])]
    for joint, parent in enumerate(humanoid.PARENTS[1:], start=1):
        places.append(places[parent] + (world[parent] @ offsets[..., joint, :, None])[..., 0])
        world.append(world[parent] @ turns[..., joint, :, :])
    return torch.stack(places, dim=-2)
