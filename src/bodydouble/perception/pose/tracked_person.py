"""Somebody who is followed: where to look for them in the next frame."""

from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.perception.protocols import Landmarks, Region

VELOCITY_MEMORY = 0.7
"""Part of a person's velocity that stays from frame to frame."""
BACK = 0.8
"""Presence of somebody who was lost and is back."""
BACK_SIZE = 1.5
"""Ratio by which that person's region may have grown or shrunk ..."""
BACK_STRAY = 0.25
"""... and part of the region's side by which it may lie elsewhere."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Somebody to look for in the next frame."""

    last: Landmarks
    """As last seen."""
    velocity: FloatArray
    """(2,) px per frame."""
    first: Landmarks
    """As seen in the first of the frames in which they have been seen without a gap."""
    age: int = 0
    """Frames since that one, if they are not lost."""
    missed: int = 0
    """Frames since they were last seen."""

    @classmethod
    def found(cls, person: Landmarks) -> "Followed":
        """Somebody who was not followed before."""
        return cls(person, np.zeros(2), person)

    @property
    def pose(self) -> FloatArray:
        """(33, 2) px, where the landmarks should be; who has just been seen has hardly moved."""
        return np.asarray(self.last.keypoints[:, :2] + self.missed * self.velocity)

    @property
    def region(self) -> Region:
        """Where to look."""
        return replace(self.last.region, center=self.last.region.center + self.missed * self.velocity)

    def may_be(self, person: Landmarks) -> bool:
        """Whether somebody is where this person, who was lost, should be, and as large."""
        region = self.region
        growth = abs(np.log(person.region.side / region.side))
        stray = float(np.linalg.norm(person.region.center - region.center)) / region.side
        return person.presence >= BACK and growth <= np.log(BACK_SIZE) and stray <= BACK_STRAY

    def lost(self) -> "Followed":
        """The same person, not seen in one more frame."""
        return replace(self, missed=self.missed + 1)

    def seen(self, person: Landmarks) -> "Followed":
        """The same person, seen in the next frame."""
        step = (person.region.center - self.last.region.center) / (self.missed + 1)
        velocity = VELOCITY_MEMORY * self.velocity + (1 - VELOCITY_MEMORY) * step
        if self.missed:
            return Followed(person, velocity, person)
        return Followed(person, velocity, self.first, self.age + 1)
