"""How far we are from the truth, on rendered people, beside what the networks alone would give."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bodydouble.bench import baselines
from bodydouble.bench.capture_cache import TOTAL, load_or_capture
from bodydouble.bench.synthetic_set import GROUPS, BenchClip, ClipSpec, default_cache_dir, render_clip
from bodydouble.data import Performance
from bodydouble.evaluation.comparison import Comparison, combine, compare_recordings
from bodydouble.evaluation.evaluation_clip import Recording, recording
from bodydouble.formats import performance
from bodydouble.pipeline import Progress

OURS, NETWORK, MEAN_POSE, CEILING = (
    "bodydouble", "BlazePose world landmarks", "mean pose", "truth through rig and files",
)  # fmt: skip
METHODS = (OURS, NETWORK, MEAN_POSE, CEILING)


@dataclass(frozen=True, slots=True)
class BenchCapture:
    """What our pipeline made of a clip."""

    clip: BenchClip
    truth: Performance
    performance: Performance | None
    """None if nobody was found."""
    seconds: float
    """Of the whole capture."""


@dataclass(frozen=True, slots=True)
class AccuracyReport:
    """The figures of a set of clips."""

    quality: str
    captures: tuple[BenchCapture, ...]
    comparisons: tuple[dict[str, Comparison], ...]
    """Per clip, by method."""

    def groups(self) -> dict[str, dict[str, Comparison]]:
        """Group of clips -> method -> figures."""
        by_group = {}
        for group in GROUPS:
            comparisons = [
                c for clip, c in zip(self.captures, self.comparisons, strict=True) if clip.clip.spec.group == group
            ]
            if comparisons:
                by_group[group] = combine_by_method(comparisons)
        return by_group

    def overall(self) -> dict[str, Comparison]:
        """Method -> figures of all clips."""
        return combine_by_method(self.comparisons)


def combine_by_method(comparisons: Sequence[Mapping[str, Comparison]]) -> dict[str, Comparison]:
    """Method -> the figures of several clips as one."""
    return {method: combine([one[method] for one in comparisons]) for method in METHODS}


def capture_clips(
    specs: Sequence[ClipSpec], *, quality: str = "best", cache_dir: Path | None = None, progress: Progress | None = None
) -> list[BenchCapture]:
    """Makes the clips and captures them. What is in the folder from an earlier, perhaps interrupted run is used.

    Args:
        specs: the clips.
        quality: as for ``pipeline.capture``.
        cache_dir: where clips and captures are kept.
        progress: is told about the progress.

    Raises:
        BodydoubleError: a motion cannot be read or a clip cannot be written.
    """
    progress, folder = progress or Progress(), cache_dir or default_cache_dir()
    with progress.stage("rendering", len(specs)):
        clips = [render_clip(recipe, folder) for recipe in progress.track(specs)]
    with progress.stage("capture", len(clips)):
        return [_capture_clip(clip, quality) for clip in progress.track(clips)]


def _capture_clip(clip: BenchClip, quality: str) -> BenchCapture:
    estimate, seconds = load_or_capture(clip.video, quality)
    return BenchCapture(clip, performance.load(clip.truth), estimate, seconds[TOTAL])


def measure_accuracy(
    captures: Sequence[BenchCapture], quality: str, progress: Progress | None = None
) -> AccuracyReport:
    """Compares captures with the truth, beside the baselines on the same detections.

    Args:
        captures: of captured_clips.
        quality: with which they were captured.
        progress: is told about the progress.
    """
    progress = progress or Progress()
    mean_pose = baselines.mean_pose([recording(clip.truth) for clip in captures])
    estimators: dict[str, Callable[[BenchCapture], Recording]] = {
        OURS: lambda clip: _estimate_or_empty(clip, recording),
        NETWORK: lambda clip: _estimate_or_empty(clip, baselines.world_landmark_baseline),
        MEAN_POSE: lambda clip: baselines.mean_pose_baseline(recording(clip.truth), mean_pose),
        CEILING: lambda clip: baselines.rig_round_trip(clip.truth),
    }
    with progress.stage("comparison", len(captures)):
        comparisons = tuple(
            {name: compare_recordings(method(clip), recording(clip.truth)) for name, method in estimators.items()}
            for clip in progress.track(captures)
        )
    return AccuracyReport(quality, tuple(captures), comparisons)


def _estimate_or_empty(captured: BenchCapture, estimate: Callable[[Performance], Recording]) -> Recording:
    if captured.performance is None:
        return Recording(captured.truth.fps, captured.truth.camera, ())
    return estimate(captured.performance)
