"""Figures of hands on arrays made by hand."""

import numpy as np
import pytest

from bodydouble.bench import hand_errors, hands
from bodydouble.bench.hand_errors import HandSamples
from bodydouble.data import FloatArray
from bodydouble.motion.hands.hand_model import FINGER_LANDMARKS, RELAXED, pose_hand
from bodydouble.motion.hands.hand_size import ADULT


def _samples(sizes: FloatArray, visible: FloatArray, found: FloatArray, tip: float) -> HandSamples:
    count = len(sizes)
    tips = np.where(np.asarray(found, dtype=bool)[:, None], tip, np.nan) * np.ones((count, 5))
    bends = np.full((count, 15), np.radians(10.0))
    return HandSamples(
        np.asarray(sizes), np.asarray(visible, dtype=bool), np.asarray(found, dtype=bool), np.zeros(count, dtype=bool),
        tips, bends, 2 * tips, 2 * bends, np.full((count, 5), 0.5e-3),
    )  # fmt: skip


def test_figures_count_visible_hands_of_the_minimum_size() -> None:
    samples = _samples(np.array([30.0, 50.0, 70.0, 120.0]), np.array([1, 1, 0, 1]), np.array([0, 1, 0, 0]), 0.008)
    figures = hands.compute_figures(samples)
    assert figures.hands == 2
    assert figures.found == 0.5
    assert figures.tip_error_mm == pytest.approx(8.0)
    assert figures.network_tip_error_mm == pytest.approx(16.0)
    assert figures.bend_error_deg == pytest.approx(10.0)
    assert figures.jitter_mm == pytest.approx(0.5)
    by_size = hands.figures_by_size(samples)
    assert [row.hands for row in by_size.values()] == [1, 0, 1, 2]
    assert np.isnan(by_size["60 to 100 px"].found)


def test_report_has_a_row_for_each_class_of_sizes() -> None:
    samples = _samples(np.array([50.0, 70.0]), np.ones(2), np.ones(2), 0.01)
    report = hands.build_report(samples, 1, 1, "balanced")
    assert [row[0] for row in report.tables["By size of the hand"][1]][-1] == "all"
    assert "at most 12" in report.markdown()


def test_bends_are_the_angles_of_the_joints() -> None:
    angles = np.zeros((1, 21))
    straight = hand_errors.finger_bends(pose_hand(ADULT, angles).landmarks)[0].reshape(5, 3)
    angles[0, 6:9] = np.radians([30.0, 50.0, 20.0])  # first, second and third joint of the index finger
    bent = hand_errors.finger_bends(pose_hand(ADULT, angles).landmarks)[0].reshape(5, 3)
    np.testing.assert_allclose(np.degrees(bent[1, 1:]), [50.0, 20.0], atol=1e-6)
    np.testing.assert_allclose(bent[2:], straight[2:], atol=1e-9)


def test_bends_do_not_change_with_rotation_and_scale() -> None:
    landmarks = pose_hand(ADULT, RELAXED[None]).landmarks
    turned = 3.0 * landmarks @ np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(hand_errors.finger_bends(turned), hand_errors.finger_bends(landmarks), atol=1e-7)


def test_jitter_counts_second_differences_of_still_hands() -> None:
    errors = np.zeros((6, 2, 5, 3))
    errors[3, 0, 1, 2] = 1e-3
    held = np.ones((6, 2), dtype=bool)
    held[:, 1] = False
    jitter = hand_errors.held_jitter(errors, held)
    assert jitter[3, 0, 1] == pytest.approx(2e-3)
    assert jitter[2, 0, 1] == pytest.approx(1e-3)
    assert np.isnan(jitter[:, 1]).all()
    steady = hand_errors.held_jitter(np.ones((6, 2, 5, 3)), held)
    assert np.nanmax(steady) == 0.0


def test_fingertips_are_the_last_landmarks() -> None:
    np.testing.assert_array_equal(hand_errors.TIPS, [4, 8, 12, 16, 20])
    assert FINGER_LANDMARKS.shape == (5, 4)
