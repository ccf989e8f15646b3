"""Fit of a person again in a span, from other keypoints, contacts or another camera than before.

The fit is repeated with what was measured before and with what is measured now. The difference of both results is added
to the motion, with a weight that decays on both sides of the span. So a change of nothing changes nothing, and what was
done to the motion in other ways (palms, head, keyframes) stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from bodydouble.data import Camera, FloatArray, Motion, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion.fit.kinematics import pose_skeleton
from bodydouble.motion.fit.solve import slice_state, slice_targets, solve
from bodydouble.motion.fit.terms import FIT_LANDMARKS, SOLE_LANDMARKS, FitTargets, State
from bodydouble.motion.floor.contacts import known_contacts
from bodydouble.motion.floor.floor import airborne_probability, support_height
from bodydouble.motion.floor.sole_contacts import sole_contact_probability
from bodydouble.motion.lifting.lift import prepare_fit
from bodydouble.motion.resampling.motion import slice_motion, slice_track

SETTLE_SECONDS = 0.2
"""Time in s on both sides of a span in which the fit counts fully: smoothness had spread the error that far."""
BLEND_SECONDS = 0.5
"""Time in s beyond that, in which the weight of the fit decays."""
MARGIN_SECONDS = 0.5
"""Time in s beyond that, which is fitted and discarded."""
_UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measurements of a person in T frames, from which the motion is fitted."""

    track: Track
    contacts: FloatArray
    """(T, 4) probabilities; NaN where they are estimated."""
    view: Camera
    shot_starts: tuple[int, ...] = ()
    """First frame of the clip of every shot but the first."""


def list_shots(track: Track, shot_starts: Sequence[int]) -> list[slice]:
    """Returns the rows of a track in each shot that shows it; shot_starts as in ``Performance``."""
    first, count = int(track.frames[0]), len(track.frames)
    bounds = sorted({0, count, *(start - first for start in shot_starts if 0 < start - first < count)})
    return [slice(start, stop) for start, stop in pairwise(bounds)]


def _split_at_cuts(rows: slice, evidence: Evidence) -> list[tuple[slice, slice]]:
    """Splits rows of a track at cuts; returns each part, and the rows of the track in its shot."""
    shots = list_shots(evidence.track, evidence.shot_starts)
    parts = [(slice(max(rows.start, shot.start), min(rows.stop, shot.stop)), shot) for shot in shots]
    return [(part, shot) for part, shot in parts if part.start < part.stop]


def refit(
    motion: Motion,
    after: Evidence,
    rows: slice,
    before: Evidence | None = None,
    settle_seconds: float = SETTLE_SECONDS,
) -> Motion:
    """Fits a motion again in a span.

    Args:
        motion: T frames.
        after: measurements now.
        rows: the span; at cuts it is split.
        before: measurements of which the motion was fitted, which differ in the span; None: the fit replaces the
            motion in the span.
        settle_seconds: time in s on both sides of the span in which the fit counts fully.

    Returns:
        The motion, the same away from the span, with the contacts ``after``, estimated where these are NaN.

    Raises:
        ModelError: the lifter cannot be loaded.
    """
    motion = replace(motion, contacts=after.contacts)
    for part, shot in _split_at_cuts(rows, after):
        motion = _refit_part(motion, after, part, shot, before, settle_seconds)
    return replace(motion, contacts=np.nan_to_num(motion.contacts))


def _refit_part(
    motion: Motion, after: Evidence, rows: slice, shot: slice, before: Evidence | None, settle_seconds: float
) -> Motion:
    """Fits a motion again in a span within the rows of a shot."""
    fps = float(motion.fps)
    if not after.track.observed[shot].any():
        return motion
    weights = _weights(rows, shot, fps, settle_seconds)
    changed, margin = np.flatnonzero(weights), round(MARGIN_SECONDS * fps)
    window = slice(
        max(shot.start + int(changed[0]) - margin, shot.start),
        min(shot.start + int(changed[-1]) + 1 + margin, shot.stop),
    )
    new = _fit_window(motion, after, shot, window)
    old = slice_motion(motion, window) if before is None else _fit_window(motion, before, shot, window)
    weight = weights[window.start - shot.start : window.stop - shot.start]
    rotations, root_position, contacts = motion.rotations.copy(), motion.root_position.copy(), motion.contacts.copy()
    turns = rotation.to_rotvec(rotation.multiply(rotation.conjugate(old.rotations), new.rotations))
    inside = weight > 0
    changed_rows = np.arange(window.start, window.stop)[inside]
    partial = rotation.from_rotvec(weight[inside, None, None] * turns[inside])
    rotations[changed_rows] = rotation.normalize(rotation.multiply(rotations[changed_rows], partial))
    root_position[changed_rows] += (weight[:, None] * (new.root_position - old.root_position))[inside]
    contacts[window] = np.where(np.isnan(contacts[window]), new.contacts, contacts[window])
    return replace(
        motion, rotations=rotation.make_continuous(rotations), root_position=root_position, contacts=contacts
    )


def _weights(rows: slice, shot: slice, fps: float, settle_seconds: float) -> FloatArray:
    """Returns the weight of the fit in each row of the shot: 1 in the span, decaying smoothly beyond."""
    row = np.arange(shot.start, shot.stop)
    distance = np.maximum(np.maximum(rows.start - row, row - (rows.stop - 1)), 0) / fps
    fraction = np.clip((distance - settle_seconds) / BLEND_SECONDS, 0.0, 1.0)
    return np.asarray(1 - fraction**2 * (3 - 2 * fraction))


def _fit_window(motion: Motion, evidence: Evidence, shot: slice, window: slice) -> Motion:
    """Fits the rows of a window from the measurements in the shot around it."""
    track, fps = slice_track(evidence.track, shot), float(motion.fps)
    world_from_camera = camera.inverse(evidence.view.camera_from_world[track.frames])
    person = prepare_fit(track, evidence.view.intrinsics, fps, world_from_camera, motion.skeleton, up=_UP)
    inner = slice(window.start - shot.start, window.stop - shot.start)
    start, lifted = slice_state(person.start, inner), slice_targets(person.targets, inner)
    known = known_contacts(person.confidence, fps)[inner]
    given = evidence.contacts[window]
    contacts = np.where(np.isnan(given), lifted.contacts * known, given)
    targets, support = _add_floor(motion, start, lifted, contacts)
    state = solve(motion.skeleton, start, targets)
    if np.isnan(given).any():
        soles = pose_skeleton(motion.skeleton, state.rotations, state.root, FIT_LANDMARKS).landmarks[:, SOLE_LANDMARKS]
        estimated = sole_contact_probability(soles, soles[..., 1] - support[:, None], fps) * known
        contacts = np.where(np.isnan(given), estimated, given)
        state = solve(motion.skeleton, state, _add_floor(motion, state, lifted, contacts)[0])
    return replace(
        slice_motion(motion, window),
        rotations=rotation.from_matrix(state.rotations),
        root_position=state.root,
        contacts=contacts,
    )


def _add_floor(
    motion: Motion, state: State, targets: FitTargets, contacts: FloatArray
) -> tuple[FitTargets, FloatArray]:
    """Returns the targets with the floor y = 0 and contacts (n, 4), and the height (n,) m of the support."""
    height = pose_skeleton(motion.skeleton, state.rotations, state.root, FIT_LANDMARKS).landmarks[..., 1]
    support = support_height(height.min(axis=1), targets.fps)
    airborne = airborne_probability(height - support[:, None], contacts)
    return replace(targets, up=_UP, origin_height=-support, contacts=contacts, airborne=airborne), support
