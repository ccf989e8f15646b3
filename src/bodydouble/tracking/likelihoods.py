"""What speaks for two sightings being of one person, as logarithms of likelihood ratios."""

from dataclasses import dataclass, field
from math import dist, inf, log, log1p

import numpy as np

from bodydouble.data import LOOK_PARTS, FloatArray
from bodydouble.tracking.tracklets import Piece, PieceOptions


@dataclass(frozen=True, slots=True)
class IdentityOptions:
    """What speaks for one person, as logarithms of likelihood ratios; standard deviations of one and the same."""

    cutting: PieceOptions = field(default_factory=PieceOptions)
    long_piece: float = 0.4
    """s; what speaks for a link counts less for somebody who was seen for less time."""
    color_sigma: float = 9.0
    """CIELAB units per channel, of a part of one person ..."""
    color_spread: float = 25.0
    """... and of different people."""
    color_bounds: tuple[float, float] = (-3.0, 1.2)
    """What a part can say at most."""
    face_middle: float = 0.6
    """Cosine between the vectors of two faces that says nothing ..."""
    face_slope: float = 20.0
    """... and how much more a larger one says."""
    face_bounds: tuple[float, float] = (-6.0, 4.0)
    """What faces can say at most. Calibrated as docs/models.md says."""
    stray_sigma: float = 0.5
    """Half body heights that somebody is off the way foretold, at once, ..."""
    stray_speed: float = 2.0
    """... and more for each second out of sight."""
    size_sigma: float = 0.2
    """Of the logarithm of the body's height in the picture, at once; twice that after a second."""
    followed: float = 3.0
    """That one piece was followed to the next."""
    near: float = 2.0
    """That somebody appears just where somebody was foretold, or right after a cut; less with time."""
    least: float = 1.0
    """Pieces are linked if more than this speaks for it."""
    longest_absence: float = 20.0
    """s."""

    @property
    def most_alike(self) -> float:
        """What looks and faces can say at most."""
        return LOOK_PARTS * self.color_bounds[1] + self.face_bounds[1]


def goes_on(one: Piece, other: Piece, fps: float, options: IdentityOptions) -> float:
    """How much speaks for somebody going on as another piece: where they are, how large, and how long away."""
    gap = (other.frames[0] - one.frames[-1]) / fps
    if gap > options.longest_absence:
        return -inf
    foretold = one.last + one.velocity * min(gap, options.cutting.velocity_window)
    stray = dist(other.first, foretold) / max(one.size, other.size)
    near = options.near - log1p(gap) - 0.5 * (stray / (options.stray_sigma + options.stray_speed * gap)) ** 2
    growth = log(other.size / one.size) / (options.size_sigma * (1 + min(gap, 1.0)))
    return near - 0.5 * min(growth**2, 8.0)


def same_look(one: FloatArray, other: FloatArray, options: IdentityOptions) -> FloatArray:
    """Logarithm (...) of how much likelier looks (..., 8, 3) are if they are of one person; unknown parts say 0.

    Clothes of one colour go together: n parts of it say as much as sqrt(n) parts do. Somebody all in black looks like
    all others in black.
    """
    squared = ((one - other) ** 2).sum(axis=-1)
    ratio = options.color_spread / options.color_sigma
    said = 3 * np.log(ratio) - 0.5 * squared * (options.color_sigma**-2 - options.color_spread**-2)
    said = np.where(np.isfinite(said), np.clip(said, *options.color_bounds), 0.0)
    return np.asarray(np.where(said > 0, said / np.sqrt(_of_one_color((one + other) / 2, options)), said).sum(axis=-1))


def _of_one_color(look: FloatArray, options: IdentityOptions) -> FloatArray:
    """(..., 8) how many parts of looks (..., 8, 3) have the colour of each part; 1 for its own alone."""
    squared = ((look[..., :, None, :] - look[..., None, :, :]) ** 2).sum(axis=-1)
    near = np.where(np.isfinite(squared), np.exp(-0.25 * squared / options.color_sigma**2), 0.0)
    return np.asarray(np.maximum(near.sum(axis=-1), 1.0))


def same_face(one: FloatArray | None, other: FloatArray | None, options: IdentityOptions) -> float:
    """How much likelier vectors (1024,) of faces are if they are of one person; 0 where one is not known."""
    if one is None or other is None:
        return 0.0
    said = options.face_slope * (float(one @ other) - options.face_middle)
    return float(np.clip(said, *options.face_bounds))
