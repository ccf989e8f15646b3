"""Confidences of keypoints that cannot be visible, or that are on another person's limb, are lowered."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bodydouble.data import Track
from bodydouble.skeletons import blazepose
from bodydouble.tracking.keypoint_reliability import downweight_unreliable_keypoints

Floats = NDArray[np.float64]
IMAGE_SIZE = (1280, 720)
FRAMES = 12
_LEFT: dict[str, tuple[float, float]] = {
    "ear": (0.07, -1.32), "eye": (0.03, -1.35), "shoulder": (0.2, -1.0), "elbow": (0.3, -0.55), "wrist": (0.33, -0.1),
    "pinky": (0.35, 0.02), "index": (0.34, 0.04), "thumb": (0.31, 0.0), "hip": (0.12, 0.0), "knee": (0.14, 0.75),
    "ankle": (0.15, 1.5), "heel": (0.14, 1.55), "foot": (0.2, 1.6), "eye_inner": (0.02, -1.35), "mouth": (0.03, -1.22),
}  # fmt: skip
"""Position (x, y) of the landmarks of a standing person who faces the camera, in trunk lengths from the mid-hip."""
LEFT_ARM = [blazepose.INDEX[f"left_{part}"] for part in ("elbow", "wrist", "index")]


def standing(position: tuple[float, float], trunk: float) -> Floats:
    """(33, 2) px of a standing person; ``trunk`` is the length of the trunk in px."""
    points = np.zeros((33, 2))
    for name, i in blazepose.INDEX.items():
        part = name.replace("left_", "").replace("right_", "").replace("_left", "").replace("_right", "")
        x, y = _LEFT.get(part, _LEFT.get(part.split("_")[0], (0.0, -1.3)))
        points[i] = (-x if "right" in name else x), y
    return np.array(position) + trunk * points


def track(points: Floats, observed: tuple[int, ...] = tuple(range(FRAMES))) -> Track:
    """Track of a person who holds still (33, 2), or moves (FRAMES, 33, 2), with random confidences."""
    confidence = np.random.default_rng(7).uniform(0.1, 1.0, (FRAMES, 33, 1))
    keypoints = np.concatenate([np.broadcast_to(points, (FRAMES, 33, 2)), confidence], axis=-1)
    seen = np.isin(np.arange(FRAMES), observed)
    keypoints[~seen] = [np.nan, np.nan, 0.0]
    boxes = np.concatenate([keypoints[..., :2].min(axis=1), keypoints[..., :2].max(axis=1)], axis=-1)
    return Track(np.arange(FRAMES), seen, boxes, keypoints, np.where(seen[:, None, None], keypoints, np.nan))


def remaining_confidence(before: Track, after: Track) -> Floats:
    """(T, 33) ratio of the confidences after and before."""
    return np.asarray(after.keypoints[..., 2] / before.keypoints[..., 2])


def scale_track(one: Track, scale: float) -> Track:
    return replace(one, keypoints=one.keypoints * [scale, scale, 1.0], boxes=one.boxes * scale)


def flip(one: Track) -> Track:
    swapped = one.keypoints[:, list(blazepose.MIRROR)]
    return replace(one, keypoints=swapped * [-1.0, 1.0, 1.0] + [IMAGE_SIZE[0], 0.0, 0.0])


@pytest.fixture
def crowd() -> list[Track]:
    """A tall person in front of a second one, a third with the same left arm as the second, and one half outside."""
    near, behind = standing((640, 380), 120), standing((690, 330), 90)
    twin = standing((690 - 40, 331), 90)
    twin[LEFT_ARM] = behind[LEFT_ARM]
    leaving = standing((1265, 360), 80)
    return [track(points) for points in (near, behind, twin, leaving)]


def test_a_person_alone_inside_the_image_keeps_all_confidences() -> None:
    alone = track(standing((640, 360), 100), (0, 1, 2, 5, 6, 7, 11))
    (found,) = downweight_unreliable_keypoints([alone], IMAGE_SIZE, 30.0)
    assert all(
        getattr(found, name).tobytes() == getattr(alone, name).tobytes()
        for name in ("frames", "observed", "boxes", "keypoints", "landmarks_3d")
    )


def test_people_apart_keep_all_confidences() -> None:
    people = [track(standing((x, 360), 100)) for x in (200, 640, 1050)]
    for before, after in zip(people, downweight_unreliable_keypoints(people, IMAGE_SIZE, 30.0), strict=True):
        assert np.array_equal(before.keypoints, after.keypoints)


def test_only_confidences_change_and_they_only_decrease(crowd: list[Track]) -> None:
    for before, after in zip(crowd, downweight_unreliable_keypoints(crowd, IMAGE_SIZE, 30.0), strict=True):
        assert np.array_equal(before.keypoints[..., :2], after.keypoints[..., :2])
        assert np.all((remaining_confidence(before, after) >= 0) & (remaining_confidence(before, after) <= 1))
    assert any(
        np.any(remaining_confidence(a, b) < 1)
        for a, b in zip(crowd, downweight_unreliable_keypoints(crowd, IMAGE_SIZE, 30.0), strict=True)
    )


def test_a_wrist_behind_the_trunk_of_a_nearer_person_gets_no_confidence() -> None:
    near, behind = track(standing((640, 380), 130)), track(standing((600, 330), 90))
    wrist, ankle = blazepose.INDEX["left_wrist"], blazepose.INDEX["right_ankle"]
    assert abs(behind.keypoints[0, wrist, 0] - 640) < 20
    found = downweight_unreliable_keypoints([near, behind], IMAGE_SIZE, 30.0)
    assert np.all(found[1].keypoints[:, wrist, 2] == 0)
    assert np.array_equal(found[0].keypoints, near.keypoints)
    away = replace(behind, keypoints=behind.keypoints - [200.0, 0.0, 0.0])
    assert np.all(downweight_unreliable_keypoints([near, away], IMAGE_SIZE, 30.0)[1].keypoints[:, ankle, 2] > 0)


def test_the_person_in_front_is_not_occluded() -> None:
    people = [track(standing((640, 380), 130)), track(standing((640, 330), 90))]
    found = downweight_unreliable_keypoints(people, IMAGE_SIZE, 30.0)
    assert np.array_equal(found[0].keypoints, people[0].keypoints)
    assert np.all(remaining_confidence(people[1], found[1])[:, blazepose.INDEX["left_hip"]] == 0)


def test_the_confidence_decreases_with_the_distance_outside_the_image() -> None:
    legs = [blazepose.INDEX[f"left_{part}"] for part in ("shoulder", "hip", "knee", "ankle")]
    person = track(standing((640, 600), 100))
    left = remaining_confidence(person, downweight_unreliable_keypoints([person], IMAGE_SIZE, 30.0)[0])[:, legs]
    near_edge = track(standing((640, IMAGE_SIZE[1] - 70.0), 100))
    knee = remaining_confidence(near_edge, downweight_unreliable_keypoints([near_edge], IMAGE_SIZE, 30.0)[0])[
        :, blazepose.INDEX["left_knee"]
    ]
    assert np.all(left[:, :3] == 1)
    assert np.all(left[:, 3] == 0)
    assert np.all((knee > 0) & (knee < 1))


def test_a_shared_limb_stays_with_the_person_whose_limb_moved_smoothly() -> None:
    one, other = standing((560, 360), 100), standing((700, 360), 100)
    path = np.repeat(other[None], FRAMES, axis=0)
    path[5:7, LEFT_ARM] = one[LEFT_ARM] + 2.0
    people = [track(one), track(path)]
    found = downweight_unreliable_keypoints(people, IMAGE_SIZE, 30.0)
    assert np.array_equal(found[0].keypoints, people[0].keypoints)
    stolen = np.zeros((FRAMES, 33), dtype=bool)
    stolen[5:7, [*LEFT_ARM, blazepose.INDEX["left_pinky"], blazepose.INDEX["left_thumb"]]] = True
    assert np.array_equal(remaining_confidence(people[1], found[1]) == 0, stolen)


def test_a_flipped_image_gives_the_flipped_result(crowd: list[Track]) -> None:
    for one, other in zip(
        downweight_unreliable_keypoints([flip(p) for p in crowd], IMAGE_SIZE, 30.0),
        downweight_unreliable_keypoints(crowd, IMAGE_SIZE, 30.0),
        strict=True,
    ):
        assert np.allclose(one.keypoints, flip(other).keypoints, atol=1e-9)


def test_the_order_of_people_does_not_matter(crowd: list[Track]) -> None:
    backwards = downweight_unreliable_keypoints(crowd[::-1], IMAGE_SIZE, 30.0)[::-1]
    for one, other in zip(backwards, downweight_unreliable_keypoints(crowd, IMAGE_SIZE, 30.0), strict=True):
        assert np.allclose(one.keypoints, other.keypoints, atol=1e-12)


def test_a_larger_image_gives_the_same_confidences(crowd: list[Track]) -> None:
    larger = downweight_unreliable_keypoints(
        [scale_track(p, 2.5) for p in crowd], (int(2.5 * IMAGE_SIZE[0]), int(2.5 * IMAGE_SIZE[1])), 30.0
    )
    for one, other in zip(larger, downweight_unreliable_keypoints(crowd, IMAGE_SIZE, 30.0), strict=True):
        assert np.allclose(one.keypoints[..., 2], other.keypoints[..., 2], atol=1e-9)


def test_frames_without_observation_stay_unobserved(crowd: list[Track]) -> None:
    away = track(standing((690, 330), 90), (0, 1, 9))
    found = downweight_unreliable_keypoints([crowd[0], away], IMAGE_SIZE, 30.0)[1]
    assert np.array_equal(found.observed, away.observed)
    assert np.isnan(found.keypoints[2:9, :, :2]).all()
    assert not found.keypoints[2:9, :, 2].any()
