"""Focal length of an unknown static camera, from the motion of the people.

In: ``FitInput`` of all people, lifted with the default focal length. Out: ``FocalLengthEstimate``, a ratio to it.

A focal length that is too long moves people away and stretches their motion along the viewing axis. That contradicts
the lifter's root velocity, and it weakens perspective, which a skeleton of constant bones cannot reproduce. So a
subsampled clip is fitted with a shorter, the default and a longer focal length. The costs of the fits are the negative
log-likelihood, and the focal lengths of common cameras are the prior.
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
from bodydouble.motion.lifting.fit_input import FitInput
from bodydouble.networks import core_count
from bodydouble.skeletons import blazepose

_QUADRATIC_SPEED_LOSS = NoiseModel(root_velocity_outlier=1e3)
"""Noise model without outliers of the speed: a wrong focal length contradicts all speeds, so all of them count."""
_HIP_ROWS = [FIT_LANDMARKS.index(blazepose.INDEX[f"{side}_hip"]) for side in ("left", "right")]


@dataclass(frozen=True, slots=True)
class FocalLengthOptions:
    """Prior, subsampling and fits of the focal length estimate."""

    prior_sigma: float = 0.35
    """Standard deviation of the logarithm of unknown focal lengths about the default."""
    log_step: float = 0.6
    """Difference in the logarithm between the default and the shorter and longer focal lengths."""
    effective_sample_rate_hz: float = 0.3
    """Number of independent fits per second of video: errors of the lifter are correlated in time."""
    sample_rate_hz: float = 3.0
    """Number of frames per second in the fits."""
    max_duration: float = 12.0
    """Maximum duration in s of the fitted part, in the middle of each track."""
    min_duration: float = 2.0
    """Minimum duration in s of a track that is used."""
    min_root_spread: float = 0.1
    """Minimum standard deviation in m of the hips of a track that is used."""
    steps: int = 3
    """Number of steps of the fit with the default focal length."""
    refinement_steps: int = 1
    """Number of steps of the fits with the other focal lengths, which start from the default one."""
    max_log_ratio: float = 0.8
    """Maximum logarithm of the ratio at which the parabola of the costs has its minimum."""


@dataclass(frozen=True, slots=True)
class FocalLengthEstimate:
    """Focal length relative to the one with which the people were lifted."""

    ratio: float
    """Ratio of the focal lengths."""
    log_sigma: float
    """Standard deviation of the logarithm of the ratio."""


def estimate_focal_length(people: Sequence[FitInput], options: FocalLengthOptions | None = None) -> FocalLengthEstimate:
    """Estimates the focal length of a static camera from the motion of the people.

    Errors of the lifter are the same for all people, so several people count as one. If all people stay in place, the
    ratio is 1.

    Args:
        people: lifted with the default focal length.
        options: prior, subsampling and fits.
    """
    options = options or FocalLengthOptions()
    informative = [_subsample(person, options) for person in people if _is_informative(person, options)]
    with ThreadPoolExecutor(core_count()) as pool:
        costs = list(pool.map(lambda person: _fit_costs(person, options), informative))
    return _posterior(np.mean(costs, axis=0) if costs else np.zeros(3), options)


def _is_informative(person: FitInput, options: FocalLengthOptions) -> bool:
    """Whether a track is long enough and its hips move."""
    root = person.start.root
    long_enough = len(root) >= options.min_duration * person.targets.fps
    return long_enough and float(np.linalg.norm(root.std(axis=0))) >= options.min_root_spread


def _posterior(costs: FloatArray, options: FocalLengthOptions) -> FocalLengthEstimate:
    """Combines the prior with the parabola through the costs (3,) of the shorter, default and longer focal length.

    A parabola without a minimum is ignored.
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
    """Returns a person in a subset of the frames, at a lower frame rate."""
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
    """Fits a person with the shorter, the default and the longer focal length and returns the costs (3,)."""
    default = _refit(person, options.steps)
    ratios = np.exp([-options.log_step, options.log_step])
    fits = (_refit(with_focal_ratio(default, ratio), options.refinement_steps) for ratio in ratios)
    shorter, longer = (_lifter_cost(fit, options) for fit in fits)
    return np.array([shorter, _lifter_cost(default, options), longer])


def _refit(person: FitInput, steps: int) -> FitInput:
    """Returns the person with the result of a fit as start."""
    options = SolveOptions(noise_model=_QUADRATIC_SPEED_LOSS, max_steps=steps)
    return replace(person, start=solve(person.skeleton, person.start, person.targets, options))


def with_focal_ratio(person: FitInput, ratio: float) -> FitInput:
    """Returns a person for a focal length larger by a ratio; the lifter's output is kept along the new view ray."""
    targets, state = person.targets, person.start
    view_ray = rotation.normalize(targets.view_ray * [1.0, 1.0, ratio])
    correction = _rotation_toward(view_ray) @ np.swapaxes(_rotation_toward(targets.view_ray), -1, -2)
    scaled = replace(
        targets,
        points=targets.points / ratio,
        points_sigma=targets.points_sigma / ratio,
        view_ray=view_ray,
        rotations=_rotate_root(correction, targets.rotations),
        root_velocity=rotation.rotate_vectors(correction, targets.root_velocity),
    )
    start = State(_rotate_root(correction, state.rotations), state.root * [1.0, 1.0, ratio])
    return replace(person, targets=scaled, start=start, up=rotation.rotate_vectors(correction, person.up))


def _rotation_toward(view_ray: FloatArray) -> FloatArray:
    """Returns the rotations (T, 3, 3) from the optical axis to view rays (T, 3)."""
    optical_axis = np.broadcast_to([0.0, 0.0, 1.0], view_ray.shape)
    return rotation.to_matrix(rotation.between(optical_axis, view_ray))


def _rotate_root(root_rotation: FloatArray, rotations: FloatArray) -> FloatArray:
    """Returns local rotations (T, 22, 3, 3) with the root rotated by (T, 3, 3)."""
    return np.concatenate([root_rotation[:, None] @ rotations[:, :1], rotations[:, 1:]], axis=1)


def _lifter_cost(person: FitInput, options: FocalLengthOptions) -> float:
    """Returns the cost of a person's start with respect to the lifter's output, in squared standard deviations.

    The reprojection error is left out: the noise of the detector makes it misleading.
    """
    noise, state, targets = _QUADRATIC_SPEED_LOSS, person.start, person.targets
    landmarks = pose_skeleton(person.skeleton, state.rotations, state.root, FIT_LANDMARKS).landmarks
    hips = landmarks[:, _HIP_ROWS].mean(axis=1, keepdims=True)
    depth_errors = np.einsum("tli,ti->tl", landmarks - hips, targets.view_ray) - targets.depths
    limit = noise.landmark_outlier**2
    cost = limit * np.log1p((depth_errors / targets.depths_sigma) ** 2 / limit).sum()
    rotation_errors = logarithm(np.swapaxes(targets.rotations, -1, -2) @ state.rotations)
    cost += ((rotation_errors / noise.rotation_sigma) ** 2).sum()
    speed = (targets.root_velocity[:-1] + targets.root_velocity[1:]) / 2
    speed_errors = np.diff(state.root, axis=0) * targets.fps - speed
    cost += ((speed_errors / noise.root_velocity_sigma) ** 2).sum()
    return float(cost * options.effective_sample_rate_hz / targets.fps)
