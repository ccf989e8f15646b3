"""Accuracy at low frame rates: synthetic clips of which only every second or third frame is used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from bodydouble.bench.capture_cache import BenchCapture
from bodydouble.bench.oracle_study import select_static_single
from bodydouble.bench.report import BenchReport, TableData
from bodydouble.data import FloatArray, Motion, Performance, Track
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.comparison import Comparison, combine, compare_clips
from bodydouble.evaluation.evaluation_clip import EvaluationClip, to_evaluation_clip
from bodydouble.evaluation.html import UNKNOWN
from bodydouble.evaluation.matching import common_frames, match_people
from bodydouble.evaluation.metrics.averages import percentile
from bodydouble.evaluation.metrics.motion import peak_speed_losses_percent
from bodydouble.motion.reconstruct import MeasuredInputs, ReconstructionInput, reconstruct
from bodydouble.motion.resampling.motion import resample_motion
from bodydouble.motion.resampling.performance import resample_performance
from bodydouble.motion.upsample import upsample_performance
from bodydouble.pipeline import Progress
from bodydouble.skeletons import humanoid

FRAME_STEPS = (2, 3)
"""Steps in frames between the frames that are used."""
STRIKES = ("punch", "kick")
"""Parts of the names of clips in which the loss of peak speed is measured."""
STRIKING_JOINTS = [humanoid.INDEX[side + part] for side in ("left", "right") for part in ("Hand", "Foot")]
FULL, REFIT, SPLINE, LINEAR = "all frames", "refit at the full rate", "spline interpolation", "linear interpolation"

PREFACE = """# Low frame rates and fast strikes

Written by `bodydouble bench low-fps --markdown docs/low-frame-rates.md` on the clips of [accuracy.md](accuracy.md) that
show one person seen by a static camera, at quality `{quality}`.

## Motion at low frame rates

Only every second or third frame of each track is kept. The motion is reconstructed at the low frame rate, converted to
the full one and compared with the ground truth there. Detection and tracking ran at the full rate; only the
observations in the other frames are omitted.

- *All frames*: the capture at the full rate.
- *Refit at the full rate*: the conversion of `--fps`. Splines give the initial motion; a fit with foot contacts then
  follows it.
- *Spline interpolation* and *linear interpolation*: interpolation alone, linear with the shortest rotations.
- *Foot slide*: movement per 1/30 s of feet in true contact with the floor.

## Fast strikes

This table has the loss of peak speed in punches and kicks. Every peak above 3 m/s of the fastest true hand or foot
counts. The maximum speed of the same hand or foot within 0.2 s is compared with it; a negative value is faster than the
ground truth. The columns on the right are medians over the peaks of one clip.
"""


@dataclass(frozen=True, slots=True)
class FrameRateResult:
    """Figures of one method to reach the full frame rate, over all clips."""

    step: int
    """Step in frames between the frames that were used."""
    method: str
    clips: int
    comparison: Comparison
    peak_losses: dict[str, FloatArray]
    """Loss of speed in % at each peak (N,), by clip of punches or kicks."""


def measure_frame_rates(captures: Sequence[BenchCapture], progress: Progress | None = None) -> list[FrameRateResult]:
    """Compares each method to reach the full frame rate with the ground truth.

    Args:
        captures: captured clips; those of one person with a static camera are used.
        progress: receives the progress.

    Raises:
        InvalidDataError: there is no such clip in which a person was detected.
    """
    progress = progress or Progress()
    selected = [captured for captured in select_static_single(captures) if captured.performance.people]
    if not selected:
        raise InvalidDataError("there is no clip of one person with a static camera; give a larger --clips")
    by_variant: dict[tuple[int, str], list[tuple[BenchCapture, EvaluationClip]]] = {}
    with progress.stage("low frame rates", len(selected)):
        for captured in progress.track(selected):
            for key, performance in _variants(captured.performance):
                by_variant.setdefault(key, []).append((captured, to_evaluation_clip(performance)))
    return [_summarize(*key, estimates) for key, estimates in by_variant.items()]


def _variants(full: Performance) -> Iterator[tuple[tuple[int, str], Performance]]:
    """Yields step, method and performance of each conversion of a capture to its own frame rate."""
    yield (1, FULL), full
    for step in FRAME_STEPS:
        decimated_capture = _reconstruct_decimated(full, step)
        yield (step, REFIT), upsample_performance(decimated_capture, full.fps)
        yield (step, SPLINE), resample_performance(decimated_capture, full.fps)
        yield (step, LINEAR), _interpolate_people(decimated_capture, full.fps)


def decimate(track: Track, step: int) -> Track:
    """Keeps every step-th frame of the clip, as the frames of a clip with a lower frame rate."""
    rows = slice(int(-track.frames[0] % step), None, step)
    return Track(
        track.frames[rows] // step,
        track.observed[rows],
        track.boxes[rows],
        track.keypoints[rows],
        track.landmarks_3d[rows],
    )


def _reconstruct_decimated(full: Performance, step: int) -> Performance:
    """Reconstructs the people of a clip from every step-th frame, with the focal length of the full clip."""
    tracks = [decimate(person.track, step) for person in full.people]
    count, fps = len(range(0, full.frame_count, step)), full.fps / step
    measured = MeasuredInputs(focal_length_px=float(full.camera.intrinsics[0, 0]))
    inputs = ReconstructionInput(tuple(tracks), full.camera.image_size, count, fps, measured=measured)
    view, motions = reconstruct(inputs)
    people = (replace(p, track=t, motion=m) for p, t, m in zip(full.people, tracks, motions, strict=True))
    return Performance(fps, count, view, tuple(people))


def _interpolate_people(decimated: Performance, fps: Fraction) -> Performance:
    """Interpolates root positions linearly and joint rotations along the shortest arcs."""
    resampled = resample_performance(decimated, fps)
    pairs = zip(resampled.people, decimated.people, strict=True)
    people = tuple(replace(p, motion=interpolate_linearly(low.motion, fps)) for p, low in pairs)
    return replace(resampled, people=people)


def interpolate_linearly(motion: Motion, fps: Fraction) -> Motion:
    """Resamples a motion at a higher frame rate, linearly between its frames."""
    resampled = resample_motion(motion, fps)
    times = np.arange(len(resampled.root_position)) * float(motion.fps / fps)
    frames = np.arange(len(motion.root_position))
    root = np.stack([np.interp(times, frames, axis) for axis in motion.root_position.T], axis=1)
    return replace(resampled, root_position=root)


def _summarize(step: int, method: str, estimates: Sequence[tuple[BenchCapture, EvaluationClip]]) -> FrameRateResult:
    pairs = [(captured.clip.name, estimate, to_evaluation_clip(captured.truth)) for captured, estimate in estimates]
    comparison = combine([compare_clips(estimate, truth) for _, estimate, truth in pairs])
    losses = {
        name: _peak_losses(estimate, truth)
        for name, estimate, truth in pairs
        if any(strike in name for strike in STRIKES)
    }
    return FrameRateResult(step, method, len(estimates), comparison, losses)


def _peak_losses(estimate: EvaluationClip, truth: EvaluationClip) -> FloatArray:
    losses: list[FloatArray] = [np.zeros(0)]
    for i, j in match_people(estimate, truth).pairs:
        true_person, estimated_person = truth.people[i], estimate.people[j]
        estimated_rows, true_rows = common_frames(estimated_person.frames, true_person.frames)
        estimated_joints = estimated_person.joints[estimated_rows][:, STRIKING_JOINTS]
        true_joints = true_person.joints[true_rows][:, STRIKING_JOINTS]
        losses.append(peak_speed_losses_percent(estimated_joints, true_joints, float(truth.fps)))
    return np.concatenate(losses)


def build_report(results: Sequence[FrameRateResult], quality: str) -> BenchReport:
    """Builds the report of both tables."""
    return BenchReport("Low frame rates", PREFACE.format(quality=quality), tables(results), _as_dict(results))


def tables(results: Sequence[FrameRateResult]) -> dict[str, TableData]:
    """Returns both tables by title."""
    return {
        f"Accuracy at low frame rates ({results[0].clips} clips)": _rate_table(results),
        "Loss of speed in fast strikes": _strike_table(results),
    }


def _rate_table(results: Sequence[FrameRateResult]) -> TableData:
    headings = ["frames used", "method", "MPJPE, limbs, mm", "acceleration error, m/s²", "foot slide, mm"]
    rows = []
    for result in results:
        pose, motion = result.comparison.pose, result.comparison.motion
        figures = f"{pose.mpjpe_limbs_mm:.1f}", f"{pose.acceleration_error_m_s2:.2f}", f"{motion.foot_slide_mm:.2f}"
        rows.append([*_row_labels(result), *figures])
    return headings, rows


def _strike_table(results: Sequence[FrameRateResult]) -> TableData:
    clips = list(results[0].peak_losses)
    rows = []
    for result in results:
        per_clip = [result.peak_losses[clip] for clip in clips]
        all_losses = np.concatenate([np.zeros(0), *per_clip])
        medians = [_format_median(losses) for losses in (all_losses, *per_clip)]
        rows.append([*_row_labels(result), str(len(all_losses)), *medians])
    return ["frames used", "method", "peaks", "median loss of speed, %", *clips], rows


def _row_labels(result: FrameRateResult) -> list[str]:
    return ["all" if result.step == 1 else f"1 of {result.step}", result.method]


def _format_median(losses: FloatArray) -> str:
    return f"{percentile(losses, 50):.1f}" if len(losses) else UNKNOWN


def _as_dict(results: Sequence[FrameRateResult]) -> list[dict[str, object]]:
    return [
        {
            "step": result.step,
            "method": result.method,
            "clips": result.clips,
            "mpjpe_limbs_mm": result.comparison.pose.mpjpe_limbs_mm,
            "acceleration_error_m_s2": result.comparison.pose.acceleration_error_m_s2,
            "foot_slide_mm": result.comparison.motion.foot_slide_mm,
            "peak_speed_losses_percent": {clip: losses.tolist() for clip, losses in result.peak_losses.items()},
        }
        for result in results
    ]
