"""Laws of external keypoints."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bodydouble.data import FloatArray, Observation, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.perception.external_keypoints import (
    MIN_KEYPOINTS,
    ExternalKeypointObserver,
    ExternalKeypoints,
    convert_keypoints,
    impute_landmarks,
    remove_detached_parts,
    to_blazepose,
)
from bodydouble.skeletons import blazepose, coco, openpose, whole_body

IMAGE_SIZE = (640, 360)
NAMES = {"coco": coco.KEYPOINTS, "openpose": openpose.KEYPOINTS, "older openpose": openpose.BODY_18}
ROUNDING = 1e-6

_SIDE = {
    "eye": (4, -62), "ear": (8, -60), "shoulder": (18, -40), "elbow": (28, -15), "wrist": (34, 8), "hip": (10, 10),
    "knee": (13, 50), "ankle": (12, 90), "heel": (11, 95), "foot_index": (20, 99),
}  # fmt: skip


def standing(names: tuple[str, ...]) -> FloatArray:
    """(K, 3) keypoints of a person at (320, 180) who faces the camera; their left is on the right of the image."""
    positions = {"nose": (0, -58)} | {
        f"{side}_{part}": (sign * x, y) for part, (x, y) in _SIDE.items() for side, sign in (("left", 1), ("right", -1))
    }
    if names == coco.KEYPOINTS:
        return np.array([(320 + positions[name][0], 180 + positions[name][1], 0.8) for name in names])
    points = np.full((len(names), 3), (np.nan, np.nan, 0.0))
    for row, name in enumerate(names):
        group = [blazepose.LANDMARKS[i] for i in openpose.BLAZEPOSE_INDICES[openpose.INDEX[name]]]
        if group:
            points[row] = np.append(np.mean([positions[one] for one in group], axis=0) + np.array([320, 180]), 0.8)
    return points


def observe_only(names: tuple[str, ...], kept: list[int]) -> FloatArray:
    """(1, K, 3) the same person with some keypoints observed."""
    points = np.full((1, len(names), 3), (np.nan, np.nan, 0.0))
    points[0, kept] = standing(names)[kept]
    return points


@pytest.mark.parametrize("layout", NAMES)
def test_observed_keypoints_are_kept_and_other_landmarks_have_no_confidence(layout: str) -> None:
    names = NAMES[layout]
    (landmarks,) = to_blazepose(names, standing(names)[None])
    is_observed = landmarks[:, 2] > 0
    expected = {name for name in names if name in coco.KEYPOINTS}
    if layout != "coco":
        groups = [openpose.BLAZEPOSE_INDICES[openpose.INDEX[name]] for name in names]
        expected = {blazepose.LANDMARKS[group[0]] for group in groups if len(group) == 1}
    assert {blazepose.LANDMARKS[i] for i in np.flatnonzero(is_observed)} == expected
    assert np.all(landmarks[is_observed, 2] == 0.8)
    positions = {tuple(point) for point in standing(names)[:, :2].round(3)}
    assert all(tuple(point) in positions for point in landmarks[is_observed, :2].round(3))


def test_body_25_has_the_feet() -> None:
    (found,) = to_blazepose(openpose.KEYPOINTS, standing(openpose.KEYPOINTS)[None])
    for side, sign in (("left", 1), ("right", -1)):
        np.testing.assert_allclose(found[blazepose.INDEX[f"{side}_heel"]], [320 + sign * 11, 275, 0.8])
        np.testing.assert_allclose(found[blazepose.INDEX[f"{side}_foot_index"]], [320 + sign * 20, 279, 0.8])


@given(st.data(), st.sampled_from(list(NAMES)))
@settings(max_examples=100, deadline=None)
def test_missing_landmarks_are_imputed_near_the_person(data: st.DataObject, layout: str) -> None:
    names = NAMES[layout]
    kept = data.draw(st.lists(st.integers(0, len(names) - 1), min_size=MIN_KEYPOINTS, unique=True))
    seen = to_blazepose(names, observe_only(names, kept))
    assume(np.isfinite(seen).any())
    (found,) = impute_landmarks(seen)
    assert np.isfinite(found).all()
    assert np.all(np.abs(found[:, :2] - [320, 180]) < 300)
    np.testing.assert_array_equal(found[seen[0, :, 2] > 0], seen[0, seen[0, :, 2] > 0])


@given(st.data(), st.floats(0.1, 10.0), st.floats(-np.pi, np.pi))
@settings(max_examples=50, deadline=None)
def test_imputed_positions_rotate_and_scale_with_the_person(data: st.DataObject, scale: float, angle: float) -> None:
    kept = data.draw(st.lists(st.integers(0, 16), min_size=MIN_KEYPOINTS, unique=True).filter(_has_trunk))
    before = observe_only(coco.KEYPOINTS, kept)
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    after = before.copy()
    after[..., :2] = before[..., :2] @ turn + [50.0, -20.0]
    expected = impute_landmarks(to_blazepose(coco.KEYPOINTS, before))[..., :2] @ turn + [50.0, -20.0]
    np.testing.assert_allclose(impute_landmarks(to_blazepose(coco.KEYPOINTS, after))[..., :2], expected, atol=1e-6)


def _has_trunk(kept: list[int]) -> bool:
    return {coco.INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("hip", "shoulder")} <= set(kept)


def test_a_flipped_person_has_flipped_landmarks() -> None:
    there = ("nose", "left_ear", "left_shoulder", "right_shoulder", "left_hip", "right_hip", "right_knee")
    kept = [coco.INDEX[name] for name in there]
    before = observe_only(coco.KEYPOINTS, kept)
    swap = [coco.INDEX[blazepose.mirrored_name(name)] for name in coco.KEYPOINTS]
    after = before[:, swap] * [-1, 1, 1] + [640, 0, 0]
    expected = impute_landmarks(to_blazepose(coco.KEYPOINTS, before))[:, list(blazepose.MIRROR)] * [-1, 1, 1] + [
        640,
        0,
        0,
    ]
    np.testing.assert_allclose(impute_landmarks(to_blazepose(coco.KEYPOINTS, after)), expected, atol=1e-9)


def convert(frames: list[int], ids: list[int]) -> ExternalKeypoints:
    keypoints = standing(coco.KEYPOINTS) + np.array([10, 0, 0]) * np.arange(len(frames))[:, None, None]
    return convert_keypoints(coco.KEYPOINTS, np.array(frames), np.array(ids), keypoints, IMAGE_SIZE)


def observe(people: ExternalKeypoints, frame: RgbImage) -> tuple[Observation, ...]:
    return ExternalKeypointObserver(people).observe(frame).current


def test_an_observer_returns_the_people_of_each_frame() -> None:
    seen = convert([1, 1, 3], [7, -1, 7])
    observer = ExternalKeypointObserver(seen)
    frame = np.zeros((IMAGE_SIZE[1], IMAGE_SIZE[0], 3), np.uint8)
    counts = []
    for _ in range(5):
        result = observer.observe(frame)
        assert result.backfilled == ()
        counts.append(len(result.current))
        for one in result.current:
            assert np.isnan(one.landmarks_3d).all()
            assert one.score == pytest.approx(0.8)
    assert counts == [0, 2, 0, 1, 0]
    assert seen.ids_per_frame(5) == [[], [7, -1], [], [7], []]


def test_frames_of_another_size_have_the_same_people() -> None:
    full, small = (
        observe(convert([0], [-1]), np.zeros((IMAGE_SIZE[1] // k, IMAGE_SIZE[0] // k, 3), np.uint8))[0] for k in (1, 4)
    )
    np.testing.assert_allclose(small.keypoints[:, :2] * 4, full.keypoints[:, :2])
    np.testing.assert_allclose(small.box * 4, full.box)
    assert np.all(
        (full.box[:2] <= full.keypoints[:, :2] + ROUNDING) & (full.keypoints[:, :2] <= full.box[2:] + ROUNDING)
    )


def test_the_appearance_is_read_from_the_frame() -> None:
    frame = np.zeros((IMAGE_SIZE[1], IMAGE_SIZE[0], 3), np.uint8)
    frame[:185] = 255
    (one,) = observe(convert([0], [-1]), frame)
    _, shoulders, trunk, upper_arms, _, thighs, shins, _ = one.appearance[:, 0]
    assert shoulders == pytest.approx(100, abs=1)
    assert trunk == pytest.approx(100, abs=1)
    assert upper_arms == pytest.approx(100, abs=1)
    assert thighs == pytest.approx(0, abs=1)
    assert shins == pytest.approx(0, abs=1)


def test_people_with_too_few_keypoints_are_not_observed() -> None:
    keypoints = np.concatenate([standing(coco.KEYPOINTS)[None], observe_only(coco.KEYPOINTS, [0, 1, 2])])
    found = convert_keypoints(coco.KEYPOINTS, np.array([0, 0]), np.array([1, 2]), keypoints, IMAGE_SIZE)
    assert found.ids_per_frame(1) == [[1]]


def test_keypoints_without_people_are_refused() -> None:
    for keypoints in (np.zeros((0, 17, 3)), observe_only(coco.KEYPOINTS, [0, 1, 2])):
        count = len(keypoints)
        with pytest.raises(InvalidDataError, match="show nobody"):
            convert_keypoints(coco.KEYPOINTS, np.zeros(count, int), np.full(count, -1), keypoints, IMAGE_SIZE)


@pytest.mark.parametrize(("scale", "message"), [(1 / 640, "fractions of the image"), (3.0, "outside the image of 640")])
def test_keypoints_of_another_image_are_refused(scale: float, message: str) -> None:
    keypoints = standing(coco.KEYPOINTS)[None] * [scale, scale, 1]
    with pytest.raises(InvalidDataError, match=message):
        convert_keypoints(coco.KEYPOINTS, np.array([0]), np.array([1]), keypoints, IMAGE_SIZE)


def test_frames_after_the_end_are_refused() -> None:
    seen = convert([0, 9], [1, 1])
    seen.check_frames(10)
    with pytest.raises(InvalidDataError, match="reach frame 9, but the video has 9"):
        seen.check_frames(9)
    replace(seen, frames=np.array([0, 8])).check_frames(9)


def test_parts_far_from_their_limb_are_not_observed() -> None:
    names = whole_body.COCO_133
    keypoints = np.tile((20.0, 20.0, 0.9), (1, len(names), 1))
    keypoints[0, :17] = standing(coco.KEYPOINTS)
    near = keypoints.copy()
    near[0, names.index("left_heel"), :2] = near[0, names.index("left_ankle"), :2] + [0, 8]
    found = remove_detached_parts(to_blazepose(names, np.concatenate([keypoints, near])))
    body = set(coco.BLAZEPOSE_INDICES)
    assert set(np.flatnonzero(found[0, :, 2] > 0)) == body
    assert set(np.flatnonzero(found[1, :, 2] > 0)) == body | {blazepose.INDEX["left_heel"]}


@pytest.mark.parametrize("layout", NAMES)
def test_attached_parts_are_kept(layout: str) -> None:
    landmarks = to_blazepose(NAMES[layout], standing(NAMES[layout])[None])
    np.testing.assert_array_equal(remove_detached_parts(landmarks), landmarks)
