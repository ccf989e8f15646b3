import numpy as np
import pytest

from bodydouble.data import BoolArray
from bodydouble.evaluation.metrics import people
from bodydouble.evaluation.metrics.counts import Counts
from tests.builders import Floats, assert_same

Scene = tuple[Floats, BoolArray, BoolArray]


def _scene(seed: int, noise: float) -> Scene:
    """60 frames, 4 true people, 5 found ones; identities move on by one at some frame; people are missing at random."""
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


def _same(frames: int) -> Scene:
    """Two people, found as they are in every frame."""
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
def test_figures_are_those_of_trackeval(
    seed: int, noise: float, hota: float, detection: float, association: float, idf1: float, switches: int
) -> None:
    """Expected: HOTA, Identity and CLEAR of TrackEval 1.3.0 on _scene."""
    scene = _scene(seed, noise)
    counts = people.hota_counts(*scene)
    actual = [counts.hota, counts.detection_accuracy, counts.association_accuracy, people.identity_counts(*scene).f1]
    assert_same(actual, [hota, detection, association, idf1], 1e-8)
    assert people.identity_switches(scene[0]) == switches


def test_identity_figures_are_those_of_motmetrics() -> None:
    motmetrics = pytest.importorskip("motmetrics", reason="motmetrics is not installed")
    similarity, true_present, found_present = _scene(5, 0.2)
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame, real, found in zip(similarity, true_present, found_present, strict=True):
        i, j = np.flatnonzero(real), np.flatnonzero(found)
        near = frame[np.ix_(i, j)]
        accumulator.update(i, j, np.where(near >= people.SAME_PERSON, 1 - near, np.nan))
    expected = motmetrics.metrics.create().compute(accumulator, metrics=["idf1"])["idf1"].iloc[0]
    assert_same(people.identity_counts(similarity, true_present, found_present).f1, expected, 1e-12)


def test_right_identities_are_perfect() -> None:
    scene = _same(10)
    counts = people.hota_counts(*scene)
    assert (counts.hota, counts.detection_accuracy, counts.association_accuracy) == (1.0, 1.0, 1.0)
    assert people.identity_counts(*scene) == Counts(20, 0, 0)
    assert people.identity_switches(scene[0]) == 0


def test_a_swap_in_the_middle_by_hand() -> None:
    similarity, present, found = _same(10)
    similarity[5:] = similarity[5:, ::-1]
    assert people.identity_counts(similarity, present, found).f1 == 0.5
    assert people.identity_switches(similarity) == 2
    counts = people.hota_counts(similarity, present, found)
    assert counts.detection_accuracy == 1.0
    assert_same(counts.association_accuracy, 5 / 15, 1e-12)
    assert_same(counts.hota, np.sqrt(1 / 3), 1e-12)


def test_a_person_found_under_a_new_name_after_a_gap_is_one_switch() -> None:
    similarity = np.zeros((9, 1, 2))
    similarity[:4, 0, 0] = similarity[6:, 0, 1] = 1.0
    assert people.identity_switches(similarity) == 1


def test_the_pair_of_the_frame_before_is_kept() -> None:
    similarity = np.zeros((3, 1, 2))
    similarity[:, 0, 0] = 0.6
    similarity[1:, 0, 1] = 0.9
    assert people.identity_switches(similarity) == 0


def test_names_and_order_of_people_do_not_matter() -> None:
    similarity, present, found = _scene(1, 0.2)
    rows, columns = np.array([2, 0, 3, 1]), np.array([4, 1, 0, 3, 2])
    shuffled = similarity[:, rows][:, :, columns], present[:, rows], found[:, columns]
    assert_same(people.hota_counts(*shuffled).hota, people.hota_counts(similarity, present, found).hota, 1e-12)
    assert people.identity_counts(*shuffled) == people.identity_counts(similarity, present, found)
    assert people.identity_switches(shuffled[0]) == people.identity_switches(similarity)


def test_nobody_found_and_nobody_there() -> None:
    nobody, somebody = np.zeros((4, 0), dtype=bool), np.ones((4, 2), dtype=bool)
    missed = np.zeros((4, 2, 0)), somebody, nobody
    assert people.hota_counts(*missed).hota == 0.0
    assert people.identity_counts(*missed) == Counts(0, 0, 8)
    assert people.identity_switches(missed[0]) == 0
    assert np.isnan(people.hota_counts(np.zeros((4, 0, 0)), nobody, nobody).hota)


def test_counts_of_clips_add_up_to_those_of_one_clip_with_other_people() -> None:
    a, b = _scene(1, 0.2), _scene(2, 0.2)
    joined = np.zeros((120, 8, 10))
    joined[:60, :4, :5], joined[60:, 4:, 5:] = a[0], b[0]
    present, found = np.zeros((120, 8), dtype=bool), np.zeros((120, 10), dtype=bool)
    present[:60, :4], present[60:, 4:], found[:60, :5], found[60:, 5:] = a[1], b[1], a[2], b[2]
    together = people.hota_counts(*a) + people.hota_counts(*b)
    assert_same(people.hota_counts(joined, present, found).hota, together.hota, 1e-12)
