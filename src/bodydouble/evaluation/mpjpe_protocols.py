"""Protocols 1 and 2 of Human3.6M and HumanEva (MPJPE, PA-MPJPE), and the velocity error MPJVE, as published.

In: predicted and true ``Takes`` of joint positions (``position_files.py``). Out: a ``ProtocolReport`` of errors per
action (``evaluate_takes``). ``lift_takes`` runs a 2D-to-3D lifter on keypoints of a data set.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TypeVar

import numpy as np

from bodydouble.data import Camera, FloatArray
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.metrics.averages import mean, weighted_mean
from bodydouble.evaluation.metrics.pose import aligned_errors_mm, center_on_root, joint_errors_mm
from bodydouble.evaluation.position_files import LAYOUTS, Cameras, Takes, Views
from bodydouble.geometry.camera import transform

_Value = TypeVar("_Value")

ROOT = 0
"""Index of the pelvis in both layouts."""

LiftFunction = Callable[[FloatArray, FloatArray, tuple[int, int], Fraction], FloatArray]
"""(keypoints (F, K, 2) px, intrinsics (3, 3) px, image size, fps) -> positions (F, J, 3) m in camera axes."""


@dataclass(frozen=True, slots=True)
class ProtocolErrors:
    """Errors averaged over joints and frames."""

    mpjpe_mm: float
    """Protocol 1: distance of joints relative to the pelvis."""
    pa_mpjpe_mm: float
    """Protocol 2: the same after a similarity alignment of each frame."""
    mpjve_mm: float
    """Error of the joints' velocities relative to the pelvis, mm per frame of the file."""


@dataclass(frozen=True, slots=True)
class ProtocolReport:
    """Errors of predictions, by action."""

    frames: int
    """Number of compared frames; each view counts."""
    actions: dict[str, ProtocolErrors]
    """Errors by name of the action."""

    @property
    def average(self) -> ProtocolErrors:
        """Mean over actions, each with the same weight."""
        return _mean_errors(list(self.actions.values()), [1] * len(self.actions))


def take_errors(predicted: FloatArray, truth: FloatArray) -> ProtocolErrors:
    """Computes the errors of the poses of one take.

    Args:
        predicted: (F, J, 3) m; joint 0 is the pelvis.
        truth: (F, J, 3) m, in the same axes. A joint that is NaN in either does not count.

    Source: C. Ionescu et al., "Human3.6M", PAMI 2014 (protocol 1); J. Martinez et al., ICCV 2017 (protocol 2 as used
    since); D. Pavllo et al., "3D human pose estimation in video with temporal convolutions and semi-supervised
    training", CVPR 2019 (MPJVE).
    """
    predicted = center_on_root(np.asarray(predicted, dtype=np.float64), [ROOT])
    truth = center_on_root(np.asarray(truth, dtype=np.float64), [ROOT])
    return ProtocolErrors(
        mpjpe_mm=mean(joint_errors_mm(predicted, truth)),
        pa_mpjpe_mm=mean(aligned_errors_mm(predicted, truth)),
        mpjve_mm=mean(joint_errors_mm(np.diff(predicted, axis=0), np.diff(truth, axis=0))),
    )


def evaluate_takes(
    predicted: Takes, truth: Takes, subjects: Sequence[str] | None = None, cameras: Cameras | None = None
) -> ProtocolReport:
    """Compares all takes of the test subjects.

    Args:
        predicted: one array, or one for each view, for every true take. Frames after the end of the ground truth are
            ignored, as some videos are longer than their motion capture.
        truth: ground truth as stored in the file.
        subjects: subjects to compare; by default, the standard test subjects of the ground truth.
        cameras: without cameras, predictions are in the axes of the ground truth. Otherwise each camera is a view,
            and predictions are in camera axes.

    Raises:
        InvalidDataError: a subject or take is missing, or shapes differ.
    """
    selected_subjects = standard_subjects(truth) if subjects is None else subjects
    errors_by_action: dict[str, list[tuple[ProtocolErrors, int]]] = {}
    for action, predicted_view, true_view in _iterate_views(predicted, truth, selected_subjects, cameras):
        errors_by_action.setdefault(action, []).append((take_errors(predicted_view, true_view), len(true_view)))
    if not errors_by_action:
        raise InvalidDataError("there is no take to compare")
    frames = {action: [count for _, count in views] for action, views in errors_by_action.items()}
    means = {
        action: _mean_errors([e for e, _ in views], frames[action])
        for action, views in sorted(errors_by_action.items())
    }
    return ProtocolReport(sum(map(sum, frames.values())), means)


def lift_takes(lift: LiftFunction, keypoints: Takes, cameras: Cameras, fps: Fraction, subjects: Sequence[str]) -> Takes:
    """Lifts every view of the subjects: predictions for ``evaluate_takes(..., cameras=cameras)``.

    Args:
        lift: function from keypoints in the image to positions in camera axes.
        keypoints: (F, K, 2) px, one for each camera.
        cameras: cameras in the same order.
        fps: frame rate of the takes.
        subjects: subjects to lift.

    Raises:
        InvalidDataError: a subject has no keypoints, or not as many cameras as keypoints have views.
    """

    def lift_views(subject: str, action: str) -> tuple[FloatArray, ...]:
        views, rig = keypoints[subject][action], _look_up(cameras, subject, "cameras")
        if len(views) != len(rig):
            raise InvalidDataError(f"{subject}, {action}: {len(views)} views of keypoints, {len(rig)} cameras")
        return tuple(lift(v, c.intrinsics, c.image_size, fps) for v, c in zip(views, rig, strict=True))

    return {
        subject: {action: lift_views(subject, action) for action in _look_up(keypoints, subject, "keypoints")}
        for subject in subjects
    }


def standard_subjects(truth: Takes) -> tuple[str, ...]:
    """Returns the standard test subjects (S9 and S11 of Human3.6M, Validate of HumanEva) of the ground truth.

    Raises:
        InvalidDataError: the ground truth has none of them.
    """
    standard = [subject for layout in LAYOUTS.values() for subject in layout.TEST_SUBJECTS]
    present = tuple(subject for subject in standard if subject in truth)
    if not present:
        raise InvalidDataError(f"none of the standard test subjects is present; choose from {', '.join(truth)}")
    return present


def _iterate_views(
    predicted: Takes, truth: Takes, subjects: Sequence[str], cameras: Cameras | None
) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """Yields action (Walking for "Walking 1"), prediction and ground truth of every view of every take."""
    for subject in subjects:
        predicted_actions = _look_up(predicted, subject, "predictions")
        for action, stored_views in _look_up(truth, subject, "truth").items():
            predicted_views = _look_up(predicted_actions, action, f"predictions of {subject}")
            rig = None if cameras is None else _look_up(cameras, subject, "cameras")
            true_views = _expand_views(stored_views, rig, len(predicted_views))
            _check_shapes(predicted_views, true_views, f"{subject}, {action}")
            for predicted_view, true_view in zip(predicted_views, true_views, strict=True):
                yield action.split(" ")[0], predicted_view[: len(true_view)], true_view


def _look_up(table: Mapping[str, _Value], name: str, source: str) -> _Value:
    if name not in table:
        raise InvalidDataError(f"{source}: {name!r} is missing; there are {', '.join(table)}")
    return table[name]


def _expand_views(truth: Views, rig: Sequence[Camera] | None, count: int) -> Views:
    """Returns the ground truth in the axes of each camera; without cameras, repeats it for all views."""
    if rig is not None:
        return tuple(transform(camera.camera_from_world[0], truth[0]) for camera in rig)
    return truth * count if len(truth) == 1 else truth


def _check_shapes(predicted: Views, truth: Views, name: str) -> None:
    if len(predicted) != len(truth):
        raise InvalidDataError(f"{name}: predictions of {len(predicted)} views, but the ground truth has {len(truth)}")
    for predicted_view, true_view in zip(predicted, truth, strict=True):
        if len(predicted_view) < len(true_view) or predicted_view.shape[1:] != true_view.shape[1:]:
            raise InvalidDataError(f"{name}: predictions are {predicted_view.shape}, expected {true_view.shape}")


def _mean_errors(errors: Sequence[ProtocolErrors], weights: Sequence[float]) -> ProtocolErrors:
    columns = {field.name: [getattr(e, field.name) for e in errors] for field in fields(ProtocolErrors)}
    return ProtocolErrors(**{name: weighted_mean(values, weights) for name, values in columns.items()})
