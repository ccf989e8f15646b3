"""People's scores in a CSV file, one row per take seen."""

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
"""``preferred`` is 1 for the better take of a pair, 0 for the other, 0.5 for both if neither is better, and empty for
a take seen alone; ``against`` is the method of the other take."""
SIDES = ("left", "right")
SAME = "same"
LARGEST_SCORE = 10.0


@dataclass(frozen=True, slots=True)
class Score:
    """What a person thinks of one take, 0 to 10."""

    realism: float
    naturalness: float

    def __post_init__(self) -> None:
        # Written so that NaN fails, too.
        if not all(0.0 <= score <= LARGEST_SCORE for score in (self.realism, self.naturalness)):
            raise InvalidDataError(f"scores are between 0 and {LARGEST_SCORE:g}, not {self}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person thinks of a trial."""

    scores: tuple[Score, ...]
    """From left to right."""
    preferred: str | None
    """left, right or same; None for a take seen alone."""

    def __post_init__(self) -> None:
        wanted = (*SIDES, SAME) if len(self.scores) == len(SIDES) else (None,)
        if self.preferred not in wanted:
            raise InvalidDataError(f"preferred is {self.preferred!r}, not one of {wanted}")


class Results:
    """The scores of one person in a file that may hold those of others, too. Each answer is on the disk at once."""

    def __init__(self, path: Path, rater: str) -> None:
        """Opens a file; it is created with the first answer.

        Raises:
            FormatError: the file holds something else.
            OutputError: the file cannot be read.
        """
        self._path, self._rater = path, rater
        with output_errors(path):
            text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        if text and next(csv.reader(io.StringIO(text)), None) != list(COLUMNS):
            raise FormatError(f"{path} is not a file of scores (columns {', '.join(COLUMNS)}); choose another with -o")
        self._is_new = not text
        self._line_end = _missing_line_end(text)
        rows = csv.DictReader(io.StringIO(text))
        self._seen = {(row["clip"], row["method"], row["against"]) for row in rows if row["rater"] == rater}

    def has(self, trial: Trial) -> bool:
        """Whether this person has answered the trial, on whatever sides."""
        methods = [take.method for take in trial.takes]
        others = list(reversed(methods)) if len(methods) > 1 else [""]
        keys = {(take.clip, take.method, other) for take, other in zip(trial.takes, others, strict=True)}
        return keys <= self._seen

    def add(self, trial: Trial, answer: Answer, time: datetime | None = None) -> None:
        """Appends an answer.

        Args:
            trial: what was seen.
            answer: of this person.
            time: when; now by default.

        Raises:
            InvalidDataError: the answer has not one score for each take.
            OutputError: the file cannot be written.
        """
        rows = list(_rows(self._rater, time or datetime.now(UTC), trial, answer))
        self._append(([COLUMNS] if self._is_new else []) + rows)
        self._is_new = False
        self._seen |= {(row[2], row[3], row[8]) for row in rows}

    def _append(self, rows: Iterable[Sequence[str]]) -> None:
        """Writes rows in one piece, so that two programs do not mix theirs, and waits for the disk."""
        text = io.StringIO()
        text.write(self._line_end)
        csv.writer(text, lineterminator="\n").writerows(rows)
        with output_errors(self._path), self._path.open("ab", buffering=0) as file:
            file.write(text.getvalue().encode())
            os.fsync(file.fileno())
        self._line_end = ""


def _missing_line_end(text: str) -> str:
    """What ends the last row of a file, which may have been cut off in the middle of a quoted name."""
    if not text or text.endswith("\n"):
        return ""
    return ('"' if text.count('"') % 2 else "") + "\n"


def _rows(rater: str, time: datetime, trial: Trial, answer: Answer) -> Iterator[Sequence[str]]:
    if len(answer.scores) != len(trial.takes):
        raise InvalidDataError(f"{len(answer.scores)} scores for {len(trial.takes)} takes")
    when = time.isoformat(timespec="milliseconds")
    others = [take.method for take in reversed(trial.takes)] if len(trial.takes) > 1 else [""]
    for take, side, score, other in zip(trial.takes, SIDES, answer.scores, others, strict=False):
        scores = (f"{score.realism:g}", f"{score.naturalness:g}")
        yield rater, when, take.clip, take.method, side, *scores, _preference(answer.preferred, side), other


def _preference(preferred: str | None, side: str) -> str:
    if preferred is None:
        return ""
    return "0.5" if preferred == SAME else str(int(preferred == side))
