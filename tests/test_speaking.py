"""Mouths that move with the sound of a video, from the file to the faces of the people."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bodydouble.data import FloatArray, Person
from bodydouble.motion.face.speaking_mouth import measure_opening
from bodydouble.pipeline.progress import Progress
from bodydouble.pipeline.speaking import add_speech
from tests import builders, sounds
from tests.media_builders import numbered_pictures, write_video

FRAMES, RATE = 90, 48000
VOWELS = ["aa", "ih", "aa", "ou", "aa", "oh", "aa"]


@pytest.fixture(scope="module")
def person() -> Person:
    (captured,) = builders.performance(FRAMES, 1, Fraction(30)).people
    return replace(captured, face=None, hands=None)


def record(path: Path, samples: FloatArray | None) -> Path:
    sound: NDArray[np.float32] | None = None
    if samples is not None:
        sound = np.pad(samples, (0, 3 * RATE))[: 3 * RATE].astype(np.float32)
    return write_video(path, numbered_pictures(FRAMES), sound=sound)


def utterance(start: float) -> FloatArray:
    return np.concatenate([sounds.silence(start, RATE), sounds.vowels(VOWELS, rate=RATE)])


def open_mouth(person: Person, video: Path) -> FloatArray:
    """Returns the opening (T,) of the person's mouth."""
    (speaker,) = add_speech(video, (person,), FRAMES, Progress())
    assert speaker.face is not None
    return measure_opening(speaker.face.weights)


@pytest.mark.parametrize("samples", [None, sounds.silence(3), sounds.chords(3), sounds.noise(3)])
def test_without_speech_the_people_are_unchanged(tmp_path: Path, person: Person, samples: FloatArray | None) -> None:
    people = (person,)
    assert add_speech(record(tmp_path / "clip.mp4", samples), people, FRAMES, Progress()) is people


def test_the_mouth_opens_while_somebody_speaks_and_a_delay_of_the_sound_delays_it(
    tmp_path: Path, person: Person
) -> None:
    early, late = (open_mouth(person, record(tmp_path / f"{start}.mp4", utterance(start))) for start in (0.5, 1.0))
    assert early[18:55].max() > 0.3 and not early[:9].any() and not early[70:].any()
    assert np.corrcoef(early[:70], late[15:85])[0, 1] > 0.97


def test_a_quieter_recording_moves_the_same_mouth(tmp_path: Path, person: Person) -> None:
    loud = open_mouth(person, record(tmp_path / "loud.mp4", utterance(0.5)))
    quiet = open_mouth(person, record(tmp_path / "quiet.mp4", 0.1 * utterance(0.5)))
    np.testing.assert_allclose(quiet, loud, atol=0.1)  # the codec keeps less of quiet sounds
