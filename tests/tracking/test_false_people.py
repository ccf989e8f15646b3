"""Tracks of pieces of bodies that come and go are no people."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.tracking.false_people import shows_person
from tests import builders


@pytest.mark.parametrize(
    ("observed", "confidence", "expected"),
    [(0.3, 0.45, False), (0.3, 0.9, True), (0.9, 0.45, True), (1.0, 1.0, True)],
    ids=["rare and uncertain", "behind others", "dark", "clear"],
)
def test_rare_and_uncertain_tracks_show_nobody(observed: float, confidence: float, expected: bool) -> None:
    track = builders.track(40)
    is_observed = np.arange(40) % 10 < 10 * observed
    keypoints = track.keypoints.copy()
    keypoints[..., 2] = confidence
    keypoints[~is_observed] = np.nan, np.nan, 0.0
    assert shows_person(replace(track, observed=is_observed, keypoints=keypoints)) is expected
