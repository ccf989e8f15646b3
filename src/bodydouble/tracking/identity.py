"""Who is who over the whole clip: pieces of tracks that one person left are joined, by all that speaks for it.

While people overlap, following them from frame to frame may mix them up, and who was out of sight begins a new track.
So tracks are cut into pieces where that may have happened, and the pieces are linked again, all at once.

Source: linking of tracklets by optimal assignment, Huang et al., Robust Object Tracking by Hierarchical Association of
Detection Responses (2008).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bodydouble.data import LOOK_PARTS, BoolArray, FloatArray, IntArray, Observation
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
    stray_sigma: float = 0.5
    """Half body heights that somebody is off the way foretold, at once, ..."""
    stray_speed: float = 2.0
    """... and more for each second out of sight."""
    size_sigma: float = 0.2
    """Of the logarithm of the body's height in the picture, at once; twice that after a second."""
    followed: float = 3.0
    """That one piece was followed to the next."""
    near: float = 2.0
    """That somebody appears just where somebody was foretold, less with time."""
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
    """(6, 3)."""
    size: float
    """px, half the height of the body."""
    first: FloatArray
    """(2,) px, where it begins ..."""
    last: FloatArray
    """... and ends."""
    velocity: FloatArray
    """(2,) px/s at the end."""


def linked(tracks: Sequence[Sequel], fps: float, options: IdentityOptions | None = None) -> list[Sequel]:
    """Tracks of whole people.

    Args:
        tracks: as people were followed from frame to frame.
        fps: frames per second.
        options: what speaks for one person.
    """
    options = options or IdentityOptions()
    pieces = [piece for number in range(len(tracks)) for piece in _pieces(tracks, number, fps, options)]
    after = _followers(pieces, fps, options)
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
    """A track, cut in the middle of each meeting and at each gap."""
    track = tracks[number]
    covered = _covered(tracks, number) > options.hidden
    least = max(options.least_piece * fps, 1.0)
    frames = np.asarray(track.frames)
    cuts = {int(i) + 1 for i in np.flatnonzero(np.diff(frames) > least)}
    edges = np.flatnonzero(np.diff(np.r_[False, covered, False].astype(int)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start >= least and start > 0 and stop < len(frames):
            cuts.add(int(start + stop) // 2)
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


def _piece(number: int, track: Sequel, rows: slice, covered: BoolArray, fps: float, options: IdentityOptions) -> _Piece:
    frames, seen = track.frames[rows], track.seen[rows]
    alone = np.flatnonzero(~covered[rows])
    looks = np.stack([seen[i].look for i in (alone if len(alone) else range(len(seen)))])
    poses = np.stack([one.keypoints[_COCO, :2] for one in seen])
    centers = pose_center(poses)
    late = int(np.searchsorted(frames, frames[-1] - options.velocity_window * fps))
    elapsed = (frames[-1] - frames[late]) / fps
    velocity = (centers[-1] - centers[late]) / elapsed if elapsed else np.zeros(2)
    size = max(float(np.median(pose_extent(poses))), 1.0)
    return _Piece(number, frames, seen, _median(looks), size, centers[0], centers[-1], velocity)


def _median(looks: FloatArray) -> FloatArray:
    """(6, 3) of (N, 6, 3); NaN where a part is never known."""
    found = np.full((LOOK_PARTS, 3), np.nan)
    for part in range(LOOK_PARTS):
        known = looks[np.isfinite(looks[:, part, 0]), part]
        if len(known):
            found[part] = np.median(known, axis=0)
    return found


def _followers(pieces: Sequence[_Piece], fps: float, options: IdentityOptions) -> dict[int, int]:
    """Piece -> the piece that goes on with it, so that all links together are the likeliest."""
    one, other, score = _links(pieces, fps, options)
    after: dict[int, int] = {}
    # Pieces that nothing ties together are matched apart, so that an hour of many people needs little memory.
    shape = (len(pieces), len(pieces))
    _, group = connected_components(coo_array((score, (one, other)), shape), directed=False)
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


def _links(pieces: Sequence[_Piece], fps: float, options: IdentityOptions) -> tuple[IntArray, IntArray, FloatArray]:
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
    rows, columns, scores = zip(*found, strict=True) if found else ((), (), ())
    return np.array(rows, dtype=int), np.array(columns, dtype=int), np.array(scores, dtype=float)


def _evidence(one: _Piece, other: _Piece, gap: float, options: IdentityOptions) -> float:
    """Logarithm of how much likelier two pieces are if one person left both."""
    foretold = one.last + one.velocity * min(gap, options.velocity_window)
    stray = float(np.linalg.norm(other.first - foretold)) / max(one.size, other.size)
    near = options.near - np.log1p(gap) - 0.5 * (stray / (options.stray_sigma + options.stray_speed * gap)) ** 2
    growth = np.log(other.size / one.size) / (options.size_sigma * (1 + min(gap, 1.0)))
    followed = options.followed if one.track == other.track else 0.0
    return float(near - 0.5 * min(growth**2, 8.0) + followed + _same_look(one.look, other.look, options))


def _same_look(one: FloatArray, other: FloatArray, options: IdentityOptions) -> float:
    squared = ((one - other) ** 2).sum(axis=-1)
    known = np.isfinite(squared)
    ratio = options.color_spread / options.color_sigma
    said = 3 * np.log(ratio) - 0.5 * squared[known] * (options.color_sigma**-2 - options.color_spread**-2)
    return float(np.clip(said, *options.color_bounds).sum())
