"""Scores of naturalness and physical realism of a motion, 0 to 10, without ground truth.

In: a ``MotionSample``, made from a ``Motion`` or an ``EvaluatedPerson``. Out: a ``NaturalnessScore`` (``score``).

A sample is divided into windows of 2 s, one per second, at 30 frames/s. Six statistics are measured in each window and
compared with those of windows of real motion capture. P(x) is the fraction of the capture's windows whose statistic is
at least as extreme as x.

- Jitter, joints beyond their limits, foot slide, floor penetration and floating: lower is better. "As extreme" means
  "as large"; points = min(1, 2 P): 1 up to the capture's median, 0 beyond its maximum.
- Acceleration (95th percentile over joints and frames): too little is as unrealistic as too much, as in oversmoothed
  motion. "As extreme" means "as near to the nearer end"; points = min(1, 4 P): 1 in the interquartile range.

Both rules give windows of the capture itself 0.75 on average, so real motion scores about 7.5. The points of a sample
are means over its windows. Naturalness is 10 times the mean over acceleration, jitter and joint limits; realism is 10
times the mean over foot slide, penetration and floating. NaN is left out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypeAlias

import numpy as np
from scipy.interpolate import CubicSpline

from bodydouble.data import BoolArray, FloatArray, Motion
from bodydouble.data.windows import split_into_windows
from bodydouble.evaluation.evaluation_clip import EvaluatedPerson
from bodydouble.evaluation.metrics import body, floor, motion
from bodydouble.evaluation.metrics.averages import mean, percentile
from bodydouble.geometry import kinematics
from bodydouble.motion.floor.contacts import sole_positions

FPS = 30.0
"""Frame rate in frames/s at which samples are measured."""
WINDOW_FRAMES, STEP_FRAMES = 60, 30
"""Length of a window, and distance between windows, in frames at FPS."""
MIN_FRAMES = 4
"""Minimum number of frames for a third derivative."""

NATURALNESS_STATISTICS = ("jitter_10m_s3", "acceleration_p95_m_s2", "joint_limit_violation_percent")
REALISM_STATISTICS = ("foot_slide_mm", "penetration_mm", "floating_mm")
STATISTICS = (*NATURALNESS_STATISTICS, *REALISM_STATISTICS)
TWO_SIDED = frozenset({"acceleration_p95_m_s2"})

Quantiles: TypeAlias = Mapping[str, FloatArray]
"""Values (N,) of each statistic at evenly spaced quantiles from 0 to 1 of the capture's windows."""

SPLINE_FRAMES, SPLINE_MARGIN = 6000, 60
"""Number of frames of a long sample that one spline interpolates, and frames beyond them that it passes through: its
memory is much shorter."""


@dataclass(frozen=True, slots=True)
class MotionSample:
    """The motion of one person in the world, +Y up, floor at y = 0; NaN where not observed."""

    fps: float
    joints: FloatArray
    """(T, 22, 3) m, order of humanoid.JOINTS."""
    rotations: FloatArray
    """(T, 22, 4) xyzw, local to the parent."""
    feet: FloatArray
    """(T, 4, 3) m: left heel, left toes, right heel, right toes, on the sole."""
    contacts: FloatArray
    """(T, 4) probability of contact with the floor; of the ground truth if known."""


@dataclass(frozen=True, slots=True)
class NaturalnessScore:
    """Scores of a sample, 0 to 10; real motion capture scores about 7.5 on average. NaN without observations."""

    naturalness: float
    realism: float
    points: dict[str, float]
    """Points of each statistic, 0 to 1."""
    statistics: dict[str, float]
    """Mean of each statistic over the windows."""


def sample_from_motion(humanoid_motion: Motion) -> MotionSample:
    """Converts a motion with the 22 humanoid joints to a sample."""
    return MotionSample(
        fps=float(humanoid_motion.fps),
        joints=kinematics.joint_positions(humanoid_motion),
        rotations=humanoid_motion.rotations,
        feet=sole_positions(humanoid_motion.skeleton, humanoid_motion.rotations, humanoid_motion.root_position),
        contacts=humanoid_motion.contacts,
    )


def sample_from_person(person: EvaluatedPerson, fps: float, contacts: FloatArray | None = None) -> MotionSample:
    """Converts a person of a clip to a sample, with the person's contacts or other ones (T, 4)."""
    used_contacts = person.contacts if contacts is None else contacts
    return MotionSample(fps, person.joints, person.rotations, person.feet, used_contacts)


def score(sample: MotionSample, reference: Quantiles | None = None) -> NaturalnessScore:
    """Scores a sample by the rules above.

    Args:
        sample: motion of at least four frames at 30 frames/s; both scores are NaN below.
        reference: quantiles to compare with; by default, those of capture_statistics.json.

    Source: the rules are our own. The statistics are those of PhysDiff (Y. Yuan et al., ICCV 2023), WHAM (S. Shin et
    al., CVPR 2024) and TransPose (X. Yi et al., SIGGRAPH 2021); see evaluation.metrics.
    """
    quantiles = capture_quantiles() if reference is None else reference
    measured = window_statistics(sample)
    points = {name: mean(statistic_points(name, values, quantiles[name])) for name, values in measured.items()}
    return NaturalnessScore(
        naturalness=10 * mean(np.array([points[name] for name in NATURALNESS_STATISTICS])),
        realism=10 * mean(np.array([points[name] for name in REALISM_STATISTICS])),
        points=points,
        statistics={name: mean(values) for name, values in measured.items()},
    )


def window_statistics(sample: MotionSample) -> dict[str, FloatArray]:
    """Measures each of STATISTICS in the windows (W,) of a sample; a shorter sample is one window."""
    resampled = _resample(sample)
    frames = len(resampled.joints)
    starts = range(0, max(frames - WINDOW_FRAMES, 0) + 1, STEP_FRAMES) if frames >= MIN_FRAMES else ()
    rows = [_measure_window(resampled, slice(start, start + WINDOW_FRAMES)) for start in starts]
    return {name: np.array([row[name] for row in rows]) for name in STATISTICS}


@cache
def capture_quantiles() -> Quantiles:
    """Loads the statistics of real motion capture, measured by tools/measure_capture.py."""
    text = resources.files(__package__).joinpath("capture_statistics.json").read_text(encoding="utf-8")
    return {name: np.array(values) for name, values in json.loads(text)["quantiles"].items()}


def statistic_points(name: str, values: FloatArray, quantiles: FloatArray) -> FloatArray:
    """Returns the points (W,), 0 to 1, of a statistic's values (W,)."""
    fraction_as_large = 1.0 - _fraction_below(values, quantiles)
    if name not in TWO_SIDED:
        return np.asarray(np.minimum(1.0, 2.0 * fraction_as_large))
    fraction_as_small = 1.0 - _fraction_below(-values, -quantiles[::-1])
    return np.asarray(np.minimum(1.0, 4.0 * np.minimum(fraction_as_large, fraction_as_small)))


def _fraction_below(values: FloatArray, quantiles: FloatArray) -> FloatArray:
    """Returns the fraction (W,) of the capture strictly below values (W,), linear between quantiles; NaN for NaN."""
    last = len(quantiles) - 1
    above = np.searchsorted(quantiles, values, side="left")
    low, high = quantiles[np.clip(above - 1, 0, last)], quantiles[np.clip(above, 0, last)]
    remainder = np.divide(values - low, high - low, out=np.zeros(len(values)), where=high > low)
    fraction = np.where(above == 0, 0.0, np.where(above > last, 1.0, (above - 1 + remainder) / last))
    return np.where(np.isfinite(values), fraction, np.nan)


def _measure_window(sample: MotionSample, window: slice) -> dict[str, float]:
    """Measures each of STATISTICS in one window of a sample at FPS."""
    joints, feet, contacts = sample.joints[window], sample.feet[window], sample.contacts[window]
    acceleration = np.linalg.norm(motion.acceleration(joints, FPS), axis=-1)
    excess = body.joint_limit_excess_deg(sample.rotations[window])
    return {
        "jitter_10m_s3": mean(motion.jitter_10m_s3(joints, FPS)),
        "acceleration_p95_m_s2": percentile(acceleration, 95.0),
        "joint_limit_violation_percent": 100 * mean(np.where(np.isfinite(excess), excess > 0, np.nan)),
        "foot_slide_mm": mean(floor.foot_slide_mm(feet, contacts, FPS)),
        "penetration_mm": mean(floor.penetration_mm(feet)),
        "floating_mm": percentile(np.maximum(1e3 * feet[..., 1].min(axis=-1), 0.0), 50.0),
    }


def _resample(sample: MotionSample) -> MotionSample:
    """Resamples to FPS: every n-th frame where that is exact, cubic splines of the points elsewhere."""
    frames = np.arange(0.0, len(sample.joints) - 1 + 1e-6, sample.fps / FPS)
    nearest = np.round(frames).astype(int)
    exact = np.allclose(frames, nearest)
    return MotionSample(
        fps=FPS,
        joints=sample.joints[nearest] if exact else _interpolate(sample.joints, frames),
        rotations=sample.rotations[nearest],
        feet=sample.feet[nearest] if exact else _interpolate(sample.feet, frames),
        contacts=sample.contacts[nearest],
    )


def _interpolate(points: FloatArray, frames: FloatArray) -> FloatArray:
    """Interpolates points (T, N, 3) at fractional frames (F,); NaN where the nearest frame has no value."""
    flat = points.reshape(len(points), -1)
    valid: BoolArray = np.asarray(np.isfinite(flat).all(axis=1))
    curve = np.full((len(frames), flat.shape[1]), np.nan)
    known = np.flatnonzero(valid)
    for rows, _ in split_into_windows(len(frames), SPLINE_FRAMES, 0):
        times = frames[rows]
        first, last = np.searchsorted(known, (times[0] - SPLINE_MARGIN, times[-1] + SPLINE_MARGIN)).tolist()
        near = known if rows == slice(0, len(frames)) else known[first:last]
        is_wanted = valid[np.round(times).astype(int)]
        if len(near) > 1:
            curve[rows][is_wanted] = CubicSpline(near, flat[near])(times[is_wanted])
    return curve.reshape(len(frames), *points.shape[1:])
