"""Ground truth from several calibrated cameras: a folder with ``camera_array.toml`` -> triangulated points.

The layout of the files, which is that of the program Caliscope, is in docs/formats.md#real-video-with-ground-truth.
"""

import csv
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.errors import FormatError
from bodydouble.geometry import camera

CALIBRATION_FILE = "camera_array.toml"
TIMESTAMPS_FILE = "timestamps.csv"
MAX_RESIDUAL_PX = 20.0
"""Maximum reprojection residual in px of a view that sees a point."""
MIN_VIEWS = 3
"""Minimum number of views that agree about a point; any two views agree about some point."""
UNDISTORT_ITERATIONS = 30
"""Number of fixed-point iterations that invert the distortion."""


@dataclass(frozen=True, slots=True)
class ArrayCamera:
    """One calibrated camera of an array, with its video."""

    name: str
    video: Path
    image_size: tuple[int, int]
    """Width and height, px."""
    intrinsics: FloatArray
    """(3, 3) px."""
    distortion: FloatArray
    """(5,) k1, k2, p1, p2, k3 of the Brown-Conrady model."""
    camera_from_world: FloatArray
    """(4, 4)."""
    sync_indices: IntArray
    """(F,) index of the common time of each frame of the video."""


@dataclass(frozen=True, slots=True)
class CameraArray:
    """Cameras that film the same scene at common times."""

    name: str
    cameras: tuple[ArrayCamera, ...]

    @property
    def time_count(self) -> int:
        """Number of common times, from 0."""
        return 1 + max(int(camera.sync_indices.max()) for camera in self.cameras)


@dataclass(frozen=True, slots=True)
class Triangulation:
    """Points that several views agree about."""

    points: FloatArray
    """(..., 3) m, world; NaN where fewer than MIN_VIEWS views agree."""
    residuals_px: FloatArray
    """(V, ...) reprojection residual of the views that agree; NaN elsewhere."""


def load_camera_arrays(folder: Path) -> list[CameraArray]:
    """Reads the camera arrays whose calibration lies in a folder or in a folder directly inside it.

    Raises:
        FormatError: a calibration or its time stamps cannot be read.
    """
    files = [*folder.glob(CALIBRATION_FILE), *sorted(folder.glob(f"*/{CALIBRATION_FILE}"))]
    return [_read_camera_array(path) for path in files]


def _read_camera_array(path: Path) -> CameraArray:
    timestamps = sorted(path.parent.rglob(TIMESTAMPS_FILE))
    if len(timestamps) != 1:
        raise FormatError(f"{path.parent} holds {len(timestamps)} files {TIMESTAMPS_FILE}, expected one")
    sync_indices = _read_sync_indices(timestamps[0])
    try:
        stored = tomllib.loads(path.read_text(encoding="utf-8"))["cameras"].values()
        cameras = [_read_camera(entry, timestamps[0].parent, sync_indices) for entry in stored]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is no TOML file: {error}") from error
    except KeyError as error:
        raise FormatError(f"{path} lacks {error.args[0]}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"{path} has a value of another shape: {error}") from error
    if len(cameras) < MIN_VIEWS:
        raise FormatError(f"{path} has {len(cameras)} cameras; {MIN_VIEWS} are needed")
    return CameraArray(path.parent.resolve().name, tuple(cameras))


def _read_sync_indices(path: Path) -> dict[int, IntArray]:
    """Returns the sync indices of the frames of each camera id."""
    indices: dict[int, list[int]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                indices.setdefault(int(row["cam_id"]), []).append(int(row["sync_index"]))
    except (KeyError, ValueError, TypeError) as error:
        raise FormatError(f"{path} needs the columns sync_index and cam_id, both whole numbers") from error
    first = min((min(values) for values in indices.values()), default=0)
    return {cam_id: np.sort(values) - first for cam_id, values in indices.items()}


def _read_camera(entry: dict[str, Any], videos: Path, sync_indices: dict[int, IntArray]) -> ArrayCamera:
    cam_id, width, height = int(entry["cam_id"]), *(int(side) for side in entry["size"])
    name = f"cam_{cam_id}"
    if entry["rotation_count"] % 4:
        raise FormatError(f"{name} is rotated (rotation_count); only upright videos are supported")
    if cam_id not in sync_indices:
        raise FormatError(f"{videos / TIMESTAMPS_FILE} lacks the camera {cam_id}")
    camera_from_world = np.eye(4)
    camera_from_world[:3, :3] = np.array(entry["rotation"], dtype=np.float64).reshape(3, 3)
    camera_from_world[:3, 3] = np.array(entry["translation"], dtype=np.float64).reshape(3)
    return ArrayCamera(
        name=name,
        video=videos / f"{name}.mp4",
        image_size=(width, height),
        intrinsics=np.array(entry["matrix"], dtype=np.float64).reshape(3, 3),
        distortion=np.array(entry["distortions"], dtype=np.float64).reshape(5),
        camera_from_world=camera_from_world,
        sync_indices=sync_indices[cam_id],
    )


def distort(points: FloatArray, distortion: FloatArray) -> FloatArray:
    """Displaces points (..., 2) on the plane z = 1 as the lens does.

    Source: D. C. Brown, "Decentering distortion of lenses", Photogrammetric Engineering 1966; the order of the five
    coefficients is OpenCV's.
    """
    k1, k2, p1, p2, k3 = distortion
    x, y = points[..., 0], points[..., 1]
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    return np.stack(
        [
            x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
            y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
        ],
        axis=-1,
    )


def undistort(points: FloatArray, distortion: FloatArray) -> FloatArray:
    """Returns the points (..., 2) on the plane z = 1 that the lens displaces to the given ones."""
    undistorted = points
    for _ in range(UNDISTORT_ITERATIONS):
        undistorted = undistorted + points - distort(undistorted, distortion)
    return undistorted


def triangulate(cameras: Sequence[ArrayCamera], pixels: FloatArray, is_seen: BoolArray) -> Triangulation:
    """Triangulates points from the views that agree about them.

    Every pair of views proposes a point. The one that most views agree with is kept, and fitted to all of these.

    Args:
        cameras: V calibrated cameras.
        pixels: (V, ..., 2) px of the videos.
        is_seen: (V, ...) whether a view sees a point.
    """
    shape = is_seen.shape
    pixels, is_seen = pixels.reshape(len(cameras), -1, 2), is_seen.reshape(len(cameras), -1)
    rays = np.stack(
        [
            undistort(camera.rays(c.intrinsics, seen)[..., :2], c.distortion)
            for c, seen in zip(cameras, pixels, strict=True)
        ]
    )
    agreeing = np.zeros_like(is_seen)
    for pair in combinations(range(len(cameras)), 2):
        used = np.zeros_like(is_seen)
        used[list(pair)] = is_seen[list(pair)].all(axis=0)
        residuals = _residuals_px(cameras, _fit_points(cameras, rays, used), pixels)
        proposed = is_seen & (residuals <= MAX_RESIDUAL_PX)
        agreeing = np.where(proposed.sum(axis=0) > agreeing.sum(axis=0), proposed, agreeing)
    points = _fit_points(cameras, rays, agreeing)
    residuals = _residuals_px(cameras, points, pixels)
    agreeing &= residuals <= MAX_RESIDUAL_PX
    is_known = agreeing.sum(axis=0) >= MIN_VIEWS
    return Triangulation(
        np.where(is_known[:, None], points, np.nan).reshape(*shape[1:], 3),
        np.where(agreeing & is_known, residuals, np.nan).reshape(shape),
    )


def _fit_points(cameras: Sequence[ArrayCamera], rays: FloatArray, used: BoolArray) -> FloatArray:
    """Returns the points (N, 3), world, closest to rays (V, N, 2) on the plane z = 1 of the used (V, N) views.

    Source: R. Hartley and A. Zisserman, Multiple view geometry in computer vision (2004), linear triangulation.
    """
    poses = np.stack([c.camera_from_world for c in cameras])[:, None]
    rows = rays[..., None] * poses[..., 2:3, :] - poses[..., :2, :]
    rows = np.where(used[..., None, None], np.nan_to_num(rows), 0.0)
    stacked = np.moveaxis(rows, 0, 1).reshape(rows.shape[1], -1, 4)
    solution = np.linalg.svd(stacked)[2][:, -1]
    scale = np.where(np.abs(solution[:, 3:]) > 1e-9, solution[:, 3:], np.nan)
    return np.asarray(np.where(used.any(axis=0, keepdims=True).T, solution[:, :3] / scale, np.nan))


def _residuals_px(cameras: Sequence[ArrayCamera], points: FloatArray, pixels: FloatArray) -> FloatArray:
    """Returns the distances (V, N) px of pixels (V, N, 2) from points (N, 3); infinite behind a camera."""
    return np.stack([_view_residuals_px(c, points, seen) for c, seen in zip(cameras, pixels, strict=True)])


def _view_residuals_px(view: ArrayCamera, points: FloatArray, pixels: FloatArray) -> FloatArray:
    in_camera = camera.transform(view.camera_from_world, points)
    is_ahead = in_camera[:, 2] > 0
    plane = in_camera[:, :2] / np.where(is_ahead, in_camera[:, 2], 1.0)[:, None]
    distorted = np.concatenate([distort(plane, view.distortion), np.ones((len(plane), 1))], axis=-1)
    residuals = np.linalg.norm(camera.project(view.intrinsics, distorted) - pixels, axis=-1)
    return np.where(is_ahead & np.isfinite(residuals), residuals, np.inf)
