import numpy as np
import pytest

from bodydouble.data import BoolArray
from bodydouble.evaluation.metrics import tracking
from bodydouble.evaluation.metrics.counts import Counts
from tests.builders import Floats, assert_same

Scene = tuple[Floats, BoolArray, BoolArray]


def _random_scene(seed: int, noise: float) -> Scene:
    """Returns 60 frames of 4 true and 5 predicted people, with one identity change each and missing people."""
    rng = np.random.default_rng(seed)
    true_present = rng.uniform(size=(60, 4)) < 0.85
    found_present = rng.uniform(size=(60, 5)) < 0.8
    similarity = rng.uniform(size=(60, 4, 5)) * noise
    for n in range(4):
        swap = rng.integers(10, 50)
        similarity[:swap, n, n] += (1 - noise) * rng.uniform(size=swap)
        similarity[swap:, n, (n + 1) % 5] += (1 - noise) * rng.uniform(size=60 - swap)
    similarity *= true_present[:, :, None] & found_present[:, None]
    return similarity, true_present, found_present


def _perfect_scene(frames: int) -> Scene:
    """Returns two people with a perfect prediction in every frame."""
    ones = np.ones((frames, 2), dtype=bool)
    return np.tile(np.eye(2), (frames, 1, 1)), ones, ones


@pytest.mark.parametrize(
    ("seed", "noise", "hota", "detection", "association", "idf1", "switches"),
    [
        (0, 0.6, 0.186982133, 0.324634241, 0.10962326, 0.238875878, 70),
        (1, 0.4, 0.201661453, 0.30021359, 0.13750851, 0.234513274, 4),
        (2, 0.4, 0.200967449, 0.288756164, 0.141253934, 0.204081633, 4),
        (3, 0.2, 0.179823608, 0.253173647, 0.129473121, 0.215384615, 4),
    ],
)
def test_metrics_equal_trackeval(
    seed: int, noise: float, hota: float, detection: float, association: float, idf1: float, switches: int
) -> None:
    """Expected: HOTA, Identity and CLEAR of TrackEval 1.3.0 on _random_scene."""
    scene = _random_scene(seed, noise)
    counts = tracking.hota_counts(*scene)
    actual = [counts.hota, counts.detection_accuracy, counts.association_accuracy, tracking.identity_counts(*scene).f1]
    assert_same(actual, [hota, detection, association, idf1], 1e-8)
    assert tracking.identity_switches(scene[0]) == switches


def test_idf1_equals_motmetrics() -> None:
    motmetrics = pytest.importorskip("motmetrics", reason="motmetrics is not installed")
    similarity, true_present, found_present = _random_scene(5, 0.2)
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame, truth, predicted in zip(similarity, true_present, found_present, strict=True):
        i, j = np.flatnonzero(truth), np.flatnonzero(predicted)
        near = frame[np.ix_(i, j)]
        accumulator.update(i, j, np.where(near >= tracking.MIN_SIMILARITY, 1 - near, np.nan))
    expected = motmetrics.metrics.create().compute(accumulator, metrics=["idf1"])["idf1"].iloc[0]
    assert_same(tracking.identity_counts(similarity, true_present, found_present).f1, expected, 1e-12)


def test_correct_identities_score_one() -> None:
    scene = _perfect_scene(10)
    counts = tracking.hota_counts(*scene)
    assert (counts.hota, counts.detection_accuracy, counts.association_accuracy) == (1.0, 1.0, 1.0)
    assert tracking.identity_counts(*scene) == Counts(20, 0, 0)
    assert tracking.identity_switches(scene[0]) == 0


def test_metrics_of_an_identity_swap_halfway() -> None:
    similarity, present, predicted = _perfect_scene(10)
    similarity[5:] = similarity[5:, ::-1]
    assert tracking.identity_counts(similarity, present, predicted).f1 == 0.5
    assert tracking.identity_switches(similarity) == 2
    counts = tracking.hota_counts(similarity, present, predicted)
    assert counts.detection_accuracy == 1.0
    assert_same(counts.association_accuracy, 5 / 15, 1e-12)
    assert_same(counts.hota, np.sqrt(1 / 3), 1e-12)


def test_a_new_identity_after_a_gap_is_one_switch() -> None:
    similarity = np.zeros((9, 1, 2))
    similarity[:4, 0, 0] = similarity[6:, 0, 1] = 1.0
    assert tracking.identity_switches(similarity) == 1


def test_the_match_of_the_previous_frame_is_kept() -> None:
    similarity = np.zeros((3, 1, 2))
    similarity[:, 0, 0] = 0.6
    similarity[1:, 0, 1] = 0.9
    assert tracking.identity_switches(similarity) == 0


def test_metrics_do_not_depend_on_the_order_of_people() -> None:
    similarity, present, predicted = _random_scene(1, 0.2)
    rows, columns = np.array([2, 0, 3, 1]), np.array([4, 1, 0, 3, 2])
    shuffled = similarity[:, rows][:, :, columns], present[:, rows], predicted[:, columns]
    assert_same(tracking.hota_counts(*shuffled).hota, tracking.hota_counts(similarity, present, predicted).hota, 1e-12)
    assert tracking.identity_counts(*shuffled) == tracking.identity_counts(similarity, present, predicted)
    assert tracking.identity_switches(shuffled[0]) == tracking.identity_switches(similarity)


def test_metrics_without_predictions_or_people() -> None:
    absent, present = np.zeros((4, 0), dtype=bool), np.ones((4, 2), dtype=bool)
    missed = np.zeros((4, 2, 0)), present, absent
    assert tracking.hota_counts(*missed).hota == 0.0
    assert tracking.identity_counts(*missed) == Counts(0, 0, 8)
    assert tracking.identity_switches(missed[0]) == 0
    assert np.isnan(tracking.hota_counts(np.zeros((4, 0, 0)), absent, absent).hota)


def test_counts_of_two_clips_equal_those_of_their_concatenation() -> None:
    a, b = _random_scene(1, 0.2), _random_scene(2, 0.2)
    joined = np.zeros((120, 8, 10))
    joined[:60, :4, :5], joined[60:, 4:, 5:] = a[0], b[0]
    present, predicted = np.zeros((120, 8), dtype=bool), np.zeros((120, 10), dtype=bool)
    present[:60, :4], present[60:, 4:], predicted[:60, :5], predicted[60:, 5:] = a[1], b[1], a[2], b[2]
    together = tracking.hota_counts(*a) + tracking.hota_counts(*b)
    assert_same(tracking.hota_counts(joined, present, predicted).hota, together.hota, 1e-12)
