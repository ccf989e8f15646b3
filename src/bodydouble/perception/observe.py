"""Observes the people in a video, frame by frame, in one pass.

A person is detected once and then followed: the landmarks of one frame tell where to look in the next. The detector
runs now and then to find who is new, and to bring back regions that have slid off their person.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from bodydouble.data import FloatArray, Observation
from bodydouble.errors import InvalidDataError
from bodydouble.geometry.similarity import pose_similarity
from bodydouble.perception.appearance import look
from bodydouble.perception.landmarks import BlazePose
from bodydouble.perception.occlusion import hidden, nearest_first, standing_before
from bodydouble.perception.people import MoveNetDetector, PeopleOptions
from bodydouble.perception.protocols import Detection, LandmarkModel, Landmarks, PeopleDetector, Picture, Region
from bodydouble.perception.reconcile import (
    agreement,
    bounding_box,
    clipped,
    distinct,
    reconcile,
    visible_part,
    with_recovered,
)
from bodydouble.perception.rtm import create_detector
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


QUALITIES = {
    "fast": Quality("lite", (384, 256), 10),
    "balanced": Quality("full", (512, 256), 6),
    "best": Quality("heavy", (768, 256), 3),
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
    agreement: float = 0.4
    """A detection and landmarks less similar than this do not show the same pose."""
    same_person: float = 0.6
    """Landmarks more similar than this belong to one person."""


VELOCITY_MEMORY = 0.7
"""Part of a person's velocity that stays from frame to frame."""
BACK = 0.8
"""Presence of somebody who was lost and is back."""
BACK_SIZE = 1.5
"""Ratio by which that person's region may have grown or shrunk ..."""
BACK_STRAY = 0.25
"""... and part of the region's side by which it may lie elsewhere."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Somebody to look for in the next frame."""

    last: Landmarks
    """As last seen."""
    velocity: FloatArray
    """(2,) px per frame."""
    missed: int = 0
    """Frames since."""

    @property
    def pose(self) -> FloatArray:
        """(33, 2) px, where the landmarks should be; who has just been seen has hardly moved."""
        return np.asarray(self.last.keypoints[:, :2] + self.missed * self.velocity)

    @property
    def region(self) -> Region:
        """Where to look."""
        return replace(self.last.region, center=self.last.region.center + self.missed * self.velocity)

    def may_be(self, person: Landmarks) -> bool:
        """Whether somebody is where this person, who was lost, should be, and as large."""
        region = self.region
        growth = abs(np.log(person.region.side / region.side))
        stray = float(np.linalg.norm(person.region.center - region.center)) / region.side
        return person.presence >= BACK and growth <= np.log(BACK_SIZE) and stray <= BACK_STRAY

    def lost(self) -> "Followed":
        """The same person, not seen in one more frame."""
        return replace(self, missed=self.missed + 1)

    def seen(self, person: Landmarks) -> "Followed":
        """The same person, seen in the next frame."""
        step = (person.region.center - self.last.region.center) / (self.missed + 1)
        return Followed(person, VELOCITY_MEMORY * self.velocity + (1 - VELOCITY_MEMORY) * step)


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
        self._followed: list[Followed] = []
        self._until_detection = 0
        self._wait = 1

    def observe(self, frame: Picture) -> tuple[Observation, ...]:
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
        return tuple(observation(person, frame) for person in people)

    def _look(self, frame: Picture) -> Looks:
        """Look for everybody, the nearest to the camera first: they are painted over where others are behind them."""
        looks: list[tuple[Followed, Landmarks | None]] = []
        for i in nearest_first([person.pose for person in self._followed]):
            person = self._followed[i]
            others = [seen.pose for one, seen in looks if seen and not one.missed]
            before = [others[k] for k in standing_before(person.pose, others)]
            there = self._landmarks.locate(frame, person.region, before)
            most_hidden = self.options.most_hidden_at_first if person.missed else self.options.most_hidden
            seen = self._is_seen(there, before, frame, most_hidden) and (not person.missed or person.may_be(there))
            looks.append((person, there if seen else None))
        return looks

    def _is_seen(self, person: Landmarks, before: Sequence[FloatArray], frame: Picture, most_hidden: float) -> bool:
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

    def _with_detections(self, frame: Picture, followed: Sequence[Landmarks]) -> list[Landmarks]:
        """The followed people and those whom the detector sees and who were not followed, or not well."""
        detections = self._detector.detect(frame)
        agree = agreement(detections, followed)
        known = agree.max(axis=1, initial=0.0) >= self.options.agreement
        confirmed = np.asarray(agree.max(axis=0, initial=0.0) >= self.options.agreement)
        unknown = [detection for detection, certain in zip(detections, known, strict=True) if not certain]
        return reconcile(followed, confirmed, self._locate_new(frame, unknown, followed), self.options.same_person)

    def _locate_new(
        self, frame: Picture, detections: Sequence[Detection], known: Sequence[Landmarks]
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
            *(before[id(p)].seen(p) if id(p) in before else Followed(p, np.zeros(2)) for p in people),
            *(
                one for one in lost
                if one.missed <= self.options.patience
                and visible_part(one.pose, size) >= self.options.min_visible
                and all(pose_similarity(one.pose[_COCO], p.pose[_COCO]) < self.options.agreement for p in new)
            ),
        ]  # fmt: skip


def observation(person: Landmarks, frame: Picture) -> Observation:
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
    return Observer(finder, BlazePose(chosen.landmarks), ObserveOptions(detect_every=chosen.detect_every))
