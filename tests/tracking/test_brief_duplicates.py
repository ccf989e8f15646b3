"""Laws of the removal of brief tracklets that lie on longer ones."""

import numpy as np
import pytest

from bodydouble.tracking.brief_duplicates import MAX_DURATION, MIN_COVERED_FRACTION, drop_brief_duplicates
from bodydouble.tracking.tracklets import Tracklet
from tests.tracking.people import FPS, observation

BRIEF = int(MAX_DURATION * FPS)


def tracklet(x: float, start: int, length: int, pose_seed: int = 0) -> Tracklet:
    """A person who stands here, px, for some frames."""
    return Tracklet(list(range(start, start + length)), [observation((x, 300), pose_seed=pose_seed)] * length)


LONG = tracklet(100, 0, 60)


def test_a_brief_tracklet_on_a_longer_one_is_dropped_in_any_order() -> None:
    brief = tracklet(105, 20, BRIEF, pose_seed=1)
    assert drop_brief_duplicates([LONG, brief], FPS) == drop_brief_duplicates([brief, LONG], FPS) == [LONG]


@pytest.mark.parametrize(
    "other", [tracklet(105, 20, BRIEF + 1, 1), tracklet(400, 20, BRIEF, 1), tracklet(105, 70, BRIEF, 1)]
)
def test_tracklets_that_are_longer_or_elsewhere_or_later_stay(other: Tracklet) -> None:
    assert drop_brief_duplicates([LONG, other], FPS) == [LONG, other]


@pytest.mark.parametrize("is_mostly_on_it", [False, True])
def test_a_person_who_comes_from_behind_another_stays(is_mostly_on_it: bool) -> None:
    covered = int(np.ceil(MIN_COVERED_FRACTION * BRIEF)) - (not is_mostly_on_it)
    behind, beside = tracklet(105, 20, covered, 1), tracklet(300, 20 + covered, BRIEF - covered, 1)
    person = Tracklet(behind.frames + beside.frames, behind.observations + beside.observations)
    assert drop_brief_duplicates([LONG, person], FPS) == ([LONG] if is_mostly_on_it else [LONG, person])


def test_brief_tracklets_do_not_drop_each_other() -> None:
    pair = [tracklet(100, 0, BRIEF), tracklet(105, 0, BRIEF, 1)]
    assert drop_brief_duplicates(pair, FPS) == pair
