"""Trains the network that completes external 2D keypoints (motion/lifting/completion.py).

Usage::

    python tools/train_completion.py MOCAP DETECTIONS.npz -o completion.onnx

Input: a folder of motion capture, and the detections on rendered people that ``bodydouble train lifter`` made of it
(``seen_train.npz``). Output: the ONNX file. Takes about half an hour on one core.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from onnx import helper
from torch import Tensor, nn

from bodydouble.data import LANDMARK_COUNT, FloatArray
from bodydouble.motion.lifting import lifter, person_view
from bodydouble.skeletons import blazepose, coco, openpose
from bodydouble.training.export import OnnxGraphBuilder, layer_parameters
from bodydouble.training.lifter_pipeline import load_recordings
from bodydouble.training.samples import WindowSampler
from bodydouble.training.windows import Window, read_windows

CHANNELS, DILATIONS = 160, (1, 2, 4)
POINT_SIZE, LANDMARKS_3D_SIZE = LANDMARK_COUNT * 2, LANDMARK_COUNT * 3
WINDOW_COUNT, STEP_COUNT, BATCH_SIZE, LEARNING_RATE = 3000, 3000, 8, 2e-3
DETECTED_FRACTION = 0.15
"""Fraction of windows that are detected clips; the others are motion capture with the detector's noise."""
DEPTH_WEIGHT = 2.4
"""Weight of the error of 3D landmarks, relative to 1 for points."""

COCO_MASK = np.isin(np.arange(LANDMARK_COUNT), coco.BLAZEPOSE_INDICES)
BODY_25_MASK = np.isin(np.arange(LANDMARK_COUNT), [group[0] for group in openpose.BLAZEPOSE_INDICES if len(group) == 1])
LIMB_LANDMARKS = [
    [i for i, name in enumerate(blazepose.LANDMARKS) if name.startswith(side) and name.split("_")[1] in parts]
    for side in ("left", "right")
    for parts in (("elbow", "wrist"), ("knee", "ankle"), ("wrist",), ("ankle",), ("eye", "ear"))
]


class CompletionNetwork(nn.Module):
    """Completion network: (B, 99, T), 33 x (x, y) and 33 masks -> (B, 165, T), 33 x (x, y) and 33 x (x, y, z)."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Conv1d(POINT_SIZE + LANDMARK_COUNT, CHANNELS, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm1d(CHANNELS),
                nn.ReLU(),
                nn.Conv1d(CHANNELS, CHANNELS, 3, padding=dilation, dilation=dilation, padding_mode="replicate"),
                nn.ReLU(),
                nn.Conv1d(CHANNELS, CHANNELS, 1),
            )
            for dilation in DILATIONS
        )
        self.answer = nn.Conv1d(CHANNELS, POINT_SIZE + LANDMARKS_3D_SIZE, 1)

    def forward(self, points_in: Tensor) -> Tensor:
        """Predicts points and 3D landmarks."""
        x = self.read(points_in)
        for block in self.blocks:
            x = x + block(x)
        predicted: Tensor = self.answer(torch.relu(x))
        return predicted


def ideal_landmarks_3d(window: Window) -> FloatArray:
    """Returns 3D landmarks (T, 33, 3) in m of an exact landmark network, for which all people have the same size."""
    relative_depth = 1 + window.scale * window.depths[..., None]
    landmarks = np.concatenate([window.true_points * relative_depth, window.depths[..., None]], axis=-1)
    landmarks = landmarks - landmarks[:, person_view.HIP_INDICES].mean(axis=1, keepdims=True)
    size = np.median(np.linalg.norm(landmarks[:, person_view.SCALE_LANDMARKS], axis=-1))
    return np.asarray(landmarks * lifter.LANDMARKS_3D_SIZE / size)


def sample_windows(mocap: Path, detections: Path, seed: int) -> tuple[Tensor, Tensor]:
    """Draws points (N, T, 33, 2) and 3D landmarks (N, T, 33, 3) of WINDOW_COUNT windows."""
    sampler = WindowSampler(load_recordings([mocap])["train"], read_windows(detections), seed)
    points, landmarks_3d = [], []
    for _ in range(WINDOW_COUNT):
        _, stacked = sampler.sample_batch(1, DETECTED_FRACTION)
        window = Window(*(getattr(stacked, name)[0] for name in Window.__dataclass_fields__))
        points.append(window.points.astype(np.float32))
        landmarks_3d.append(ideal_landmarks_3d(window).astype(np.float32))
    return torch.tensor(np.array(points)), torch.tensor(np.array(landmarks_3d))


def sample_known(frames: int, rng: np.random.Generator) -> FloatArray:
    """Draws a mask (T, 33) of known landmarks: those of COCO, BODY_25 or all, sometimes without limbs for a while."""
    pattern = (COCO_MASK, BODY_25_MASK, np.ones_like(COCO_MASK))[int(rng.choice(3, p=(0.6, 0.3, 0.1)))]
    known = np.tile(pattern.astype(np.float32), (frames, 1))
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(1, 3))):
            start = int(rng.integers(frames))
            known[start : start + int(rng.integers(1, 30)), LIMB_LANDMARKS[int(rng.integers(len(LIMB_LANDMARKS)))]] = (
                0.0
            )
    return known


def sample_batches(points: Tensor, landmarks_3d: Tensor, seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yields batches of points, 3D landmarks and masks of known landmarks."""
    rng = np.random.default_rng(seed)
    for _ in range(STEP_COUNT):
        chosen = torch.from_numpy(rng.integers(0, len(points), BATCH_SIZE))
        known = np.stack([sample_known(points.shape[1], rng) for _ in range(BATCH_SIZE)])
        yield points[chosen], landmarks_3d[chosen], torch.from_numpy(known)


def train(points: Tensor, landmarks_3d: Tensor, seed: int) -> CompletionNetwork:
    """Trains the network to complete unknown landmarks."""
    torch.manual_seed(seed)
    network = CompletionNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=0.02)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 200) * (1 + np.cos(np.pi * step / STEP_COUNT)) / 2
    )
    for step, (points_in, target, known) in enumerate(sample_batches(points, landmarks_3d, seed)):
        inputs = torch.cat([(points_in * known[..., None]).flatten(2), known], dim=-1).transpose(1, 2)
        predicted = network(inputs).transpose(1, 2)
        across = (predicted[..., :POINT_SIZE].unflatten(-1, (-1, 2)) - points_in).abs() * (1 - known[..., None])
        along = (predicted[..., POINT_SIZE:].unflatten(-1, (-1, 3)) - target).abs()
        loss = across.mean() + DEPTH_WEIGHT * along.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % 250 == 249:
            print(f"step {step + 1}: points {across.mean():.4f} sizes, landmarks_3d {along.mean():.4f} m")
    return network


def write_onnx(network: CompletionNetwork, path: Path) -> None:
    """Writes the network: (1, T, 99) -> points (1, T, 66) and landmarks_3d (1, T, 99), for any number of frames T."""
    network.eval()
    graph = OnnxGraphBuilder()
    x = graph.add_convolution(graph.add("Transpose", "seen", perm=[0, 2, 1]), *layer_parameters(network.read))
    for block, dilation in zip(network.blocks, DILATIONS, strict=True):
        norm, _, over_time, _, mix = block
        padded = graph.add_padding(graph.add("Relu", graph.add_normalization(x, norm)), dilation)
        inner = graph.add_convolution(padded, *layer_parameters(over_time), dilation)
        x = graph.add("Add", x, graph.add_convolution(graph.add("Relu", inner), *layer_parameters(mix)))
    last = graph.add_convolution(graph.add("Relu", x), *layer_parameters(network.answer))
    answer = graph.add("Transpose", last, perm=[0, 2, 1])
    split = graph.add_constant(np.array([POINT_SIZE, LANDMARKS_3D_SIZE]))
    graph.nodes.append(helper.make_node("Split", [answer, split], ["points", "landmarks_3d"], axis=2))
    outputs = {"points": POINT_SIZE, "landmarks_3d": LANDMARKS_3D_SIZE}
    graph.save(path, "completion", {"seen": POINT_SIZE + LANDMARK_COUNT}, outputs)


def main() -> None:
    """Reads the arguments, trains and writes the network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mocap", type=Path, help="folder of motion capture")
    parser.add_argument("detections", type=Path, help="detections on rendered people")
    parser.add_argument("-o", "--output", type=Path, required=True, help="ONNX file to write")
    parser.add_argument("--seed", type=int, default=11, help="seed of everything that is random")
    options = parser.parse_args()
    write_onnx(train(*sample_windows(options.mocap, options.detections, options.seed), options.seed), options.output)


if __name__ == "__main__":
    main()
