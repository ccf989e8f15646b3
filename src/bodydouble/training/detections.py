"""Detections on synthetic data: motions -> `DetectedClip`s with detected landmarks and ground truth.

The difference of both is the real noise of the landmark network, with its correlations in time and between landmarks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import FloatArray, Motion, Performance
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import camera
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.perception.protocols import Detection, Landmarks, RotatedRoi
from bodydouble.skeletons import coco
from bodydouble.synthetic import rendered_clip
from bodydouble.synthetic.cameras import CameraMotion
from bodydouble.training.augmentation import MotionAugmenter

FPS = Fraction(30)
"""Frame rate of all training data."""
WINDOW_FRAMES = 64
"""Number of frames of a training window."""
IMAGE_SIZE = (640, 360)
"""Width and height of rendered images in px; the landmark network scales its input to 256 x 256."""
OCCLUDER_FRACTION = 0.3
"""Fraction of clips with an occluder in front of the person."""
STATIC_CAMERA_FRACTION = 0.6
"""Fraction of clips with a static camera for certain; the others have a random camera motion."""


@dataclass(frozen=True, slots=True)
class DetectedClip:
    """One person in one rendered clip: detections and ground truth."""

    image_size: tuple[int, int]
    intrinsics: FloatArray
    """Camera matrix (3, 3) in px."""
    keypoints: FloatArray
    """Detected keypoints (T, 33, 3): x and y in px, confidence."""
    landmarks_3d: FloatArray
    """Detected 3D landmarks (T, 33, 3), hip-centred, camera axes, m."""
    true_landmarks_3d: FloatArray
    """True landmarks (T, 33, 3), camera axes and origin, m."""
    camera_from_world: FloatArray
    """Camera poses (T, 4, 4)."""
    rest_offsets: FloatArray
    """Rest offsets (22, 3) of the person's skeleton, m."""
    rotations: FloatArray
    """True local rotations (T, 22, 4), xyzw."""
    root_position: FloatArray
    """True positions (T, 3) of the hips in the world, m."""
    contacts: FloatArray
    """True contacts (T, 4) of heels and toes."""


FRAME_ARRAYS = tuple(
    field.name for field in fields(DetectedClip) if field.name not in ("image_size", "intrinsics", "rest_offsets")
)
"""Names of the fields with one entry per frame."""
FILE_KEYS = {"landmarks_3d": "rough_joints", "true_landmarks_3d": "true_joints"}
"""Keys in the file for fields of another name."""


def render_and_detect(
    motions: Sequence[Motion], count: int, seed: int, networks: Sequence[BlazePose]
) -> Iterator[DetectedClip]:
    """Renders random augmented motions and detects their landmarks.

    Args:
        motions: motion capture of the 22 humanoid joints.
        count: number of clips to render.
        seed: seed of everything that is random.
        networks: landmark networks; each tracks the person through every clip, as in a video.

    Yields:
        One clip per network for each rendered clip.
    """
    rng = np.random.default_rng(seed)
    augmenter = MotionAugmenter(motions, WINDOW_FRAMES, FPS)
    for number in range(count):
        camera_motion = (
            CameraMotion.STATIC
            if rng.random() < STATIC_CAMERA_FRACTION
            else list(CameraMotion)[int(rng.integers(len(CameraMotion)))]
        )
        options = rendered_clip.SceneOptions(
            camera_motion, IMAGE_SIZE, occluder_count=int(rng.random() < OCCLUDER_FRACTION)
        )
        scene = rendered_clip.sample_scene([augmenter.sample(rng)], seed * 100_003 + number, options)
        yield from _detect_landmarks(scene, networks)


def _detect_landmarks(scene: rendered_clip.ClipScene, networks: Sequence[BlazePose]) -> Iterator[DetectedClip]:
    truth = rendered_clip.create_ground_truth(scene)
    detections: list[list[Landmarks]] = [[] for _ in networks]
    for frame, image in enumerate(rendered_clip.render_frames(scene)):
        for network, landmarks in zip(networks, detections, strict=True):
            is_tracked = landmarks and landmarks[-1].presence > 0.5
            roi = landmarks[-1].roi if is_tracked else _true_roi(truth, frame, network)
            landmarks.append(network.locate(image, roi))
    motion = truth.people[0].motion
    for landmarks in detections:
        yield DetectedClip(
            truth.camera.image_size,
            truth.camera.intrinsics,
            np.stack([detected.keypoints for detected in landmarks]),
            np.stack([detected.landmarks_3d for detected in landmarks]),
            camera.transform(truth.camera.camera_from_world, scene.people[0].landmarks),
            truth.camera.camera_from_world,
            motion.skeleton.rest_offsets,
            motion.rotations,
            motion.root_position,
            motion.contacts,
        )


def _true_roi(truth: Performance, frame: int, network: BlazePose) -> RotatedRoi:
    track = truth.people[0].track
    return network.roi_from_detection(
        Detection(track.boxes[frame], track.keypoints[frame][list(coco.BLAZEPOSE_INDICES)], 1.0)
    )


def save_detections(path: Path, clips: Sequence[DetectedClip]) -> None:
    """Writes clips of equal length as one file.

    Raises:
        OutputError: the file cannot be written.
    """
    arrays: dict[str, Any] = {
        FILE_KEYS.get(name, name): np.concatenate([getattr(clip, name) for clip in clips]).astype(np.float32)
        for name in FRAME_ARRAYS
    }
    arrays["rest_offsets"] = np.stack([clip.rest_offsets for clip in clips])
    arrays["sizes"] = np.array([clip.image_size for clip in clips])
    arrays["intrinsics"] = np.stack([clip.intrinsics for clip in clips])
    arrays["lengths"] = np.array([len(clip.keypoints) for clip in clips])
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
