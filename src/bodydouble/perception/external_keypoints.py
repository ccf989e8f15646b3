"""People whose 2D keypoints are known from elsewhere: what the later stages get to know about them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bodydouble.data import LANDMARK_COUNT, FloatArray, IntArray, Observation, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.perception.appearance.clothing_colors import describe_appearance
from bodydouble.skeletons import blazepose, coco, openpose

MIN_KEYPOINTS = 4
"""Somebody of whom fewer are seen in a frame is not seen in it."""
MIN_EXTENT = 4.0
"""px; keypoints that never lie further apart than this are no px, but shares of the picture."""

_LANDMARK_OF = dict(zip(coco.KEYPOINTS, coco.FROM_BLAZEPOSE, strict=True)) | {
    name: group[0] for name, group in zip(openpose.KEYPOINTS, openpose.FROM_BLAZEPOSE, strict=True) if len(group) == 1
}
"""Keypoint of COCO or OpenPose -> the landmark that is the same point."""

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
"""A landmark that is not seen lies at a second one, moved by a share of the way from a third to a fourth."""


def _index(name: str, side: str) -> int:
    if name == "nose":
        return blazepose.INDEX["nose"]
    if name.startswith("other "):
        side, name = ("right" if side == "left" else "left"), name.removeprefix("other ")
    return blazepose.INDEX[f"mouth_{side}" if name == "mouth" else f"{side}_{name}"]


_RULE_FRACTIONS = np.array([share for *_, share in _IMPUTATION_RULES for _ in ("left", "right")])
_RULE_LANDMARKS = np.array(
    [[_index(name, side) for name in names] for *names, _ in _IMPUTATION_RULES for side in ("left", "right")]
)


def to_blazepose(names: Sequence[str], keypoints: FloatArray) -> FloatArray:
    """Keypoints as BlazePose's landmarks.

    Args:
        names: (K,) of the keypoints: those of COCO or of OpenPose.
        keypoints: (N, K, 3) x px, y px, confidence; NaN, NaN, 0 where not observed.

    Returns:
        (N, 33, 3); NaN, NaN, 0 where not observed.
    """
    found = np.full((len(keypoints), LANDMARK_COUNT, 3), (np.nan, np.nan, 0.0))
    columns = [i for i, name in enumerate(names) if name in _LANDMARK_OF]
    found[:, [_LANDMARK_OF[names[i]] for i in columns]] = keypoints[:, columns]
    found[~(np.isfinite(found).all(axis=-1) & (found[..., 2] > 0))] = (np.nan, np.nan, 0.0)
    return found


def impute_landmarks(seen: FloatArray) -> FloatArray:
    """The same landmarks (N, 33, 3), with likely places of those that are not observed; some of each pose must be."""
    found = seen.copy()
    points = found[..., :2]
    for (target, base, start, end), share in zip(_RULE_LANDMARKS, _RULE_FRACTIONS, strict=True):
        likely = points[:, base] + share * (points[:, end] - points[:, start])
        points[:, target] = np.where(np.isnan(points[:, target]), likely, points[:, target])
    somewhere = np.nanmean(points, axis=1, keepdims=True)
    found[..., :2] = np.where(np.isnan(points), somewhere, points)
    return found


@dataclass(frozen=True, slots=True)
class ExternalKeypoints:
    """Who is where in each frame of a video. N sightings in the order of frames."""

    frames: IntArray
    """(N,) index of the frame."""
    track_ids: IntArray
    """(N,) who it is; -1 where that is not known."""
    keypoints: FloatArray
    """(N, 33, 3) x px, y px, confidence; BlazePose order. Confidence 0: not observed."""
    image_size: tuple[int, int]
    """Width and height of the picture, px."""

    def rows(self, frame: int) -> slice:
        """The sightings of a frame."""
        return slice(*np.searchsorted(self.frames, (frame, frame + 1)).tolist())

    def ids_per_frame(self, frame_count: int) -> list[list[int]]:
        """Who is seen in each frame, in the order in which an observer tells."""
        return [self.track_ids[self.rows(frame)].tolist() for frame in range(frame_count)]

    def check_frames(self, frame_count: int) -> None:
        """Raises InvalidDataError if somebody is seen after the end of the video."""
        if len(self.frames) and self.frames[-1] >= frame_count:
            raise InvalidDataError(
                f"the keypoints reach frame {self.frames[-1]}, but the video has {frame_count}, counted from 0; "
                "they must be of this very video"
            )


def convert_keypoints(
    names: Sequence[str], frames: IntArray, track_ids: IntArray, keypoints: FloatArray, image_size: tuple[int, int]
) -> ExternalKeypoints:
    """The people whom keypoints show.

    Args:
        names: (K,) of the keypoints: those of COCO or of OpenPose.
        frames: (N,) ascending.
        track_ids: (N,) who it is; -1 where that is not known.
        keypoints: (N, K, 3) x px, y px, confidence; NaN, NaN, 0 where not observed.
        image_size: width and height of the picture, px.

    Raises:
        InvalidDataError: nobody is in them, or they are of a picture of another size.
    """
    seen = to_blazepose(names, keypoints)
    enough = (seen[..., 2] > 0).sum(axis=1) >= MIN_KEYPOINTS
    if not enough.any():
        raise InvalidDataError(f"the keypoints show nobody: in no frame are there {MIN_KEYPOINTS} of one person")
    found = impute_landmarks(seen[enough])
    _check_image_size(found, image_size)
    return ExternalKeypoints(frames[enough], track_ids[enough], found, image_size)


def _check_image_size(keypoints: FloatArray, image_size: tuple[int, int]) -> None:
    points = keypoints[keypoints[..., 2] > 0, :2]
    if np.ptp(points, axis=0).max() < MIN_EXTENT:
        raise InvalidDataError("the keypoints are shares of the picture; they must be px of the video")
    outside = np.any((points < 0) | (points > image_size), axis=-1)
    if outside.mean() > 0.5:
        raise InvalidDataError(
            f"most keypoints lie outside the picture of {image_size[0]} x {image_size[1]} px; they must be of this very video"
        )


class ExternalKeypointObserver:
    """Tells who is where from keypoints that are known, and looks at the frames only for colours.

    Give it the frames of one video in order, of any size.
    """

    network_seconds = 0.0

    def __init__(self, people: ExternalKeypoints) -> None:
        """Start before the first frame."""
        self._people = people
        self._frame = 0

    def begin_shot(self) -> None:
        """Do nothing: people are not followed from frame to frame."""

    def backfilled_observations(self) -> tuple[tuple[int, Observation], ...]:
        """Nothing: all is known of every frame at once."""
        return ()

    def observe(self, frame: RgbImage) -> tuple[Observation, ...]:
        """The people in the next frame (H, W, 3) RGB."""
        size = np.array([frame.shape[1], frame.shape[0]])
        scale = np.append(size / self._people.image_size, 1.0)
        seen = self._people.keypoints[self._people.rows(self._frame)] * scale
        self._frame += 1
        return tuple(_create_observation(keypoints, frame, size) for keypoints in seen)


def _create_observation(keypoints: FloatArray, frame: RgbImage, size: IntArray) -> Observation:
    points = keypoints[:, :2]
    box = np.clip([points.min(axis=0), points.max(axis=0)], 0, size).ravel()
    unknown = np.full((LANDMARK_COUNT, 3), np.nan)
    certainty = float(keypoints[keypoints[:, 2] > 0, 2].mean())
    return Observation(box, keypoints, unknown, certainty, describe_appearance(frame, keypoints))
