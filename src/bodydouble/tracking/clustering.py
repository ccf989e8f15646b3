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
from bodydouble.tracking.likelihoods import ReidentificationOptions, appearance_llr, face_llr, motion_llr
from bodydouble.tracking.tracklets import TrackletSegment


def cluster_segments(
    segments: Sequence[TrackletSegment], fps: float, options: ReidentificationOptions
) -> list[list[TrackletSegment]]:
    """The pieces of each person, in order of time.

    Args:
        segments: of one shot; those of a track one after the other.
        fps: frames per second.
        options: what speaks for one person.
    """
    return [[segments[i] for i in members] for members in _Clustering(segments, fps, options).merge()]


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Pieces that one person left."""

    members: tuple[int, ...]
    """In order of time."""
    appearance: FloatArray
    """(8, 3)."""
    face_embedding: FloatArray | None
    frame_count: int
    """How many in all."""


def _weighted_mean(a: FloatArray, b: FloatArray, weights: FloatArray) -> FloatArray:
    """Where only one is known, that one."""
    both = weights[0] * a + weights[1] * b
    return np.where(np.isfinite(both), both, np.where(np.isfinite(a), a, b))


def _weighted_mean_direction(a: FloatArray | None, b: FloatArray | None, weights: FloatArray) -> FloatArray | None:
    if a is None or b is None:
        return a if b is None else b
    mean = weights[0] * a + weights[1] * b
    length = float(np.linalg.norm(mean))
    return mean / length if length > 0 else None


class _Clustering:
    """Groups of the pieces of a shot."""

    def __init__(self, segments: Sequence[TrackletSegment], fps: float, options: ReidentificationOptions) -> None:
        """Every piece is a group of its own."""
        self._segments, self._fps, self._options = segments, fps, options
        self._first_frames = [piece.frames[0] for piece in segments]
        self._last_frames = [piece.frames[-1] for piece in segments]
        self._clusters = {
            i: _Cluster((i,), piece.appearance, piece.face_embedding, len(piece.frames))
            for i, piece in enumerate(segments)
        }
        self._neighbors = self._find_neighbors()
        self._link_scores: dict[tuple[int, int], float] = {}

    def merge(self) -> list[tuple[int, ...]]:
        """Indices of the pieces of each person.

        The pair of groups that most speaks for goes first. What speaks for the others may have changed since it was
        last looked at, so that is done again before they are joined.
        """
        waiting = [
            pair
            for i, others in self._neighbors.items()
            for pair in self._scored_pairs(i, [j for j in others if i < j])
        ]
        heapify(waiting)
        while waiting:
            believed, i, j = heappop(waiting)
            if i not in self._clusters or j not in self._clusters:
                continue
            for pair in self._scored_pairs(i, [j]):
                if pair[0] > believed:
                    heappush(waiting, pair)
                    continue
                for other in self._scored_pairs(*self._merge_pair(i, j)):
                    heappush(waiting, other)
        return [group.members for group in self._clusters.values()]

    def _find_neighbors(self) -> dict[int, set[int]]:
        """Pieces that may be of one person because not too much time is between them."""
        order = sorted(range(len(self._segments)), key=self._first_frames.__getitem__)
        begins = [self._first_frames[i] for i in order]
        longest = self._options.max_absence * self._fps
        near: dict[int, set[int]] = {i: set() for i in order}
        for i in order:
            for j in order[
                bisect_right(begins, self._last_frames[i]) : bisect_right(begins, self._last_frames[i] + longest)
            ]:
                near[i].add(j)
                near[j].add(i)
        return near

    def _merge_pair(self, i: int, j: int) -> tuple[int, set[int]]:
        """One group instead of two: its number, and those to which it may be nearer now."""
        one, other = self._clusters[i], self._clusters[j]
        kept, gone = (i, j) if len(one.members) >= len(other.members) else (j, i)
        shares = np.array([one.frame_count, other.frame_count]) / (one.frame_count + other.frame_count)
        self._clusters[kept] = _Cluster(
            self._sort_by_time((*one.members, *other.members)),
            _weighted_mean(one.appearance, other.appearance, shares),
            _weighted_mean_direction(one.face_embedding, other.face_embedding, shares),
            one.frame_count + other.frame_count,
        )
        del self._clusters[gone]
        changed = self._neighbors.pop(gone) - {kept}
        for k in changed:
            self._neighbors[k].discard(gone)
            self._neighbors[k].add(kept)
        self._neighbors[kept].discard(gone)
        self._neighbors[kept] |= changed
        return kept, changed

    def _scored_pairs(self, i: int, others: Collection[int]) -> list[tuple[float, int, int]]:
        """How much speaks against a group and each of those others that may be of one person, and their numbers."""
        one, found = self._clusters[i], []
        went = {j: said for j in others if (said := self._motion_gain(i, j)) + self._options.max_appearance_score > 0}
        if not went:
            return []
        looks = np.stack([self._clusters[j].appearance for j in went])
        for (j, said), alike in zip(
            went.items(), appearance_llr(one.appearance, looks, self._options).tolist(), strict=True
        ):
            other = self._clusters[j]
            score = said + alike + face_llr(one.face_embedding, other.face_embedding, self._options)
            if score > 0:
                worth = min(one.frame_count, other.frame_count) / (self._options.full_weight_duration * self._fps)
                found.append((-score * min(worth, 1.0), min(i, j), max(i, j)))
        return found

    def _motion_gain(self, i: int, j: int) -> float:
        """What the links between pieces say that two groups have as one, less what those say that they have as two.

        Only pieces of the larger group are looked at between which there are any of the smaller one.
        """
        other, one = sorted((self._clusters[i].members, self._clusters[j].members), key=len)
        around: set[int] = set()
        for own in other:
            place = bisect_right(one, self._first_frames[own], key=self._first_frames.__getitem__)
            before, after = one[max(place - 1, 0) : place], one[place : place + 1]
            if any(self._last_frames[k] >= self._first_frames[own] for k in before) or any(
                self._last_frames[own] >= self._first_frames[k] for k in after
            ):
                return -inf
            around.update(before, after)
        known = self._sort_by_time(around)
        links, old = set(pairwise(self._sort_by_time((*known, *other)))), {*pairwise(known), *pairwise(other)}
        return sum(self._link_score(*link) for link in links - old) - sum(
            self._link_score(*link) for link in old - links
        )

    def _sort_by_time(self, members: Iterable[int]) -> tuple[int, ...]:
        return tuple(sorted(members, key=self._first_frames.__getitem__))

    def _link_score(self, i: int, j: int) -> float:
        """How much more than the least speaks for one piece being the next of somebody after another."""
        if (i, j) not in self._link_scores:
            one, other = self._segments[i], self._segments[j]
            followed = (
                self._options.continuity_score if j == i + 1 and one.tracklet_index == other.tracklet_index else 0.0
            )
            self._link_scores[i, j] = (
                followed + motion_llr(one, other, self._fps, self._options) - self._options.min_link_score
            )
        return self._link_scores[i, j]
