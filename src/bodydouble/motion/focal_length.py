"""The focal length of a camera that nobody knows, from how people move before it.

Before a longer lens everybody seems farther away, and so moves farther along the line of sight: not as fast as their
bodies say. What is near the camera looks larger by less, which bodies of constant bones cannot follow. So the clip,
thinned out, is fitted before cameras of a few focal lengths; the cost of the fits is the likelihood, what cameras
usually have is the prior.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.geometry import rotation
from bodydouble.geometry.rotation_log import logarithm
from bodydouble.motion.fit.kinematics import pose_skeleton
from bodydouble.motion.fit.solve import SolveOptions, slice_state, slice_targets, solve
from bodydouble.motion.fit.terms import FIT_LANDMARKS, NoiseModel, State
from bodydouble.motion.lifting.lift import FitInput
from bodydouble.networks import core_count
from bodydouble.skeletons import blazepose

_QUADRATIC_SPEED_LOSS = NoiseModel(root_velocity_outlier=1e3)
"""A wrong lens shows in speeds that do not fit: all of them count."""
_HIP_ROWS = [FIT_LANDMARKS.index(blazepose.INDEX[f"{side}_hip"]) for side in ("left", "right")]


@dataclass(frozen=True, slots=True)
class FocalLengthOptions:
    """What is looked at, and how much it counts."""

    prior_sigma: float = 0.35
    """Of the logarithm of focal lengths of cameras nobody knows, about the usual one."""
    log_step: float = 0.6
    """Logarithms of focal lengths that are tried differ by this much."""
    effective_sample_rate_hz: float = 0.3
    """Hz; errors of the lifter last, so that a second of video holds this many independent fits."""
    sample_rate_hz: float = 3.0
    """Frames per second that are looked at, ..."""
    max_duration: float = 12.0
    """... of so many seconds in the middle of each person's track."""
    min_duration: float = 2.0
    """s; a shorter track says nothing ..."""
    min_root_spread: float = 0.1
    """m, ... nor do hips that stay closer to their mean place (standard deviation)."""
    steps: int = 3
    """Of the fit before the usual camera ..."""
    refinement_steps: int = 1
    """... and, from there, before each other one."""
    max_log_ratio: float = 0.8
    """The minimum of the costs is no farther from the usual one, in logarithms."""


@dataclass(frozen=True, slots=True)
class FocalLengthEstimate:
    """Relative to the focal length with which people were lifted."""

    ratio: float
    log_sigma: float
    """Of its logarithm."""


def estimate_focal_length(people: Sequence[FitInput], options: FocalLengthOptions | None = None) -> FocalLengthEstimate:
    """The focal length that agrees best with how people move before a camera that stands still.

    Errors of the lifter are alike for all people, so that several of them count as much as one. Where nobody goes
    anywhere it is the usual one.

    Args:
        people: lifted with the usual focal length.
        options: what is looked at.
    """
    options = options or FocalLengthOptions()
    informative = [_subsample(person, options) for person in people if _is_informative(person, options)]
    with ThreadPoolExecutor(core_count()) as pool:
        costs = list(pool.map(lambda person: _fit_costs(person, options), informative))
    return _posterior(np.mean(costs, axis=0) if costs else np.zeros(3), options)


def _is_informative(person: FitInput, options: FocalLengthOptions) -> bool:
    """Whether somebody is seen for long enough and goes somewhere."""
    root = person.start.root
    long_enough = len(root) >= options.min_duration * person.targets.fps
    return long_enough and float(np.linalg.norm(root.std(axis=0))) >= options.min_root_spread


def _posterior(costs: FloatArray, options: FocalLengthOptions) -> FocalLengthEstimate:
    """From the parabola through the costs (3,) of a shorter, the usual and a longer focal length.

    A parabola without a minimum says nothing.
    """
    shorter, default, longer = costs
    curvature = (shorter - 2 * default + longer) / options.log_step**2
    if curvature <= 0:
        return FocalLengthEstimate(1.0, options.prior_sigma)
    minimum = (shorter - longer) / (2 * options.log_step) / curvature
    precision = options.prior_sigma**-2 + curvature
    log_ratio = float(np.clip(minimum, -options.max_log_ratio, options.max_log_ratio)) * curvature / precision
    return FocalLengthEstimate(float(np.exp(log_ratio)), float(precision**-0.5))


def _subsample(person: FitInput, options: FocalLengthOptions) -> FitInput:
    """Some frames of a person."""
    fps, count = person.targets.fps, len(person.start.root)
    step = max(1, round(fps / options.sample_rate_hz))
    skipped = max(count - round(options.max_duration * fps), 0) // 2
    frames = slice(skipped, count - skipped, step)
    return FitInput(
        person.skeleton,
        replace(slice_targets(person.targets, frames), fps=fps / step),
        slice_state(person.start, frames),
        person.confidence[frames],
        person.joint_sigma[frames],
        person.up[frames],
    )


def _fit_costs(person: FitInput, options: FocalLengthOptions) -> FloatArray:
    """(3,) of the fits before a shorter, the usual and a longer lens."""
    default = _refit(person, options.steps)
    fits = (
        _refit(with_focal_ratio(default, ratio), options.refinement_steps)
        for ratio in np.exp([-options.log_step, options.log_step])
    )
    shorter, longer = (_lifter_cost(fit, options) for fit in fits)
    return np.array([shorter, _lifter_cost(default, options), longer])


def _refit(person: FitInput, steps: int) -> FitInput:
    """The person with the fit as start."""
    options = SolveOptions(noise_model=_QUADRATIC_SPEED_LOSS, max_steps=steps)
    return replace(person, start=solve(person.skeleton, person.start, person.targets, options))


def with_focal_ratio(person: FitInput, ratio: float) -> FitInput:
    """A person before a lens so much longer: what the lifter says of the body holds in the new line of sight."""
    evidence, state = person.targets, person.start
    view_ray = rotation.normalize(evidence.view_ray * [1.0, 1.0, ratio])
    correction = _rotation_toward(view_ray) @ np.swapaxes(_rotation_toward(evidence.view_ray), -1, -2)
    scaled = replace(
        evidence,
        points=evidence.points / ratio,
        points_sigma=evidence.points_sigma / ratio,
        view_ray=view_ray,
        rotations=_rotate_root(correction, evidence.rotations),
        root_velocity=(correction @ evidence.root_velocity[..., None])[..., 0],
    )
    start = State(_rotate_root(correction, state.rotations), state.root * [1.0, 1.0, ratio])
    return replace(person, targets=scaled, start=start, up=(correction @ person.up[..., None])[..., 0])


def _rotation_toward(view_ray: FloatArray) -> FloatArray:
    """(T, 3, 3) that turn the optical axis to lines of sight (T, 3)."""
    optical_axis = np.broadcast_to([0.0, 0.0, 1.0], view_ray.shape)
    return rotation.to_matrix(rotation.between(optical_axis, view_ray))


def _rotate_root(root_rotation: FloatArray, rotations: FloatArray) -> FloatArray:
    """Rotations (T, 22, 3, 3) of a body that is turned as a whole (T, 3, 3)."""
    return np.concatenate([root_rotation[:, None] @ rotations[:, :1], rotations[:, 1:]], axis=1)


def _lifter_cost(person: FitInput, options: FocalLengthOptions) -> float:
    """How far somebody's start is off what the lifter says: squared standard deviations.

    Where landmarks are seen does not count: with the noise of the detector it misleads.
    """
    noise, state, evidence = _QUADRATIC_SPEED_LOSS, person.start, person.targets
    landmarks = pose_skeleton(person.skeleton, state.rotations, state.root, FIT_LANDMARKS).landmarks
    hips = landmarks[:, _HIP_ROWS].mean(axis=1, keepdims=True)
    depth_errors = np.einsum("tli,ti->tl", landmarks - hips, evidence.view_ray) - evidence.depths
    limit = noise.landmark_outlier**2
    cost = limit * np.log1p((depth_errors / evidence.depths_sigma) ** 2 / limit).sum()
    cost += ((logarithm(np.swapaxes(evidence.rotations, -1, -2) @ state.rotations) / noise.rotation_sigma) ** 2).sum()
    speed = (evidence.root_velocity[:-1] + evidence.root_velocity[1:]) / 2
    speed_errors = np.diff(state.root, axis=0) * evidence.fps - speed
    cost += ((speed_errors / noise.root_velocity_sigma) ** 2).sum()
    return float(cost * options.effective_sample_rate_hz / evidence.fps)
