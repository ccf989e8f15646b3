"""Whether people keep their identity: IDF1, HOTA and identity switches.

The functions take ``similarity`` (F, N, M), 0 to 1, of true person n and found person m in each frame, 0 where either
is absent, and who is present: ``true_present`` (F, N), ``found_present`` (F, M).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.evaluation.metrics.counts import Counts

SAME_PERSON = 0.5
"""Similarity from which a found person counts as the true one."""
HOTA_THRESHOLDS = np.arange(1, 20) * 0.05
_EPSILON = np.finfo(np.float64).eps


def identity_counts(similarity: FloatArray, true_present: BoolArray, found_present: BoolArray) -> Counts:
    """Person-frames with the right identity, invented ones and missed ones; their ``f1`` is IDF1.

    Source: E. Ristani et al., "Performance measures and a data set for multi-target, multi-camera tracking", 2016.
    """
    together = (similarity >= SAME_PERSON).sum(axis=0)
    rows, columns = linear_sum_assignment(together, maximize=True)
    right = int(together[rows, columns].sum())
    return Counts(right, int(found_present.sum()) - right, int(true_present.sum()) - right)


def identity_switches(similarity: FloatArray) -> int:
    """How often a true person is found under another identity than the last time, by the pairs of frame_pairs."""
    paired = frame_pairs(similarity)
    seen = [column[column >= 0] for column in paired.T]
    return sum(int(np.count_nonzero(np.diff(names))) for names in seen)


def frame_pairs(similarity: FloatArray) -> IntArray:
    """(F, N) the found person that shows each true one in each frame, at most one each; -1 where none does.

    Source: K. Bernardin and R. Stiefelhagen, "Evaluating multiple object tracking performance: the CLEAR MOT metrics",
    2008: in each frame, pairs of the frame before are kept as long as they are similar enough.
    """
    pairs = np.full(similarity.shape[:2], -1)
    possible = similarity >= SAME_PERSON
    for number in np.flatnonzero(possible.any(axis=(1, 2))):
        frame, allowed = similarity[number], possible[number]
        before = pairs[number - 1] if number else pairs[0]
        kept = np.arange(frame.shape[1]) == before[:, None]
        rows, columns = linear_sum_assignment(np.where(allowed, frame + 1000.0 * kept, 0.0), maximize=True)
        paired = allowed[rows, columns]
        pairs[number, rows[paired]] = columns[paired]
    return pairs


@dataclass(frozen=True, slots=True)
class HotaCounts:
    """What HOTA is made of, for each of 19 thresholds of similarity; those of several clips are added."""

    found: FloatArray
    """(19,) true person-frames that were found."""
    invented: FloatArray
    """(19,) found person-frames without a true one."""
    missed: FloatArray
    """(19,) true person-frames that were not found."""
    association: FloatArray
    """(19,) sum over the found ones of how well their identity holds over the clip."""

    def __add__(self, other: "HotaCounts") -> "HotaCounts":
        return HotaCounts(
            self.found + other.found,
            self.invented + other.invented,
            self.missed + other.missed,
            self.association + other.association,
        )

    @property
    def hota(self) -> float:
        """Higher order tracking accuracy, 0 to 1; NaN if nobody is there or found."""
        return _mean_of_something(np.sqrt(self._detection() * self._association()), self._total())

    @property
    def detection_accuracy(self) -> float:
        """DetA, 0 to 1."""
        return _mean_of_something(self._detection(), self._total())

    @property
    def association_accuracy(self) -> float:
        """AssA, 0 to 1."""
        return _mean_of_something(self._association(), self._total())

    def _total(self) -> FloatArray:
        return self.found + self.invented + self.missed

    def _detection(self) -> FloatArray:
        return np.asarray(self.found / np.maximum(self._total(), 1))

    def _association(self) -> FloatArray:
        return np.asarray(self.association / np.maximum(self.found, 1))


def _mean_of_something(values: FloatArray, total: FloatArray) -> float:
    return float(values.mean()) if total[0] > 0 else float("nan")


def hota_counts(similarity: FloatArray, true_present: BoolArray, found_present: BoolArray) -> HotaCounts:
    """The counts of HOTA.

    Source: J. Luiten et al., "HOTA: a higher order metric for evaluating multi-object tracking", IJCV 2020.
    """
    true_frames, found_frames = true_present.sum(axis=0)[:, None], found_present.sum(axis=0)[None, :]
    frame, row, column = _hota_matches(similarity, true_frames + found_frames)
    near = similarity[frame, row, column] >= HOTA_THRESHOLDS[:, None] - _EPSILON
    pairs = np.zeros((len(HOTA_THRESHOLDS), *similarity.shape[1:]))
    threshold, match = np.nonzero(near)
    np.add.at(pairs, (threshold, row[match], column[match]), 1.0)
    found = near.sum(axis=1).astype(np.float64)
    held = pairs / np.maximum(true_frames + found_frames - pairs, 1)
    return HotaCounts(
        found=found,
        invented=found_frames.sum() - found,
        missed=true_frames.sum() - found,
        association=(pairs * held).sum(axis=(1, 2)),
    )


def _hota_matches(similarity: FloatArray, frames: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Frame, true and found person of each match: one to one in each frame, those that fit over the clip first."""
    rivals = similarity.sum(axis=1, keepdims=True) + similarity.sum(axis=2, keepdims=True) - similarity
    jaccard = np.where(rivals > _EPSILON, similarity / np.where(rivals > _EPSILON, rivals, 1.0), 0.0)
    together = jaccard.sum(axis=0)
    score = similarity * (together / np.maximum(frames - together, _EPSILON))
    matches = [
        (np.full(len(rows), frame), rows, columns)
        for frame in np.flatnonzero(score.any(axis=(1, 2)))
        for rows, columns in [linear_sum_assignment(score[frame], maximize=True)]
    ]
    if not matches:
        nothing = np.zeros(0, dtype=np.intp)
        return nothing, nothing, nothing
    frame, row, column = (np.concatenate(part) for part in zip(*matches, strict=True))
    return frame, row, column
