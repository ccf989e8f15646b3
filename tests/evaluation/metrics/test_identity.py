"""Known answers on two people who stand apart, and laws that hold whoever is called what."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import FloatArray, Performance, Person
from bodydouble.evaluation.metrics import identity
from bodydouble.evaluation.metrics.counts import Counts
from bodydouble.evaluation.metrics.identity import IdentityFigures
from tests.builders import assert_same
from tests.evaluation import scenes

FRAMES = 40
HALF = FRAMES // 2


def _figures(found: Performance, truth: Performance | None = None) -> IdentityFigures:
    return identity.identity_figures(identity.sightings(found, truth or scenes.truth(FRAMES)))


def _in_picture(person: Person, scale: FloatArray, shift: FloatArray) -> Person:
    """The person with the keypoints of each frame scaled by (T, 2) and moved by (T, 2) px."""
    keypoints = person.track.keypoints.copy()
    keypoints[..., :2] = keypoints[..., :2] * scale[:, None] + shift[:, None]
    return replace(person, track=replace(person.track, keypoints=keypoints))


def _moved(person: Person, x: float, y: float = 0.0) -> Person:
    return _in_picture(person, np.ones((FRAMES, 2)), np.tile([x, y], (FRAMES, 1)))


def _unseen(person: Person, start: int, end: int) -> Person:
    """The person, not observed from start to end, but with keypoints, as the truth has them."""
    observed = person.track.observed.copy()
    observed[start:end] = False
    return replace(person, track=replace(person.track, observed=observed))


def _exchanged(people: tuple[Person, ...], frame: int) -> tuple[Person, Person]:
    """Two people who go on as each other from a frame on."""
    one, other = people
    keypoints = [person.track.keypoints.copy() for person in (one, other)]
    keypoints[0][frame:], keypoints[1][frame:] = other.track.keypoints[frame:], one.track.keypoints[frame:]
    a, b = (replace(p, track=replace(p.track, keypoints=k)) for p, k in zip((one, other), keypoints, strict=True))
    return a, b


def test_the_truth_itself_is_perfect() -> None:
    found = _figures(scenes.truth(FRAMES))
    assert (found.coverage, found.ghosts, found.identities.f1, found.hota.hota) == (1.0, 0.0, 1.0, 1.0)
    assert found.person_frames == Counts(2 * FRAMES, 0, 0)
    assert found.switches == 0


def test_names_exchanged_halfway() -> None:
    truth = scenes.truth(FRAMES)
    found = _figures(scenes.of(truth, *_exchanged(truth.people, HALF)))
    assert (found.coverage, found.ghosts, found.identities.f1) == (1.0, 0.0, 0.5)
    assert found.switches == 2
    assert found.switches_per_2000 == 2000 * 2 / (2 * FRAMES)
    assert_same(found.hota.hota, np.sqrt(1 / 3), 1e-12)


def test_one_who_is_not_there_is_a_ghost() -> None:
    truth = scenes.truth(FRAMES)
    found = _figures(scenes.of(truth, *truth.people, _moved(truth.people[0], -350.0)))
    assert found.coverage == 1.0
    assert_same(found.ghosts, 1 / 3, 1e-12)
    assert_same(found.identities.f1, 4 / 5, 1e-12)
    assert_same(found.hota.hota, np.sqrt(2 / 3), 1e-12)
    assert found.switches == 0


def test_one_who_is_found_twice_is_a_ghost() -> None:
    truth = scenes.truth(FRAMES)
    twice = scenes.of(truth, *truth.people, scenes.renamed(truth.people[0], "again"))
    assert_same(_figures(twice).ghosts, 1 / 3, 1e-12)


def test_one_who_is_missed() -> None:
    truth = scenes.truth(FRAMES)
    found = _figures(scenes.of(truth, truth.people[1]))
    assert (found.coverage, found.ghosts) == (0.5, 0.0)
    assert_same(found.identities.f1, 2 / 3, 1e-12)
    assert_same(found.hota.hota, np.sqrt(1 / 2), 1e-12)


def test_one_who_is_split_in_two() -> None:
    truth = scenes.truth(FRAMES, people=1)
    parts = [scenes.without_frames(truth.people[0], *part) for part in ((0, HALF), (HALF, FRAMES))]
    found = _figures(scenes.of(truth, *parts), truth)
    assert (found.coverage, found.ghosts, found.switches) == (1.0, 0.0, 1)
    assert_same(found.identities.f1, 1 / 2, 1e-12)
    assert_same(found.hota.hota, np.sqrt(1 / 2), 1e-12)


def test_nobody_found() -> None:
    found = _figures(scenes.of(scenes.truth(FRAMES)))
    assert (found.coverage, found.hota.hota, found.identities.f1) == (0.0, 0.0, 0.0)
    assert np.isnan(found.ghosts)


def test_filled_frames_do_not_count_as_found() -> None:
    truth = scenes.truth(FRAMES)
    found = _figures(scenes.of(truth, scenes.hidden(truth.people[0], 10, 30), truth.people[1]))
    assert found.person_frames == Counts(2 * FRAMES - 20, 0, 20)


def test_where_the_true_person_is_hidden_nothing_counts() -> None:
    truth = scenes.truth(FRAMES)
    behind = scenes.of(truth, _unseen(truth.people[0], 10, 30), truth.people[1])
    for found in (_figures(truth, behind), _figures(behind, behind)):
        assert found.person_frames == Counts(2 * FRAMES - 20, 0, 0)
        assert (found.identities.f1, found.hota.hota) == (1.0, 1.0)


def test_part_of_a_hidden_person_does_not_count_either() -> None:
    truth = scenes.truth(FRAMES, people=1)
    middle = truth.people[0].track.keypoints[..., :2].mean(axis=1)
    half = _in_picture(truth.people[0], np.full((FRAMES, 2), 0.4), 0.6 * middle)
    hidden = scenes.of(truth, _unseen(truth.people[0], 0, HALF))
    assert _figures(scenes.of(truth, half), hidden).person_frames == Counts(0, HALF, HALF)


def test_a_second_one_before_a_hidden_one_is_a_ghost() -> None:
    truth = scenes.truth(FRAMES, people=1)
    front = truth.people[0]
    behind = scenes.of(truth, front, _unseen(front, 0, FRAMES))
    assert _figures(scenes.of(truth, front, front), behind).person_frames == Counts(FRAMES, FRAMES, 0)


def test_a_ghost_beside_a_hidden_person_is_one() -> None:
    truth = scenes.truth(FRAMES)
    behind = scenes.of(truth, _unseen(truth.people[0], 10, 30), truth.people[1])
    found = _figures(scenes.of(truth, _moved(truth.people[0], -350.0), truth.people[1]), behind)
    assert found.person_frames == Counts(FRAMES, FRAMES, FRAMES - 20)


@pytest.mark.parametrize(("overlap", "thresholds"), [(0.97, 19), (0.62, 12), (0.52, 10), (0.03, 0)])
def test_hota_counts_the_thresholds_that_the_overlap_reaches(overlap: float, thresholds: int) -> None:
    truth = scenes.truth(FRAMES, people=1)
    points = truth.people[0].track.keypoints[..., :2]
    width = np.ptp(points[..., 0], axis=1)
    aside = np.stack([width * (1 - overlap) / (1 + overlap), np.zeros(FRAMES)], axis=-1)
    beside = scenes.of(truth, _in_picture(truth.people[0], np.ones((FRAMES, 2)), aside))
    found = _figures(beside, truth)
    assert_same(found.hota.hota, thresholds / 19, 1e-12)
    assert found.coverage == (1.0 if overlap >= 0.5 else 0.0)


def test_what_lies_outside_the_picture_does_not_count() -> None:
    truth = scenes.truth(FRAMES, people=1)
    points = truth.people[0].track.keypoints[..., :2]
    leaving = _moved(truth.people[0], scenes.SIZE[0] - float(points[..., 0].mean()))
    cut = leaving.track.keypoints.copy()
    cut[..., :2] = np.clip(cut[..., :2], 0, scenes.SIZE)
    inside = replace(leaving, track=replace(leaving.track, keypoints=cut))
    assert _figures(scenes.of(truth, inside), scenes.of(truth, leaving)).hota.hota == 1.0


def _spoiled() -> Performance:
    truth = scenes.truth(FRAMES)
    one, other = _exchanged(truth.people, 15)
    return scenes.of(truth, scenes.without_frames(one, 3, 30), _moved(other, 12.0, 5.0), _moved(one, -300.0))


def test_order_of_people_does_not_matter() -> None:
    truth, spoiled = scenes.truth(FRAMES), _spoiled()
    one = _figures(spoiled, truth)
    other = _figures(scenes.of(spoiled, *spoiled.people[::-1]), scenes.of(truth, *truth.people[::-1]))
    assert (one.person_frames, one.identities, one.switches) == (other.person_frames, other.identities, other.switches)
    assert_same(one.hota.hota, other.hota.hota, 1e-12)


def test_truth_and_prediction_exchanged_exchange_coverage_and_ghosts() -> None:
    truth, spoiled = scenes.truth(FRAMES), _spoiled()
    one, other = _figures(spoiled, truth), _figures(truth, spoiled)
    assert 0 < one.ghosts < 1
    assert 0 < one.coverage < 1
    assert_same(other.coverage, 1 - one.ghosts, 1e-12)
    assert_same(other.ghosts, 1 - one.coverage, 1e-12)
    assert_same(other.identities.f1, one.identities.f1, 1e-12)
    assert_same(other.hota.hota, one.hota.hota, 1e-12)


def test_a_larger_picture_changes_nothing() -> None:
    spoiled, truth = _spoiled(), scenes.truth(FRAMES)
    double = [
        replace(
            performance,
            camera=replace(performance.camera, image_size=(2 * scenes.SIZE[0], 2 * scenes.SIZE[1])),
            people=tuple(
                _in_picture(p, np.full((len(p.track.frames), 2), 2.0), np.zeros((len(p.track.frames), 2)))
                for p in performance.people
            ),
        )
        for performance in (spoiled, truth)
    ]
    one, other = _figures(spoiled, truth), _figures(*double)
    assert (one.person_frames, one.identities, one.switches) == (other.person_frames, other.identities, other.switches)
    assert_same(one.hota.hota, other.hota.hota, 1e-9)


def test_clips_add_up_before_ratios_are_taken() -> None:
    truth = scenes.truth(FRAMES)
    perfect, missed = _figures(truth), _figures(scenes.of(truth, truth.people[0]))
    both = perfect + missed
    assert both.coverage == 3 / 4
    assert_same(both.identities.f1, 2 * 3 / (2 * 3 + 1), 1e-12)
    assert both.visible == 4 * FRAMES
