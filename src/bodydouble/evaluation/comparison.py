"""Comparison of a predicted performance with the ground truth.

In: two ``Performance`` of one clip (``compare``), or two ``EvaluationClip`` (``compare_clips``). Out: a ``Comparison``
with all metrics of docs/metrics.md. ``person_comparison.py`` measures one matched person, ``keypoint_comparison.py``
identities and 2D keypoints.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Performance
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.evaluation_clip import EvaluatedPerson, EvaluationClip, to_evaluation_clip
from bodydouble.evaluation.keypoint_comparison import IdentityScores, ImageErrors, compare_keypoints
from bodydouble.evaluation.matching import has_pose, match_people
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

MIN_BOX_IOU = 0.5
"""Minimum intersection over union of two boxes of the same person."""

Averaged = TypeVar("Averaged", PoseErrors, MotionErrors, WorldErrors, ImageErrors)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All metrics of one clip, or of several.

    Counts are added over clips; other metrics are means over people, weighted by compared frames.
    """

    people: tuple[PersonComparison, ...]
    """True people with a matched prediction."""
    missed: tuple[str, ...]
    """Names of the true people without a match."""
    extra: tuple[str, ...]
    """Names of the predicted people without a match."""
    person_frames: Counts
    """Visible true person-frames with a pose, predicted ones without a true person, and those without a pose."""
    fully_visible_frames: Counts
    """True person-frames with every landmark visible: those with a detection there, and the others."""
    joints: Counts
    """Limb joints: correct within 150 mm, predicted but wrong, present but not predicted correctly."""
    contacts: Counts
    """Contacts of the soles with the floor, per point and frame."""
    identities: IdentityScores
    image: ImageErrors

    @property
    def coverage(self) -> float:
        """Fraction of the visible true person-frames that have a pose, 0 to 1."""
        return self.person_frames.recall

    @property
    def pose(self) -> PoseErrors:
        """Pose errors, averaged over people."""
        return _average([person.pose for person in self.people], self._weights(), PoseErrors())

    @property
    def motion(self) -> MotionErrors:
        """Motion errors, averaged over people."""
        return _average([person.motion for person in self.people], self._weights(), MotionErrors())

    @property
    def world(self) -> WorldErrors:
        """World errors, averaged over people."""
        return _average([person.world for person in self.people], self._weights(), WorldErrors())

    def _weights(self) -> list[int]:
        return [person.compared_frames for person in self.people]

    def as_dict(self) -> dict[str, Any]:
        """Returns all metrics as nested JSON types; None marks values that could not be measured."""
        result = {
            "coverage": self.coverage,
            "person_frames": self.person_frames,
            "clear_frames": self.fully_visible_frames,
            "joints_150mm": self.joints,
            "pose": self.pose,
            "motion": self.motion,
            "contacts": self.contacts,
            "world": self.world,
            "identities": self.identities,
            "picture": self.image,
            "missed": self.missed,
            "extra": self.extra,
            "people": [_person_fields(person) for person in self.people],
        }
        return {key: _to_json_types(value) for key, value in result.items()}


def compare(predicted: Performance, truth: Performance) -> Comparison:
    """Compares a performance with the ground truth of the same clip.

    Predicted people are matched to true people once for the whole clip. A true person-frame without a pose lowers
    coverage, a predicted person-frame without a true person lowers precision.

    Args:
        predicted: the estimate.
        truth: the ground truth: ``observed`` where the person is visible, keypoints with confidence 1 where visible
            and 0 where occluded, and contacts 0 or 1.

    Raises:
        InvalidDataError: the two are of different clips, or have other joints than humanoid.JOINTS.
    """
    return compare_clips(to_evaluation_clip(predicted), to_evaluation_clip(truth))


def compare_clips(predicted: EvaluationClip, truth: EvaluationClip) -> Comparison:
    """Compares two clips as ``compare`` does; values that a method does not estimate are NaN."""
    _check_same_clip(predicted, truth)
    matching = match_people(predicted, truth)
    people = tuple(compare_person(predicted, predicted.people[j], truth, truth.people[i]) for i, j in matching.pairs)
    person_frames = _count_person_frames(predicted, truth, people)
    identities, errors = compare_keypoints(predicted, truth, matching)
    return Comparison(
        people=people,
        missed=tuple(truth.people[i].name for i in matching.missed),
        extra=tuple(predicted.people[j].name for j in matching.extra),
        person_frames=person_frames,
        fully_visible_frames=_count_fully_visible_frames(predicted, truth),
        joints=_count_joints(people, person_frames),
        contacts=sum((person.contacts for person in people), Counts()),
        identities=identities,
        image=errors,
    )


def combine(comparisons: Sequence[Comparison]) -> Comparison:
    """Combines the comparisons of several clips into one.

    Raises:
        InvalidDataError: there is no comparison.
    """
    if not comparisons:
        raise InvalidDataError("combine: there is no comparison to combine")
    weights = [c.person_frames.true_positive + c.person_frames.false_negative for c in comparisons]
    return Comparison(
        people=tuple(person for c in comparisons for person in c.people),
        missed=tuple(name for c in comparisons for name in c.missed),
        extra=tuple(name for c in comparisons for name in c.extra),
        person_frames=sum((c.person_frames for c in comparisons), Counts()),
        fully_visible_frames=sum((c.fully_visible_frames for c in comparisons), Counts()),
        joints=sum((c.joints for c in comparisons), Counts()),
        contacts=sum((c.contacts for c in comparisons), Counts()),
        identities=sum((c.identities for c in comparisons[1:]), comparisons[0].identities),
        image=_average([c.image for c in comparisons], weights, ImageErrors()),
    )


def _check_same_clip(predicted: EvaluationClip, truth: EvaluationClip) -> None:
    for name, a, b in (
        ("frames per second", predicted.fps, truth.fps),
        ("size (px)", predicted.camera.image_size, truth.camera.image_size),
    ):
        if a != b:
            raise InvalidDataError(
                "the prediction and the ground truth are not of the same clip: "
                f"{name} {_format_value(a)} and {_format_value(b)}"
            )


def _format_value(value: object) -> str:
    return " x ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _count_person_frames(
    predicted: EvaluationClip, truth: EvaluationClip, people: Sequence[PersonComparison]
) -> Counts:
    visible = sum(int(person_in_clip.observed.sum()) for person_in_clip in truth.people)
    covered = sum(person.compared_frames for person in people)
    occluded = sum(person.hidden_frames for person in people)
    with_pose = sum(int(has_pose(subject).sum()) for subject in predicted.people)
    return Counts(covered, with_pose - covered - occluded, visible - covered)


def _count_fully_visible_frames(predicted: EvaluationClip, truth: EvaluationClip) -> Counts:
    """Counts a fully visible person as detected if any predicted box overlaps its box, whatever the identity."""
    frames = len(truth.camera.camera_from_world)
    predicted_boxes = [_landmark_boxes(person, frames, person.observed) for person in predicted.people]
    detected, total = 0, 0
    for subject in truth.people:
        fully_visible = np.all(subject.keypoints[..., 2] > 0.5, axis=1)
        true_boxes = _landmark_boxes(subject, frames, fully_visible)
        overlapped = np.zeros(frames, dtype=bool)
        for boxes in predicted_boxes:
            overlapped |= keypoints_2d.box_overlap(boxes, true_boxes) >= MIN_BOX_IOU
        detected, total = detected + int(overlapped.sum()), total + int(fully_visible.sum())
    return Counts(detected, 0, total - detected)


def _landmark_boxes(person: EvaluatedPerson, frames: int, selected: BoolArray) -> FloatArray:
    """Returns boxes (frames, 4) px around the landmarks of a person; NaN in frames that are not selected."""
    boxes = np.full((frames, 4), np.nan)
    points = person.keypoints[selected][..., :2]
    if len(points):
        boxes[person.frames[selected]] = keypoints_2d.bounding_boxes(points)
    return boxes


def _count_joints(people: Sequence[PersonComparison], person_frames: Counts) -> Counts:
    """Adds up joints; a wrong joint counts twice, as false positive and as false negative."""
    counts = sum((person.joints for person in people), Counts())
    present = len(LIMBS) * (person_frames.true_positive + person_frames.false_negative)
    false_positive = len(LIMBS) * person_frames.false_positive
    return Counts(counts.true_positive, counts.false_positive + false_positive, present - counts.true_positive)


def _average(parts: Sequence[Averaged], weights: Sequence[float], default: Averaged) -> Averaged:
    """Averages each field of dataclasses of numbers and of dicts of numbers by weight."""
    if not parts:
        return default
    values: dict[str, Any] = {}
    for field in fields(default):
        column = [getattr(part, field.name) for part in parts]
        if isinstance(column[0], dict):
            values[field.name] = {k: weighted_mean([c[k] for c in column], weights) for k in column[0]}
        else:
            values[field.name] = weighted_mean(column, weights)
    return type(default)(**values)


def _person_fields(person: PersonComparison) -> dict[str, Any]:
    names = ("name", "predicted_name", "compared_frames", "hidden_frames", "pose", "motion", "contacts", "world")
    return {name: getattr(person, name) for name in names}


def _to_json_types(value: Any) -> Any:
    """Converts a value to types that JSON has."""
    if isinstance(value, Counts | IdentityScores):
        return _to_json_types(value.as_dict())
    if is_dataclass(value):
        return {field.name: _to_json_types(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: _to_json_types(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json_types(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
