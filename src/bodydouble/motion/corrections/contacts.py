"""Foot contacts by hand: ``ContactEdit`` -> contacts (T, 4), and the places where the soles rest in added contacts."""

from collections.abc import Sequence

import numpy as np

from bodydouble.data import BoolArray, FloatArray, IntArray, Motion, Skeleton
from bodydouble.data.corrections import ContactEdit
from bodydouble.geometry import rotation
from bodydouble.motion.body.body_landmarks import landmark_attachments, rest_landmarks
from bodydouble.motion.corrections.deformation_terms import PointTargets
from bodydouble.motion.floor.contacts import SOLE_LANDMARKS, sole_positions

RESTING = 0.5
"""Minimum probability of a contact."""
FLOOR_SNAP = 0.15
"""Maximum height in m of a foot that rests on the floor; a higher one rests on something else, at its own height."""
SIDE_POINTS = {"left": (0, 1), "right": (2, 3)}
"""Columns of the contacts of heel and toes of each side."""
_PART_POINTS = {"foot": (0, 1), "heel": (0,), "toes": (1,)}
_ON_FLOOR = np.array([1.0, 0.0, 1.0])


def edit_contacts(contacts: FloatArray, edits: Sequence[ContactEdit], first_frame: int) -> tuple[FloatArray, BoolArray]:
    """Applies edits to contacts.

    Args:
        contacts: (T, 4) probabilities.
        edits: of one person, the later ones prevail.
        first_frame: frame of row 0.

    Returns:
        The contacts (T, 4), and where contacts were added (T, 4).
    """
    edited, is_added = contacts.copy(), np.zeros(contacts.shape, dtype=bool)
    for edit in edits:
        rows = slice(edit.first_frame - first_frame, edit.last_frame + 1 - first_frame)
        for part in _PART_POINTS[edit.part]:
            column = SIDE_POINTS[edit.side][part]
            edited[rows, column] = float(edit.resting)
            is_added[rows, column] = edit.resting
    return edited, is_added


def find_runs(mask: BoolArray) -> IntArray:
    """Returns the runs (N, 2) of a mask (T,): first row, and the row after the last one."""
    return np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]))).reshape(-1, 2)


def place_soles(motion: Motion, contacts: FloatArray, is_added: BoolArray) -> FloatArray:
    """Finds where the soles rest.

    Args:
        motion: T frames.
        contacts: (T, 4) probabilities, with the added ones.
        is_added: (T, 4) where contacts were added.

    Returns:
        The places (T, 4, 3) m: those of the motion, but one place for each added contact. It continues a contact
        before or after it. Otherwise it is the mean over the contact, on the floor unless the foot is far above it.
    """
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    places = soles.copy()
    is_kept = np.asarray((contacts >= RESTING) & ~is_added)
    for column in range(soles.shape[1]):
        for first, stop in find_runs(is_added[:, column]):
            places[first:stop, column] = _place_run(soles[:, column], is_kept[:, column], first, stop)
    for columns in SIDE_POINTS.values():
        _fit_foot_length(motion.skeleton, places, is_added, is_kept, columns)
    return places


def _place_run(points: FloatArray, is_kept: BoolArray, first: int, stop: int) -> FloatArray:
    """Returns the places (N, 3) of a point (T, 3) that rests from row first to stop."""
    before = points[first - 1] if first > 0 and is_kept[first - 1] else None
    after = points[stop] if stop < len(points) and is_kept[stop] else None
    if before is not None and after is not None:
        fraction = np.linspace(0.0, 1.0, stop - first + 2)[1:-1, None]
        return np.asarray(before + fraction * (after - before))
    place = before if after is None else after
    if place is None:
        mean = points[first:stop].mean(axis=0)
        place = mean * _ON_FLOOR if abs(mean[1]) < FLOOR_SNAP else mean
    return np.tile(place, (stop - first, 1))


def _fit_foot_length(
    skeleton: Skeleton, places: FloatArray, is_added: BoolArray, is_kept: BoolArray, columns: tuple[int, int]
) -> None:
    """Moves the places of heel and toes of a flat foot to the distance that they have on the foot.

    A place that continues a kept contact stays; otherwise both are moved.
    """
    heel, toes = columns
    rest = rest_landmarks(skeleton)[list(SOLE_LANDMARKS)][list(columns)] * _ON_FLOOR
    length = float(np.linalg.norm(rest[1] - rest[0]))
    for first, stop in find_runs(is_added[:, heel] & is_added[:, toes]):
        rows = slice(first, stop)
        direction = rotation.normalize(((places[rows, toes] - places[rows, heel]) * _ON_FLOOR).mean(axis=0))
        neighbours = [row for row in (first - 1, stop) if 0 <= row < len(places)]
        holds_heel, holds_toes = (any(is_kept[row, column] for row in neighbours) for column in columns)
        if holds_heel and holds_toes:
            continue
        middle = (places[rows, heel] + places[rows, toes]) / 2
        if not holds_heel:
            start = places[rows, toes] - length * direction if holds_toes else middle - length / 2 * direction
            places[rows, heel] = start
        if not holds_toes:
            places[rows, toes] = places[rows, heel] + length * direction


def sole_targets(
    skeleton: Skeleton, rows: IntArray, columns: IntArray, positions: FloatArray, sigmas: FloatArray
) -> PointTargets:
    """Returns targets for N sole points.

    Args:
        skeleton: of the motion.
        rows: (N,) of the motion.
        columns: (N,) of the contacts.
        positions: (N, 3) m.
        sigmas: (N,) m.
    """
    joints, offsets = landmark_attachments(skeleton)
    landmarks = np.array(SOLE_LANDMARKS)[columns]
    loose_axes = np.zeros_like(positions)
    return PointTargets(rows, joints[landmarks], offsets[landmarks], positions, sigmas, loose_axes)
