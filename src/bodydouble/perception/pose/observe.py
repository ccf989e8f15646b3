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
from bodydouble.perception.appearance.clothing_colors import look
from bodydouble.perception.pose.blazepose import BlazePose
from bodydouble.perception.pose.duplicate_suppression import (
    agreement,
    bounding_box,
    clipped,
    distinct,
    is_alone,
    reconcile,
    visible_part,
    with_recovered,
)
from bodydouble.perception.pose.frame_history import Past
from bodydouble.perception.pose.movenet import MoveNetDetector, PeopleOptions
from bodydouble.perception.pose.occlusion import hidden, nearest_first, standing_before
from bodydouble.perception.pose.onnx_detectors import create_detector
from bodydouble.perception.pose.tracked_person import Followed
from bodydouble.perception.protocols import Detection, LandmarkModel, Landmarks, PeopleDetector
from bodydouble.skeletons import coco

_COCO = list(coco.FROM_BLAZEPOSE)
MOVENET = "movenet"
"""Name of the detector that comes with this package."""


@dataclass(frozen=True, slots=True)
class Quality:
    """A balance of speed and accuracy."""

    landmarks: Literal["lite", "full", "heavy"]
    detector_sides: tuple[int, ...]
    """Long sides of the pictures in which people are searched, px."""
    detect_every: int
    """Frames from one run of the detector to the next."""
    both_ways: bool
    """Whether each person is looked at in the mirror, too: the mean is more accurate, and costs twice the time."""


QUALITIES = {
    "fast": Quality("lite", (384, 256), 10, both_ways=False),
    "balanced": Quality("full", (512, 256), 6, both_ways=False),
    "best": Quality("heavy", (768, 256), 3, both_ways=True),
}


@dataclass(frozen=True, slots=True)
class ObserveOptions:
    """How people are followed."""

    detect_every: int = 6
    """Frames from one run of the detector to the next."""
    min_presence: float = 0.5
    """A person whose presence is lower is lost."""
    min_visible: float = 0.1
    """A person of whose box less than this part lies inside the frame has left."""
    most_hidden: float = 0.7
    """A followed person of whom more than this part lies behind others is not seen ..."""
    most_hidden_at_first: float = 0.4
    """... and somebody who is new, or was lost, must show more."""
    patience: int = 15
    """Frames for which somebody who was lost is looked for where they should be."""
    certain_after: int = 3
    """Frames after which somebody who was found and seen since is followed back, too ..."""
    look_back: int = 15
    """... through at most this many of the last frames."""
    agreement: float = 0.4
    """A detection and landmarks less similar than this do not show the same pose."""
    same_person: float = 0.6
    """Landmarks more similar than this belong to one person."""


Looks = Sequence[tuple[Followed, Landmarks | None]]
"""Who was looked for, and what was seen of them."""


class Observer:
    """Finds and follows people. Give it the frames of one video in order."""

    def __init__(
        self, detector: PeopleDetector, landmarks: LandmarkModel, options: ObserveOptions | None = None
    ) -> None:
        """Start with nobody in sight."""
        self.options = options or ObserveOptions()
        self._detector = detector
        self._landmarks = landmarks
        self.begin_shot()

    @property
    def network_seconds(self) -> float:
        """Time spent inside the networks so far."""
        return self._detector.seconds + self._landmarks.seconds

    def begin_shot(self) -> None:
        """Forget where everybody was: the next frame is the first one of another camera."""
        self._past = Past(self.options.look_back)
        self._earlier: list[tuple[int, Observation]] = []
        self._followed: list[Followed] = []
        self._until_detection = 0
        self._wait = 1

    def observe(self, frame: RgbImage) -> tuple[Observation, ...]:
        """The people in the next frame (H, W, 3) RGB."""
        looks = self._look(frame)
        kept = distinct((seen for one, seen in looks if seen and not one.missed), self.options.same_person)
        lost_somebody = len(kept) < sum(not one.missed for one in self._followed)
        people = with_recovered(kept, (seen for one, seen in looks if seen and one.missed))
        if self._until_detection <= 0 or lost_somebody:
            people = self._with_detections(frame, people)
            self._schedule(lost_somebody)
        self._until_detection -= 1
        self._followed = self._to_follow(looks, people, (frame.shape[1], frame.shape[0]))
        self._look_back()
        self._past.keep(frame, people)
        return tuple(observation(person, frame) for person in people)

    def earlier(self) -> Sequence[tuple[int, Observation]]:
        """Who was in frames before the last that was observed, as is known since then; and how many frames before."""
        return self._earlier

    def _look_back(self) -> None:
        """Follow those back who were found not long ago and are certain by now."""
        sure = [one for one in self._followed if one.age == self.options.certain_after and not one.missed]
        self._earlier = [
            (ago, observation(there, past.picture))
            for i in nearest_first([one.first.pose for one in sure])
            for ago, past, there in self._past.follow_back(sure[i].first, sure[i].age, self._seen_before)
        ]

    def _seen_before(self, frame: RgbImage, person: Followed, others: Sequence[Landmarks]) -> Landmarks | None:
        """Somebody in a frame in which others were seen."""
        options = self.options
        there = self._see(frame, person, [other.pose for other in others], options.most_hidden_at_first)
        seen = there and person.may_be(there) and is_alone(there, others, options.same_person)
        return there if seen else None

    def _look(self, frame: RgbImage) -> Looks:
        """Look for everybody, the nearest to the camera first: they are painted over where others are behind them."""
        looks: list[tuple[Followed, Landmarks | None]] = []
        for i in nearest_first([person.pose for person in self._followed]):
            person = self._followed[i]
            others = [seen.pose for one, seen in looks if seen and not one.missed]
            most_hidden = self.options.most_hidden_at_first if person.missed else self.options.most_hidden
            there = self._see(frame, person, others, most_hidden)
            seen = there and (not person.missed or person.may_be(there))
            looks.append((person, there if seen else None))
        return looks

    def _see(
        self, frame: RgbImage, person: Followed, others: Sequence[FloatArray], most_hidden: float
    ) -> Landmarks | None:
        """Somebody where they should be, if they are seen there; the others, poses (33, 2) px, may stand before."""
        before = [others[k] for k in standing_before(person.pose, others)]
        there = self._landmarks.locate(frame, person.region, before)
        return there if self._is_seen(there, before, frame, most_hidden) else None

    def _is_seen(self, person: Landmarks, before: Sequence[FloatArray], frame: RgbImage, most_hidden: float) -> bool:
        """Whether this is somebody inside the frame, and not behind others more than told."""
        options = self.options
        return (
            person.presence >= options.min_presence
            and visible_part(person.pose, (frame.shape[1], frame.shape[0])) >= options.min_visible
            and float(hidden(person.pose, before).mean()) <= most_hidden
        )

    def _schedule(self, lost_somebody: bool) -> None:
        """Set when the detector runs next: soon after somebody was lost, then at ever longer intervals."""
        self._wait = 1 if lost_somebody else min(2 * self._wait, self.options.detect_every)
        self._until_detection = self._wait

    def _with_detections(self, frame: RgbImage, followed: Sequence[Landmarks]) -> list[Landmarks]:
        """The followed people and those whom the detector sees and who were not followed, or not well."""
        detections = self._detector.detect(frame)
        agree = agreement(detections, followed)
        known = agree.max(axis=1, initial=0.0) >= self.options.agreement
        confirmed = np.asarray(agree.max(axis=0, initial=0.0) >= self.options.agreement)
        unknown = [detection for detection, certain in zip(detections, known, strict=True) if not certain]
        return reconcile(followed, confirmed, self._locate_new(frame, unknown, followed), self.options.same_person)

    def _locate_new(
        self, frame: RgbImage, detections: Sequence[Detection], known: Sequence[Landmarks]
    ) -> list[Landmarks]:
        """The landmarks of people who are new, the nearest to the camera first.

        The second look is through the better region that the first gave.
        """
        found: list[Landmarks] = []
        for i in nearest_first([detection.keypoints[:, :2] for detection in detections]):
            others = [person.pose for person in (*known, *found)]
            nearer = standing_before(detections[i].keypoints[:, :2], [pose[_COCO] for pose in others])
            before = [others[k] for k in nearer]
            first = self._landmarks.locate(frame, self._landmarks.first_region(detections[i]), before)
            second = self._landmarks.locate(frame, first.region, before)
            if self._is_seen(second, before, frame, self.options.most_hidden_at_first):
                found.append(second)
        return found

    def _to_follow(self, looks: Looks, people: Sequence[Landmarks], size: tuple[int, int]) -> list[Followed]:
        """Those seen in this frame, and those lost not long ago who should still be inside it."""
        before = {id(seen): one for one, seen in looks if seen}
        new = [person for person in people if id(person) not in before]
        here = {id(person) for person in people}
        lost = [one.lost() for one, seen in looks if not seen or id(seen) not in here]
        return [
            *(before[id(p)].seen(p) if id(p) in before else Followed.found(p) for p in people),
            *(
                one for one in lost
                if one.missed <= self.options.patience
                and visible_part(one.pose, size) >= self.options.min_visible
                and all(pose_similarity(one.pose[_COCO], p.pose[_COCO]) < self.options.agreement for p in new)
            ),
        ]  # fmt: skip


def observation(person: Landmarks, frame: RgbImage) -> Observation:
    """What later stages get to know about a person in a frame (H, W, 3) RGB."""
    box = clipped(bounding_box(person.pose), (frame.shape[1], frame.shape[0]))
    colors = look(frame, person.keypoints)
    return Observation(box, person.keypoints, person.rough_joints, person.presence, colors)


def create_observer(quality: str = "balanced", detector: str | Path = MOVENET) -> Observer:
    """An observer with the networks of one of QUALITIES.

    Args:
        quality: one of QUALITIES.
        detector: MOVENET, the one that comes with this package, or an ONNX file as ``rtm`` reads them.

    Raises:
        InvalidDataError: There is no such quality or detector.
        ModelError: A network cannot be loaded.
    """
    if quality not in QUALITIES:
        raise InvalidDataError(f"unknown quality {quality!r}; choose one of {', '.join(QUALITIES)}")
    chosen = QUALITIES[quality]
    movenet = MoveNetDetector(PeopleOptions(long_sides=chosen.detector_sides))
    finder = movenet if detector == MOVENET else create_detector(Path(detector), movenet)
    return Observer(finder, create_landmarks(chosen), ObserveOptions(detect_every=chosen.detect_every))


def create_landmarks(quality: Quality) -> BlazePose:
    """The network that locates landmarks. Raises ModelError if it cannot be loaded."""
    return BlazePose(quality.landmarks, both_ways=quality.both_ways)
