"""Windows of real video: what our own detector saw of people of whom nobody knows the truth."""

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
from bodydouble.motion.lifting.lift import interpolate_gaps
from bodydouble.pipeline import Progress, capture, clip_name
from bodydouble.training.detections import FPS, WINDOW_FRAMES

MIN_OBSERVED_FRACTION = 0.6
"""Share of a video's own frames in which the person must be seen, in a window."""
MAX_TIME_DIFFERENCE = 0.75
"""Frames; what was seen this near to a moment counts as seen then."""


@dataclass(frozen=True, slots=True)
class UnlabelledWindow:
    """What is seen of one person for T frames, in the view of ``motion.crop``; or of N of them, stacked."""

    points: FloatArray
    """(T, 33, 2), interpolated where not observed."""
    confidence: FloatArray
    """(T, 33)."""
    landmarks_3d: FloatArray
    """(T, 33, 3) m."""
    direction: FloatArray
    """(T, 2)."""
    scale: FloatArray
    """()."""
    observed: BoolArray
    """(T,)."""


def extract_video_windows(videos: Sequence[Path], folder: Path, progress: Progress) -> list[UnlabelledWindow]:
    """All windows of videos. What was seen of each is kept in a file, so that nobody has to look again.

    Args:
        videos: anything that ``pipeline.capture`` reads.
        folder: where the files are; it exists.
        progress: is told about the progress.

    Raises:
        BodydoubleError: a video cannot be read, or nobody is in it for as long as a window.
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
            f"nobody is seen in {video} for {float(WINDOW_FRAMES / FPS):.1f} s at a stretch; leave it out or give a longer one"
        )
    save_windows(cache_path, windows)
    return windows


def windows_from_track(track: Track, intrinsics: FloatArray, fps: float) -> list[UnlabelledWindow]:
    """Windows of FRAMES frames at FPS, each half over the one before.

    Args:
        track: one person.
        intrinsics: (3, 3) px.
        fps: of the track.
    """
    count = 1 + int((len(track.frames) - 1) * float(FPS) / fps)
    times = np.arange(count) * fps / float(FPS)
    pixels, landmarks_3d = (_interpolate_at(times, interpolate_gaps(values)) for values in (track.keypoints, track.landmarks_3d))
    ages = lifter.seconds_since_observed(track.observed, fps, times)
    observed, is_covered = (ages * rate < MAX_TIME_DIFFERENCE for rate in (float(FPS), min(fps, float(FPS))))
    rays = camera.rays(intrinsics, pixels[..., :2])[..., :2]
    spans = (slice(start, start + WINDOW_FRAMES) for start in range(0, count - WINDOW_FRAMES + 1, WINDOW_FRAMES // 2))
    return [
        _build_window(rays[span], pixels[span, :, 2], landmarks_3d[span], observed[span])
        for span in spans
        if is_covered[span].mean() >= MIN_OBSERVED_FRACTION
    ]


def _interpolate_at(times: FloatArray, values: FloatArray) -> FloatArray:
    """Values (T, ...) at moments in frames."""
    flat = lifter.interpolate_linear(times, np.arange(len(values)), values.reshape(len(values), -1))
    return flat.reshape(len(times), *values.shape[1:])


def _build_window(
    rays: FloatArray, confidence: FloatArray, landmarks_3d: FloatArray, observed: BoolArray
) -> UnlabelledWindow:
    view = person_view.view_straight_at(rays, confidence)
    return UnlabelledWindow(view.points, confidence, landmarks_3d, view.direction, np.array(view.scale), observed)


def stack_windows(windows: Sequence[UnlabelledWindow]) -> UnlabelledWindow:
    """N windows as one whose arrays have a first axis N."""
    return UnlabelledWindow(*(np.stack([getattr(window, name) for window in windows]) for name in _FIELDS))


_FIELDS = tuple(field.name for field in fields(UnlabelledWindow))
_FILE_KEYS = {"landmarks_3d": "rough", "scale": "size"}
"""Keys in the file of arrays that are called otherwise here."""


def sample_windows(windows: Sequence[UnlabelledWindow], count: int, rng: np.random.Generator) -> UnlabelledWindow:
    """Any of them, stacked."""
    return stack_windows([windows[int(index)] for index in rng.integers(len(windows), size=count)])


def features_with_flipped(windows: UnlabelledWindow) -> FloatArray:
    """Features (2 N, T, F) float32 of N windows, and then of their mirror images."""
    plain = (windows.points, windows.confidence, windows.landmarks_3d, windows.direction)
    ages = np.stack([lifter.seconds_since_observed(row, float(FPS)) for row in windows.observed])
    both = [lifter.build_features(*parts, windows.scale, ages) for parts in (plain, lifter.mirror_input(*plain))]
    return np.concatenate(both).astype(np.float32)


def save_windows(path: Path, windows: Sequence[UnlabelledWindow]) -> None:
    """Writes windows as one file.

    Raises:
        OutputError: the file cannot be written.
    """
    stacked = stack_windows(windows)
    arrays = {_FILE_KEYS.get(name, name): getattr(stacked, name) for name in _FIELDS}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load_windows(path: Path) -> list[UnlabelledWindow]:
    """The windows of a file that ``save`` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = [file[_FILE_KEYS.get(name, name)] for name in _FIELDS]
    return [UnlabelledWindow(*parts) for parts in zip(*arrays, strict=True)]
