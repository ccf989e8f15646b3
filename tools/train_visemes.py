"""Trains the network of mouth shapes: ``python tools/train_visemes.py OUTPUT.onnx``.

Input: none; synthetic speech whose phones and their times are known. eSpeak NG speaks random syllables in many
languages and voices, so that no language's vocabulary is learnt. The network Kokoro speaks random words, and sounds
natural (``natural_voice.py``). Output: visemes.onnx, and OUTPUT.json with the table TYPICAL_SPECTRUM of
``perception/speech/viseme_network.py``.

Run it in an environment of its own, with what ``natural_voice.py`` needs. It works with Python 3.11 and
``espeakng-loader==0.2.4 numpy==2.4.6 scipy==1.17.1 onnx==1.23.2 onnxruntime==1.32.0``. Kokoro takes several times as
long as its speech. The noise in eSpeak NG's consonants differs from run to run, so the weights differ a little.
"""

# ruff: noqa: RUF001, the symbols of phonetics are meant

import argparse
import hashlib
import itertools
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.signal import resample

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import espeak_voice  # noqa: E402
import natural_voice  # noqa: E402
import small_network  # noqa: E402
from bodydouble.data import SPEECH_RATE, VISEMES, Sound  # noqa: E402
from bodydouble.perception.speech import log_mel, viseme_network  # noqa: E402
from espeak_voice import Phones, Synthesizer  # noqa: E402
from recordings import RATE, degrade  # noqa: E402

HIDDEN = (128, 64)
CLIPS, NATURAL_CLIPS, NATURAL_COPIES, EPOCHS = 500, 90, 4, 6
"""Sentences of eSpeak NG and of Kokoro, recordings of each of the latter, and passes of the training."""

SHAPES_OF_SYMBOLS = {
    "PP": "pbmɓɸβ", "FF": "fvɱʋ", "TT": "tdnlθðɾɫɭʈɖɳɬɮɗ", "kk": "kɡgŋxɣhɦqχʁɢɴcɟɲçʔʝʎħ", "SS": "szɕʑ",
    "CH": "ʃʒʂʐ", "RR": "ɹrɻʀɽ", "aa": "aɑæɐʌɒ", "E": "eɛ", "ih": "iɪjɨɩ", "oh": "oɔøœɤ", "ou": "uʊwyʉʏɯɥ",
    "uh": "əɜɚɝɘɵɞ",
}  # fmt: skip
"""Mouth shape -> symbols of the International Phonetic Alphabet."""
SHAPE_OF = {symbol: VISEMES.index(shape) for shape, symbols in SHAPES_OF_SYMBOLS.items() for symbol in symbols}
IGNORED = "ˈˌːˑ̩̯̃̍ʲʷʰ'`.-~̪̥̬͡"


def label_steps(phones: Phones, steps: int) -> np.ndarray:
    """Returns the mouth shape (S,) of each step; -1 where the symbol is unknown."""
    labels = np.zeros(steps, np.int64)
    for (start, symbols), (end, _) in itertools.pairwise(phones):
        known = [SHAPE_OF.get(symbol, -1) for symbol in symbols if symbol not in IGNORED]
        if symbols in ("tʃ", "dʒ", "tɕ", "dʑ", "tʂ", "dʐ", "ts", "dz"):
            known = known[1:]
        edges = np.linspace(start, end, len(known) + 1) * SPEECH_RATE
        for shape, (low, high) in zip(known, itertools.pairwise(edges), strict=True):
            labels[round(low) : round(high)] = shape
    return labels


def make_clip(synthesizer: Synthesizer, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns samples at 16 kHz of one sentence in a random voice and recording, and its labels (S,)."""
    speech, phones = espeak_voice.speak_random_sentence(synthesizer, random)
    return record(speech, phones, synthesizer.rate, random)


def record(speech: np.ndarray, phones: Phones, rate: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns samples at 16 kHz of speech in a random recording, and its labels (S,)."""
    stretch = random.uniform(0.86, 1.18)  # a longer or shorter vocal tract
    samples = resample(speech, round(len(speech) * RATE / rate * stretch))
    pause = random.uniform(0.1, 0.5)
    samples = np.concatenate([np.zeros(round(pause * RATE)), samples, np.zeros(round(0.3 * RATE))])
    timed = [(pause + time * stretch, phone) for time, phone in phones]
    return degrade(samples, random), label_steps(timed, -(-len(samples) * SPEECH_RATE // RATE))


Examples = list[tuple[np.ndarray, np.ndarray]]
"""Features (S, 26), not normalized, and labels (S,) of clips."""


def describe(samples: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the features of a clip, and its labels."""
    spectra = log_mel.power_spectra(Sound(samples, RATE))
    return log_mel.log_mel(spectra, (labels > 0).astype(float), RATE).astype(np.float32), labels


def make_examples(count: int, seed: int) -> Examples:
    """Returns clips that eSpeak NG speaks."""
    synthesizer, random = Synthesizer(), np.random.default_rng(seed)
    return [describe(*make_clip(synthesizer, random)) for _ in range(count)]


def make_natural_examples(count: int, copies: int, seed: int) -> Examples:
    """Returns several recordings each of clips that Kokoro speaks."""
    random = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        voice = natural_voice.NaturalVoice(Path(folder))
        spoken = [voice.speak(random) for _ in range(count)]
    return [
        describe(*record(speech, phones, natural_voice.RATE, random))
        for _ in range(copies)
        for speech, phones in spoken
    ]


def normalized_inputs(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Returns the inputs (N, 390) and labels (N,) of all steps with a known label."""
    stacked = [
        viseme_network.stack_context(viseme_network.normalize(features, (labels > 0).astype(float)))
        for features, labels in examples
    ]
    inputs, targets = np.concatenate(stacked), np.concatenate([labels for _, labels in examples])
    return inputs[targets >= 0], targets[targets >= 0]


def main() -> None:
    """Trains and writes the network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    examples = make_natural_examples(NATURAL_CLIPS, NATURAL_COPIES, seed=0) + make_examples(CLIPS, seed=0)
    speech = np.concatenate([features[labels > 0] for features, labels in examples])
    viseme_network.TYPICAL_SPECTRUM = np.round(speech.mean(axis=0).astype(float), 2)
    arguments.output.with_suffix(".json").write_text(json.dumps(viseme_network.TYPICAL_SPECTRUM.tolist()))
    layers = small_network.train(*normalized_inputs(examples), (*HIDDEN, len(VISEMES)), EPOCHS, seed=0)
    inputs, targets = normalized_inputs(make_examples(100, seed=1))
    print(f"right in other clips: {np.mean(small_network.forward(layers, inputs)[-1].argmax(axis=1) == targets):.3f}")
    arguments.output.write_bytes(small_network.export(layers, "visemes").SerializeToString())
    print(hashlib.sha256(arguments.output.read_bytes()).hexdigest(), arguments.output.name)


if __name__ == "__main__":
    main()
