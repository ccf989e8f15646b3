"""Trains the network of voice activity: ``python tools/train_voice_activity.py OUTPUT.onnx``.

Input: none; synthetic speech of eSpeak NG and Kokoro, and sounds without speech (``everyday_sounds.py``). Each clip is
a sequence of sentences, some of them with another sound in the background, of sounds without speech and of silence, in
one recording. Speech is never quieter than its background. Output: voice_activity.onnx, and the share of speech that is
found in other clips, with false alarms for each kind of sound.

Run it in an environment of its own, with what ``natural_voice.py`` needs. It works with Python 3.11 and
``espeakng-loader==0.2.4 numpy==2.4.6 scipy==1.17.1 onnx==1.23.2 onnxruntime==1.32.0``. The noise in eSpeak NG's
consonants differs from run to run, so the weights differ a little.
"""

import argparse
import hashlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_closing
from scipy.signal import resample

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import espeak_voice  # noqa: E402
import everyday_sounds  # noqa: E402
import natural_voice  # noqa: E402
import small_network  # noqa: E402
from bodydouble.data import SPEECH_RATE, Sound  # noqa: E402
from bodydouble.perception.speech import voice_activity, voice_features  # noqa: E402
from recordings import RATE, degrade  # noqa: E402

HIDDEN, EPOCHS = (96, 48), 6
SENTENCES, NATURAL_SENTENCES = 250, 45
"""Sentences of eSpeak NG and of Kokoro."""
FREQUENT = ("engine", "tones", "chords", "melody", "plucked_strings", "bells", "band")
"""Sounds with a pitch, which are the most like speech and come twice as often."""


@dataclass(frozen=True)
class Part:
    """A part of the training data."""

    kinds: tuple[str, ...]
    """Kinds of sounds without speech."""
    clips: int
    """Clips with speech."""
    quiet_clips: int
    """Clips without speech."""
    background: float
    """Share of the sentences that have another sound in the background."""
    max_ratio_db: float
    """Maximum level of the speech above it; the minimum is 0."""


VARIED = Part((*everyday_sounds.KINDS, *FREQUENT), 110, 110, 0.5, 25.0)
NOISY = Part(("noise", "hum", "engine", "wind", "crowd", "street"), 50, 25, 1.0, 15.0)
MUSICAL = Part(FREQUENT, 80, 140, 0.7, 25.0)
PARTS = (VARIED, VARIED, NOISY, NOISY, MUSICAL, MUSICAL)
KEPT = 3
"""One of so many steps is trained on; those next to each other hardly differ."""
HOP = RATE // SPEECH_RATE
SPOKEN = 1e-4
"""Power relative to the loudest steps from which on a step of clean speech is spoken."""
CLOSED_TIME = 0.2
"""Pauses in s up to which count as speech."""


def espeak_sentences(count: int, seed: int) -> list[np.ndarray]:
    """Returns sentences at 16 kHz."""
    synthesizer, random = espeak_voice.Synthesizer(), np.random.default_rng(seed)
    spoken = (espeak_voice.speak_random_sentence(synthesizer, random)[0] for _ in range(count))
    return [stretch(samples, synthesizer.rate, random) for samples in spoken]


def natural_sentences(count: int, seed: int) -> list[np.ndarray]:
    """Returns sentences at 16 kHz."""
    random = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        voice = natural_voice.NaturalVoice(Path(folder))
        spoken = [voice.speak(random)[0] for _ in range(count)]
    stretches = np.random.default_rng([seed, 1])
    return [stretch(samples, natural_voice.RATE, stretches) for samples in spoken]


def stretch(samples: np.ndarray, rate: int, random: np.random.Generator) -> np.ndarray:
    """Returns samples at 16 kHz of a longer or shorter vocal tract."""
    return np.asarray(resample(samples, round(len(samples) * RATE / rate * random.uniform(0.86, 1.18))))


def label_speech(samples: np.ndarray) -> np.ndarray:
    """Returns whether somebody speaks (S,), from speech without noise; short pauses count."""
    steps = -(-len(samples) // HOP)
    power = np.pad(samples, (0, steps * HOP - len(samples))).reshape(steps, HOP) ** 2
    power = np.convolve(power.mean(axis=1), np.ones(3) / 3, "same")
    spoken = power > SPOKEN * np.quantile(power, 0.95)
    width = round(CLOSED_TIME * SPEECH_RATE)
    return np.asarray(binary_closing(np.pad(spoken, width), np.ones(width))[width:-width])


def make_clip(sentences: list[np.ndarray], kind: Part, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns samples of a recording of sentences with other sounds between them, and its labels (S,)."""
    samples, labels = [], []
    for _ in range(random.integers(3, 7)):
        chance = random.random()
        if sentences and chance < 0.55:
            part, spoken = speak_somewhere(sentences[random.integers(len(sentences))], kind, random)
        else:
            part = np.zeros(round(random.uniform(0.2, 2.0) * SPEECH_RATE) * HOP)
            if not sentences or chance < 0.87:
                seconds = round(random.uniform(1.0, 5.0), 2)
                part = everyday_sounds.make(random.choice(kind.kinds), seconds, random) * 10 ** random.uniform(
                    -1.2, 0.3
                )
            spoken = np.zeros(len(part) // HOP, bool)
        samples.append(part)
        labels.append(spoken)
    return degrade(np.concatenate(samples), random), np.concatenate(labels)


def speak_somewhere(sentence: np.ndarray, kind: Part, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns samples of a sentence, maybe with another sound in the background, and labels (S,)."""
    spoken = label_speech(sentence)
    part = np.pad(sentence, (0, len(spoken) * HOP - len(sentence)))
    part = part / np.sqrt(np.mean(np.repeat(part.reshape(-1, HOP)[spoken] ** 2, 1)))
    if random.random() < kind.background:
        background = everyday_sounds.make(random.choice(kind.kinds), len(spoken) / SPEECH_RATE, random)
        part = part + 10 ** (-random.uniform(0, kind.max_ratio_db) / 20) * background[: len(part)]
    return part * 10 ** random.uniform(-0.5, 0.3), spoken


def describe(samples: np.ndarray) -> np.ndarray:
    """Returns the inputs (S, 510) of a recording."""
    return voice_features.stack(voice_features.voice_features(Sound(samples, RATE)))


def make_inputs(sentences: list[np.ndarray], part: Part, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns inputs (N, 510) and labels (N,) of all clips of a part."""
    random = np.random.default_rng(seed)
    inputs, targets = [], []
    for index in range(part.clips + part.quiet_clips):
        samples, labels = make_clip(sentences if index < part.clips else [], part, random)
        rows = np.arange(random.integers(KEPT), len(labels), KEPT)
        inputs.append(describe(samples)[rows])
        targets.append(labels[rows].astype(np.int64))
    return np.concatenate(inputs), np.concatenate(targets)


def detect(layers: small_network.Layers, samples: np.ndarray) -> np.ndarray:
    """Returns whether somebody speaks (S,)."""
    logits = small_network.forward(layers, describe(samples))[-1]
    return np.asarray(voice_activity.smooth(small_network.softmax(logits)[:, 1]) >= 0.5)


def report(layers: small_network.Layers, sentences: list[np.ndarray], name: str, seed: int) -> None:
    """Prints how much of the speech of recorded sentences is found, without and with a background."""
    random = np.random.default_rng(seed)
    for low, high in ((60, 60), (10, 20), (5, 10), (0, 5)):
        hits, alarms = [], []
        for sentence in sentences:
            part, spoken = speak_in_noise(sentence, random.uniform(low, high), random)
            found = detect(layers, part)
            hits.append(found[spoken])
            alarms.append(found[np.convolve(spoken, np.ones(21), "same") < 1])  # 0.1 s from speech
        found, false = np.concatenate(hits).mean(), np.concatenate(alarms).mean()
        print(f"{name}, background {low} to {high} dB lower: {found:.1%} found, {false:.1%} of the pauses")


def speak_in_noise(sentence: np.ndarray, ratio: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns samples of a sentence with silence around it, above a background by a ratio in dB, and labels (S,)."""
    sentence = np.pad(sentence, (RATE, RATE + (-len(sentence)) % HOP))
    spoken = label_speech(sentence)
    kind = random.choice(list(everyday_sounds.KINDS))
    background = everyday_sounds.make(kind, len(spoken) / SPEECH_RATE, random)[: len(sentence)]
    level = np.sqrt(np.mean(sentence[np.repeat(spoken, HOP)] ** 2))
    return sentence + 10 ** (-ratio / 20) * level * background, spoken


def report_alarms(layers: small_network.Layers, seed: int) -> None:
    """Prints the false alarms for each kind of sound."""
    random = np.random.default_rng(seed)
    for kind in everyday_sounds.KINDS:
        found = [detect(layers, degrade(everyday_sounds.make(kind, 6.0, random), random)) for _ in range(25)]
        print(f"{kind}: {np.mean(found):.2%} false alarms, in {np.sum(np.any(found, axis=1))} of {len(found)} sounds")


def main() -> None:
    """Trains, measures and writes the network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    sentences = espeak_sentences(SENTENCES, seed=0) + 3 * natural_sentences(NATURAL_SENTENCES, seed=0)
    inputs, targets = zip(*(make_inputs(sentences, part, seed) for seed, part in enumerate(PARTS)), strict=True)
    layers = small_network.train(np.concatenate(inputs), np.concatenate(targets), (*HIDDEN, 2), EPOCHS, seed=0)
    output.write_bytes(small_network.export(layers, "speech").SerializeToString())
    print(hashlib.sha256(output.read_bytes()).hexdigest(), output.name)
    report(layers, espeak_sentences(25, seed=1), "eSpeak NG", seed=100)
    report(layers, natural_sentences(10, seed=1), "Kokoro", seed=100)
    report_alarms(layers, seed=100)


if __name__ == "__main__":
    main()
