"""Command ``bodydouble user-study``, run as a separate process."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from bodydouble.user_study.results import Results, TakeScore, TrialResponse
from bodydouble.user_study.trials import create_trials, find_takes

COMMAND = [sys.executable, "-m", "bodydouble", "user-study", "--no-browser"]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "walk.mp4").write_bytes(b"anything")
    return folder


def test_unusable_input_is_reported_in_one_line(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "money.csv").write_text("month,money\n")
    for arguments, message in (
        ((tmp_path / "none", "-o", tmp_path / "scores.csv"), "no video in"),
        ((tmp_path / "lost", "-o", tmp_path / "scores.csv"), "does not exist"),
        ((folder, "-o", tmp_path / "money.csv"), "not a file of scores"),
        ((folder, "-o", folder / "walk.mp4" / "scores.csv"), "cannot write"),
    ):
        outcome = run(*arguments)
        assert outcome.returncode == 1
        assert message in outcome.stderr and outcome.stderr.count("\n") == 1


def test_used_port_is_reported_in_one_line(tmp_path: Path, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = run(folder, "-o", tmp_path / "scores.csv", "--port", str(port))
    assert outcome.returncode == 1
    assert f"cannot use port {port}" in outcome.stderr and outcome.stderr.count("\n") == 1


def test_finished_study_opens_no_page(tmp_path: Path, folder: Path) -> None:
    (trial,) = create_trials(find_takes([folder]), "anna")
    Results(tmp_path / "scores.csv", "anna").add(trial, TrialResponse((TakeScore(1, 2),), None))
    outcome = run(folder, "-o", tmp_path / "scores.csv", "--rater", "anna")
    assert outcome.returncode == 0
    assert "1 of 1 rated by anna" in outcome.stdout


def test_interrupted_study_keeps_its_scores(tmp_path: Path, folder: Path) -> None:
    (folder / "kick.mp4").write_bytes(b"anything")
    command = [*COMMAND, str(folder), "-o", str(tmp_path / "new" / "scores.csv")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[2]
        answer = {"trial": 0, "scores": [{"realism": 1, "naturalness": 2}], "preferred": None}
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{address}answer", json.dumps(answer).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            assert json.load(response)["trial"] == 1
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "1 of 2 rated by anonymous: run again to go on" in output
    assert len((tmp_path / "new" / "scores.csv").read_text().splitlines()) == 2
