"""Facing on video: how often people are shown from the wrong side, with ground truth and without it.

Without ground truth, the motion is compared with the keypoints from which it was estimated: the fraction of frames in
which the order of shoulders or hips is the opposite one, and the reprojection error. Clips of ``bodydouble synth`` have
their ground truth beside them, a performance file of the same name.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import FloatArray, Performance
from bodydouble.errors import NoPeopleError
from bodydouble.evaluation.evaluation_clip import EvaluationClip, project_joints, to_evaluation_clip
from bodydouble.evaluation.matching import common_frames, match_people
from bodydouble.evaluation.metrics import facing
from bodydouble.evaluation.metrics.averages import mean
from bodydouble.evaluation.report.person_metrics import measure_people
from bodydouble.formats import performance as performance_file
from bodydouble.pipeline import Progress, capture


@dataclass(frozen=True, slots=True)
class FacingErrors:
    """Facing errors of a clip, over all frames of all people; NaN where nothing was measured."""

    name: str
    frames: int
    """Number of frames in which a person was observed."""
    contradicted_percent: float
    """Frames in which shoulders or hips have the opposite order of clear keypoints."""
    reprojection_percent: float
    """Mean reprojection error in percent of the longer side of the person's box."""
    wrong_side_percent: float
    """Frames in which the lateral axis is off by more than 90 degrees."""
    mean_error_deg: float
    """Mean angle between the estimated and the true lateral axis."""
    changes: int
    """Number of changes between the right and the wrong side."""


def measure_clips(videos: Sequence[Path], quality: str, progress: Progress | None = None) -> list[FacingErrors]:
    """Captures videos at a quality preset and measures the facing of the people in them.

    Raises:
        BodydoubleError: a video or a ground truth beside it cannot be read.
    """
    progress = progress or Progress()
    with progress.stage("capture", len(videos)):
        return [_measure_video(video, quality) for video in progress.track(videos)]


def _measure_video(video: Path, quality: str) -> FacingErrors:
    path = video.with_suffix(".npz")
    truth = performance_file.load(path) if path.exists() else None
    try:
        return measure_facing(video.stem, capture(video, quality=quality), truth)
    except NoPeopleError:
        return FacingErrors(video.stem, 0, np.nan, np.nan, np.nan, np.nan, 0)


def measure_facing(name: str, performance: Performance, truth: Performance | None = None) -> FacingErrors:
    """Measures the facing of all people of a performance, with its ground truth if there is one."""
    clip = to_evaluation_clip(performance)
    contradicted = [
        facing.contradicts_keypoints(project_joints(clip, person), person.keypoints, person.boxes)[person.observed]
        for person in clip.people
    ]
    errors = _facing_errors_deg(clip, to_evaluation_clip(truth)) if truth else []
    all_errors = np.concatenate([*errors, np.empty(0)])
    return FacingErrors(
        name,
        sum(len(frames) for frames in contradicted),
        100 * mean(np.concatenate([frames.any(axis=1) for frames in contradicted]).astype(np.float64)),
        mean(np.concatenate([person.reprojection_percent for person in measure_people(performance)])),
        100 * mean(np.where(np.isfinite(all_errors), all_errors > facing.WRONG_SIDE_ANGLE_DEG, np.nan)),
        mean(all_errors),
        sum(facing.count_facing_changes(person_errors) for person_errors in errors),
    )


def _facing_errors_deg(clip: EvaluationClip, truth: EvaluationClip) -> list[FloatArray]:
    """Returns the facing errors (T,) in degrees of each person who is found, in camera axes."""
    errors = []
    for true_index, index in match_people(clip, truth).pairs:
        person, true_person = clip.people[index], truth.people[true_index]
        rows, true_rows = common_frames(person.frames, true_person.frames)
        joints, true_joints = clip.joints_in_camera(person)[rows], truth.joints_in_camera(true_person)[true_rows]
        errors.append(facing.facing_errors_deg(joints, true_joints))
    return errors


def tabulate(errors: Sequence[FacingErrors]) -> tuple[list[str], list[list[str]]]:
    """Returns headings and rows of a table, one clip per row."""
    headings = [
        "clip", "frames", "contradicted, %", "reprojection, %", "wrong side, %", "error, degrees", "changes",
    ]  # fmt: skip
    rows = [
        [
            e.name, str(e.frames), f"{e.contradicted_percent:.1f}", f"{e.reprojection_percent:.2f}",
            f"{e.wrong_side_percent:.1f}", f"{e.mean_error_deg:.1f}", str(e.changes),
        ]
        for e in errors
    ]  # fmt: skip
    return headings, [["-" if cell == "nan" else cell for cell in row] for row in rows]


def as_dict(quality: str, errors: Sequence[FacingErrors]) -> dict[str, Any]:
    """Returns all figures, ready for JSON; None where nothing was measured."""
    clips = [
        {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in asdict(e).items()}
        for e in errors
    ]
    return {"quality": quality, "clips": clips}
