"""Accuracy on synthetic clips with ground truth, beside baselines on the same detections."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bodydouble.bench import baselines
from bodydouble.bench.capture_cache import BenchCapture
from bodydouble.bench.synthetic_set import GROUPS
from bodydouble.evaluation.comparison import Comparison, combine, compare_clips
from bodydouble.evaluation.evaluation_clip import EvaluationClip, to_evaluation_clip
from bodydouble.pipeline import Progress

OURS, NETWORK, MEAN_POSE, CEILING = (
    "bodydouble", "BlazePose world landmarks", "mean pose", "truth through rig and files",
)  # fmt: skip
METHODS = (OURS, NETWORK, MEAN_POSE, CEILING)


@dataclass(frozen=True, slots=True)
class AccuracyResults:
    """Comparisons of all methods with the ground truth, per clip."""

    quality: str
    """Preset of the captures."""
    captures: tuple[BenchCapture, ...]
    comparisons: tuple[dict[str, Comparison], ...]
    """Comparison of each clip by method."""

    def groups(self) -> dict[str, dict[str, Comparison]]:
        """Returns the combined comparison of each group of clips and method."""
        by_group = {}
        for group in GROUPS:
            pairs = zip(self.captures, self.comparisons, strict=True)
            comparisons = [comparison for captured, comparison in pairs if captured.clip.group == group]
            if comparisons:
                by_group[group] = combine_by_method(comparisons)
        return by_group

    def overall(self) -> dict[str, Comparison]:
        """Returns the combined comparison of all clips by method."""
        return combine_by_method(self.comparisons)


def combine_by_method(comparisons: Sequence[Mapping[str, Comparison]]) -> dict[str, Comparison]:
    """Combines the comparisons of several clips, method by method."""
    return {method: combine([comparison[method] for comparison in comparisons]) for method in METHODS}


def measure_accuracy(
    captures: Sequence[BenchCapture], quality: str, progress: Progress | None = None
) -> AccuracyResults:
    """Compares captures and baselines with the ground truth.

    Args:
        captures: captured clips.
        quality: preset of the captures.
        progress: receives the progress.
    """
    progress = progress or Progress()
    mean_pose = baselines.mean_pose([to_evaluation_clip(captured.truth) for captured in captures])
    estimators: dict[str, Callable[[BenchCapture], EvaluationClip]] = {
        OURS: lambda captured: to_evaluation_clip(captured.performance),
        NETWORK: lambda captured: baselines.world_landmark_baseline(captured.performance),
        MEAN_POSE: lambda captured: baselines.mean_pose_baseline(to_evaluation_clip(captured.truth), mean_pose),
        CEILING: lambda captured: baselines.rig_round_trip(captured.truth),
    }
    with progress.stage("comparison", len(captures)):
        comparisons = tuple(
            {
                name: compare_clips(estimate(captured), to_evaluation_clip(captured.truth))
                for name, estimate in estimators.items()
            }
            for captured in progress.track(captures)
        )
    return AccuracyResults(quality, tuple(captures), comparisons)
