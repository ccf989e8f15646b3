"""Right, wrong and missed: precision, recall and F1."""

from dataclasses import dataclass
from typing import Self

from bodydouble.data import BoolArray


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of things; those of several clips are added. A ratio of nothing is NaN.

    Source: C. van Rijsbergen, "Information Retrieval", 1979.
    """

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0

    @classmethod
    def of(cls, predicted: BoolArray, truth: BoolArray) -> Self:
        """Counts of equally long lists of yes and no."""
        right = int((predicted & truth).sum())
        return cls(right, int(predicted.sum()) - right, int(truth.sum()) - right)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
        )

    def as_dict(self) -> dict[str, float]:
        """The numbers and the ratios."""
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
        """Share of the predicted that is true."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Share of the true that is predicted."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
