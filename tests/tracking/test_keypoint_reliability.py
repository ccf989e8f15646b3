"""Confidence in landmarks that nobody can have seen, or that are another person's."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bodydouble.data import Track
from bodydouble.skeletons import blazepose
from bodydouble.tracking.keypoint_reliability import downweight_unreliable_keypoints

Floats = NDArray[np.float64]
SIZE = (1280, 720)
FRAMES = 12
_LEFT: dict[str, tuple[float, float]] = {
    "ear": (0.07, -1.32), "eye": (0.03, -1.35), "shoulder": (0.2, -1.0), "elbow": (0.3, -0.55), "wrist": (0.33, -0.1),
    "pinky": (0.35, 0.02), "index": (0.34, 0.04), "thumb": (0.31, 0.0), "hip": (0.12, 0.0), "knee": (0.14, 0.75),
    "ankle": (0.15, 1.5), "heel": (0.14, 1.55), "foot": (0.2, 1.6), "eye_inner": (0.02, -1.35), "mouth": (0.03, -1.22),
}  # fmt: skip
"""Somebody who stands and looks at the camera, in trunks beside and below the middle of the hips."""
LEFT_ARM = [blazepose.INDEX[f"left_{part}"] for part in ("elbow", "wrist", "index")]


def standing(place: tuple[float, float], trunk: float) -> Floats:
    """(33, 2) px."""
    points = np.zeros((33, 2))
    for name, i in blazepose.INDEX.items():
        part = name.replace("left_", "").replace("right_", "").replace("_left", "").replace("_right", "")
        x, y = _LEFT.get(part, _LEFT.get(part.split("_")[0], (0.0, -1.3)))
        points[i] = (-x if "right" in name else x), y
    return np.array(place) + trunk * points


def track(points: Floats, observed: tuple[int, ...] = tuple(range(FRAMES))) -> Track:
    """Somebody who holds still, or points (FRAMES, 33, 2), seen with confidences of all sizes."""
    confidence = np.random.default_rng(7).uniform(0.1, 1.0, (FRAMES, 33, 1))
    keypoints = np.concatenate([np.broadcast_to(points, (FRAMES, 33, 2)), confidence], axis=-1)
    seen = np.isin(np.arange(FRAMES), observed)
    keypoints[~seen] = [np.nan, np.nan, 0.0]
    boxes = np.concatenate([keypoints[..., :2].min(axis=1), keypoints[..., :2].max(axis=1)], axis=-1)
    return Track(np.arange(FRAMES), seen, boxes, keypoints, np.where(seen[:, None, None], keypoints, np.nan))


def trust(before: Track, after: Track) -> Floats:
    """(T, 33) what is left of the confidences."""
    return np.asarray(after.keypoints[..., 2] / before.keypoints[..., 2])


def scaled(one: Track, scale: float) -> Track:
    return replace(one, keypoints=one.keypoints * [scale, scale, 1.0], boxes=one.boxes * scale)


def mirrored(one: Track) -> Track:
    swapped = one.keypoints[:, list(blazepose.MIRROR)]
    return replace(one, keypoints=swapped * [-1.0, 1.0, 1.0] + [SIZE[0], 0.0, 0.0])


@pytest.fixture
def crowd() -> list[Track]:
    """Two behind somebody tall, one of them partly out of the picture, another one whose arm they share."""
    near, behind = standing((640, 380), 120), standing((690, 330), 90)
    twin = standing((690 - 40, 331), 90)
    twin[LEFT_ARM] = behind[LEFT_ARM]
    leaving = standing((1265, 360), 80)
    return [track(points) for points in (near, behind, twin, leaving)]


def test_somebody_alone_inside_the_picture_is_believed_as_before() -> None:
    alone = track(standing((640, 360), 100), (0, 1, 2, 5, 6, 7, 11))
    (found,) = downweight_unreliable_keypoints([alone], SIZE, 30.0)
    assert all(
        getattr(found, name).tobytes() == getattr(alone, name).tobytes()
        for name in ("frames", "observed", "boxes", "keypoints", "landmarks_3d")
    )


def test_people_apart_are_believed_as_before() -> None:
    people = [track(standing((x, 360), 100)) for x in (200, 640, 1050)]
    for before, after in zip(people, downweight_unreliable_keypoints(people, SIZE, 30.0), strict=True):
        assert np.array_equal(before.keypoints, after.keypoints)


def test_only_confidences_change_and_only_downwards(crowd: list[Track]) -> None:
    for before, after in zip(crowd, downweight_unreliable_keypoints(crowd, SIZE, 30.0), strict=True):
        assert np.array_equal(before.keypoints[..., :2], after.keypoints[..., :2])
        assert np.all((trust(before, after) >= 0) & (trust(before, after) <= 1))
    assert any(
        np.any(trust(a, b) < 1) for a, b in zip(crowd, downweight_unreliable_keypoints(crowd, SIZE, 30.0), strict=True)
    )


def test_a_wrist_behind_the_trunk_of_somebody_nearer_is_not_believed() -> None:
    near, behind = track(standing((640, 380), 130)), track(standing((600, 330), 90))
    wrist, ankle = blazepose.INDEX["left_wrist"], blazepose.INDEX["right_ankle"]
    assert abs(behind.keypoints[0, wrist, 0] - 640) < 20
    found = downweight_unreliable_keypoints([near, behind], SIZE, 30.0)
    assert np.all(found[1].keypoints[:, wrist, 2] == 0)
    assert np.array_equal(found[0].keypoints, near.keypoints)
    away = replace(behind, keypoints=behind.keypoints - [200.0, 0.0, 0.0])
    assert np.all(downweight_unreliable_keypoints([near, away], SIZE, 30.0)[1].keypoints[:, ankle, 2] > 0)


def test_who_stands_before_somebody_is_not_hidden_by_them() -> None:
    people = [track(standing((640, 380), 130)), track(standing((640, 330), 90))]
    found = downweight_unreliable_keypoints(people, SIZE, 30.0)
    assert np.array_equal(found[0].keypoints, people[0].keypoints)
    assert np.all(trust(people[1], found[1])[:, blazepose.INDEX["left_hip"]] == 0)


def test_less_is_believed_the_further_it_lies_outside() -> None:
    legs = [blazepose.INDEX[f"left_{part}"] for part in ("shoulder", "hip", "knee", "ankle")]
    person = track(standing((640, 600), 100))
    left = trust(person, downweight_unreliable_keypoints([person], SIZE, 30.0)[0])[:, legs]
    near_edge = track(standing((640, SIZE[1] - 70.0), 100))
    knee = trust(near_edge, downweight_unreliable_keypoints([near_edge], SIZE, 30.0)[0])[
        :, blazepose.INDEX["left_knee"]
    ]
    assert np.all(left[:, :3] == 1)
    assert np.all(left[:, 3] == 0)
    assert np.all((knee > 0) & (knee < 1))


def test_a_limb_that_two_claim_stays_with_whom_it_followed() -> None:
    one, other = standing((560, 360), 100), standing((700, 360), 100)
    path = np.repeat(other[None], FRAMES, axis=0)
    path[5:7, LEFT_ARM] = one[LEFT_ARM] + 2.0
    people = [track(one), track(path)]
    found = downweight_unreliable_keypoints(people, SIZE, 30.0)
    assert np.array_equal(found[0].keypoints, people[0].keypoints)
    stolen = np.zeros((FRAMES, 33), dtype=bool)
    stolen[5:7, [*LEFT_ARM, blazepose.INDEX["left_pinky"], blazepose.INDEX["left_thumb"]]] = True
    assert np.array_equal(trust(people[1], found[1]) == 0, stolen)


def test_a_mirrored_picture_gives_the_mirrored_result(crowd: list[Track]) -> None:
    for one, other in zip(
        downweight_unreliable_keypoints([mirrored(p) for p in crowd], SIZE, 30.0),
        downweight_unreliable_keypoints(crowd, SIZE, 30.0),
        strict=True,
    ):
        assert np.allclose(one.keypoints, mirrored(other).keypoints, atol=1e-9)


def test_the_order_of_people_does_not_matter(crowd: list[Track]) -> None:
    backwards = downweight_unreliable_keypoints(crowd[::-1], SIZE, 30.0)[::-1]
    for one, other in zip(backwards, downweight_unreliable_keypoints(crowd, SIZE, 30.0), strict=True):
        assert np.allclose(one.keypoints, other.keypoints, atol=1e-12)


def test_a_larger_picture_gives_the_same(crowd: list[Track]) -> None:
    larger = downweight_unreliable_keypoints(
        [scaled(p, 2.5) for p in crowd], (int(2.5 * SIZE[0]), int(2.5 * SIZE[1])), 30.0
    )
    for one, other in zip(larger, downweight_unreliable_keypoints(crowd, SIZE, 30.0), strict=True):
        assert np.allclose(one.keypoints[..., 2], other.keypoints[..., 2], atol=1e-9)


def test_frames_in_which_nobody_is_seen_stay_so(crowd: list[Track]) -> None:
    away = track(standing((690, 330), 90), (0, 1, 9))
    found = downweight_unreliable_keypoints([crowd[0], away], SIZE, 30.0)[1]
    assert np.array_equal(found.observed, away.observed)
    assert np.isnan(found.keypoints[2:9, :, :2]).all()
    assert not found.keypoints[2:9, :, 2].any()
