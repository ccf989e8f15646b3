"""How far we are from the truth, on rendered people, beside what the networks alone would give."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bodydouble.bench import baselines
from bodydouble.bench.capture_cache import WHOLE, kept_capture
from bodydouble.bench.synthetic_set import GROUPS, Clip, Recipe, default_folder, made
from bodydouble.data import Performance
from bodydouble.evaluation.comparison import Comparison, combine, compare_recordings
from bodydouble.evaluation.evaluation_clip import Recording, recording
from bodydouble.formats import performance
from bodydouble.pipeline import Monitor

OURS, NETWORK, MEAN_POSE, CEILING = (
    "bodydouble", "BlazePose world landmarks", "mean pose", "truth through rig and files",
)  # fmt: skip
METHODS = (OURS, NETWORK, MEAN_POSE, CEILING)


@dataclass(frozen=True, slots=True)
class Captured:
    """What our pipeline made of a clip."""

    clip: Clip
    truth: Performance
    performance: Performance | None
    """None if nobody was found."""
    seconds: float
    """Of the whole capture."""


@dataclass(frozen=True, slots=True)
class TruthReport:
    """The figures of a set of clips."""

    quality: str
    clips: tuple[Captured, ...]
    comparisons: tuple[dict[str, Comparison], ...]
    """Per clip, by method."""

    def groups(self) -> dict[str, dict[str, Comparison]]:
        """Group of clips -> method -> figures."""
        found = {}
        for group in GROUPS:
            members = [
                c for clip, c in zip(self.clips, self.comparisons, strict=True) if clip.clip.recipe.group == group
            ]
            if members:
                found[group] = combined(members)
        return found

    def overall(self) -> dict[str, Comparison]:
        """Method -> figures of all clips."""
        return combined(self.comparisons)


def combined(comparisons: Sequence[Mapping[str, Comparison]]) -> dict[str, Comparison]:
    """Method -> the figures of several clips as one."""
    return {method: combine([one[method] for one in comparisons]) for method in METHODS}


def captured_clips(
    recipes: Sequence[Recipe], *, quality: str = "best", folder: Path | None = None, monitor: Monitor | None = None
) -> list[Captured]:
    """Makes the clips and captures them. What is in the folder from an earlier, perhaps interrupted run is used.

    Args:
        recipes: the clips.
        quality: as for ``pipeline.capture``.
        folder: where clips and captures are kept.
        monitor: is told about the progress.

    Raises:
        BodydoubleError: a motion cannot be read or a clip cannot be written.
    """
    monitor, place = monitor or Monitor(), folder or default_folder()
    with monitor.stage("rendering", len(recipes)):
        clips = [made(recipe, place) for recipe in monitor.counted(recipes)]
    with monitor.stage("capture", len(clips)):
        return [_captured(clip, quality) for clip in monitor.counted(clips)]


def _captured(clip: Clip, quality: str) -> Captured:
    found, seconds = kept_capture(clip.video, quality)
    return Captured(clip, performance.load(clip.truth), found, seconds[WHOLE])


def measure(clips: Sequence[Captured], quality: str, monitor: Monitor | None = None) -> TruthReport:
    """Compares captures with the truth, beside the baselines on the same detections.

    Args:
        clips: of captured_clips.
        quality: with which they were captured.
        monitor: is told about the progress.
    """
    monitor = monitor or Monitor()
    mean = baselines.mean_pose([recording(clip.truth) for clip in clips])
    methods: dict[str, Callable[[Captured], Recording]] = {
        OURS: lambda clip: _found(clip, recording),
        NETWORK: lambda clip: _found(clip, baselines.network_alone),
        MEAN_POSE: lambda clip: baselines.constant(recording(clip.truth), mean),
        CEILING: lambda clip: baselines.through_rig_and_files(clip.truth),
    }
    with monitor.stage("comparison", len(clips)):
        compared = tuple(
            {name: compare_recordings(method(clip), recording(clip.truth)) for name, method in methods.items()}
            for clip in monitor.counted(clips)
        )
    return TruthReport(quality, tuple(clips), compared)


def _found(clip: Captured, estimate: Callable[[Performance], Recording]) -> Recording:
    if clip.performance is None:
        return Recording(clip.truth.fps, clip.truth.camera, ())
    return estimate(clip.performance)
