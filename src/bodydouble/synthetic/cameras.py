"""Random cameras: held, panned, moved or standing still."""

from enum import StrEnum

import numpy as np

from bodydouble.data import Camera, FloatArray
from bodydouble.geometry import camera, rotation
from bodydouble.motion.resampling.smoothing import whittaker

MILLIMETRES_35 = (26.0, 70.0)
"""Focal lengths, as on 35 mm film, 36 mm along the longer side."""
HEIGHT = (0.4, 2.5)
"""m above the floor."""
FILLED = (0.5, 0.9)
"""The people fill this share of the picture, at the narrowest margin."""
NEAREST = 0.8
"""m; nobody comes closer to the camera."""
ROLL_SIGMA = 0.025
"""rad."""
FOLLOWING_CUTOFF = 0.5
"""Hz; how fast a camera follows the people."""


class Move(StrEnum):
    """What a camera does."""

    STATIC = "static"
    PAN = "pan"
    HANDHELD = "handheld"
    DOLLY = "dolly"


def filmed(
    points: FloatArray, fps: float, size: tuple[int, int], move: Move, bearing: float, rng: np.random.Generator
) -> Camera:
    """A camera that has all people in view.

    Args:
        points: (F, N, 3) m, world, of all people.
        fps: frames per second.
        size: width and height, px.
        move: what the camera does.
        bearing: rad, from the people to the camera, about +Y from +Z.
        rng: decides the rest.
    """
    intrinsics = camera.intrinsics_from_focal(rng.uniform(*MILLIMETRES_35) / 36 * max(size), size)
    height, filled, roll = rng.uniform(*HEIGHT), rng.uniform(*FILLED), rng.normal(0, ROLL_SIGMA)
    targets = _targets(points, fps, move)
    sway = _sway(len(points), fps, rng) if move is Move.HANDHELD else np.zeros((len(points), 6))
    travel = _travel(len(points), rng) if move is Move.DOLLY else np.zeros((len(points), 2))
    start = targets.mean(axis=0) if move is not Move.DOLLY else targets
    poses: FloatArray = np.empty((0, 4, 4))
    for distance in np.arange(1.5, 40.0, 0.25):
        angle, reach = bearing + travel[:, 0], distance * (1 + travel[:, 1])
        away = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=-1)
        positions = start * [1.0, 0.0, 1.0] + reach[:, None] * away + [0.0, height, 0.0]
        poses = _poses(positions + sway[:, :3], targets, roll, sway[:, 3:])
        seen = camera.transform(poses, points)
        if seen[..., 2].min() < NEAREST:
            continue
        off_center = np.abs(camera.project(intrinsics, seen) / np.array(size) - 0.5)
        if off_center.max() < filled / 2:
            break
    return Camera(size, intrinsics, poses)


def _targets(points: FloatArray, fps: float, move: Move) -> FloatArray:
    """(F, 3) m where the camera looks: the middle of everything, or of the people as they go."""
    if move is Move.STATIC:
        middle = (points.min(axis=(0, 1)) + points.max(axis=(0, 1))) / 2
        return np.repeat(middle[None], len(points), axis=0)
    middles = (points.min(axis=1) + points.max(axis=1)) / 2
    return whittaker(middles, np.ones((len(points), 1)), fps, FOLLOWING_CUTOFF)


def _sway(frames: int, fps: float, rng: np.random.Generator) -> FloatArray:
    """(F, 6) m and rad of unsteady hands: shift and turn, slow and large, fast and small."""
    time = np.arange(frames)[:, None, None] / fps
    hertz = rng.uniform(0.2, 6.0, (6, 8))
    waves = np.sin(2 * np.pi * (hertz * time + rng.random((6, 8)))) / hertz
    return np.asarray(waves.sum(axis=-1) / 4 * np.repeat([0.008, 0.004], 3) * rng.uniform(0.5, 1.5))


def _travel(frames: int, rng: np.random.Generator) -> FloatArray:
    """(F, 2) turn around the people, rad, and change of the distance, relative: both gather speed and slow down."""
    course = np.linspace(0, 1, frames)
    eased = course**2 * (3 - 2 * course) - 0.5
    return np.stack([eased * rng.uniform(-0.9, 0.9), eased * rng.uniform(-0.3, 0.3)], axis=-1)


def _poses(positions: FloatArray, targets: FloatArray, roll: float, turns: FloatArray) -> FloatArray:
    """camera_from_world (F, 4, 4) at positions (F, 3), looking at targets (F, 3), then turned by turns (F, 3) rad."""
    backward = rotation.normalize(positions - targets)
    right = rotation.normalize(np.cross([0.0, 1.0, 0.0], backward))
    level = np.stack([right, -np.cross(backward, right), -backward], axis=-2)
    off = rotation.to_matrix(rotation.from_rotvec(turns + np.array([0.0, 0.0, roll])))
    poses = np.tile(np.eye(4), (len(positions), 1, 1))
    poses[:, :3, :3] = off @ level
    poses[:, :3, 3] = -(poses[:, :3, :3] @ positions[..., None])[..., 0]
    return poses
