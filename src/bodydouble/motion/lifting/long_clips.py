"""Storage of the input of the fit of long clips: ``FitInput``s of windows -> one ``FitInput`` in float32.

A clip of one window stays as it is, in float64. The fit itself computes in float64 (``fit.solve.slice_targets``).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from bodydouble.data.windows import shift, split_into_windows
from bodydouble.motion.fit.solve import STATIC_FIELDS, slice_state, slice_targets
from bodydouble.motion.fit.terms import FitTargets, State
from bodydouble.motion.lifting.fit_input import FitInput

WINDOW_FRAMES = 3000
"""Length of the windows in which long clips are lifted and transformed, in frames."""
_TARGETS = tuple(item.name for item in fields(FitTargets) if item.name not in STATIC_FIELDS)
_ARRAYS = ("confidence", "joint_sigma", "up")
"""Arrays of a FitInput beside its targets and its start."""


def join_windows(windows: Iterable[tuple[slice, slice, FitInput]], frames: int) -> FitInput:
    """Joins the windows of a clip of T frames, each of which was processed with a margin: inner, outer and result.

    All have the same skeleton. One window of all frames is returned as it is.
    """
    joined: FitInput | None = None
    for inner, outer, part in windows:
        if inner == slice(0, frames):
            return part
        joined = _allocate(part, frames) if joined is None else joined
        _write(joined, slice_fit_input(part, shift(inner, outer)), inner)
    if joined is None:
        raise ValueError("join_windows: there is no window")
    return joined


def transform_in_windows(person: FitInput, transform: Callable[[FitInput], FitInput]) -> FitInput:
    """Applies a function that treats each frame on its own and keeps the skeleton."""
    frames = len(person.start.root)
    if len(list(split_into_windows(frames, WINDOW_FRAMES, 0))) == 1:
        return transform(person)
    for inner, _ in split_into_windows(frames, WINDOW_FRAMES, 0):
        _write(person, transform(slice_fit_input(person, inner)), inner)
    return person


def slice_fit_input(person: FitInput, frames: slice) -> FitInput:
    """Returns some frames of the input of a fit; targets and start in float64."""
    return FitInput(
        person.skeleton,
        slice_targets(person.targets, frames),
        slice_state(person.start, frames),
        *(getattr(person, name)[frames] for name in _ARRAYS),
    )


def _allocate(part: FitInput, frames: int) -> FitInput:
    """Returns a FitInput of T frames like a part, in float32, with undefined values."""

    def allocate(owner: object, name: str) -> Any:
        return np.empty((frames, *getattr(owner, name).shape[1:]), np.float32)

    return FitInput(
        part.skeleton,
        replace(part.targets, **{name: allocate(part.targets, name) for name in _TARGETS}),
        State(allocate(part.start, "rotations"), allocate(part.start, "root")),
        *(allocate(part, name) for name in _ARRAYS),
    )


def _write(whole: FitInput, part: FitInput, frames: slice) -> None:
    """Overwrites some frames with those of a part."""
    parts: tuple[tuple[object, object, Sequence[str]], ...] = (
        (whole.targets, part.targets, _TARGETS),
        (whole.start, part.start, ("rotations", "root")),
        (whole, part, _ARRAYS),
    )
    for target, source, names in parts:
        for name in names:
            getattr(target, name)[frames] = getattr(source, name)
