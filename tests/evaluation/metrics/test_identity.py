"""Known values for two people who stand apart, and laws that hold for any names."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Performance, Person
from bodydouble.evaluation.metrics import identity
from bodydouble.evaluation.metrics.counts import Counts
from bodydouble.evaluation.metrics.identity import IdentityMetrics
from tests.builders import assert_same
from tests.evaluation import scenes

FRAMES = 40
HALF = FRAMES // 2


def _metrics(predicted: Performance, truth: Performance | None = None) -> IdentityMetrics:
    return identity.compute_identity_metrics(
        identity.build_identity_frames(predicted, truth or scenes.ground_truth(FRAMES))
    )


def _transform_keypoints(person: Person, scale: FloatArray, shift: FloatArray) -> Person:
    """Scales and moves the keypoints of each frame by (T, 2) and (T, 2) px."""
    keypoints = person.track.keypoints.copy()
    keypoints[..., :2] = keypoints[..., :2] * scale[:, None] + shift[:, None]
    return replace(person, track=replace(person.track, keypoints=keypoints))


def _shift(person: Person, x: float, y: float = 0.0) -> Person:
    return _transform_keypoints(person, np.ones((FRAMES, 2)), np.tile([x, y], (FRAMES, 1)))


def _mark_occluded(person: Person, start: int, end: int) -> Person:
    """Marks a person as not observed from start to end, with keypoints, as in ground truth."""
    observed = person.track.observed.copy()
    observed[start:end] = False
    return replace(person, track=replace(person.track, observed=observed))


def _swap_identities(people: tuple[Person, ...], frame: int) -> tuple[Person, Person]:
    """Swaps the keypoints of two people from a frame on."""
    first, second = people
    keypoints = [person.track.keypoints.copy() for person in (first, second)]
    keypoints[0][frame:], keypoints[1][frame:] = second.track.keypoints[frame:], first.track.keypoints[frame:]
    a, b = (replace(p, track=replace(p.track, keypoints=k)) for p, k in zip((first, second), keypoints, strict=True))
    return a, b


def test_ground_truth_scores_one() -> None:
    metrics = _metrics(scenes.ground_truth(FRAMES))
    assert (metrics.coverage, metrics.false_discovery_rate, metrics.identities.f1, metrics.hota.hota) == (
        1.0,
        0.0,
        1.0,
        1.0,
    )
    assert metrics.person_frames == Counts(2 * FRAMES, 0, 0)
    assert metrics.switches == 0


def test_metrics_of_an_identity_swap_halfway() -> None:
    truth = scenes.ground_truth(FRAMES)
    metrics = _metrics(scenes.with_people(truth, *_swap_identities(truth.people, HALF)))
    assert (metrics.coverage, metrics.false_discovery_rate, metrics.identities.f1) == (1.0, 0.0, 0.5)
    assert metrics.switches == 2
    assert metrics.switches_per_2000 == 2000 * 2 / (2 * FRAMES)
    assert_same(metrics.hota.hota, np.sqrt(1 / 3), 1e-12)


def test_a_false_person_is_a_false_discovery() -> None:
    truth = scenes.ground_truth(FRAMES)
    metrics = _metrics(scenes.with_people(truth, *truth.people, _shift(truth.people[0], -350.0)))
    assert metrics.coverage == 1.0
    assert_same(metrics.false_discovery_rate, 1 / 3, 1e-12)
    assert_same(metrics.identities.f1, 4 / 5, 1e-12)
    assert_same(metrics.hota.hota, np.sqrt(2 / 3), 1e-12)
    assert metrics.switches == 0


def test_a_duplicate_is_a_false_discovery() -> None:
    truth = scenes.ground_truth(FRAMES)
    twice = scenes.with_people(truth, *truth.people, scenes.rename(truth.people[0], "again"))
    assert_same(_metrics(twice).false_discovery_rate, 1 / 3, 1e-12)


def test_metrics_with_a_missed_person() -> None:
    truth = scenes.ground_truth(FRAMES)
    metrics = _metrics(scenes.with_people(truth, truth.people[1]))
    assert (metrics.coverage, metrics.false_discovery_rate) == (0.5, 0.0)
    assert_same(metrics.identities.f1, 2 / 3, 1e-12)
    assert_same(metrics.hota.hota, np.sqrt(1 / 2), 1e-12)


def test_metrics_of_a_split_track() -> None:
    truth = scenes.ground_truth(FRAMES, people=1)
    parts = [scenes.keep_frames(truth.people[0], *part) for part in ((0, HALF), (HALF, FRAMES))]
    metrics = _metrics(scenes.with_people(truth, *parts), truth)
    assert (metrics.coverage, metrics.false_discovery_rate, metrics.switches) == (1.0, 0.0, 1)
    assert_same(metrics.identities.f1, 1 / 2, 1e-12)
    assert_same(metrics.hota.hota, np.sqrt(1 / 2), 1e-12)


def test_metrics_without_predictions() -> None:
    metrics = _metrics(scenes.with_people(scenes.ground_truth(FRAMES)))
    assert (metrics.coverage, metrics.hota.hota, metrics.identities.f1) == (0.0, 0.0, 0.0)
    assert np.isnan(metrics.false_discovery_rate)


def test_filled_frames_do_not_count_as_detected() -> None:
    truth = scenes.ground_truth(FRAMES)
    metrics = _metrics(scenes.with_people(truth, scenes.occlude(truth.people[0], 10, 30), truth.people[1]))
    assert metrics.person_frames == Counts(2 * FRAMES - 20, 0, 20)


def test_frames_of_an_occluded_person_are_ignored() -> None:
    truth = scenes.ground_truth(FRAMES)
    with_occluded = scenes.with_people(truth, _mark_occluded(truth.people[0], 10, 30), truth.people[1])
    for metrics in (_metrics(truth, with_occluded), _metrics(with_occluded, with_occluded)):
        assert metrics.person_frames == Counts(2 * FRAMES - 20, 0, 0)
        assert (metrics.identities.f1, metrics.hota.hota) == (1.0, 1.0)


def test_a_partial_box_of_an_occluded_person_is_ignored() -> None:
    truth = scenes.ground_truth(FRAMES, people=1)
    middle = truth.people[0].track.keypoints[..., :2].mean(axis=1)
    half = _transform_keypoints(truth.people[0], np.full((FRAMES, 2), 0.4), 0.6 * middle)
    with_occluded = scenes.with_people(truth, _mark_occluded(truth.people[0], 0, HALF))
    assert _metrics(scenes.with_people(truth, half), with_occluded).person_frames == Counts(0, HALF, HALF)


def test_a_duplicate_in_front_of_an_occluded_person_is_a_false_discovery() -> None:
    truth = scenes.ground_truth(FRAMES, people=1)
    front = truth.people[0]
    with_occluded = scenes.with_people(truth, front, _mark_occluded(front, 0, FRAMES))
    assert _metrics(scenes.with_people(truth, front, front), with_occluded).person_frames == Counts(FRAMES, FRAMES, 0)


def test_a_false_person_beside_an_occluded_one_is_a_false_discovery() -> None:
    truth = scenes.ground_truth(FRAMES)
    with_occluded = scenes.with_people(truth, _mark_occluded(truth.people[0], 10, 30), truth.people[1])
    metrics = _metrics(scenes.with_people(truth, _shift(truth.people[0], -350.0), truth.people[1]), with_occluded)
    assert metrics.person_frames == Counts(FRAMES, FRAMES, FRAMES - 20)


@pytest.mark.parametrize(("overlap", "thresholds"), [(0.97, 19), (0.62, 12), (0.52, 10), (0.03, 0)])
def test_hota_counts_the_thresholds_that_the_overlap_reaches(overlap: float, thresholds: int) -> None:
    truth = scenes.ground_truth(FRAMES, people=1)
    points = truth.people[0].track.keypoints[..., :2]
    width = np.ptp(points[..., 0], axis=1)
    aside = np.stack([width * (1 - overlap) / (1 + overlap), np.zeros(FRAMES)], axis=-1)
    beside = scenes.with_people(truth, _transform_keypoints(truth.people[0], np.ones((FRAMES, 2)), aside))
    metrics = _metrics(beside, truth)
    assert_same(metrics.hota.hota, thresholds / 19, 1e-12)
    assert metrics.coverage == (1.0 if overlap >= 0.5 else 0.0)


def test_boxes_are_clipped_to_the_image() -> None:
    truth = scenes.ground_truth(FRAMES, people=1)
    points = truth.people[0].track.keypoints[..., :2]
    leaving = _shift(truth.people[0], scenes.SIZE[0] - float(points[..., 0].mean()))
    cut = leaving.track.keypoints.copy()
    cut[..., :2] = np.clip(cut[..., :2], 0, scenes.SIZE)
    inside = replace(leaving, track=replace(leaving.track, keypoints=cut))
    assert _metrics(scenes.with_people(truth, inside), scenes.with_people(truth, leaving)).hota.hota == 1.0


def _degraded_performance() -> Performance:
    truth = scenes.ground_truth(FRAMES)
    first, second = _swap_identities(truth.people, 15)
    return scenes.with_people(truth, scenes.keep_frames(first, 3, 30), _shift(second, 12.0, 5.0), _shift(first, -300.0))


def test_metrics_do_not_depend_on_the_order_of_people() -> None:
    truth, degraded = scenes.ground_truth(FRAMES), _degraded_performance()
    first = _metrics(degraded, truth)
    second = _metrics(
        scenes.with_people(degraded, *degraded.people[::-1]), scenes.with_people(truth, *truth.people[::-1])
    )
    assert (first.person_frames, first.identities, first.switches) == (
        second.person_frames,
        second.identities,
        second.switches,
    )
    assert_same(first.hota.hota, second.hota.hota, 1e-12)


def test_exchanging_prediction_and_truth_exchanges_recall_and_precision() -> None:
    truth, degraded = scenes.ground_truth(FRAMES), _degraded_performance()
    first, second = _metrics(degraded, truth), _metrics(truth, degraded)
    assert 0 < first.false_discovery_rate < 1
    assert 0 < first.coverage < 1
    assert_same(second.coverage, 1 - first.false_discovery_rate, 1e-12)
    assert_same(second.false_discovery_rate, 1 - first.coverage, 1e-12)
    assert_same(second.identities.f1, first.identities.f1, 1e-12)
    assert_same(second.hota.hota, first.hota.hota, 1e-12)


def test_metrics_do_not_depend_on_the_image_size() -> None:
    degraded, truth = _degraded_performance(), scenes.ground_truth(FRAMES)
    double = [
        replace(
            performance,
            camera=replace(performance.camera, image_size=(2 * scenes.SIZE[0], 2 * scenes.SIZE[1])),
            people=tuple(
                _transform_keypoints(p, np.full((len(p.track.frames), 2), 2.0), np.zeros((len(p.track.frames), 2)))
                for p in performance.people
            ),
        )
        for performance in (degraded, truth)
    ]
    first, second = _metrics(degraded, truth), _metrics(*double)
    assert (first.person_frames, first.identities, first.switches) == (
        second.person_frames,
        second.identities,
        second.switches,
    )
    assert_same(first.hota.hota, second.hota.hota, 1e-9)


def test_counts_of_clips_are_added_before_ratios() -> None:
    truth = scenes.ground_truth(FRAMES)
    perfect, missed = _metrics(truth), _metrics(scenes.with_people(truth, truth.people[0]))
    both = perfect + missed
    assert both.coverage == 3 / 4
    assert_same(both.identities.f1, 2 * 3 / (2 * 3 + 1), 1e-12)
    assert both.visible_person_frames == 4 * FRAMES
