"""Trains the network that tells whether soles rest on the floor (motion/floor/sole_contacts.py).

Usage::

    python tools/train_contacts.py DETECTIONS.npz MOCAP ... -o contacts.onnx

Input: the detections on rendered people that ``bodydouble train lifter`` made (``seen_train.npz``), and files or
folders of motion capture. Motions on random bodies are put in front of random cameras, with the noise of the
detections, and reconstructed. What the fit asks the network about is recorded, with the true contacts. Prints figures
on subjects for validation. Takes about half an hour on one core.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor, nn

from bodydouble.data import FloatArray, Motion
from bodydouble.evaluation.metrics.floor import contact_counts
from bodydouble.motion import floor_fit
from bodydouble.motion.floor.sole_contacts import (
    FEATURE_COUNT,
    MIRROR_FEATURES,
    build_features,
    sole_contact_probability,
)
from bodydouble.motion.lifting.lifter import MIRROR_CONTACT_ORDER
from bodydouble.motion.reconstruct import ReconstructionInput, reconstruct
from bodydouble.synthetic import bodies
from bodydouble.training.augmentation import MotionAugmenter, Recording
from bodydouble.training.detections import FPS, WINDOW_FRAMES
from bodydouble.training.detector_noise import NoiseLibrary
from bodydouble.training.export import OnnxGraphBuilder, layer_parameters
from bodydouble.training.lifter_pipeline import load_recordings
from bodydouble.training.samples import stand_on_floor, transfer_motion
from bodydouble.training.simulated_tracks import IMAGE_SIZE, simulate_track
from bodydouble.training.varied_bodies import vary_proportions
from bodydouble.training.windows import read_windows

CHANNELS, DILATIONS, DROPOUT = 48, (1, 2, 4), 0.1
STEP_COUNT, BATCH_SIZE, LEARNING_RATE, WEIGHT_DECAY = 4000, 64, 2e-3, 0.02
VALIDATION_FRACTION = 0.15
"""Number of captures for validation, as a fraction of those for training."""

Example = tuple[FloatArray, FloatArray]
"""Features (T, FEATURE_COUNT) and true contacts (T, 4)."""


class ContactNetwork(nn.Module):
    """Contact network: features (B, T, FEATURE_COUNT) -> logits (B, T, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Conv1d(FEATURE_COUNT, CHANNELS, 1)
        self.blocks = nn.ModuleList(
            nn.ModuleList(
                [
                    nn.Conv1d(CHANNELS, CHANNELS, 3, padding=dilation, dilation=dilation, padding_mode="replicate"),
                    nn.Conv1d(CHANNELS, CHANNELS, 1),
                ]
            )
            for dilation in DILATIONS
        )
        self.drop = nn.Dropout(DROPOUT)
        self.answer = nn.Conv1d(CHANNELS, 4, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Predicts from features."""
        x = self.read(features.transpose(1, 2))
        for over_time, mix in self.blocks:
            x = x + self.drop(mix(torch.relu(over_time(torch.relu(x)))))
        logits: Tensor = self.answer(x).transpose(1, 2)
        return logits


def record_examples(
    recordings: Sequence[Recording], noise: NoiseLibrary, count: int, rng: np.random.Generator
) -> Iterator[Example]:
    """Reconstructs simulated captures and yields what each fit asks about the contacts of the soles."""
    grounded = [replace(recording, motion=stand_on_floor(recording.motion)) for recording in recordings]
    augmenter = MotionAugmenter(grounded, WINDOW_FRAMES, FPS)
    for _ in range(count):
        performer = sample_performer(augmenter, rng)
        track = simulate_track(performer, lambda points, depths: noise.choose(points, depths, rng), rng)
        inputs = ReconstructionInput((track,), IMAGE_SIZE, WINDOW_FRAMES, FPS)
        with patch.object(floor_fit, "sole_contact_probability", wraps=sole_contact_probability) as asked:
            reconstruct(inputs)
        for call in asked.call_args_list:
            soles, heights, _ = call.args
            yield build_features(soles, heights), performer[1].contacts


def sample_performer(augmenter: MotionAugmenter, rng: np.random.Generator) -> tuple[bodies.Body, Motion]:
    """Draws a body and an excerpt of motion capture on it: whole motions, since combined limbs do not keep balance."""
    body = vary_proportions(bodies.load_bodies()[int(rng.integers(len(bodies.load_bodies())))], rng)
    return body, transfer_motion(augmenter.sample_excerpt(rng), body)


def train(examples: Sequence[Example], seed: int) -> ContactNetwork:
    """Trains the network on cross entropy; half of the batches show mirror images."""
    features, contacts = (np.stack(part).astype(np.float32) for part in zip(*examples, strict=True))
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    network = ContactNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEP_COUNT)
    for _ in range(STEP_COUNT):
        chosen = rng.integers(len(features), size=BATCH_SIZE)
        batch, target = features[chosen], contacts[chosen]
        if rng.random() < 0.5:
            batch, target = batch[..., MIRROR_FEATURES], target[..., MIRROR_CONTACT_ORDER]
        logits = network(torch.from_numpy(batch))
        loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(target))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    network.eval()
    return network


def print_figures(network: ContactNetwork, examples: Sequence[Example]) -> None:
    """Prints cross entropy and F1 score on examples of other subjects."""
    features, contacts = (np.stack(part).astype(np.float32) for part in zip(*examples, strict=True))
    with torch.no_grad():
        logits = network(torch.from_numpy(features))
    loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(contacts))
    counts = contact_counts(torch.sigmoid(logits).numpy().reshape(-1, 4), contacts.reshape(-1, 4))
    print(f"validation: {len(examples)} examples, cross entropy {float(loss):.3f}, F1 {100 * counts.f1:.1f} %")


def write_onnx(network: ContactNetwork, path: Path) -> None:
    """Writes the network: features (1, T, FEATURE_COUNT) -> logits (1, T, 4), for any number of frames T."""
    graph = OnnxGraphBuilder()
    x = graph.add_convolution(graph.add("Transpose", "features", perm=[0, 2, 1]), *layer_parameters(network.read))
    for (over_time, mix), dilation in zip(network.blocks, DILATIONS, strict=True):
        padded = graph.add_padding(graph.add("Relu", x), dilation)
        inner = graph.add("Relu", graph.add_convolution(padded, *layer_parameters(over_time), dilation))
        x = graph.add("Add", x, graph.add_convolution(inner, *layer_parameters(mix)))
    logits = graph.add("Transpose", graph.add_convolution(x, *layer_parameters(network.answer)), perm=[0, 2, 1])
    graph.nodes[-1].output[0] = "contacts"
    assert logits
    graph.save(path, "contacts", {"features": FEATURE_COUNT}, {"contacts": 4})


def main() -> None:
    """Reads the arguments, records examples, trains and writes the network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detections", type=Path, help="detections on rendered people")
    parser.add_argument("mocap", type=Path, nargs="+", help="files or folders of motion capture")
    parser.add_argument("-o", "--output", type=Path, required=True, help="ONNX file to write")
    parser.add_argument("--count", type=int, default=2500, help="number of simulated captures for training")
    parser.add_argument("--seed", type=int, default=21, help="seed of everything that is random")
    options = parser.parse_args()
    rng, recordings = np.random.default_rng(options.seed), load_recordings(options.mocap)
    noise = NoiseLibrary(read_windows(options.detections))
    examples = list(record_examples(recordings["train"], noise, options.count, rng))
    network = train(examples, options.seed)
    write_onnx(network, options.output)
    count = round(VALIDATION_FRACTION * options.count)
    print_figures(network, list(record_examples(recordings["validation"], noise, count, rng)))


if __name__ == "__main__":
    main()
