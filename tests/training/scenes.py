"""Simulated detections, for tests of training."""

from fractions import Fraction

import numpy as np

from bodydouble.data import Motion
from bodydouble.geometry import camera
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.lifting.person_view import view_straight_at
from bodydouble.synthetic import bodies
from bodydouble.training.detections import WINDOW_FRAMES, DetectedClip
from bodydouble.training.windows import Window, create_window
from tests import builders
from tests.motion.scenes import IMAGE_SIZE, simulated_track, static_camera

INTRINSICS = camera.intrinsics_from_focal_length(900.0, IMAGE_SIZE)


def swaying_motion(frames: int = WINDOW_FRAMES, seed: int = 0, fps: Fraction = Fraction(30)) -> Motion:
    """Swaying motion on the skeleton of a stored body."""
    return builders.smooth_motion(frames, seed, fps, bodies.build_humanoid_skeleton(bodies.load_bodies()[0]))


def detected_clip(frames: int = WINDOW_FRAMES, seed: int = 0, noise: float = 0.0) -> DetectedClip:
    """Clip of one person with detection noise in px."""
    motion, view = swaying_motion(frames, seed), static_camera(pitch=0.2, yaw=0.5 + seed)
    track = simulated_track(motion, view, INTRINSICS, noise, seed)
    points = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)
    return DetectedClip(
        IMAGE_SIZE, INTRINSICS, track.keypoints, track.landmarks_3d, camera.transform(view, points),
        np.tile(view, (frames, 1, 1)), motion.skeleton.rest_offsets, motion.rotations, motion.root_position,
        motion.contacts,
    )  # fmt: skip


def detected_window(seed: int = 0, noise: float = 0.0) -> Window:
    """Labelled window of that person."""
    clip = detected_clip(seed=seed, noise=noise)
    confidence = clip.keypoints[..., 2] * np.random.default_rng(seed).uniform(0.5, 1.0, 33)
    view = view_straight_at(camera.rays(clip.intrinsics, clip.keypoints[..., :2])[..., :2], confidence)
    return create_window(
        view, confidence, clip.landmarks_3d, clip.true_landmarks_3d, clip.camera_from_world[:, :3, :3],
        clip.rest_offsets, clip.rotations, clip.root_position, clip.contacts,
    )  # fmt: skip
