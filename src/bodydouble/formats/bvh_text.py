"""Text of BVH files: encodings, words with line numbers, timing, and rows of numbers."""

import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

from bodydouble.data import FloatArray
from bodydouble.errors import FormatError

NTSC_FACTOR = Fraction(1000, 1001)
"""Ratio of an NTSC rate to the whole rate that it is named after."""
COMMON_RATES = (24, 25, 30, 48, 50, 60, 72, 75, 90, 100, 120, 144, 150, 200, 240)
"""Frame rates that a frame time of few digits stands for."""
MAX_COARSE_DIGITS = 3
"""Maximum number of decimals of a coarse frame time, such as 0.033."""
ENCODINGS = {"cp932": "Shift-JIS", "euc_jp": "EUC-JP", "gb18030": "GB 18030", "cp1252": "Windows-1252"}
"""Encodings of files that are not UTF-8, in the order in which they are tried, and their names."""


class Tokens:
    """Iterator over the words of a text that keeps the number of the current line."""

    def __init__(self, path: Path, lines: list[str]) -> None:
        """Starts before the first word."""
        self.path, self.lines, self.line_number = path, lines, 0
        self.notes: list[str] = []
        self._words = self._iterate()

    def _iterate(self) -> Iterator[str]:
        for number, text in enumerate(self.lines, start=1):
            self.line_number = number
            yield from text.split()

    def error(self, message: str) -> FormatError:
        """Creates an error that names the file and the line."""
        return FormatError(f"{self.path}, line {self.line_number}: {message}")

    def next_word(self) -> str:
        """Returns the next word."""
        word = next(self._words, None)
        if word is None:
            raise self.error("the file ends too early")
        return word

    def expect(self, *words: str) -> None:
        """Skips the given words in any case; any other word is an error."""
        for expected in words:
            word = self.next_word()
            if word.upper() != expected.upper():
                raise self.error(f"expected {expected!r}, found {word!r}")

    def read_until(self, end: str) -> str:
        """Returns all words before the word ``end``, which is skipped."""
        return " ".join(iter(self.next_word, end))

    def parse_number(self, word: str) -> float:
        """Parses a word that must be a finite number."""
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(f"expected a number, found {word!r}")
        return value

    def next_count(self) -> int:
        """Parses the next word, which must be a whole number."""
        word = self.next_word()
        if not (word.isascii() and word.isdigit()):
            raise self.error(f"expected a whole number, found {word!r}")
        return int(word)


def read_text(path: Path) -> tuple[str, str | None]:
    """Reads a text file; returns its text and the name of its encoding, None if that is Unicode.

    Raises:
        FormatError: the file cannot be read or is no BVH text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"), None
    except UnicodeDecodeError as error:
        if not data.lstrip().upper().startswith(b"HIERARCHY"):
            raise FormatError(f"{path} is not a BVH file: it is not text") from error
    for encoding, name in ENCODINGS.items():
        try:
            return data.decode(encoding), name
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "Latin-1"


def parse_timing(tokens: Tokens) -> tuple[int, Fraction]:
    """Reads the number of frames and their rate."""
    tokens.expect("Frames:")
    frames = tokens.next_count()
    tokens.expect("Frame", "Time:")
    word = tokens.next_word()
    if frames == 0 or tokens.parse_number(word) <= 0:
        raise tokens.error("the number of frames and the frame time must be greater than zero")
    rate, is_coarse = _snap_frame_rate(Decimal(word))
    if is_coarse:
        tokens.notes.append(f"the frame time {word} is rounded; {rate} frames/s are assumed")
    return frames, rate


def _snap_frame_rate(frame_time: Decimal) -> tuple[Fraction, bool]:
    """Snaps a rounded frame time to the whole, NTSC (n * 1000/1001) or simple rate that it stands for.

    Coarse frame times may differ by 0.02 percent: less than the 0.1 percent between a whole and an NTSC rate. A frame
    time of at most three decimals stands for the common rate of which it is the rounded or truncated frame time.

    Returns:
        The rate, and whether it is such a guess.
    """
    exponent = frame_time.as_tuple().exponent
    last_digit = Fraction(10) ** exponent if isinstance(exponent, int) else Fraction(0)
    seconds = Fraction(frame_time)
    exact_rate = 1 / seconds
    for rate in (Fraction(round(exact_rate)), round(exact_rate / NTSC_FACTOR) * NTSC_FACTOR):
        if rate > 0 and abs(1 / rate - seconds) <= min(last_digit, seconds / 5000):
            return rate, False
    if last_digit >= Fraction(1, 10**MAX_COARSE_DIGITS):
        for whole in COMMON_RATES:
            if -last_digit / 2 <= Fraction(1, whole) - seconds < last_digit:
                return Fraction(whole), True
    simple = exact_rate.limit_denominator(1001)
    is_simple = simple > 0 and abs(1 / simple - seconds) <= min(last_digit, seconds / 5000)
    return (simple if is_simple else exact_rate), False


def parse_rows(tokens: Tokens, frames: int, columns: int) -> FloatArray:
    """Reads the numbers (frames, columns) on the lines after the current one; rows may be wrapped.

    One row more or less than declared is accepted with a note.
    """
    rows = [[tokens.parse_number(word) for word in words] for words in _split_rows(tokens, tokens.line_number, columns)]
    if abs(len(rows) - frames) > 1 or not rows:
        raise tokens.error(f"the file says {frames} frames but holds {len(rows)}")
    if len(rows) != frames:
        tokens.notes.append(f"the file says {frames} frames but holds {len(rows)}; these are read")
    return np.array(rows).reshape(len(rows), columns)


def _split_rows(tokens: Tokens, line: int, columns: int) -> Iterator[list[str]]:
    """Yields the words of each row, which begins at the start of a line; the current line is the row's last one."""
    row: list[str] = []
    first, first_length, is_wrapped = line, 0, False
    for number, text in enumerate(tokens.lines[line:], start=line + 1):
        words = text.split()
        if not words:
            continue
        if not row:
            first, first_length = number, len(words)
        row += words
        tokens.line_number = number
        if len(row) > columns:
            break
        if len(row) == columns:
            is_wrapped |= number > first
            yield row
            row = []
    if row:
        tokens.line_number = first
        raise tokens.error(f"expected {columns} numbers, found {first_length}")
    if is_wrapped:
        tokens.notes.append("rows of numbers are wrapped over several lines")
