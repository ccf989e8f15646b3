"""Maximum a posteriori fit of a motion over the whole clip: Levenberg-Marquardt on the energy terms of ``terms``.

In: ``Skeleton``, initial ``State`` and ``FitTargets`` of T frames. Out: the fitted ``State`` of T frames.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bodydouble.data import FloatArray, Skeleton
from bodydouble.data.windows import shift, split_into_windows
from bodydouble.geometry.rotation_log import exponential
from bodydouble.motion.fit.kinematics import JOINT_COUNT, ROOT_DOF, ROTATION_DOF
from bodydouble.motion.fit.terms import FitTargets, NoiseModel, State, linearize
from bodydouble.networks import core_count

DAMPING_DOWN, DAMPING_UP = 0.2, 10.0
"""Factors of the damping after a step that lowered the cost and after one that did not."""
MAX_ROTATION_STEP, MAX_TRANSLATION_STEP = 0.7, 0.5
"""Maximum step of one frame in rad (each axis of a joint) and in m (the root)."""
MAX_PARALLEL_WINDOWS = 4
"""Maximum number of windows that are fitted at once; each needs some 100 MB."""


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """Options of the Levenberg-Marquardt iteration."""

    noise_model: NoiseModel = field(default_factory=NoiseModel)
    """Sigmas of the energy terms."""
    max_steps: int = 15
    """Maximum number of steps."""
    initial_damping: float = 1e-2
    """Damping of the first step, relative to the diagonal of the normal equations."""
    min_relative_gain: float = 1e-2
    """Relative decrease of the cost below which the iteration stops."""
    window_frames: int = 300
    """Length of the windows that are fitted independently, in frames."""
    margin_frames: int = 75
    """Overlap of a window with its neighbours on either side, in frames; these frames are fitted and discarded."""


def solve(skeleton: Skeleton, start: State, targets: FitTargets, options: SolveOptions | None = None) -> State:
    """Fits the motion of one person, in overlapping windows if the clip is long.

    Args:
        skeleton: 22 humanoid joints.
        start: T frames, the initial state.
        targets: T frames of measurements.
        options: of the iteration.

    Returns:
        T frames, the fitted state.
    """
    options = options or SolveOptions()
    frames = len(start.root)
    fitted = State(np.empty_like(start.rotations), np.empty_like(start.root))

    def fit_window(window: tuple[slice, slice]) -> None:
        inner, outer = window
        solution = _fit_levenberg_marquardt(skeleton, slice_state(start, outer), slice_targets(targets, outer), options)
        fitted.rotations[inner] = solution.rotations[shift(inner, outer)]
        fitted.root[inner] = solution.root[shift(inner, outer)]

    # Many small matrix products run faster with one window per core than with each product spread over all cores.
    workers = min(core_count(), MAX_PARALLEL_WINDOWS)
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers) as pool:
        list(pool.map(fit_window, split_into_windows(frames, options.window_frames, options.margin_frames)))
    return fitted


def fit_cost(skeleton: Skeleton, start: State, targets: FitTargets, options: SolveOptions | None = None) -> float:
    """Returns the cost at the solution of the fit of a short clip, to compare several readings of it."""
    options = options or SolveOptions()
    with threadpool_limits(1, "blas"):
        state = _fit_levenberg_marquardt(skeleton, start, targets, options)
        return linearize(skeleton, state, targets, options.noise_model).cost


def slice_state(state: State, frames: slice) -> State:
    """Returns some frames of a state, in float64."""
    return State(as_float64(state.rotations[frames]), as_float64(state.root[frames]))


def as_float64(values: FloatArray) -> FloatArray:
    """Returns values in float64; long clips are stored in float32."""
    return np.asarray(values, dtype=np.float64)


STATIC_FIELDS = ("fps", "up")
"""Fields of FitTargets without a time axis."""


def slice_targets(targets: FitTargets, frames: slice) -> FitTargets:
    """Returns some frames of the targets, in float64."""
    timed = [f.name for f in fields(targets) if f.name not in STATIC_FIELDS]
    values: dict[str, Any] = {name: as_float64(getattr(targets, name)[frames]) for name in timed}
    return replace(targets, **values)


def _fit_levenberg_marquardt(skeleton: Skeleton, state: State, targets: FitTargets, options: SolveOptions) -> State:
    """Minimizes the cost by Levenberg-Marquardt."""
    damping = options.initial_damping
    current = linearize(skeleton, state, targets, options.noise_model)
    equations = current.normal_equations()
    for _ in range(options.max_steps):
        trial_state = retract(state, _limit_step(equations.solve_step(damping)))
        trial = linearize(skeleton, trial_state, targets, options.noise_model)
        if trial.cost > current.cost:
            damping *= DAMPING_UP
            continue
        gain = (current.cost - trial.cost) / max(current.cost, 1e-12)
        state, current, damping = trial_state, trial, damping * DAMPING_DOWN
        if gain < options.min_relative_gain:
            break
        equations = current.normal_equations()
    return state


def _limit_step(step: FloatArray) -> FloatArray:
    """Shortens a step (T, DOF) in each frame in which it exceeds the range where the terms are nearly linear."""
    rotation_excess = np.abs(step[:, ROTATION_DOF]).max(axis=1) / MAX_ROTATION_STEP
    translation_excess = np.linalg.norm(step[:, ROOT_DOF], axis=1) / MAX_TRANSLATION_STEP
    return np.asarray(step / np.maximum(np.maximum(rotation_excess, translation_excess), 1.0)[:, None])


def retract(state: State, step: FloatArray) -> State:
    """Applies a step (T, DOF) to a state: rotations by the exponential map, positions by addition."""
    rotations = exponential(step[:, ROTATION_DOF].reshape(len(step), JOINT_COUNT, 3))
    return State(state.rotations @ rotations, state.root + step[:, ROOT_DOF])
