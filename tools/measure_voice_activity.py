"""Measures voice activity: ``python tools/measure_voice_activity.py POCKETSPHINX_SOURCE [FOLDER ...]``.

Input: the source package of ``pocketsphinx`` 5.1.1, unpacked, whose tests hold recordings of people; and folders of
sounds in which nobody speaks. The truth of a recording is its text, aligned with the sound by pocketsphinx; pauses of
up to 0.2 s count as speech. Output: the share of the steps with speech that is found, in the recordings as they are and
with white noise, false alarms in their pauses, and false alarms in each of the other sounds.

Run it in an environment with ``pocketsphinx==5.1.1``, ``onnxruntime``, ``av`` and ``scipy``.
"""

import sys
from pathlib import Path

import av
import numpy as np
from scipy.ndimage import binary_closing

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from bodydouble.data import SPEECH_RATE, Sound  # noqa: E402
from bodydouble.perception.speech.voice_activity import VoiceActivity  # noqa: E402
from measure_visemes import RATE, TEXTS, align, read_samples  # noqa: E402

CLOSED_TIME = 0.2
"""Pauses in s up to which count as speech."""
EDGE_TIME = 0.1
"""Time in s around speech in which an alarm is not false."""
SUFFIXES = (".wav", ".mp3", ".ogg", ".flac", ".mp4")
RATIOS_DB = (np.inf, 20.0, 10.0, 5.0)
"""Levels of speech above the noise that is added."""


def speech_of(samples: np.ndarray, text: str) -> np.ndarray:
    """Returns whether somebody speaks (S,) in a recording with a known text."""
    steps = -(-len(samples) * SPEECH_RATE // RATE)
    spoken = np.zeros(steps, bool)
    for phone, start, end in align(samples, text):
        spoken[start:end] |= phone not in ("SIL", "+NSN+", "+SPN+")
    width = round(CLOSED_TIME * SPEECH_RATE)
    return np.asarray(binary_closing(np.pad(spoken, width), np.ones(width))[width:-width])


def measure_recordings(detector: VoiceActivity, source: Path) -> None:
    """Prints the share of speech that is found and the false alarms in pauses."""
    random = np.random.default_rng(0)
    near = np.ones(round(2 * EDGE_TIME * SPEECH_RATE) + 1)
    recordings = [(read_samples(source / "test/data" / file), text) for file, text in TEXTS.items()]
    truths = [speech_of(samples, text) for samples, text in recordings]
    for ratio in RATIOS_DB:
        hits, alarms = [], []
        for (samples, _), spoken in zip(recordings, truths, strict=True):
            signal = samples / 2**15
            level = np.sqrt(np.mean(signal**2)) * 10 ** (-ratio / 20)
            activity = detector.detect(Sound(signal + level * random.normal(size=len(signal)), RATE)) >= 0.5
            hits.append(activity[spoken])
            alarms.append(activity[np.convolve(spoken, near, "same") < 1])
        shares = ", ".join(f"{np.mean(hit):.2f}" for hit in hits)
        found, false = np.concatenate(hits), np.concatenate(alarms)
        print(f"noise {ratio} dB lower: {found.mean():.1%} of {len(found)} steps found ({shares})", end=", ")
        print(f"{false.mean():.1%} of {len(false)} steps of pauses are false alarms")


def measure_sounds(detector: VoiceActivity, folder: Path) -> None:
    """Prints the false alarms in each sound of a folder."""
    alarms = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES):
        alarms.append(detector.detect(Sound(decode(path), RATE)) >= 0.5)
        print(f"{path.name}: {np.mean(alarms[-1]):.1%} of {len(alarms[-1]) / SPEECH_RATE:.1f} s are false alarms")
    steps = np.concatenate(alarms)
    print(f"{folder.name}: {steps.mean():.2%} of {len(steps)} steps in {len(alarms)} sounds are false alarms")


def decode(path: Path) -> np.ndarray:
    """Returns the samples of a file at 16 kHz."""
    resampler = av.AudioResampler("flt", "mono", RATE)
    with av.open(str(path)) as container:
        frames = [*container.decode(audio=0), None]
        return np.concatenate([part.to_ndarray()[0] for frame in frames for part in resampler.resample(frame)])


def main() -> None:
    """Measures recordings and other sounds."""
    source, *folders = map(Path, sys.argv[1:])
    detector = VoiceActivity()
    measure_recordings(detector, source)
    for folder in folders:
        measure_sounds(detector, folder)


if __name__ == "__main__":
    main()
