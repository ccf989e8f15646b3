"""Unlabelled windows: real videos -> `UnlabelledWindow`s of the detected points, without ground truth."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from zlib import crc32

import numpy as np

from bodydouble.data import BoolArray, FloatArray, Track
from bodydouble.errors import NoPeopleError
from bodydouble.formats.atomic import atomic_write
from bodydouble.geometry import camera
from bodydouble.motion.lifting import lifter, person_view
from bodydouble.motion.lifting.lifter_input import interpolate_gaps
from bodydouble.pipeline import Progress, capture, clip_name
from bodydouble.training.detections import FPS, WINDOW_FRAMES

MIN_OBSERVED_FRACTION = 0.6
"""Minimum fraction of a video's frames in a window in which the person is observed."""
MAX_TIME_DIFFERENCE = 0.75
"""Maximum distance in frames between a sample time and an observation that counts for it."""


@dataclass(frozen=True, slots=True)
class ExactPixels:
    """Annotated points of a person in T frames of a video."""

    pixels: FloatArray
    """Points (T, 33, 2) in px; NaN where nothing is annotated."""
    weights: FloatArray
    """Weights (T, 33), 0 to 1; 0 where nothing is annotated."""

    def at_times(self, times: FloatArray, keypoints: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Interpolates the points at times in frames.

        Args:
            times: times (N,) in frames.
            keypoints: detected points (T, 33, 3), which count where nothing is annotated.

        Returns:
            Points (N, 33, 2) in px, and weights (N, 33): between two frames the smaller one.
        """
        filled = np.where(np.isfinite(self.pixels), self.pixels, interpolate_gaps(keypoints)[..., :2])
        before = np.floor(times).astype(int)
        after = np.minimum(np.ceil(times).astype(int), len(self.weights) - 1)
        return _interpolate_at(times, filled), np.minimum(self.weights[before], self.weights[after])


@dataclass(frozen=True, slots=True)
class UnlabelledWindow:
    """Detections of one person in T frames, in the person view; or N windows, stacked along a first axis."""

    points: FloatArray
    """Detected points (T, 33, 2), interpolated where not observed."""
    confidence: FloatArray
    """Confidence (T, 33) of the points."""
    landmarks_3d: FloatArray
    """Detected 3D landmarks (T, 33, 3), hip-centred, camera axes, m."""
    direction: FloatArray
    """Direction (T, 2) of the hips on the plane z = 1 of the camera."""
    scale: FloatArray
    """Scale () of the person view."""
    observed: BoolArray
    """Mask (T,) of frames in which the person is observed."""
    exact_points: FloatArray
    """Annotated points (T, 33, 2) in the person view; the detected ones where nothing is annotated."""
    exactness: FloatArray
    """Weight (T, 33) of the annotated points, 0 to 1; 0 where nothing is annotated."""


def extract_video_windows(videos: Sequence[Path], folder: Path, progress: Progress) -> list[UnlabelledWindow]:
    """Extracts all windows of videos. The windows of each video are cached in a file.

    Args:
        videos: videos that ``pipeline.capture`` can read.
        folder: existing folder of the cache files.
        progress: receives the progress.

    Raises:
        BodydoubleError: a video cannot be read, or shows no person for the length of a window.
    """
    return [window for video in videos for window in _extract_windows(video, folder, progress)]


def _extract_windows(video: Path, folder: Path, progress: Progress) -> list[UnlabelledWindow]:
    cache_path = folder / f"unlabelled_{clip_name(video)}_{crc32(str(video.resolve()).encode()):08x}.npz"
    if cache_path.exists():
        return load_windows(cache_path)
    performance = capture(video, progress=progress)
    intrinsics, fps = performance.camera.intrinsics, float(performance.fps)
    windows = [window for person in performance.people for window in windows_from_track(person.track, intrinsics, fps)]
    if not windows:
        raise NoPeopleError(
            f"no person is visible in {video} for {float(WINDOW_FRAMES / FPS):.1f} s without interruption; "
            "leave it out or give a longer one"
        )
    save_windows(cache_path, windows)
    return windows


def windows_from_track(
    track: Track, intrinsics: FloatArray, fps: float, exact: ExactPixels | None = None
) -> list[UnlabelledWindow]:
    """Returns the windows of WINDOW_FRAMES frames at FPS of a track; consecutive windows overlap by half.

    Args:
        track: track of one person.
        intrinsics: camera matrix (3, 3) in px.
        fps: frame rate of the track.
        exact: annotated points of the same frames, if there are any.
    """
    count = 1 + int((len(track.frames) - 1) * float(FPS) / fps)
    times = np.arange(count) * fps / float(FPS)
    pixels, landmarks_3d = (
        _interpolate_at(times, interpolate_gaps(values)) for values in (track.keypoints, track.landmarks_3d)
    )
    ages = lifter.seconds_since_observed(track.observed, fps, times)
    observed, is_covered = (ages * rate < MAX_TIME_DIFFERENCE for rate in (float(FPS), min(fps, float(FPS))))
    rays = camera.rays(intrinsics, pixels[..., :2])[..., :2]
    exact_rays: FloatArray = rays
    exactness: FloatArray = np.zeros(rays.shape[:2])
    if exact is not None:
        exact_pixels, exactness = exact.at_times(times, track.keypoints)
        exact_rays = camera.rays(intrinsics, exact_pixels)[..., :2]
    spans = (slice(start, start + WINDOW_FRAMES) for start in range(0, count - WINDOW_FRAMES + 1, WINDOW_FRAMES // 2))
    return [
        _build_window(
            rays[span], pixels[span, :, 2], landmarks_3d[span], observed[span], exact_rays[span], exactness[span]
        )
        for span in spans
        if is_covered[span].mean() >= MIN_OBSERVED_FRACTION
    ]


def _interpolate_at(times: FloatArray, values: FloatArray) -> FloatArray:
    """Interpolates values (T, ...) at times in frames."""
    flat = lifter.interpolate_linear(times, np.arange(len(values)), values.reshape(len(values), -1))
    return flat.reshape(len(times), *values.shape[1:])


def _build_window(
    rays: FloatArray,
    confidence: FloatArray,
    landmarks_3d: FloatArray,
    observed: BoolArray,
    exact_rays: FloatArray,
    exactness: FloatArray,
) -> UnlabelledWindow:
    view = person_view.view_straight_at(rays, confidence)
    exact_points = person_view.points_in_view(view, exact_rays)
    scale = np.array(view.scale)
    return UnlabelledWindow(
        view.points, confidence, landmarks_3d, view.direction, scale, observed, exact_points, exactness
    )


def stack_windows(windows: Sequence[UnlabelledWindow]) -> UnlabelledWindow:
    """Stacks N windows along a new first axis."""
    return UnlabelledWindow(*(np.stack([getattr(window, name) for window in windows]) for name in _FIELDS))


_FIELDS = tuple(field.name for field in fields(UnlabelledWindow))
_STORED_FIELDS = tuple(name for name in _FIELDS if not name.startswith("exact"))
"""Fields in files; annotations are not stored, as they are read again."""
_FILE_KEYS = {"landmarks_3d": "rough", "scale": "size"}
"""Keys in the file for fields of another name."""


def sample_windows(windows: Sequence[UnlabelledWindow], count: int, rng: np.random.Generator) -> UnlabelledWindow:
    """Draws windows with replacement and stacks them; at least half of them are annotated, if any is."""
    annotated = [window for window in windows if window.exactness.any()]
    drawn = [windows[int(index)] for index in rng.integers(len(windows), size=count)]
    if annotated:
        replaced = count // 2
        drawn[:replaced] = [annotated[int(index)] for index in rng.integers(len(annotated), size=replaced)]
    return stack_windows(drawn)


def build_features_with_flips(windows: UnlabelledWindow) -> FloatArray:
    """Builds features (2 N, T, F), float32, of N windows, followed by those of their horizontally flipped images."""
    plain = (windows.points, windows.confidence, windows.landmarks_3d, windows.direction)
    ages = np.stack([lifter.seconds_since_observed(row, float(FPS)) for row in windows.observed])
    both = [lifter.build_features(*parts, windows.scale, ages) for parts in (plain, lifter.mirror_input(*plain))]
    return np.concatenate(both).astype(np.float32)


def save_windows(path: Path, windows: Sequence[UnlabelledWindow]) -> None:
    """Writes windows, without annotations, as one file.

    Raises:
        OutputError: the file cannot be written.
    """
    stacked = stack_windows(windows)
    arrays = {_FILE_KEYS.get(name, name): getattr(stacked, name) for name in _STORED_FIELDS}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load_windows(path: Path) -> list[UnlabelledWindow]:
    """Loads the windows of a file that ``save_windows`` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = [file[_FILE_KEYS.get(name, name)] for name in _STORED_FIELDS]
    points, confidence = arrays[:2]
    return [UnlabelledWindow(*parts) for parts in zip(*arrays, points, np.zeros_like(confidence), strict=True)]
