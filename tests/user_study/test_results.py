import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bodydouble.errors import FormatError, InvalidDataError, OutputError
from bodydouble.user_study.results import COLUMNS, Answer, Results, Score
from bodydouble.user_study.trials import Take, Trial

OURS, THEIRS, THIRD = (Take("walk, slowly", method, Path()) for method in ("ours", 'their "best"', "third"))
PAIR, ALONE = Trial((OURS, THEIRS)), Trial((OURS,))
BETTER_RIGHT = Answer((Score(2.5, 3), Score(7, 10)), "right")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_an_answer_is_one_row_per_take(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    Results(path, "anna").add(PAIR, BETTER_RIGHT, NOON)
    shared = {"rater": "anna", "time": "2026-01-02T12:00:00.000+00:00", "clip": "walk, slowly"}
    left = {"method": "ours", "side": "left", "realism": "2.5", "naturalness": "3", "preferred": "0"}
    right = {"method": 'their "best"', "side": "right", "realism": "7", "naturalness": "10", "preferred": "1"}
    assert rows(path) == [shared | left | {"against": 'their "best"'}, shared | right | {"against": "ours"}]


@pytest.mark.parametrize(("preferred", "kept"), [("left", ["1", "0"]), ("right", ["0", "1"]), ("same", ["0.5", "0.5"])])
def test_the_preferences_of_a_pair_add_up_to_one(tmp_path: Path, preferred: str, kept: list[str]) -> None:
    Results(tmp_path / "scores.csv", "anna").add(PAIR, Answer((Score(1, 1), Score(1, 1)), preferred))
    assert [row["preferred"] for row in rows(tmp_path / "scores.csv")] == kept


def test_what_was_answered_is_known_on_return_on_whatever_sides(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    Results(path, "anna").add(PAIR, BETTER_RIGHT)
    later = Results(path, "anna")
    assert later.has(PAIR) and later.has(Trial((THEIRS, OURS)))
    assert not later.has(ALONE) and not later.has(Trial((OURS, THIRD)))
    assert not Results(path, "bert").has(PAIR)


def test_people_share_a_file_with_one_heading(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    first, second = Results(path, "anna"), Results(path, "bert")
    first.add(PAIR, BETTER_RIGHT)
    Results(path, "bert").add(PAIR, BETTER_RIGHT)
    first.add(ALONE, Answer((Score(1, 2),), None))
    assert [row["rater"] for row in rows(path)] == ["anna", "anna", "bert", "bert", "anna"]
    assert rows(path)[-1]["preferred"] == rows(path)[-1]["against"] == ""
    assert second.has(PAIR) is False


def test_a_file_that_was_cut_off_anywhere_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    Results(path, "anna").add(PAIR, BETTER_RIGHT)
    whole = path.read_bytes()
    for length in range(whole.index(b"\n"), len(whole) - 1):
        path.write_bytes(whole[:length])
        again = Results(path, "anna")
        if not again.has(PAIR):
            again.add(PAIR, BETTER_RIGHT)
        assert path.read_bytes().startswith(whole[:length])
        assert Results(path, "anna").has(PAIR)
        assert [row["method"] for row in rows(path)][-2:] == [OURS.method, THEIRS.method]


@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_files_saved_by_a_spreadsheet_are_read(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "scores.csv"
    Results(path, "anna").add(PAIR, BETTER_RIGHT)
    text = mark + path.read_text(encoding="utf-8").replace("\n", "\r\n")
    path.write_bytes(text.encode())
    assert Results(path, "anna").has(PAIR)


def test_another_file_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "budget.csv"
    path.write_text("month,money\n")
    with pytest.raises(FormatError, match="not a file of scores"):
        Results(path, "anna")
    assert path.read_text() == "month,money\n"
    with pytest.raises(OutputError):
        Results(tmp_path, "anna")


@pytest.mark.parametrize("score", [-0.5, 10.5, float("nan"), float("inf")])
def test_scores_lie_between_0_and_10(score: float) -> None:
    with pytest.raises(InvalidDataError):
        Score(score, 5)
    with pytest.raises(InvalidDataError):
        Score(5, score)


@pytest.mark.parametrize(("takes", "preferred"), [(1, "left"), (2, None), (2, "up"), (2, ["left"]), (0, "left")])
def test_a_preference_is_asked_of_pairs_only(takes: int, preferred: str | None) -> None:
    with pytest.raises(InvalidDataError):
        Answer((Score(1, 1),) * takes, preferred)


def test_each_take_needs_a_score(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError):
        Results(tmp_path / "scores.csv", "anna").add(ALONE, BETTER_RIGHT)
    assert not (tmp_path / "scores.csv").exists()


def test_the_columns_are_fixed(tmp_path: Path) -> None:
    Results(tmp_path / "scores.csv", "anna").add(PAIR, BETTER_RIGHT)
    heading = (tmp_path / "scores.csv").read_text().splitlines()[0]
    assert heading == "rater,time,clip,method,side,realism,naturalness,preferred,against" == ",".join(COLUMNS)
