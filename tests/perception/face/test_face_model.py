"""The face of the man in the reference picture, placed into a frame."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from bodydouble.data import FaceObservation, Observation
from bodydouble.geometry.rotation import to_rotvec
from bodydouble.perception.face.face_model import FaceModel, FaceOptions, options_for_quality
from bodydouble.perception.face.face_networks import INPUT_SIDE
from bodydouble.perception.protocols import RotatedRoi
from bodydouble.skeletons import arkit, blazepose, face_mesh

PICTURE = Path(__file__).parents[1] / "golden" / "face_picture.npz"
OFFSET, SIDE = np.array([130.0, 60.0]), 160
OPTIONS = FaceOptions(min_sharpness=2.0)
"""Options for this face, which is only 40 px high."""
MODEL = FaceModel(OPTIONS)
MESH_POINTS = {
    "nose": 1, "left_eye": 473, "right_eye": 468, "left_ear": 454, "right_ear": 234, "mouth_left": 291,
    "mouth_right": 61,
}  # fmt: skip


def picture() -> np.ndarray:
    with np.load(PICTURE) as stored:
        return np.asarray(stored["face"])


def frame_with(face: np.ndarray) -> np.ndarray:
    frame = np.full((300, 400, 3), 90, np.uint8)
    x, y = OFFSET.astype(int)
    frame[y : y + SIDE, x : x + SIDE] = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return frame


def body_of(face: np.ndarray) -> np.ndarray:
    """(33, 3) px of the frame, the landmarks of the head as the face network sees them."""
    whole = RotatedRoi(np.array([INPUT_SIDE / 2] * 2), float(INPUT_SIDE), 0.0)
    points = MODEL._networks.locate(face, whole).in_image
    keypoints = np.column_stack([np.zeros((33, 2)), np.full(33, 0.9)])
    for name, index in MESH_POINTS.items():
        keypoints[blazepose.INDEX[name], :2] = OFFSET + points[index] * SIDE / INPUT_SIDE
    return keypoints


def observe(face: np.ndarray, keypoints: np.ndarray, options: FaceOptions | None = None) -> FaceObservation | None:
    (found,) = FaceModel(options or OPTIONS).observe_people(frame_with(face), [person(keypoints)])
    return found


def person(keypoints: np.ndarray) -> Observation:
    return Observation(np.zeros(4), keypoints, np.zeros((33, 3)), 1.0)


def test_the_face_is_found_upright() -> None:
    face = observe(picture(), body_of(picture()))
    assert face is not None
    assert face.confidence > 0.9
    assert np.abs(to_rotvec(face.camera_from_head)).max() < 0.6


def test_a_mirrored_picture_gives_a_mirrored_face() -> None:
    mirrored = np.ascontiguousarray(picture()[:, ::-1])
    options = FaceOptions(min_sharpness=2.0, max_region_difference=0.0)
    face, other = observe(picture(), body_of(picture()), options), observe(mirrored, body_of(mirrored), options)
    assert face is not None and other is not None
    # The networks are not exactly symmetric, and this face is only 40 px high.
    differences = np.abs(other.weights - face.weights[list(arkit.MIRROR)])
    assert differences.mean() < 0.06
    assert differences[[not name.startswith("eyeLook") for name in arkit.BLENDSHAPES]].max() < 0.35
    rotvec = to_rotvec(face.camera_from_head) * [1.0, -1.0, -1.0]
    np.testing.assert_allclose(to_rotvec(other.camera_from_head), rotvec, atol=0.25)


@pytest.mark.parametrize("change", ["small", "uncertain", "elsewhere", "behind", "no face", "blurred"])
def test_no_face_where_none_can_be_seen(change: str) -> None:
    face, keypoints = picture(), body_of(picture())
    if change == "small":
        keypoints[:, :2] = keypoints[:, :2].mean(axis=0) + 0.3 * (keypoints[:, :2] - keypoints[:, :2].mean(axis=0))
    elif change == "uncertain":
        keypoints[:, 2] = 0.2
    elif change == "elsewhere":
        keypoints[blazepose.INDEX["nose"], 0] += 60.0
    elif change == "behind":
        keypoints[:, 0] = 400.0 - keypoints[:, 0]
    elif change == "no face":
        face = np.full_like(face, 128)
    else:
        face = np.asarray(cv2.GaussianBlur(face, (0, 0), 8.0), np.uint8)
    options = FaceOptions(min_presence=0.0) if change == "blurred" else OPTIONS
    assert observe(face, keypoints, options) is None


def test_the_best_quality_locates_the_landmarks_again_more_often() -> None:
    assert options_for_quality("best").max_region_difference < FaceOptions().max_region_difference
    assert options_for_quality("balanced") == options_for_quality("fast") == FaceOptions()


def test_the_region_of_the_last_frame_is_kept_while_the_body_trembles_and_given_up_where_it_jumps() -> None:
    model, frame, keypoints = FaceModel(OPTIONS), frame_with(picture()), body_of(picture())
    first = model.observe_people(frame, [person(keypoints)])[0]
    trembling = keypoints + np.random.default_rng(0).normal(0, 1.5, (33, 3)) * [1.0, 1.0, 0.0]
    second = model.observe_people(frame, [person(trembling)])[0]
    assert first is not None and second is not None
    assert np.abs(second.weights - first.weights).mean() < 0.05
    assert model.observe_people(frame, [person(np.add(keypoints, [90.0, 0.0, 0.0]))]) == [None]
    assert model.observe_people(frame, []) == []


def test_a_new_shot_begins_without_the_faces_of_the_last_one() -> None:
    model, frame, keypoints = FaceModel(OPTIONS), frame_with(picture()), body_of(picture())
    (first,) = model.observe_people(frame, [person(keypoints)])
    model.begin_shot()
    (second,) = model.observe_people(frame, [person(keypoints)])
    assert first is not None and second is not None
    np.testing.assert_array_equal(first.weights, second.weights)


def test_each_of_two_people_has_a_face_whatever_their_order() -> None:
    frame = np.concatenate([frame_with(picture()), frame_with(np.ascontiguousarray(picture()[:, ::-1]))], axis=1)
    mirrored = np.add(body_of(np.ascontiguousarray(picture()[:, ::-1])), [400.0, 0.0, 0.0])
    people = [person(body_of(picture())), person(mirrored)]
    model = FaceModel(OPTIONS)
    model.observe_people(frame, people)
    left, right = model.observe_people(frame, people)
    right_first, left_second = model.observe_people(frame, people[::-1])
    for one, other in ((left, left_second), (right, right_first)):
        assert one is not None and other is not None
        assert np.abs(one.weights - other.weights).mean() < 0.05


def test_mesh_indices_are_those_of_the_networks() -> None:
    assert len(set(face_mesh.BLENDSHAPE_SUBSET)) == 146
    assert list(face_mesh.BLENDSHAPE_SUBSET) == sorted(face_mesh.BLENDSHAPE_SUBSET)
    table = np.array(face_mesh.POSE_POINTS)
    mirrored = {(round(-x, 3), y, z): weight for _, weight, x, y, z in table}
    assert all(mirrored[round(x, 3), y, z] == weight for _, weight, x, y, z in table)


def test_a_still_face_is_observed_in_every_second_frame() -> None:
    people = [person(body_of(picture()))]
    open_eyes, moved = frame_with(picture()), frame_with(np.roll(picture(), 6, axis=0))
    for frames, expected in (([open_eyes] * 6, 3), ([open_eyes, moved] * 3, 6)):
        model = FaceModel(OPTIONS)
        found = [model.observe_people(frame, people)[0] for frame in frames]
        repeated = sum(one is other for one, other in pairwise(found))
        assert None not in found
        assert repeated == len(frames) - expected


def test_the_best_quality_observes_every_face() -> None:
    model = FaceModel(options_for_quality("best"))
    assert model.options.max_still_change == 0
