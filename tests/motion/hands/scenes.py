"""Hands with known poses, as a camera and the network of hands would see them."""

import numpy as np

from bodydouble.data import Camera, FloatArray, HandObservation
from bodydouble.geometry import camera, rotation
from bodydouble.motion.hands.hand_model import LIMITS, RELAXED, mirror_vectors, pose_hand
from bodydouble.motion.hands.hand_size import ADULT
from tests import builders

SHAPE = ADULT.scale(0.09)
IMAGE_SIZE = (640, 480)


def level_camera(frames: int) -> Camera:
    """A camera 4 m in front of the origin that looks along -Z of the world."""
    return builders.level_camera(frames, IMAGE_SIZE)


def random_angles(rng: np.random.Generator, frames: int, amplitude: float = 0.6) -> FloatArray:
    """Smooth curves (T, 21), rad, within the limits of the joints; an amplitude of 1 reaches them."""
    waves = builders.wave(rng, frames, (len(RELAXED),), amplitude)
    reach = np.where(waves > 0, LIMITS[:, 1] - RELAXED, RELAXED - LIMITS[:, 0])
    spread = np.where(LIMITS[:, 1] < 0.5, 0.5, 1.0)
    return np.asarray(RELAXED + spread * reach * waves)


def observe_hand(
    angles: FloatArray,
    camera_from_hand: FloatArray,
    wrist: FloatArray,
    view: Camera,
    *,
    is_right: bool = False,
    noise: float = 0.0,
    seed: int = 0,
) -> list[HandObservation]:
    """Observes a hand of SHAPE in T frames.

    Args:
        angles: (T, 21) rad.
        camera_from_hand: (T, 4) xyzw, of the hand; a right one is mirrored in its own frame.
        wrist: (T, 3) m, camera axes.
        view: camera.
        is_right: whether it is a right hand.
        noise: standard deviation of all points, m.
        seed: of the noise.
    """
    rng = np.random.default_rng(seed)
    landmarks = pose_hand(SHAPE, angles).landmarks
    landmarks = mirror_vectors(landmarks) if is_right else landmarks
    relative = rotation.rotate(camera_from_hand[:, None], landmarks)
    relative = relative + rng.normal(scale=noise, size=relative.shape) if noise else relative
    points = camera.project(view.intrinsics, relative + wrist[:, None])
    ray = rotation.between(np.array([0.0, 0.0, 1.0]), rotation.normalize(wrist + relative.mean(axis=1)))
    in_view = rotation.rotate(rotation.conjugate(ray)[:, None], relative - relative[:, :1])
    confidence = np.ones(landmarks.shape[1])
    return [
        HandObservation(np.column_stack([frame_points, confidence]), frame_landmarks)
        for frame_points, frame_landmarks in zip(points, in_view, strict=True)
    ]
