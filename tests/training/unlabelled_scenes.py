"""People with ground truth, as in a video without labels."""

import numpy as np
import torch

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import camera
from bodydouble.motion.body.body_landmarks import landmark_positions
from bodydouble.motion.body.proportions import BONES, skeleton_from_bone_scales
from bodydouble.motion.lifting.person_view import view_straight_at
from bodydouble.training.detections import FPS, WINDOW_FRAMES
from bodydouble.training.loss import Target
from bodydouble.training.network import Prediction
from bodydouble.training.training_loop import target_from_windows
from bodydouble.training.unlabelled import UnlabelledWindow
from bodydouble.training.windows import Window, create_window, stack_windows
from tests import builders
from tests.motion.scenes import simulated_track, static_camera
from tests.training.scenes import INTRINSICS


def swaying_motion(frames: int = WINDOW_FRAMES, seed: int = 0) -> Motion:
    """Swaying motion of a person of random symmetric proportions."""
    ratios = np.exp(np.random.default_rng(seed).normal(0, 0.1, len(BONES)))
    return builders.smooth_motion(frames, seed, FPS, skeleton_from_bone_scales(ratios))


def camera_pose(seed: int) -> FloatArray:
    """Pose camera_from_world (4, 4) of a camera."""
    return static_camera(pitch=0.2, yaw=0.5 + seed)


def labelled_window(seed: int = 0, noise: float = 0.0) -> Window:
    """Labelled window with detection noise in px."""
    motion, view = swaying_motion(seed=seed), camera_pose(seed)
    track = simulated_track(motion, view, INTRINSICS, noise, seed)
    points = camera.transform(view, landmark_positions(motion.skeleton, motion.rotations, motion.root_position))
    confidence = track.keypoints[..., 2]
    return create_window(
        view_straight_at(camera.rays(INTRINSICS, track.keypoints[..., :2])[..., :2], confidence),
        confidence, track.landmarks_3d, points, np.tile(view[:3, :3], (WINDOW_FRAMES, 1, 1)),
        motion.skeleton.rest_offsets, motion.rotations, motion.root_position, motion.contacts,
    )  # fmt: skip


def unlabelled_window(window: Window) -> UnlabelledWindow:
    """The detections of a labelled window."""
    observed = np.ones(len(window.points), dtype=bool)
    return UnlabelledWindow(
        window.points, window.confidence, window.landmarks_3d, window.direction, window.scale, observed,
        exact_points=window.points, exactness=np.zeros_like(window.confidence),
    )  # fmt: skip


def true_prediction(windows: list[Window]) -> Prediction:
    """The exact prediction for windows."""
    truth: Target = target_from_windows(stack_windows(windows))
    sigma = torch.full((*truth.depths.shape[:2], 66), -5.0)
    lengths = torch.cat([truth.log_bone_scales, torch.full_like(truth.log_bone_scales, -4.0)], dim=-1)
    return Prediction(
        truth.points,
        truth.depths,
        sigma,
        truth.rotations,
        truth.gravity_up,
        truth.velocity,
        truth.contacts.logit(1e-3),
        lengths,
    )
