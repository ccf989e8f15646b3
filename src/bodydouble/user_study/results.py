"""Scores of the raters in a CSV file, one row per take.

In: a ``Trial`` and the ``TrialResponse`` of a rater. Out: rows of a CSV file with the columns ``COLUMNS``.
"""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bodydouble.errors import FormatError, InvalidDataError
from bodydouble.formats.atomic import output_errors
from bodydouble.user_study.trials import Trial

COLUMNS = ("rater", "time", "clip", "method", "side", "realism", "naturalness", "preferred", "against")
"""Columns of the file. ``preferred`` is 1 for the better take of a pair, 0 for the other, 0.5 for both if neither is
better, and empty for a single take; ``against`` is the method of the other take."""
SIDES = ("left", "right")
"""Positions of the takes on the page, in order."""
SAME = "same"
"""Preference of a rater who finds neither take better."""
MAX_SCORE = 10.0
"""Maximum score; the minimum is 0."""


@dataclass(frozen=True, slots=True)
class TakeScore:
    """Scores of one take by one rater, 0 to 10."""

    realism: float
    naturalness: float

    def __post_init__(self) -> None:
        # Written so that NaN fails, too.
        if not all(0.0 <= score <= MAX_SCORE for score in (self.realism, self.naturalness)):
            raise InvalidDataError(f"scores are between 0 and {MAX_SCORE:g}, not {self}")


@dataclass(frozen=True, slots=True)
class TrialResponse:
    """Response of a rater to a trial."""

    scores: tuple[TakeScore, ...]
    """Scores of the takes from left to right."""
    preferred: str | None
    """left, right or same; None for a single take."""

    def __post_init__(self) -> None:
        allowed = (*SIDES, SAME) if len(self.scores) == len(SIDES) else (None,)
        if self.preferred not in allowed:
            raise InvalidDataError(f"preferred is {self.preferred!r}, not one of {allowed}")


class Results:
    """Responses of one rater in a file shared by all raters. Each response is flushed to disk at once."""

    def __init__(self, path: Path, rater: str) -> None:
        """Opens a file; it is created with the first response.

        Raises:
            FormatError: the file holds other data.
            OutputError: the file cannot be read.
        """
        self._path, self._rater = path, rater
        with output_errors(path):
            text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        if text and next(csv.reader(io.StringIO(text)), None) != list(COLUMNS):
            raise FormatError(f"{path} is not a file of scores (columns {', '.join(COLUMNS)}); choose another with -o")
        self._is_new = not text
        self._line_ending = _missing_line_ending(text)
        rows = csv.DictReader(io.StringIO(text))
        self._answered = {(row["clip"], row["method"], row["against"]) for row in rows if row["rater"] == rater}

    def is_answered(self, trial: Trial) -> bool:
        """Returns whether the rater has answered the trial, with the takes on any side."""
        methods = [take.method for take in trial.takes]
        opponents = list(reversed(methods)) if len(methods) > 1 else [""]
        keys = {(take.clip, take.method, opponent) for take, opponent in zip(trial.takes, opponents, strict=True)}
        return keys <= self._answered

    def add(self, trial: Trial, response: TrialResponse, time: datetime | None = None) -> None:
        """Appends a response.

        Args:
            trial: the trial.
            response: response of the rater.
            time: time of the response; now by default.

        Raises:
            InvalidDataError: the number of scores differs from the number of takes.
            OutputError: the file cannot be written.
        """
        rows = list(_to_rows(self._rater, time or datetime.now(UTC), trial, response))
        self._append(([COLUMNS] if self._is_new else []) + rows)
        self._is_new = False
        self._answered |= {(row[2], row[3], row[8]) for row in rows}

    def _append(self, rows: Iterable[Sequence[str]]) -> None:
        """Writes rows with one call, so that concurrent programs do not interleave theirs, and syncs the file."""
        text = io.StringIO()
        text.write(self._line_ending)
        csv.writer(text, lineterminator="\n").writerows(rows)
        with output_errors(self._path), self._path.open("ab", buffering=0) as file:
            file.write(text.getvalue().encode())
            os.fsync(file.fileno())
        self._line_ending = ""


def _missing_line_ending(text: str) -> str:
    """Returns the characters that end the last row of a file that may have been truncated inside a quoted name."""
    if not text or text.endswith("\n"):
        return ""
    return ('"' if text.count('"') % 2 else "") + "\n"


def _to_rows(rater: str, time: datetime, trial: Trial, response: TrialResponse) -> Iterator[Sequence[str]]:
    if len(response.scores) != len(trial.takes):
        raise InvalidDataError(f"{len(response.scores)} scores for {len(trial.takes)} takes")
    timestamp = time.isoformat(timespec="milliseconds")
    opponents = [take.method for take in reversed(trial.takes)] if len(trial.takes) > 1 else [""]
    for take, side, score, opponent in zip(trial.takes, SIDES, response.scores, opponents, strict=False):
        scores = (f"{score.realism:g}", f"{score.naturalness:g}")
        yield rater, timestamp, take.clip, take.method, side, *scores, _preference(response.preferred, side), opponent


def _preference(preferred: str | None, side: str) -> str:
    if preferred is None:
        return ""
    return "0.5" if preferred == SAME else str(int(preferred == side))
