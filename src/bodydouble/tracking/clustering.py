"""Agglomerative clustering of tracklet segments: ``TrackletSegment``s of one shot -> one list of segments per person.

The pair with the highest log-likelihood ratio is merged first, so that long segments decide short ambiguous ones.

Source: J. H. Ward, Hierarchical Grouping to Optimize an Objective Function (1963), with log-likelihood ratios as the
objective.
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
from bodydouble.tracking.tracklets import TrackletSegment, unit_vector

Link = tuple[int, int]
"""Indices of two segments, the second of which follows the first in time."""


def cluster_segments(
    segments: Sequence[TrackletSegment], fps: float, options: ReidentificationOptions
) -> list[list[TrackletSegment]]:
    """Clusters segments by person.

    Args:
        segments: all segments of one shot; those of one tracklet are adjacent and in order of time.
        fps: frames per second.
        options: parameters of re-identification.

    Returns:
        The segments of each person in order of time.
    """
    return [[segments[i] for i in members] for members in _Clustering(segments, fps, options).merge()]


@dataclass(frozen=True, slots=True)
class _Cluster:
    """Segments of one person."""

    members: tuple[int, ...]
    """Indices of the segments in order of time."""
    appearance: FloatArray
    """(8, 3)."""
    face_embedding: FloatArray | None
    """(1024,) unit vector; None if no face was observed."""
    frame_count: int
    """Number of frames of all segments."""


class _Clustering:
    """State of the clustering of one shot's segments."""

    def __init__(self, segments: Sequence[TrackletSegment], fps: float, options: ReidentificationOptions) -> None:
        """Starts with one cluster per segment."""
        self._segments, self._fps, self._options = segments, fps, options
        self._first_frames = [segment.frames[0] for segment in segments]
        self._last_frames = [segment.frames[-1] for segment in segments]
        self._clusters = {
            i: _Cluster((i,), segment.appearance, segment.face_embedding, len(segment.frames))
            for i, segment in enumerate(segments)
        }
        self._neighbors = self._find_neighbors()
        self._link_scores: dict[Link, float] = {}

    def merge(self) -> list[tuple[int, ...]]:
        """Merges clusters and returns the segment indices of each person.

        The pair with the highest score is merged first. Merges change the scores of other pairs, so a score is
        computed again before its pair is merged.
        """
        queue = [pair for i, others in self._neighbors.items() for pair in self._scored_pairs(i, _above(others, i))]
        heapify(queue)
        while queue:
            queued_cost, i, j = heappop(queue)
            if i not in self._clusters or j not in self._clusters:
                continue
            for pair in self._scored_pairs(i, [j]):
                if pair[0] > queued_cost:
                    heappush(queue, pair)
                    continue
                for changed_pair in self._scored_pairs(*self._merge_pair(i, j)):
                    heappush(queue, changed_pair)
        return [cluster.members for cluster in self._clusters.values()]

    def _find_neighbors(self) -> dict[int, set[int]]:
        """Returns for each segment those before and after it within the maximum absence."""
        order = sorted(range(len(self._segments)), key=self._first_frames.__getitem__)
        sorted_first_frames = [self._first_frames[i] for i in order]
        max_gap = self._options.max_absence * self._fps
        neighbors: dict[int, set[int]] = {i: set() for i in order}
        for i in order:
            start = bisect_right(sorted_first_frames, self._last_frames[i])
            stop = bisect_right(sorted_first_frames, self._last_frames[i] + max_gap)
            for j in order[start:stop]:
                neighbors[i].add(j)
                neighbors[j].add(i)
        return neighbors

    def _merge_pair(self, i: int, j: int) -> tuple[int, set[int]]:
        """Merges two clusters; returns the key of the result and the clusters whose pair scores may have increased."""
        a, b = self._clusters[i], self._clusters[j]
        kept, removed = (i, j) if len(a.members) >= len(b.members) else (j, i)
        weights = np.array([a.frame_count, b.frame_count]) / (a.frame_count + b.frame_count)
        self._clusters[kept] = _Cluster(
            self._sort_by_time((*a.members, *b.members)),
            _weighted_mean(a.appearance, b.appearance, weights),
            _weighted_mean_direction(a.face_embedding, b.face_embedding, weights),
            a.frame_count + b.frame_count,
        )
        del self._clusters[removed]
        return kept, self._move_neighbors(removed, kept)

    def _move_neighbors(self, removed: int, kept: int) -> set[int]:
        """Makes the neighbours of a removed cluster neighbours of the one that is kept, and returns them."""
        moved = self._neighbors.pop(removed) - {kept}
        for k in moved:
            self._neighbors[k].discard(removed)
            self._neighbors[k].add(kept)
        self._neighbors[kept].discard(removed)
        self._neighbors[kept] |= moved
        return moved

    def _scored_pairs(self, i: int, others: Collection[int]) -> list[tuple[float, int, int]]:
        """Returns (negative score, smaller key, larger key) of each pair of a cluster that may be one person."""
        a, pairs = self._clusters[i], []
        max_appearance_score = self._options.max_appearance_score
        motion_gains = {j: gain for j in others if (gain := self._motion_gain(i, j)) + max_appearance_score > 0}
        if not motion_gains:
            return []
        appearances = np.stack([self._clusters[j].appearance for j in motion_gains])
        appearance_llrs = appearance_llr(a.appearance, appearances, self._options).tolist()
        for (j, motion_gain), color_llr in zip(motion_gains.items(), appearance_llrs, strict=True):
            b = self._clusters[j]
            score = motion_gain + color_llr + face_llr(a.face_embedding, b.face_embedding, self._options)
            if score > 0:
                weight = min(a.frame_count, b.frame_count) / (self._options.full_weight_duration * self._fps)
                pairs.append((-score * min(weight, 1.0), min(i, j), max(i, j)))
        return pairs

    def _motion_gain(self, i: int, j: int) -> float:
        """Returns the gain in motion log-likelihood if two clusters are merged; -inf if they overlap in time.

        The gain is the sum over the links between segments that appear minus the sum over those that disappear. Only
        those segments of the larger cluster matter that are adjacent to a segment of the smaller one.
        """
        smaller, larger = sorted((self._clusters[i].members, self._clusters[j].members), key=len)
        adjacent: set[int] = set()
        for k in smaller:
            position = bisect_right(larger, self._first_frames[k], key=self._first_frames.__getitem__)
            earlier, later = larger[max(position - 1, 0) : position], larger[position : position + 1]
            if self._overlap_in_time(earlier, k) or self._overlap_in_time((k,), *later):
                return -inf
            adjacent.update(earlier, later)
        neighbors = self._sort_by_time(adjacent)
        merged_links = set(pairwise(self._sort_by_time((*neighbors, *smaller))))
        separate_links = {*pairwise(neighbors), *pairwise(smaller)}
        return self._sum_links(merged_links - separate_links) - self._sum_links(separate_links - merged_links)

    def _overlap_in_time(self, earlier: Collection[int], *later: int) -> bool:
        return any(self._last_frames[i] >= self._first_frames[j] for i in earlier for j in later)

    def _sum_links(self, links: Iterable[Link]) -> float:
        return sum(self._link_score(*link) for link in links)

    def _sort_by_time(self, members: Iterable[int]) -> tuple[int, ...]:
        return tuple(sorted(members, key=self._first_frames.__getitem__))

    def _link_score(self, i: int, j: int) -> float:
        """Returns the motion log-likelihood ratio of two successive segments above the minimum; cached."""
        if (i, j) not in self._link_scores:
            a, b = self._segments[i], self._segments[j]
            is_continued = j == i + 1 and a.tracklet_index == b.tracklet_index
            continuity_score = self._options.continuity_score if is_continued else 0.0
            motion_score = motion_llr(a, b, self._fps, self._options)
            self._link_scores[i, j] = continuity_score + motion_score - self._options.min_link_score
        return self._link_scores[i, j]


def _above(indices: Iterable[int], minimum: int) -> list[int]:
    return [j for j in indices if minimum < j]


def _weighted_mean(a: FloatArray, b: FloatArray, weights: FloatArray) -> FloatArray:
    """Returns the weighted mean of two arrays; where one is NaN, the other one's value."""
    mean = weights[0] * a + weights[1] * b
    return np.where(np.isfinite(mean), mean, np.where(np.isfinite(a), a, b))


def _weighted_mean_direction(a: FloatArray | None, b: FloatArray | None, weights: FloatArray) -> FloatArray | None:
    """Returns the direction of the weighted mean of two unit vectors; if one is None, the other one."""
    if a is None or b is None:
        return a if b is None else b
    return unit_vector(weights[0] * a + weights[1] * b)
