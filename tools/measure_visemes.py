"""Measures mouth shapes on recordings of people: ``python tools/measure_visemes.py POCKETSPHINX_SOURCE``.

Input: the source package of ``pocketsphinx`` 5.1.1, unpacked, whose tests hold recordings with known text. The judge is
pocketsphinx: it aligns the text with the sound. Its decoder of phones, which does not know the text, is the other
method. Output: both methods' share of steps with the right mouth shape, and correlations of opening, rounding and
closing of the mouth, with the median error in time of the extrema.

Run it in an environment with ``pocketsphinx==5.1.1``, ``onnxruntime`` and ``numpy``.
"""

import re
import sys
import wave
from pathlib import Path

import numpy as np
from pocketsphinx import Decoder

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from bodydouble.data import SPEECH_RATE, VISEMES, Sound  # noqa: E402
from bodydouble.perception.speech.observe_speech import SpeechModel  # noqa: E402

RATE = 16000
LIBRIVOX = "librivox/sense_and_sensibility_01_austen_64kb-{}.wav"
TEXTS = {
    "goforward.raw": "go forward ten meters",
    LIBRIVOX.format(
        "0870"
    ): "and mister john dashwood had then leisure to consider how much there might be prudently in "
    "his power to do for them",
    LIBRIVOX.format("0880"): "he was not an ill disposed young man",
    LIBRIVOX.format("0890"): "unless to be rather cold hearted and rather selfish is to be ill disposed",
    LIBRIVOX.format(
        "0920"
    ): "had he married a more amiable woman he might have been made still more respectable than he was",
    LIBRIVOX.format("0930"): "he might even have been made amiable himself",
    "cards/001.wav": "ten of clubs",
    "cards/003.wav": "seven of clubs",
    "cards/005.wav": "eight of spades four of clubs seven of hearts",
}
PHONES = {
    "sil": "SIL", "PP": "P B M", "FF": "F V", "TT": "T D N L TH DH", "kk": "K G NG HH", "SS": "S Z",
    "CH": "SH ZH CH JH", "RR": "R", "aa": "AA AE", "E": "EH", "ih": "IH IY Y", "oh": "AO", "ou": "UH UW W", "uh": "AH",
}  # fmt: skip
DIPHTHONGS = {
    "ER": "uh RR", "AW": "aa ou", "AY": "aa ih", "EY": "E ih", "OW": "oh ou", "OY": "oh ih",
}  # fmt: skip
SHAPES_OF = {phone: [shape] for shape, phones in PHONES.items() for phone in phones.split()}
SHAPES_OF |= {phone: shapes.split() for phone, shapes in DIPHTHONGS.items()}
GROUPS = {"sil": 0, "PP": 1, "FF": 2, "aa": 4, "E": 5, "ih": 5, "oh": 6, "ou": 6, "uh": 7}
"""Closed lips, lip at the teeth, other consonants (3), open, spread, rounded and neutral vowels."""
GROUP_OF = np.array([GROUPS.get(shape, 3) for shape in VISEMES])
CURVES = {
    "opening": {
        "FF": 0.1, "TT": 0.2, "kk": 0.3, "SS": 0.1, "CH": 0.15, "RR": 0.25, "aa": 1.0, "E": 0.6, "ih": 0.3, "oh": 0.6,
        "ou": 0.3, "uh": 0.5,
    },
    "rounding": {"oh": 0.7, "ou": 1.0, "CH": 0.5, "RR": 0.3},
    "closing": {"PP": 1.0},
}  # fmt: skip
MAX_SHIFT = 0.12
"""Maximum distance in s of two extrema that are the same one."""


def read_samples(path: Path) -> np.ndarray:
    """Returns 16-bit samples (N,) at 16 kHz."""
    if path.suffix == ".raw":
        return np.fromfile(path, "<i2")
    with wave.open(str(path)) as file:
        assert file.getframerate() == RATE and file.getnchannels() == 1, path
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def run(decoder: Decoder, samples: np.ndarray) -> None:
    """Decodes a recording."""
    decoder.start_utt()
    decoder.process_raw(samples.tobytes(), full_utt=True)
    decoder.end_utt()


def align(samples: np.ndarray, text: str) -> list[tuple[str, int, int]]:
    """Returns phone, first step and step after the last one of each phone of a text."""
    decoder = Decoder(lm=None, loglevel="FATAL")
    decoder.set_align_text(text)
    run(decoder, samples)
    decoder.set_alignment()
    run(decoder, samples)
    return [(p.name, p.start, p.start + p.duration) for word in decoder.get_alignment() for p in word]


def decode_phones(samples: np.ndarray, model: Path) -> list[tuple[str, int, int]]:
    """Returns the same by the decoder of phones, without the text."""
    decoder = Decoder(lm=None, allphone=str(model), beam=1e-20, pbeam=1e-20, lw=2.0, loglevel="FATAL")
    run(decoder, samples)
    return [(part.word, part.start_frame, part.end_frame + 1) for part in decoder.seg()]


def to_shapes(phones: list[tuple[str, int, int]], steps: int) -> np.ndarray:
    """Returns the mouth shape (S,) of each step."""
    shapes = np.zeros(steps, np.int64)
    for phone, start, end in phones:
        names = SHAPES_OF.get(re.sub(r"\d", "", phone), ["sil"])
        edges = np.round(np.linspace(start, end, len(names) + 1)).astype(int)
        for name, low, high in zip(names, edges[:-1], edges[1:], strict=True):
            shapes[low:high] = VISEMES.index(name)
    return shapes


def smooth(values: np.ndarray) -> np.ndarray:
    """Smooths a curve by 40 ms, as the mouth does."""
    kernel = np.exp(-0.5 * (np.arange(-12, 13) / (0.04 * SPEECH_RATE)) ** 2)
    return np.convolve(values, kernel / kernel.sum(), "same")


def find_peaks(values: np.ndarray) -> np.ndarray:
    """Returns the steps of the clear maxima of a curve."""
    middle = values[1:-1]
    return 1 + np.flatnonzero((middle > values[:-2]) & (middle >= values[2:]) & (middle > 0.3 * values.max()))


def compare(name: str, probabilities: np.ndarray, truth: np.ndarray) -> None:
    """Prints the figures of one method."""
    spoken = truth > 0
    groups = np.stack([probabilities[:, k == GROUP_OF].sum(axis=1) for k in range(8)], axis=1)
    print(f"{name}: right shape {np.mean(probabilities.argmax(axis=1)[spoken] == truth[spoken]):.2f}", end=", ")
    print(f"right group {np.mean(groups.argmax(axis=1)[spoken] == GROUP_OF[truth[spoken]]):.2f}")
    for curve, weights in CURVES.items():
        factors = np.array([weights.get(shape, 0.0) for shape in VISEMES])
        expected, found = smooth(factors[truth]), smooth(probabilities @ factors)
        peaks, others = find_peaks(expected), find_peaks(found)
        shifts = np.array([others[np.argmin(np.abs(others - peak))] - peak for peak in peaks]) / SPEECH_RATE
        near = np.abs(shifts) <= MAX_SHIFT
        print(
            f"  {curve}: correlation {np.corrcoef(expected, found)[0, 1]:.2f}, "
            f"{near.mean():.0%} of {len(peaks)} maxima found, median error {np.median(np.abs(shifts[near])):.3f} s, "
            f"bias {np.median(shifts[near]):+.3f} s"
        )


def main() -> None:
    """Measures both methods."""
    source, model = Path(sys.argv[1]), SpeechModel()
    truths, ours, theirs = [], [], []
    for file, text in TEXTS.items():
        samples = read_samples(source / "test/data" / file)
        speech = model.observe(Sound(samples.astype(np.float32) / 2**15, RATE))
        assert speech is not None, file
        truths.append(to_shapes(align(samples, text), len(speech.activity)))
        silent = np.eye(len(VISEMES))[0]
        ours.append(np.where(speech.activity[:, None] >= 0.5, speech.visemes, silent))
        phones = decode_phones(samples, source / "model/en-us/en-us-phone.lm.bin")
        theirs.append(np.eye(len(VISEMES))[to_shapes(phones, len(speech.activity))])
    truth = np.concatenate(truths)
    print(f"{len(TEXTS)} recordings, {len(truth) / SPEECH_RATE:.0f} s, {np.mean(truth > 0):.0%} of them speech")
    compare("visemes.onnx", np.concatenate(ours), truth)
    compare("pocketsphinx without the text", np.concatenate(theirs), truth)


if __name__ == "__main__":
    main()
