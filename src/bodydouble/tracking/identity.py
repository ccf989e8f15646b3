"""Who is who over the whole clip: pieces of tracks that one person left are joined, by all that speaks for it.

While people overlap, following them from frame to frame may mix them up, and who was out of sight begins a new track.
So tracks are cut into pieces where that may have happened, and the pieces are linked again, all at once. Between two
shots nobody can be followed: there, places and sizes say nothing, and looks and faces decide.

Source: linking of tracklets by optimal assignment, Huang et al., Robust Object Tracking by Hierarchical Association of
Detection Responses (2008).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bodydouble.data import LOOK_FROM_ALL_SIDES, LOOK_PARTS, BoolArray, FloatArray, Observation
from bodydouble.geometry.similarity import box_area, box_intersection, pose_center, pose_extent
from bodydouble.skeletons import coco

_COCO = list(coco.FROM_BLAZEPOSE)
LEAST_SCORE = 0.01


@dataclass(slots=True)
class Sequel:
    """One person, or a part of one's time: source frames, ascending, and what was seen in them."""

    frames: list[int]
    seen: list[Observation]


@dataclass(frozen=True, slots=True)
class IdentityOptions:
    """What speaks for one person, as logarithms of likelihood ratios; standard deviations of one and the same."""

    hidden: float = 0.08
    """Who is covered by others by more than this share of the box may be mixed up with them."""
    least_piece: float = 0.1
    """s; shorter meetings and gaps do not cut."""
    long_piece: float = 0.4
    """s; the links of shorter pieces count less beside those of others."""
    color_sigma: float = 9.0
    """CIELAB units per channel, of a part of one person ..."""
    color_spread: float = 25.0
    """... and of different people."""
    color_bounds: tuple[float, float] = (-3.0, 1.2)
    """What a part can say at most."""
    face_middle: float = 0.6
    """Cosine between the vectors of two faces that says nothing ..."""
    face_slope: float = 20.0
    """... and how much more a larger one says."""
    face_bounds: tuple[float, float] = (-6.0, 4.0)
    """What faces can say at most. Calibrated as docs/models.md says."""
    stray_sigma: float = 0.5
    """Half body heights that somebody is off the way foretold, at once, ..."""
    stray_speed: float = 2.0
    """... and more for each second out of sight."""
    size_sigma: float = 0.2
    """Of the logarithm of the body's height in the picture, at once; twice that after a second."""
    followed: float = 3.0
    """That one piece was followed to the next."""
    near: float = 2.0
    """That somebody appears just where somebody was foretold, or right after a cut; less with time."""
    least: float = 1.0
    """Pieces are linked if more than this speaks for it."""
    longest_absence: float = 20.0
    """s."""
    velocity_window: float = 0.3
    """s at either end of a piece from which its velocity is estimated."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a track within which nobody is mixed up, and what is known about its ends."""

    track: int
    frames: list[int]
    seen: list[Observation]
    look: FloatArray
    """(8, 3)."""
    face: FloatArray | None
    """(1024,) unit vector; None where no face was clear."""
    size: float
    """px, half the height of the body."""
    first: FloatArray
    """(2,) px, where it begins ..."""
    last: FloatArray
    """... and ends."""
    velocity: FloatArray
    """(2,) px/s at the end."""


def linked(
    tracks: Sequence[Sequel], fps: float, options: IdentityOptions | None = None, cuts: Sequence[int] = ()
) -> list[Sequel]:
    """Tracks of whole people.

    Args:
        tracks: as people were followed from frame to frame, none over a cut.
        fps: frames per second.
        options: what speaks for one person.
        cuts: the first frame of every shot but the first, ascending.
    """
    options = options or IdentityOptions()
    shots = [[track for track in tracks if bisect_right(cuts, track.frames[0]) == n] for n in range(len(cuts) + 1)]
    people = [person for own in shots for person in _linked_in_shot(own, fps, options)]
    return _linked_over_cuts(people, fps, options, cuts) if cuts else people


def _linked_in_shot(tracks: Sequence[Sequel], fps: float, options: IdentityOptions) -> list[Sequel]:
    pieces = [piece for number in range(len(tracks)) for piece in _pieces(tracks, number, fps, options)]
    return _chains(pieces, _followers(len(pieces), _links(pieces, fps, options)))


def _linked_over_cuts(
    people: Sequence[Sequel], fps: float, options: IdentityOptions, cuts: Sequence[int]
) -> list[Sequel]:
    """The people of all shots, those of one shot joined with those of another by who they look like as a whole."""
    pieces = [
        _piece(number, person, slice(None), _covered(people, number) > options.hidden, fps, options)
        for number, person in enumerate(people)
    ]
    shots = [bisect_right(cuts, piece.frames[0]) for piece in pieces]
    links = [
        (i, j, score)
        for i, one in enumerate(pieces)
        for j, other in enumerate(pieces)
        if shots[i] < shots[j] and (score := _over_cut(one, other, fps, options)) > 0
    ]
    return _chains(pieces, _followers(len(pieces), links))


def _chains(pieces: Sequence[_Piece], after: Mapping[int, int]) -> list[Sequel]:
    """Pieces put together, each with the one that goes on with it."""
    begun = sorted(set(range(len(pieces))) - set(after.values()), key=lambda i: pieces[i].frames[0])
    people = []
    for start in begun:
        chain = [start]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        people.append(
            Sequel([frame for i in chain for frame in pieces[i].frames], [one for i in chain for one in pieces[i].seen])
        )
    return people


def _pieces(tracks: Sequence[Sequel], number: int, fps: float, options: IdentityOptions) -> list[_Piece]:
    """A track, cut in the middle of each meeting, where somebody met is lost or appears, and at each gap."""
    track = tracks[number]
    covered = _covered(tracks, number) > options.hidden
    least = max(options.least_piece * fps, 1.0)
    frames = np.asarray(track.frames)
    cuts = {int(i) + 1 for i in np.flatnonzero(np.diff(frames) > least)}
    edges = np.flatnonzero(np.diff(np.r_[False, covered, False].astype(int)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start >= least and start > 0 and stop < len(frames):
            cuts.add(int(start + stop) // 2)
    cuts |= _turnovers(tracks, number, options.hidden)
    bounds = [0, *sorted(cuts), len(frames)]
    return [_piece(number, track, slice(a, b), covered, fps, options) for a, b in pairwise(bounds) if b > a]


def _covered(tracks: Sequence[Sequel], number: int) -> FloatArray:
    """(T,) share of a person's box that the box of somebody else covers, in each frame that the person is seen."""
    own = tracks[number]
    row = {frame: i for i, frame in enumerate(own.frames)}
    found = np.zeros(len(own.frames))
    for other, track in enumerate(tracks):
        if other == number or track.frames[-1] < own.frames[0] or track.frames[0] > own.frames[-1]:
            continue
        shared = [(row[frame], one.box) for frame, one in zip(track.frames, track.seen, strict=True) if frame in row]
        if not shared:
            continue
        rows = np.array([i for i, _ in shared])
        mine, theirs = np.stack([own.seen[i].box for i in rows]), np.stack([box for _, box in shared])
        np.maximum.at(found, rows, box_intersection(mine, theirs) / np.maximum(box_area(mine), 1.0))
    return found


def _turnovers(tracks: Sequence[Sequel], number: int, hidden: float) -> set[int]:
    """Rows of a track at which somebody who overlaps it ends or begins: who goes on may be either of the two."""
    own = tracks[number]
    rows = set()
    for other in (track for i, track in enumerate(tracks) if i != number):
        for row, box in (
            (bisect_right(own.frames, other.frames[-1]), other.seen[-1].box),
            (bisect_left(own.frames, other.frames[0]), other.seen[0].box),
        ):
            if 0 < row < len(own.frames):
                mine = np.stack([own.seen[row - 1].box, own.seen[row].box])
                least = np.maximum(np.minimum(box_area(mine), box_area(box)), 1.0)
                if (box_intersection(mine, box) > hidden * least).any():
                    rows.add(row)
    return rows


def _piece(number: int, track: Sequel, rows: slice, covered: BoolArray, fps: float, options: IdentityOptions) -> _Piece:
    frames, seen = track.frames[rows], track.seen[rows]
    alone = np.flatnonzero(~covered[rows])
    shown = [seen[i] for i in (alone if len(alone) else range(len(seen)))]
    poses = np.stack([one.keypoints[_COCO, :2] for one in seen])
    centers = pose_center(poses)
    late = int(np.searchsorted(frames, frames[-1] - options.velocity_window * fps))
    elapsed = (frames[-1] - frames[late]) / fps
    velocity = (centers[-1] - centers[late]) / elapsed if elapsed else np.zeros(2)
    size = max(float(np.median(pose_extent(poses))), 1.0)
    look, face = usual_look(shown), _mean_face(shown)
    return _Piece(number, frames, seen, look, face, size, centers[0], centers[-1], velocity)


def usual_look(seen: Sequence[Observation]) -> FloatArray:
    """(8, 3) median of the looks; NaN where a part is never known."""
    looks = np.stack([one.look for one in seen])
    found = np.full((LOOK_PARTS, 3), np.nan)
    for part in range(LOOK_PARTS):
        known = looks[np.isfinite(looks[:, part, 0]), part]
        if len(known):
            found[part] = np.median(known, axis=0)
    return found


def _mean_face(seen: Sequence[Observation]) -> FloatArray | None:
    faces = [one.face for one in seen if one.face is not None]
    mean = np.mean(faces, axis=0) if faces else np.zeros(1)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 0 else None


def _followers(count: int, links: Sequence[tuple[int, int, float]]) -> dict[int, int]:
    """Piece -> the piece that goes on with it, so that all links together are the likeliest."""
    if not links:
        return {}
    one, other, score = (np.array(column) for column in zip(*links, strict=True))
    after: dict[int, int] = {}
    # Pieces that nothing ties together are matched apart, so that an hour of many people needs little memory.
    _, group = connected_components(coo_array((score, (one, other)), (count, count)), directed=False)
    for members in np.split(np.argsort(group, kind="stable"), np.flatnonzero(np.diff(np.sort(group))) + 1):
        own = np.isin(one, members)
        if not own.any():
            continue
        dense = np.zeros((len(members), len(members)))
        dense[np.searchsorted(members, one[own]), np.searchsorted(members, other[own])] = score[own]
        rows, columns = linear_sum_assignment(dense, maximize=True)
        linked = dense[rows, columns] > 0
        after |= dict(zip(members[rows[linked]].tolist(), members[columns[linked]].tolist(), strict=True))
    return after


def _links(pieces: Sequence[_Piece], fps: float, options: IdentityOptions) -> list[tuple[int, int, float]]:
    """Pairs of pieces that one person may have left, one after the other, and how much speaks for each."""
    order = sorted(range(len(pieces)), key=lambda i: pieces[i].frames[0])
    firsts = [pieces[i].frames[0] for i in order]
    found: list[tuple[int, int, float]] = []
    for i, one in enumerate(pieces):
        end = one.frames[-1]
        for j in order[bisect_right(firsts, end) : bisect_right(firsts, end + options.longest_absence * fps)]:
            other = pieces[j]
            worth = min(len(one.frames), len(other.frames)) / (options.long_piece * fps)
            score = (_evidence(one, other, (other.frames[0] - end) / fps, options) - options.least) * min(worth, 1.0)
            if one.track == other.track and j == i + 1:
                # Who was followed stays the same person unless somebody else fits better.
                score = max(score, LEAST_SCORE)
            if score > 0:
                found.append((i, j, score))
    return found


def _over_cut(one: _Piece, other: _Piece, fps: float, options: IdentityOptions) -> float:
    """How much speaks for a link between two shots: where somebody is and how large says nothing about another camera.

    Nor do head and shoulders: one camera sees the face and the other one the hair.
    """
    gap = (other.frames[0] - one.frames[-1]) / fps
    if gap > options.longest_absence:
        return 0.0
    # Whom one shot shows the next one shows, too, more often than not.
    looks = one.look[LOOK_FROM_ALL_SIDES], other.look[LOOK_FROM_ALL_SIDES]
    alike = float(same_look(*looks, options)) + _same_face(one.face, other.face, options)
    worth = min(len(one.frames), len(other.frames)) / (options.long_piece * fps)
    return float(options.near - np.log1p(gap) + alike - options.least) * min(worth, 1.0)


def _evidence(one: _Piece, other: _Piece, gap: float, options: IdentityOptions) -> float:
    """Logarithm of how much likelier two pieces are if one person left both."""
    alike = float(same_look(one.look, other.look, options)) + _same_face(one.face, other.face, options)
    foretold = one.last + one.velocity * min(gap, options.velocity_window)
    stray = float(np.linalg.norm(other.first - foretold)) / max(one.size, other.size)
    near = options.near - np.log1p(gap) - 0.5 * (stray / (options.stray_sigma + options.stray_speed * gap)) ** 2
    growth = np.log(other.size / one.size) / (options.size_sigma * (1 + min(gap, 1.0)))
    followed = options.followed if one.track == other.track else 0.0
    return float(near - 0.5 * min(growth**2, 8.0) + followed + alike)


def same_look(one: FloatArray, other: FloatArray, options: IdentityOptions) -> FloatArray:
    """Logarithm (...) of how much likelier looks (..., 8, 3) are if they are of one person; unknown parts say 0.

    Clothes of one colour go together: n parts of it say as much as sqrt(n) parts do. Somebody all in black looks like
    all others in black.
    """
    squared = ((one - other) ** 2).sum(axis=-1)
    ratio = options.color_spread / options.color_sigma
    said = 3 * np.log(ratio) - 0.5 * squared * (options.color_sigma**-2 - options.color_spread**-2)
    said = np.where(np.isfinite(said), np.clip(said, *options.color_bounds), 0.0)
    return np.asarray(np.where(said > 0, said / np.sqrt(_of_one_color((one + other) / 2, options)), said).sum(axis=-1))


def _of_one_color(look: FloatArray, options: IdentityOptions) -> FloatArray:
    """(..., 8) how many parts of looks (..., 8, 3) have the colour of each part; 1 for its own alone."""
    squared = ((look[..., :, None, :] - look[..., None, :, :]) ** 2).sum(axis=-1)
    near = np.where(np.isfinite(squared), np.exp(-0.25 * squared / options.color_sigma**2), 0.0)
    return np.asarray(np.maximum(near.sum(axis=-1), 1.0))


def _same_face(one: FloatArray | None, other: FloatArray | None, options: IdentityOptions) -> float:
    if one is None or other is None:
        return 0.0
    said = options.face_slope * (float(one @ other) - options.face_middle)
    return float(np.clip(said, *options.face_bounds))
