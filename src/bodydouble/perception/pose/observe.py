"""Observes the people in a video, frame by frame, in one pass.

A person is detected once and then followed: the landmarks of one frame tell where to look in the next. The detector
runs now and then to find who is new, and to bring back regions that have slid off their person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from bodydouble.data import FloatArray, Observation, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.geometry.similarity import pose_similarity
from bodydouble.perception.appearance.clothing_colors import describe_appearance
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.perception.pose.duplicate_suppression import (
    add_reacquired,
    bounding_box,
    clip_box,
    detection_similarity,
    is_distinct,
    merge_detections,
    suppress_duplicates,
    visible_fraction,
)
from bodydouble.perception.pose.frame_history import FrameHistory
from bodydouble.perception.pose.movenet import MoveNetDetector, MoveNetOptions
from bodydouble.perception.pose.occlusion import argsort_nearest_first, find_occluders, is_occluded
from bodydouble.perception.pose.onnx_detectors import create_detector
from bodydouble.perception.pose.tracked_person import TrackedPerson
from bodydouble.perception.protocols import Detection, LandmarkModel, Landmarks, PeopleDetector
from bodydouble.skeletons import coco

_COCO = list(coco.FROM_BLAZEPOSE)
MOVENET = "movenet"
"""Name of the detector that comes with this package."""


@dataclass(frozen=True, slots=True)
class QualityPreset:
    """A balance of speed and accuracy."""

    landmark_model: Literal["lite", "full", "heavy"]
    detector_sides: tuple[int, ...]
    """Long sides of the pictures in which people are searched, px."""
    detection_interval: int
    """Frames from one run of the detector to the next."""
    flip_test: bool
    """Whether each person is looked at in the mirror, too: the mean is more accurate, and costs twice the time."""


QUALITY_PRESETS = {
    "fast": QualityPreset("lite", (384, 256), 10, flip_test=False),
    "balanced": QualityPreset("full", (512, 256), 6, flip_test=False),
    "best": QualityPreset("heavy", (768, 256), 3, flip_test=True),
}


@dataclass(frozen=True, slots=True)
class ObserverOptions:
    """How people are followed."""

    detection_interval: int = 6
    """Frames from one run of the detector to the next."""
    min_presence: float = 0.5
    """A person whose presence is lower is lost."""
    min_visible_fraction: float = 0.1
    """A person of whose box less than this part lies inside the frame has left."""
    max_occlusion: float = 0.7
    """A followed person of whom more than this part lies behind others is not seen ..."""
    max_occlusion_at_start: float = 0.4
    """... and somebody who is new, or was lost, must show more."""
    max_missed_frames: int = 15
    """Frames for which somebody who was lost is looked for where they should be."""
    backfill_after: int = 3
    """Frames after which somebody who was found and seen since is followed back, too ..."""
    max_backfill: int = 15
    """... through at most this many of the last frames."""
    min_agreement: float = 0.4
    """A detection and landmarks less similar than this do not show the same pose."""
    duplicate_similarity: float = 0.6
    """Landmarks more similar than this belong to one person."""


Searches = Sequence[tuple[TrackedPerson, Landmarks | None]]
"""Who was looked for, and what was seen of them."""


class Observer:
    """Finds and follows people. Give it the frames of one video in order."""

    def __init__(
        self, detector: PeopleDetector, landmarks: LandmarkModel, options: ObserverOptions | None = None
    ) -> None:
        """Start with nobody in sight."""
        self.options = options or ObserverOptions()
        self._detector = detector
        self._landmarks = landmarks
        self.begin_shot()

    @property
    def network_seconds(self) -> float:
        """Time spent inside the networks so far."""
        return self._detector.seconds + self._landmarks.seconds

    def begin_shot(self) -> None:
        """Forget where everybody was: the next frame is the first one of another camera."""
        self._history = FrameHistory(self.options.max_backfill)
        self._backfilled: list[tuple[int, Observation]] = []
        self._tracked: list[TrackedPerson] = []
        self._until_detection = 0
        self._detection_wait = 1

    def observe(self, frame: RgbImage) -> tuple[Observation, ...]:
        """The people in the next frame (H, W, 3) RGB."""
        looks = self._search(frame)
        kept = suppress_duplicates(
            (seen for one, seen in looks if seen and not one.time_since_update), self.options.duplicate_similarity
        )
        lost_somebody = len(kept) < sum(not one.time_since_update for one in self._tracked)
        people = add_reacquired(kept, (seen for one, seen in looks if seen and one.time_since_update))
        if self._until_detection <= 0 or lost_somebody:
            people = self._add_detections(frame, people)
            self._schedule_detection(lost_somebody)
        self._until_detection -= 1
        self._tracked = self._update_tracked(looks, people, (frame.shape[1], frame.shape[0]))
        self._backfill()
        self._history.append(frame, people)
        return tuple(create_observation(person, frame) for person in people)

    def backfilled_observations(self) -> Sequence[tuple[int, Observation]]:
        """Who was in frames before the last that was observed, as is known since then; and how many frames before."""
        return self._backfilled

    def _backfill(self) -> None:
        """Follow those back who were found not long ago and are certain by now."""
        sure = [one for one in self._tracked if one.age == self.options.backfill_after and not one.time_since_update]
        self._backfilled = [
            (ago, create_observation(there, past.image))
            for i in argsort_nearest_first([one.first.pose for one in sure])
            for ago, past, there in self._history.track_backward(sure[i].first, sure[i].age, self._locate_in_past_frame)
        ]

    def _locate_in_past_frame(
        self, frame: RgbImage, person: TrackedPerson, others: Sequence[Landmarks]
    ) -> Landmarks | None:
        """Somebody in a frame in which others were seen."""
        options = self.options
        there = self._locate(frame, person, [other.pose for other in others], options.max_occlusion_at_start)
        seen = there and person.matches(there) and is_distinct(there, others, options.duplicate_similarity)
        return there if seen else None

    def _search(self, frame: RgbImage) -> Searches:
        """Look for everybody, the nearest to the camera first: they are painted over where others are behind them."""
        looks: list[tuple[TrackedPerson, Landmarks | None]] = []
        for i in argsort_nearest_first([person.predicted_pose for person in self._tracked]):
            person = self._tracked[i]
            others = [seen.pose for one, seen in looks if seen and not one.time_since_update]
            most_hidden = (
                self.options.max_occlusion_at_start if person.time_since_update else self.options.max_occlusion
            )
            there = self._locate(frame, person, others, most_hidden)
            seen = there and (not person.time_since_update or person.matches(there))
            looks.append((person, there if seen else None))
        return looks

    def _locate(
        self, frame: RgbImage, person: TrackedPerson, others: Sequence[FloatArray], most_hidden: float
    ) -> Landmarks | None:
        """Somebody where they should be, if they are seen there; the others, poses (33, 2) px, may stand before."""
        before = [others[k] for k in find_occluders(person.predicted_pose, others)]
        there = self._landmarks.locate(frame, person.predicted_roi, before)
        return there if self._is_visible(there, before, frame, most_hidden) else None

    def _is_visible(self, person: Landmarks, before: Sequence[FloatArray], frame: RgbImage, most_hidden: float) -> bool:
        """Whether this is somebody inside the frame, and not behind others more than told."""
        options = self.options
        return (
            person.presence >= options.min_presence
            and visible_fraction(person.pose, (frame.shape[1], frame.shape[0])) >= options.min_visible_fraction
            and float(is_occluded(person.pose, before).mean()) <= most_hidden
        )

    def _schedule_detection(self, lost_somebody: bool) -> None:
        """Set when the detector runs next: soon after somebody was lost, then at ever longer intervals."""
        self._detection_wait = 1 if lost_somebody else min(2 * self._detection_wait, self.options.detection_interval)
        self._until_detection = self._detection_wait

    def _add_detections(self, frame: RgbImage, followed: Sequence[Landmarks]) -> list[Landmarks]:
        """The followed people and those whom the detector sees and who were not followed, or not well."""
        detections = self._detector.detect(frame)
        agree = detection_similarity(detections, followed)
        known = agree.max(axis=1, initial=0.0) >= self.options.min_agreement
        confirmed = np.asarray(agree.max(axis=0, initial=0.0) >= self.options.min_agreement)
        unknown = [detection for detection, certain in zip(detections, known, strict=True) if not certain]
        return merge_detections(
            followed, confirmed, self._locate_new(frame, unknown, followed), self.options.duplicate_similarity
        )

    def _locate_new(
        self, frame: RgbImage, detections: Sequence[Detection], known: Sequence[Landmarks]
    ) -> list[Landmarks]:
        """The landmarks of people who are new, the nearest to the camera first.

        The second look is through the better region that the first gave.
        """
        found: list[Landmarks] = []
        for i in argsort_nearest_first([detection.keypoints[:, :2] for detection in detections]):
            others = [person.pose for person in (*known, *found)]
            nearer = find_occluders(detections[i].keypoints[:, :2], [pose[_COCO] for pose in others])
            before = [others[k] for k in nearer]
            first = self._landmarks.locate(frame, self._landmarks.roi_from_detection(detections[i]), before)
            second = self._landmarks.locate(frame, first.roi, before)
            if self._is_visible(second, before, frame, self.options.max_occlusion_at_start):
                found.append(second)
        return found

    def _update_tracked(
        self, looks: Searches, people: Sequence[Landmarks], size: tuple[int, int]
    ) -> list[TrackedPerson]:
        """Those seen in this frame, and those lost not long ago who should still be inside it."""
        before = {id(seen): one for one, seen in looks if seen}
        new = [person for person in people if id(person) not in before]
        here = {id(person) for person in people}
        lost = [one.mark_missed() for one, seen in looks if not seen or id(seen) not in here]
        return [
            *(before[id(p)].update(p) if id(p) in before else TrackedPerson.start(p) for p in people),
            *(
                one for one in lost
                if one.time_since_update <= self.options.max_missed_frames
                and visible_fraction(one.predicted_pose, size) >= self.options.min_visible_fraction
                and all(pose_similarity(one.predicted_pose[_COCO], p.pose[_COCO]) < self.options.min_agreement for p in new)
            ),
        ]  # fmt: skip


def create_observation(person: Landmarks, frame: RgbImage) -> Observation:
    """What later stages get to know about a person in a frame (H, W, 3) RGB."""
    box = clip_box(bounding_box(person.pose), (frame.shape[1], frame.shape[0]))
    colors = describe_appearance(frame, person.keypoints)
    return Observation(box, person.keypoints, person.landmarks_3d, person.presence, colors)


def create_observer(quality: str = "balanced", detector: str | Path = MOVENET) -> Observer:
    """An observer with the networks of one of QUALITIES.

    Args:
        quality: one of QUALITIES.
        detector: MOVENET, the one that comes with this package, or an ONNX file as ``rtm`` reads them.

    Raises:
        InvalidDataError: There is no such quality or detector.
        ModelError: A network cannot be loaded.
    """
    if quality not in QUALITY_PRESETS:
        raise InvalidDataError(f"unknown quality {quality!r}; choose one of {', '.join(QUALITY_PRESETS)}")
    chosen = QUALITY_PRESETS[quality]
    movenet = MoveNetDetector(MoveNetOptions(long_sides=chosen.detector_sides))
    finder = movenet if detector == MOVENET else create_detector(Path(detector), movenet)
    return Observer(
        finder, create_landmark_model(chosen), ObserverOptions(detection_interval=chosen.detection_interval)
    )


def create_landmark_model(quality: QualityPreset) -> BlazePose:
    """The network that locates landmarks. Raises ModelError if it cannot be loaded."""
    return BlazePose(quality.landmark_model, flip_test=quality.flip_test)
