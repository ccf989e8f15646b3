"""People whose truth is known, as video without labels shows them."""

import numpy as np
import torch

from bodydouble.data import FloatArray, Motion
from bodydouble.geometry import camera
from bodydouble.motion.body.proportions import BONES, with_bones
from bodydouble.motion.body.root_translation import landmark_positions
from bodydouble.motion.lifting.person_view import crop
from bodydouble.training.detections import FPS, FRAMES
from bodydouble.training.loss import Target
from bodydouble.training.network import Answer
from bodydouble.training.train import target
from bodydouble.training.unlabelled import UnlabelledWindow
from bodydouble.training.windows import Window, stacked, window
from tests import builders
from tests.motion.scenes import standing_camera, track_of
from tests.training.scenes import INTRINSICS


def somebody(frames: int = FRAMES, seed: int = 0) -> Motion:
    """Somebody of random proportions, left and right alike, who sways."""
    ratios = np.exp(np.random.default_rng(seed).normal(0, 0.1, len(BONES)))
    return builders.smooth_motion(frames, seed, FPS, with_bones(ratios))


def view_of(seed: int) -> FloatArray:
    """camera_from_world (4, 4)."""
    return standing_camera(pitch=0.2, yaw=0.5 + seed)


def labelled(seed: int = 0, noise: float = 0.0) -> Window:
    """What is seen, with noise in px, and what is true."""
    motion, view = somebody(seed=seed), view_of(seed)
    track = track_of(motion, view, INTRINSICS, noise, seed)
    points = camera.transform(view, landmark_positions(motion.skeleton, motion.rotations, motion.root_position))
    confidence = track.keypoints[..., 2]
    return window(
        crop(camera.rays(INTRINSICS, track.keypoints[..., :2])[..., :2], confidence), confidence, track.landmarks_3d,
        points, np.tile(view[:3, :3], (FRAMES, 1, 1)), motion.skeleton.rest_offsets, motion.rotations,
        motion.root_position, motion.contacts,
    )  # fmt: skip


def unlabelled(made: Window) -> UnlabelledWindow:
    """What is seen."""
    observed = np.ones(len(made.points), dtype=bool)
    return UnlabelledWindow(made.points, made.confidence, made.rough, made.direction, made.size, observed)


def true_answer(windows: list[Window]) -> Answer:
    """What the lifter should say about them."""
    truth: Target = target(stacked(windows))
    sigma = torch.full((*truth.depths.shape[:2], 66), -5.0)
    lengths = torch.cat([truth.lengths, torch.full_like(truth.lengths, -4.0)], dim=-1)
    return Answer(
        truth.points, truth.depths, sigma, truth.turns, truth.up, truth.velocity, truth.contacts.logit(1e-3), lengths
    )
