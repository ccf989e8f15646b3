"""Sounds without speech, made in code: noise, machines, weather, blows, instruments, signals and animals.

``KINDS`` names the functions. Each returns samples (N,) at 16 kHz with a root mean square of 1.
"""

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

RATE = 16000


def noise(count: int, random: np.random.Generator) -> np.ndarray:
    """White to brown noise, in half of the cases of one band only."""
    samples = lfilter([1.0], [1.0, -random.choice([0.0, random.uniform(0.3, 0.95), 0.99])], random.normal(size=count))
    return band_pass(samples, random) if random.random() < 0.5 else samples


def hum(count: int, random: np.random.Generator) -> np.ndarray:
    """Hum of the mains, with noise."""
    strengths = random.uniform(size=20) / np.arange(1, 21) ** random.uniform(0.3, 1.5)
    tone = harmonics(np.full(count, random.choice([50.0, 60.0, 100.0, 120.0])), strengths, random)
    return normalize(tone) + random.uniform(0.01, 0.5) * normalize(noise(count, random))


def engine(count: int, random: np.random.Generator) -> np.ndarray:
    """An engine whose speed drifts, with noise."""
    pitch = random.uniform(15, 160) * np.exp(
        random.uniform(0.02, 0.4) * slow_curve(count, random.uniform(0.1, 1), random)
    )
    strengths = random.exponential(size=40) / np.arange(1, 41) ** random.uniform(0.2, 1.5)
    tone = harmonics(pitch, strengths, random)
    return normalize(tone) + random.uniform(0.05, 1.0) * normalize(noise(count, random))


def wind(count: int, random: np.random.Generator) -> np.ndarray:
    """Gusts: bands of noise whose strength drifts."""
    gusts = [
        np.exp(random.uniform(0.3, 1.2) * slow_curve(count, random.uniform(0.2, 2), random))
        * normalize(band_pass(random.normal(size=count), random))
        for _ in range(3)
    ]
    return np.sum(gusts, axis=0)


def clicks(count: int, random: np.random.Generator) -> np.ndarray:
    """Clicks of random strength at random times."""

    def click() -> np.ndarray:
        return random.normal(size=random.integers(5, 200)) * random.uniform(0.2, 1)

    return sprinkle(count, random.uniform(1, 12), click, random)


def drums(count: int, random: np.random.Generator) -> np.ndarray:
    """A pattern of bass drum, snare and hi-hat that repeats."""
    beat = round(RATE * random.uniform(0.1, 0.25))
    voices = [_blow(random.uniform(0.03, 0.2), tone, random) for tone in (random.uniform(45, 90), 190.0, None)]
    pattern = random.random((3, 16)) < np.array([[0.25], [0.2], [0.6]])
    pattern[0, 0] = True
    samples = np.zeros(count + RATE)
    for step, start in enumerate(range(0, count, beat)):
        for voice, strength, hits in zip(voices, (1.0, 0.7, 0.3), pattern, strict=True):
            if hits[step % 16]:
                samples[start : start + len(voice)] += strength * random.uniform(0.6, 1) * voice
    return samples[:count]


def claps(count: int, random: np.random.Generator) -> np.ndarray:
    """Claps of one person, or of many."""

    def clap() -> np.ndarray:
        return random.uniform(0.5, 1) * band_pass(_decay(random.normal(size=2400), random.uniform(0.01, 0.04)), random)

    return sprinkle(count, random.choice([1.5, 3.0, 5.0, 60.0]), clap, random)


def footsteps(count: int, random: np.random.Generator) -> np.ndarray:
    """Steps at a regular pace, dull or with gravel."""
    samples = np.zeros(count + RATE)
    color, time = random.uniform(0.5, 0.98), random.uniform(0.02, 0.12)
    for start in np.arange(random.uniform(0, 0.3), count / RATE, random.uniform(0.3, 0.8)):
        step = _decay(lfilter([1.0], [1.0, -color], random.normal(size=4000)), time * random.uniform(0.7, 1.3))
        first = max(0, round((start + random.normal(0, 0.01)) * RATE))
        samples[first : first + 4000] += normalize(step) * random.uniform(0.6, 1)
    return samples[:count] + 0.01 * normalize(noise(count, random))


def tones(count: int, random: np.random.Generator) -> np.ndarray:
    """One to three steady tones, in half of the cases interrupted."""
    times = np.arange(count) / RATE
    pitches = 2 ** random.uniform(6, 12, random.integers(1, 4))
    samples = np.sum([np.sin(2 * np.pi * pitch * times) for pitch in pitches], axis=0)
    if random.random() < 0.5:
        samples = samples * (np.sin(2 * np.pi * random.uniform(0.5, 5) * times) > random.uniform(-0.5, 0.7))
    return samples


def chords(count: int, random: np.random.Generator) -> np.ndarray:
    """Chords of one instrument."""
    instrument, duration = _instrument(random), random.uniform(0.2, 1.6)
    samples = np.zeros(count + 4 * RATE)
    for start in range(0, count, round(duration * RATE)):
        root = 55 * 2 ** (random.integers(6, 30) / 12)
        for interval in random.choice([0, 3, 4, 5, 7, 9, 10, 12, 16], random.integers(2, 5), replace=False):
            note = instrument(root * 2 ** (interval / 12), duration)
            samples[start : start + len(note)] += note
    return samples[:count]


def melody(count: int, random: np.random.Generator) -> np.ndarray:
    """Single notes of one instrument, some after pauses."""
    instrument, key, note_time = _instrument(random), random.integers(0, 36), random.uniform(0.08, 0.6)
    samples, start, pitch = np.zeros(count + 8 * RATE), 0, int(random.integers(0, 8))
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])
    while start < count:
        duration = note_time * random.choice([1, 1, 2, 4])
        if random.random() > 0.12:
            note = instrument(65.4 * 2 ** ((key + scale[pitch]) / 12), duration * random.uniform(0.5, 1))
            samples[start : start + len(note)] += random.uniform(0.5, 1) * note
        pitch = int(np.clip(pitch + random.integers(-3, 4), 0, len(scale) - 1))
        start += round(duration * RATE)
    return samples[:count]


def plucked_strings(count: int, random: np.random.Generator) -> np.ndarray:
    """Plucked strings, after K. Karplus and A. Strong, Digital Synthesis of Plucked-String and Drum Timbres (1983)."""
    samples, start = np.zeros(count + 2 * RATE), 0
    while start < count:
        for _ in range(random.choice([1, 1, 2, 4])):
            length = round(RATE / (73 * 2 ** (random.integers(0, 36) / 12)))
            impulse = np.concatenate([random.normal(size=length), np.zeros(2 * RATE - length)])
            loss = 0.5 * random.uniform(0.985, 0.999)
            samples[start : start + 2 * RATE] += lfilter([1.0], [1.0, *np.zeros(length - 1), -loss, -loss], impulse)
        start += round(random.choice([0.125, 0.25, 0.5]) * random.uniform(0.9, 1.1) * 1.2 * RATE)
    return samples[:count]


def bells(count: int, random: np.random.Generator) -> np.ndarray:
    """Bells: partials out of tune that fade."""
    ratios = np.cumsum(random.uniform(0.3, 1.2, 7))

    def bell() -> np.ndarray:
        times = np.arange(2 * RATE) / RATE
        pitch, fade = random.uniform(150, 1500), random.uniform(1, 6)
        partials = [np.sin(2 * np.pi * pitch * r * times) * np.exp(-fade * r**0.5 * times) for r in ratios]
        return random.uniform(0.4, 1) * np.sum(partials, axis=0)

    return sprinkle(count, random.uniform(0.5, 4), bell, random)


def siren(count: int, random: np.random.Generator) -> np.ndarray:
    """A pitch that sweeps or alternates."""
    times = np.arange(count) / RATE
    sweep = np.sin(2 * np.pi * random.uniform(0.15, 4) * times)
    if random.random() < 0.5:
        sweep = np.sign(sweep)
    pitch = random.uniform(350, 1200) * 2 ** (random.uniform(0.1, 0.6) * sweep)
    return harmonics(pitch, random.uniform(size=6) / np.arange(1, 7) ** random.uniform(0.5, 3), random)


def birds(count: int, random: np.random.Generator) -> np.ndarray:
    """Chirps."""

    def chirp() -> np.ndarray:
        length = round(random.uniform(0.03, 0.25) * RATE)
        path = random.uniform(1500, 6000) * 2 ** (0.3 * slow_curve(length, random.uniform(5, 30), random))
        return np.sin(2 * np.pi * np.cumsum(path) / RATE) * np.hanning(length) * random.uniform(0.2, 1)

    return sprinkle(count, random.uniform(1, 10), chirp, random) + 0.005 * random.normal(size=count)


def crowd(count: int, random: np.random.Generator) -> np.ndarray:
    """A crowd or the sea far away: bands of noise, each with a strength of its own that varies."""
    parts = [
        np.exp(0.4 * slow_curve(count, random.uniform(1, 6), random))
        * normalize(band_pass(random.normal(size=count), random))
        for _ in range(random.integers(4, 10))
    ]
    return np.sum(parts, axis=0)


def band(count: int, random: np.random.Generator) -> np.ndarray:
    """Several instruments with drums."""
    parts = [drums, chords, melody, plucked_strings]
    chosen = random.choice(len(parts), random.integers(2, 5), replace=False)
    return np.sum([random.uniform(0.3, 1) * normalize(parts[k](count, random)) for k in chosen], axis=0)


def street(count: int, random: np.random.Generator) -> np.ndarray:
    """Two sounds of other kinds at once."""
    parts = [engine, wind, clicks, footsteps, siren, birds, crowd, hum, noise, claps]
    chosen = random.choice(len(parts), 2, replace=False)
    return np.sum([random.uniform(0.3, 1) * normalize(parts[k](count, random)) for k in chosen], axis=0)


KINDS: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    function.__name__: function
    for function in (
        noise, hum, engine, wind, clicks, drums, claps, footsteps, tones, chords, melody, plucked_strings, bells, siren,
        birds, crowd, band, street,
    )
}  # fmt: skip


def make(kind: str, seconds: float, random: np.random.Generator) -> np.ndarray:
    """Returns one sound with a root mean square of 1."""
    return normalize(KINDS[kind](round(seconds * RATE), random))


def normalize(samples: np.ndarray) -> np.ndarray:
    """Returns samples with a root mean square of 1."""
    return np.asarray(samples / max(float(np.sqrt(np.mean(samples**2))), 1e-9))


def slow_curve(count: int, hz: float, random: np.random.Generator) -> np.ndarray:
    """Returns a random curve of variance 1 that varies at a frequency."""
    knots = random.normal(size=max(4, round(2 * hz * count / RATE) + 2))
    return np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots)


def band_pass(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns samples through a random band."""
    low = 2 ** random.uniform(6, 11.5)
    high = min(low * 2 ** random.uniform(0.5, 4), 7800)
    return np.asarray(sosfilt(butter(2, [low, high], "band", fs=RATE, output="sos"), samples))


def harmonics(pitch: np.ndarray, strengths: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns a tone with overtones; those above the range are left out."""
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    known = [k for k in range(1, len(strengths) + 1) if k * pitch.max() < 7800]
    waves = [strengths[k - 1] * np.sin(k * phase + random.uniform(0, 6)) for k in known]
    return np.sum(waves, axis=0) if waves else np.zeros(len(pitch))


def sprinkle(
    count: int, per_second: float, make_one: Callable[[], np.ndarray], random: np.random.Generator
) -> np.ndarray:
    """Returns sounds at random times."""
    samples = np.zeros(count + 3 * RATE)
    for start in random.integers(0, count, max(1, round(per_second * count / RATE))):
        one = make_one()
        samples[start : start + len(one)] += one
    return samples[:count]


def _decay(samples: np.ndarray, seconds: float) -> np.ndarray:
    return np.asarray(samples * np.exp(-np.arange(len(samples)) / (seconds * RATE)))


def _blow(seconds: float, pitch: float | None, random: np.random.Generator) -> np.ndarray:
    hiss = np.diff(random.normal(size=RATE // 2 + 1))
    if pitch is None:
        return normalize(_decay(hiss, seconds / 3))
    times = np.arange(RATE // 2) / RATE
    skin = np.sin(2 * np.pi * pitch * (times + 0.02 * (1 - np.exp(-times / 0.02))))
    return normalize(_decay(skin + (random.uniform(0, 0.1) if pitch < 100 else 1.0) * hiss, seconds))


def _instrument(random: np.random.Generator) -> Callable[[float, float], np.ndarray]:
    """Returns a function of pitch in Hz and duration in s that plays a note of a random instrument."""
    strengths = random.exponential(size=16) / np.arange(1, 17) ** random.uniform(0.3, 3)
    if random.random() < 0.25:
        strengths[1::2] = 0
    attack, release, fade = random.uniform(0.004, 0.12), random.uniform(0.02, 0.3), random.choice([0.0, 1.0, 3.0, 8.0])
    vibrato, rate = random.choice([0.0, 0.0, random.uniform(0.002, 0.03)]), random.uniform(4, 7)
    breath, slide = random.choice([0.0, 0.0, random.uniform(0.01, 0.2)]), random.choice([0.0, 0.0, 0.06])

    def play(pitch: float, duration: float) -> np.ndarray:
        times = np.arange(round((duration + release) * RATE)) / RATE
        path = pitch * (1 + vibrato * np.sin(2 * np.pi * rate * times)) * 2 ** (-slide * np.exp(-times / 0.05))
        envelope = (
            np.minimum(1.0, times / attack)
            * np.exp(-fade * times)
            * np.clip((duration + release - times) / release, 0, 1)
        )
        return (harmonics(path, strengths, random) + breath * random.normal(size=len(times))) * envelope

    return play
