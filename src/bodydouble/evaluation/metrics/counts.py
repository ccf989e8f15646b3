"""True positives, false positives and false negatives, with precision, recall and F1."""

from dataclasses import dataclass
from typing import Self

from bodydouble.data import BoolArray


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of detections; those of several clips are added. A ratio without cases is NaN.

    Source: C. van Rijsbergen, "Information Retrieval", 1979.
    """

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0

    @classmethod
    def from_labels(cls, predicted: BoolArray, truth: BoolArray) -> Self:
        """Counts the agreement of two boolean arrays of one shape."""
        true_positive = int((predicted & truth).sum())
        return cls(true_positive, int(predicted.sum()) - true_positive, int(truth.sum()) - true_positive)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
        )

    def as_dict(self) -> dict[str, float]:
        """Returns the counts and the ratios under their JSON keys."""
        return {
            "true_positive": self.true_positive,
            "false_positive": self.false_positive,
            "false_negative": self.false_negative,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }

    @property
    def precision(self) -> float:
        """Fraction of the predicted cases that are true."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Fraction of the true cases that are predicted."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
