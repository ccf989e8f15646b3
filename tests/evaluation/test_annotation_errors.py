"""Errors with respect to annotations: known displacements, and what counts."""

from dataclasses import replace

import numpy as np
import pytest

from bodydouble.data import Performance
from bodydouble.data.annotations import AnnotatedKeypoint, Annotations, KeypointState
from bodydouble.errors import InvalidDataError
from bodydouble.evaluation.annotation_errors import compare_with_annotations
from bodydouble.skeletons import blazepose
from tests.motion.corrections.takes import true_take

SHIFT = np.array([3.0, -4.0])


@pytest.fixture(scope="module")
def take() -> Performance:
    """Two people whose keypoints are the exact projections of their motions; boxes are 200 px high."""
    exact = true_take(12)
    box = np.tile([100.0, 100.0, 180.0, 300.0], (12, 1))
    return replace(exact, people=tuple(replace(p, track=replace(p.track, boxes=box)) for p in exact.people))


def keyed(take: Performance, frame: int, landmark: str, shift: np.ndarray, **state: KeypointState) -> AnnotatedKeypoint:
    x, y = (take.people[0].track.keypoints[frame, blazepose.INDEX[landmark], :2] + shift).tolist()
    return AnnotatedKeypoint("person1", frame, landmark, pixel=(x, y), **state)


def test_distances_are_those_of_the_annotations(take: Performance) -> None:
    keypoints = (
        keyed(take, 2, "left_wrist", SHIFT),
        keyed(take, 3, "left_wrist", SHIFT),
        keyed(take, 3, "nose", 4 * SHIFT),
        keyed(take, 4, "nose", 10 * SHIFT, state=KeypointState.HIDDEN),
        AnnotatedKeypoint("person1", 5, "nose", KeypointState.ABSENT),
    )
    errors = compare_with_annotations(take, Annotations(keypoints))
    for part, by_landmark in (
        (errors.keypoints, errors.keypoints_by_landmark),
        (errors.motion, errors.motion_by_landmark),
    ):
        assert (part.count, by_landmark["left_wrist"].count, by_landmark["nose"].count) == (3, 2, 1)
        assert list(by_landmark) == ["nose", "left_wrist"]
        assert part.median_px == pytest.approx(5.0, abs=0.01)
        assert part.median_percent == pytest.approx(2.5, abs=0.01)
        assert by_landmark["nose"].median_px == pytest.approx(20.0, abs=0.01)
        assert by_landmark["nose"].pck_percent == 0.0
        assert by_landmark["left_wrist"].pck_percent == 100.0
        assert part.pck_percent == pytest.approx(200 / 3)


def test_what_was_not_observed_is_wrong(take: Performance) -> None:
    person = take.people[0]
    keypoints, boxes = person.track.keypoints.copy(), person.track.boxes.copy()
    keypoints[2], boxes[2] = (np.nan, np.nan, 0.0), np.nan
    lost = replace(take, people=(replace(person, track=replace(person.track, keypoints=keypoints, boxes=boxes)),))
    annotations = Annotations((keyed(take, 2, "nose", SHIFT), keyed(take, 3, "nose", SHIFT)))
    errors = compare_with_annotations(lost, annotations)
    assert errors.keypoints.count == 2
    assert errors.keypoints.median_px == pytest.approx(5.0)
    assert errors.keypoints.pck_percent == 50.0
    assert errors.motion.pck_percent == 100.0
    (only,) = compare_with_annotations(lost, Annotations(annotations.keypoints[:1])).keypoints_by_landmark.values()
    assert np.isnan(only.median_px)
    assert only.pck_percent == 0.0


def test_annotations_must_fit_the_performance(take: Performance) -> None:
    with pytest.raises(InvalidDataError, match="there is no person 'x'"):
        compare_with_annotations(take, Annotations((AnnotatedKeypoint("x", 3, "nose", pixel=(1, 2)),)))
    hidden = keyed(take, 4, "nose", SHIFT, state=KeypointState.HIDDEN)
    with pytest.raises(InvalidDataError, match="no visible keypoint"):
        compare_with_annotations(take, Annotations((hidden,)))
