"""Directions of the eyes as weights of look shapes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bodydouble.geometry.gaze import MAX_GAZE_ANGLE, eye_directions, set_eye_directions
from bodydouble.skeletons.arkit import MIRROR

DIRECTIONS = arrays(np.float64, (3, 2, 2), elements=st.floats(-MAX_GAZE_ANGLE, MAX_GAZE_ANGLE))


@given(DIRECTIONS)
def test_round_trip(directions: np.ndarray) -> None:
    weights = set_eye_directions(np.full((3, 52), 0.3), directions)
    np.testing.assert_allclose(eye_directions(weights), directions, atol=1e-12)
    assert weights.min() >= 0.0 and weights.max() <= 1.0


@given(DIRECTIONS)
def test_mirrored_weights_are_those_of_the_mirrored_directions(directions: np.ndarray) -> None:
    mirrored = directions[:, ::-1] * [-1.0, 1.0]
    weights = np.zeros((3, 52))
    np.testing.assert_allclose(
        set_eye_directions(weights, mirrored), set_eye_directions(weights, directions)[:, list(MIRROR)], atol=1e-12
    )
