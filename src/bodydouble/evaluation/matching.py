"""Assignment of predicted people to true people, once for the whole clip.

In: two ``EvaluationClip`` of M predicted and N true people. Out: a ``Matching`` of pairs, missed and extra people.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from bodydouble.data import BoolArray, FloatArray, IntArray
from bodydouble.evaluation.evaluation_clip import EvaluatedPerson, EvaluationClip, project_joints
from bodydouble.evaluation.metrics.averages import mean_over


@dataclass(frozen=True, slots=True)
class Matching:
    """Pairs of people. Each person is in one pair at most."""

    pairs: tuple[tuple[int, int], ...]
    """Index of the true person, index of the predicted person."""
    missed: tuple[int, ...]
    """True people without a predicted one."""
    extra: tuple[int, ...]
    """Predicted people without a true one."""


def match_people(predicted: EvaluationClip, truth: EvaluationClip) -> Matching:
    """Matches the people of a clip by their joints in the image.

    Each common frame of a predicted and a true person adds to the score of the pair. It adds 1 for equal positions of
    the joints, and 0 at half the diagonal of the true person's box or more. The Hungarian method maximises the sum.
    Errors in depth or in the world therefore do not influence the assignment. Frames in which the true person is
    occluded do not count.

    Source: H. Kuhn, "The Hungarian method for the assignment problem", 1955.
    """
    all_predicted_joints = [project_joints(predicted, subject) for subject in predicted.people]
    all_true_joints = [project_joints(truth, subject) for subject in truth.people]
    scores = np.zeros((len(truth.people), len(predicted.people)))
    for i, (true_person, true_joints) in enumerate(zip(truth.people, all_true_joints, strict=True)):
        for j, (predicted_person, predicted_joints) in enumerate(
            zip(predicted.people, all_predicted_joints, strict=True)
        ):
            predicted_frames, true_frames = common_frames(predicted_person.frames, true_person.frames)
            proximity = _proximity(predicted_joints[predicted_frames], true_joints[true_frames])
            scores[i, j] = proximity[true_person.observed[true_frames]].sum()
    rows, columns = linear_sum_assignment(scores, maximize=True)
    pairs = tuple((int(i), int(j)) for i, j in zip(rows, columns, strict=True) if scores[i, j] > 0)
    matched_rows, matched_columns = {i for i, _ in pairs}, {j for _, j in pairs}
    return Matching(
        pairs=pairs,
        missed=tuple(i for i in range(scores.shape[0]) if i not in matched_rows),
        extra=tuple(j for j in range(scores.shape[1]) if j not in matched_columns),
    )


def common_frames(a: IntArray, b: IntArray) -> tuple[slice, slice]:
    """Returns the slices of two contiguous frame ranges that cover their common frames."""
    first, end = max(a[0], b[0]), min(a[-1], b[-1]) + 1
    length = max(end - first, 0)
    a_start, b_start = max(first - a[0], 0), max(first - b[0], 0)
    return slice(int(a_start), int(a_start + length)), slice(int(b_start), int(b_start + length))


def has_pose(person: EvaluatedPerson) -> BoolArray:
    """Returns (T,) True where at least one joint has a position."""
    return np.asarray(np.isfinite(person.joints).all(axis=-1).any(axis=-1))


def _proximity(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Returns (T,) 1 at equal positions, 0 at half the diagonal of the true box or more, or where either is NaN."""
    finite_truth = np.where(np.isfinite(truth), truth, np.nan)
    if not len(finite_truth):
        return np.zeros(0)
    low = np.where(np.isfinite(finite_truth), finite_truth, np.inf).min(axis=1)
    high = np.where(np.isfinite(finite_truth), finite_truth, -np.inf).max(axis=1)
    max_distance = 0.5 * np.linalg.norm(np.maximum(high - low, 1e-9), axis=-1)
    distance = mean_over(np.linalg.norm(predicted - truth, axis=-1), axis=1)
    return np.asarray(np.nan_to_num(np.clip(1 - distance / max_distance, 0.0, 1.0)))
