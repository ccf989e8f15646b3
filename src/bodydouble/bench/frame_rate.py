"""How well motion is found at a low rate: rendered clips of which only every second or third frame is looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from bodydouble.bench.accuracy import Captured
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
from bodydouble.pipeline import Monitor
from bodydouble.skeletons import humanoid

STEPS = (2, 3)
"""Every which frame is looked at."""
HITS = ("punch", "kick")
"""In the names of clips whose peaks of speed are measured."""
STRIKERS = [humanoid.INDEX[side + part] for side in ("left", "right") for part in ("Hand", "Foot")]
FULL, FITTED, CURVES, LINES = "all frames", "fitted at the full rate", "curves between frames", "lines between frames"

Cells = tuple[list[str], list[list[str]]]


@dataclass(frozen=True, slots=True)
class RateFigures:
    """One way to reach the full rate, over all clips."""

    step: int
    """Every which frame was looked at."""
    method: str
    clips: int
    comparison: Comparison
    peak_losses: dict[str, FloatArray]
    """Clip of punches or kicks -> (N,) percent of speed that each peak lost."""


def measure(clips: Sequence[Captured], monitor: Monitor | None = None) -> list[RateFigures]:
    """Each way to reach the full rate against the truth, on clips of one person with a static camera.

    Raises:
        InvalidDataError: there is no such clip in which somebody was found.
    """
    monitor = monitor or Monitor()
    chosen = [clip for clip in clips if clip.clip.recipe.group != SEVERAL and is_static(clip.truth)]
    chosen = [clip for clip in chosen if clip.performance is not None]
    if not chosen:
        raise InvalidDataError("there is no clip of one person with a static camera; give a larger --clips")
    found: dict[tuple[int, str], list[tuple[Captured, Recording]]] = {}
    with monitor.stage("low rates", len(chosen)):
        for clip in monitor.counted(chosen):
            for key, performance in _ways(clip):
                found.setdefault(key, []).append((clip, recording(performance)))
    return [_figures(*key, recordings) for key, recordings in found.items()]


def _ways(clip: Captured) -> Iterator[tuple[tuple[int, str], Performance]]:
    whole = clip.performance
    if whole is None:
        return
    yield (1, FULL), whole
    for step in STEPS:
        low = _at_low_rate(whole, step)
        yield (step, FITTED), fitted_at_rate(low, whole.fps)
        yield (step, CURVES), at_rate(low, whole.fps)
        yield (step, LINES), _on_lines(low, whole.fps)


def decimated(track: Track, step: int) -> Track:
    """Every step-th frame of the clip, as the frames of a clip at a lower rate."""
    rows = slice(int(-track.frames[0] % step), None, step)
    return Track(
        track.frames[rows] // step,
        track.observed[rows],
        track.boxes[rows],
        track.keypoints[rows],
        track.landmarks_3d[rows],
    )


def _at_low_rate(whole: Performance, step: int) -> Performance:
    """The people of a clip of which only every step-th frame was looked at; the focal length stays."""
    tracks = [decimated(person.track, step) for person in whole.people]
    count, fps = len(range(0, whole.frame_count, step)), whole.fps / step
    known = Known(focal=float(whole.camera.intrinsics[0, 0]))
    view, motions = reconstruct(tracks, whole.camera.size, count, fps, known=known)
    people = (replace(p, track=t, motion=m) for p, t, m in zip(whole.people, tracks, motions, strict=True))
    return Performance(fps, count, view, tuple(people))


def _on_lines(low: Performance, fps: Fraction) -> Performance:
    """Hips on straight lines from frame to frame, joints on the shortest way round."""
    curved = at_rate(low, fps)
    pairs = zip(curved.people, low.people, strict=True)
    return replace(curved, people=tuple(replace(p, motion=on_lines(own.motion, fps)) for p, own in pairs))


def on_lines(motion: Motion, fps: Fraction) -> Motion:
    """The motion at a higher rate, linear between its frames."""
    found = motion_at(motion, fps)
    times = np.arange(len(found.root_position)) * float(motion.fps / fps)
    before = np.arange(len(motion.root_position))
    root = np.stack([np.interp(times, before, axis) for axis in motion.root_position.T], axis=1)
    return replace(found, root_position=root)


def _figures(step: int, method: str, found: Sequence[tuple[Captured, Recording]]) -> RateFigures:
    comparison = combine([compare_recordings(ours, recording(clip.truth)) for clip, ours in found])
    losses = {
        clip.clip.recipe.name: _peak_losses(ours, recording(clip.truth))
        for clip, ours in found
        if any(hit in clip.clip.recipe.name for hit in HITS)
    }
    return RateFigures(step, method, len(found), comparison, losses)


def _peak_losses(ours: Recording, truth: Recording) -> FloatArray:
    losses: list[FloatArray] = [np.zeros(0)]
    for real, guess in match(ours, truth).pairs:
        true, found = truth.subjects[real], ours.subjects[guess]
        in_found, in_true = common_frames(found.frames, true.frames)
        joints = found.joints[in_found][:, STRIKERS], true.joints[in_true][:, STRIKERS]
        losses.append(peak_speed_losses_percent(*joints, float(truth.fps)))
    return np.concatenate(losses)


def tables(found: Sequence[RateFigures]) -> dict[str, Cells]:
    """Title -> headings and cells."""
    return {f"Motion at a low rate ({found[0].clips} clips)": _rate_table(found), "Hits": _hit_table(found)}


def _rate_table(found: Sequence[RateFigures]) -> Cells:
    headings = ["frames looked at", "method", "MPJPE, limbs, mm", "acceleration error, m/s²", "foot slide, mm"]
    cells = []
    for one in found:
        pose, motion = one.comparison.pose, one.comparison.motion
        figures = f"{pose.mpjpe_limbs_mm:.1f}", f"{pose.acceleration_error_m_s2:.2f}", f"{motion.foot_slide_mm:.2f}"
        cells.append([*_names(one), *figures])
    return headings, cells


def _hit_table(found: Sequence[RateFigures]) -> Cells:
    clips = list(found[0].peak_losses)
    cells = []
    for one in found:
        each = [one.peak_losses[clip] for clip in clips]
        every = np.concatenate([np.zeros(0), *each])
        cells.append([*_names(one), str(len(every)), *(_median(losses) for losses in (every, *each))])
    return ["frames looked at", "method", "peaks", "speed lost, median, %", *clips], cells


def _names(one: RateFigures) -> list[str]:
    return ["all" if one.step == 1 else f"1 of {one.step}", one.method]


def _median(losses: FloatArray) -> str:
    return f"{percentile(losses, 50):.1f}" if len(losses) else UNKNOWN


def as_dict(found: Sequence[RateFigures]) -> list[dict[str, object]]:
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
        for one in found
    ]
