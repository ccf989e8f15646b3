"""Corrections of what was seen: left and right exchanged, unreliable spans, contacts that are none."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_closing

from bodydouble.data import BoolArray, Hands, IntArray, Performance, Person, Track
from bodydouble.data.corrections import ContactEdit, SideExchange, UnreliableSpan
from bodydouble.errors import InvalidDataError
from bodydouble.motion.corrections.contacts import edit_contacts, find_runs
from bodydouble.motion.corrections.refit import SETTLE_SECONDS, Evidence, refit
from bodydouble.motion.hands.hand_model import mirror_rotations
from bodydouble.motion.lifting.lift import drift_sigma
from bodydouble.skeletons import blazepose

_PARTS = {
    "arms": ("elbow", "wrist", "pinky", "index", "thumb"),
    "legs": ("knee", "ankle", "heel", "foot_index"),
}
"""Landmarks of the parts of the body whose sides are exchanged; "body" is all landmarks."""


def correct_measurements(
    person: Person,
    corrections: Sequence[SideExchange | UnreliableSpan],
    edits: Sequence[ContactEdit],
    performance: Performance,
) -> Person:
    """Changes what was seen of a person, and fits the motion again where that makes a difference.

    Args:
        person: of whom all corrections are.
        corrections: applied in order.
        edits: contacts; those that are no contacts after all take part in the fit.
        performance: that shows the person, for its camera and shots.

    Raises:
        InvalidDataError: nothing observed would be left.
        ModelError: the lifter cannot be loaded.
    """
    track, hands, contacts = person.track, person.hands, person.motion.contacts
    for correction in corrections:
        rows = span_rows(person, correction.first_frame, correction.last_frame)
        if isinstance(correction, UnreliableSpan):
            track = _hide(track, rows)
            continue
        track = _exchange_landmarks(track, rows, correction.part)
        if hands is not None and correction.part != "legs":
            hands = _exchange_hands(hands, rows)
    if not track.observed.any():
        raise InvalidDataError(f"nothing of {person.name} would be observed; leave some frames, or delete the person")
    is_changed = np.array([_differs(person.track, track, row) for row in range(len(track.frames))])
    edited, is_added = edit_contacts(contacts, edits, int(track.frames[0]))
    is_released = np.asarray((edited < contacts) & ~is_added)
    estimated = np.where(is_changed[:, None], np.nan, contacts)
    estimated = np.where(is_released, edited, estimated)
    changed = replace(person, track=track, hands=hands)
    is_touched = is_changed | is_released.any(axis=1)
    scene = performance.camera, performance.shot_starts
    before, after = Evidence(person.track, contacts, *scene), Evidence(track, estimated, *scene)
    return refit_person(changed, before, after, is_touched)


def refit_person(person: Person, before: Evidence, after: Evidence, is_touched: BoolArray) -> Person:
    """Fits a person again around the rows (T,) in which the measurements differ."""
    motion, fps = person.motion, float(person.motion.fps)
    joined = binary_closing(np.pad(is_touched, 1), iterations=max(1, round(SETTLE_SECONDS * fps)))[1:-1] | is_touched
    for first, stop in find_runs(joined):
        # Spans before this one are corrected already, so that the measurements differ in this span only.
        outside = np.arange(len(is_touched))
        is_outside = (outside < first) | (outside >= stop)
        contacts = np.where(is_outside[:, None], motion.contacts, after.contacts)
        motion = refit(motion, replace(after, contacts=contacts), slice(int(first), int(stop)), before)
    was_hidden = before.track.observed & ~person.track.observed
    drift = np.where(was_hidden, drift_sigma(person.track.observed, fps), 0.0)
    return replace(person, motion=replace(motion, joint_sigma=np.hypot(motion.joint_sigma, drift[:, None])))


def _differs(before: Track, after: Track, row: int) -> bool:
    return not np.array_equal(before.keypoints[row], after.keypoints[row], equal_nan=True)


def span_rows(person: Person, first_frame: int, last_frame: int) -> slice:
    """Returns the rows of a person's arrays for a span of frames."""
    first = int(person.track.frames[0])
    return slice(first_frame - first, last_frame + 1 - first)


def _mirror_order(part: str) -> IntArray:
    """Returns the permutation (33,) that exchanges left and right of a part of the body."""
    order = np.arange(len(blazepose.LANDMARKS))
    for index, name in enumerate(blazepose.LANDMARKS):
        if part == "body" or name.removeprefix("left_").removeprefix("right_") in _PARTS[part]:
            order[index] = blazepose.MIRROR[index]
    return order


def _exchange_landmarks(track: Track, rows: slice, part: str) -> Track:
    order = _mirror_order(part)
    keypoints, landmarks = track.keypoints.copy(), track.landmarks_3d.copy()
    keypoints[rows], landmarks[rows] = keypoints[rows][:, order], landmarks[rows][:, order]
    return replace(track, keypoints=keypoints, landmarks_3d=landmarks)


def _exchange_hands(hands: Hands, rows: slice) -> Hands:
    observed, keypoints, rotations = hands.observed.copy(), hands.keypoints.copy(), hands.rotations.copy()
    observed[rows], keypoints[rows] = observed[rows][:, ::-1], keypoints[rows][:, ::-1]
    left, right = np.split(rotations[rows], 2, axis=1)
    rotations[rows] = mirror_rotations(np.concatenate([right, left], axis=1))
    return replace(hands, observed=observed, keypoints=keypoints, rotations=rotations)


def _hide(track: Track, rows: slice) -> Track:
    """Returns the track with some rows not observed."""
    observed, boxes = track.observed.copy(), track.boxes.copy()
    keypoints, landmarks = track.keypoints.copy(), track.landmarks_3d.copy()
    observed[rows], boxes[rows], keypoints[rows], landmarks[rows] = False, np.nan, (np.nan, np.nan, 0.0), np.nan
    return replace(track, observed=observed, boxes=boxes, keypoints=keypoints, landmarks_3d=landmarks)
