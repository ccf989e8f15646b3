"""Trains the network of mouth shapes: ``python tools/train_visemes.py OUTPUT.onnx``.

Input: none; synthetic speech whose phones and their times are known. eSpeak NG speaks random syllables in many
languages and voices, so that no language's vocabulary is learnt. The network Kokoro speaks random words, and sounds
natural (``natural_voice.py``). Output: visemes.onnx, and OUTPUT.json with the table TYPICAL_SPECTRUM of
``perception/speech/viseme_network.py``.

Run it in an environment of its own, with what ``natural_voice.py`` needs. It works with Python 3.11 and
``espeakng-loader==0.2.4 numpy==2.4.6 scipy==1.17.1 onnx==1.23.2 onnxruntime==1.32.0``. Kokoro takes several times as
long as its speech; the number of threads changes the last digits of the weights.
"""

# ruff: noqa: RUF001, the symbols of phonetics and of other alphabets are meant

import argparse
import ctypes
import hashlib
import itertools
import json
import sys
import tempfile
from pathlib import Path

import espeakng_loader
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from scipy.signal import butter, lfilter, resample, sosfilt

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import natural_voice  # noqa: E402
from bodydouble.data import SPEECH_RATE, VISEMES, Sound  # noqa: E402
from bodydouble.perception.speech import log_mel, viseme_network  # noqa: E402

RATE = 16000
HIDDEN = (128, 64)
CLIPS, NATURAL_CLIPS, NATURAL_COPIES, EPOCHS = 500, 90, 4, 6
"""Sentences of eSpeak NG and of Kokoro, recordings of each of the latter, and passes of the training."""
PHONEME_EVENT = 7

SHAPES_OF_SYMBOLS = {
    "PP": "pbmɓɸβ", "FF": "fvɱʋ", "TT": "tdnlθðɾɫɭʈɖɳɬɮɗ", "kk": "kɡgŋxɣhɦqχʁɢɴcɟɲçʔʝʎħ", "SS": "szɕʑ",
    "CH": "ʃʒʂʐ", "RR": "ɹrɻʀɽ", "aa": "aɑæɐʌɒ", "E": "eɛ", "ih": "iɪjɨɩ", "oh": "oɔøœɤ", "ou": "uʊwyʉʏɯɥ",
    "uh": "əɜɚɝɘɵɞ",
}  # fmt: skip
"""Mouth shape -> symbols of the International Phonetic Alphabet."""
SHAPE_OF = {symbol: VISEMES.index(shape) for shape, symbols in SHAPES_OF_SYMBOLS.items() for symbol in symbols}
IGNORED = "ˈˌːˑ̩̯̃̍ʲʷʰ'`.-~̪̥̬͡"

CONSONANTS = {
    "en-us": "b d f g h j k l m n p r s t v w z ch sh th st br pl m p b",
    "de": "b d f g h j k l m n p r s t w z sch ch pf m p b",
    "fr": "b d f g j k l m n p r s t v z ch gn m p b",
    "es": "b d f g j k l m n p r rr s t ch y ñ m p b",
    "it": "b d f g l m n p r s t v z sc gn m p b",
    "pt": "b d f g j l m n p r s t v z ch nh lh m p b",
    "tr": "b c ç d f g h j k l m n p r s ş t v y z m p b",
    "fi": "d h j k l m n p r s t v m p",
    "id": "b c d f g h j k l m n p r s t w y z ng m p b",
    "pl": "b c d f g h j k l ł m n p r s sz t w z cz m p b",
    "sv": "b d f g h j k l m n p r s t v sj m p b",
    "hu": "b c cs d f g h j k l m n p r s sz t v z zs m p b",
    "ru": "б в г д ж з к л м н п р с т ф х ц ч ш м п б",
    "ja": "",
}
"""Language -> spellings of consonants; those of closed lips come twice. Japanese is written in KANA."""
VOWELS = {
    "en-us": "a e i o u ee oo ou ai oa ar er ow ay",
    "de": "a e i o u ä ö ü ei au ie ah oh uh",
    "fr": "a e é i o u ou an on eau eu ai",
    "es": "a e i o u ia ue ai",
    "it": "a e i o u ia uo ai",
    "pt": "a e i o u ão ei ou",
    "tr": "a e ı i o ö u ü",
    "fi": "a e i o u y ä ö aa ee ii oo uu",
    "id": "a e i o u ai au",
    "pl": "a e i o u y ą ę",
    "sv": "a e i o u y å ä ö",
    "hu": "a á e é i í o ó ö ő u ú ü ű",
    "ru": "а е и о у ы э я ю ё",
    "ja": "",
}
"""Language -> spellings of vowels."""
KANA = (
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわん"
    "がぎぐげござじずぜぞだでどばびぶべぼぱぴぷぺぽまみむめもばぶぽ"
)
VARIANTS = ("", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+f1", "+f2", "+f3", "+f4", "+f5")

Phones = list[tuple[float, str]]
"""Start in s and symbols of each phone; the last one is the end."""


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int), ("unique_id", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("phone", ctypes.c_char * 8),
    ]  # fmt: skip


class Synthesizer:
    """eSpeak NG through its C interface."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.rate = self._library.espeak_Initialize(2, 0, data, 3)  # synchronous; phones as events, in IPA
        self._samples: list[np.ndarray] = []
        self._phones: list[tuple[int, str]] = []
        callback_type = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
        )
        self._callback = callback_type(self._receive)
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, samples: object, count: int, events: object) -> int:
        if count:
            self._samples.append(np.ctypeslib.as_array(samples, (count,)).copy())
        for event in iter(events):
            if event.type == 0:
                break
            if event.type == PHONEME_EVENT:
                self._phones.append((event.sample, event.phone.decode("utf-8", "ignore")))
        return 0

    def speak(self, text: str, voice: str, speed: int, pitch: int, pitch_range: int) -> tuple[np.ndarray, Phones]:
        """Returns samples and phones."""
        self._samples.clear()
        self._phones.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SystemExit(f"eSpeak NG has no voice {voice}")
        for parameter, value in ((1, speed), (3, pitch), (4, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        encoded = text.encode()
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, 1, None, None)
        self._library.espeak_Synchronize()
        samples = np.concatenate(self._samples).astype(np.float64) / 2**15
        return samples, [(sample / self.rate, phone) for sample, phone in self._phones]


def invent_text(language: str, random: np.random.Generator) -> str:
    """Returns a sentence of random syllables."""
    words = []
    for _ in range(random.integers(4, 9)):
        count = random.integers(1, 4)
        if language == "ja":
            words.append("".join(random.choice(list(KANA), 2 * count)))
            continue
        consonants, vowels = CONSONANTS[language].split(), VOWELS[language].split()
        word = "".join(random.choice(consonants) + random.choice(vowels) for _ in range(count))
        words.append(word + (random.choice(consonants) if random.random() < 0.3 and language != "it" else ""))
        if random.random() < 0.15:
            words[-1] += ","
    return " ".join(words) + "."


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
    language = random.choice(list(CONSONANTS))
    speech, phones = synthesizer.speak(
        invent_text(language, random),
        language + random.choice(VARIANTS),
        int(random.integers(110, 230)),
        int(random.integers(20, 85)),
        int(random.integers(20, 80)),
    )
    return record(speech, phones, synthesizer.rate, random)


def record(speech: np.ndarray, phones: Phones, rate: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns samples at 16 kHz of speech in a random recording, and its labels (S,)."""
    stretch = random.uniform(0.86, 1.18)  # a longer or shorter vocal tract
    samples = resample(speech, round(len(speech) * RATE / rate * stretch))
    pause = random.uniform(0.1, 0.5)
    samples = np.concatenate([np.zeros(round(pause * RATE)), samples, np.zeros(round(0.3 * RATE))])
    timed = [(pause + time * stretch, phone) for time, phone in phones]
    return degrade(samples, random), label_steps(timed, -(-len(samples) * SPEECH_RATE // RATE))


def degrade(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns samples as if recorded in a room, by a microphone, with noise."""
    tilt = random.uniform(-0.6, 0.6)
    samples = lfilter([1.0, -tilt], [1.0], samples)
    if random.random() < 0.5:
        center, width = random.uniform(300, 4000), random.uniform(200, 1500)
        band = butter(1, [max(center - width / 2, 60), center + width / 2], "band", fs=RATE, output="sos")
        samples = samples + random.uniform(-0.5, 1.5) * sosfilt(band, samples)
    if random.random() < 0.5:
        decay = random.uniform(0.03, 0.25)
        tail = random.normal(size=int(2 * decay * RATE)) * np.exp(
            -np.arange(int(2 * decay * RATE)) / (decay * RATE / 3)
        )
        tail *= random.uniform(0.05, 0.4) / np.linalg.norm(tail)
        samples = samples + np.convolve(samples, tail)[: len(samples)]
    if random.random() < 0.25:
        samples = sosfilt(butter(6, random.uniform(3200, 6500), fs=RATE, output="sos"), samples)
    color = random.uniform(0.0, 0.97)
    noise = lfilter([1.0], [1.0, -color], random.normal(size=len(samples)))
    ratio = 10 ** (-random.uniform(8, 60) / 20)
    return np.asarray(samples + noise * ratio * samples.std() / noise.std())


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


Layers = list[list[np.ndarray]]


def forward(layers: Layers, inputs: np.ndarray) -> list[np.ndarray]:
    """Returns the activations of all layers, the last ones as logits."""
    activations = [inputs]
    for index, (weights, bias) in enumerate(layers):
        values = activations[-1] @ weights + bias
        activations.append(values if index == len(layers) - 1 else np.maximum(values, 0.0))
    return activations


def softmax(logits: np.ndarray) -> np.ndarray:
    """Returns probabilities."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def train(inputs: np.ndarray, targets: np.ndarray, epochs: int, seed: int) -> Layers:
    """Trains by Adam with dropout on the cross-entropy."""
    random = np.random.default_rng(seed)
    sizes = (inputs.shape[1], *HIDDEN, len(VISEMES))
    layers = [
        [(random.normal(size=(a, b)) * np.sqrt(2 / a)).astype(np.float32), np.zeros(b, np.float32)]
        for a, b in itertools.pairwise(sizes)
    ]
    moments = [[(np.zeros_like(p), np.zeros_like(p)) for p in layer] for layer in layers]
    batch, step = 512, 0
    total = epochs * (len(inputs) // batch)
    for epoch in range(epochs):
        order, loss = random.permutation(len(inputs)), 0.0
        for start in range(0, len(order) - batch + 1, batch):
            rows = order[start : start + batch]
            step += 1
            activations = [inputs[rows]]
            masks = []
            for index, (weights, bias) in enumerate(layers):
                values = activations[-1] @ weights + bias
                if index < len(layers) - 1:
                    mask = (values > 0) * (random.random(values.shape) < 0.85).astype(np.float32) / np.float32(0.85)
                    masks.append(mask)
                    values = values * mask
                activations.append(values)
            probabilities = softmax(activations[-1])
            loss -= float(np.log(probabilities[np.arange(batch), targets[rows]] + 1e-9).mean())
            gradient = probabilities
            gradient[np.arange(batch), targets[rows]] -= 1.0
            gradient /= batch
            rate = 2e-3 * 0.5 * (1 + np.cos(np.pi * step / total))
            for index in reversed(range(len(layers))):
                gradients = [activations[index].T @ gradient + 1e-5 * layers[index][0], gradient.sum(axis=0)]
                if index:
                    gradient = (gradient @ layers[index][0].T) * masks[index - 1]
                for k, value in enumerate(gradients):
                    first, second = moments[index][k]
                    first += 0.1 * (value - first)
                    second += 0.001 * (value**2 - second)
                    corrected = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
                    layers[index][k] -= (rate * corrected).astype(np.float32)
        print(f"epoch {epoch}: loss {loss / (len(inputs) // batch):.3f}", flush=True)
    return layers


def export(layers: Layers) -> onnx.ModelProto:
    """Returns the network as ONNX, with half-precision weights."""
    nodes, initializers, name = [], [], "features"
    for index, (weights, bias) in enumerate(layers):
        for part, value in (("weights", weights), ("bias", bias)):
            initializers.append(numpy_helper.from_array(value.astype(np.float16), f"{part}{index}_half"))
            nodes.append(helper.make_node("Cast", [f"{part}{index}_half"], [f"{part}{index}"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Gemm", [name, f"weights{index}", f"bias{index}"], [f"values{index}"]))
        kind = "Softmax" if index == len(layers) - 1 else "Relu"
        name = "visemes" if index == len(layers) - 1 else f"hidden{index}"
        nodes.append(helper.make_node(kind, [f"values{index}"], [name]))
    size = layers[0][0].shape[0]
    graph = helper.make_graph(
        nodes,
        "visemes",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["steps", size])],
        [helper.make_tensor_value_info("visemes", TensorProto.FLOAT, ["steps", len(VISEMES)])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Trains and writes the network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    examples = make_natural_examples(NATURAL_CLIPS, NATURAL_COPIES, seed=0) + make_examples(CLIPS, seed=0)
    speech = np.concatenate([features[labels > 0] for features, labels in examples])
    viseme_network.TYPICAL_SPECTRUM = np.round(speech.mean(axis=0).astype(float), 2)
    arguments.output.with_suffix(".json").write_text(json.dumps(viseme_network.TYPICAL_SPECTRUM.tolist()))
    layers = train(*normalized_inputs(examples), EPOCHS, seed=0)
    inputs, targets = normalized_inputs(make_examples(100, seed=1))
    print(f"right in other clips: {np.mean(forward(layers, inputs)[-1].argmax(axis=1) == targets):.3f}")
    arguments.output.write_bytes(export(layers).SerializeToString())
    print(hashlib.sha256(arguments.output.read_bytes()).hexdigest(), arguments.output.name)


if __name__ == "__main__":
    main()
