"""Blinks where no face was observed: eyes that never close look lifeless.

Times are drawn in seconds by a seeded generator, so they depend neither on the frame rate nor on other people.
"""

import zlib
from dataclasses import replace

import numpy as np
from scipy.ndimage import find_objects, label

from bodydouble.data import BLENDSHAPE_COUNT, BoolArray, Face, FloatArray, Person
from bodydouble.skeletons.arkit import INDEX

INTERVAL_RANGE = (2.0, 6.0)
"""Minimum and maximum time in s between the beginnings of two blinks."""
DURATION_RANGE = (0.10, 0.15)
"""Minimum and maximum duration of a blink in s."""
CLOSING, OPENING = 0.3, 0.4
"""Fractions of a blink in which the eyes close and open; they are closed between."""
MIN_UNOBSERVED_TIME = 2.0
"""Minimum time in s without observations of a face that was seen before or after; gaps of it are filled in."""
EYES = (INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"])


def add_natural_blinks(person: Person) -> Person:
    """Returns a person who blinks every 2 to 6 s where the face was not observed for long."""
    count, fps = len(person.track.frames), float(person.motion.fps)
    face = person.face or _neutral_face(count)
    times = np.arange(count) / fps
    closed = np.zeros(count)
    for start, stop in _unobserved_times(face.observed, fps):
        closed = np.maximum(closed, _close_eyes(times, _draw_blinks(start, stop, person.name)))
    if not closed.any():
        return person
    weights = face.weights.copy()
    weights[:, EYES] = np.maximum(weights[:, EYES], closed[:, None])
    return replace(person, face=replace(face, weights=weights))


def _neutral_face(count: int) -> Face:
    return Face(np.zeros(count, dtype=bool), np.zeros((count, BLENDSHAPE_COUNT)), np.zeros((count, 2)))


def _unobserved_times(observed: BoolArray, fps: float) -> list[tuple[float, float]]:
    """Returns begin and end in s of each time for which a face was not observed; short ones only if it never was."""
    groups = [(rows[0].start / fps, rows[0].stop / fps) for rows in find_objects(label(~observed)[0])]
    return [(start, stop) for start, stop in groups if stop - start >= MIN_UNOBSERVED_TIME or not observed.any()]


def _draw_blinks(start: float, stop: float, name: str) -> list[tuple[float, float]]:
    """Draws begin and duration in s of the blinks between two times."""
    generator = np.random.default_rng([zlib.crc32(name.encode()), round(1000 * start)])
    blinks: list[tuple[float, float]] = []
    begin = start + generator.uniform(*INTERVAL_RANGE) / 2
    while begin + DURATION_RANGE[1] <= stop:
        blinks.append((begin, generator.uniform(*DURATION_RANGE)))
        begin += generator.uniform(*INTERVAL_RANGE)
    return blinks


def _close_eyes(times: FloatArray, blinks: list[tuple[float, float]]) -> FloatArray:
    """Returns how far the eyes are closed, (T,) 0 to 1, at times (T,) s."""
    closed = np.zeros(len(times))
    for begin, duration in blinks:
        phase = (times - begin) / duration
        closed = np.maximum(closed, np.clip(np.minimum(phase / CLOSING, (1.0 - phase) / OPENING), 0.0, 1.0))
    return closed
