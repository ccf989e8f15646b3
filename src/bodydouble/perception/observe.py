"""Observes the people in a video, frame by frame, in one pass.

A person is detected once and then followed: the landmarks of one frame tell where to look in the next. The detector
runs now and then to find who is new, and to bring back regions that have slid off their person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bodydouble.data import Observation
from bodydouble.errors import InvalidDataError
from bodydouble.perception.appearance import look
from bodydouble.perception.landmarks import BlazePose
from bodydouble.perception.people import MoveNetDetector, PeopleOptions
from bodydouble.perception.protocols import Detection, LandmarkModel, Landmarks, PeopleDetector, Picture
from bodydouble.perception.reconcile import agreement, bounding_box, clipped, distinct, reconcile, visible_part


@dataclass(frozen=True, slots=True)
class Quality:
    """A balance of speed and accuracy."""

    landmarks: Literal["lite", "full", "heavy"]
    detector_side: int
    """Long side of the picture in which people are searched, px."""
    detect_every: int
    """Frames from one run of the detector to the next."""


QUALITIES = {
    "fast": Quality("lite", 256, 10),
    "balanced": Quality("full", 384, 6),
    "best": Quality("heavy", 512, 3),
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
    agreement: float = 0.4
    """A detection and landmarks less similar than this do not show the same pose."""
    same_person: float = 0.6
    """Landmarks more similar than this belong to one person."""


class Observer:
    """Finds and follows people. Give it the frames of one video in order."""

    def __init__(
        self, detector: PeopleDetector, landmarks: LandmarkModel, options: ObserveOptions | None = None
    ) -> None:
        """Start with nobody in sight."""
        self.options = options or ObserveOptions()
        self._detector = detector
        self._landmarks = landmarks
        self._followed: list[Landmarks] = []
        self._until_detection = 0
        self._wait = 1

    @property
    def network_seconds(self) -> float:
        """Time spent inside the networks so far."""
        return self._detector.seconds + self._landmarks.seconds

    def observe(self, frame: Picture) -> tuple[Observation, ...]:
        """The people in the next frame (H, W, 3) RGB."""
        size = frame.shape[1], frame.shape[0]
        followed = [self._landmarks.locate(frame, person.region) for person in self._followed]
        people = distinct(self._present(followed, size), self.options.same_person)
        if self._until_detection <= 0 or len(people) < len(followed):
            people = self._with_detections(frame, people)
            self._schedule(lost_somebody=len(people) < len(followed))
        self._until_detection -= 1
        self._followed = people
        return tuple(observation(person, frame) for person in people)

    def _schedule(self, lost_somebody: bool) -> None:
        """Set when the detector runs next: soon after somebody was lost, then at ever longer intervals."""
        self._wait = 1 if lost_somebody else min(2 * self._wait, self.options.detect_every)
        self._until_detection = self._wait

    def _present(self, people: Iterable[Landmarks], size: tuple[int, int]) -> list[Landmarks]:
        """Those who are people and inside the frame."""
        options = self.options
        certain = (person for person in people if person.presence >= options.min_presence)
        return [person for person in certain if visible_part(person, size) >= options.min_visible]

    def _with_detections(self, frame: Picture, followed: Sequence[Landmarks]) -> list[Landmarks]:
        """The followed people and those whom the detector sees and who were not followed, or not well."""
        detections = self._detector.detect(frame)
        agree = agreement(detections, followed)
        known = np.asarray(agree.max(axis=1, initial=0.0) >= self.options.agreement)
        confirmed = np.asarray(agree.max(axis=0, initial=0.0) >= self.options.agreement)
        unknown = (detections[i] for i in np.flatnonzero(~known))
        found = self._present((self._locate_new(frame, d) for d in unknown), (frame.shape[1], frame.shape[0]))
        return reconcile(followed, confirmed, found, self.options.same_person)

    def _locate_new(self, frame: Picture, detection: Detection) -> Landmarks:
        """The landmarks of a person that is new. The second look is through the better region that the first gave."""
        first = self._landmarks.locate(frame, self._landmarks.first_region(detection))
        return self._landmarks.locate(frame, first.region)


def observation(person: Landmarks, frame: Picture) -> Observation:
    """What later stages get to know about a person in a frame (H, W, 3) RGB."""
    box = clipped(bounding_box(person), (frame.shape[1], frame.shape[0]))
    colors = look(frame, person.keypoints)
    return Observation(box, person.keypoints, person.rough_joints, person.presence, colors)


def create_observer(quality: str = "balanced") -> Observer:
    """An observer with the networks of one of QUALITIES.

    Raises:
        InvalidDataError: There is no such quality.
        ModelError: A network cannot be loaded.
    """
    if quality not in QUALITIES:
        raise InvalidDataError(f"unknown quality {quality!r}; choose one of {', '.join(QUALITIES)}")
    chosen = QUALITIES[quality]
    detector = MoveNetDetector(PeopleOptions(long_side=chosen.detector_side))
    return Observer(detector, BlazePose(chosen.landmarks), ObserveOptions(detect_every=chosen.detect_every))
