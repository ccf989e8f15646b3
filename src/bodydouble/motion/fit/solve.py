"""One fit over the whole clip: the motion that agrees best with everything that is known (maximum a posteriori)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry.rotation_log import exponential
from bodydouble.motion.fit.kinematics import JOINT_COUNT, ROOT_DOF, ROTATION_DOF
from bodydouble.motion.fit.terms import FitTargets, NoiseModel, State, linearize
from bodydouble.networks import core_count

DAMPING_DOWN, DAMPING_UP = 0.2, 10.0
"""Factors of the damping after a step that helped and one that did not."""
MAX_ROTATION_STEP, MAX_TRANSLATION_STEP = 0.7, 0.5
"""rad and m, of a step in one frame."""


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """How the fit is done."""

    noise_model: NoiseModel = field(default_factory=NoiseModel)
    max_steps: int = 15
    """At most."""
    initial_damping: float = 1e-2
    """At first; relative to the diagonal of the normal equations."""
    min_relative_gain: float = 1e-2
    """A step that lowers the cost by a smaller share is the last one."""
    window_frames: int = 300
    """Frames that are fitted at once."""
    margin_frames: int = 75
    """Frames beyond either end of a window that are fitted with it and belong to its neighbours."""


def solve(skeleton: Skeleton, start: State, targets: FitTargets, options: SolveOptions | None = None) -> State:
    """The motion of one person, in overlapping windows if the clip is long.

    Args:
        skeleton: 22 humanoid joints.
        start: where the fit begins.
        targets: T frames.
        options: how the fit is done.

    Returns:
        T frames.
    """
    options = options or SolveOptions()

    def fit_window(window: tuple[slice, slice]) -> State:
        inner, outer = window
        solution = _fit_levenberg_marquardt(skeleton, slice_state(start, outer), slice_targets(targets, outer), options)
        return slice_state(solution, slice(inner.start - outer.start, inner.stop - outer.start))

    # Many small products are slower when each is spread over cores than when the windows are.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(core_count()) as pool:
        parts = list(pool.map(fit_window, _split_into_windows(len(start.root), options)))
    return State(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(State)))


def _split_into_windows(frames: int, options: SolveOptions) -> Iterator[tuple[slice, slice]]:
    """Windows of the clip, and what is fitted for each."""
    count = max(1, round(frames / options.window_frames))
    edges = np.linspace(0, frames, count + 1).round().astype(int)
    for start, stop in pairwise(edges):
        yield (
            slice(start, stop),
            slice(max(start - options.margin_frames, 0), min(stop + options.margin_frames, frames)),
        )


def slice_state(state: State, frames: slice) -> State:
    """Some frames of a state."""
    return State(state.rotations[frames], state.root[frames])


_STATIC_FIELDS = ("fps", "up")


def slice_targets(targets: FitTargets, frames: slice) -> FitTargets:
    """Some frames of what is known."""
    timed = [f.name for f in fields(targets) if f.name not in _STATIC_FIELDS]
    return replace(targets, **{name: getattr(targets, name)[frames] for name in timed})


def _fit_levenberg_marquardt(skeleton: Skeleton, state: State, targets: FitTargets, options: SolveOptions) -> State:
    """Levenberg-Marquardt."""
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
    """The step (T, UNKNOWNS), shortened in each frame that it would change too much for the fit to be linear."""
    rotation_excess = np.abs(step[:, ROTATION_DOF]).max(axis=1) / MAX_ROTATION_STEP
    translation_excess = np.linalg.norm(step[:, ROOT_DOF], axis=1) / MAX_TRANSLATION_STEP
    return np.asarray(step / np.maximum(np.maximum(rotation_excess, translation_excess), 1.0)[:, None])


def retract(state: State, step: FloatArray) -> State:
    """The state after a step (T, UNKNOWNS)."""
    rotations = exponential(step[:, ROTATION_DOF].reshape(len(step), JOINT_COUNT, 3))
    return State(state.rotations @ rotations, state.root + step[:, ROOT_DOF])
