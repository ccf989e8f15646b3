"""Shot boundary detection: frames of a video -> ``ShotFrame``s, which tell where shots start.

Read this file first, then ``gradual.py``. After a hard cut, no block of the image matches a nearby one of the previous
frame, however the camera moves or the light changes. ``gradual`` detects dissolves and fades.

Source: adaptive detection over a window of frames, as in PySceneDetect; here of the residual of block matching.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from bodydouble.data import RgbImage
from bodydouble.perception.shots.frame_similarity import FrameSignature, content_change, downsample
from bodydouble.perception.shots.gradual import GradualTransitionDetector

MIN_CHANGE = 0.18
"""Minimum content change at a hard cut, relative to the contrast."""
MIN_CHANGE_RATIO = 2.0
"""Minimum ratio of the content change at a hard cut to the changes shortly before and right after."""
CHANGE_MEMORY = 8
"""Number of previous frames whose changes are compared with that of a cut."""


@dataclass(frozen=True, slots=True)
class ShotFrame:
    """Frame of a video, with the shots that are known to have started once it was processed."""

    index: int
    image: RgbImage
    """(H, W, 3) RGB."""
    shot_starts: tuple[int, ...] = ()
    """First frames of shots, ascending: this frame at a hard cut, an earlier one for a gradual transition."""

    @property
    def is_shot_start(self) -> bool:
        """Whether a shot starts with this frame, so that trackers must be reset before it."""
        return self.index in self.shot_starts


def split_into_shots(frames: Iterable[RgbImage]) -> Iterator[ShotFrame]:
    """Detects the shots of a video.

    One frame is read ahead: content that returns in the frame after a flash was never gone. A gradual transition is
    reported when it ends, with its midpoint as the first frame of the next shot; so is black between two shots, with
    its midpoint.

    Args:
        frames: (H, W, 3) RGB, in order.

    Yields:
        Each frame in order; over all frames, the ``shot_starts`` ascend.
    """
    cuts, transitions = _HardCutDetector(), GradualTransitionDetector()
    image: RgbImage | None = None
    previous: FrameSignature | None = None
    current: FrameSignature | None = None
    for index, next_image in enumerate(chain(frames, [None]), start=-1):
        following = None if next_image is None else downsample(next_image)
        if image is not None and current is not None:
            is_cut = cuts.is_cut(previous, current, following)
            shot_starts = _shot_starts(transitions, current, index, is_cut=is_cut, is_last=next_image is None)
            yield ShotFrame(index, image, shot_starts)
        image, previous, current = next_image, current, following


class _HardCutDetector:
    """Detects hard cuts by the content changes of successive frames, which it gets in order."""

    def __init__(self) -> None:
        self._change = 0.0
        self._recent_changes: deque[float] = deque(maxlen=CHANGE_MEMORY)

    def is_cut(
        self, previous: FrameSignature | None, current: FrameSignature, following: FrameSignature | None
    ) -> bool:
        """Returns whether a shot starts with the current frame; the first and the last frame lack a neighbour."""
        next_change = 0.0 if following is None else content_change(current.small, following.small)
        min_change = max(MIN_CHANGE, MIN_CHANGE_RATIO * max([next_change, *self._recent_changes]))
        is_cut = self._change > min_change
        if is_cut and previous is not None:
            is_lasting = following is None or content_change(previous.small, following.small) > MIN_CHANGE
            is_cut = is_lasting and not (previous.is_black or current.is_black)
        if is_cut:
            self._recent_changes.clear()
        else:
            self._recent_changes.append(self._change)
        self._change = next_change
        return is_cut


def _shot_starts(
    transitions: GradualTransitionDetector, current: FrameSignature, index: int, *, is_cut: bool, is_last: bool
) -> tuple[int, ...]:
    """Returns the first frames of shots that are known once the frame with this index was processed, ascending."""
    starts: tuple[int, ...] = ()
    if is_cut:
        starts = (*transitions.flush(), index)
        transitions.begin_shot()
    starts += transitions.process_frame(current)
    return starts + transitions.flush() if is_last else starts
