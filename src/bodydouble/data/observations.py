"""Video and camera, and what perception and tracking observe in it."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import hypot
from pathlib import Path

import numpy as np

from bodydouble.data.appearance import AppearanceSample
from bodydouble.data.arrays import (
    APPEARANCE_PARTS,
    BLENDSHAPE_COUNT,
    COCO_KEYPOINT_COUNT,
    FACE_EMBEDDING_DIM,
    FACE_OUTLINE_COUNT,
    FULL_FRAME_DIAGONAL_MM,
    HAND_LANDMARK_COUNT,
    LANDMARK_COUNT,
    BoolArray,
    FloatArray,
    IntArray,
    check_shape,
)
from bodydouble.errors import InvalidDataError


@dataclass(frozen=True, slots=True)
class Clip:
    """Metadata of a video."""

    path: Path
    image_size: tuple[int, int]
    """Width and height in px of the upright image (after the rotation flag)."""
    fps: Fraction
    """Exact frame rate of the decoded frames."""
    frame_count: int | None
    """Number of frames that will be decoded; None if the container does not tell."""
    has_audio: bool = False
    focal_length_35mm: float | None = None
    """Focal length in mm from the metadata of the file, relative to the full-frame diagonal of 43.27 mm."""

    @property
    def focal_length_px(self) -> float | None:
        """Focal length in px of the upright image: ``focal_length_35mm * hypot(width, height) / 43.27``."""
        if self.focal_length_35mm is None:
            return None
        return self.focal_length_35mm * hypot(*self.image_size) / FULL_FRAME_DIAGONAL_MM


@dataclass(frozen=True, slots=True)
class Camera:
    """Pinhole camera with one pose per frame."""

    image_size: tuple[int, int]
    """Width and height, px."""
    intrinsics: FloatArray
    """(3, 3) px."""
    camera_from_world: FloatArray
    """(F, 4, 4)."""

    def __post_init__(self) -> None:
        check_shape(self, "intrinsics", (3, 3))
        check_shape(self, "camera_from_world", (None, 4, 4))


@dataclass(frozen=True, slots=True)
class HandObservation:
    """One hand of a person in one frame. Landmarks are in the order of ``skeletons.hand.LANDMARKS``."""

    keypoints: FloatArray
    """(21, 3) x px, y px, confidence."""
    landmarks_3d: FloatArray
    """(21, 3) m, relative to the wrist, camera axes."""

    def __post_init__(self) -> None:
        check_shape(self, "keypoints", (HAND_LANDMARK_COUNT, 3))
        check_shape(self, "landmarks_3d", (HAND_LANDMARK_COUNT, 3))


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """The face of a person in one frame."""

    weights: FloatArray
    """(52,) weights of the blend shapes, 0 to 1, in the order of ``skeletons.arkit.BLENDSHAPES``."""
    camera_from_head: FloatArray
    """(4,) xyzw, rotation of the head in camera axes, relative to the view ray through the face; identity: upright,
    facing the camera."""
    confidence: float
    """Probability that the region shows a face."""
    outline: FloatArray | None = None
    """(86, 2) px, points of ``skeletons.face_mesh.OUTLINES``, for drawing only; None if they are not known."""

    def __post_init__(self) -> None:
        check_shape(self, "weights", (BLENDSHAPE_COUNT,))
        check_shape(self, "camera_from_head", (4,))
        if self.outline is not None:
            check_shape(self, "outline", (FACE_OUTLINE_COUNT, 2))


@dataclass(frozen=True, slots=True)
class Observation:
    """One person in one frame, as perception observed it."""

    box: FloatArray
    """(4,) x_min, y_min, x_max, y_max, px."""
    keypoints: FloatArray
    """(33, 3) x px, y px, confidence; BlazePose order."""
    landmarks_3d: FloatArray
    """(33, 3) m, relative to the middle of the hips, camera axes. The depth (z) is inaccurate."""
    score: float
    """Probability that this is a person."""
    appearance: FloatArray = field(default_factory=lambda: np.full((APPEARANCE_PARTS, 3), np.nan))
    """(8, 3) CIELAB colours of head, between the shoulders, trunk, upper arms, forearms, thighs, shins and feet; NaN
    where not observed."""
    face_embedding: FloatArray | None = None
    """(1024,) unit vector; embeddings of one person have a large cosine. None if the face was not embedded."""
    second_keypoints: FloatArray | None = None
    """(17, 3) x px, y px, confidence in COCO order, of the second network; None if it did not run."""
    hands: tuple[HandObservation | None, HandObservation | None] = (None, None)
    """Left and right hand; None where the hand was not observed."""
    face: FaceObservation | None = None
    """The face; None where it was not observed."""
    appearance_sample: AppearanceSample | None = None
    """Colours of body parts; None where they were not sampled."""

    def __post_init__(self) -> None:
        check_shape(self, "appearance", (APPEARANCE_PARTS, 3))
        if self.face_embedding is not None:
            check_shape(self, "face_embedding", (FACE_EMBEDDING_DIM,))
        if self.second_keypoints is not None:
            check_shape(self, "second_keypoints", (COCO_KEYPOINT_COUNT, 3))
        check_shape(self, "box", (4,))
        check_shape(self, "keypoints", (LANDMARK_COUNT, 3))
        check_shape(self, "landmarks_3d", (LANDMARK_COUNT, 3))


@dataclass(frozen=True, slots=True)
class PastObservation:
    """An observation in an earlier frame."""

    frames_ago: int
    """Number of frames before the current one, from 1."""
    observation: Observation


@dataclass(frozen=True, slots=True)
class FrameObservations:
    """Observations that result from processing one frame."""

    current: tuple[Observation, ...]
    """People in this frame."""
    backfilled: tuple[PastObservation, ...] = ()
    """People who were detected late, added to earlier frames by tracking them backward."""


@dataclass(frozen=True, slots=True)
class Background:
    """Corners of the static background, tracked through the clip. N observations, K keyframes."""

    frame_count: int
    keyframes: IntArray
    """(K,) ascending; up to the next keyframe, corners are compared with their image patch in this one."""
    frames: IntArray
    """(N,) ascending, frame of each observation."""
    corner_ids: IntArray
    """(N,) id of the observed corner; each at most once per frame."""
    points: FloatArray
    """(N, 2) px, position of the corner."""

    def __post_init__(self) -> None:
        count = len(self.frames)
        check_shape(self, "keyframes", (None,))
        check_shape(self, "frames", (count,))
        check_shape(self, "corner_ids", (count,))
        check_shape(self, "points", (count, 2))

    def rows(self, first: int, stop: int) -> slice:
        """Returns the rows of the observations in the frames from the first one up to, but not including, another."""
        # Of another type, the bounds would have all frames converted at each call.
        bounds = np.searchsorted(self.frames, np.array([first, stop], dtype=self.frames.dtype))
        return slice(int(bounds[0]), int(bounds[1]))


@dataclass(frozen=True, slots=True)
class LineSegments:
    """Straight line segments of the background in some frames. N segments."""

    frames: IntArray
    """(N,) ascending, frame of each segment."""
    points: FloatArray
    """(N, 2, 2) px, both ends."""
    pixel_size: float
    """Size in px of a pixel of the reduced image in which the segments were detected."""

    def __post_init__(self) -> None:
        check_shape(self, "frames", (None,))
        check_shape(self, "points", (len(self.frames), 2, 2))


@dataclass(frozen=True, slots=True)
class Track:
    """One person in the image over a contiguous range of frames."""

    frames: IntArray
    """(T,) source frame indices, contiguous."""
    observed: BoolArray
    """(T,) False where the frame lies in a gap."""
    boxes: FloatArray
    """(T, 4) x_min, y_min, x_max, y_max, px; NaN where not observed."""
    keypoints: FloatArray
    """(T, 33, 3) x px, y px, confidence; NaN, NaN, 0 where not observed."""
    landmarks_3d: FloatArray
    """(T, 33, 3) m, relative to the middle of the hips, camera axes; NaN where not observed."""

    def __post_init__(self) -> None:
        t = len(self.frames)
        check_shape(self, "frames", (None,))
        check_shape(self, "observed", (t,))
        check_shape(self, "boxes", (t, 4))
        check_shape(self, "keypoints", (t, LANDMARK_COUNT, 3))
        check_shape(self, "landmarks_3d", (t, LANDMARK_COUNT, 3))
        if t == 0 or np.any(np.diff(self.frames) != 1):
            raise InvalidDataError("Track: frames must be contiguous and at least one")
