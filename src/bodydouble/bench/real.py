"""Accuracy on real video with 3D ground truth: a folder of clips with ground truth -> errors of each camera.

Ground truth is a ``*_truth.npz`` file, or the points that the views of a calibrated camera array agree about. The
layout of the files is in docs/formats.md#real-video-with-ground-truth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.bench import hand_accuracy
from bodydouble.bench.camera_arrays import CameraArray, Triangulation, load_camera_arrays, triangulate
from bodydouble.bench.head_agreement import measure_head_disagreement
from bodydouble.data import FloatArray, Performance, Person
from bodydouble.errors import FormatError, NoPeopleError
from bodydouble.evaluation.metrics.pose import aligned_errors_mm, center_on_root, joint_errors_mm
from bodydouble.geometry import camera
from bodydouble.geometry.kinematics import joint_positions
from bodydouble.motion.body.body_landmarks import SHOULDERS, landmark_positions
from bodydouble.pipeline import Progress, capture
from bodydouble.skeletons import blazepose

ROOT_JOINTS = ("leftUpperLeg", "rightUpperLeg")
"""Joints whose midpoint is the root of compared poses."""
UPPER_BODY = (
    "nose", "left_ear", "right_ear", *SHOULDERS, "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip
"""Landmarks that are triangulated from a camera array: head and arms. The root is the midpoint of the shoulders."""
MIN_CONFIDENCE = 0.5
"""Minimum confidence of a keypoint that is triangulated."""
MIN_POINTS = 5
"""Minimum number of triangulated landmarks of a frame that is compared."""

_UPPER_BODY = [blazepose.INDEX[name] for name in UPPER_BODY]
_SHOULDERS = [UPPER_BODY.index(name) for name in SHOULDERS]


@dataclass(frozen=True, slots=True)
class RealView:
    """One camera of a real clip, with ground truth."""

    name: str
    video: Path
    joint_names: tuple[str, ...]
    joints: FloatArray
    """(F, J, 3) m, camera axes."""
    up: FloatArray
    """(3,) unit vector opposite to gravity, camera axes."""


@dataclass(frozen=True, slots=True)
class ViewErrors:
    """Errors of the most observed person of a view, over the frames and joints that have a ground truth."""

    name: str
    frame_count: int
    mpjpe_mm: float
    """NaN if no person was found."""
    pa_mpjpe_mm: float
    up_error_deg: float = float("nan")
    """Angle between the estimated and the true up direction, mean over frames; NaN if it is not known."""


@dataclass(frozen=True, slots=True)
class ArrayErrors:
    """Errors of the views of a camera array, and how many points its ground truth has."""

    name: str
    views: tuple[ViewErrors, ...]
    point_count: int
    """Number of triangulated points."""
    max_point_count: int
    """Number of landmarks times number of common times."""
    residual_px: float
    """Median reprojection residual of the views that agree; NaN without points."""
    head_disagreement_deg: float
    """Median angle between the heads of two views at a common time; NaN without one."""
    hands: tuple[hand_accuracy.HandErrors, ...]
    """Errors of the hands in each view."""


@dataclass(frozen=True, slots=True)
class RealErrors:
    """Errors on all clips of a folder at one quality preset."""

    quality: str
    views: tuple[ViewErrors, ...]
    """Views of clips with a ``*_truth.npz`` file."""
    arrays: tuple[ArrayErrors, ...]


def measure_folder(folder: Path, quality: str, progress: Progress | None = None) -> RealErrors:
    """Captures all views of a folder at a quality preset and compares them with the ground truth.

    Raises:
        FormatError: the folder has no ground truth, or it cannot be read.
    """
    views, arrays = load_views(folder), load_camera_arrays(folder)
    if not views and not arrays:
        raise FormatError(f"{folder} has no ground truth with videos; see docs/formats.md")
    return RealErrors(
        quality,
        tuple(measure_views(views, quality, progress)) if views else (),
        tuple(measure_array(array, quality, progress) for array in arrays),
    )


def load_views(folder: Path) -> list[RealView]:
    """Reads the views of all ``*_truth.npz`` files in a folder for which there is a video.

    Raises:
        FormatError: a file lacks an array.
    """
    return [view for path in sorted(folder.glob("*_truth.npz")) for view in _read_views(path)]


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
                yield RealView(f"{clip}, {view}", video, names, joints @ rotation.T + translation, rotation[:, 2])
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
    person = _main_person(performance)
    frames = person.track.frames[person.track.frames < len(view.joints)]
    predicted, truth = _joints_in_camera(performance, person, view.joint_names)[: len(frames)], view.joints[frames]
    root = [view.joint_names.index(name) for name in ROOT_JOINTS]
    mpjpe = joint_errors_mm(center_on_root(predicted, root), center_on_root(truth, root)).mean()
    pa_mpjpe, up_error = aligned_errors_mm(predicted, truth).mean(), up_errors_deg(performance, view.up).mean()
    return ViewErrors(view.name, len(frames), float(mpjpe), float(pa_mpjpe), float(up_error))


def up_errors_deg(performance: Performance, up: FloatArray) -> FloatArray:
    """Returns the angle (F,) in degrees between the up direction of each frame and the true one (3,), camera axes."""
    cosine = performance.camera.camera_from_world[:, :3, 1] @ up
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def measure_array(array: CameraArray, quality: str, progress: Progress | None = None) -> ArrayErrors:
    """Captures each view of a camera array and compares it with what all views agree about."""
    progress = progress or Progress()
    with progress.stage("capture", len(array.cameras)):
        performances = [_capture(view.video, quality) for view in progress.track(array.cameras)]
    return compare_array(array, performances)


def compare_array(array: CameraArray, performances: Sequence[Performance | None]) -> ArrayErrors:
    """Compares the most observed person of each view with the points triangulated from all views.

    Args:
        array: V cameras.
        performances: of each view; None if nobody was found.
    """
    truth = triangulate_landmarks(array, performances)
    residuals = truth.residuals_px[np.isfinite(truth.residuals_px)]
    people = [None if performance is None else _main_person(performance) for performance in performances]
    return ArrayErrors(
        name=array.name,
        views=tuple(
            _compare_array_view(array, index, performances[index], truth) for index in range(len(performances))
        ),
        point_count=int(np.isfinite(truth.points[..., 0]).sum()),
        max_point_count=truth.points[..., 0].size,
        residual_px=float(np.median(residuals)) if residuals.size else float("nan"),
        head_disagreement_deg=measure_head_disagreement(array, performances, people),
        hands=hand_accuracy.compare_hands(array, people),
    )


def triangulate_landmarks(array: CameraArray, performances: Sequence[Performance | None]) -> Triangulation:
    """Triangulates the UPPER_BODY (F, 9) of the most observed person of each view, at all common times F."""
    keypoints = np.full((len(performances), array.time_count, len(UPPER_BODY), 3), [np.nan, np.nan, 0.0])
    for view, camera_, performance in zip(keypoints, array.cameras, performances, strict=True):
        if performance is not None:
            track = _main_person(performance).track
            frames = track.frames[track.observed & (track.frames < len(camera_.sync_indices))]
            view[camera_.sync_indices[frames]] = track.keypoints[frames - track.frames[0]][:, _UPPER_BODY]
    sizes = np.array([view.image_size for view in array.cameras])[:, None, None]
    inside = ((keypoints[..., :2] >= 0) & (keypoints[..., :2] <= sizes)).all(axis=-1)
    return triangulate(array.cameras, keypoints[..., :2], inside & (keypoints[..., 2] >= MIN_CONFIDENCE))


def _compare_array_view(
    array: CameraArray, index: int, performance: Performance | None, triangulation: Triangulation
) -> ViewErrors:
    view = array.cameras[index]
    name = f"{array.name}, {view.name}"
    if performance is None:
        return ViewErrors(name, 0, np.nan, np.nan)
    person = _main_person(performance)
    frames = person.track.frames[person.track.frames < len(view.sync_indices)]
    truth = camera.transform(view.camera_from_world, triangulation.points[view.sync_indices[frames]])
    is_compared = np.isfinite(truth[..., 0]).sum(axis=1) >= MIN_POINTS
    predicted = _upper_body_in_camera(performance, person)[: len(frames)][is_compared]
    truth = truth[is_compared]
    mpjpe = joint_errors_mm(center_on_root(predicted, _SHOULDERS), center_on_root(truth, _SHOULDERS))
    return ViewErrors(name, len(truth), _mean_mm(mpjpe), _mean_mm(aligned_errors_mm(predicted, truth)))


def _mean_mm(errors: FloatArray) -> float:
    known = errors[np.isfinite(errors)]
    return float(known.mean()) if known.size else float("nan")


def _main_person(performance: Performance) -> Person:
    return max(performance.people, key=lambda person: int(person.track.observed.sum()))


def _upper_body_in_camera(performance: Performance, person: Person) -> FloatArray:
    """Returns the UPPER_BODY landmarks (T, 9, 3) m of a person in the axes of the camera of each frame."""
    motion = person.motion
    landmarks = landmark_positions(motion.skeleton, motion.rotations, motion.root_position)[:, _UPPER_BODY]
    return camera.transform(performance.camera.camera_from_world[person.track.frames], landmarks)


def _joints_in_camera(performance: Performance, person: Person, names: Sequence[str]) -> FloatArray:
    """Returns the named joints (T, J, 3) m of a person in the axes of the camera of each frame."""
    motion = person.motion
    joints = joint_positions(motion)[:, [motion.skeleton.index(name) for name in names]]
    return camera.transform(performance.camera.camera_from_world[person.track.frames], joints)


def tabulate(errors: Sequence[ViewErrors]) -> tuple[list[str], list[list[str]]]:
    """Returns headings and rows of a table, with the mean over views in the last row.

    The error of the up direction is left out where it is not known.
    """
    keys = ("mpjpe_mm", "pa_mpjpe_mm", "up_error_deg")
    figures = np.array([[getattr(e, key) for key in keys] for e in errors])
    names = [*(e.name for e in errors), "mean of the views"]
    counts = [e.frame_count for e in errors]
    known = np.array([True, True, bool(np.isfinite(figures[:, 2]).any())])
    values = np.concatenate([figures, figures.mean(axis=0, keepdims=True)])
    rows = [
        [name, str(count), *(f"{value:.1f}" for value in row[known])]
        for name, count, row in zip(names, [*counts, sum(counts)], values, strict=True)
    ]
    headings = np.array(["MPJPE, mm", "PA-MPJPE, mm", "up, degrees"])
    return ["view", "frames", *headings[known].tolist()], rows


def describe_ground_truth(errors: ArrayErrors) -> str:
    """Returns a sentence about the triangulated points of a camera array."""
    return (
        f"{errors.name}: {errors.point_count} of {errors.max_point_count} points of head and arms triangulated, "
        f"median reprojection residual {errors.residual_px:.1f} px; heads of two views differ by "
        f"{errors.head_disagreement_deg:.1f} degrees (median)"
    )


def as_dict(errors: RealErrors) -> dict[str, Any]:
    """Returns all figures, ready for JSON; None where no person was found."""
    return {
        "quality": errors.quality,
        "views": [_view_as_dict(view) for view in errors.views],
        "camera_arrays": [
            {
                "name": array.name,
                "points": array.point_count,
                "max_points": array.max_point_count,
                "residual_px": _finite(array.residual_px),
                "head_disagreement_deg": _finite(array.head_disagreement_deg),
                "views": [_view_as_dict(view) for view in array.views],
                "hands": [hand_accuracy.as_dict(hands) for hands in array.hands],
            }
            for array in errors.arrays
        ],
    }


def _view_as_dict(errors: ViewErrors) -> dict[str, Any]:
    return {
        "name": errors.name,
        "frames": errors.frame_count,
        "mpjpe_mm": _finite(errors.mpjpe_mm),
        "pa_mpjpe_mm": _finite(errors.pa_mpjpe_mm),
        "up_error_deg": _finite(errors.up_error_deg),
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
