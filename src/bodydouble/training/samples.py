"""Training samples: motion capture on random bodies before random cameras, with the detector's true noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray, Motion
from bodydouble.evaluation.truth import people
from bodydouble.geometry import camera, kinematics, rotation
from bodydouble.motion import crop
from bodydouble.motion.prior import ROUGH_SIZE, features, mirrored
from bodydouble.motion.resample import motion_at, rows
from bodydouble.skeletons import blazepose, humanoid
from bodydouble.training.detections import FPS, FRAMES

DISTANCE = (1.6, 9.0)
HEIGHT = (0.3, 2.8)
"""m, of the camera."""
TIME_WARP = (0.6, 1.5)
RECOMBINED = 0.4
"""Share of the windows with the arms or the upper body of another clip."""
ARMS = [i for i, name in enumerate(humanoid.JOINTS) if any(part in name for part in ("Arm", "Hand", "Shoulder"))]
UPPER_BODY = [*ARMS, *(humanoid.INDEX[name] for name in ("spine", "chest", "upperChest", "neck", "head"))]
LIMBS = [i for i, name in enumerate(humanoid.JOINTS) if any(part in name for part in ("Arm", "Leg", "Hand", "Foot"))]
LIMB_SIGMA = 0.12
"""rad, of a constant turn of each joint of the limbs."""
ROLL_SIGMA = 0.08
NOISE = (0.6, 1.5)
"""Times the errors that the detector really made."""
OFF_AXIS = 0.35
"""Tangent of the largest angle at which the person stands beside the optical axis."""


@dataclass(frozen=True, slots=True)
class Bank:
    """Clips that the detector saw, in windows of FRAMES."""

    points: FloatArray
    """(N, T, 33, 2) as seen, in the crop of what was seen."""
    confidence: FloatArray
    """(N, T, 33)."""
    rough: FloatArray
    """(N, T, 33, 3) m, as seen."""
    direction: FloatArray
    """(N, T, 2) of the hips."""
    size: FloatArray
    """(N,)."""
    depths: FloatArray
    """(N, T, 33) true depths, in the crop of what was seen."""
    point_errors: FloatArray
    """(N, T, 33, 2) seen minus true, units of the person's size."""
    rough_errors: FloatArray
    """(N, T, 33, 3) m, seen minus true, axes of the crop, sizes made alike."""


def read_bank(path: Path) -> Bank:
    """The clips of a file of detections."""
    with np.load(path, allow_pickle=False) as file:
        ends = np.cumsum(file["lengths"])
        windows = [
            slice(end - FRAMES, end) for end, length in zip(ends, file["lengths"], strict=True) if length >= FRAMES
        ]
        clips = np.flatnonzero(file["lengths"] >= FRAMES)
        arrays = {name: file[name].astype(np.float64) for name in ("keypoints", "rough_joints", "true_joints")}
        parts = [
            _seen(file["intrinsics"][clip], *(arrays[name][window] for name in arrays))
            for clip, window in zip(clips, windows, strict=True)
        ]
    return Bank(*(np.stack(column) for column in zip(*parts, strict=True)))


def _seen(intrinsics: FloatArray, keypoints: FloatArray, rough: FloatArray, true: FloatArray) -> tuple[FloatArray, ...]:
    confidence = keypoints[..., 2]
    view = crop.crop(camera.rays(intrinsics, keypoints[..., :2])[..., :2], confidence)
    depths = crop.depths_of(true, view)
    turned = true @ view.camera_from_crop
    real = turned[..., :2] / turned[..., 2:] / view.size
    relative = turned - turned[:, crop.HIPS].mean(axis=1, keepdims=True)
    alike = np.median(np.linalg.norm(rough[:, crop.SIZED], axis=-1)) / np.median(
        np.linalg.norm(relative[:, crop.SIZED], axis=-1)
    )
    return (
        view.points, confidence, rough, view.direction, np.array(view.size), depths, view.points - real,
        rough - alike * relative,
    )  # fmt: skip


class Sampler:
    """Draws windows of motion capture."""

    def __init__(self, motions: Sequence[Motion], bank: Bank, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._motions = [motion_at(motion, FPS) for motion in motions]
        self._motions = [motion for motion in self._motions if len(motion.rotations) >= FRAMES]
        lengths = np.array([len(motion.rotations) for motion in self._motions], dtype=float)
        self._shares = lengths / lengths.sum()
        self._bank = bank

    def batch(self, count: int, seen_share: float) -> tuple[FloatArray, FloatArray]:
        """Features (count, T, F) and true depths (count, T, 33); a share of them are clips that were really seen."""
        pairs = [self._real() if self._rng.random() < seen_share else self._virtual() for _ in range(count)]
        inputs, targets = zip(*pairs, strict=True)
        return np.stack(inputs).astype(np.float32), np.stack(targets).astype(np.float32)

    def _real(self) -> tuple[FloatArray, FloatArray]:
        bank, i = self._bank, int(self._rng.integers(len(self._bank.points)))
        seen = (bank.points[i], bank.confidence[i], bank.rough[i], bank.direction[i])
        return self._either_way(seen, bank.size[i], bank.depths[i])

    def _either_way(
        self, seen: tuple[FloatArray, FloatArray, FloatArray, FloatArray], size: FloatArray, depths: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Features and depths, every other time of the mirror image."""
        if self._rng.random() < 0.5:
            return features(*mirrored(*seen), size), depths[:, list(blazepose.MIRROR)]
        return features(*seen, size), depths

    def _virtual(self) -> tuple[FloatArray, FloatArray]:
        rng, bank = self._rng, self._bank
        true = self._filmed()
        rays = true[..., :2] / true[..., 2:]
        noise = int(rng.integers(len(bank.points)))
        backwards = slice(None, None, -1 if rng.random() < 0.5 else 1)
        confidence = bank.confidence[noise, backwards]
        view = crop.crop(rays, confidence)
        points = view.points + rng.uniform(*NOISE) * bank.point_errors[noise, backwards]
        relative = (true - true[:, crop.HIPS].mean(axis=1, keepdims=True)) @ view.camera_from_crop
        relative *= ROUGH_SIZE / np.median(np.linalg.norm(relative[:, crop.SIZED], axis=-1))
        rough = relative + rng.uniform(*NOISE) * bank.rough_errors[noise, backwards]
        seen = (points, confidence, rough, view.direction)
        return self._either_way(seen, np.array(view.size), crop.depths_of(true, view))

    def _filmed(self) -> FloatArray:
        """(T, 33, 3) m landmarks of somebody before a random static camera, its axes."""
        rng = self._rng
        motion = self._window()
        if rng.random() < RECOMBINED:
            part = UPPER_BODY if rng.random() < 0.5 else ARMS
            motion.rotations[:, part] = self._window().rotations[:, part]
        sway = rotation.from_rotvec(rng.normal(0, LIMB_SIGMA, (len(LIMBS), 3)))
        motion.rotations[:, LIMBS] = rotation.multiply(motion.rotations[:, LIMBS], sway)
        body = people.baked()[int(rng.integers(len(people.baked())))]
        skeleton = people.humanoid_skeleton(body)
        positions, world = kinematics.forward_kinematics(skeleton, motion.rotations, motion.root_position)
        joints, offsets = people.attached_landmarks(body)
        points = positions[:, joints] + rotation.rotate(world[:, joints], offsets)
        return _before_camera(points, rng)

    def _window(self) -> Motion:
        """A stretch of motion capture, faster or slower than it was."""
        rng = self._rng
        motion = self._motions[int(rng.choice(len(self._motions), p=self._shares))]
        step = rng.uniform(*TIME_WARP)
        longest = (len(motion.rotations) - 1) / (FRAMES - 1)
        step = min(step, longest)
        start = rng.uniform(0, len(motion.rotations) - 1 - step * (FRAMES - 1))
        frames = np.minimum(np.round(start + step * np.arange(FRAMES)).astype(int), len(motion.rotations) - 1)
        return rows(motion, frames)


def _before_camera(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    middle = points.mean(axis=(0, 1)) * [1.0, 0.0, 1.0]
    yaw, distance = rng.uniform(-np.pi, np.pi), np.exp(rng.uniform(*np.log(DISTANCE)))
    eye = middle + distance * np.array([np.sin(yaw), 0.0, np.cos(yaw)]) + [0.0, rng.uniform(*HEIGHT), 0.0]
    target = middle + np.array([0.0, 0.9, 0.0])
    backward = rotation.normalize(eye - target)
    right = rotation.normalize(np.cross([0.0, 1.0, 0.0], backward))
    level = np.stack([right, -np.cross(backward, right), -backward])
    aside = rng.uniform(-OFF_AXIS, OFF_AXIS, 2)
    off = rotation.to_matrix(rotation.from_rotvec(np.array([aside[0], aside[1], rng.normal(0, ROLL_SIGMA)])))
    seen = (points - eye) @ (off @ level).T
    seen[..., 2] = np.maximum(seen[..., 2], 0.3)
    return seen
