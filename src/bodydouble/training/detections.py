"""What the landmark network sees on rendered people, beside what is there: the detector's true noise."""

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
WINDOW_FRAMES = 64
IMAGE_SIZE = (640, 360)
"""px; the landmark network looks at 256 x 256 anyway."""
OCCLUDER_FRACTION = 0.3
"""Of the clips, with something in front of the person."""
STATIC_CAMERA_FRACTION = 0.6
"""Of the clips, from a camera that stands still."""


@dataclass(frozen=True, slots=True)
class DetectedClip:
    """One person in one clip, as seen and as it is."""

    image_size: tuple[int, int]
    intrinsics: FloatArray
    """(3, 3) px."""
    keypoints: FloatArray
    """(T, 33, 3) px, px, confidence, as detected."""
    landmarks_3d: FloatArray
    """(T, 33, 3) m, as detected."""
    true_landmarks_3d: FloatArray
    """(T, 33, 3) m, camera axes: where the landmarks truly are."""
    camera_from_world: FloatArray
    """(T, 4, 4)."""
    rest_offsets: FloatArray
    """(22, 3) m of the person's skeleton."""
    rotations: FloatArray
    """(T, 22, 4) xyzw, true, local."""
    root_position: FloatArray
    """(T, 3) m, true, world."""
    contacts: FloatArray
    """(T, 4) true."""


FRAME_ARRAYS = tuple(
    field.name for field in fields(DetectedClip) if field.name not in ("image_size", "intrinsics", "rest_offsets")
)
"""What there is of each frame."""
FILE_KEYS = {"landmarks_3d": "rough_joints", "true_landmarks_3d": "true_joints"}
"""Keys in the file of arrays that are called otherwise here."""


def render_and_detect(
    motions: Sequence[Motion], count: int, seed: int, networks: Sequence[BlazePose]
) -> Iterator[DetectedClip]:
    """Renders random stretches of motions and looks at them.

    Args:
        motions: of the 22 humanoid joints.
        count: how many clips are rendered.
        seed: of all that is random.
        networks: each looks at every clip, where the person was in the frame before, as in a video.

    Yields:
        One clip per network for each that is rendered.
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
