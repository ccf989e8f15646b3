"""Multi-object tracking metrics: IDF1, HOTA and identity switches.

The functions take ``similarity`` (F, N, M), 0 to 1, of true person n and predicted person m in each frame; it is 0
where either is absent. ``true_present`` (F, N) and ``predicted_present`` (F, M) hold the presence of people.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.evaluation.metrics.counts import Counts

MIN_SIMILARITY = 0.5
"""Minimum similarity of a predicted person that matches a true one."""
HOTA_THRESHOLDS = np.arange(1, 20) * 0.05
"""Similarity thresholds over which HOTA is averaged: 0.05, 0.1, ..., 0.95."""
_EPSILON = np.finfo(np.float64).eps


def identity_counts(similarity: FloatArray, true_present: BoolArray, predicted_present: BoolArray) -> Counts:
    """Counts person-frames with the correct identity, false ones and missed ones; their ``f1`` is IDF1.

    Source: E. Ristani et al., "Performance measures and a data set for multi-target, multi-camera tracking", 2016.
    """
    matched_frames = (similarity >= MIN_SIMILARITY).sum(axis=0)
    rows, columns = linear_sum_assignment(matched_frames, maximize=True)
    true_positive = int(matched_frames[rows, columns].sum())
    return Counts(true_positive, int(predicted_present.sum()) - true_positive, int(true_present.sum()) - true_positive)


def identity_switches(similarity: FloatArray) -> int:
    """Counts the matches of a true person to another identity than in its previous match, by match_frames."""
    pairs = match_frames(similarity)
    matched = [column[column >= 0] for column in pairs.T]
    return sum(int(np.count_nonzero(np.diff(identities))) for identities in matched)


def match_frames(similarity: FloatArray) -> IntArray:
    """Matches predicted to true people frame by frame, one to one: (F, N) predicted index, -1 where none matches.

    Source: K. Bernardin and R. Stiefelhagen, "Evaluating multiple object tracking performance: the CLEAR MOT metrics",
    2008: pairs of the previous frame are kept while they are similar enough.
    """
    pairs = np.full(similarity.shape[:2], -1)
    possible = similarity >= MIN_SIMILARITY
    for number in np.flatnonzero(possible.any(axis=(1, 2))):
        frame, allowed = similarity[number], possible[number]
        previous = pairs[number - 1] if number else pairs[0]
        continued = np.arange(frame.shape[1]) == previous[:, None]
        rows, columns = linear_sum_assignment(np.where(allowed, frame + 1000.0 * continued, 0.0), maximize=True)
        paired = allowed[rows, columns]
        pairs[number, rows[paired]] = columns[paired]
    return pairs


@dataclass(frozen=True, slots=True)
class HotaCounts:
    """Components of HOTA for each of 19 similarity thresholds; those of several clips are added."""

    true_positive: FloatArray
    """(19,) matched person-frames."""
    false_positive: FloatArray
    """(19,) predicted person-frames without a match."""
    false_negative: FloatArray
    """(19,) true person-frames without a match."""
    association: FloatArray
    """(19,) sum over matched person-frames of the Jaccard index of their identity over the clip."""

    def __add__(self, other: "HotaCounts") -> "HotaCounts":
        return HotaCounts(
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
            self.association + other.association,
        )

    @property
    def hota(self) -> float:
        """Higher order tracking accuracy, 0 to 1; NaN if no person is present or predicted."""
        return _mean_or_nan(np.sqrt(self._detection() * self._association()), self._union())

    @property
    def detection_accuracy(self) -> float:
        """Detection accuracy (DetA), 0 to 1."""
        return _mean_or_nan(self._detection(), self._union())

    @property
    def association_accuracy(self) -> float:
        """Association accuracy (AssA), 0 to 1."""
        return _mean_or_nan(self._association(), self._union())

    def _union(self) -> FloatArray:
        return self.true_positive + self.false_positive + self.false_negative

    def _detection(self) -> FloatArray:
        return np.asarray(self.true_positive / np.maximum(self._union(), 1))

    def _association(self) -> FloatArray:
        return np.asarray(self.association / np.maximum(self.true_positive, 1))


def _mean_or_nan(values: FloatArray, total: FloatArray) -> float:
    return float(values.mean()) if total[0] > 0 else float("nan")


def hota_counts(similarity: FloatArray, true_present: BoolArray, predicted_present: BoolArray) -> HotaCounts:
    """Computes the components of HOTA.

    Source: J. Luiten et al., "HOTA: a higher order metric for evaluating multi-object tracking", IJCV 2020.
    """
    true_frames, predicted_frames = true_present.sum(axis=0)[:, None], predicted_present.sum(axis=0)[None, :]
    frame, row, column = _hota_matches(similarity, true_frames + predicted_frames)
    matched = similarity[frame, row, column] >= HOTA_THRESHOLDS[:, None] - _EPSILON
    pairs = np.zeros((len(HOTA_THRESHOLDS), *similarity.shape[1:]))
    threshold, match = np.nonzero(matched)
    np.add.at(pairs, (threshold, row[match], column[match]), 1.0)
    true_positive = matched.sum(axis=1).astype(np.float64)
    jaccard = pairs / np.maximum(true_frames + predicted_frames - pairs, 1)
    return HotaCounts(
        true_positive=true_positive,
        false_positive=predicted_frames.sum() - true_positive,
        false_negative=true_frames.sum() - true_positive,
        association=(pairs * jaccard).sum(axis=(1, 2)),
    )


def _hota_matches(similarity: FloatArray, frames: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Returns frame, true and predicted index of each match, one to one per frame, favouring long common tracks."""
    union = similarity.sum(axis=1, keepdims=True) + similarity.sum(axis=2, keepdims=True) - similarity
    jaccard = np.where(union > _EPSILON, similarity / np.where(union > _EPSILON, union, 1.0), 0.0)
    alignment = jaccard.sum(axis=0)
    score = similarity * (alignment / np.maximum(frames - alignment, _EPSILON))
    matches = [
        (np.full(len(rows), frame), rows, columns)
        for frame in np.flatnonzero(score.any(axis=(1, 2)))
        for rows, columns in [linear_sum_assignment(score[frame], maximize=True)]
    ]
    if not matches:
        empty = np.zeros(0, dtype=np.intp)
        return empty, empty, empty
    frame, row, column = (np.concatenate(part) for part in zip(*matches, strict=True))
    return frame, row, column
