"""Speech of eSpeak NG with its phones and their times: random syllables in many languages and voices.

Needs the PyPI package ``espeakng-loader`` 0.2.4.
"""

# ruff: noqa: RUF001, the symbols of other alphabets are meant

import ctypes

import espeakng_loader
import numpy as np

PHONEME_EVENT = 7

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


def speak_random_sentence(synthesizer: Synthesizer, random: np.random.Generator) -> tuple[np.ndarray, Phones]:
    """Returns samples and phones of one sentence in a random voice."""
    language = random.choice(list(CONSONANTS))
    return synthesizer.speak(
        invent_text(language, random),
        language + random.choice(VARIANTS),
        int(random.integers(110, 230)),
        int(random.integers(20, 85)),
        int(random.integers(20, 80)),
    )
