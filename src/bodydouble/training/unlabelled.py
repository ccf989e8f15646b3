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
from bodydouble.motion.lifting.lift import filled
from bodydouble.pipeline import Progress, capture, clip_name
from bodydouble.training.detections import FPS, FRAMES

LEAST_SEEN = 0.6
"""Share of a video's own frames in which the person must be seen, in a window."""
NEAR = 0.75
"""Frames; what was seen this near to a moment counts as seen then."""


@dataclass(frozen=True, slots=True)
class UnlabelledWindow:
    """What is seen of one person for T frames, in the view of ``motion.crop``; or of N of them, stacked."""

    points: FloatArray
    """(T, 33, 2), interpolated where not observed."""
    confidence: FloatArray
    """(T, 33)."""
    rough: FloatArray
    """(T, 33, 3) m."""
    direction: FloatArray
    """(T, 2)."""
    size: FloatArray
    """()."""
    observed: BoolArray
    """(T,)."""


def windows_of_videos(videos: Sequence[Path], folder: Path, monitor: Progress) -> list[UnlabelledWindow]:
    """All windows of videos. What was seen of each is kept in a file, so that nobody has to look again.

    Args:
        videos: anything that ``pipeline.capture`` reads.
        folder: where the files are; it exists.
        monitor: is told about the progress.

    Raises:
        BodydoubleError: a video cannot be read, or nobody is in it for as long as a window.
    """
    return [window for video in videos for window in _windows_of_video(video, folder, monitor)]


def _windows_of_video(video: Path, folder: Path, monitor: Progress) -> list[UnlabelledWindow]:
    kept = folder / f"unlabelled_{clip_name(video)}_{crc32(str(video.resolve()).encode()):08x}.npz"
    if kept.exists():
        return read(kept)
    found = capture(video, progress=monitor)
    intrinsics, fps = found.camera.intrinsics, float(found.fps)
    windows = [window for person in found.people for window in windows_of(person.track, intrinsics, fps)]
    if not windows:
        raise NoPeopleError(
            f"nobody is seen in {video} for {float(FRAMES / FPS):.1f} s at a stretch; leave it out or give a longer one"
        )
    save(kept, windows)
    return windows


def windows_of(track: Track, intrinsics: FloatArray, fps: float) -> list[UnlabelledWindow]:
    """Windows of FRAMES frames at FPS, each half over the one before.

    Args:
        track: one person.
        intrinsics: (3, 3) px.
        fps: of the track.
    """
    count = 1 + int((len(track.frames) - 1) * float(FPS) / fps)
    moments = np.arange(count) * fps / float(FPS)
    pixels, rough = (_at(moments, filled(values)) for values in (track.keypoints, track.landmarks_3d))
    age = lifter.ages(track.observed, fps, moments)
    observed, seen = (age * rate < NEAR for rate in (float(FPS), min(fps, float(FPS))))
    rays = camera.rays(intrinsics, pixels[..., :2])[..., :2]
    parts = (slice(start, start + FRAMES) for start in range(0, count - FRAMES + 1, FRAMES // 2))
    return [
        _window(rays[part], pixels[part, :, 2], rough[part], observed[part])
        for part in parts
        if seen[part].mean() >= LEAST_SEEN
    ]


def _at(moments: FloatArray, values: FloatArray) -> FloatArray:
    """Values (T, ...) at moments in frames."""
    flat = lifter.interpolated(moments, np.arange(len(values)), values.reshape(len(values), -1))
    return flat.reshape(len(moments), *values.shape[1:])


def _window(rays: FloatArray, confidence: FloatArray, rough: FloatArray, observed: BoolArray) -> UnlabelledWindow:
    view = person_view.crop(rays, confidence)
    return UnlabelledWindow(view.points, confidence, rough, view.direction, np.array(view.size), observed)


def stacked(windows: Sequence[UnlabelledWindow]) -> UnlabelledWindow:
    """N windows as one whose arrays have a first axis N."""
    return UnlabelledWindow(*(np.stack([getattr(one, name) for one in windows]) for name in _FIELDS))


_FIELDS = tuple(field.name for field in fields(UnlabelledWindow))


def drawn(windows: Sequence[UnlabelledWindow], count: int, rng: np.random.Generator) -> UnlabelledWindow:
    """Any of them, stacked."""
    return stacked([windows[int(one)] for one in rng.integers(len(windows), size=count)])


def both_ways(seen: UnlabelledWindow) -> FloatArray:
    """Features (2 N, T, F) float32 of N windows, and then of their mirror images."""
    plain = (seen.points, seen.confidence, seen.rough, seen.direction)
    age = np.stack([lifter.ages(row, float(FPS)) for row in seen.observed])
    ways = [lifter.features(*parts, seen.size, age) for parts in (plain, lifter.mirrored(*plain))]
    return np.concatenate(ways).astype(np.float32)


def save(path: Path, windows: Sequence[UnlabelledWindow]) -> None:
    """Writes windows as one file.

    Raises:
        OutputError: the file cannot be written.
    """
    many = stacked(windows)
    arrays = {name: getattr(many, name) for name in _FIELDS}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read(path: Path) -> list[UnlabelledWindow]:
    """The windows of a file that ``save`` wrote."""
    with np.load(path, allow_pickle=False) as file:
        arrays = [file[name] for name in _FIELDS]
    return [UnlabelledWindow(*parts) for parts in zip(*arrays, strict=True)]
