"""Tables in which methods from video to animation are compared: accuracy and time, realism and naturalness."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bodydouble.bench.accuracy import CEILING, OURS, AccuracyResults
from bodydouble.bench.capture_cache import TOTAL, BenchCapture
from bodydouble.bench.report import BenchReport, TableData
from bodydouble.data import FloatArray
from bodydouble.evaluation.comparison import Comparison
from bodydouble.evaluation.evaluation_clip import EvaluatedPerson, EvaluationClip, to_evaluation_clip
from bodydouble.evaluation.html import UNKNOWN
from bodydouble.evaluation.matching import common_frames, match_people
from bodydouble.evaluation.naturalness import NaturalnessScore, sample_from_person, score
from bodydouble.pipeline import Progress, animate

ACCURACY = "Accuracy: joints within 150 mm, twelve limb joints"
NATURALNESS = "Time to generate a clip, realism and naturalness (0 to 10)"
TIMED_CLIPS = 3
"""Number of clips that are animated, preview included, to measure the time."""

PREFACE = """# Comparison tables

Written by `bodydouble bench tables --markdown docs/comparison-tables.md` on all clips of [accuracy.md](accuracy.md).

- Accuracy is PCK3D at 150 mm over the estimated joints. Precision is the fraction of correct joints among the
  estimated ones, recall among those of visible people.
- The time per frame is that of the whole capture at quality `{quality}`. The time to generate is that of `animate` with
  the preview at quality `balanced`.
- Realism and naturalness are scores defined in [metrics.md](metrics.md). Real motion capture scores about 7.5.

Published figures of other methods were measured on other clips by other rules and are not repeated here.
"""


def measure_tables(results: AccuracyResults, progress: Progress | None = None) -> dict[str, TableData]:
    """Measures both tables.

    Args:
        results: results of ``accuracy.measure_accuracy``.
        progress: receives the progress.

    Returns:
        Tables by title. Accuracy is PCK3D at 150 mm over the estimated joints; precision counts correct joints among
        the estimated ones, recall among those of visible people. Realism and naturalness are those of
        ``evaluation.naturalness``.
    """
    progress = progress or Progress()
    return {ACCURACY: _accuracy_table(results), NATURALNESS: _naturalness_table(results, progress)}


def build_report(tables: dict[str, TableData], quality: str) -> BenchReport:
    """Builds the report of both tables."""
    values = {
        title: [dict(zip(headings, row, strict=True)) for row in rows] for title, (headings, rows) in tables.items()
    }
    return BenchReport("Comparison tables", PREFACE.format(quality=quality), tables, values)


def _accuracy_table(results: AccuracyResults) -> TableData:
    frames = sum(captured.truth.frame_count for captured in results.captures)
    per_frame = 1e3 * sum(captured.stage_seconds[TOTAL] for captured in results.captures) / frames
    rows = [
        [method, *_percentages(comparison), f"{per_frame:.0f}" if method == OURS else UNKNOWN]
        for method, comparison in results.overall().items()
    ]
    return ["method", "accuracy %", "precision %", "recall %", "F1 %", "time per frame ms"], rows


def _percentages(comparison: Comparison) -> list[str]:
    joints = comparison.joints
    return [f"{100 * value:.1f}" for value in (comparison.pose.pck3d, joints.precision, joints.recall, joints.f1)]


def _naturalness_table(results: AccuracyResults, progress: Progress) -> TableData:
    scores: dict[str, list[tuple[float, float]]] = {OURS: [], CEILING: []}
    for captured in results.captures:
        truth = to_evaluation_clip(captured.truth)
        scores[CEILING] += [_score_pair(score(sample_from_person(person, float(truth.fps)))) for person in truth.people]
        scores[OURS] += _score_estimate(to_evaluation_clip(captured.performance), truth)
    seconds, clip_seconds = _time_animation(results.captures, progress)
    rows = []
    for name, label in ((OURS, OURS), (CEILING, "the true motion")):
        realism, naturalness = np.nanmean(np.array(scores[name]), axis=0)
        timing = (f"{seconds:.1f}", f"{clip_seconds:.1f}") if name == OURS else (UNKNOWN, UNKNOWN)
        rows.append([label, *timing, f"{realism:.1f}", f"{naturalness:.1f}"])
    return ["method", "time to generate s", "length of the clip s", "realism", "naturalness"], rows


def _score_estimate(estimate: EvaluationClip, truth: EvaluationClip) -> list[tuple[float, float]]:
    """Scores the estimated people; their feet are rated during the contacts of the true feet."""
    scores = []
    for i, j in match_people(estimate, truth).pairs:
        estimated_person, true_person = estimate.people[j], truth.people[i]
        contacts = _align_contacts(true_person, estimated_person)
        scores.append(_score_pair(score(sample_from_person(estimated_person, float(estimate.fps), contacts))))
    return scores


def _align_contacts(true_person: EvaluatedPerson, estimated_person: EvaluatedPerson) -> FloatArray:
    """Returns true contacts (T, 4) in the frames of the estimated person; NaN in frames without the true person."""
    contacts = np.full(estimated_person.contacts.shape, np.nan)
    true_rows, estimated_rows = common_frames(true_person.frames, estimated_person.frames)
    contacts[estimated_rows] = true_person.contacts[true_rows]
    return contacts


def _score_pair(score: NaturalnessScore) -> tuple[float, float]:
    return score.realism, score.naturalness


def _time_animation(captures: Sequence[BenchCapture], progress: Progress) -> tuple[float, float]:
    """Returns the mean time in s that ``animate`` takes for a clip, preview included, and the mean clip length in s."""
    selected = [captures[i * len(captures) // TIMED_CLIPS] for i in range(min(TIMED_CLIPS, len(captures)))]
    start = time.perf_counter()
    with progress.stage("animation", len(selected)), tempfile.TemporaryDirectory() as scratch:
        for captured in progress.track(selected):
            animate(captured.clip.video, Path(scratch) / captured.clip.video.stem)
    seconds = (time.perf_counter() - start) / len(selected)
    clip_lengths = [captured.truth.frame_count / float(captured.truth.fps) for captured in selected]
    return seconds, float(np.mean(clip_lengths))
