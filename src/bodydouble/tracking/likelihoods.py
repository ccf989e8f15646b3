"""What speaks for two sightings being of one person, as logarithms of likelihood ratios."""

from dataclasses import dataclass, field
from math import dist, inf, log, log1p

import numpy as np

from bodydouble.data import APPEARANCE_PARTS, FloatArray
from bodydouble.tracking.tracklets import SplitOptions, TrackletSegment


@dataclass(frozen=True, slots=True)
class ReidentificationOptions:
    """What speaks for one person, as logarithms of likelihood ratios; standard deviations of one and the same."""

    split: SplitOptions = field(default_factory=SplitOptions)
    full_weight_duration: float = 0.4
    """s; what speaks for a link counts less for somebody who was seen for less time."""
    same_color_sigma: float = 9.0
    """CIELAB units per channel, of a part of one person ..."""
    different_color_sigma: float = 25.0
    """... and of different people."""
    color_score_bounds: tuple[float, float] = (-3.0, 1.2)
    """What a part can say at most."""
    face_cosine_threshold: float = 0.6
    """Cosine between the vectors of two faces that says nothing ..."""
    face_score_slope: float = 20.0
    """... and how much more a larger one says."""
    face_score_bounds: tuple[float, float] = (-6.0, 4.0)
    """What faces can say at most. Calibrated as docs/models.md says."""
    position_sigma: float = 0.5
    """Half body heights that somebody is off the way foretold, at once, ..."""
    position_sigma_rate: float = 2.0
    """... and more for each second out of sight."""
    size_sigma: float = 0.2
    """Of the logarithm of the body's height in the picture, at once; twice that after a second."""
    continuity_score: float = 3.0
    """That one piece was followed to the next."""
    position_score: float = 2.0
    """That somebody appears just where somebody was foretold, or right after a cut; less with time."""
    min_link_score: float = 1.0
    """Pieces are linked if more than this speaks for it."""
    max_absence: float = 20.0
    """s."""

    @property
    def max_appearance_score(self) -> float:
        """What looks and faces can say at most."""
        return APPEARANCE_PARTS * self.color_score_bounds[1] + self.face_score_bounds[1]


def motion_llr(earlier: TrackletSegment, later: TrackletSegment, fps: float, options: ReidentificationOptions) -> float:
    """How much speaks for somebody going on as another piece: where they are, how large, and how long away."""
    gap = (later.frames[0] - earlier.frames[-1]) / fps
    if gap > options.max_absence:
        return -inf
    predicted = earlier.end_position + earlier.velocity * min(gap, options.split.velocity_window)
    distance = dist(later.start_position, predicted) / max(earlier.half_height, later.half_height)
    position_score = (
        options.position_score
        - log1p(gap)
        - 0.5 * (distance / (options.position_sigma + options.position_sigma_rate * gap)) ** 2
    )
    size_deviation = log(later.half_height / earlier.half_height) / (options.size_sigma * (1 + min(gap, 1.0)))
    return position_score - 0.5 * min(size_deviation**2, 8.0)


def appearance_llr(a: FloatArray, b: FloatArray, options: ReidentificationOptions) -> FloatArray:
    """Logarithm (...) of how much likelier looks (..., 8, 3) are if they are of one person; unknown parts say 0.

    Clothes of one colour go together: n parts of it say as much as sqrt(n) parts do. Somebody all in black looks like
    all others in black.
    """
    squared = ((a - b) ** 2).sum(axis=-1)
    ratio = options.different_color_sigma / options.same_color_sigma
    llr = 3 * np.log(ratio) - 0.5 * squared * (options.same_color_sigma**-2 - options.different_color_sigma**-2)
    llr = np.where(np.isfinite(llr), np.clip(llr, *options.color_score_bounds), 0.0)
    return np.asarray(np.where(llr > 0, llr / np.sqrt(_same_color_counts((a + b) / 2, options)), llr).sum(axis=-1))


def _same_color_counts(appearance: FloatArray, options: ReidentificationOptions) -> FloatArray:
    """(..., 8) how many parts of looks (..., 8, 3) have the colour of each part; 1 for its own alone."""
    squared = ((appearance[..., :, None, :] - appearance[..., None, :, :]) ** 2).sum(axis=-1)
    similarity = np.where(np.isfinite(squared), np.exp(-0.25 * squared / options.same_color_sigma**2), 0.0)
    return np.asarray(np.maximum(similarity.sum(axis=-1), 1.0))


def face_llr(a: FloatArray | None, b: FloatArray | None, options: ReidentificationOptions) -> float:
    """How much likelier vectors (1024,) of faces are if they are of one person; 0 where one is not known."""
    if a is None or b is None:
        return 0.0
    llr = options.face_score_slope * (float(a @ b) - options.face_cosine_threshold)
    return float(np.clip(llr, *options.face_score_bounds))
