from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from bodydouble.errors import MediaError
from bodydouble.user_study.trials import Take, Trial, create_trials, find_takes

CLIPS = ("dance", "kick", "roll", "walk")
METHODS = ("baseline", "ours", "truth")
TAKES = [Take(clip, method, Path(method) / f"{clip}.mp4") for clip in CLIPS for method in METHODS]


def create_files(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_every_pair_of_takes_of_a_clip_is_one_trial() -> None:
    pairs_in_trials = Counter(frozenset(trial.takes) for trial in create_trials(TAKES, "anna"))
    by_clip = [[take for take in TAKES if take.clip == clip] for clip in CLIPS]
    assert pairs_in_trials == Counter(frozenset(pair) for takes in by_clip for pair in combinations(takes, 2))


def test_trials_depend_on_the_seed_but_not_on_the_order_of_takes() -> None:
    assert create_trials(TAKES, "anna") == create_trials(reversed(TAKES), "anna")
    assert create_trials(TAKES, "anna") != create_trials(TAKES, "bert")


def test_order_and_sides_are_random() -> None:
    pair = [take for take in TAKES if take.clip == "walk"][:2]
    runs = [create_trials(TAKES, str(seed)) for seed in range(200)]
    first_clips = Counter(trials[0].takes[0].clip for trials in runs)
    assert min(first_clips[clip] for clip in CLIPS) > 20
    left = Counter(trial.takes[0] for trials in runs for trial in trials if set(trial.takes) == set(pair))
    assert min(left[take] for take in pair) > 60


def test_a_single_take_is_a_trial() -> None:
    assert create_trials(TAKES[:1], "anna") == [Trial((TAKES[0],))]


def test_folders_name_methods_and_files_name_clips(tmp_path: Path) -> None:
    ours = create_files(tmp_path / "ours", "walk.mp4", "roll.WEBM", "notes.txt", ".half.mp4")
    theirs = create_files(tmp_path / "theirs", "walk.mp4")
    takes_by_method = {(take.clip, take.method) for take in find_takes([ours, theirs / "walk.mp4", ours / "walk.mp4"])}
    assert takes_by_method == {("roll", "ours"), ("walk", "ours"), ("walk", "theirs")}


def test_folders_of_the_same_name_get_unique_methods(tmp_path: Path) -> None:
    folders = [create_files(tmp_path / name / "out", "walk.mp4") for name in ("a", "b")]
    assert {take.method for take in find_takes(folders)} == {"a/out", "b/out"}


def test_the_folder_of_a_symbolic_link_names_the_method(tmp_path: Path) -> None:
    video = create_files(tmp_path / "films", "a.mp4") / "a.mp4"
    for method in ("ours", "theirs"):
        (create_files(tmp_path / method) / "walk.mp4").symlink_to(video)
    takes_by_method = find_takes([tmp_path / "ours", tmp_path / "theirs"])
    assert [(take.clip, take.method) for take in takes_by_method] == [("walk", "ours"), ("walk", "theirs")]


@pytest.mark.parametrize(
    ("names", "name", "message"),
    [
        ((), "", "no video in"),
        ((), "walk.mp4", "does not exist"),
        (("notes.txt",), "notes.txt", "is not a video"),
        (("walk.mp4", "walk.webm"), "", "keep one of them"),
    ],
)
def test_rejects_paths_without_videos_in_one_line(
    tmp_path: Path, names: tuple[str, ...], name: str, message: str
) -> None:
    folder = create_files(tmp_path / "takes", *names)
    with pytest.raises(MediaError, match=message) as raised:
        find_takes([folder / name])
    assert "\n" not in str(raised.value)
