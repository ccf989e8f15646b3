"""The two tables by which methods from video to animation are compared: accuracy and time, and how it looks."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bodydouble.bench.accuracy import CEILING, OURS, AccuracyReport, BenchCapture
from bodydouble.bench.accuracy_report import TableData
from bodydouble.data import FloatArray
from bodydouble.evaluation.comparison import Comparison
from bodydouble.evaluation.comparison_page import UNKNOWN
from bodydouble.evaluation.evaluation_clip import Recording, Subject, recording
from bodydouble.evaluation.matching import common_frames, match
from bodydouble.evaluation.naturalness import Rating, rate, take_of_subject
from bodydouble.pipeline import Progress, animate

ACCURACY = "Accuracy: joints within 150 mm, twelve limb joints"
NATURALNESS = "Time to generate a clip, realism and naturalness (0 to 10)"
TIMED_CLIPS = 3
"""Clips that are animated, film and all, for the time it takes."""


def measure_tables(report: AccuracyReport, progress: Progress | None = None) -> dict[str, TableData]:
    """Title -> headings and cells of both tables.

    Accuracy is PCK3D at 150 mm over the frames that were found; precision counts right joints among the predicted,
    recall among those that are there, of visible people. Realism and naturalness are those of evaluation.naturalness.

    Args:
        report: of ``truth.measure``.
        progress: is told about the progress.
    """
    progress = progress or Progress()
    return {ACCURACY: _accuracy_table(report), NATURALNESS: _naturalness_table(report, progress)}


def _accuracy_table(report: AccuracyReport) -> TableData:
    frames = sum(clip.truth.frame_count for clip in report.captures)
    per_frame = 1e3 * sum(clip.seconds for clip in report.captures) / frames
    cells = [
        [method, *_percentages(found), f"{per_frame:.0f}" if method == OURS else UNKNOWN]
        for method, found in report.overall().items()
    ]
    return ["method", "accuracy %", "precision %", "recall %", "F1 %", "time per frame ms"], cells


def _percentages(comparison: Comparison) -> list[str]:
    joints = comparison.joints
    return [f"{100 * share:.1f}" for share in (comparison.pose.pck3d, joints.precision, joints.recall, joints.f1)]


def _naturalness_table(report: AccuracyReport, progress: Progress) -> TableData:
    scores: dict[str, list[tuple[float, float]]] = {OURS: [], CEILING: []}
    for clip in report.captures:
        truth = recording(clip.truth)
        scores[CEILING] += [_score_pair(rate(take_of_subject(subject, float(truth.fps)))) for subject in truth.subjects]
        if clip.performance is not None:
            scores[OURS] += _score_estimate(recording(clip.performance), truth)
    seconds, clip_seconds = _time_animation(report.captures, progress)
    rows = []
    for name, label in ((OURS, OURS), (CEILING, "the true motion")):
        realism, naturalness = np.nanmean(np.array(scores[name]), axis=0)
        timing = (f"{seconds:.1f}", f"{clip_seconds:.1f}") if name == OURS else (UNKNOWN, UNKNOWN)
        rows.append([label, *timing, f"{realism:.1f}", f"{naturalness:.1f}"])
    return ["method", "time to generate s", "length of the clip s", "realism", "naturalness"], rows


def _score_estimate(estimate: Recording, truth: Recording) -> list[tuple[float, float]]:
    """Scores of the people found, their feet judged while the true feet touch the floor."""
    scores = []
    for i, j in match(estimate, truth).pairs:
        estimated_person, true_person = estimate.subjects[j], truth.subjects[i]
        contacts = _align_contacts(true_person, estimated_person)
        scores.append(_score_pair(rate(take_of_subject(estimated_person, float(estimate.fps), contacts))))
    return scores


def _align_contacts(true_person: Subject, estimated_person: Subject) -> FloatArray:
    """True contacts (T, 4) in the frames of somebody who was found; NaN where the true person is not."""
    contacts = np.full(estimated_person.contacts.shape, np.nan)
    true_rows, estimated_rows = common_frames(true_person.frames, estimated_person.frames)
    contacts[estimated_rows] = true_person.contacts[true_rows]
    return contacts


def _score_pair(score: Rating) -> tuple[float, float]:
    return score.realism, score.naturalness


def _time_animation(captures: Sequence[BenchCapture], progress: Progress) -> tuple[float, float]:
    """Mean seconds that ``animate`` takes for a clip, film and all, and mean length of these clips, s."""
    chosen = [captures[i * len(captures) // TIMED_CLIPS] for i in range(min(TIMED_CLIPS, len(captures)))]
    start = time.perf_counter()
    with progress.stage("animation", len(chosen)), tempfile.TemporaryDirectory() as scratch:
        for clip in progress.track(chosen):
            animate(clip.clip.video, Path(scratch) / clip.clip.video.stem)
    seconds = (time.perf_counter() - start) / len(chosen)
    return seconds, float(np.mean([clip.truth.frame_count / float(clip.truth.fps) for clip in chosen]))
