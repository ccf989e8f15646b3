"""Laws of the face over a clip."""

from collections.abc import Sequence

import numpy as np
import pytest

from bodydouble.data import FACE_OUTLINE_COUNT, Face, FaceObservation
from bodydouble.geometry.gaze import eye_directions, set_eye_directions
from bodydouble.motion.face.face_track import build_face
from bodydouble.skeletons.arkit import INDEX, MIRROR

FPS = 30.0
BLINKS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]
UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])


def build(weights: np.ndarray, missing: Sequence[int] = (), fps: float = FPS) -> Face:
    observations = [
        None if frame in missing else FaceObservation(row, UPRIGHT, 0.9) for frame, row in enumerate(weights)
    ]
    face = build_face(observations, fps)
    assert face is not None
    return face


def noisy_neutral(frames: int = 150, seed: int = 0) -> np.ndarray:
    """(T, 52) weights of a face at rest, with the offsets of one person and the noise of a network."""
    rng = np.random.default_rng(seed)
    weights = np.clip(rng.uniform(0.0, 0.3, 52) + rng.normal(0, 0.01, (frames, 52)), 0, 1)
    return set_eye_directions(weights, np.full((frames, 2, 2), 0.1) + rng.normal(0, 0.02, (frames, 2, 2)))


def with_blinks(weights: np.ndarray, frames: Sequence[int], rise: float = 0.4, columns: Sequence[int] = BLINKS) -> None:
    """Adds blinks of 0.1 s: at the frame, and half of it before and after."""
    for frame in frames:
        for shift, part in ((-1, 0.5), (0, 1.0), (1, 0.5)):
            weights[frame + shift, list(columns)] += part * rise


def test_outlines_are_kept_where_the_face_was_seen() -> None:
    outline = np.arange(2.0 * FACE_OUTLINE_COUNT).reshape(-1, 2)
    seen = FaceObservation(noisy_neutral(1)[0], UPRIGHT, 0.9, outline)
    face = build_face([seen] * 5 + [None] * 3 + [seen] * 4, FPS)
    assert face is not None and face.outline is not None
    np.testing.assert_array_equal(np.isfinite(face.outline[:, 0, 0]), [True] * 5 + [False] * 3 + [True] * 4)
    np.testing.assert_array_equal(face.outline[0], outline)


def test_a_neutral_face_is_neutral() -> None:
    face = build(noisy_neutral())
    assert face.weights.max() < 0.05
    assert np.abs(face.gaze).max() < 0.02
    assert face.observed.all()


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
@pytest.mark.parametrize("rise", [0.3, 0.4, 0.6])
def test_a_blink_of_a_tenth_of_a_second_closes_both_eyes(rise: float, fps: float) -> None:
    weights = noisy_neutral()
    with_blinks(weights, [40, 100], rise)
    closed = build(weights, fps=fps).weights[:, BLINKS]
    for frame in (40, 100):
        assert closed[frame].min() >= 0.8
    assert np.delete(closed, [39, 40, 41, 99, 100, 101], axis=0).max() < 0.1


def test_lids_that_are_lowered_slowly_are_no_blink() -> None:
    weights = noisy_neutral()
    weights[60:120, BLINKS] += 0.3 * np.sin(np.linspace(0, np.pi, 60))[:, None]
    closed = build(weights).weights[:, BLINKS]
    assert closed[90].min() > 0.25 and closed.max() < 0.5


def test_a_rise_in_one_frame_is_no_blink() -> None:
    weights = noisy_neutral()
    weights[60, BLINKS] += 0.4
    assert build(weights).weights[:, BLINKS].max() < 0.7


def test_both_eyes_blink_together_unless_one_winks() -> None:
    weights = noisy_neutral()
    with_blinks(weights, [40], 0.45)
    with_blinks(weights, [40], -0.2, BLINKS[:1])
    weights[90:110, BLINKS[1]] += 0.6
    left, right = build(weights).weights[:, BLINKS].T
    assert left[40] == right[40] >= 0.8
    assert left[100] < 0.1 and right[100] > 0.6


def test_mirrored_observations_give_a_mirrored_face() -> None:
    weights = noisy_neutral()
    with_blinks(weights, [40])
    weights[60:90, INDEX["mouthSmileLeft"]] += 0.5
    face, mirrored = build(weights), build(weights[:, list(MIRROR)])
    np.testing.assert_allclose(mirrored.weights, face.weights[:, list(MIRROR)], atol=1e-12)
    np.testing.assert_allclose(mirrored.gaze, face.gaze * [-1.0, 1.0], atol=1e-12)


def test_a_later_start_shifts_the_face() -> None:
    weights = noisy_neutral()
    with_blinks(weights, [40])
    shifted = build(np.concatenate([weights[:1].repeat(9, axis=0), weights]), missing=range(9))
    np.testing.assert_allclose(shifted.weights[9:], build(weights).weights, atol=1e-12)
    np.testing.assert_array_equal(shifted.observed, np.arange(159) >= 9)


def test_an_expression_keeps_its_height_and_its_edges() -> None:
    weights = noisy_neutral()
    weights[60:75, INDEX["jawOpen"]] += 0.5
    jaw = build(weights).weights[:, INDEX["jawOpen"]]
    assert jaw[60:75].min() > 0.45
    assert jaw[:60].max() < 0.1 and jaw[75:].max() < 0.1


def test_an_expression_in_a_single_frame_is_kept() -> None:
    weights = noisy_neutral(1)
    weights[0, INDEX["mouthSmileLeft"]] = 0.8
    face = build(weights)
    assert face.weights[0, INDEX["mouthSmileLeft"]] == pytest.approx(0.8)


def test_gaps_ease_to_neutral_and_back_without_a_jump() -> None:
    weights = noisy_neutral()
    weights[:, INDEX["mouthSmileLeft"]] = np.where(np.arange(150) % 2, 0.8, 0.79)
    weights[:60, INDEX["mouthSmileLeft"]] = 0.05
    smile = build(weights, missing=range(80, 130)).weights[:, INDEX["mouthSmileLeft"]]
    assert smile[79] > 0.4 and smile[130] > 0.4
    np.testing.assert_allclose(smile[95:115], 0.0, atol=1e-9)
    assert np.abs(np.diff(smile[78:132])).max() < 0.15


def test_a_short_gap_is_bridged() -> None:
    weights = noisy_neutral()
    weights[60:, INDEX["jawOpen"]] += 0.5
    jaw = build(weights, missing=range(100, 104)).weights[:, INDEX["jawOpen"]]
    np.testing.assert_allclose(jaw[98:106], jaw[98], atol=0.05)


def test_the_gaze_is_held_through_a_blink_and_saccades_stay_fast() -> None:
    weights = noisy_neutral()
    gaze = np.zeros((150, 2, 2))
    gaze[75:, :, 0] = 0.3
    gaze[100] = -0.5
    weights = set_eye_directions(weights, gaze)
    with_blinks(weights, [100], 0.5)
    face = build(weights)
    np.testing.assert_allclose(face.gaze[100], face.gaze[96], atol=0.02)
    assert face.gaze[75, 0] - face.gaze[74, 0] > 0.25
    np.testing.assert_allclose(eye_directions(face.weights).mean(axis=1), face.gaze, atol=1e-9)


def test_weights_stay_in_range_and_a_face_never_seen_is_none() -> None:
    weights = np.random.default_rng(3).uniform(0, 1, (60, 52))
    face = build(weights, missing=range(20, 30))
    assert face.weights.min() >= 0.0 and face.weights.max() <= 1.0
    assert build_face([None] * 5, FPS) is None


def test_a_face_of_two_frames_within_a_gap_is_dropped() -> None:
    weights = noisy_neutral()
    observed = build(weights, missing=[*range(50, 70), *range(72, 100)]).observed
    assert not observed[50:100].any() and observed[:50].all()
