"""Detections on synthetic data: motions -> `DetectedClip`s with detected landmarks and ground truth.

The difference of both is the real noise of perception, with its correlations in time and between landmarks: both
landmark networks, their fusion and the reliability of keypoints are those of a capture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import FloatArray, Performance, RgbImage, Track
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import camera
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.perception.pose.duplicate_suppression import bounding_box
from bodydouble.perception.pose.observe import QUALITY_PRESETS
from bodydouble.perception.pose.thunder import Thunder
from bodydouble.perception.protocols import Detection, KeypointRequest, Landmarks, RotatedRoi
from bodydouble.skeletons import coco
from bodydouble.synthetic import rendered_clip
from bodydouble.synthetic.cameras import CameraMotion, CameraRanges
from bodydouble.tracking.keypoint_fusion import fuse_keypoints
from bodydouble.tracking.keypoint_reliability import downweight_unreliable_keypoints
from bodydouble.training.augmentation import MotionAugmenter, Recording

FPS = Fraction(30)
"""Frame rate of all training data."""
WINDOW_FRAMES = 64
"""Number of frames of a training window."""
IMAGE_SIZE = (640, 360)
"""Width and height of rendered images in px; the landmark network scales its input to 256 x 256."""
MIN_PRESENCE = 0.5
"""Presence below which the person is lost."""
OCCLUDER_FRACTION = 0.3
"""Fraction of clips with an occluder in front of the person."""
STATIC_CAMERA_FRACTION = 0.6
"""Fraction of clips with a static camera for certain; the others have a random camera motion."""
CAMERA_RANGES = CameraRanges((24.0, 85.0), (0.15, 4.0), (0.4, 1.15), 0.06, 0.35)
"""Cameras of training clips: also rolled, from far above and below, and so near that the person is cut off."""


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


class SinglePersonObserver:
    """Observes the only person of a clip, as a capture of a quality does: two landmark networks and their fusion."""

    def __init__(self, quality: str) -> None:
        """Loads the networks of one of QUALITY_PRESETS."""
        preset = QUALITY_PRESETS[quality]
        self._landmarks = BlazePose(preset.landmark_model, flip_test=preset.flip_test)
        self._second = Thunder(flip_test=preset.flip_test)
        self._interval = preset.second_network_interval
        self.start_clip()

    def start_clip(self) -> None:
        """Forgets all frames."""
        self._found: list[Landmarks] = []
        self._second_keypoints: list[FloatArray] = []

    def observe(self, image: RgbImage, truth: Performance, frame: int) -> None:
        """Finds the person in the next frame, near the last landmarks, or near the true ones if the person is lost."""
        is_tracked = self._found and self._found[-1].presence > MIN_PRESENCE
        roi = self._found[-1].roi if is_tracked else _true_roi(truth, frame, self._landmarks)
        found = self._landmarks.locate(image, roi)
        is_due = len(self._found) % self._interval == 0
        unknown = np.full((len(coco.KEYPOINTS), 3), np.nan)
        self._second_keypoints.append(
            self._second.estimate(image, KeypointRequest(0, found.pose)) if is_due else unknown
        )
        self._found.append(found)

    def build_track(self, image_size: tuple[int, int]) -> Track:
        """Returns the fused track of all frames since the start of the clip."""
        keypoints = np.stack([landmarks.keypoints for landmarks in self._found])
        track = Track(
            frames=np.arange(len(keypoints)),
            observed=np.ones(len(keypoints), dtype=bool),
            boxes=np.stack([bounding_box(landmarks.pose) for landmarks in self._found]),
            keypoints=keypoints,
            landmarks_3d=np.stack([landmarks.landmarks_3d for landmarks in self._found]),
        )
        fused, _ = fuse_keypoints(track, np.stack(self._second_keypoints))
        return downweight_unreliable_keypoints([fused], image_size, float(FPS))[0]


def render_and_detect(
    recordings: Sequence[Recording], count: int, seed: int, observers: Sequence[SinglePersonObserver]
) -> Iterator[DetectedClip]:
    """Renders random augmented motions and detects their landmarks.

    Args:
        recordings: motion capture.
        count: number of clips to render.
        seed: seed of everything that is random.
        observers: each tracks the person through every clip, as in a video.

    Yields:
        One clip per observer for each rendered clip.
    """
    rng = np.random.default_rng(seed)
    augmenter = MotionAugmenter(recordings, WINDOW_FRAMES, FPS)
    for number in range(count):
        camera_motion = (
            CameraMotion.STATIC
            if rng.random() < STATIC_CAMERA_FRACTION
            else list(CameraMotion)[int(rng.integers(len(CameraMotion)))]
        )
        options = rendered_clip.SceneOptions(
            camera_motion, IMAGE_SIZE, int(rng.random() < OCCLUDER_FRACTION), CAMERA_RANGES
        )
        scene = rendered_clip.sample_scene([augmenter.sample(rng)], seed * 100_003 + number, options)
        yield from _detect_landmarks(scene, observers)


def _detect_landmarks(
    scene: rendered_clip.ClipScene, observers: Sequence[SinglePersonObserver]
) -> Iterator[DetectedClip]:
    truth = rendered_clip.create_ground_truth(scene)
    for observer in observers:
        observer.start_clip()
    for frame, image in enumerate(rendered_clip.render_frames(scene)):
        for observer in observers:
            observer.observe(image, truth, frame)
    motion = truth.people[0].motion
    for observer in observers:
        track = observer.build_track(truth.camera.image_size)
        yield DetectedClip(
            truth.camera.image_size,
            truth.camera.intrinsics,
            track.keypoints,
            track.landmarks_3d,
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
