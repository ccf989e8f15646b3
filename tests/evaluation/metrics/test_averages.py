import numpy as np

from bodydouble.evaluation.metrics.averages import mean, mean_over, percentile, weighted_mean
from bodydouble.evaluation.metrics.counts import Counts
from tests.builders import assert_same


def test_means_ignore_nan() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan]])
    assert mean(values) == 2.0
    assert_same(mean_over(values, axis=0), [2.0, np.nan], 0.0)
    assert percentile(np.array([np.nan, 0.0, 10.0]), 50) == 5.0


def test_means_without_values_are_nan() -> None:
    assert np.isnan(mean(np.zeros((0, 3))))
    assert np.isnan(percentile(np.array([np.nan]), 99))
    assert np.isnan(weighted_mean([1.0, np.nan], [0.0, 5.0]))


def test_weighted_mean_equals_the_mean_of_repeated_values() -> None:
    assert weighted_mean([1.0, 4.0, np.nan], [2.0, 1.0, 7.0]) == np.mean([1.0, 1.0, 4.0])


def test_counts_of_parts_add_up_to_counts_of_the_whole() -> None:
    rng = np.random.default_rng(0)
    predicted, truth = rng.uniform(size=(2, 40)) > 0.4
    parts = Counts.from_labels(predicted[:15], truth[:15]) + Counts.from_labels(predicted[15:], truth[15:])
    assert parts == Counts.from_labels(predicted, truth)
    assert_same(1 / parts.f1, (1 / parts.precision + 1 / parts.recall) / 2, 1e-12)
    assert parts.recall == np.mean(predicted[truth])


def test_ratios_without_cases_are_nan() -> None:
    assert np.isnan([Counts().precision, Counts().recall, Counts().f1]).all()
