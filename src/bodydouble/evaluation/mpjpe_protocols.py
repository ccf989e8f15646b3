"""Protocols 1 and 2 of Human3.6M and HumanEva, and the velocity error, as the literature reports them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TypeVar

import numpy as np

from bodydouble.data import Camera, FloatArray
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.metrics.averages import mean, weighted_mean
from bodydouble.evaluation.metrics.pose import aligned_errors_mm, centred, joint_errors_mm
from bodydouble.evaluation.position_files import LAYOUTS, Cameras, Takes, Views
from bodydouble.geometry.camera import transform

_Value = TypeVar("_Value")

ROOT = 0
"""The pelvis, in both layouts."""

Lift = Callable[[FloatArray, FloatArray, tuple[int, int], Fraction], FloatArray]
"""(keypoints (F, K, 2) px, intrinsics (3, 3) px, size, frames a second) -> positions (F, J, 3) m in camera axes."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Means over joints and frames."""

    mpjpe_mm: float
    """Protocol 1: distance of joints relative to the pelvis."""
    pa_mpjpe_mm: float
    """Protocol 2: the same after the best turn, shift and scale of each frame."""
    mpjve_mm: float
    """Distance of the joints' movements relative to the pelvis, mm per frame of the file."""


@dataclass(frozen=True, slots=True)
class Report:
    """The errors of predictions."""

    frames: int
    """Compared frames, each view counted."""
    actions: dict[str, Errors]

    @property
    def average(self) -> Errors:
        """Mean over actions, each counted once, however long."""
        return _mean(list(self.actions.values()), [1] * len(self.actions))


def take_errors(predicted: FloatArray, truth: FloatArray) -> Errors:
    """Compare the poses of one take.

    Args:
        predicted: (F, J, 3) m; joint 0 is the pelvis.
        truth: (F, J, 3) m, in the same axes. A joint that is NaN in either does not count.

    Source: C. Ionescu et al., "Human3.6M", PAMI 2014 (protocol 1); J. Martinez et al., ICCV 2017 (protocol 2 as used
    since); D. Pavllo et al., "3D human pose estimation in video with temporal convolutions and semi-supervised
    training", CVPR 2019 (MPJVE).
    """
    predicted = centred(np.asarray(predicted, dtype=np.float64), [ROOT])
    truth = centred(np.asarray(truth, dtype=np.float64), [ROOT])
    return Errors(
        mpjpe_mm=mean(joint_errors_mm(predicted, truth)),
        pa_mpjpe_mm=mean(aligned_errors_mm(predicted, truth)),
        mpjve_mm=mean(joint_errors_mm(np.diff(predicted, axis=0), np.diff(truth, axis=0))),
    )


def evaluate(
    predicted: Takes, truth: Takes, subjects: Sequence[str] | None = None, cameras: Cameras | None = None
) -> Report:
    """Compare all takes of the test subjects.

    Args:
        predicted: for every take of the truth either one array or one for each view. Frames beyond the truth's end
            are left out, as some of the videos are longer than their motion capture.
        truth: as the file holds them.
        subjects: who is compared; by default the standard test subjects that the truth has.
        cameras: without them, predictions are in the truth's axes. With them, each camera is a view, and predictions
            are in the axes of its camera.

    Raises:
        InvalidDataError: a subject or take is missing, or shapes differ.
    """
    chosen = standard_subjects(truth) if subjects is None else subjects
    found: dict[str, list[tuple[Errors, int]]] = {}
    for action, guess, true in _compared(predicted, truth, chosen, cameras):
        found.setdefault(action, []).append((take_errors(guess, true), len(true)))
    if not found:
        raise InvalidDataError("there is no take to compare")
    frames = {action: [count for _, count in views] for action, views in found.items()}
    means = {action: _mean([e for e, _ in views], frames[action]) for action, views in sorted(found.items())}
    return Report(sum(map(sum, frames.values())), means)


def lift_all(lift: Lift, keypoints: Takes, cameras: Cameras, fps: Fraction, subjects: Sequence[str]) -> Takes:
    """Lift every view of the subjects: predictions for ``evaluate(..., cameras=cameras)``.

    Args:
        lift: from keypoints in the picture to positions in camera axes.
        keypoints: (F, K, 2) px, one for each camera.
        cameras: in the same order.
        fps: of the takes.
        subjects: whose takes.

    Raises:
        InvalidDataError: a subject has no keypoints, or not as many cameras as keypoints have views.
    """

    def lifted(subject: str, action: str) -> tuple[FloatArray, ...]:
        views, rig = keypoints[subject][action], _of(cameras, subject, "cameras")
        if len(views) != len(rig):
            raise InvalidDataError(f"{subject}, {action}: {len(views)} views of keypoints, {len(rig)} cameras")
        return tuple(lift(v, c.intrinsics, c.image_size, fps) for v, c in zip(views, rig, strict=True))

    return {
        subject: {action: lifted(subject, action) for action in _of(keypoints, subject, "keypoints")}
        for subject in subjects
    }


def standard_subjects(truth: Takes) -> tuple[str, ...]:
    """Those of the usual test subjects (S9 and S11 of Human3.6M, the Validate part of HumanEva) whom the truth has.

    Raises:
        InvalidDataError: it has none of them.
    """
    known = [subject for layout in LAYOUTS.values() for subject in layout.TEST_SUBJECTS]
    found = tuple(subject for subject in known if subject in truth)
    if not found:
        raise InvalidDataError(f"none of the usual test subjects is there; choose from {', '.join(truth)}")
    return found


def _compared(
    predicted: Takes, truth: Takes, subjects: Sequence[str], cameras: Cameras | None
) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """Name of the action (Walking for "Walking 1"), predictions, truth: for every view of every take."""
    for subject in subjects:
        guesses = _of(predicted, subject, "predictions")
        for action, true in _of(truth, subject, "truth").items():
            guess = _of(guesses, action, f"predictions of {subject}")
            rig = None if cameras is None else _of(cameras, subject, "cameras")
            views = _views(true, rig, len(guess))
            _check_shapes(guess, views, f"{subject}, {action}")
            for one, other in zip(guess, views, strict=True):
                yield action.split(" ")[0], one[: len(other)], other


def _of(table: Mapping[str, _Value], name: str, where: str) -> _Value:
    if name not in table:
        raise InvalidDataError(f"{where}: {name!r} is missing; there are {', '.join(table)}")
    return table[name]


def _views(truth: Views, rig: Sequence[Camera] | None, count: int) -> Views:
    """The truth in the axes of each camera; without cameras, one truth serves all views."""
    if rig is not None:
        return tuple(transform(camera.camera_from_world[0], truth[0]) for camera in rig)
    return truth * count if len(truth) == 1 else truth


def _check_shapes(predicted: Views, truth: Views, name: str) -> None:
    if len(predicted) != len(truth):
        raise InvalidDataError(f"{name}: predictions of {len(predicted)} views, but the truth has {len(truth)}")
    for guess, true in zip(predicted, truth, strict=True):
        if len(guess) < len(true) or guess.shape[1:] != true.shape[1:]:
            raise InvalidDataError(f"{name}: predictions are {guess.shape}, expected {true.shape}")


def _mean(errors: Sequence[Errors], weights: Sequence[float]) -> Errors:
    columns = {field.name: [getattr(e, field.name) for e in errors] for field in fields(Errors)}
    return Errors(**{name: weighted_mean(values, weights) for name, values in columns.items()})
