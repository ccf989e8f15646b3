"""Which found person is which true person: decided once for the whole clip."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.evaluation.evaluation_clip import Recording, Subject, image_points
from bodydouble.evaluation.metrics.averages import mean_over


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs of people. Everybody stands in one pair at most."""

    pairs: tuple[tuple[int, int], ...]
    """Index of the true person, index of the predicted person."""
    missed: tuple[int, ...]
    """True people without a predicted one."""
    extra: tuple[int, ...]
    """Predicted people without a true one."""


def match(predicted: Recording, truth: Recording) -> Matching:
    """Pair the people of a clip by where they are in the picture.

    Each frame that a predicted and a true person have in common counts for the pair, from 1 for joints at the same
    place to 0 for joints half the diagonal of the true person's outline away, or more. The pairs with the largest sum
    win (Hungarian method), so that errors in depth or of the world do not decide who is compared with whom.
    Frames in which the true person is hidden do not count.

    Source: H. Kuhn, "The Hungarian method for the assignment problem", 1955.
    """
    predicted_points = [image_points(predicted, subject) for subject in predicted.subjects]
    true_points = [image_points(truth, subject) for subject in truth.subjects]
    merit = np.zeros((len(truth.subjects), len(predicted.subjects)))
    for i, (real, real_points) in enumerate(zip(truth.subjects, true_points, strict=True)):
        for j, (guess, guess_points) in enumerate(zip(predicted.subjects, predicted_points, strict=True)):
            in_guess, in_real = common_frames(guess.frames, real.frames)
            close = _closeness(guess_points[in_guess], real_points[in_real])
            merit[i, j] = close[real.observed[in_real]].sum()
    rows, columns = linear_sum_assignment(merit, maximize=True)
    pairs = tuple((int(i), int(j)) for i, j in zip(rows, columns, strict=True) if merit[i, j] > 0)
    taken_rows, taken_columns = {i for i, _ in pairs}, {j for _, j in pairs}
    return Matching(
        pairs=pairs,
        missed=tuple(i for i in range(merit.shape[0]) if i not in taken_rows),
        extra=tuple(j for j in range(merit.shape[1]) if j not in taken_columns),
    )


def common_frames(a: IntArray, b: IntArray) -> tuple[slice, slice]:
    """Where the frames that two people have in common stand in the frames of each, both contiguous."""
    first, end = max(a[0], b[0]), min(a[-1], b[-1]) + 1
    length = max(end - first, 0)
    a_start, b_start = max(first - a[0], 0), max(first - b[0], 0)
    return slice(int(a_start), int(a_start + length)), slice(int(b_start), int(b_start + length))


def posed(subject: Subject) -> BoolArray:
    """(T,) whether a pose was given at all."""
    return np.asarray(np.isfinite(subject.joints).all(axis=-1).any(axis=-1))


def _closeness(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """(T,) 1 at the same place, 0 at half the diagonal of the true outline or further, or where either is unknown."""
    known = np.where(np.isfinite(truth), truth, np.nan)
    if not len(known):
        return np.zeros(0)
    low = np.where(np.isfinite(known), known, np.inf).min(axis=1)
    high = np.where(np.isfinite(known), known, -np.inf).max(axis=1)
    limit = 0.5 * np.linalg.norm(np.maximum(high - low, 1e-9), axis=-1)
    distance = mean_over(np.linalg.norm(predicted - truth, axis=-1), axis=1)
    return np.asarray(np.nan_to_num(np.clip(1 - distance / limit, 0.0, 1.0)))
