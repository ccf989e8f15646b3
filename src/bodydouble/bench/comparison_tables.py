"""The two tables by which methods from video to animation are compared: accuracy and time, and how it looks."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bodydouble.bench.accuracy import CEILING, OURS, Captured, TruthReport
from bodydouble.bench.accuracy_report import Cells
from bodydouble.data import FloatArray
from bodydouble.evaluation.comparison import Comparison
from bodydouble.evaluation.comparison_page import UNKNOWN
from bodydouble.evaluation.evaluation_clip import Recording, Subject, recording
from bodydouble.evaluation.matching import common_frames, match
from bodydouble.evaluation.naturalness import Rating, rate, take_of_subject
from bodydouble.pipeline import Monitor, animate

ACCURACY = "Accuracy: joints within 150 mm, twelve limb joints"
LOOKS = "Time to generate a clip, realism and naturalness (0 to 10)"
GENERATED = 3
"""Clips that are animated, film and all, for the time it takes."""


def measure(report: TruthReport, monitor: Monitor | None = None) -> dict[str, Cells]:
    """Title -> headings and cells of both tables.

    Accuracy is PCK3D at 150 mm over the frames that were found; precision counts right joints among the predicted,
    recall among those that are there, of visible people. Realism and naturalness are those of evaluation.naturalness.

    Args:
        report: of ``truth.measure``.
        monitor: is told about the progress.
    """
    monitor = monitor or Monitor()
    return {ACCURACY: _accuracy(report), LOOKS: _looks(report, monitor)}


def _accuracy(report: TruthReport) -> Cells:
    frames = sum(clip.truth.frame_count for clip in report.clips)
    per_frame = 1e3 * sum(clip.seconds for clip in report.clips) / frames
    cells = [
        [method, *_shares(found), f"{per_frame:.0f}" if method == OURS else UNKNOWN]
        for method, found in report.overall().items()
    ]
    return ["method", "accuracy %", "precision %", "recall %", "F1 %", "time per frame ms"], cells


def _shares(found: Comparison) -> list[str]:
    joints = found.joints
    return [f"{100 * share:.1f}" for share in (found.pose.pck3d, joints.precision, joints.recall, joints.f1)]


def _looks(report: TruthReport, monitor: Monitor) -> Cells:
    scores: dict[str, list[tuple[float, float]]] = {OURS: [], CEILING: []}
    for clip in report.clips:
        true = recording(clip.truth)
        scores[CEILING] += [_score(rate(take_of_subject(subject, float(true.fps)))) for subject in true.subjects]
        if clip.performance is not None:
            scores[OURS] += _ours(recording(clip.performance), true)
    seconds, length = _generation(report.clips, monitor)
    rows = []
    for name, label in ((OURS, OURS), (CEILING, "the true motion")):
        realism, naturalness = np.nanmean(np.array(scores[name]), axis=0)
        taken = (f"{seconds:.1f}", f"{length:.1f}") if name == OURS else (UNKNOWN, UNKNOWN)
        rows.append([label, *taken, f"{realism:.1f}", f"{naturalness:.1f}"])
    return ["method", "time to generate s", "length of the clip s", "realism", "naturalness"], rows


def _ours(found: Recording, true: Recording) -> list[tuple[float, float]]:
    """Scores of the people found, their feet judged while the true feet touch the floor."""
    scores = []
    for i, j in match(found, true).pairs:
        guess, real = found.subjects[j], true.subjects[i]
        contacts = _contacts_of(real, guess)
        scores.append(_score(rate(take_of_subject(guess, float(found.fps), contacts))))
    return scores


def _contacts_of(real: Subject, guess: Subject) -> FloatArray:
    """True contacts (T, 4) in the frames of somebody who was found; NaN where the true person is not."""
    contacts = np.full(guess.contacts.shape, np.nan)
    in_real, in_guess = common_frames(real.frames, guess.frames)
    contacts[in_guess] = real.contacts[in_real]
    return contacts


def _score(found: Rating) -> tuple[float, float]:
    return found.realism, found.naturalness


def _generation(clips: Sequence[Captured], monitor: Monitor) -> tuple[float, float]:
    """Mean seconds that ``animate`` takes for a clip, film and all, and mean length of these clips, s."""
    chosen = [clips[i * len(clips) // GENERATED] for i in range(min(GENERATED, len(clips)))]
    start = time.perf_counter()
    with monitor.stage("animation", len(chosen)), tempfile.TemporaryDirectory() as scratch:
        for clip in monitor.counted(chosen):
            animate(clip.clip.video, Path(scratch) / clip.clip.video.stem)
    taken = (time.perf_counter() - start) / len(chosen)
    return taken, float(np.mean([clip.truth.frame_count / float(clip.truth.fps) for clip in chosen]))
