"""Where one shot of a video ends and the next begins.

A frame of another shot shows something else, so no part of it is found nearby in the frame before, however the camera
moves or the light changes. What changes little by little is found by ``fades``.

Source: adaptive detection over a window of frames, as in PySceneDetect; here of what block matching leaves unexplained.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

from bodydouble.data import RgbImage
from bodydouble.perception.shots.frame_similarity import FrameSignature, content_change, downsample
from bodydouble.perception.shots.gradual import GradualTransitionDetector

MIN_CHANGE = 0.18
"""Of the contrast: between two shots at least as much is new ..."""
MIN_CHANGE_RATIO = 2.0
"""... and as many times what is new from frame to frame shortly before and right after."""
CHANGE_MEMORY = 8
"""Frames from which is known what is usual."""


def split_into_shots(frames: Iterable[RgbImage]) -> Iterator[tuple[RgbImage, tuple[int, ...]]]:
    """The frames (H, W, 3) RGB of a video in order, and the first frames of shots that are now known to have begun.

    After a cut that is the frame itself. One frame is read ahead: what is back in the frame after a flash was never
    gone. A fade is known when it is over; its middle, an earlier frame, counts as the first one of the next shot, as
    does the middle of black between two shots. All told, the first frames ascend.
    """
    usual: deque[float] = deque(maxlen=CHANGE_MEMORY)
    fades = GradualTransitionDetector()
    frame = last = now = None
    difference, number = 0.0, -1
    for following in chain(frames, [None]):
        ahead = None if following is None else downsample(following)
        if frame is not None and now is not None:
            after = 0.0 if ahead is None else content_change(now.small, ahead.small)
            cut = difference > max(MIN_CHANGE, MIN_CHANGE_RATIO * max([after, *usual]))
            if cut and last is not None:
                stays = ahead is None or content_change(last.small, ahead.small) > MIN_CHANGE
                cut = stays and not (last.is_black or now.is_black)
            yield frame, _shot_starts(fades, now, number, cut=cut, over=following is None)
            usual.clear() if cut else usual.append(difference)
            difference = after
        frame, last, now, number = following, now, ahead, number + 1


def _shot_starts(
    fades: GradualTransitionDetector, now: FrameSignature, number: int, *, cut: bool, over: bool
) -> tuple[int, ...]:
    """The first frames of shots that are known to have begun once the frame of a number was looked at."""
    found: tuple[int, ...] = ()
    if cut:
        found = (*fades.flush(), number)
        fades.begin_shot()
    found += fades.process_frame(now)
    return found + fades.flush() if over else found
