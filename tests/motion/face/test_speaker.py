"""Laws of mouths that move with the sound, and of who speaks."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bodydouble.data import BLENDSHAPE_COUNT, FACE_OUTLINE_COUNT, VISEMES, Face, Person, Speech
from bodydouble.motion.face.mouth_occlusion import find_covered_mouths
from bodydouble.motion.face.speaker import find_utterances, move_mouths
from bodydouble.motion.face.speaking_mouth import MOUTH, VISEME_SHAPES, measure_opening, speak
from bodydouble.skeletons.arkit import INDEX, MIRROR
from tests import builders

FPS = 30.0
FRAMES = 90
REST = [i for i in range(BLENDSHAPE_COUNT) if i not in MOUTH]


def say(visemes: list[str], start: float = 0.5, seconds: float = 0.2, total: float = 3.0) -> Speech:
    """Speech in which one mouth shape after the other is certain."""
    steps = round(total * 100)
    activity, probabilities = np.zeros(steps), np.zeros((steps, len(VISEMES)))
    probabilities[:, 0] = 1.0
    for index, name in enumerate(visemes):
        part = slice(round((start + index * seconds) * 100), round((start + (index + 1) * seconds) * 100))
        activity[part] = 1.0
        probabilities[part] = np.eye(len(VISEMES))[VISEMES.index(name)]
    return Speech(activity, probabilities)


SENTENCE = say(["aa", "PP", "ih", "aa", "PP", "ou", "aa", "TT", "oh", "aa"])


def people(count: int, frames: int = FRAMES) -> list[Person]:
    (person,) = builders.performance(frames, 1, Fraction(30)).people
    bare = replace(person, face=None, hands=None)
    return [replace(bare, name=f"person{number}") for number in range(1, count + 1)]


def seen_face(opening: np.ndarray, observed: np.ndarray | None = None) -> Face:
    weights = np.zeros((len(opening), BLENDSHAPE_COUNT))
    weights[:, INDEX["jawOpen"]] = opening
    return Face(np.ones(len(opening), np.bool_) if observed is None else observed, weights, np.zeros((len(opening), 2)))


def heard(speech: Speech = SENTENCE) -> np.ndarray:
    return speak(speech, np.arange(FRAMES) / FPS)


def test_shapes_are_those_of_the_mouth_and_symmetric() -> None:
    for shapes in VISEME_SHAPES.values():
        assert all(INDEX[name] in MOUTH and 0 < weight <= 1 for name, weight in shapes.items())
    weights = heard()
    np.testing.assert_array_equal(weights, weights[:, MIRROR])
    assert weights.min() >= 0 and weights.max() <= 1


def test_silence_closes_the_mouth() -> None:
    silent = Speech(np.zeros(300), np.tile(np.eye(len(VISEMES))[VISEMES.index("aa")], (300, 1)))
    assert not heard(silent).any()
    weights = heard()
    assert not weights[: round(0.3 * FPS)].any() and not weights[round(2.8 * FPS) :].any()


def test_lips_close_between_vowels() -> None:
    weights = heard(say(["aa", "PP", "aa"], seconds=0.12))
    opening = measure_opening(weights)
    closed = round((0.5 + 0.18 - 0.03) * FPS)
    assert opening[closed] < 0.08 and opening.max() > 0.4


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
def test_the_mouth_does_not_depend_on_the_frame_rate(fps: float) -> None:
    times = np.arange(round(3 * fps)) / fps
    fine = speak(SENTENCE, np.arange(3000) / 1000)
    coarse = speak(SENTENCE, times)
    np.testing.assert_allclose(coarse, fine[np.round(times * 1000).astype(int)], atol=0.02)


def test_a_delay_of_the_sound_delays_the_mouth() -> None:
    late = heard(say(["aa", "PP", "ih"], start=0.8))
    np.testing.assert_allclose(late[9:], heard(say(["aa", "PP", "ih"]))[:-9], atol=1e-9)


def test_someone_without_a_face_who_speaks_gets_one_that_was_never_observed() -> None:
    (person,) = move_mouths(people(1), SENTENCE, FRAMES)
    assert person.face is not None
    assert not person.face.observed.any() and not person.face.gaze.any()
    np.testing.assert_allclose(person.face.weights, heard())


def test_the_picture_rules_where_the_mouth_was_seen() -> None:
    face = seen_face(measure_opening(heard()))
    (person,) = move_mouths([replace(people(1)[0], face=face)], SENTENCE, FRAMES)
    assert person.face is not None
    np.testing.assert_array_equal(person.face.weights, face.weights)


def test_a_gap_in_the_picture_is_filled_by_the_sound() -> None:
    observed = np.ones(FRAMES, np.bool_)
    observed[40:70] = False
    picture = np.where(observed, measure_opening(heard()), 0.0)
    face = seen_face(picture, observed)
    (person,) = move_mouths([replace(people(1)[0], face=face)], SENTENCE, FRAMES)
    assert person.face is not None
    np.testing.assert_allclose(person.face.weights[45:65], heard()[45:65])
    np.testing.assert_array_equal(person.face.weights[observed], face.weights[observed])
    np.testing.assert_array_equal(person.face.weights[:, REST], face.weights[:, REST])


def test_a_mouth_behind_a_hand_moves_with_the_sound() -> None:
    outline = np.tile([[320.0, 200.0]], (FRAMES, FACE_OUTLINE_COUNT, 1)) + np.random.default_rng(0).normal(
        0, 8, (1, FACE_OUTLINE_COUNT, 2)
    )
    seen = replace(seen_face(measure_opening(heard())), outline=outline)
    hands = builders.hands(FRAMES)
    keypoints = np.full((FRAMES, 2, 21, 3), np.nan)
    keypoints[..., 2] = 0.0
    circle = np.linspace(0, 2 * np.pi, 21)
    keypoints[:, 0] = np.stack([100 + 60 * np.cos(circle), 200 + 60 * np.sin(circle), np.ones(21)], axis=1)
    keypoints[40:60, 0, :, 0] += 220
    hands = replace(hands, keypoints=keypoints, observed=np.tile([True, False], (FRAMES, 1)))
    np.testing.assert_array_equal(np.flatnonzero(find_covered_mouths(seen, hands)), np.arange(40, 60))
    (person,) = move_mouths([replace(people(1)[0], face=seen, hands=hands)], SENTENCE, FRAMES)
    assert person.face is not None
    np.testing.assert_allclose(person.face.weights[46:54], heard()[46:54])
    np.testing.assert_array_equal(person.face.weights[:40], seen.weights[:40])


def test_the_person_whose_mouth_moves_with_the_sound_speaks() -> None:
    observed = np.ones(FRAMES, np.bool_)
    observed[40:55] = False
    still, moving = seen_face(np.full(FRAMES, 0.1)), seen_face(measure_opening(heard()), observed)
    first, second, third = people(3)
    result = move_mouths([replace(first, face=still), replace(second, face=moving), third], SENTENCE, FRAMES)
    assert result[0].face is still and result[2].face is None
    assert result[1].face is not None and np.any(result[1].face.weights != moving.weights)


def test_the_most_prominent_person_whose_mouth_is_not_seen_speaks_otherwise() -> None:
    first, second, third = people(3)
    result = move_mouths([replace(first, face=seen_face(np.full(FRAMES, 0.1))), second, third], SENTENCE, FRAMES)
    assert result[1].face is not None and result[1].face.weights.any()
    assert result[2].face is None


def test_nobody_speaks_if_no_mouth_moves_with_the_sound() -> None:
    face = seen_face(np.full(FRAMES, 0.1))
    (person,) = move_mouths([replace(people(1)[0], face=face)], SENTENCE, FRAMES)
    assert person.face is face


def test_utterances_are_parted_by_pauses() -> None:
    activity = np.zeros(600)
    activity[50:100] = activity[120:150] = activity[300:400] = 1.0
    speech = Speech(activity, np.full((600, len(VISEMES)), 1 / len(VISEMES)))
    first, second = find_utterances(speech, 180, FPS)
    assert abs(first[0] / FPS - 0.25) < 0.04 and abs(first[-1] / FPS - 1.75) < 0.04
    assert abs(second[0] / FPS - 2.75) < 0.04 and abs(second[-1] / FPS - 4.25) < 0.04
