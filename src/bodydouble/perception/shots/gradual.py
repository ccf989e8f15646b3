"""Where one shot of a video turns into the next little by little: in a dissolve, or through black.

Halfway through a dissolve the picture is a mixture of what is seen before and after, of which neither is found in the
other. Where a camera pans or something passes before it, the picture halfway shows something else.

Source: the linear model of dissolves (Hampapur, Jain and Weymouth 1995), here over several spans of time at once.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.perception.shots.frame_similarity import BLOCK, SAME, SMALL, Look, change, mixed_edges, same_edges

SPANS = (4, 6, 9, 14, 20, 30, 45)
"""Frames from the middle to a picture before and to one after."""
MEMORY = 2 * SPANS[-1] + 1
"""Frames."""
LEAST_CHANGE = 0.18
"""Between the pictures before and after at least as much is new."""
MIXED = (0.3, 0.7)
"""Parts of the later picture in that of the middle."""
LARGEST_REST = 0.08
"""Of the difference between before and after, squared: what is no mixture of both in the middle is less ..."""
CALM = 5
"""... in that many of the eight blocks; people move in the others."""
LEAST_MIXED = 0.4
"""Of the edges in the middle as large a share are those of before and after."""
LIKE_EDGES = 0.25
"""Pictures whose edges agree better show one place in changing light."""
STRONGER = 1.1
"""A longer span is better if the pictures before and after differ by as many times as much ..."""
PATIENCE = 3
"""... and it is waited for until as many spans after the middle."""
SETTLED = 8
"""Frames from the beginning of a shot to the first that a fade may begin with."""
CLEAR = 10.0
"""Grey values; pictures with less contrast are not compared."""


@dataclass(frozen=True, slots=True)
class _Fade:
    """A picture that seems to be a mixture of an earlier and a later one."""

    middle: int
    """Frame."""
    span: int
    strength: float
    """Squared difference between the pictures before and after."""


class FadeFinder:
    """Looks at the frames of a video, one after the other."""

    def __init__(self) -> None:
        self._frame = -1
        self.begin_shot()

    def begin_shot(self) -> None:
        """The next frame is the first of another shot."""
        self._forget(self._frame + 1 + SETTLED)

    def _forget(self, first: int) -> None:
        """Fades begin with this frame at the earliest."""
        self._first = first
        self._recent: deque[Look] = deque(maxlen=MEMORY)
        self._best: _Fade | None = None
        self._clear: Look | None = None
        self._black: tuple[int, int] | None = None

    def follow(self, picture: Look) -> tuple[int, ...]:
        """Look at the next frame; the middles of fades that are now over, as frames from the first on."""
        self._frame += 1
        self._recent.append(picture)
        black = self._through_black(picture)
        if black is not None:
            found = self.finish()
            self._forget(self._frame + 1)
            return (*found, black)
        for span in SPANS:
            if self._frame % max(1, span // 4) == 0:
                self._try(span)
        best = self._best
        return self.finish() if best and self._frame >= best.middle + PATIENCE * best.span else ()

    def finish(self) -> tuple[int, ...]:
        """The middle of a fade that was not told yet, since the shot or the video is over."""
        best, self._best = self._best, None
        if best is None:
            return ()
        self._first = best.middle + 2 * best.span
        return (best.middle,)

    def _through_black(self, picture: Look) -> int | None:
        """The middle of a black stretch that is over, if other things are seen before and after it."""
        if picture.is_black:
            self._black = (self._black or (self._frame, 0))[0], self._frame
        if not _is_clear(picture):
            return None
        before, black = self._clear, self._black
        self._clear, self._black = picture, None
        return sum(black) // 2 if before and black and _are_two_places(before, picture) else None

    def _try(self, span: int) -> None:
        """Whether the picture that many frames ago is a mixture of that as long before and the last one."""
        first = self._frame - 2 * span
        if first < self._first:
            return
        before, middle, after = (self._recent[-1 - ago] for ago in (2 * span, span, 0))
        later = after.small - before.small
        strength = float((later**2).sum())
        if np.abs(later).mean() < SAME or (self._best and strength < STRONGER * self._best.strength):
            return
        part = _part(middle.small - before.small, later)
        if not MIXED[0] < part < MIXED[1] or _rest(middle.small - before.small, part, later) > LARGEST_REST:
            return
        if not _are_two_places(before, after) or mixed_edges(before, middle, after) < LEAST_MIXED:
            return
        parts = [_part(self._recent[-1 - ago].small - before.small, later) for ago in range(2 * span, -1, -1)]
        self._best = _Fade(first + next(i for i, one in enumerate(parts) if one >= 0.5), span, strength)


def _part(change: FloatArray, whole: FloatArray) -> float:
    """How much of a whole change has happened."""
    return float((change * whole).sum() / (whole**2).sum())


def _rest(change: FloatArray, part: float, whole: FloatArray) -> float:
    """What of a change is not that part of a whole change, squared, of the latter, in blocks in which it is least."""
    rests, wholes = _by_block((change - part * whole) ** 2), _by_block(whole**2)
    calm = np.argsort(rests / (wholes + 1))[:CALM]
    return float(rests[calm].sum() / (wholes[calm].sum() + 1))


def _by_block(picture: FloatArray) -> FloatArray:
    """(8,) sums over the blocks of a picture (18, 32, 3)."""
    width, height = BLOCK
    split = picture.reshape(SMALL[1] // height, height, SMALL[0] // width, width, 3)
    return np.asarray(split.sum(axis=(1, 3, 4)).ravel())


def _is_clear(picture: Look) -> bool:
    return bool(picture.small.std() > CLEAR)


def _are_two_places(one: Look, other: Look) -> bool:
    """Whether two clear pictures show different places."""
    return (
        _is_clear(one)
        and _is_clear(other)
        and change(one.small, other.small) > LEAST_CHANGE
        and same_edges(one, other) < LIKE_EDGES
    )
