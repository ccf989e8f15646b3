"""Trains the lifter. It goes on where an interrupted run stopped."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from bodydouble.data import LANDMARK_COUNT, FloatArray, Motion
from bodydouble.formats.atomic import atomic_write, ensure_folder
from bodydouble.geometry import rotation
from bodydouble.training.loss import Target, parts
from bodydouble.training.network import LifterNetwork
from bodydouble.training.samples import Sampler, interrupted_features
from bodydouble.training.windows import Window, stacked

T = TypeVar("T")

STATE_FILE, LOG_FILE = "state.pt", "log.jsonl"
ONE_SIGMA = 0.6827
"""Share of a normal distribution within one standard deviation."""
LAPLACE_HALF_WIDTH = float(-np.log(1 - ONE_SIGMA))
"""Scales of a Laplace density within which 68 % lie: as within one standard deviation of a normal one."""


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """How long and how fast the network learns."""

    steps: int = 7000
    batch: int = 32
    seen_share: float = 0.4
    """Of each batch: clips that the detector really saw; the others are motion capture with the detector's noise."""
    rate: float = 1e-3
    """Highest learning rate; it rises for 200 steps and falls along a cosine."""
    weight_decay: float = 0.05
    every: int = 200
    """Steps from one validation to the next."""
    seed: int = 0


def train(
    motions: Sequence[Motion],
    seen: Sequence[Window],
    validation: Sequence[Window],
    folder: Path,
    options: TrainOptions | None = None,
    report: Callable[[dict[str, Any]], None] = lambda _: None,
) -> LifterNetwork:
    """Learns from motion capture and from what the detector saw.

    Args:
        motions: of training subjects.
        seen: clips of training subjects.
        validation: clips of others; they decide nothing, they are only measured on.
        folder: state and log.
        options: how long and how fast.
        report: is told the figures of each validation.
    """
    options = options or TrainOptions()
    ensure_folder(folder)
    torch.manual_seed(options.seed)
    network = LifterNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=options.weight_decay)
    first = _resumed(folder / STATE_FILE, network, optimizer)
    sampler = Sampler(motions, seen, options.seed + first)
    start, losses = time.perf_counter(), []
    batches = _ahead(lambda: sampler.batch(options.batch, options.seen_share))
    for step in range(first, options.steps):
        for group in optimizer.param_groups:
            group["lr"] = options.rate * _schedule(step, options.steps)
        inputs, truth = next(batches)
        losses.append(_step(network, optimizer, torch.from_numpy(inputs), target(truth)))
        if (step + 1) % options.every == 0 or step + 1 == options.steps:
            figures = {"step": step + 1, "seconds": round(time.perf_counter() - start, 1)}
            figures |= {name: float(np.mean([loss[name] for loss in losses])) for name in losses[0]}
            figures |= measured(network, validation)
            losses = []
            _save(folder, step + 1, network, optimizer, figures)
            report(figures)
    return network


def _step(network: LifterNetwork, optimizer: torch.optim.Optimizer, inputs: Tensor, truth: Target) -> dict[str, float]:
    network.train()
    terms = parts(network(inputs), truth)
    optimizer.zero_grad()
    torch.stack(list(terms.values())).sum().backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return {name: float(term.detach()) for name, term in terms.items()}


def target(truth: Window) -> Target:
    """What the network should say about N windows."""
    arrays = (
        truth.true_points, truth.depths, rotation.to_matrix(truth.rotations), truth.up, truth.velocity,
        truth.contacts, truth.offsets, truth.lengths,
    )  # fmt: skip
    return Target(*(torch.from_numpy(np.asarray(array, dtype=np.float32)) for array in arrays))


def _ahead(make: Callable[[], T]) -> Iterator[T]:
    """What make gives, over and over, the next one being made while this one is used."""
    with ThreadPoolExecutor(1) as worker:
        waiting = worker.submit(make)
        while True:
            made, waiting = waiting.result(), worker.submit(make)
            yield made


def _schedule(step: int, steps: int) -> float:
    return float(min((step + 1) / 200, 1.0) * 0.5 * (1 + np.cos(np.pi * step / steps)))


def _resumed(path: Path, network: LifterNetwork, optimizer: torch.optim.Optimizer) -> int:
    """The step to go on with."""
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _save(
    folder: Path, step: int, network: LifterNetwork, optimizer: torch.optim.Optimizer, figures: dict[str, Any]
) -> None:
    with atomic_write(folder / STATE_FILE) as temporary:
        torch.save({"step": step, "network": network.state_dict(), "optimizer": optimizer.state_dict()}, temporary)
    with (folder / LOG_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(figures) + "\n")


def measured(network: LifterNetwork, windows: Sequence[Window]) -> dict[str, float]:
    """Errors on clips that the detector saw, in units of the person's size, beside the detector's own."""
    truth = stacked(list(windows))
    off, deep, across, along = errors(network, truth)
    with torch.no_grad():
        terms = parts(network(torch.from_numpy(_features(truth))), target(truth))
    rough = truth.rough[..., 2]
    scale = (rough * truth.depths).sum() / (rough**2).sum()
    return {
        "across_error": float(off.mean()),
        "across_error_of_detector": float(np.abs(truth.points - truth.true_points).mean()),
        "depth_error": float(deep.mean()),
        "depth_error_of_detector": float(np.abs(scale * rough - truth.depths).mean()),
        "across_within_one_sigma": float((off < LAPLACE_HALF_WIDTH * across).mean()),
        "depth_within_one_sigma": float((deep < LAPLACE_HALF_WIDTH * along).mean()),
        **{f"validation_{name}": float(terms[name]) for name in ("turns", "joints", "up", "velocity", "contacts")},
    }


@dataclass(frozen=True, slots=True)
class Calibration:
    """Makes the network's scales standard deviations."""

    log_factors: FloatArray
    """(66,) to add to the logarithms: per landmark, across the line of sight and along it."""

    @classmethod
    def of(cls, network: LifterNetwork, held_out: Sequence[Window]) -> "Calibration":
        """So that 68 % of the errors in clips that the network never saw are within one standard deviation."""
        off, deep, across, along = errors(network, stacked(list(held_out)))
        ratios = np.concatenate([off / across, deep / along], axis=-1)
        return cls(np.log(np.quantile(ratios, ONE_SIGMA, axis=(0, 1))))


def errors(network: LifterNetwork, truth: Window) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Errors (N, T, 33) across the line of sight and along it, and the scales that the network gave for them."""
    network.eval()
    with torch.no_grad():
        answer = network(torch.from_numpy(_features(truth)))
    across, along = answer.log_sigma.exp().split(LANDMARK_COUNT, dim=-1)
    off = np.abs(answer.points.numpy() - truth.true_points).mean(axis=-1)
    deep = np.abs(answer.depths.numpy() - truth.depths)
    return off, deep, across.numpy(), along.numpy()


def _features(truth: Window) -> FloatArray:
    return interrupted_features(truth, np.ones(truth.confidence.shape[:2], dtype=bool))
