"""Speakers: ``Speech`` and the faces of people -> who speaks, and faces whose mouths move with the sound."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bodydouble.data import BLENDSHAPE_COUNT, BoolArray, Face, FloatArray, IntArray, Person, Speech
from bodydouble.motion.face.mouth_occlusion import find_covered_mouths
from bodydouble.motion.face.speaking_mouth import MOUTH, measure_opening, speak

ACTIVE = 0.5
"""Probability of speech from which on somebody speaks."""
MAX_PAUSE = 0.5
"""Maximum pause in s within an utterance."""
MIN_SEEN_TIME = 0.4
"""Minimum time in s for which a mouth must be seen in an utterance to be compared with the sound."""
MIN_CORRELATION = 0.25
"""Minimum correlation of a seen mouth with the sound from which on it is the speaker's."""
FADE_TIME = 0.12
"""Time in s in which the mouth changes from the picture to the sound where the face is lost."""
_MOUTH = list(MOUTH)


@dataclass(frozen=True, slots=True)
class _Mouth:
    """Mouth of a person over the frames of the clip."""

    present: BoolArray
    """(F,) whether the person is in the frame."""
    observed: BoolArray
    """(F,) whether the mouth was seen."""
    opening: FloatArray
    """(F,) opening of the mouth as it was seen."""


def move_mouths(people: Sequence[Person], speech: Speech, frame_count: int) -> tuple[Person, ...]:
    """Moves the mouths of speakers with the sound where these were not seen.

    An utterance is that of the person whose mouth was seen to move with it. If no mouth did, it is that of the most
    prominent person whose mouth was not seen in it; if all were seen, nobody in the picture speaks.

    Args:
        people: People of a clip, the most prominent first.
        speech: Speech in its sound.
        frame_count: Number of frames of the clip.

    Returns:
        The people. Someone without a face who speaks gets one that was never observed.
    """
    fps = float(people[0].motion.fps)
    heard = speak(speech, np.arange(frame_count) / fps)
    mouths = [_collect_mouth(person, frame_count) for person in people]
    shares = [np.zeros(frame_count) for _ in people]
    for frames in find_utterances(speech, frame_count, fps):
        speaker = _choose_speaker(mouths, measure_opening(heard), frames, fps)
        if speaker is not None:
            shares[speaker][frames] = 1.0
    return tuple(
        _move_mouth(person, heard, share, fps) if share.any() else person
        for person, share in zip(people, shares, strict=True)
    )


def find_utterances(speech: Speech, frame_count: int, fps: float) -> list[IntArray]:
    """Returns the frames of each utterance, with those of half a pause before and after it."""
    steps = np.flatnonzero(speech.activity >= ACTIVE)
    times = speech.times[steps]
    if not len(times):
        return []
    breaks = np.flatnonzero(np.diff(times) > MAX_PAUSE)
    starts, ends = times[np.append(0, breaks + 1)], times[np.append(breaks, len(times) - 1)]
    return [
        np.arange(
            max(int(np.ceil((start - MAX_PAUSE / 2) * fps)), 0), min(int((end + MAX_PAUSE / 2) * fps) + 1, frame_count)
        )
        for start, end in zip(starts, ends, strict=True)
    ]


def _collect_mouth(person: Person, frame_count: int) -> _Mouth:
    present, observed = np.zeros(frame_count, np.bool_), np.zeros(frame_count, np.bool_)
    opening = np.zeros(frame_count)
    present[person.track.frames] = True
    if person.face is not None:
        observed[person.track.frames] = _see_mouth(person.face, person)
        opening[person.track.frames] = measure_opening(person.face.weights)
    return _Mouth(present, observed, opening)


def _see_mouth(face: Face, person: Person) -> BoolArray:
    """Returns the frames (T,) in which the mouth of a person was seen: with the face, and not behind a hand."""
    return face.observed & ~find_covered_mouths(face, person.hands)


def _choose_speaker(mouths: Sequence[_Mouth], heard: FloatArray, frames: IntArray, fps: float) -> int | None:
    """Returns the index of the person who speaks in some frames; None if nobody in the picture does."""
    hidden: list[int] = []
    correlations: dict[int, float] = {}
    for index, mouth in enumerate(mouths):
        seen = frames[mouth.observed[frames]]
        if len(seen) >= MIN_SEEN_TIME * fps:
            correlations[index] = _correlate(mouth.opening[seen], heard[seen])
        elif mouth.present[frames].any():
            hidden.append(index)
    best = max(correlations, key=lambda index: correlations[index], default=None)
    if best is not None and correlations[best] >= MIN_CORRELATION:
        return best
    return hidden[0] if hidden else None


def _correlate(first: FloatArray, second: FloatArray) -> float:
    deviations = first.std() * second.std()
    return float(np.mean((first - first.mean()) * (second - second.mean())) / deviations) if deviations > 1e-9 else 0.0


def _move_mouth(person: Person, heard: FloatArray, share: FloatArray, fps: float) -> Person:
    """Mixes the mouth that was heard (F, 52) into a person's face, by shares (F,) of the sound."""
    frames = person.track.frames
    face = person.face or Face(
        np.zeros(len(frames), np.bool_), np.zeros((len(frames), BLENDSHAPE_COUNT)), np.zeros((len(frames), 2))
    )
    mixed = (share[frames] * hidden_share(_see_mouth(face, person), fps))[:, None]
    weights = face.weights.copy()
    weights[:, _MOUTH] += mixed * (heard[frames][:, _MOUTH] - weights[:, _MOUTH])
    return replace(person, face=replace(face, weights=weights))


def hidden_share(observed: BoolArray, fps: float) -> FloatArray:
    """Returns the share (T,) of the sound in the mouth: 0 where it was seen, 1 where it was not for a while."""
    known = np.flatnonzero(observed)
    if not len(known):
        return np.ones(len(observed))
    frames = np.arange(len(observed))
    after = np.searchsorted(known, frames)
    distance = np.minimum(
        np.abs(frames - known[np.clip(after - 1, 0, len(known) - 1)]),
        np.abs(frames - known[np.clip(after, 0, len(known) - 1)]),
    )
    return np.asarray(np.clip(distance / fps / FADE_TIME, 0.0, 1.0))
