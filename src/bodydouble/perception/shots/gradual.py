"""Detects gradual transitions between shots: dissolves, and fades through black.

In: the ``FrameSignature``s of a video in order. Out: the middle frames of transitions, reported when they are over.

Halfway through a dissolve the image is a mixture of the earlier and the later image, which have nothing in common.
Where a camera pans or something passes in front of it, the image halfway shows something else.

Source: the linear model of dissolves (Hampapur, Jain and Weymouth 1995), here over several spans of time at once.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.perception.shots.frame_similarity import (
    BLOCK_SIZE,
    MIN_DIFFERENCE,
    SMALL_SIZE,
    FrameSignature,
    changed_fraction,
    content_change,
    edge_correlation,
    edge_energy,
    edge_mixture_fraction,
)

SPANS = (4, 6, 9, 14, 20, 30, 45)
"""Tested numbers of frames from the middle to the frame before and to the frame after."""
HISTORY_LENGTH = 2 * SPANS[-1] + 1
"""Number of last frames of which the signatures are kept."""
MIN_CHANGE = 0.18
"""Minimum content change between the frames before and after."""
MIX_RANGE = (0.3, 0.7)
"""Range of the fraction of the later image in the middle one."""
MAX_RESIDUAL = 0.08
"""Maximum residual of the linear dissolve model ``middle = (1 - a) before + a after``, relative to |after - before|^2,
in the best blocks."""
CALM_BLOCKS = 5
"""Number of best blocks, out of eight, in which the residual is measured; people move in the others."""
MIN_MIXTURE_FRACTION = 0.4
"""Minimum fraction of the edges in the middle that a mixture of those before and after explains."""
MAX_EDGE_CORRELATION = 0.25
"""Maximum edge correlation of two different places; with more, one place is shown in changing light."""
MIN_CHANGED_FRACTION = 0.7
"""Minimum fraction of the image that differs before and after. Dissolves of real clips change more than 0.95. People in
a plain place, where there is nothing else to compare, change less than 0.5."""
MAX_EDGE_ENERGY = 0.8
"""Maximum energy of the edges in the middle, relative to a mean of those before and after. The edges of two different
images fade in their mixture, to half the energy halfway; a camera that pans over a plain place shows all of them."""
MIN_STRENGTH_RATIO = 1.1
"""Minimum ratio by which a transition must be stronger than the best one so far to replace it."""
WAIT_SPANS = 3
"""Number of spans after the middle for which a stronger transition is awaited."""
SETTLE_FRAMES = 8
"""Frames from the beginning of a shot to the first with which a transition may begin."""
MIN_CONTRAST = 10.0
"""Minimum standard deviation of a small image that is compared, grey levels."""


@dataclass(frozen=True, slots=True)
class _Transition:
    """A frame that appears to be a mixture of an earlier and a later one."""

    middle: int
    """Index of the frame."""
    span: int
    """Frames from the middle to the frame before and to the frame after."""
    strength: float
    """Squared difference between the small images before and after."""


class GradualTransitionDetector:
    """Detects the gradual transitions of one video. All frames must be passed to it in order."""

    def __init__(self) -> None:
        self._frame = -1
        self.begin_shot()

    def begin_shot(self) -> None:
        """Forgets all frames: the next frame is the first of another shot."""
        self._reset(self._frame + 1 + SETTLE_FRAMES)

    def _reset(self, first_frame: int) -> None:
        """Forgets all frames; transitions begin with this frame at the earliest."""
        self._first_frame = first_frame
        self._history: deque[FrameSignature] = deque(maxlen=HISTORY_LENGTH)
        self._best: _Transition | None = None
        self._last_clear: FrameSignature | None = None
        self._black_range: tuple[int, int] | None = None

    def process_frame(self, signature: FrameSignature) -> tuple[int, ...]:
        """Processes the next frame.

        Returns:
            Middles of the transitions that are over by now, ascending indices of frames of the video.
        """
        self._frame += 1
        self._history.append(signature)
        black_middle = self._detect_black_gap(signature)
        if black_middle is not None:
            middles = self.flush()
            self._reset(self._frame + 1)
            return (*middles, black_middle)
        for span in SPANS:
            if self._frame % max(1, span // 4) == 0:
                self._test_span(span)
        best = self._best
        return self.flush() if best and self._frame >= best.middle + WAIT_SPANS * best.span else ()

    def flush(self) -> tuple[int, ...]:
        """Returns the middle of a transition that was not returned yet, since the shot or the video is over."""
        best, self._best = self._best, None
        if best is None:
            return ()
        self._first_frame = best.middle + 2 * best.span
        return (best.middle,)

    def _detect_black_gap(self, signature: FrameSignature) -> int | None:
        """Returns the middle of a run of black frames that is over, if the places before and after it differ."""
        if signature.is_black:
            self._black_range = (self._black_range or (self._frame, 0))[0], self._frame
        if not _has_contrast(signature):
            return None
        before, black_range = self._last_clear, self._black_range
        self._last_clear, self._black_range = signature, None
        return sum(black_range) // 2 if before and black_range and _show_different_places(before, signature) else None

    def _test_span(self, span: int) -> None:
        """Tests whether the frame a span ago is a mixture of the last one and the one two spans ago."""
        first = self._frame - 2 * span
        if first < self._first_frame:
            return
        before, middle, after = (self._history[-1 - ago] for ago in (2 * span, span, 0))
        strength = float(((after.small - before.small) ** 2).sum())
        if self._best and strength < MIN_STRENGTH_RATIO * self._best.strength:
            return
        if _is_dissolve(before, middle, after):
            self._best = _Transition(first + self._middle_offset(span), span, strength)

    def _middle_offset(self, span: int) -> int:
        """Returns the number of frames from two spans ago to the first frame that is half mixed."""
        before, after = self._history[-1 - 2 * span].small, self._history[-1].small
        signatures = (self._history[-1 - ago] for ago in range(2 * span, -1, -1))
        fractions = (_mix_fraction(signature.small - before, after - before) for signature in signatures)
        return next(i for i, fraction in enumerate(fractions) if fraction >= 0.5)


def _is_dissolve(before: FrameSignature, middle: FrameSignature, after: FrameSignature) -> bool:
    """Returns whether the middle frame is a mixture of the other two, which show different places."""
    change, whole = middle.small - before.small, after.small - before.small
    if np.abs(whole).mean() < MIN_DIFFERENCE or changed_fraction(before, after) < MIN_CHANGED_FRACTION:
        return False
    fraction = _mix_fraction(change, whole)
    if not MIX_RANGE[0] < fraction < MIX_RANGE[1] or _residual(change, fraction, whole) > MAX_RESIDUAL:
        return False
    return (
        _show_different_places(before, after)
        and edge_mixture_fraction(before, middle, after) >= MIN_MIXTURE_FRACTION
        and _do_edges_fade(before, middle, after, fraction)
    )


def _do_edges_fade(before: FrameSignature, middle: FrameSignature, after: FrameSignature, fraction: float) -> bool:
    """Returns whether the edges of the middle frame have less energy than those before and after."""
    mean_energy = (1 - fraction) * edge_energy(before) + fraction * edge_energy(after)
    return edge_energy(middle) <= MAX_EDGE_ENERGY * mean_energy


def _mix_fraction(change: FloatArray, whole: FloatArray) -> float:
    """Returns the fraction of a whole change that has happened."""
    return float((change * whole).sum() / (whole**2).sum())


def _residual(change: FloatArray, mix_fraction: float, whole: FloatArray) -> float:
    """Returns the squared residual of a change from a fraction of the whole change, relative to the latter squared.

    Only the blocks with the least residual count.
    """
    residuals, wholes = _block_sums((change - mix_fraction * whole) ** 2), _block_sums(whole**2)
    calm = np.argsort(residuals / (wholes + 1))[:CALM_BLOCKS]
    return float(residuals[calm].sum() / (wholes[calm].sum() + 1))


def _block_sums(image: FloatArray) -> FloatArray:
    """Returns the sums (8,) over the blocks of an image (18, 32, 3)."""
    width, height = BLOCK_SIZE
    blocks = image.reshape(SMALL_SIZE[1] // height, height, SMALL_SIZE[0] // width, width, 3)
    return np.asarray(blocks.sum(axis=(1, 3, 4)).ravel())


def _has_contrast(signature: FrameSignature) -> bool:
    return bool(signature.small.std() > MIN_CONTRAST)


def _show_different_places(first: FrameSignature, second: FrameSignature) -> bool:
    """Returns whether two frames with contrast show different places."""
    return (
        _has_contrast(first)
        and _has_contrast(second)
        and content_change(first.small, second.small) > MIN_CHANGE
        and edge_correlation(first, second) < MAX_EDGE_CORRELATION
    )
