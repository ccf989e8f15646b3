"""Cache of captures: the pipeline runs once per clip and quality, and again when its code has changed."""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bodydouble.bench.clip_cache import BenchClip, ClipFactory, package_digest
from bodydouble.data import Performance
from bodydouble.errors import NoPeopleError
from bodydouble.formats import performance
from bodydouble.formats.atomic import atomic_write
from bodydouble.pipeline import Progress, capture

CAPTURE_CODE = (
    "perception", "tracking", "motion", "geometry", "skeletons", "formats", "pipeline", "networks.py", "data",
)  # fmt: skip
"""Folders and files of the package that decide a capture; the networks are in ``perception`` and ``motion``."""
TOTAL = "total"
"""Key of the time of the whole capture among the times of its stages."""


@dataclass(frozen=True, slots=True)
class BenchCapture:
    """A clip, its ground truth and the performance that the pipeline estimated from the video."""

    clip: BenchClip
    truth: Performance
    performance: Performance
    """Estimated performance; without people if none were detected."""
    stage_seconds: dict[str, float]
    """Time in s of each stage of the capture, and TOTAL."""


def capture_clips(
    factories: Sequence[ClipFactory],
    *,
    quality: str = "best",
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> list[BenchCapture]:
    """Renders and captures clips. Files in the cache from an earlier, perhaps interrupted run are reused.

    Args:
        factories: factories of the clips.
        quality: preset of ``pipeline.capture``.
        cache_dir: folder of cached clips and captures; None: the default one of each factory.
        progress: receives the progress.

    Raises:
        BodydoubleError: a motion cannot be read or a clip cannot be written.
    """
    progress = progress or Progress()
    with progress.stage("rendering", len(factories)):
        clips = [factory(cache_dir) for factory in progress.track(factories)]
    with progress.stage("capture", len(clips)):
        return [_capture_clip(clip, quality) for clip in progress.track(clips)]


def _capture_clip(clip: BenchClip, quality: str) -> BenchCapture:
    truth = performance.load(clip.ground_truth)
    estimate, seconds = load_or_capture(clip.video, quality)
    return BenchCapture(clip, truth, estimate or empty_performance(truth), seconds)


def empty_performance(truth: Performance) -> Performance:
    """Returns a performance of the same clip without people."""
    return Performance(truth.fps, truth.frame_count, truth.camera, ())


def load_or_capture(video: Path, quality: str) -> tuple[Performance | None, dict[str, float]]:
    """Returns the performance that the pipeline estimates from a video, from the cache beside it if possible.

    Args:
        video: video in a writable folder.
        quality: preset of ``pipeline.capture``.

    Returns:
        The performance, None without people, and the time in s of each stage and of the TOTAL.

    Raises:
        BodydoubleError: the video cannot be read.
    """
    stem = f"{video.stem}.{quality}_{package_digest(CAPTURE_CODE)[:12]}"
    path, log = video.with_name(f"{stem}.npz"), video.with_name(f"{stem}.json")
    if not log.exists():
        stages = Progress()
        start = time.perf_counter()
        with suppress(NoPeopleError):
            performance.save(path, capture(video, quality=quality, progress=stages))
        seconds = {**stages.seconds, TOTAL: time.perf_counter() - start}
        with atomic_write(log) as temporary:
            temporary.write_text(json.dumps(seconds), encoding="utf-8")
    return performance.load(path) if path.exists() else None, json.loads(log.read_text(encoding="utf-8"))
