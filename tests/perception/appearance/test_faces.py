"""Laws of face regions and embeddings: equivariance, clear faces only, at the interval."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodydouble.data import Observation
from bodydouble.perception.appearance.faces import (
    ALIGNED_SIDE,
    INPUT_MARGIN,
    INPUT_SIDE,
    FaceEmbedder,
    FaceOptions,
    fit_face_roi,
    is_clear,
)
from bodydouble.skeletons import blazepose
from tests.perception.test_models import golden

FACE_POINTS = {
    "right_eye": (38.3, 51.7), "left_eye": (73.5, 51.5), "nose": (56.0, 71.7), "mouth_right": (41.5, 92.4),
    "mouth_left": (70.7, 92.2), "right_ear": (20.0, 60.0), "left_ear": (92.0, 60.0),
}  # fmt: skip
"""Points of a frontal face in the image of 112 px, and likely positions of its ears."""


def landmarks(
    side: float = float(ALIGNED_SIDE), angle: float = 0.0, center: tuple[float, float] = (56.0, 56.0)
) -> np.ndarray:
    """(33, 3) keypoints of a person with a frontal face in a square."""
    keypoints = np.ones((33, 3))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for name, point in FACE_POINTS.items():
        keypoints[blazepose.INDEX[name], :2] = rotation @ (np.array(point) / ALIGNED_SIDE - 0.5) * side + center
    return keypoints


def person(keypoints: np.ndarray, box: tuple[float, float, float, float] = (0, 0, 200, 400)) -> Observation:
    return Observation(np.array(box, dtype=float), keypoints, np.zeros((33, 3)), 0.9)


def clear(keypoints: np.ndarray) -> bool:
    return is_clear(keypoints, *fit_face_roi(keypoints), FaceOptions())


@given(st.floats(20, 500), st.floats(-3, 3), st.floats(-900, 900), st.floats(-900, 900))
def test_the_face_roi_is_equivariant_under_similarities(side: float, angle: float, x: float, y: float) -> None:
    region, distortion = fit_face_roi(landmarks(side, angle, (x, y)))
    assert region.side == pytest.approx(side, rel=1e-2)
    assert region.angle == pytest.approx(angle, abs=1e-2)
    np.testing.assert_allclose(region.center, [x, y], atol=1e-2 * side)
    assert distortion < 1e-2


def test_a_large_frontal_face_is_clear() -> None:
    assert clear(landmarks())
    assert clear(landmarks(angle=2.0))


def test_a_small_face_is_not_clear() -> None:
    assert not clear(landmarks(side=20))


def test_a_head_from_behind_is_not_clear() -> None:
    behind = landmarks()
    behind[:, 0] *= -1
    assert not clear(behind)


def test_a_profile_is_not_clear() -> None:
    profile = landmarks()
    profile[:, 0] *= 0.3
    assert not clear(profile)


def test_a_head_rotated_to_the_side_is_not_clear() -> None:
    rotated = landmarks()
    rotated[blazepose.INDEX["left_ear"], 0] = rotated[blazepose.INDEX["nose"], 0]
    assert not clear(rotated)


@pytest.mark.parametrize("value", [0.1, np.nan])
def test_faces_with_uncertain_landmarks_are_not_clear(value: float) -> None:
    unsure = landmarks()
    unsure[blazepose.INDEX["mouth_left"], 2] = value
    assert not clear(unsure)


def test_faces_with_unknown_landmarks_are_not_clear() -> None:
    unknown = landmarks()
    unknown[blazepose.INDEX["mouth_left"], :2] = np.nan
    assert not clear(unknown)


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """(224, 224, 3) a real face as the network's input shows it."""
    return golden("pictures")["face"]


def test_the_embedding_is_invariant_under_rotation_and_translation(face: np.ndarray) -> None:
    embedder = FaceEmbedder()
    frame = np.zeros((400, 500, 3), dtype=np.uint8)
    keypoints = landmarks(side=150, angle=0.6, center=(300, 180))
    tight, _ = fit_face_roi(keypoints)
    region = replace(tight, side=INPUT_MARGIN * tight.side)
    step = region.axes * (region.side / INPUT_SIDE)
    corner = region.to_image(np.zeros(2)) + step @ [0.5, 0.5] - 0.5
    frame[:] = cv2.warpAffine(face, np.column_stack([step, corner]), (500, 400))
    (embedded_person,) = FaceEmbedder(FaceOptions(min_sharpness=0.0)).embed_people(frame, [person(keypoints)])
    assert embedded_person.face_embedding is not None
    assert embedded_person.face_embedding.dtype == np.float32
    assert np.linalg.norm(embedded_person.face_embedding) == pytest.approx(1.0, abs=1e-5)
    assert float(embedded_person.face_embedding @ embedder.embed(face)) > 0.9
    assert abs(float(embedded_person.face_embedding @ embedder.embed(np.ascontiguousarray(face[::-1])))) < 0.6


def sharp(face: np.ndarray) -> np.ndarray:
    """Adds enough detail to a face for the sharpness criterion."""
    return np.asarray(np.clip(face + np.random.default_rng(0).normal(0, 4, face.shape), 0, 255), dtype=np.uint8)


def test_a_face_is_embedded_at_the_interval(face: np.ndarray) -> None:
    embedder, frame = FaceEmbedder(FaceOptions(embedding_interval=10)), sharp(face)
    embedded = [embedder.embed_people(frame, [person(landmarks())])[0].face_embedding is not None for _ in range(25)]
    assert np.flatnonzero(embedded).tolist() == [0, 10, 20]


def test_a_new_person_is_embedded_at_once(face: np.ndarray) -> None:
    embedder, frame = FaceEmbedder(), sharp(face)
    one, other = person(landmarks()), person(landmarks(), box=(500, 0, 700, 400))
    assert embedder.embed_people(frame, [one])[0].face_embedding is not None
    people = embedder.embed_people(frame, [other, one])
    assert [each.face_embedding is not None for each in people] == [True, False]
    np.testing.assert_array_equal(people[1].keypoints, one.keypoints)


def test_a_blurred_face_is_not_embedded(face: np.ndarray) -> None:
    frame, keypoints = cv2.copyMakeBorder(sharp(face), 40, 40, 40, 40, cv2.BORDER_REPLICATE), landmarks(center=(96, 96))
    blurred = cv2.GaussianBlur(frame, (0, 0), 6)
    for image, embedded in ((frame, True), (blurred, False)):
        (embedded_person,) = FaceEmbedder().embed_people(np.asarray(image, dtype=np.uint8), [person(keypoints)])
        assert (embedded_person.face_embedding is not None) == embedded


def test_a_face_is_embedded_as_soon_as_it_is_clear(face: np.ndarray) -> None:
    embedder, frame = FaceEmbedder(), sharp(face)
    (embedded_person,) = embedder.embed_people(frame, [person(landmarks(side=20))])
    assert embedded_person.face_embedding is None
    (embedded_person,) = embedder.embed_people(frame, [person(landmarks())])
    assert embedded_person.face_embedding is not None
