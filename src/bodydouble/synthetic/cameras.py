"""Random cameras: held, panned, moved or standing still."""

from enum import StrEnum

import numpy as np

from bodydouble.data import Camera, FloatArray
from bodydouble.geometry import camera, rotation
from bodydouble.motion.resampling.smoothing import whittaker

FOCAL_LENGTHS_MM = (26.0, 70.0)
"""Focal lengths, as on 35 mm film, 36 mm along the longer side."""
CAMERA_HEIGHTS = (0.4, 2.5)
"""m above the floor."""
FILL_FRACTIONS = (0.5, 0.9)
"""The people fill this share of the picture, at the narrowest margin."""
MIN_DEPTH = 0.8
"""m; nobody comes closer to the camera."""
ROLL_SIGMA = 0.025
"""rad."""
FOLLOW_CUTOFF = 0.5
"""Hz; how fast a camera follows the people."""


class CameraMotion(StrEnum):
    """What a camera does."""

    STATIC = "static"
    PAN = "pan"
    HANDHELD = "handheld"
    DOLLY = "dolly"


def sample_camera(
    points: FloatArray,
    fps: float,
    image_size: tuple[int, int],
    camera_motion: CameraMotion,
    bearing: float,
    rng: np.random.Generator,
) -> Camera:
    """A camera that has all people in view.

    Args:
        points: (F, N, 3) m, world, of all people.
        fps: frames per second.
        image_size: width and height, px.
        camera_motion: what the camera does.
        bearing: rad, from the people to the camera, about +Y from +Z.
        rng: decides the rest.
    """
    intrinsics = camera.intrinsics_from_focal_length(rng.uniform(*FOCAL_LENGTHS_MM) / 36 * max(image_size), image_size)
    height, fill_fraction, roll = rng.uniform(*CAMERA_HEIGHTS), rng.uniform(*FILL_FRACTIONS), rng.normal(0, ROLL_SIGMA)
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
    """(F, 3) m where the camera looks: the middle of everything, or of the people as they go."""
    if camera_motion is CameraMotion.STATIC:
        center = (points.min(axis=(0, 1)) + points.max(axis=(0, 1))) / 2
        return np.repeat(center[None], len(points), axis=0)
    centers = (points.min(axis=1) + points.max(axis=1)) / 2
    return whittaker(centers, np.ones((len(points), 1)), fps, FOLLOW_CUTOFF)


def _hand_shake(frame_count: int, fps: float, rng: np.random.Generator) -> FloatArray:
    """(F, 6) m and rad of unsteady hands: shift and turn, slow and large, fast and small."""
    time = np.arange(frame_count)[:, None, None] / fps
    frequencies = rng.uniform(0.2, 6.0, (6, 8))
    waves = np.sin(2 * np.pi * (frequencies * time + rng.random((6, 8)))) / frequencies
    return np.asarray(waves.sum(axis=-1) / 4 * np.repeat([0.008, 0.004], 3) * rng.uniform(0.5, 1.5))


def _dolly_path(frame_count: int, rng: np.random.Generator) -> FloatArray:
    """(F, 2) turn around the people, rad, and change of the distance, relative: both gather speed and slow down."""
    progress = np.linspace(0, 1, frame_count)
    eased = progress**2 * (3 - 2 * progress) - 0.5
    return np.stack([eased * rng.uniform(-0.9, 0.9), eased * rng.uniform(-0.3, 0.3)], axis=-1)


def _look_at_poses(positions: FloatArray, targets: FloatArray, roll: float, rotation_vectors: FloatArray) -> FloatArray:
    """camera_from_world (F, 4, 4) at positions (F, 3), looking at targets (F, 3), then turned by turns (F, 3) rad."""
    backward = rotation.normalize(positions - targets)
    right = rotation.normalize(np.cross([0.0, 1.0, 0.0], backward))
    level_rotation = np.stack([right, -np.cross(backward, right), -backward], axis=-2)
    offset_rotation = rotation.to_matrix(rotation.from_rotvec(rotation_vectors + np.array([0.0, 0.0, roll])))
    poses = np.tile(np.eye(4), (len(positions), 1, 1))
    poses[:, :3, :3] = offset_rotation @ level_rotation
    poses[:, :3, 3] = -(poses[:, :3, :3] @ positions[..., None])[..., 0]
    return poses
