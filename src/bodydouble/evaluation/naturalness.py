"""How natural a motion looks and how well it keeps to the room, 0 to 10, without a truth.

The rule. A take is cut into windows of 2 s, one a second, at 30 frames/s. In each window six statistics are measured,
the same as in windows of real motion capture. P(x) is the share of the capture's windows whose statistic is at least
as far out as x.

- Jitter, joints beyond their limits, foot slide, floor penetration and floating: the less the better.
  "As far out" is "as large"; points = min(1, 2 P): full up to the capture's median, none beyond its maximum.
- Acceleration (95th percentile over joints and frames): too little is as unreal as too much, as in a motion that was
  smoothed to death. "As far out" is "as far to the nearer end"; points = min(1, 4 P): full in the middle half.

Both rules give windows of the capture itself 0.75 on average, so real motion scores about 7.5. The points of a take are
means over its windows; naturalness (how it moves) is 10 times the mean over acceleration, jitter and joint limits,
realism (whether it obeys the room) 10 times the mean over foot slide, penetration and floating. NaN is left out.
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
from bodydouble.evaluation.evaluation_clip import Subject
from bodydouble.evaluation.metrics import body, floor, motion
from bodydouble.evaluation.metrics.averages import mean, percentile
from bodydouble.geometry import kinematics
from bodydouble.motion.floor.contacts import foot_points

FPS = 30.0
WINDOW, STEP = 60, 30
"""Frames at FPS."""
LEAST_FRAMES = 4
"""A third derivative needs them."""

NATURALNESS = ("jitter_10m_s3", "acceleration_p95_m_s2", "joint_limit_violation_percent")
REALISM = ("foot_slide_mm", "penetration_mm", "floating_mm")
STATISTICS = (*NATURALNESS, *REALISM)
TWO_SIDED = frozenset({"acceleration_p95_m_s2"})

Quantiles: TypeAlias = Mapping[str, FloatArray]
"""For each statistic, its values (N,) at evenly spaced shares from 0 to 1 of the capture's windows."""


@dataclass(frozen=True, slots=True)
class Take:
    """The motion of one person in the world, +Y up, floor at y = 0. What is not known is NaN."""

    fps: float
    joints: FloatArray
    """(T, 22, 3) m, order of humanoid.JOINTS."""
    rotations: FloatArray
    """(T, 22, 4) xyzw, local to the parent."""
    feet: FloatArray
    """(T, 4, 3) m: left heel, left toes, right heel, right toes, on the sole."""
    contacts: FloatArray
    """(T, 4) probability that they touch the floor; of the truth where there is one."""


@dataclass(frozen=True, slots=True)
class Rating:
    """Scores of a take, 0 to 10; real motion capture scores about 7.5 on average. NaN where nothing is known."""

    naturalness: float
    realism: float
    points: dict[str, float]
    """Of each statistic, 0 to 1."""
    statistics: dict[str, float]
    """Means over the windows."""


def take_of_motion(performed: Motion) -> Take:
    """A motion with the 22 humanoid joints as a take."""
    return Take(
        fps=float(performed.fps),
        joints=kinematics.joint_positions(performed),
        rotations=performed.rotations,
        feet=foot_points(performed.skeleton, performed.rotations, performed.root_position),
        contacts=performed.contacts,
    )


def take_of_subject(subject: Subject, fps: float, contacts: FloatArray | None = None) -> Take:
    """A person of a recording as a take, with their own contacts or the given ones (T, 4)."""
    known = subject.contacts if contacts is None else contacts
    return Take(fps, subject.joints, subject.rotations, subject.feet, known)


def rate(take: Take, capture: Quantiles | None = None) -> Rating:
    """Scores a take by the rule above.

    Args:
        take: at least four frames at 30 frames/s; below, both scores are NaN.
        capture: what to compare with; by default, the motion capture of capture_statistics.json.

    Source: the rule is our own. Its statistics are those of PhysDiff (Y. Yuan et al., ICCV 2023), WHAM (S. Shin et
    al., CVPR 2024) and TransPose (X. Yi et al., SIGGRAPH 2021); see evaluation.metrics.
    """
    reference = capture_quantiles() if capture is None else capture
    measured = window_statistics(take)
    points = {name: mean(_points(name, values, reference[name])) for name, values in measured.items()}
    return Rating(
        naturalness=10 * mean(np.array([points[name] for name in NATURALNESS])),
        realism=10 * mean(np.array([points[name] for name in REALISM])),
        points=points,
        statistics={name: mean(values) for name, values in measured.items()},
    )


def window_statistics(take: Take) -> dict[str, FloatArray]:
    """Each of STATISTICS in the windows (W,) of a take; a take shorter than a window is one window."""
    even = _resampled(take)
    frames = len(even.joints)
    starts = range(0, max(frames - WINDOW, 0) + 1, STEP) if frames >= LEAST_FRAMES else ()
    rows = [_statistics(even, slice(start, start + WINDOW)) for start in starts]
    return {name: np.array([row[name] for row in rows]) for name in STATISTICS}


@cache
def capture_quantiles() -> Quantiles:
    """The statistics of real motion capture, measured by tools/measure_capture.py."""
    text = resources.files(__package__).joinpath("capture_statistics.json").read_text(encoding="utf-8")
    return {name: np.array(values) for name, values in json.loads(text)["quantiles"].items()}


def _points(name: str, values: FloatArray, quantiles: FloatArray) -> FloatArray:
    """Points (W,) 0 to 1 of a statistic's values (W,)."""
    as_large = 1.0 - _share_below(values, quantiles)
    if name not in TWO_SIDED:
        return np.asarray(np.minimum(1.0, 2.0 * as_large))
    as_small = 1.0 - _share_below(-values, -quantiles[::-1])
    return np.asarray(np.minimum(1.0, 4.0 * np.minimum(as_large, as_small)))


def _share_below(values: FloatArray, quantiles: FloatArray) -> FloatArray:
    """Share (W,) of the capture that lies strictly below values (W,), linear between quantiles; NaN for NaN."""
    last = len(quantiles) - 1
    above = np.searchsorted(quantiles, values, side="left")
    low, high = quantiles[np.clip(above - 1, 0, last)], quantiles[np.clip(above, 0, last)]
    part = np.divide(values - low, high - low, out=np.zeros(len(values)), where=high > low)
    share = np.where(above == 0, 0.0, np.where(above > last, 1.0, (above - 1 + part) / last))
    return np.where(np.isfinite(values), share, np.nan)


def _statistics(take: Take, window: slice) -> dict[str, float]:
    """Each of STATISTICS in one window of a take at FPS."""
    joints, feet, contacts = take.joints[window], take.feet[window], take.contacts[window]
    acceleration = np.linalg.norm(motion.acceleration(joints, FPS), axis=-1)
    excess = body.joint_limit_excess_deg(take.rotations[window])
    return {
        "jitter_10m_s3": mean(motion.jitter_10m_s3(joints, FPS)),
        "acceleration_p95_m_s2": percentile(acceleration, 95.0),
        "joint_limit_violation_percent": 100 * mean(np.where(np.isfinite(excess), excess > 0, np.nan)),
        "foot_slide_mm": mean(floor.foot_slide_mm(feet, contacts, FPS)),
        "penetration_mm": mean(floor.penetration_mm(feet)),
        "floating_mm": percentile(np.maximum(1e3 * feet[..., 1].min(axis=-1), 0.0), 50.0),
    }


def _resampled(take: Take) -> Take:
    """The take at FPS: every n-th frame where that is exact, smooth curves through the points elsewhere."""
    frames = np.arange(0.0, len(take.joints) - 1 + 1e-6, take.fps / FPS)
    nearest = np.round(frames).astype(int)
    exact = np.allclose(frames, nearest)
    return Take(
        fps=FPS,
        joints=take.joints[nearest] if exact else _on_curve(take.joints, frames),
        rotations=take.rotations[nearest],
        feet=take.feet[nearest] if exact else _on_curve(take.feet, frames),
        contacts=take.contacts[nearest],
    )


def _on_curve(points: FloatArray, frames: FloatArray) -> FloatArray:
    """Points (F, N, 3) at fractional frames (F,) of points (T, N, 3); NaN where the nearest frame has no value."""
    flat = points.reshape(len(points), -1)
    known: BoolArray = np.asarray(np.isfinite(flat).all(axis=1))
    curve = np.full((len(frames), flat.shape[1]), np.nan)
    if known.sum() > 1:
        wanted = known[np.round(frames).astype(int)]
        curve[wanted] = CubicSpline(np.flatnonzero(known), flat[known])(frames[wanted])
    return curve.reshape(len(frames), *points.shape[1:])
