"""One person out of frames of several: tracks, motions, hands and faces are joined; the motion is fitted at seams."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

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
from bodydouble.motion.resampling.motion import slice_motion, slice_track

SEAM_SECONDS = 0.6
"""Time in s on both sides of a seam in which the fit counts fully: a wrong person had drawn the motion that far."""
NOBODY = -1
"""Source of a frame in which a person is not shown."""

Values = TypeVar("Values", FloatArray, BoolArray)


@dataclass(frozen=True, slots=True)
class _Sources:
    """People of whom a person is joined, in T frames."""

    frames: IntArray
    """(T,) frames of the clip."""
    people: dict[int, Person]
    """By the index in the performance."""
    indices: IntArray
    """(T,) index of the person who is shown; NOBODY where none is."""

    def gather(self, values: Mapping[int, Values], rows: IntArray) -> Values:
        """Returns values of the people (their frames, ...) in given rows of the T frames, in which they are shown."""
        gathered: Values = np.repeat(next(iter(values.values()))[:1], len(rows), axis=0)
        for index, own in values.items():
            here = self.indices[rows] == index
            gathered[here] = own[self.frames[rows[here]] - self.people[index].track.frames[0]]
        return gathered

    def nearest_rows(self, indices: Collection[int]) -> IntArray:
        """Returns for each row the nearest row (T,) in which one of some people is shown."""
        known, rows = np.flatnonzero(np.isin(self.indices, list(indices))), np.arange(len(self.indices))
        after = np.searchsorted(known, rows).clip(max=len(known) - 1)
        before = np.maximum(after - 1, 0)
        is_nearer = np.abs(known[before] - rows) < np.abs(known[after] - rows)
        return np.asarray(np.where(is_nearer, known[before], known[after]))


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
    main = performance.people[owner]
    joined = _Sources(frames, {index: performance.people[index] for index in used}, sources)
    person = Person(
        name,
        _join_tracks(joined),
        _join_motions(joined, main.motion.skeleton),
        _join_hands(joined, main.hands),
        _join_faces(joined),
        main.appearance,
    )
    return _fit_seams(person, sources, performance)


def _slice_person(person: Person, name: str, frames: IntArray) -> Person:
    rows = frames - person.track.frames[0]
    if len(rows) == len(person.track.frames):
        return person if person.name == name else replace(person, name=name)
    hands, face = person.hands, person.face
    return Person(
        name,
        slice_track(person.track, rows),
        slice_motion(person.motion, rows),
        hands
        and replace(
            hands, observed=hands.observed[rows], keypoints=hands.keypoints[rows], rotations=hands.rotations[rows]
        ),
        face and _slice_face(face, rows),
        person.appearance,
    )


def _slice_face(face: Face, rows: IntArray) -> Face:
    outline = None if face.outline is None else face.outline[rows]
    return Face(face.observed[rows], face.weights[rows], face.gaze[rows], outline)


def _join_tracks(sources: _Sources) -> Track:
    tracks = {index: person.track for index, person in sources.people.items()}
    shown = np.flatnonzero(sources.indices >= 0)
    count, landmarks = len(sources.frames), next(iter(tracks.values())).keypoints.shape[1]
    observed, boxes = np.zeros(count, dtype=bool), np.full((count, 4), np.nan)
    keypoints = np.tile(np.array([np.nan, np.nan, 0.0]), (count, landmarks, 1))
    landmarks_3d = np.full((count, landmarks, 3), np.nan)
    observed[shown] = sources.gather({i: track.observed for i, track in tracks.items()}, shown)
    boxes[shown] = sources.gather({i: track.boxes for i, track in tracks.items()}, shown)
    keypoints[shown] = sources.gather({i: track.keypoints for i, track in tracks.items()}, shown)
    landmarks_3d[shown] = sources.gather({i: track.landmarks_3d for i, track in tracks.items()}, shown)
    return Track(sources.frames, observed, boxes, keypoints, landmarks_3d)


def _join_motions(sources: _Sources, skeleton: Skeleton) -> Motion:
    """Joins motions with a common skeleton; gaps are filled in."""
    own = {index: person.motion for index, person in sources.people.items()}
    motions = {i: m if m.skeleton is skeleton else with_skeleton(m, skeleton) for i, m in own.items()}
    shown = np.flatnonzero(sources.indices >= 0)
    first = next(iter(motions.values()))
    joined = replace(
        first,
        rotations=rotation.make_continuous(sources.gather({i: m.rotations for i, m in motions.items()}, shown)),
        root_position=sources.gather({i: m.root_position for i, m in motions.items()}, shown),
        contacts=sources.gather({i: m.contacts for i, m in motions.items()}, shown),
        joint_sigma=sources.gather({i: m.joint_sigma for i, m in motions.items()}, shown),
    )
    filled = fill_gaps(joined, shown, len(sources.frames), float(first.fps))
    rotations = filled.rotations.copy()
    rotations[shown] = joined.rotations
    return replace(filled, rotations=rotation.make_continuous(rotations))


def _join_hands(sources: _Sources, main: Hands | None) -> Hands | None:
    """Joins hands; frames without hands hold those of the nearest frame that has them."""
    hands = {index: person.hands for index, person in sources.people.items() if person.hands is not None}
    if not hands:
        return None
    rows = sources.nearest_rows(hands)
    is_held = rows != np.arange(len(rows))
    observed = sources.gather({i: h.observed for i, h in hands.items()}, rows)
    keypoints = sources.gather({i: h.keypoints for i, h in hands.items()}, rows)
    rotations = sources.gather({i: h.rotations for i, h in hands.items()}, rows)
    observed[is_held], keypoints[is_held] = False, (np.nan, np.nan, 0.0)
    rest_offsets = (main or next(iter(hands.values()))).rest_offsets
    return Hands(observed, keypoints, rest_offsets, rotation.make_continuous(rotations))


def _join_faces(sources: _Sources) -> Face | None:
    """Joins faces; frames without a face hold that of the nearest frame that has one. Outlines are not joined."""
    faces = {index: person.face for index, person in sources.people.items() if person.face is not None}
    if not faces:
        return None
    rows = sources.nearest_rows(faces)
    observed = sources.gather({i: face.observed for i, face in faces.items()}, rows)
    observed[rows != np.arange(len(rows))] = False
    weights = sources.gather({i: face.weights for i, face in faces.items()}, rows)
    gaze = sources.gather({i: face.gaze for i, face in faces.items()}, rows)
    return Face(observed, weights, gaze)


def _fit_seams(person: Person, sources: IntArray, performance: Performance) -> Person:
    """Fits the motion in gaps, and in the frames on both sides of each change of the source."""
    motion = person.motion
    for first, stop in _find_seams(sources):
        contacts = motion.contacts.copy()
        contacts[first:stop] = np.nan
        evidence = Evidence(person.track, contacts, performance.camera, performance.shot_starts)
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
