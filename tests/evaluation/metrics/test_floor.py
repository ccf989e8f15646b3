import numpy as np
import pytest

from bodydouble.evaluation.metrics import floor
from bodydouble.evaluation.metrics.counts import Counts
from tests.builders import assert_same


@pytest.mark.parametrize("fps", [15.0, 30.0, 60.0])
def test_foot_slide_of_steady_drift_does_not_depend_on_frame_rate(fps: float) -> None:
    feet = np.zeros((8, 4, 3))
    feet[:, 0, 0] = 0.3 * np.arange(8) / fps
    contacts = np.ones((8, 4))
    contacts[5:, 0] = 0.0
    slide = floor.foot_slide_mm(feet, contacts, fps)
    assert_same(slide[:4, 0], 10.0, 1e-9)
    assert np.isnan(slide[4:, 0]).all(), "steps without contact do not slide"
    assert_same(slide[:, 1:], 0.0, 0.0)


def test_foot_slide_does_not_depend_on_the_position_of_the_floor() -> None:
    feet = np.random.default_rng(0).normal(size=(8, 4, 3))
    transformed = feet[..., [2, 1, 0]] + [3.0, -1.0, 2.0]
    ones = np.ones((8, 4))
    assert_same(floor.foot_slide_mm(transformed, ones, 30.0), floor.foot_slide_mm(feet, ones, 30.0), 1e-9)


def test_penetration_is_the_depth_of_the_lowest_point() -> None:
    feet = np.zeros((3, 4, 3))
    feet[0, :, 1] = [0.01, -0.02, -0.005, 0.1]
    feet[1, :, 1] = 0.03
    assert_same(floor.penetration_mm(feet), [20.0, 0.0, 0.0], 1e-9)


def test_floating_counts_only_in_contact() -> None:
    feet = np.zeros((1, 4, 3))
    feet[0, :, 1] = [0.01, -0.02, 0.05, 0.1]
    height = floor.floating_mm(feet, np.array([[1.0, 1.0, 0.0, 0.6]]))
    assert_same(height, [[10.0, 0.0, np.nan, 100.0]], 1e-9)


def test_contact_counts_of_a_known_example() -> None:
    predicted = np.array([[0.9, 0.8, 0.2, 0.1], [0.6, np.nan, 0.5, 0.0]])
    truth = np.array([[1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 1.0, np.nan]])
    counts = floor.contact_counts(predicted, truth)
    assert counts == Counts(true_positive=3, false_positive=1, false_negative=1)
    assert (counts.precision, counts.recall, counts.f1) == (0.75, 0.75, 0.75)


def test_contact_counts_of_identical_and_opposite_contacts() -> None:
    truth = (np.random.default_rng(0).uniform(size=(50, 4)) > 0.5).astype(float)
    assert floor.contact_counts(truth, truth).f1 == 1.0
    assert floor.contact_counts(1 - truth, truth).f1 == 0.0
    assert np.isnan(floor.contact_counts(0 * truth, 0 * truth).f1)
