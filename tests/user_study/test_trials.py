from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from bodydouble.errors import MediaError
from bodydouble.user_study.trials import Take, Trial, all_trials, find_takes

CLIPS = ("dance", "kick", "roll", "walk")
METHODS = ("baseline", "ours", "truth")
TAKES = [Take(clip, method, Path(method) / f"{clip}.mp4") for clip in CLIPS for method in METHODS]


def make(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_every_two_takes_of_a_clip_are_seen_once() -> None:
    seen = Counter(frozenset(trial.takes) for trial in all_trials(TAKES, "anna"))
    by_clip = [[take for take in TAKES if take.clip == clip] for clip in CLIPS]
    assert seen == Counter(frozenset(pair) for takes in by_clip for pair in combinations(takes, 2))


def test_the_same_seed_gives_the_same_trials_whatever_the_order_of_the_takes() -> None:
    assert all_trials(TAKES, "anna") == all_trials(reversed(TAKES), "anna")
    assert all_trials(TAKES, "anna") != all_trials(TAKES, "bert")


def test_order_and_sides_are_random() -> None:
    pair = [take for take in TAKES if take.clip == "walk"][:2]
    runs = [all_trials(TAKES, str(seed)) for seed in range(200)]
    first_clips = Counter(trials[0].takes[0].clip for trials in runs)
    assert min(first_clips[clip] for clip in CLIPS) > 20
    left = Counter(trial.takes[0] for trials in runs for trial in trials if set(trial.takes) == set(pair))
    assert min(left[take] for take in pair) > 60


def test_a_take_without_another_is_seen_alone() -> None:
    assert all_trials(TAKES[:1], "anna") == [Trial((TAKES[0],))]


def test_the_folder_is_the_method_and_the_file_the_clip(tmp_path: Path) -> None:
    ours = make(tmp_path / "ours", "walk.mp4", "roll.WEBM", "notes.txt", ".half.mp4")
    theirs = make(tmp_path / "theirs", "walk.mp4")
    found = {(take.clip, take.method) for take in find_takes([ours, theirs / "walk.mp4", ours / "walk.mp4"])}
    assert found == {("roll", "ours"), ("walk", "ours"), ("walk", "theirs")}


def test_folders_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    folders = [make(tmp_path / name / "out", "walk.mp4") for name in ("a", "b")]
    assert {take.method for take in find_takes(folders)} == {"a/out", "b/out"}


def test_a_link_counts_where_it_lies(tmp_path: Path) -> None:
    film = make(tmp_path / "films", "a.mp4") / "a.mp4"
    for method in ("ours", "theirs"):
        (make(tmp_path / method) / "walk.mp4").symlink_to(film)
    found = find_takes([tmp_path / "ours", tmp_path / "theirs"])
    assert [(take.clip, take.method) for take in found] == [("walk", "ours"), ("walk", "theirs")]


@pytest.mark.parametrize(
    ("names", "given", "message"),
    [
        ((), "", "no video in"),
        ((), "walk.mp4", "does not exist"),
        (("notes.txt",), "notes.txt", "is not a video"),
        (("walk.mp4", "walk.webm"), "", "keep one of them"),
    ],
)
def test_what_cannot_be_rated_is_said_in_one_line(
    tmp_path: Path, names: tuple[str, ...], given: str, message: str
) -> None:
    folder = make(tmp_path / "takes", *names)
    with pytest.raises(MediaError, match=message) as raised:
        find_takes([folder / given])
    assert "\n" not in str(raised.value)
