"""Supervised loss of the lifter: `Prediction` and `Target` -> weighted terms.

Terms: Laplace negative log-likelihood of landmarks, L1 errors of landmarks, rotations, joints and velocities, cross
entropy of contacts, and bone lengths.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from bodydouble.data import LANDMARK_COUNT
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.training.network import Prediction

FACE_LANDMARKS = [
    i for i, name in enumerate(blazepose.LANDMARKS) if any(p in name for p in ("eye", "ear", "nose", "mouth"))
]
FACE_WEIGHT = 0.3
"""Weight of landmarks of the face, relative to 1 for the others."""


@dataclass(frozen=True, slots=True)
class Target:
    """Ground truth of B windows: the true fields of ``windows.Window``, with rotation matrices."""

    points: Tensor
    depths: Tensor
    rotations: Tensor
    gravity_up: Tensor
    velocity: Tensor
    contacts: Tensor
    offsets: Tensor
    log_bone_scales: Tensor


def compute_loss_terms(prediction: Prediction, target: Target) -> dict[str, Tensor]:
    """Returns the weighted terms of the loss; their sum is minimised."""
    weight = torch.ones(LANDMARK_COUNT)
    weight[FACE_LANDMARKS] = FACE_WEIGHT
    weight = weight / weight.mean()
    log_scale_across, log_scale_along = prediction.log_sigma.split(LANDMARK_COUNT, dim=-1)
    point_errors = (prediction.points - target.points).abs().mean(dim=-1)
    depth_errors = (prediction.depths - target.depths).abs()
    predicted = torch.cat([prediction.points, prediction.depths[..., None]], dim=-1)
    expected = torch.cat([target.points, target.depths[..., None]], dim=-1)
    speed_errors = (predicted.diff(dim=1) - expected.diff(dim=1)).abs().mean(dim=-1)
    logs, log_spread = prediction.log_bone_scales.chunk(2, dim=-1)
    return {
        "across": 0.5 * (weight * laplace_nll(point_errors, log_scale_across)).mean(),
        "along": 0.5 * (weight * laplace_nll(depth_errors, log_scale_along)).mean(),
        "landmarks": (weight * (2 * point_errors + 2 * depth_errors)).mean(),
        "speed": 2 * (weight * speed_errors).mean(),
        "turns": (prediction.rotations - target.rotations).abs().mean(),
        "joints": 2
        * (joint_positions(prediction.rotations, target.offsets) - joint_positions(target.rotations, target.offsets))
        .abs()
        .mean(),
        "up": masked_error(prediction.gravity_up, target.gravity_up),
        "velocity": 0.1 * (prediction.velocity - target.velocity).abs().mean(),
        "contacts": 0.3 * torch.nn.functional.binary_cross_entropy_with_logits(prediction.contacts, target.contacts),
        "lengths": 0.1 * laplace_nll((logs - target.log_bone_scales).abs(), log_spread.clamp(-4.0, 1.0)).mean(),
    }


def masked_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Returns the mean absolute error over the entries of the target that are not NaN."""
    is_known = torch.isfinite(target)
    error = torch.where(is_known, predicted - torch.where(is_known, target, 0.0), 0.0).abs()
    return error.sum() / is_known.sum().clamp(min=1)


def laplace_nll(error: Tensor, log_scale: Tensor) -> Tensor:
    """Returns the negative logarithm of a Laplace density, up to a constant."""
    return error * torch.exp(-log_scale) + log_scale


def joint_positions(rotations: Tensor, offsets: Tensor) -> Tensor:
    """Returns hip-centred joint positions (B, T, 22, 3) by forward kinematics.

    Args:
        rotations: local rotations (B, T, 22, 3, 3).
        offsets: rest offsets (B, T, 22, 3).
    """
    world = [rotations[..., 0, :, :]]
    positions = [torch.zeros_like(offsets[..., 0, :])]
    for joint, parent in enumerate(humanoid.PARENTS[1:], start=1):
        positions.append(positions[parent] + (world[parent] @ offsets[..., joint, :, None])[..., 0])
        world.append(world[parent] @ rotations[..., joint, :, :])
    return torch.stack(positions, dim=-2)
