"""One fit over the whole clip: the motion that agrees best with everything that is known (maximum a posteriori)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from bodydouble.data import FloatArray, Skeleton
from bodydouble.geometry.rotation_log import exponential
from bodydouble.motion.fit.kinematics import JOINTS, ROOT, TURNS
from bodydouble.motion.fit.terms import Evidence, NoiseModel, State, linearized
from bodydouble.networks import core_count

EASIER, HARDER = 0.2, 10.0
"""Factors of the damping after a step that helped and one that did not."""
LARGEST_TURN, LARGEST_SHIFT = 0.7, 0.5
"""rad and m, of a step in one frame."""


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """How the fit is done."""

    weights: NoiseModel = field(default_factory=NoiseModel)
    steps: int = 15
    """At most."""
    damping: float = 1e-2
    """At first; relative to the diagonal of the normal equations."""
    enough: float = 1e-2
    """A step that lowers the cost by a smaller share is the last one."""
    window: int = 300
    """Frames that are fitted at once."""
    margin: int = 75
    """Frames beyond either end of a window that are fitted with it and belong to its neighbours."""


def solve(skeleton: Skeleton, start: State, evidence: Evidence, options: SolveOptions | None = None) -> State:
    """The motion of one person, in overlapping windows if the clip is long.

    Args:
        skeleton: 22 humanoid joints.
        start: where the fit begins.
        evidence: T frames.
        options: how the fit is done.

    Returns:
        T frames.
    """
    options = options or SolveOptions()

    def fitted(window: tuple[slice, slice]) -> State:
        inner, outer = window
        found = _fitted(skeleton, rows(start, outer), evidence_rows(evidence, outer), options)
        return rows(found, slice(inner.start - outer.start, inner.stop - outer.start))

    # Many small products are slower when each is spread over cores than when the windows are.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(core_count()) as pool:
        parts = list(pool.map(fitted, _windows(len(start.root), options)))
    return State(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(State)))


def _windows(frames: int, options: SolveOptions) -> Iterator[tuple[slice, slice]]:
    """Windows of the clip, and what is fitted for each."""
    count = max(1, round(frames / options.window))
    edges = np.linspace(0, frames, count + 1).round().astype(int)
    for start, stop in pairwise(edges):
        yield slice(start, stop), slice(max(start - options.margin, 0), min(stop + options.margin, frames))


def rows(state: State, frames: slice) -> State:
    """Some frames of a state."""
    return State(state.rotations[frames], state.root[frames])


_TIMELESS = ("fps", "up")


def evidence_rows(evidence: Evidence, frames: slice) -> Evidence:
    """Some frames of what is known."""
    timed = [f.name for f in fields(evidence) if f.name not in _TIMELESS]
    return replace(evidence, **{name: getattr(evidence, name)[frames] for name in timed})


def _fitted(skeleton: Skeleton, state: State, evidence: Evidence, options: SolveOptions) -> State:
    """Levenberg-Marquardt."""
    damping = options.damping
    here = linearized(skeleton, state, evidence, options.weights)
    equations = here.equations()
    for _ in range(options.steps):
        tried = moved(state, _bounded(equations.step(damping)))
        there = linearized(skeleton, tried, evidence, options.weights)
        if there.cost > here.cost:
            damping *= HARDER
            continue
        gain = (here.cost - there.cost) / max(here.cost, 1e-12)
        state, here, damping = tried, there, damping * EASIER
        if gain < options.enough:
            break
        equations = here.equations()
    return state


def _bounded(step: FloatArray) -> FloatArray:
    """The step (T, UNKNOWNS), shortened in each frame that it would change too much for the fit to be linear."""
    turn = np.abs(step[:, TURNS]).max(axis=1) / LARGEST_TURN
    shift = np.linalg.norm(step[:, ROOT], axis=1) / LARGEST_SHIFT
    return np.asarray(step / np.maximum(np.maximum(turn, shift), 1.0)[:, None])


def moved(state: State, step: FloatArray) -> State:
    """The state after a step (T, UNKNOWNS)."""
    turns = exponential(step[:, TURNS].reshape(len(step), JOINTS, 3))
    return State(state.rotations @ turns, state.root + step[:, ROOT])
