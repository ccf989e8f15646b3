"""Training loop of the lifter: motions, detected and unlabelled windows -> `LifterNetwork` and `Calibration`.

An interrupted run resumes from its checkpoint. The projector and real videos are optional.
"""

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

from bodydouble.data import LANDMARK_COUNT, FloatArray
from bodydouble.formats.atomic import atomic_write, ensure_folder
from bodydouble.geometry import rotation
from bodydouble.training.augmentation import Recording
from bodydouble.training.loss import Target, compute_loss_terms
from bodydouble.training.network import LifterNetwork
from bodydouble.training.projector import ProjectorNetwork, cycle_consistency_loss, truth_projection_loss
from bodydouble.training.samples import WindowSampler, build_features_with_gaps
from bodydouble.training.unlabelled import UnlabelledWindow, build_features_with_flips, sample_windows
from bodydouble.training.unlabelled_loss import ObservedPoints, compute_unlabelled_loss_terms, split_predictions
from bodydouble.training.warm_start import load_weights
from bodydouble.training.windows import Window, stack_windows

T = TypeVar("T")

STATE_FILE, LOG_FILE = "state.pt", "log.jsonl"
"""File names of the checkpoint and of the log."""
ONE_SIGMA_FRACTION = 0.6827
"""Fraction of a normal distribution within one standard deviation."""
LAPLACE_HALF_WIDTH = float(-np.log(1 - ONE_SIGMA_FRACTION))
"""Half-width, in scales, of the interval that holds ONE_SIGMA_FRACTION of a Laplace distribution."""


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Hyperparameters of the training."""

    steps: int = 15_000
    """Number of optimisation steps."""
    batch_size: int = 32
    """Number of labelled windows per batch."""
    detected_fraction: float = 0.4
    """Fraction of detected clips in a batch; the others are motion capture with the detector's noise."""
    learning_rate: float = 1e-3
    """Maximum learning rate; it rises for 200 steps and falls along a cosine."""
    weight_decay: float = 0.05
    validation_interval: int = 200
    """Number of steps between validations."""
    seed: int = 0
    projector: bool = False
    """Whether a projector is trained together with the lifter."""
    unlabelled_batch_size: int = 8
    """Number of unlabelled windows that are added to each batch, if there are any."""


@dataclass(frozen=True, slots=True)
class TrainState:
    """Network and its optimizer."""

    network: nn.Module
    optimizer: torch.optim.Optimizer

    @classmethod
    def from_network(cls, network: nn.Module, options: TrainOptions) -> "TrainState":
        """Returns the state of an untrained network."""
        rate, decay = options.learning_rate, options.weight_decay
        return cls(network, torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay))


@dataclass(frozen=True, slots=True)
class Batch:
    """Batch of labelled windows, and of unlabelled ones if there are any."""

    features: Tensor
    """Features (N + 2 U, T, F) of N labelled windows, U unlabelled ones, and the latter flipped horizontally."""
    target: Target
    observed: ObservedPoints
    """Detected points of the labelled windows."""
    unlabelled: ObservedPoints | None
    """Detected points of the unlabelled windows."""


def train(
    recordings: Sequence[Recording],
    detected: Sequence[Window],
    validation: Sequence[Window],
    folder: Path,
    options: TrainOptions | None = None,
    report: Callable[[dict[str, Any]], None] = lambda _: None,
    unlabelled: Sequence[UnlabelledWindow] = (),
    start: Path | None = None,
) -> LifterNetwork:
    """Trains the lifter on motion capture, detected clips, and videos without labels.

    Args:
        recordings: motion capture of training subjects.
        detected: detected clips of training subjects.
        validation: detected clips of other subjects, used for metrics only.
        folder: folder of checkpoint and log.
        options: hyperparameters.
        report: receives the metrics of each validation.
        unlabelled: windows of real videos.
        start: lifter.onnx whose weights a new run starts from; None: random weights.

    Returns:
        The trained network.

    Raises:
        FormatError: ``start`` cannot be read, or is no lifter of this version.
    """
    options = options or TrainOptions()
    ensure_folder(folder)
    torch.manual_seed(options.seed)
    network, projector = LifterNetwork(), ProjectorNetwork() if options.projector else None
    states = {"": TrainState.from_network(network, options)}
    if projector:
        states["projector_"] = TrainState.from_network(projector, options)
    first_step = _resume(folder / STATE_FILE, states)
    started, losses = time.perf_counter(), []
    sampler = WindowSampler(recordings, detected, options.seed + first_step)
    if start and not first_step:
        features, _ = sampler.sample_batch(128, options.detected_fraction)
        load_weights(network, start, torch.from_numpy(features))
    batches = _prefetch(_batch_factory(sampler, unlabelled, options, first_step))
    for step in range(first_step, options.steps):
        for group in (group for state in states.values() for group in state.optimizer.param_groups):
            group["lr"] = options.learning_rate * _learning_rate_factor(step, options.steps)
        losses.append(_optimization_step(states, partial(_compute_loss_terms, network, projector, next(batches))))
        if (step + 1) % options.validation_interval == 0 or step + 1 == options.steps:
            metrics = {"step": step + 1, "seconds": round(time.perf_counter() - started, 1)}
            metrics |= {name: float(np.mean([loss[name] for loss in losses])) for name in losses[0]}
            metrics |= evaluate(network, validation)
            losses = []
            _save_checkpoint(folder, step + 1, states, metrics)
            report(metrics)
    return network


def _batch_factory(
    sampler: WindowSampler, unlabelled: Sequence[UnlabelledWindow], options: TrainOptions, first_step: int
) -> Callable[[], Batch]:
    """Returns a function that makes a new batch at each call."""
    rng = np.random.default_rng((options.seed, first_step))

    def make_batch() -> Batch:
        inputs, windows = sampler.sample_batch(options.batch_size, options.detected_fraction)
        if not unlabelled:
            return Batch(
                torch.from_numpy(inputs), target_from_windows(windows), ObservedPoints.from_windows(windows), None
            )
        unlabelled_windows = sample_windows(unlabelled, options.unlabelled_batch_size, rng)
        features = np.concatenate([inputs, build_features_with_flips(unlabelled_windows)])
        return Batch(
            torch.from_numpy(features),
            target_from_windows(windows),
            ObservedPoints.from_windows(windows),
            ObservedPoints.from_windows(unlabelled_windows),
        )

    return make_batch


def _compute_loss_terms(network: LifterNetwork, projector: ProjectorNetwork | None, batch: Batch) -> dict[str, Tensor]:
    """Returns the terms of the loss. All windows share one forward pass, and so one batch normalisation."""
    unlabelled_count = len(batch.unlabelled.points) if batch.unlabelled else 0
    prediction, unlabelled_prediction, flipped_prediction = split_predictions(
        network(batch.features), [len(batch.target.points), unlabelled_count, unlabelled_count]
    )
    terms = compute_loss_terms(prediction, batch.target)
    if projector:
        terms["projector"] = truth_projection_loss(projector, batch.target, batch.observed)
        terms["cycle"] = cycle_consistency_loss(projector, prediction, batch.observed)
    if batch.unlabelled:
        terms |= compute_unlabelled_loss_terms(unlabelled_prediction, flipped_prediction, batch.unlabelled)
        if projector:
            terms["unlabelled_cycle"] = cycle_consistency_loss(projector, unlabelled_prediction, batch.unlabelled)
    return terms


def _optimization_step(
    states: Mapping[str, TrainState], compute_terms: Callable[[], dict[str, Tensor]]
) -> dict[str, float]:
    for state in states.values():
        state.network.train()
        state.optimizer.zero_grad()
    terms = compute_terms()
    torch.stack(list(terms.values())).sum().backward()
    for state in states.values():
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), 1.0)
        state.optimizer.step()
    return {name: float(term.detach()) for name, term in terms.items()}


def target_from_windows(windows: Window) -> Target:
    """Returns the ground truth of N stacked windows."""
    arrays = (
        windows.true_points, windows.depths, rotation.to_matrix(windows.rotations), windows.gravity_up,
        windows.velocity, windows.contacts, windows.offsets, windows.log_bone_scales,
    )  # fmt: skip
    return Target(*(torch.from_numpy(np.asarray(array, dtype=np.float32)) for array in arrays))


def _prefetch(make: Callable[[], T]) -> Iterator[T]:
    """Yields results of make without end; the next one is made in a thread while this one is used."""
    with ThreadPoolExecutor(1) as worker:
        waiting = worker.submit(make)
        while True:
            item, waiting = waiting.result(), worker.submit(make)
            yield item


def _learning_rate_factor(step: int, steps: int) -> float:
    return float(min((step + 1) / 200, 1.0) * 0.5 * (1 + np.cos(np.pi * step / steps)))


def _resume(path: Path, states: Mapping[str, TrainState]) -> int:
    """Loads a checkpoint and returns its step; networks that it lacks start untrained."""
    if not path.exists():
        return 0
    checkpoint = torch.load(path, weights_only=True)
    for name, state in states.items():
        if f"{name}network" in checkpoint:
            state.network.load_state_dict(checkpoint[f"{name}network"])
            state.optimizer.load_state_dict(checkpoint[f"{name}optimizer"])
    return int(checkpoint["step"])


def _save_checkpoint(folder: Path, step: int, states: Mapping[str, TrainState], metrics: dict[str, Any]) -> None:
    checkpoint: dict[str, Any] = {"step": step}
    for name, state in states.items():
        checkpoint[f"{name}network"] = state.network.state_dict()
        checkpoint[f"{name}optimizer"] = state.optimizer.state_dict()
    with atomic_write(folder / STATE_FILE) as temporary:
        torch.save(checkpoint, temporary)
    with (folder / LOG_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(metrics) + "\n")


def evaluate(network: LifterNetwork, windows: Sequence[Window]) -> dict[str, float]:
    """Returns metrics on detected clips, in person sizes, with those of the detector for comparison."""
    stacked = stack_windows(list(windows))
    point_errors, depth_errors, scales_across, scales_along = compute_errors(network, stacked)
    with torch.no_grad():
        terms = compute_loss_terms(network(torch.from_numpy(_gapless_features(stacked))), target_from_windows(stacked))
    detected_depths = stacked.landmarks_3d[..., 2]
    depth_scale = (detected_depths * stacked.depths).sum() / (detected_depths**2).sum()
    return {
        "across_error": float(point_errors.mean()),
        "across_error_of_detector": float(np.abs(stacked.points - stacked.true_points).mean()),
        "depth_error": float(depth_errors.mean()),
        "depth_error_of_detector": float(np.abs(depth_scale * detected_depths - stacked.depths).mean()),
        "across_within_one_sigma": float((point_errors < LAPLACE_HALF_WIDTH * scales_across).mean()),
        "depth_within_one_sigma": float((depth_errors < LAPLACE_HALF_WIDTH * scales_along).mean()),
        **{f"validation_{name}": float(terms[name]) for name in ("turns", "joints", "up", "velocity", "contacts")},
    }


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration that turns the network's scales into standard deviations."""

    log_factors: FloatArray
    """Summands (66,) of the logarithms: per landmark, across the line of sight, then along it."""

    @classmethod
    def from_windows(cls, network: LifterNetwork, held_out: Sequence[Window]) -> "Calibration":
        """Calibrates so that 68 % of the errors in held-out clips are within one standard deviation."""
        point_errors, depth_errors, scales_across, scales_along = compute_errors(network, stack_windows(list(held_out)))
        ratios = np.concatenate([point_errors / scales_across, depth_errors / scales_along], axis=-1)
        return cls(np.log(np.quantile(ratios, ONE_SIGMA_FRACTION, axis=(0, 1))))


def compute_errors(network: LifterNetwork, windows: Window) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Returns errors (N, T, 33) across the line of sight and along it, and their predicted scales."""
    network.eval()
    with torch.no_grad():
        prediction = network(torch.from_numpy(_gapless_features(windows)))
    scales_across, scales_along = prediction.log_sigma.exp().split(LANDMARK_COUNT, dim=-1)
    point_errors = np.abs(prediction.points.numpy() - windows.true_points).mean(axis=-1)
    depth_errors = np.abs(prediction.depths.numpy() - windows.depths)
    return point_errors, depth_errors, scales_across.numpy(), scales_along.numpy()


def _gapless_features(windows: Window) -> FloatArray:
    return build_features_with_gaps(windows, np.ones(windows.confidence.shape[:2], dtype=bool))
