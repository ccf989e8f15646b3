"""Laws of the features of voice activity, on sounds whose pitch is known."""

import numpy as np
import pytest

from bodydouble.data import Sound
from bodydouble.perception.speech.voice_features import CONTEXT, FEATURES, LONG, stack, voice_features
from tests import sounds
from tests.sounds import RATE

PERIODICITY, PITCH, STEADINESS = FEATURES - 4, FEATURES - 3, slice(FEATURES - 2, FEATURES)


def middle(samples: np.ndarray) -> np.ndarray:
    """Features of the steps that see no end of the sound."""
    return voice_features(Sound(samples, RATE))[20:-20]


def pulses(pitch_hz: float, seconds: float = 1.0) -> np.ndarray:
    return np.diff(np.floor(np.arange(round(seconds * RATE)) * pitch_hz / RATE), prepend=0.0)


@pytest.mark.parametrize("pitch_hz", [80.0, 125.0, 200.0, 320.0])
def test_the_pitch_of_pulses_is_found(pitch_hz: float) -> None:
    found = middle(pulses(pitch_hz))
    assert found[:, PERIODICITY].min() > 0.9
    np.testing.assert_allclose(found[:, PITCH], np.log2(pitch_hz / 170.0), atol=0.05)


def test_noise_has_no_pitch() -> None:
    assert middle(sounds.noise(2, 0.0))[:, PERIODICITY].mean() < 0.5


def test_a_note_is_steady_while_a_gliding_voice_and_noise_are_not() -> None:
    note, noise = middle(pulses(200.0)), middle(sounds.noise(2, 0.0))
    times = np.arange(RATE) / RATE
    phase = np.cumsum(200.0 * 2**times) / RATE
    glide = middle(np.diff(np.floor(phase), prepend=0.0))
    assert note[:, STEADINESS].min() > 0.9
    assert glide[:, STEADINESS].mean() < 0.5
    assert np.abs(noise[:, STEADINESS].mean()) < 0.1


@pytest.mark.parametrize("gain", [1e-3, 30.0])
def test_gain_does_not_matter(gain: float) -> None:
    samples = sounds.vowels(["aa", "ih", "ou"]) + sounds.noise(0.6)
    np.testing.assert_allclose(
        voice_features(Sound(gain * samples, RATE)), voice_features(Sound(samples, RATE)), atol=1e-4
    )


def test_a_delay_delays_the_features() -> None:
    samples = sounds.vowels(["aa", "ih", "ou", "E"])
    first = voice_features(Sound(np.concatenate([samples, sounds.silence(1)]), RATE))
    second = voice_features(Sound(np.concatenate([sounds.silence(1), samples]), RATE))
    np.testing.assert_allclose(second[120:170], first[20:70], atol=1e-3)


def test_silence_has_finite_features() -> None:
    assert np.isfinite(voice_features(Sound(sounds.silence(0.1), RATE))).all()


def test_context_holds_the_step_itself_and_means_over_the_long_window() -> None:
    features = np.random.default_rng(0).normal(size=(400, FEATURES))
    stacked = stack(features)
    parts = stacked.reshape(400, len(CONTEXT) + 2, FEATURES)
    np.testing.assert_allclose(parts[:, CONTEXT.index(0)], features, atol=1e-6)
    np.testing.assert_allclose(parts[200, -2], features[200 - LONG : 201 + LONG].mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(parts[200, -1], features[200 - LONG : 201 + LONG].std(axis=0), atol=1e-5)
