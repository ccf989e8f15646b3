"""Trains the lifter, with a projector and with real video if asked to. It goes on where an interrupted run stopped."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from bodydouble.data import LANDMARK_COUNT, FloatArray, Motion
from bodydouble.formats.atomic import atomic_write, ensure_folder
from bodydouble.geometry import rotation
from bodydouble.training.loss import Target, parts
from bodydouble.training.network import LifterNetwork
from bodydouble.training.projector import ProjectorNetwork, from_truth, there_and_back
from bodydouble.training.samples import Sampler, interrupted_features
from bodydouble.training.unlabelled import UnlabelledWindow, both_ways, drawn
from bodydouble.training.unlabelled_loss import Seen, split, unlabelled_parts
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

    steps: int = 15_000
    batch: int = 32
    seen_share: float = 0.4
    """Of each batch: clips that the detector really saw; the others are motion capture with the detector's noise."""
    rate: float = 1e-3
    """Highest learning rate; it rises for 200 steps and falls along a cosine."""
    weight_decay: float = 0.05
    every: int = 200
    """Steps from one validation to the next."""
    seed: int = 0
    projector: bool = False
    """Whether a projector, from space to what is seen, is trained as a pair with the lifter."""
    unlabelled_batch: int = 8
    """Windows of video without labels beside each batch, where there is such video."""


@dataclass(frozen=True, slots=True)
class Learner:
    """A network and what makes it learn."""

    network: nn.Module
    optimizer: torch.optim.Optimizer

    @classmethod
    def of(cls, network: nn.Module, options: TrainOptions) -> "Learner":
        """One that has learned nothing yet."""
        rate, decay = options.rate, options.weight_decay
        return cls(network, torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay))


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step learns from: labelled windows, and windows of video without labels, if there are any."""

    features: Tensor
    """(N + 2 U, T, F): of N labelled windows, of U others, and of their mirror images."""
    truth: Target
    seen: Seen
    """Of the labelled windows."""
    unlabelled: Seen | None


def train(
    motions: Sequence[Motion],
    seen: Sequence[Window],
    validation: Sequence[Window],
    folder: Path,
    options: TrainOptions | None = None,
    report: Callable[[dict[str, Any]], None] = lambda _: None,
    unlabelled: Sequence[UnlabelledWindow] = (),
) -> LifterNetwork:
    """Learns from motion capture, from what the detector saw, and from video without labels.

    Args:
        motions: of training subjects.
        seen: clips of training subjects.
        validation: clips of others; they decide nothing, they are only measured on.
        folder: state and log.
        options: how long and how fast.
        report: is told the figures of each validation.
        unlabelled: windows of real video.
    """
    options = options or TrainOptions()
    ensure_folder(folder)
    torch.manual_seed(options.seed)
    network, projector = LifterNetwork(), ProjectorNetwork() if options.projector else None
    learners = {"": Learner.of(network, options)}
    if projector:
        learners["projector_"] = Learner.of(projector, options)
    first = _resumed(folder / STATE_FILE, learners)
    start, losses = time.perf_counter(), []
    batches = _ahead(_batches(Sampler(motions, seen, options.seed + first), unlabelled, options, first))
    for step in range(first, options.steps):
        for group in (group for learner in learners.values() for group in learner.optimizer.param_groups):
            group["lr"] = options.rate * _schedule(step, options.steps)
        losses.append(_step(learners, partial(_terms, network, projector, next(batches))))
        if (step + 1) % options.every == 0 or step + 1 == options.steps:
            figures = {"step": step + 1, "seconds": round(time.perf_counter() - start, 1)}
            figures |= {name: float(np.mean([loss[name] for loss in losses])) for name in losses[0]}
            figures |= measured(network, validation)
            losses = []
            _save(folder, step + 1, learners, figures)
            report(figures)
    return network


def _batches(
    sampler: Sampler, unlabelled: Sequence[UnlabelledWindow], options: TrainOptions, first: int
) -> Callable[[], Batch]:
    """What makes a batch whenever it is called."""
    rng = np.random.default_rng((options.seed, first))

    def make() -> Batch:
        inputs, truth = sampler.batch(options.batch, options.seen_share)
        if not unlabelled:
            return Batch(torch.from_numpy(inputs), target(truth), Seen.of(truth), None)
        others = drawn(unlabelled, options.unlabelled_batch, rng)
        features = np.concatenate([inputs, both_ways(others)])
        return Batch(torch.from_numpy(features), target(truth), Seen.of(truth), Seen.of(others))

    return make


def _terms(network: LifterNetwork, projector: ProjectorNetwork | None, batch: Batch) -> dict[str, Tensor]:
    """The terms of the loss. All windows go through the network at once, so that it normalises them alike."""
    others = len(batch.unlabelled.points) if batch.unlabelled else 0
    answer, plain, mirrored = split(network(batch.features), [len(batch.truth.points), others, others])
    terms = parts(answer, batch.truth)
    if projector:
        terms["projector"] = from_truth(projector, batch.truth, batch.seen)
        terms["cycle"] = there_and_back(projector, answer, batch.seen)
    if batch.unlabelled:
        terms |= unlabelled_parts(plain, mirrored, batch.unlabelled)
        if projector:
            terms["unlabelled_cycle"] = there_and_back(projector, plain, batch.unlabelled)
    return terms


def _step(learners: Mapping[str, Learner], find: Callable[[], dict[str, Tensor]]) -> dict[str, float]:
    for learner in learners.values():
        learner.network.train()
        learner.optimizer.zero_grad()
    terms = find()
    torch.stack(list(terms.values())).sum().backward()
    for learner in learners.values():
        torch.nn.utils.clip_grad_norm_(learner.network.parameters(), 1.0)
        learner.optimizer.step()
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


def _resumed(path: Path, learners: Mapping[str, Learner]) -> int:
    """The step to go on with; who was not there before begins anew."""
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    for name, learner in learners.items():
        if f"{name}network" in state:
            learner.network.load_state_dict(state[f"{name}network"])
            learner.optimizer.load_state_dict(state[f"{name}optimizer"])
    return int(state["step"])


def _save(folder: Path, step: int, learners: Mapping[str, Learner], figures: dict[str, Any]) -> None:
    state: dict[str, Any] = {"step": step}
    for name, learner in learners.items():
        state[f"{name}network"] = learner.network.state_dict()
        state[f"{name}optimizer"] = learner.optimizer.state_dict()
    with atomic_write(folder / STATE_FILE) as temporary:
        torch.save(state, temporary)
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
