"""A predicted performance against the truth: how wrong it is, and where."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Performance
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.evaluation_clip import Recording, Subject, recording
from bodydouble.evaluation.keypoint_comparison import IdentityScores, PictureErrors, compare_pictures
from bodydouble.evaluation.matching import match, posed
from bodydouble.evaluation.metrics import keypoints_2d
from bodydouble.evaluation.metrics.averages import weighted_mean
from bodydouble.evaluation.metrics.counts import Counts
from bodydouble.evaluation.person_comparison import (
    LIMBS,
    MotionErrors,
    PersonComparison,
    PoseErrors,
    WorldErrors,
    compare_person,
)

BOX_OVERLAP = 0.5
"""Intersection over union from which two boxes show the same person."""

Averaged = TypeVar("Averaged", PoseErrors, MotionErrors, WorldErrors, PictureErrors)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How wrong the people of one clip, or of several, are.

    Counts are exact over several clips; other figures are means over people, weighted by compared frames.
    """

    people: tuple[PersonComparison, ...]
    """True people that were found."""
    missed: tuple[str, ...]
    """True people that were not."""
    extra: tuple[str, ...]
    """Predicted people who are not there."""
    person_frames: Counts
    """True visible person-frames with a pose, predicted ones where nobody is, and those without a pose."""
    clear_frames: Counts
    """Person-frames with every landmark in sight: those in which somebody was seen there, and the others."""
    joints: Counts
    """Limb joints: right within 150 mm, predicted but not right, present but not right."""
    contacts: Counts
    identities: IdentityScores
    picture: PictureErrors

    @property
    def coverage(self) -> float:
        """Share of the true visible person-frames that have a pose, 0 to 1."""
        return self.person_frames.recall

    @property
    def pose(self) -> PoseErrors:
        """Mean over people."""
        return _average([person.pose for person in self.people], self._weights(), PoseErrors())

    @property
    def motion(self) -> MotionErrors:
        """Mean over people."""
        return _average([person.motion for person in self.people], self._weights(), MotionErrors())

    @property
    def world(self) -> WorldErrors:
        """Mean over people."""
        return _average([person.world for person in self.people], self._weights(), WorldErrors())

    def _weights(self) -> list[int]:
        return [person.compared_frames for person in self.people]

    def as_dict(self) -> dict[str, Any]:
        """All figures, nested, ready for JSON: None stands for what could not be measured."""
        result = {
            "coverage": self.coverage,
            "person_frames": self.person_frames,
            "clear_frames": self.clear_frames,
            "joints_150mm": self.joints,
            "pose": self.pose,
            "motion": self.motion,
            "contacts": self.contacts,
            "world": self.world,
            "identities": self.identities,
            "picture": self.picture,
            "missed": self.missed,
            "extra": self.extra,
            "people": [_person(person) for person in self.people],
        }
        return {key: _plain(value) for key, value in result.items()}


def compare(predicted: Performance, truth: Performance) -> Comparison:
    """Measure a performance against the true one of the same clip.

    Predicted people are matched to true people once for the whole clip. A true person-frame without a pose counts
    against coverage, a predicted one where nobody is counts against precision.

    Args:
        predicted: what was estimated.
        truth: with ``observed`` where the person is visible, keypoints with confidence 1 where visible and 0 where
            hidden, and contacts 0 or 1.

    Raises:
        InvalidDataError: the two are of different clips, or have other joints than humanoid.JOINTS.
    """
    return compare_recordings(recording(predicted), recording(truth))


def compare_recordings(predicted: Recording, truth: Recording) -> Comparison:
    """As compare, for people of whom not everything is known (NaN), such as the landmarks of another method."""
    _check_same_clip(predicted, truth)
    matching = match(predicted, truth)
    people = tuple(
        compare_person(predicted, predicted.subjects[j], truth, truth.subjects[i]) for i, j in matching.pairs
    )
    person_frames = _person_frames(predicted, truth, people)
    identities, errors = compare_pictures(predicted, truth, matching)
    return Comparison(
        people=people,
        missed=tuple(truth.subjects[i].name for i in matching.missed),
        extra=tuple(predicted.subjects[j].name for j in matching.extra),
        person_frames=person_frames,
        clear_frames=_clear_frames(predicted, truth),
        joints=_joints(people, person_frames),
        contacts=sum((person.contacts for person in people), Counts()),
        identities=identities,
        picture=errors,
    )


def combine(comparisons: Sequence[Comparison]) -> Comparison:
    """Several clips as one. Raises InvalidDataError if there is none."""
    if not comparisons:
        raise InvalidDataError("combine: there is no comparison to combine")
    weights = [c.person_frames.true_positive + c.person_frames.false_negative for c in comparisons]
    return Comparison(
        people=tuple(person for c in comparisons for person in c.people),
        missed=tuple(name for c in comparisons for name in c.missed),
        extra=tuple(name for c in comparisons for name in c.extra),
        person_frames=sum((c.person_frames for c in comparisons), Counts()),
        clear_frames=sum((c.clear_frames for c in comparisons), Counts()),
        joints=sum((c.joints for c in comparisons), Counts()),
        contacts=sum((c.contacts for c in comparisons), Counts()),
        identities=sum((c.identities for c in comparisons[1:]), comparisons[0].identities),
        picture=_average([c.picture for c in comparisons], weights, PictureErrors()),
    )


def _check_same_clip(predicted: Recording, truth: Recording) -> None:
    for what, a, b in (
        ("frames per second", predicted.fps, truth.fps),
        ("size (px)", predicted.camera.image_size, truth.camera.image_size),
    ):
        if a != b:
            raise InvalidDataError(
                f"the prediction and the truth are not of the same clip: {what} {_text(a)} and {_text(b)}"
            )


def _text(value: object) -> str:
    return " x ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _person_frames(predicted: Recording, truth: Recording, people: Sequence[PersonComparison]) -> Counts:
    visible = sum(int(subject.observed.sum()) for subject in truth.subjects)
    covered = sum(person.compared_frames for person in people)
    hidden = sum(person.hidden_frames for person in people)
    given = sum(int(posed(subject).sum()) for subject in predicted.subjects)
    return Counts(covered, given - covered - hidden, visible - covered)


def _clear_frames(predicted: Recording, truth: Recording) -> Counts:
    """Somebody was seen there if the boxes of anybody's landmarks overlap by BOX_OVERLAP, whoever it was taken for."""
    frames = len(truth.camera.camera_from_world)
    guesses = [_boxes(subject, frames, subject.observed) for subject in predicted.subjects]
    found, total = 0, 0
    for subject in truth.subjects:
        clear = np.all(subject.keypoints[..., 2] > 0.5, axis=1)
        real = _boxes(subject, frames, clear)
        seen = np.zeros(frames, dtype=bool)
        for guess in guesses:
            seen |= keypoints_2d.box_overlap(guess, real) >= BOX_OVERLAP
        found, total = found + int(seen.sum()), total + int(clear.sum())
    return Counts(found, 0, total - found)


def _boxes(subject: Subject, frames: int, wanted: BoolArray) -> FloatArray:
    """(frames, 4) px around the landmarks of a person; NaN in other frames."""
    boxes = np.full((frames, 4), np.nan)
    points = subject.keypoints[wanted][..., :2]
    if len(points):
        boxes[subject.frames[wanted]] = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=-1)
    return boxes


def _joints(people: Sequence[PersonComparison], person_frames: Counts) -> Counts:
    """Wrong joints count twice: as predicted but wrong, and as present but not right."""
    found = sum((person.joints for person in people), Counts())
    present = len(LIMBS) * (person_frames.true_positive + person_frames.false_negative)
    invented = len(LIMBS) * person_frames.false_positive
    return Counts(found.true_positive, found.false_positive + invented, present - found.true_positive)


def _average(parts: Sequence[Averaged], weights: Sequence[float], nothing: Averaged) -> Averaged:
    """The mean by weight of each field of dataclasses of numbers and of dicts of numbers."""
    if not parts:
        return nothing
    values: dict[str, Any] = {}
    for field in fields(nothing):
        column = [getattr(part, field.name) for part in parts]
        if isinstance(column[0], dict):
            values[field.name] = {k: weighted_mean([c[k] for c in column], weights) for k in column[0]}
        else:
            values[field.name] = weighted_mean(column, weights)
    return type(nothing)(**values)


def _person(person: PersonComparison) -> dict[str, Any]:
    names = ("name", "predicted_name", "compared_frames", "hidden_frames", "pose", "motion", "contacts", "world")
    return {name: getattr(person, name) for name in names}


def _plain(value: Any) -> Any:
    """The same in types that JSON has."""
    if isinstance(value, Counts | IdentityScores):
        return _plain(value.as_dict())
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
