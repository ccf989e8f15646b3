"""Fit of a person again in a span, from other keypoints, contacts or another camera than before.

The fit is repeated with what was measured before and with what is measured now. The difference of both results is added
to the motion, with a weight that decays on both sides of the span. So a change of nothing changes nothing, and what was
done to the motion in other ways (palms, head, keyframes) stays.
"""

from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import Camera, FloatArray, Motion, Track
from bodydouble.geometry import camera, rotation
from bodydouble.motion.fit.kinematics import pose_skeleton
from bodydouble.motion.fit.solve import slice_state, slice_targets, solve
from bodydouble.motion.fit.terms import FIT_LANDMARKS, SOLE_LANDMARKS, FitTargets, State
from bodydouble.motion.floor.contacts import contact_probability, known_contacts
from bodydouble.motion.floor.floor import airborne_probability, support_height
from bodydouble.motion.lifting.lift import prepare_fit
from bodydouble.motion.resampling.motion import slice_motion

SETTLE_SECONDS = 0.2
"""Time in s on both sides of a span in which the fit counts fully: smoothness had spread the error that far."""
BLEND_SECONDS = 0.5
"""Time in s beyond that, in which the weight of the fit decays."""
MARGIN_SECONDS = 0.5
"""Time in s beyond that, which is fitted and discarded."""
MAX_CAMERA_TURN, MAX_CAMERA_STEP = 0.3, 0.5
"""Maximum rotation in rad and movement in m of a camera from frame to frame without a cut."""
_UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measurements of a person in T frames, from which the motion is fitted."""

    track: Track
    contacts: FloatArray
    """(T, 4) probabilities; NaN where they are estimated."""
    view: Camera


def find_shots(view: Camera) -> list[slice]:
    """Returns the frames of each shot: between two shots the camera jumps."""
    poses = view.camera_from_world
    quaternions, positions = rotation.from_matrix(poses[:, :3, :3]), camera.inverse(poses)[:, :3, 3]
    turns = rotation.angle_between(quaternions[1:], quaternions[:-1])
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=-1)
    cuts = 1 + np.flatnonzero((turns > MAX_CAMERA_TURN) | (steps > MAX_CAMERA_STEP))
    return [slice(int(a), int(b)) for a, b in zip([0, *cuts], [*cuts, len(poses)], strict=True)]


def split_at_cuts(rows: slice, track: Track, view: Camera) -> list[slice]:
    """Splits rows of a track at cuts."""
    first = int(track.frames[0])
    shots = (slice(shot.start - first, shot.stop - first) for shot in find_shots(view))
    parts = (slice(max(rows.start, shot.start), min(rows.stop, shot.stop)) for shot in shots)
    return [part for part in parts if part.start < part.stop]


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
    for part in split_at_cuts(rows, after.track, after.view):
        motion = _refit_part(motion, after, part, before, settle_seconds)
    return replace(motion, contacts=np.nan_to_num(motion.contacts))


def _refit_part(motion: Motion, after: Evidence, rows: slice, before: Evidence | None, settle_seconds: float) -> Motion:
    """Fits a motion again in a span without a cut."""
    fps, shot = float(motion.fps), _shot_around(after, rows)
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


def _shot_around(evidence: Evidence, rows: slice) -> slice:
    """Returns the rows of the track in the shot that contains the given rows."""
    first, frames = int(evidence.track.frames[0]), evidence.track.frames
    shot = next(s for s in find_shots(evidence.view) if s.start <= first + rows.start < s.stop)
    return slice(max(shot.start - first, 0), min(shot.stop - first, len(frames)))


def _weights(rows: slice, shot: slice, fps: float, settle_seconds: float) -> FloatArray:
    """Returns the weight of the fit in each row of the shot: 1 in the span, decaying smoothly beyond."""
    row = np.arange(shot.start, shot.stop)
    distance = np.maximum(np.maximum(rows.start - row, row - (rows.stop - 1)), 0) / fps
    fraction = np.clip((distance - settle_seconds) / BLEND_SECONDS, 0.0, 1.0)
    return np.asarray(1 - fraction**2 * (3 - 2 * fraction))


def _fit_window(motion: Motion, evidence: Evidence, shot: slice, window: slice) -> Motion:
    """Fits the rows of a window from the measurements in the shot around it."""
    track, fps = _slice_track(evidence.track, shot), float(motion.fps)
    world_from_camera = camera.inverse(evidence.view.camera_from_world[track.frames])
    person = prepare_fit(track, evidence.view.intrinsics, fps, world_from_camera, motion.skeleton)
    inner = slice(window.start - shot.start, window.stop - shot.start)
    start, lifted = slice_state(person.start, inner), slice_targets(person.targets, inner)
    known = known_contacts(person.confidence, fps)[inner]
    given = evidence.contacts[window]
    contacts = np.where(np.isnan(given), lifted.contacts * known, given)
    targets, support = _add_floor(motion, start, lifted, contacts)
    state = solve(motion.skeleton, start, targets)
    if np.isnan(given).any():
        soles = pose_skeleton(motion.skeleton, state.rotations, state.root, FIT_LANDMARKS).landmarks[:, SOLE_LANDMARKS]
        estimated = contact_probability(soles, soles[..., 1] - support[:, None], fps) * known
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


def _slice_track(track: Track, rows: slice) -> Track:
    return Track(
        track.frames[rows], track.observed[rows], track.boxes[rows], track.keypoints[rows], track.landmarks_3d[rows]
    )
