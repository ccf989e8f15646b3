"""How well motion is found at a low rate: rendered clips of which only every second or third frame is looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from bodydouble.bench.accuracy import BenchCapture
from bodydouble.bench.oracle_study import is_static
from bodydouble.bench.synthetic_set import SEVERAL
from bodydouble.data import FloatArray, Motion, Performance, Track
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.comparison import Comparison, combine, compare_recordings
from bodydouble.evaluation.comparison_page import UNKNOWN
from bodydouble.evaluation.evaluation_clip import Recording, recording
from bodydouble.evaluation.matching import common_frames, match
from bodydouble.evaluation.metrics.averages import percentile
from bodydouble.evaluation.metrics.motion import peak_speed_losses_percent
from bodydouble.motion.reconstruct import Known, reconstruct
from bodydouble.motion.resampling.motion import motion_at
from bodydouble.motion.resampling.performance import at_rate
from bodydouble.motion.upsample import fitted_at_rate
from bodydouble.pipeline import Progress
from bodydouble.skeletons import humanoid

FRAME_STEPS = (2, 3)
"""Every which frame is looked at."""
STRIKES = ("punch", "kick")
"""In the names of clips whose peaks of speed are measured."""
STRIKING_JOINTS = [humanoid.INDEX[side + part] for side in ("left", "right") for part in ("Hand", "Foot")]
FULL, REFIT, SPLINE, LINEAR = "all frames", "fitted at the full rate", "curves between frames", "lines between frames"

TableData = tuple[list[str], list[list[str]]]


@dataclass(frozen=True, slots=True)
class FrameRateResult:
    """One way to reach the full rate, over all clips."""

    step: int
    """Every which frame was looked at."""
    method: str
    clips: int
    comparison: Comparison
    peak_losses: dict[str, FloatArray]
    """Clip of punches or kicks -> (N,) percent of speed that each peak lost."""


def measure_frame_rates(captures: Sequence[BenchCapture], progress: Progress | None = None) -> list[FrameRateResult]:
    """Each way to reach the full rate against the truth, on clips of one person with a static camera.

    Raises:
        InvalidDataError: there is no such clip in which somebody was found.
    """
    progress = progress or Progress()
    chosen = [clip for clip in captures if clip.clip.spec.group != SEVERAL and is_static(clip.truth)]
    chosen = [clip for clip in chosen if clip.performance is not None]
    if not chosen:
        raise InvalidDataError("there is no clip of one person with a static camera; give a larger --clips")
    by_variant: dict[tuple[int, str], list[tuple[BenchCapture, Recording]]] = {}
    with progress.stage("low rates", len(chosen)):
        for clip in progress.track(chosen):
            for key, performance in _variants(clip):
                by_variant.setdefault(key, []).append((clip, recording(performance)))
    return [_summarize(*key, recordings) for key, recordings in by_variant.items()]


def _variants(clip: BenchCapture) -> Iterator[tuple[tuple[int, str], Performance]]:
    full = clip.performance
    if full is None:
        return
    yield (1, FULL), full
    for step in FRAME_STEPS:
        decimated_capture = _reconstruct_decimated(full, step)
        yield (step, REFIT), fitted_at_rate(decimated_capture, full.fps)
        yield (step, SPLINE), at_rate(decimated_capture, full.fps)
        yield (step, LINEAR), _interpolate_people(decimated_capture, full.fps)


def decimate(track: Track, step: int) -> Track:
    """Every step-th frame of the clip, as the frames of a clip at a lower rate."""
    rows = slice(int(-track.frames[0] % step), None, step)
    return Track(
        track.frames[rows] // step,
        track.observed[rows],
        track.boxes[rows],
        track.keypoints[rows],
        track.landmarks_3d[rows],
    )


def _reconstruct_decimated(full: Performance, step: int) -> Performance:
    """The people of a clip of which only every step-th frame was looked at; the focal length stays."""
    tracks = [decimate(person.track, step) for person in full.people]
    count, fps = len(range(0, full.frame_count, step)), full.fps / step
    known = Known(focal=float(full.camera.intrinsics[0, 0]))
    view, motions = reconstruct(tracks, full.camera.image_size, count, fps, known=known)
    people = (replace(p, track=t, motion=m) for p, t, m in zip(full.people, tracks, motions, strict=True))
    return Performance(fps, count, view, tuple(people))


def _interpolate_people(decimated: Performance, fps: Fraction) -> Performance:
    """Hips on straight lines from frame to frame, joints on the shortest way round."""
    resampled = at_rate(decimated, fps)
    pairs = zip(resampled.people, decimated.people, strict=True)
    return replace(
        resampled, people=tuple(replace(p, motion=interpolate_linearly(own.motion, fps)) for p, own in pairs)
    )


def interpolate_linearly(motion: Motion, fps: Fraction) -> Motion:
    """The motion at a higher rate, linear between its frames."""
    resampled = motion_at(motion, fps)
    times = np.arange(len(resampled.root_position)) * float(motion.fps / fps)
    frames = np.arange(len(motion.root_position))
    root = np.stack([np.interp(times, frames, axis) for axis in motion.root_position.T], axis=1)
    return replace(resampled, root_position=root)


def _summarize(step: int, method: str, recordings: Sequence[tuple[BenchCapture, Recording]]) -> FrameRateResult:
    comparison = combine([compare_recordings(ours, recording(clip.truth)) for clip, ours in recordings])
    losses = {
        clip.clip.spec.name: _peak_losses(ours, recording(clip.truth))
        for clip, ours in recordings
        if any(hit in clip.clip.spec.name for hit in STRIKES)
    }
    return FrameRateResult(step, method, len(recordings), comparison, losses)


def _peak_losses(estimate: Recording, truth: Recording) -> FloatArray:
    losses: list[FloatArray] = [np.zeros(0)]
    for real, guess in match(estimate, truth).pairs:
        true, found = truth.subjects[real], estimate.subjects[guess]
        in_found, in_true = common_frames(found.frames, true.frames)
        joints = found.joints[in_found][:, STRIKING_JOINTS], true.joints[in_true][:, STRIKING_JOINTS]
        losses.append(peak_speed_losses_percent(*joints, float(truth.fps)))
    return np.concatenate(losses)


def tables(results: Sequence[FrameRateResult]) -> dict[str, TableData]:
    """Title -> headings and cells."""
    return {f"Motion at a low rate ({results[0].clips} clips)": _rate_table(results), "Hits": _strike_table(results)}


def _rate_table(results: Sequence[FrameRateResult]) -> TableData:
    headings = ["frames looked at", "method", "MPJPE, limbs, mm", "acceleration error, m/s²", "foot slide, mm"]
    cells = []
    for result in results:
        pose, motion = result.comparison.pose, result.comparison.motion
        figures = f"{pose.mpjpe_limbs_mm:.1f}", f"{pose.acceleration_error_m_s2:.2f}", f"{motion.foot_slide_mm:.2f}"
        cells.append([*_row_labels(result), *figures])
    return headings, cells


def _strike_table(results: Sequence[FrameRateResult]) -> TableData:
    clips = list(results[0].peak_losses)
    cells = []
    for result in results:
        per_clip = [result.peak_losses[clip] for clip in clips]
        all_losses = np.concatenate([np.zeros(0), *per_clip])
        cells.append(
            [
                *_row_labels(result),
                str(len(all_losses)),
                *(_format_median(losses) for losses in (all_losses, *per_clip)),
            ]
        )
    return ["frames looked at", "method", "peaks", "speed lost, median, %", *clips], cells


def _row_labels(result: FrameRateResult) -> list[str]:
    return ["all" if result.step == 1 else f"1 of {result.step}", result.method]


def _format_median(losses: FloatArray) -> str:
    return f"{percentile(losses, 50):.1f}" if len(losses) else UNKNOWN


def as_dict(results: Sequence[FrameRateResult]) -> list[dict[str, object]]:
    """All figures, ready for JSON."""
    return [
        {
            "step": one.step,
            "method": one.method,
            "clips": one.clips,
            "mpjpe_limbs_mm": one.comparison.pose.mpjpe_limbs_mm,
            "acceleration_error_m_s2": one.comparison.pose.acceleration_error_m_s2,
            "foot_slide_mm": one.comparison.motion.foot_slide_mm,
            "peak_speed_losses_percent": {clip: losses.tolist() for clip, losses in one.peak_losses.items()},
        }
        for one in results
    ]
