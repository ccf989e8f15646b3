"""Supervised loss: its minimum is the ground truth."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from bodydouble.geometry import kinematics, rotation
from bodydouble.training.loss import Target, compute_loss_terms, joint_positions, laplace_nll, masked_error
from bodydouble.training.network import Prediction
from bodydouble.training.training_loop import target_from_windows
from bodydouble.training.windows import stack_windows
from tests import builders
from tests.training.scenes import detected_window

EXACT = ("landmarks", "speed", "turns", "joints", "up", "velocity")
"""Terms that are zero for the exact prediction."""


@pytest.fixture(scope="module")
def target() -> Target:
    target = target_from_windows(stack_windows([detected_window(seed) for seed in range(2)]))
    return replace(target, contacts=target.contacts.round())


def exact_prediction(target: Target) -> Prediction:
    spread = torch.full_like(target.log_bone_scales, -4.0)
    return Prediction(
        target.points, target.depths, torch.full((*target.depths.shape[:2], 66), -5.0), target.rotations,
        target.gravity_up, target.velocity, 12 * target.contacts - 6,
        torch.cat([target.log_bone_scales, spread], dim=-1),
    )  # fmt: skip


def total_loss(prediction: Prediction, target: Target) -> float:
    return float(torch.stack(list(compute_loss_terms(prediction, target).values())).sum())


def test_terms_vanish_for_the_exact_prediction(target: Target) -> None:
    terms = compute_loss_terms(exact_prediction(target), target)
    for name in EXACT:
        assert float(terms[name]) == pytest.approx(0.0, abs=1e-6)
    assert float(terms["contacts"]) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    "field", ["points", "depths", "log_sigma", "rotations", "gravity_up", "velocity", "contacts", "log_bone_scales"]
)
@pytest.mark.parametrize("size", [0.02, 0.5])
def test_every_error_raises_the_loss(field: str, size: float, target: Target) -> None:
    prediction = exact_prediction(target)
    value = getattr(prediction, field)
    offset = size * torch.randn(value.shape, generator=torch.Generator().manual_seed(1))
    if field == "contacts":
        offset = -torch.sign(value) * offset.abs()
    if field == "log_sigma":
        offset = offset.abs()
    assert total_loss(replace(prediction, **{field: value + offset}), target) > total_loss(prediction, target) + 1e-7


def test_maximum_likelihood_scale_is_the_mean_error() -> None:
    error = torch.tensor([0.1, 0.2, 0.6])
    scales = torch.linspace(0.05, 1.0, 191)
    costs = torch.stack([laplace_nll(error, scale.log()).mean() for scale in scales])
    assert float(scales[costs.argmin()]) == pytest.approx(float(error.mean()), abs=0.006)


def test_joint_positions_agree_with_forward_kinematics() -> None:
    motion = builders.smooth_motion(7)
    rotations = torch.from_numpy(rotation.to_matrix(motion.rotations))[None]
    offsets = torch.from_numpy(np.tile(motion.skeleton.rest_offsets, (1, 7, 1, 1)))
    expected, _ = kinematics.forward_kinematics(motion.skeleton, motion.rotations, np.zeros(3))
    builders.assert_same(joint_positions(rotations, offsets)[0].numpy(), expected, 1e-12)


def test_unknown_targets_have_no_error_and_no_gradient() -> None:
    terms = torch.ones(2, 3, requires_grad=True)
    target = torch.tensor([[0.5, 1.0, 1.0], [float("nan")] * 3])
    error = masked_error(terms, target)
    (gradient,) = torch.autograd.grad(error, terms)
    assert float(error.detach()) == pytest.approx(0.5 / 3)
    assert torch.isfinite(gradient).all()
    assert torch.all(gradient[1] == 0)
