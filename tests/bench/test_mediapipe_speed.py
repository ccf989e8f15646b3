"""Comparison of speed with MediaPipe, on a fake package of that name."""

import sys
from pathlib import Path

import pytest

from bodydouble.bench import mediapipe_speed
from bodydouble.bench.mediapipe_speed import check_mediapipe, compare_with_mediapipe
from bodydouble.errors import BodydoubleError


def fake_python(folder: Path, answer: str, status: int = 0) -> str:
    """Program that prints an answer, whatever the arguments are."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\necho {answer}\nexit {status}\n")
    path.chmod(0o755)
    return str(path)


def test_an_interpreter_without_mediapipe_is_a_one_line_error() -> None:
    with pytest.raises(BodydoubleError, match=r"has no mediapipe; install it with: .* -m pip install") as caught:
        check_mediapipe(sys.executable)
    assert "\n" not in str(caught.value)


def test_a_missing_interpreter_is_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(BodydoubleError, match="is no Python interpreter") as caught:
        check_mediapipe(str(tmp_path / "missing"))
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreter is a shell script")
def test_runs_are_made_in_turn_and_the_ratio_is_the_median(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    rates = {"bodydouble": [30.0, 60.0, 20.0], "mediapipe": [20.0, 20.0, 40.0]}

    def take(name: str) -> float:
        order.append(name)
        return rates[name][order.count(name) - 1]

    monkeypatch.setattr(mediapipe_speed, "_mediapipe_frames_per_second", lambda *_: take("mediapipe"))
    comparison = compare_with_mediapipe(tmp_path, "python", lambda: take("bodydouble"))
    assert order == ["bodydouble", "mediapipe"] * 3
    assert (comparison["bodydouble"], comparison["mediapipe"], comparison["ratio"]) == (30.0, 20.0, 1.5)


@pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreter is a shell script")
def test_frames_are_read_from_the_other_process(tmp_path: Path) -> None:
    comparison = compare_with_mediapipe(tmp_path, fake_python(tmp_path, "900"), lambda: 1.0, pairs=1)
    assert comparison["mediapipe"] > 900 / 60  # a shell starts in less than a minute


@pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreter is a shell script")
def test_a_failed_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BodydoubleError, match="MediaPipe failed"):
        compare_with_mediapipe(tmp_path, fake_python(tmp_path, "broken", 1), lambda: 1.0, pairs=1)
