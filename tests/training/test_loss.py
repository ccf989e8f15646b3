"""The loss is least where the answer is true."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from bodydouble.geometry import kinematics, rotation
from bodydouble.training.loss import Target, joint_positions, laplace_nll, loss_terms, masked_error
from bodydouble.training.network import Prediction
from bodydouble.training.training_loop import target_from_windows
from bodydouble.training.windows import stack_windows
from tests import builders
from tests.training.scenes import seen_window

EXACT = ("landmarks", "speed", "turns", "joints", "up", "velocity")
"""Terms that are zero where the answer is true."""


@pytest.fixture(scope="module")
def truth() -> Target:
    made = target_from_windows(stack_windows([seen_window(seed) for seed in range(2)]))
    return replace(made, contacts=made.contacts.round())


def perfect(truth: Target) -> Prediction:
    spread = torch.full_like(truth.log_bone_scales, -4.0)
    return Prediction(
        truth.points, truth.depths, torch.full((*truth.depths.shape[:2], 66), -5.0), truth.rotations, truth.gravity_up,
        truth.velocity, 12 * truth.contacts - 6, torch.cat([truth.log_bone_scales, spread], dim=-1),
    )  # fmt: skip


def total(answer: Prediction, truth: Target) -> float:
    return float(torch.stack(list(loss_terms(answer, truth).values())).sum())


def test_terms_vanish_where_the_answer_is_true(truth: Target) -> None:
    found = loss_terms(perfect(truth), truth)
    for name in EXACT:
        assert float(found[name]) == pytest.approx(0.0, abs=1e-6)
    assert float(found["contacts"]) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    "field", ["points", "depths", "log_sigma", "rotations", "gravity_up", "velocity", "contacts", "log_bone_scales"]
)
@pytest.mark.parametrize("size", [0.02, 0.5])
def test_every_error_costs(field: str, size: float, truth: Target) -> None:
    answer = perfect(truth)
    there = getattr(answer, field)
    off = size * torch.randn(there.shape, generator=torch.Generator().manual_seed(1))
    if field == "contacts":
        off = -torch.sign(there) * off.abs()
    if field == "log_sigma":
        off = off.abs()
    assert total(replace(answer, **{field: there + off}), truth) > total(answer, truth) + 1e-7


def test_the_likeliest_scale_is_the_mean_error() -> None:
    error = torch.tensor([0.1, 0.2, 0.6])
    scales = torch.linspace(0.05, 1.0, 191)
    costs = torch.stack([laplace_nll(error, scale.log()).mean() for scale in scales])
    assert float(scales[costs.argmin()]) == pytest.approx(float(error.mean()), abs=0.006)


def test_positions_agree_with_kinematics() -> None:
    motion = builders.smooth_motion(7)
    turns = torch.from_numpy(rotation.to_matrix(motion.rotations))[None]
    offsets = torch.from_numpy(np.tile(motion.skeleton.rest_offsets, (1, 7, 1, 1)))
    expected, _ = kinematics.forward_kinematics(motion.skeleton, motion.rotations, np.zeros(3))
    builders.assert_same(joint_positions(turns, offsets)[0].numpy(), expected, 1e-12)


def test_what_is_not_known_has_no_error_and_no_gradient() -> None:
    found = torch.ones(2, 3, requires_grad=True)
    truth = torch.tensor([[0.5, 1.0, 1.0], [float("nan")] * 3])
    error = masked_error(found, truth)
    (gradient,) = torch.autograd.grad(error, found)
    assert float(error.detach()) == pytest.approx(0.5 / 3)
    assert torch.isfinite(gradient).all()
    assert torch.all(gradient[1] == 0)
