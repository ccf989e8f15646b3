"""Log-likelihood ratios for re-identification.

Two ``TrackletSegment``s -> the logarithm of how much likelier their motion, clothing colours and faces are if both
show the same person than if they show different people. Sums of these ratios are the scores of re-identification.
"""

from dataclasses import dataclass, field
from math import dist, inf, log, log1p

import numpy as np

from bodydouble.data import APPEARANCE_PARTS, FloatArray
from bodydouble.tracking.tracklets import SplitOptions, TrackletSegment


@dataclass(frozen=True, slots=True)
class ReidentificationOptions:
    """Parameters of re-identification. Scores are log-likelihood ratios."""

    split: SplitOptions = field(default_factory=SplitOptions)
    """Thresholds that decide where tracklets are split."""
    full_weight_duration: float = 0.4
    """Duration in s from which a segment has full weight; shorter segments weigh proportionally less."""
    same_color_sigma: float = 9.0
    """Standard deviation of a part's colour for the same person, CIELAB units per channel."""
    different_color_sigma: float = 25.0
    """Standard deviation of a part's colour across different people, CIELAB units per channel."""
    color_score_bounds: tuple[float, float] = (-3.0, 1.2)
    """Minimum and maximum score of one body part's colour."""
    face_cosine_threshold: float = 0.6
    """Cosine between two face embeddings at which the score is 0."""
    face_score_slope: float = 20.0
    """Score per unit of cosine above the threshold."""
    face_score_bounds: tuple[float, float] = (-6.0, 4.0)
    """Minimum and maximum score of faces. Calibrated as docs/models.md describes."""
    position_sigma: float = 0.5
    """Standard deviation of the predicted position, in half body heights, without a gap."""
    position_sigma_rate: float = 2.0
    """Increase of ``position_sigma`` in half body heights per second of the gap."""
    size_sigma: float = 0.2
    """Standard deviation of the logarithm of the body height in px, without a gap; twice that after a second."""
    continuity_score: float = 3.0
    """Score of successive segments of the same tracklet."""
    position_score: float = 2.0
    """Score of a segment that starts at the predicted position, or right after a cut; it decreases with the gap."""
    min_link_score: float = 1.0
    """Minimum score of two segments that are linked."""
    max_absence: float = 20.0
    """Maximum gap in s between two segments of the same person."""

    @property
    def max_appearance_score(self) -> float:
        """Maximum score of clothing colours and faces together."""
        return APPEARANCE_PARTS * self.color_score_bounds[1] + self.face_score_bounds[1]


def motion_llr(earlier: TrackletSegment, later: TrackletSegment, fps: float, options: ReidentificationOptions) -> float:
    """Returns the log-likelihood ratio of position, size and gap; -inf if the gap is too long."""
    gap = (later.frames[0] - earlier.frames[-1]) / fps
    if gap > options.max_absence:
        return -inf
    predicted = earlier.end_position + earlier.velocity * min(gap, options.split.velocity_window)
    distance = dist(later.start_position, predicted) / max(earlier.half_height, later.half_height)
    position_sigma = options.position_sigma + options.position_sigma_rate * gap
    position_llr = options.position_score - log1p(gap) - 0.5 * (distance / position_sigma) ** 2
    size_deviation = log(later.half_height / earlier.half_height) / (options.size_sigma * (1 + min(gap, 1.0)))
    return position_llr - 0.5 * min(size_deviation**2, 8.0)


def appearance_llr(a: FloatArray, b: FloatArray, options: ReidentificationOptions) -> FloatArray:
    """Returns the log-likelihood ratio (...) of two appearances (..., 8, 3); parts that are NaN contribute 0.

    Body parts of the same colour are correlated: n of them count as sqrt(n) independent ones, since uniform clothing
    is not distinctive.
    """
    squared = ((a - b) ** 2).sum(axis=-1)
    ratio = options.different_color_sigma / options.same_color_sigma
    llr = 3 * np.log(ratio) - 0.5 * squared * (options.same_color_sigma**-2 - options.different_color_sigma**-2)
    llr = np.where(np.isfinite(llr), np.clip(llr, *options.color_score_bounds), 0.0)
    return np.asarray(np.where(llr > 0, llr / np.sqrt(_same_color_counts((a + b) / 2, options)), llr).sum(axis=-1))


def _same_color_counts(appearance: FloatArray, options: ReidentificationOptions) -> FloatArray:
    """(..., 8) soft count of the parts of an appearance (..., 8, 3) that have each part's colour, itself included."""
    squared = ((appearance[..., :, None, :] - appearance[..., None, :, :]) ** 2).sum(axis=-1)
    similarity = np.where(np.isfinite(squared), np.exp(-0.25 * squared / options.same_color_sigma**2), 0.0)
    return np.asarray(np.maximum(similarity.sum(axis=-1), 1.0))


def face_llr(a: FloatArray | None, b: FloatArray | None, options: ReidentificationOptions) -> float:
    """Returns the log-likelihood ratio of two face embeddings (1024,); 0 if one of them is None."""
    if a is None or b is None:
        return 0.0
    llr = options.face_score_slope * (float(a @ b) - options.face_cosine_threshold)
    return float(np.clip(llr, *options.face_score_bounds))
