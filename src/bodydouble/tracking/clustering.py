"""Pieces of tracks grouped by person, those of whom most speaks for one person first.

What is known of somebody for long so decides about the few frames of a meeting.

Source: agglomerative clustering, J. H. Ward, Hierarchical Grouping to Optimize an Objective Function (1963), with
logarithms of likelihood ratios as the objective.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise
from math import inf

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.tracking.likelihoods import IdentityOptions, goes_on, same_face, same_look
from bodydouble.tracking.tracklets import Piece


def grouped(pieces: Sequence[Piece], fps: float, options: IdentityOptions) -> list[list[Piece]]:
    """The pieces of each person, in order of time.

    Args:
        pieces: of one shot; those of a track one after the other.
        fps: frames per second.
        options: what speaks for one person.
    """
    return [[pieces[i] for i in members] for members in _Groups(pieces, fps, options).joined()]


@dataclass(frozen=True, slots=True)
class _Group:
    """Pieces that one person left."""

    members: tuple[int, ...]
    """In order of time."""
    look: FloatArray
    """(8, 3)."""
    face: FloatArray | None
    frames: int
    """How many in all."""


def _mean(one: FloatArray, other: FloatArray, shares: FloatArray) -> FloatArray:
    """Where only one is known, that one."""
    both = shares[0] * one + shares[1] * other
    return np.where(np.isfinite(both), both, np.where(np.isfinite(one), one, other))


def _mean_direction(one: FloatArray | None, other: FloatArray | None, shares: FloatArray) -> FloatArray | None:
    if one is None or other is None:
        return one if other is None else other
    mean = shares[0] * one + shares[1] * other
    length = float(np.linalg.norm(mean))
    return mean / length if length > 0 else None


class _Groups:
    """Groups of the pieces of a shot."""

    def __init__(self, pieces: Sequence[Piece], fps: float, options: IdentityOptions) -> None:
        """Every piece is a group of its own."""
        self._pieces, self._fps, self._options = pieces, fps, options
        self._begin = [piece.frames[0] for piece in pieces]
        self._end = [piece.frames[-1] for piece in pieces]
        self._groups = {i: _Group((i,), piece.look, piece.face, len(piece.frames)) for i, piece in enumerate(pieces)}
        self._near = self._neighbours()
        self._said: dict[tuple[int, int], float] = {}

    def joined(self) -> list[tuple[int, ...]]:
        """Indices of the pieces of each person.

        The pair of groups that most speaks for goes first. What speaks for the others may have changed since it was
        last looked at, so that is done again before they are joined.
        """
        waiting = [pair for i, others in self._near.items() for pair in self._pairs(i, [j for j in others if i < j])]
        heapify(waiting)
        while waiting:
            believed, i, j = heappop(waiting)
            if i not in self._groups or j not in self._groups:
                continue
            for pair in self._pairs(i, [j]):
                if pair[0] > believed:
                    heappush(waiting, pair)
                    continue
                for other in self._pairs(*self._join(i, j)):
                    heappush(waiting, other)
        return [group.members for group in self._groups.values()]

    def _neighbours(self) -> dict[int, set[int]]:
        """Pieces that may be of one person because not too much time is between them."""
        order = sorted(range(len(self._pieces)), key=self._begin.__getitem__)
        begins = [self._begin[i] for i in order]
        longest = self._options.longest_absence * self._fps
        near: dict[int, set[int]] = {i: set() for i in order}
        for i in order:
            for j in order[bisect_right(begins, self._end[i]) : bisect_right(begins, self._end[i] + longest)]:
                near[i].add(j)
                near[j].add(i)
        return near

    def _join(self, i: int, j: int) -> tuple[int, set[int]]:
        """One group instead of two: its number, and those to which it may be nearer now."""
        one, other = self._groups[i], self._groups[j]
        kept, gone = (i, j) if len(one.members) >= len(other.members) else (j, i)
        shares = np.array([one.frames, other.frames]) / (one.frames + other.frames)
        self._groups[kept] = _Group(
            self._in_time((*one.members, *other.members)),
            _mean(one.look, other.look, shares),
            _mean_direction(one.face, other.face, shares),
            one.frames + other.frames,
        )
        del self._groups[gone]
        changed = self._near.pop(gone) - {kept}
        for k in changed:
            self._near[k].discard(gone)
            self._near[k].add(kept)
        self._near[kept].discard(gone)
        self._near[kept] |= changed
        return kept, changed

    def _pairs(self, i: int, others: Collection[int]) -> list[tuple[float, int, int]]:
        """How much speaks against a group and each of those others that may be of one person, and their numbers."""
        one, found = self._groups[i], []
        went = {j: said for j in others if (said := self._went(i, j)) + self._options.most_alike > 0}
        if not went:
            return []
        looks = np.stack([self._groups[j].look for j in went])
        for (j, said), alike in zip(went.items(), same_look(one.look, looks, self._options).tolist(), strict=True):
            other = self._groups[j]
            score = said + alike + same_face(one.face, other.face, self._options)
            if score > 0:
                worth = min(one.frames, other.frames) / (self._options.long_piece * self._fps)
                found.append((-score * min(worth, 1.0), min(i, j), max(i, j)))
        return found

    def _went(self, i: int, j: int) -> float:
        """What the links between pieces say that two groups have as one, less what those say that they have as two.

        Only pieces of the larger group are looked at between which there are any of the smaller one.
        """
        other, one = sorted((self._groups[i].members, self._groups[j].members), key=len)
        around: set[int] = set()
        for own in other:
            place = bisect_right(one, self._begin[own], key=self._begin.__getitem__)
            before, after = one[max(place - 1, 0) : place], one[place : place + 1]
            if any(self._end[k] >= self._begin[own] for k in before) or any(
                self._end[own] >= self._begin[k] for k in after
            ):
                return -inf
            around.update(before, after)
        known = self._in_time(around)
        links, old = set(pairwise(self._in_time((*known, *other)))), {*pairwise(known), *pairwise(other)}
        return sum(self._goes_on(*link) for link in links - old) - sum(self._goes_on(*link) for link in old - links)

    def _in_time(self, members: Iterable[int]) -> tuple[int, ...]:
        return tuple(sorted(members, key=self._begin.__getitem__))

    def _goes_on(self, i: int, j: int) -> float:
        """How much more than the least speaks for one piece being the next of somebody after another."""
        if (i, j) not in self._said:
            one, other = self._pieces[i], self._pieces[j]
            followed = self._options.followed if j == i + 1 and one.track == other.track else 0.0
            self._said[i, j] = followed + goes_on(one, other, self._fps, self._options) - self._options.least
        return self._said[i, j]
