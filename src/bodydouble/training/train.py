"""Trains the network of the learned prior. It goes on where an interrupted run stopped."""

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

from bodydouble.data import FloatArray, Motion
from bodydouble.formats.atomic import atomic_write, ensure_folder
from bodydouble.motion.prior import features
from bodydouble.training.network import DepthNetwork, negative_likelihood
from bodydouble.training.samples import Bank, Sampler

T = TypeVar("T")

STATE_FILE, LOG_FILE = "state.pt", "log.jsonl"


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """How long and how fast the network learns."""

    steps: int = 1600
    batch: int = 32
    seen_share: float = 0.25
    """Of each batch: clips that the detector really saw; the others are motion capture with the detector's noise."""
    rate: float = 1e-3
    """Highest learning rate; it rises for 200 steps and falls along a cosine."""
    weight_decay: float = 0.05
    every: int = 100
    """Steps from one validation to the next."""
    seed: int = 0


def train(
    motions: Sequence[Motion],
    seen: Bank,
    validation: Bank,
    folder: Path,
    options: TrainOptions | None = None,
    report: Callable[[dict[str, Any]], None] = lambda _: None,
) -> DepthNetwork:
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
    network = DepthNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=options.weight_decay)
    first = _resumed(folder / STATE_FILE, network, optimizer)
    sampler = Sampler(motions, seen, options.seed + first)
    start, losses = time.perf_counter(), []
    batches = _ahead(lambda: sampler.batch(options.batch, options.seen_share))
    for step in range(first, options.steps):
        for group in optimizer.param_groups:
            group["lr"] = options.rate * _schedule(step, options.steps)
        inputs, truth = (torch.from_numpy(array) for array in next(batches))
        network.train()
        depths, log_sigma = network(inputs)
        value = negative_likelihood(depths, log_sigma, truth)
        optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(float(value.detach()))
        if (step + 1) % options.every == 0:
            figures = {
                "step": step + 1,
                "seconds": round(time.perf_counter() - start, 1),
                "loss": float(np.mean(losses)),
            }
            figures |= measured(network, validation)
            losses = []
            _save(folder, step + 1, network, optimizer, figures)
            report(figures)
    return network


def _ahead(make: Callable[[], T]) -> Iterator[T]:
    """What make gives, over and over, the next one being made while this one is used."""
    with ThreadPoolExecutor(1) as worker:
        waiting = worker.submit(make)
        while True:
            made, waiting = waiting.result(), worker.submit(make)
            yield made


def _schedule(step: int, steps: int) -> float:
    return float(min((step + 1) / 200, 1.0) * 0.5 * (1 + np.cos(np.pi * step / steps)))


def _resumed(path: Path, network: DepthNetwork, optimizer: torch.optim.Optimizer) -> int:
    """The step to go on with."""
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _save(
    folder: Path, step: int, network: DepthNetwork, optimizer: torch.optim.Optimizer, figures: dict[str, Any]
) -> None:
    with atomic_write(folder / STATE_FILE) as temporary:
        torch.save({"step": step, "network": network.state_dict(), "optimizer": optimizer.state_dict()}, temporary)
    with (folder / LOG_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(figures) + "\n")


def measured(network: DepthNetwork, bank: Bank) -> dict[str, float]:
    """Errors of depth on clips that the detector saw, in units of the person's size, beside the detector's own."""
    network.eval()
    inputs = features(bank.points, bank.confidence, bank.rough, bank.direction, bank.size).astype(np.float32)
    with torch.no_grad():
        depths, log_sigma = network(torch.from_numpy(inputs))
    error = np.abs(depths.numpy() - bank.depths)
    return {
        "depth_error": float(error.mean()),
        "depth_error_of_detector": detector_error(bank),
        "within_one_sigma": float((error < _laplace_sigma(log_sigma)).mean()),
    }


def _laplace_sigma(log_scale: Tensor) -> FloatArray:
    """Half-widths that hold 68 % of a Laplace density."""
    return np.asarray(torch.exp(log_scale).numpy() * -np.log(1 - 0.6827))


def detector_error(bank: Bank) -> float:
    """Mean error of the detector's own depths, by the one scale that suits them best."""
    rough = bank.rough[..., 2]
    scale = (rough * bank.depths).sum() / (rough**2).sum()
    return float(np.abs(scale * rough - bank.depths).mean())
