"""Trains the network that completes 2D keypoints from elsewhere (motion/completion.py), and writes it as ONNX.

    python tools/train_completion.py MOCAP SEEN.npz -o completion.onnx

MOCAP is a folder of motion capture and SEEN the detections of rendered people that ``bodydouble train lifter`` made of
it; both as there. Takes about half an hour on one core.
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
from bodydouble.training.lifter_pipeline import load_motions
from bodydouble.training.samples import WindowSampler
from bodydouble.training.windows import Window, read_windows

CHANNELS, DILATIONS = 160, (1, 2, 4)
POINTS, ROUGH = LANDMARK_COUNT * 2, LANDMARK_COUNT * 3
WINDOWS, STEPS, BATCH, RATE = 3000, 3000, 8, 2e-3
SEEN_SHARE = 0.15
"""Of the windows: clips that the detector really saw; the others are motion capture with the detector's noise."""
DEPTH_WEIGHT = 2.4

COCO = np.isin(np.arange(LANDMARK_COUNT), coco.BLAZEPOSE_INDICES)
BODY_25 = np.isin(np.arange(LANDMARK_COUNT), [group[0] for group in openpose.BLAZEPOSE_INDICES if len(group) == 1])
LIMBS = [
    [i for i, name in enumerate(blazepose.LANDMARKS) if name.startswith(side) and name.split("_")[1] in parts]
    for side in ("left", "right")
    for parts in (("elbow", "wrist"), ("knee", "ankle"), ("wrist",), ("ankle",), ("eye", "ear"))
]


class Completion(nn.Module):
    """(B, 99, T): 33 x (x, y) and 33 x known -> (B, 165, T): 33 x (x, y) and 33 x (x, y, z)."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Conv1d(POINTS + LANDMARK_COUNT, CHANNELS, 1)
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
        self.answer = nn.Conv1d(CHANNELS, POINTS + ROUGH, 1)

    def forward(self, seen: Tensor) -> Tensor:
        """The network's answer."""
        x = self.read(seen)
        for block in self.blocks:
            x = x + block(x)
        found: Tensor = self.answer(torch.relu(x))
        return found


def true_rough(window: Window) -> FloatArray:
    """(T, 33, 3) m: what a landmark network without errors would say, whose people are all alike."""
    nearer = 1 + window.scale * window.depths[..., None]
    joints = np.concatenate([window.true_points * nearer, window.depths[..., None]], axis=-1)
    joints = joints - joints[:, person_view.HIP_INDICES].mean(axis=1, keepdims=True)
    return np.asarray(joints * lifter.LANDMARKS_3D_SIZE / np.median(np.linalg.norm(joints[:, person_view.SCALE_LANDMARKS], axis=-1)))


def drawn(mocap: Path, seen: Path, seed: int) -> tuple[Tensor, Tensor]:
    """Points (N, T, 33, 2) and rough joints (N, T, 33, 3) of many windows."""
    sampler = WindowSampler(load_motions([mocap])["train"], read_windows(seen), seed)
    points, rough = [], []
    for _ in range(WINDOWS):
        _, many = sampler.sample_batch(1, SEEN_SHARE)
        one = Window(*(getattr(many, name)[0] for name in Window.__dataclass_fields__))
        points.append(one.points.astype(np.float32))
        rough.append(true_rough(one).astype(np.float32))
    return torch.tensor(np.array(points)), torch.tensor(np.array(rough))


def known(frames: int, rng: np.random.Generator) -> FloatArray:
    """(T, 33) which landmarks are told: those of COCO, of BODY_25 or all, now and then less some limbs for a while."""
    kind = (COCO, BODY_25, np.ones_like(COCO))[int(rng.choice(3, p=(0.6, 0.3, 0.1)))]
    told = np.tile(kind.astype(np.float32), (frames, 1))
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(1, 3))):
            start = int(rng.integers(frames))
            told[start : start + int(rng.integers(1, 30)), LIMBS[int(rng.integers(len(LIMBS)))]] = 0.0
    return told


def batches(points: Tensor, rough: Tensor, seed: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Points, rough joints and what is known of them."""
    rng = np.random.default_rng(seed)
    for _ in range(STEPS):
        chosen = torch.from_numpy(rng.integers(0, len(points), BATCH))
        told = np.stack([known(points.shape[1], rng) for _ in range(BATCH)])
        yield points[chosen], rough[chosen], torch.from_numpy(told)


def train(points: Tensor, rough: Tensor, seed: int) -> Completion:
    """Learns to tell what is missing."""
    torch.manual_seed(seed)
    network = Completion()
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 200) * (1 + np.cos(np.pi * step / STEPS)) / 2
    )
    for step, (seen, target, told) in enumerate(batches(points, rough, seed)):
        inputs = torch.cat([(seen * told[..., None]).flatten(2), told], dim=-1).transpose(1, 2)
        found = network(inputs).transpose(1, 2)
        across = (found[..., :POINTS].unflatten(-1, (-1, 2)) - seen).abs() * (1 - told[..., None])
        along = (found[..., POINTS:].unflatten(-1, (-1, 3)) - target).abs()
        loss = across.mean() + DEPTH_WEIGHT * along.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 250 == 249:
            print(f"step {step + 1}: points {across.mean():.4f} sizes, rough joints {along.mean():.4f} m")
    return network


def write(network: Completion, path: Path) -> None:
    """Writes (1, T, 99) -> points (1, T, 66) and landmarks_3d (1, T, 99), for any number of frames T."""
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
    split = graph.add_constant(np.array([POINTS, ROUGH]))
    graph.nodes.append(helper.make_node("Split", [answer, split], ["points", "landmarks_3d"], axis=2))
    graph.save(path, "completion", {"seen": POINTS + LANDMARK_COUNT}, {"points": POINTS, "landmarks_3d": ROUGH})


def main() -> None:
    """Run the tool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mocap", type=Path)
    parser.add_argument("seen", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    write(train(*drawn(options.mocap, options.seen, options.seed), options.seed), options.output)


if __name__ == "__main__":
    main()
