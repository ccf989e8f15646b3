"""Accuracy on real video with 3D ground truth: a folder of clips and ``*_truth.npz`` files -> errors of each camera.

The layout of the files is in docs/formats.md#real-video-with-ground-truth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import FloatArray, Performance, Person
from bodydouble.errors import FormatError, NoPeopleError
from bodydouble.evaluation.metrics.pose import aligned_errors_mm, center_on_root, joint_errors_mm
from bodydouble.geometry import camera
from bodydouble.geometry.kinematics import joint_positions
from bodydouble.pipeline import Progress, capture

ROOT_JOINTS = ("leftUpperLeg", "rightUpperLeg")
"""Joints whose midpoint is the root of compared poses."""


@dataclass(frozen=True, slots=True)
class RealView:
    """One camera of a real clip, with ground truth."""

    name: str
    video: Path
    joint_names: tuple[str, ...]
    joints: FloatArray
    """(F, J, 3) m, camera axes."""


@dataclass(frozen=True, slots=True)
class ViewErrors:
    """Errors of the most observed person of a view, over all frames and joints of the ground truth."""

    name: str
    frame_count: int
    mpjpe_mm: float
    """NaN if no person was found."""
    pa_mpjpe_mm: float


def load_views(folder: Path) -> list[RealView]:
    """Reads the views of all ``*_truth.npz`` files in a folder for which there is a video.

    Raises:
        FormatError: the folder has no such file, or it lacks an array.
    """
    views = [view for path in sorted(folder.glob("*_truth.npz")) for view in _read_views(path)]
    if not views:
        raise FormatError(f"{folder} has no *_truth.npz with videos beside it; see docs/formats.md")
    return views


def _read_views(path: Path) -> Iterator[RealView]:
    with np.load(path, allow_pickle=False) as stored:
        arrays = dict(stored)
    clip = path.name.removesuffix("_truth.npz")
    try:
        joints, names = arrays["joints_world"], tuple(arrays["joint_names"].tolist())
        for view in sorted({key.split("/")[0] for key in arrays if "/" in key}):
            video = path.with_name(f"{view}.mp4")
            if video.exists():
                rotation, translation = arrays[f"{view}/rotation_camera_from_world"], arrays[f"{view}/translation_m"]
                yield RealView(f"{clip}, {view}", video, names, joints @ rotation.T + translation)
    except KeyError as error:
        raise FormatError(f"{path} lacks the array {error.args[0]}") from error


def measure_views(views: Sequence[RealView], quality: str, progress: Progress | None = None) -> list[ViewErrors]:
    """Captures each view at a quality preset and compares the result with the ground truth."""
    progress = progress or Progress()
    with progress.stage("capture", len(views)):
        return [compare_view(view, _capture(view.video, quality)) for view in progress.track(views)]


def _capture(video: Path, quality: str) -> Performance | None:
    try:
        return capture(video, quality=quality)
    except NoPeopleError:
        return None


def compare_view(view: RealView, performance: Performance | None) -> ViewErrors:
    """Compares the most observed person with the ground truth of a view, in camera axes."""
    if performance is None:
        return ViewErrors(view.name, 0, np.nan, np.nan)
    person = max(performance.people, key=lambda person: int(person.track.observed.sum()))
    frames = person.track.frames[person.track.frames < len(view.joints)]
    predicted, truth = _joints_in_camera(performance, person, view.joint_names)[: len(frames)], view.joints[frames]
    root = [view.joint_names.index(name) for name in ROOT_JOINTS]
    mpjpe = joint_errors_mm(center_on_root(predicted, root), center_on_root(truth, root)).mean()
    return ViewErrors(view.name, len(frames), float(mpjpe), float(aligned_errors_mm(predicted, truth).mean()))


def _joints_in_camera(performance: Performance, person: Person, names: Sequence[str]) -> FloatArray:
    """Returns the named joints (T, J, 3) m of a person in the axes of the camera of each frame."""
    motion = person.motion
    joints = joint_positions(motion)[:, [motion.skeleton.index(name) for name in names]]
    return camera.transform(performance.camera.camera_from_world[person.track.frames], joints)


def tabulate(errors: Sequence[ViewErrors]) -> tuple[list[str], list[list[str]]]:
    """Returns headings and rows of a table, with the mean over views in the last row."""
    rows = [[e.name, str(e.frame_count), f"{e.mpjpe_mm:.1f}", f"{e.pa_mpjpe_mm:.1f}"] for e in errors]
    mpjpe, pa_mpjpe = (float(np.mean([getattr(e, key) for e in errors])) for key in ("mpjpe_mm", "pa_mpjpe_mm"))
    rows.append(["mean of the views", str(sum(e.frame_count for e in errors)), f"{mpjpe:.1f}", f"{pa_mpjpe:.1f}"])
    return ["view", "frames", "MPJPE, mm", "PA-MPJPE, mm"], rows


def as_dict(quality: str, errors: Sequence[ViewErrors]) -> dict[str, Any]:
    """Returns all figures, ready for JSON; None where no person was found."""
    return {
        "quality": quality,
        "views": [
            {
                "name": e.name,
                "frames": e.frame_count,
                "mpjpe_mm": e.mpjpe_mm if np.isfinite(e.mpjpe_mm) else None,
                "pa_mpjpe_mm": e.pa_mpjpe_mm if np.isfinite(e.pa_mpjpe_mm) else None,
            }
            for e in errors
        ],
    }
