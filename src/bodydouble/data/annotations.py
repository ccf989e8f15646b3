"""Annotations of 2D keypoints by hand: places of landmarks of people in keyed frames of a clip.

Frames are frames of the clip, from 0. Landmarks have the names of ``skeletons.blazepose``; the keypoints of COCO are 17
of these. People have the names that they have in the performance that is annotated.
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from bodydouble.errors import InvalidDataError


class KeypointState(StrEnum):
    """Visibility of an annotated landmark."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    """Occluded, at a place that is known."""
    ABSENT = "absent"
    """Not in the picture, or at a place that nobody can judge."""


@dataclass(frozen=True, slots=True)
class AnnotatedKeypoint:
    """A landmark of a person in a keyed frame."""

    person: str
    frame: int
    landmark: str
    """Name of a landmark of BlazePose."""
    state: KeypointState = KeypointState.VISIBLE
    pixel: tuple[float, float] | None = None
    """Place in px of the video; None if the landmark is absent."""

    def __post_init__(self) -> None:
        if self.frame < 0:
            raise InvalidDataError(f"AnnotatedKeypoint: frame is {self.frame}; frames are counted from 0")
        if (self.pixel is None) != (self.state is KeypointState.ABSENT):
            needs = "has no pixel" if self.state is KeypointState.ABSENT else "needs a pixel"
            raise InvalidDataError(f"AnnotatedKeypoint: {self.landmark} is {self.state.value} and {needs}")
        if self.pixel is not None and not all(map(isfinite, self.pixel)):
            raise InvalidDataError(f"AnnotatedKeypoint: {self.landmark} has the pixel {self.pixel}, expected numbers")


@dataclass(frozen=True, slots=True)
class Annotations:
    """Annotated keypoints of a clip; each landmark of a person is annotated at most once in a frame."""

    keypoints: tuple[AnnotatedKeypoint, ...] = ()

    def __post_init__(self) -> None:
        counts = Counter((k.person, k.frame, k.landmark) for k in self.keypoints)
        for (person, frame, landmark), count in counts.items():
            if count > 1:
                raise InvalidDataError(f"Annotations: {person} has {landmark} more than once in frame {frame}")

    def of_person(self, name: str) -> tuple[AnnotatedKeypoint, ...]:
        """Returns the keypoints of a person."""
        return tuple(keypoint for keypoint in self.keypoints if keypoint.person == name)

    def update(self, others: "Annotations") -> "Annotations":
        """Returns these annotations and others, which replace those of the same landmark and frame."""
        merged = {(k.person, k.frame, k.landmark): k for k in (*self.keypoints, *others.keypoints)}
        return Annotations(tuple(merged.values()))

    @property
    def people(self) -> tuple[str, ...]:
        """Names of the people, in the order of their first keypoint."""
        return tuple(dict.fromkeys(keypoint.person for keypoint in self.keypoints))
