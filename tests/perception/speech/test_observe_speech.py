"""Laws of the speech that is observed in sounds."""

from typing import Any

import numpy as np
import pytest

from bodydouble.data import VISEMES, Sound, Speech
from bodydouble.perception.speech import observe_speech
from bodydouble.perception.speech.observe_speech import SpeechModel
from tests import sounds
from tests.sounds import RATE

SEQUENCE = ["aa", "ih", "ou", "aa", "oh", "E"] * 2


@pytest.fixture(scope="module")
def model() -> SpeechModel:
    return SpeechModel()


def observe(model: SpeechModel, samples: np.ndarray) -> Speech:
    speech = model.observe(Sound(samples, RATE))
    assert speech is not None
    return speech


def utterance(before: float = 0.64, **options: Any) -> np.ndarray:
    return np.concatenate([sounds.silence(before), sounds.vowels(SEQUENCE, **options), sounds.silence(0.64)])


@pytest.mark.parametrize(
    "samples",
    [
        sounds.silence(3),
        sounds.tone(3),
        sounds.tone(3, 120.0),
        sounds.noise(3, 0.0),
        sounds.noise(3, 0.97),
        sounds.drums(3),
        sounds.chords(4),
        sounds.chords(4) + sounds.drums(4),
    ],
    ids=["silence", "tone", "low tone", "white noise", "dark noise", "drums", "chords", "music"],
)
def test_music_and_noise_are_no_speech(model: SpeechModel, samples: np.ndarray) -> None:
    assert model.observe(Sound(samples, RATE)) is None


def test_probabilities_sum_to_1(model: SpeechModel) -> None:
    speech = observe(model, utterance())
    np.testing.assert_allclose(speech.visemes.sum(axis=1), 1.0, atol=1e-5)
    assert speech.activity.min() >= 0 and speech.activity.max() <= 1


def test_speech_is_active_where_it_is(model: SpeechModel) -> None:
    speech = observe(model, utterance(before=1.28))
    active = speech.activity >= 0.5
    inside = (speech.times > 1.4) & (speech.times < 1.28 + 0.2 * len(SEQUENCE) - 0.1)
    assert active[inside].mean() > 0.9
    assert not active[speech.times < 1.1].any()


@pytest.mark.parametrize("gain", [0.02, 0.3, 2.0])
def test_gain_does_not_matter(model: SpeechModel, gain: float) -> None:
    first, second = observe(model, utterance()), observe(model, gain * utterance())
    np.testing.assert_allclose(first.activity, second.activity, atol=1e-3)
    np.testing.assert_allclose(first.visemes, second.visemes, atol=1e-3)


def test_windows_of_a_long_sound_hear_what_the_whole_says(model: SpeechModel, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.concatenate([utterance(), utterance(), np.zeros(12 * RATE), utterance()])
    whole = observe(model, samples)
    monkeypatch.setattr(observe_speech, "WINDOW_STEPS", 400)
    monkeypatch.setattr(observe_speech, "MARGIN_STEPS", 150)
    windowed = observe(model, samples)
    assert len(windowed.activity) == len(whole.activity)
    assert ((windowed.activity >= 0.5) == (whole.activity >= 0.5)).mean() > 0.97
    both = (windowed.activity >= 0.5) & (whole.activity >= 0.5)
    assert (windowed.visemes.argmax(axis=1) == whole.visemes.argmax(axis=1))[both].mean() > 0.9


def test_a_delay_delays_the_speech(model: SpeechModel) -> None:
    delay = 0.32  # whole steps
    first, second = observe(model, utterance(0.64)), observe(model, utterance(0.64 + delay))
    shifted = second.visemes[round(delay * 100) :]
    np.testing.assert_allclose(first.visemes[30:], shifted[30 : len(first.visemes)], atol=0.05)


@pytest.mark.parametrize("pitch_hz", [110.0, 220.0])
@pytest.mark.parametrize("tract", [1.0, 1.15])
def test_vowels_of_men_and_women_are_told_apart(model: SpeechModel, pitch_hz: float, tract: float) -> None:
    speech = observe(model, utterance(pitch_hz=pitch_hz, tract=tract))
    rounded, spread = (
        speech.visemes[:, [VISEMES.index(name) for name in names]].sum(axis=1) for names in (("oh", "ou"), ("ih", "E"))
    )
    for index, name in enumerate(SEQUENCE):
        middle = round((0.64 + 0.2 * (index + 0.5)) * 100)
        if name in ("oh", "ou"):
            assert rounded[middle - 3 : middle + 4].mean() > 0.5, (index, name)
        elif name == "ih":
            assert spread[middle - 3 : middle + 4].mean() > 0.5, (index, name)
        elif name == "aa":
            opened = speech.visemes[middle - 3 : middle + 4, VISEMES.index("aa")].mean()
            assert opened > 0.4, (index, name)
