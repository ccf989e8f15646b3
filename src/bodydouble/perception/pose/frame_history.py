"""The last frames of a shot: who is found late is followed back through them.

A detector finds somebody some frames after they came into the picture or out from behind somebody. Followed back in
time, the landmark network finds them in most of the frames before.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from bodydouble.data import RgbImage
from bodydouble.perception.pose.tracked_person import Followed
from bodydouble.perception.protocols import Landmarks

Look = Callable[[RgbImage, Followed, Sequence[Landmarks]], Landmarks | None]
"""Who is seen in a frame where somebody should be, beside those who are known to be there."""


@dataclass(frozen=True, slots=True)
class PastFrame:
    """A frame, and who was seen in it."""

    picture: RgbImage
    people: list[Landmarks]


class Past:
    """The last frames, the latest last."""

    def __init__(self, length: int) -> None:
        """Nothing has been seen yet; this many frames are kept."""
        self._frames: deque[PastFrame] = deque(maxlen=length)

    def keep(self, picture: RgbImage, people: Sequence[Landmarks]) -> None:
        """One more frame."""
        self._frames.append(PastFrame(picture, list(people)))

    def follow_back(self, person: Landmarks, skip: int, look: Look) -> Iterator[tuple[int, PastFrame, Landmarks]]:
        """Where somebody was before, as far back as they are seen.

        Whoever is found counts among the people of the frame from then on.

        Args:
            person: as seen in the frame after those that are looked at.
            skip: so many of the last frames are not looked at.
            look: sees somebody in a frame.

        Yields:
            How many frames before the next, the frame, and what was seen.
        """
        followed = Followed.found(person)
        for ago, frame in islice(enumerate(reversed(self._frames), start=1), skip, None):
            there = look(frame.picture, followed, frame.people)
            if there is None:
                return
            frame.people.append(there)
            yield ago, frame, there
            followed = followed.seen(there)
