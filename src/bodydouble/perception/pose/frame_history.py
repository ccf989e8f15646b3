"""Ring buffer of the last frames of a shot, in which people are tracked backward.

In: the frames (``RgbImage``) and their people (``Landmarks``). Out: the landmarks of one person in earlier frames.

The detector finds a person some frames after they came into the image or out from behind an occluder. Tracked backward,
the landmark network locates them in most of the frames before.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from bodydouble.data import RgbImage
from bodydouble.perception.pose.tracked_person import TrackedPerson
from bodydouble.perception.protocols import Landmarks

Locate = Callable[[RgbImage, TrackedPerson, Sequence[Landmarks]], Landmarks | None]
"""Function that locates a tracked person in a frame, given the people already known in it; None if not visible."""


@dataclass(frozen=True, slots=True)
class HistoryFrame:
    """A frame and the people in it."""

    image: RgbImage
    people: list[Landmarks]


class FrameHistory:
    """The last frames of a shot, the latest last."""

    def __init__(self, length: int) -> None:
        """Starts empty and keeps at most this many frames."""
        self._frames: deque[HistoryFrame] = deque(maxlen=length)

    def append(self, image: RgbImage, people: Sequence[Landmarks]) -> None:
        """Appends a frame and the people in it."""
        self._frames.append(HistoryFrame(image, list(people)))

    def track_backward(
        self, landmarks: Landmarks, skip: int, locate: Locate
    ) -> Iterator[tuple[int, HistoryFrame, Landmarks]]:
        """Tracks a person backward through the last frames, up to the first frame in which they are not visible.

        Landmarks that are located count among the people of their frame from then on.

        Args:
            landmarks: Landmarks of the person in the frame after those that are searched.
            skip: Number of last frames that are not searched.
            locate: Function that locates the person in a frame.

        Yields:
            Number of frames before the next one, the frame, and the landmarks in it.
        """
        tracked = TrackedPerson.start(landmarks)
        for frames_ago, frame in islice(enumerate(reversed(self._frames), start=1), skip, None):
            located = locate(frame.image, tracked, frame.people)
            if located is None:
                return
            frame.people.append(located)
            yield frames_ago, frame, located
            tracked = tracked.update(located)
