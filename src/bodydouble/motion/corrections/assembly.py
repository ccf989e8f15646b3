"""One person out of frames of several: tracks, motions, hands and faces are joined; the motion is fitted at seams."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bodydouble.data import (
    BoolArray,
    Face,
    FloatArray,
    Hands,
    IntArray,
    Motion,
    Performance,
    Person,
    Skeleton,
    Track,
)
from bodydouble.geometry import rotation
from bodydouble.motion.corrections.refit import Evidence, refit
from bodydouble.motion.multi_shot import fill_gaps, with_skeleton
from bodydouble.motion.resampling.motion import slice_motion

SEAM_SECONDS = 0.6
"""Time in s on both sides of a seam in which the fit counts fully: a wrong person had drawn the motion that far."""
NOBODY = -1
"""Source of a frame in which a person is not shown."""


def assemble_person(performance: Performance, name: str, sources: IntArray, owner: int) -> Person:
    """Assembles a person.

    Args:
        performance: whose people are the sources.
        name: of the assembled person.
        sources: (F,) index of the person who is shown in each frame; NOBODY where none is.
        owner: index of the person whose skeleton the assembled person has.

    Returns:
        The person from the first frame with a source to the last one. If there is one source without gaps, these are
        its frames as they are. Otherwise frames of other people than the owner are adapted to the skeleton, and the
        motion around seams and in gaps is fitted to the joined track.

    Raises:
        ModelError: the lifter cannot be loaded.
    """
    shown = np.flatnonzero(sources >= 0)
    frames = np.arange(shown[0], shown[-1] + 1)
    sources = sources[frames]
    used = [int(index) for index in np.unique(sources[sources >= 0])]
    if len(used) == 1 and (sources >= 0).all():
        return _slice_person(performance.people[used[0]], name, frames)
    people = {index: performance.people[index] for index in used}
    main = performance.people[owner]
    joined = Person(
        name,
        _join_tracks(people, sources, frames),
        _join_motions(people, main.motion.skeleton, sources, frames),
        _join_hands(people, sources, frames, main.hands),
        _join_faces(people, sources, frames),
        main.appearance,
    )
    return _fit_seams(joined, sources, performance)


def _slice_person(person: Person, name: str, frames: IntArray) -> Person:
    rows = frames - person.track.frames[0]
    if len(rows) == len(person.track.frames):
        return person if person.name == name else replace(person, name=name)
    hands, face = person.hands, person.face
    return Person(
        name,
        _slice_track(person.track, rows),
        slice_motion(person.motion, rows),
        hands
        and replace(
            hands, observed=hands.observed[rows], keypoints=hands.keypoints[rows], rotations=hands.rotations[rows]
        ),
        face and _slice_face(face, rows),
        person.appearance,
    )


def _slice_track(track: Track, rows: IntArray) -> Track:
    return Track(
        track.frames[rows], track.observed[rows], track.boxes[rows], track.keypoints[rows], track.landmarks_3d[rows]
    )


def _slice_face(face: Face, rows: IntArray) -> Face:
    outline = None if face.outline is None else face.outline[rows]
    return Face(face.observed[rows], face.weights[rows], face.gaze[rows], outline)


def _join_tracks(people: dict[int, Person], sources: IntArray, frames: IntArray) -> Track:
    count = len(frames)
    keypoint_count = next(iter(people.values())).track.keypoints.shape[1]
    track = Track(
        frames,
        np.zeros(count, dtype=bool),
        np.full((count, 4), np.nan),
        np.tile(np.array([np.nan, np.nan, 0.0]), (count, keypoint_count, 1)),
        np.full((count, keypoint_count, 3), np.nan),
    )
    for index, person in people.items():
        here = np.flatnonzero(sources == index)
        rows = frames[here] - person.track.frames[0]
        for part in ("observed", "boxes", "keypoints", "landmarks_3d"):
            getattr(track, part)[here] = getattr(person.track, part)[rows]
    return track


def _join_motions(people: dict[int, Person], skeleton: Skeleton, sources: IntArray, frames: IntArray) -> Motion:
    """Joins motions with a common skeleton; gaps are filled in."""
    motions = {
        index: person.motion if person.motion.skeleton is skeleton else with_skeleton(person.motion, skeleton)
        for index, person in people.items()
    }
    shown = np.flatnonzero(sources >= 0)
    origin = [int(frames[row] - people[int(sources[row])].track.frames[0]) for row in shown]
    parts = {
        name: np.array([getattr(motions[int(sources[row])], name)[i] for row, i in zip(shown, origin, strict=True)])
        for name in ("rotations", "root_position", "contacts", "joint_sigma")
    }
    first = motions[int(sources[shown[0]])]
    joined = replace(first, **parts | {"rotations": rotation.make_continuous(parts["rotations"])})
    filled = fill_gaps(joined, shown, len(frames), float(first.fps))
    rotations = filled.rotations.copy()
    rotations[shown] = joined.rotations
    return replace(filled, rotations=rotation.make_continuous(rotations))


def _join_hands(people: dict[int, Person], sources: IntArray, frames: IntArray, main: Hands | None) -> Hands | None:
    """Joins hands; frames without hands hold those of the nearest frame that has them."""
    known = {index: person.hands for index, person in people.items() if person.hands is not None}
    rows = _nearest_known(sources, known)
    if rows is None:
        return None
    parts = {
        name: _gather({i: getattr(h, name) for i, h in known.items()}, people, sources, frames, rows)
        for name in ("observed", "keypoints", "rotations")
    }
    is_held = rows != np.arange(len(rows))
    parts["observed"][is_held] = False
    parts["keypoints"][is_held] = (np.nan, np.nan, 0.0)
    template = main or next(iter(known.values()))
    return replace(template, **parts | {"rotations": rotation.make_continuous(parts["rotations"])})


def _join_faces(people: dict[int, Person], sources: IntArray, frames: IntArray) -> Face | None:
    """Joins faces; frames without a face hold that of the nearest frame that has one. Outlines are not joined."""
    known = {index: person.face for index, person in people.items() if person.face is not None}
    rows = _nearest_known(sources, known)
    if rows is None:
        return None
    observed, weights, gaze = (
        _gather({i: getattr(f, name) for i, f in known.items()}, people, sources, frames, rows)
        for name in ("observed", "weights", "gaze")
    )
    observed[rows != np.arange(len(rows))] = False
    return Face(observed, weights, gaze)


def _nearest_known(sources: IntArray, known: dict[int, Hands] | dict[int, Face]) -> IntArray | None:
    """Returns for each row the nearest row whose source is known, or None if there is none."""
    has_part = np.flatnonzero(np.isin(sources, list(known)))
    if not len(has_part):
        return None
    rows = np.arange(len(sources))
    after = np.searchsorted(has_part, rows).clip(max=len(has_part) - 1)
    before = np.maximum(after - 1, 0)
    is_nearer = np.abs(has_part[before] - rows) < np.abs(has_part[after] - rows)
    return np.where(is_nearer, has_part[before], has_part[after])


def _gather(
    values: dict[int, FloatArray] | dict[int, BoolArray],
    people: dict[int, Person],
    sources: IntArray,
    frames: IntArray,
    rows: IntArray,
) -> FloatArray:
    """Returns values (T, ...) of the sources in given rows."""
    return np.array(
        [values[int(sources[row])][int(frames[row] - people[int(sources[row])].track.frames[0])] for row in rows]
    )


def _fit_seams(person: Person, sources: IntArray, performance: Performance) -> Person:
    """Fits the motion in gaps, and in the frames on both sides of each change of the source."""
    motion = person.motion
    for first, stop in _find_seams(sources):
        contacts = motion.contacts.copy()
        contacts[first:stop] = np.nan
        evidence = Evidence(person.track, contacts, performance.camera)
        motion = refit(motion, evidence, slice(first, stop), settle_seconds=SEAM_SECONDS)
    return replace(person, motion=motion)


def _find_seams(sources: IntArray) -> Sequence[tuple[int, int]]:
    """Returns first row and end of each seam: the frames around a change of the source, and all frames of a gap."""
    is_seam = sources < 0
    changes = np.flatnonzero(np.diff(sources) != 0)
    is_seam[changes] = True
    is_seam[changes + 1] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_seam, [False]])))
    return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]
