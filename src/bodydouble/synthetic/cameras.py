"""Random cameras that keep all people in view: static, panning, handheld or on a dolly.

Input: points of all people in the world (F, N, 3). Output: a `Camera` with F poses.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bodydouble.data import Camera, FloatArray
from bodydouble.geometry import camera, rotation
from bodydouble.motion.resampling.smoothing import whittaker

MIN_DEPTH = 0.8
"""Minimum depth in m of all points of people."""
FOLLOW_CUTOFF = 0.5
"""Cutoff frequency in Hz of the path of the point that a camera follows."""


class CameraMotion(StrEnum):
    """Kind of camera motion."""

    STATIC = "static"
    PAN = "pan"
    HANDHELD = "handheld"
    DOLLY = "dolly"


@dataclass(frozen=True, slots=True)
class CameraRanges:
    """Ranges from which cameras are drawn uniformly."""

    focal_lengths_mm: tuple[float, float] = (26.0, 70.0)
    """Focal lengths in mm, for a sensor of 36 mm along the longer side (35 mm equivalent)."""
    heights: tuple[float, float] = (0.4, 2.5)
    """Heights above the floor in m."""
    fill_fractions: tuple[float, float] = (0.5, 0.9)
    """Fractions of width or height that the people fill, at the narrowest margin; above 1 they are cut off."""
    roll_sigma: float = 0.025
    """Standard deviation of the roll in rad."""
    tilted_fraction: float = 0.0
    """Fraction of cameras that are rolled by any angle up to ``max_roll`` instead."""
    max_roll: float = float(np.radians(30))
    """Maximum roll in rad of those."""

    def sample_roll(self, rng: np.random.Generator) -> float:
        """Draws a roll in rad."""
        if self.tilted_fraction and rng.random() < self.tilted_fraction:
            return float(rng.uniform(-self.max_roll, self.max_roll))
        return float(rng.normal(0, self.roll_sigma))


def sample_camera(
    points: FloatArray,
    fps: float,
    image_size: tuple[int, int],
    camera_motion: CameraMotion,
    bearing: float,
    rng: np.random.Generator,
    ranges: CameraRanges | None = None,
) -> Camera:
    """Draws a camera that has all people in view.

    The distance is the smallest at which the people keep the drawn margin.

    Args:
        points: points (F, N, 3) of all people in the world, m.
        fps: frames per second.
        image_size: width and height, px.
        camera_motion: kind of camera motion.
        bearing: direction from the people to the camera in rad, about +Y from +Z.
        rng: source of everything that is random.
        ranges: ranges of the properties that are drawn.
    """
    ranges = ranges or CameraRanges()
    focal_length = rng.uniform(*ranges.focal_lengths_mm) / 36 * max(image_size)
    intrinsics = camera.intrinsics_from_focal_length(focal_length, image_size)
    height, fill_fraction = rng.uniform(*ranges.heights), rng.uniform(*ranges.fill_fractions)
    roll = ranges.sample_roll(rng)
    targets = _look_at_points(points, fps, camera_motion)
    sway = _hand_shake(len(points), fps, rng) if camera_motion is CameraMotion.HANDHELD else np.zeros((len(points), 6))
    dolly = _dolly_path(len(points), rng) if camera_motion is CameraMotion.DOLLY else np.zeros((len(points), 2))
    start = targets.mean(axis=0) if camera_motion is not CameraMotion.DOLLY else targets
    poses: FloatArray = np.empty((0, 4, 4))
    for distance in np.arange(1.5, 40.0, 0.25):
        angle, distances = bearing + dolly[:, 0], distance * (1 + dolly[:, 1])
        outward = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=-1)
        positions = start * [1.0, 0.0, 1.0] + distances[:, None] * outward + [0.0, height, 0.0]
        poses = _look_at_poses(positions + sway[:, :3], targets, roll, sway[:, 3:])
        camera_points = camera.transform(poses, points)
        if camera_points[..., 2].min() < MIN_DEPTH:
            continue
        off_center = np.abs(camera.project(intrinsics, camera_points) / np.array(image_size) - 0.5)
        if off_center.max() < fill_fraction / 2:
            break
    return Camera(image_size, intrinsics, poses)


def _look_at_points(points: FloatArray, fps: float, camera_motion: CameraMotion) -> FloatArray:
    """Returns the points (F, 3) that the camera looks at, m: the static or the smoothed moving centre of the people."""
    if camera_motion is CameraMotion.STATIC:
        center = (points.min(axis=(0, 1)) + points.max(axis=(0, 1))) / 2
        return np.repeat(center[None], len(points), axis=0)
    centers = (points.min(axis=1) + points.max(axis=1)) / 2
    return whittaker(centers, np.ones((len(points), 1)), fps, FOLLOW_CUTOFF)


def _hand_shake(frame_count: int, fps: float, rng: np.random.Generator) -> FloatArray:
    """Draws camera shake (F, 6): translation in m, rotation vector in rad; amplitudes fall with the frequency."""
    time = np.arange(frame_count)[:, None, None] / fps
    frequencies = rng.uniform(0.2, 6.0, (6, 8))
    waves = np.sin(2 * np.pi * (frequencies * time + rng.random((6, 8)))) / frequencies
    return np.asarray(waves.sum(axis=-1) / 4 * np.repeat([0.008, 0.004], 3) * rng.uniform(0.5, 1.5))


def _dolly_path(frame_count: int, rng: np.random.Generator) -> FloatArray:
    """Draws an orbit angle in rad and a relative change of distance (F, 2), both eased in and out."""
    progress = np.linspace(0, 1, frame_count)
    eased = progress**2 * (3 - 2 * progress) - 0.5
    return np.stack([eased * rng.uniform(-0.9, 0.9), eased * rng.uniform(-0.3, 0.3)], axis=-1)


def _look_at_poses(positions: FloatArray, targets: FloatArray, roll: float, rotation_vectors: FloatArray) -> FloatArray:
    """Returns camera_from_world (F, 4, 4) of cameras that look at targets, with additional rotations.

    Args:
        positions: camera positions (F, 3) in the world, m.
        targets: points (F, 3) that the cameras look at, m.
        roll: rotation about the viewing axis in rad.
        rotation_vectors: additional rotations (F, 3) in camera axes, rad.
    """
    offset_rotation = rotation.to_matrix(rotation.from_rotvec(rotation_vectors + np.array([0.0, 0.0, roll])))
    poses = np.tile(np.eye(4), (len(positions), 1, 1))
    poses[:, :3, :3] = offset_rotation @ level_rotation(positions - targets)
    poses[:, :3, 3] = -(poses[:, :3, :3] @ positions[..., None])[..., 0]
    return poses


def level_rotation(backward: FloatArray) -> FloatArray:
    """Returns camera_from_world rotations (..., 3, 3) of level cameras that look against directions (..., 3)."""
    backward = rotation.normalize(backward)
    right = rotation.normalize(np.cross([0.0, 1.0, 0.0], backward))
    return np.stack([right, -np.cross(backward, right), -backward], axis=-2)
