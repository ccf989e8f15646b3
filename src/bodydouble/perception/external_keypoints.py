"""2D keypoints of an external pose estimator -> ``Observation``s, in place of detection and tracking by networks.

Read ``convert_keypoints`` first: keypoints of any set -> ``ExternalKeypoints`` in BlazePose order, which an
``ExternalKeypointObserver`` returns frame by frame, with clothing colours from the image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import LANDMARK_COUNT, FloatArray, FrameObservations, IntArray, Observation, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.perception.appearance.clothing_colors import describe_appearance
from bodydouble.perception.protocols import KeypointRequest
from bodydouble.skeletons import blazepose, coco
from bodydouble.skeletons.keypoints import LANDMARK_OF_KEYPOINT

MIN_KEYPOINTS = 4
"""Minimum number of observed keypoints of a person in a frame."""
MIN_EXTENT = 4.0
"""Minimum extent in px of the keypoints of all people; below, they are fractions of the image instead of px."""

MAX_PART_DISTANCE = 0.5
"""Maximum distance of a keypoint of feet, hands or face from ankle, wrist or nose, as a fraction of the diagonal of the
box of the body. Feet are 0.15 of the stature long, hands 0.11."""

_IMPUTATION_RULES = (
    ("hip", "other hip", "other shoulder", "shoulder", 0.6),
    ("shoulder", "other shoulder", "other hip", "hip", 1.5),
    ("shoulder", "nose", "nose", "hip", 0.3),
    ("hip", "shoulder", "nose", "shoulder", 2.0),
    ("ear", "eye", "eye", "eye", 0.0),
    ("ear", "nose", "nose", "nose", 0.0),
    ("eye", "ear", "ear", "nose", 0.5),
    ("knee", "other knee", "other hip", "hip", 1.0),
    ("knee", "hip", "shoulder", "hip", 0.8),
    ("ankle", "knee", "hip", "knee", 1.0),
    ("elbow", "shoulder", "shoulder", "hip", 0.6),
    ("wrist", "elbow", "shoulder", "elbow", 0.9),
    ("eye_inner", "eye", "eye", "nose", 0.2),
    ("eye_outer", "eye", "eye", "ear", 0.2),
    ("mouth", "nose", "eye", "nose", 0.6),
    ("pinky", "wrist", "elbow", "wrist", 0.30),
    ("index", "wrist", "elbow", "wrist", 0.35),
    ("thumb", "wrist", "elbow", "wrist", 0.20),
    ("heel", "ankle", "knee", "ankle", 0.12),
    ("foot_index", "ankle", "knee", "ankle", 0.20),
)
"""Rules (target, base, start, end, fraction): a missing target is imputed as base + fraction * (end - start)."""


def _index(name: str, side: str) -> int:
    """Returns the index of a landmark by its name without the side; "other" exchanges the sides."""
    if name == "nose":
        return blazepose.INDEX["nose"]
    if name.startswith("other "):
        side, name = ("right" if side == "left" else "left"), name.removeprefix("other ")
    return blazepose.INDEX[f"mouth_{side}" if name == "mouth" else f"{side}_{name}"]


_RULE_FRACTIONS = np.array([fraction for *_, fraction in _IMPUTATION_RULES for _ in ("left", "right")])
_RULE_LANDMARKS = np.array(
    [[_index(name, side) for name in names] for *names, _ in _IMPUTATION_RULES for side in ("left", "right")]
)


_BASE_OF_PART = {
    _index(part, side): _index(base, side)
    for base, parts in {
        "ankle": ("heel", "foot_index"),
        "wrist": ("pinky", "index", "thumb"),
        "nose": ("eye_inner", "eye_outer", "mouth"),
    }.items()
    for part in parts
    for side in ("left", "right")
}
"""Landmark of a foot, a hand or the face -> the landmark near which it lies."""


def to_blazepose(names: Sequence[str], keypoints: FloatArray) -> FloatArray:
    """Converts keypoints to BlazePose landmarks.

    Args:
        names: K names of keypoints; those without a landmark of the same point are left out. Of two with the same name
            the first one counts.
        keypoints: (N, K, 3) x px, y px, confidence; NaN, NaN, 0 where not observed.

    Returns:
        (N, 33, 3); NaN, NaN, 0 where not observed.
    """
    landmarks = np.full((len(keypoints), LANDMARK_COUNT, 3), (np.nan, np.nan, 0.0))
    for column, name in reversed(list(enumerate(names))):
        if name in LANDMARK_OF_KEYPOINT:
            landmarks[:, LANDMARK_OF_KEYPOINT[name]] = keypoints[:, column]
    landmarks[~(np.isfinite(landmarks).all(axis=-1) & (landmarks[..., 2] > 0))] = (np.nan, np.nan, 0.0)
    return landmarks


def remove_detached_parts(landmarks: FloatArray) -> FloatArray:
    """Returns landmarks (N, 33, 3) without points of feet, hands and face that lie far from ankle, wrist or nose."""
    body = landmarks[:, list(coco.BLAZEPOSE_INDICES), :2]
    observed = np.isfinite(body)
    extent = np.where(observed, body, -np.inf).max(axis=1) - np.where(observed, body, np.inf).min(axis=1)
    parts = list(_BASE_OF_PART)
    offset = landmarks[:, parts, :2] - landmarks[:, list(_BASE_OF_PART.values()), :2]
    is_detached = np.linalg.norm(offset, axis=-1) > MAX_PART_DISTANCE * np.linalg.norm(extent, axis=-1)[:, None]
    attached = landmarks.copy()
    attached[:, parts] = np.where(is_detached[..., None], (np.nan, np.nan, 0.0), landmarks[:, parts])
    return attached


def impute_landmarks(landmarks: FloatArray) -> FloatArray:
    """Imputes the positions of landmarks (N, 33, 3) that are not observed; each pose needs an observed one."""
    imputed = landmarks.copy()
    points = imputed[..., :2]
    for (target, base, start, end), fraction in zip(_RULE_LANDMARKS, _RULE_FRACTIONS, strict=True):
        estimate = points[:, base] + fraction * (points[:, end] - points[:, start])
        points[:, target] = np.where(np.isnan(points[:, target]), estimate, points[:, target])
    mean = np.nanmean(points, axis=1, keepdims=True)
    imputed[..., :2] = np.where(np.isnan(points), mean, points)
    return imputed


@dataclass(frozen=True, slots=True)
class ExternalKeypoints:
    """Keypoints of the people in each frame of a video. N observations in the order of frames."""

    frames: IntArray
    """(N,) ascending, index of the frame."""
    track_ids: IntArray
    """(N,) id of the person; -1 where unknown."""
    keypoints: FloatArray
    """(N, 33, 3) x px, y px, confidence; BlazePose order. Confidence 0: not observed."""
    image_size: tuple[int, int]
    """Width and height of the image, px."""

    def rows(self, frame: int) -> slice:
        """Returns the rows of the observations in a frame."""
        return slice(*np.searchsorted(self.frames, (frame, frame + 1)).tolist())

    def ids_per_frame(self, frame_count: int) -> list[list[int]]:
        """Returns the ids of each frame, in the order in which an observer returns the people."""
        return [self.track_ids[self.rows(frame)].tolist() for frame in range(frame_count)]

    def check_frames(self, frame_count: int) -> None:
        """Raises InvalidDataError if there are observations after the end of the video."""
        if len(self.frames) and self.frames[-1] >= frame_count:
            raise InvalidDataError(
                f"the keypoints reach frame {self.frames[-1]}, but the video has {frame_count}, counted from 0; "
                "they must be of this very video"
            )


def convert_keypoints(
    names: Sequence[str], frames: IntArray, track_ids: IntArray, keypoints: FloatArray, image_size: tuple[int, int]
) -> ExternalKeypoints:
    """Converts the keypoints of an external pose estimator.

    Args:
        names: K names of keypoints.
        frames: (N,) ascending.
        track_ids: (N,) id of the person; -1 where unknown.
        keypoints: (N, K, 3) x px, y px, confidence; NaN, NaN, 0 where not observed.
        image_size: width and height of the image, px.

    Raises:
        InvalidDataError: there is nobody in them, or they belong to an image of another size.
    """
    landmarks = remove_detached_parts(to_blazepose(names, keypoints))
    is_person = (landmarks[..., 2] > 0).sum(axis=1) >= MIN_KEYPOINTS
    if not is_person.any():
        raise InvalidDataError(f"the keypoints show nobody: in no frame are there {MIN_KEYPOINTS} of one person")
    imputed = impute_landmarks(landmarks[is_person])
    _check_image_size(imputed, image_size)
    return ExternalKeypoints(frames[is_person], track_ids[is_person], imputed, image_size)


def _check_image_size(keypoints: FloatArray, image_size: tuple[int, int]) -> None:
    points = keypoints[keypoints[..., 2] > 0, :2]
    if np.ptp(points, axis=0).max() < MIN_EXTENT:
        raise InvalidDataError("the keypoints are fractions of the image; they must be px of the video")
    is_outside = np.any((points < 0) | (points > image_size), axis=-1)
    if is_outside.mean() > 0.5:
        width, height = image_size
        raise InvalidDataError(
            f"most keypoints lie outside the image of {width} x {height} px; they must be of this very video"
        )


class ExternalKeypointObserver:
    """Observer that returns external keypoints and reads only clothing colours from the image.

    It gets the frames of one video in order, of any size.
    """

    keypoint_requests: Sequence[KeypointRequest] = ()

    def __init__(self, people: ExternalKeypoints) -> None:
        """Starts before the first frame."""
        self._people = people
        self._frame = 0

    def begin_shot(self) -> None:
        """Does nothing: there is no tracking from frame to frame."""

    def observe(self, frame: RgbImage) -> FrameObservations:
        """Observes the people in the next frame (H, W, 3) RGB."""
        image_size = np.array([frame.shape[1], frame.shape[0]])
        scale = np.append(image_size / self._people.image_size, 1.0)
        keypoints = self._people.keypoints[self._people.rows(self._frame)] * scale
        self._frame += 1
        return FrameObservations(tuple(_create_observation(pose, frame, image_size) for pose in keypoints))


def _create_observation(keypoints: FloatArray, frame: RgbImage, image_size: IntArray) -> Observation:
    points = keypoints[:, :2]
    box = np.clip([points.min(axis=0), points.max(axis=0)], 0, image_size).ravel()
    landmarks_3d = np.full((LANDMARK_COUNT, 3), np.nan)
    score = float(keypoints[keypoints[:, 2] > 0, 2].mean())
    return Observation(box, keypoints, landmarks_3d, score, describe_appearance(frame, keypoints))
