import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bodydouble.errors import FormatError, InvalidDataError, OutputError
from bodydouble.user_study.results import COLUMNS, Results, TakeScore, TrialResponse
from bodydouble.user_study.trials import Take, Trial

OURS, THEIRS, THIRD = (Take("walk, slowly", method, Path()) for method in ("ours", 'their "best"', "third"))
PAIR, ALONE = Trial((OURS, THEIRS)), Trial((OURS,))
BETTER_RIGHT = TrialResponse((TakeScore(2.5, 3), TakeScore(7, 10)), "right")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_response_is_one_row_per_take(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    Results(path, "anna").add(PAIR, BETTER_RIGHT, NOON)
    shared = {"rater": "anna", "time": "2026-01-02T12:00:00.000+00:00", "clip": "walk, slowly"}
    left = {"method": "ours", "side": "left", "realism": "2.5", "naturalness": "3", "preferred": "0"}
    right = {"method": 'their "best"', "side": "right", "realism": "7", "naturalness": "10", "preferred": "1"}
    assert read_rows(path) == [shared | left | {"against": 'their "best"'}, shared | right | {"against": "ours"}]


@pytest.mark.parametrize(
    ("preferred", "saved"), [("left", ["1", "0"]), ("right", ["0", "1"]), ("same", ["0.5", "0.5"])]
)
def test_the_preferences_of_a_pair_add_up_to_one(tmp_path: Path, preferred: str, saved: list[str]) -> None:
    Results(tmp_path / "scores.csv", "anna").add(PAIR, TrialResponse((TakeScore(1, 1), TakeScore(1, 1)), preferred))
    assert [row["preferred"] for row in read_rows(tmp_path / "scores.csv")] == saved


def test_answered_trials_are_recognised_with_sides_swapped(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    Results(path, "anna").add(PAIR, BETTER_RIGHT)
    later = Results(path, "anna")
    assert later.is_answered(PAIR) and later.is_answered(Trial((THEIRS, OURS)))
    assert not later.is_answered(ALONE) and not later.is_answered(Trial((OURS, THIRD)))
    assert not Results(path, "bert").is_answered(PAIR)


def test_raters_share_a_file_with_one_header(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    first, second = Results(path, "anna"), Results(path, "bert")
    first.add(PAIR, BETTER_RIGHT)
    Results(path, "bert").add(PAIR, BETTER_RIGHT)
    first.add(ALONE, TrialResponse((TakeScore(1, 2),), None))
    assert [row["rater"] for row in read_rows(path)] == ["anna", "anna", "bert", "bert", "anna"]
    assert read_rows(path)[-1]["preferred"] == read_rows(path)[-1]["against"] == ""
    assert second.is_answered(PAIR) is False


def test_a_truncated_file_can_be_continued(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    Results(path, "anna").add(PAIR, BETTER_RIGHT)
    complete = path.read_bytes()
    for length in range(complete.index(b"\n"), len(complete) - 1):
        path.write_bytes(complete[:length])
        again = Results(path, "anna")
        if not again.is_answered(PAIR):
            again.add(PAIR, BETTER_RIGHT)
        assert path.read_bytes().startswith(complete[:length])
        assert Results(path, "anna").is_answered(PAIR)
        assert [row["method"] for row in read_rows(path)][-2:] == [OURS.method, THEIRS.method]


@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_files_saved_by_a_spreadsheet_are_read(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "scores.csv"
    Results(path, "anna").add(PAIR, BETTER_RIGHT)
    text = mark + path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_bytes(text.encode())
    assert Results(path, "anna").is_answered(PAIR)


def test_other_files_are_not_modified(tmp_path: Path) -> None:
    path = tmp_path / "budget.csv"
    path.write_text("month,money\n")
    with pytest.raises(FormatError, match="not a file of scores"):
        Results(path, "anna")
    assert path.read_text() == "month,money\n"
    with pytest.raises(OutputError):
        Results(tmp_path, "anna")


@pytest.mark.parametrize("score", [-0.5, 10.5, float("nan"), float("inf")])
def test_rejects_scores_outside_0_to_10(score: float) -> None:
    with pytest.raises(InvalidDataError):
        TakeScore(score, 5)
    with pytest.raises(InvalidDataError):
        TakeScore(5, score)


@pytest.mark.parametrize(("takes", "preferred"), [(1, "left"), (2, None), (2, "up"), (2, ["left"]), (0, "left")])
def test_only_pairs_have_a_preference(takes: int, preferred: str | None) -> None:
    with pytest.raises(InvalidDataError):
        TrialResponse((TakeScore(1, 1),) * takes, preferred)


def test_rejects_responses_without_a_score_for_each_take(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError):
        Results(tmp_path / "scores.csv", "anna").add(ALONE, BETTER_RIGHT)
    assert not (tmp_path / "scores.csv").exists()


def test_the_columns_are_fixed(tmp_path: Path) -> None:
    Results(tmp_path / "scores.csv", "anna").add(PAIR, BETTER_RIGHT)
    heading = (tmp_path / "scores.csv").read_text().splitlines()[0]
    assert heading == "rater,time,clip,method,side,realism,naturalness,preferred,against" == ",".join(COLUMNS)
