"""The page in a real browser, operated by a simulated rater."""

import csv
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

import pytest

from bodydouble.formats.media import VideoWriter
from bodydouble.user_study import server as study_server
from bodydouble.user_study.results import Results
from bodydouble.user_study.server import Session, StudyServer, load_page_assets
from bodydouble.user_study.trials import create_trials, find_takes
from tests.media_builders import numbered_picture
from tests.user_study import browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.program() is None, reason="no Chromium"),
]

SIZE = (160, 120)
SIMULATED_RATER = (Path(__file__).parent / "simulated_rater.js").read_text(encoding="utf-8")


def write_take(path: Path, frames: int) -> None:
    path.parent.mkdir(exist_ok=True)
    with VideoWriter(path, image_size=SIZE, fps=Fraction(30)) as writer:
        for number in range(frames):
            writer.write(numbered_picture(number, SIZE))


def test_a_simulated_rater_completes_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[str] = []

    def remember(handler: Any, _format: str, *_args: object) -> None:
        requests.append(handler.path)

    monkeypatch.setattr(study_server._Handler, "log_message", remember)
    for method, clip, frames in (
        ("method_ours", "clip_kick", 45), ("method_ours", "clip_walk", 60), ("method_ours", "clip_alone", 30),
        ("method_theirs", "clip_kick", 45), ("method_theirs", "clip_walk", 50),
    ):  # fmt: skip
        write_take(tmp_path / method / f"{clip}.mp4", frames)
    (tmp_path / "method_theirs" / "clip_broken.mp4").write_bytes(b"not a video")
    trials = create_trials(find_takes([tmp_path / "method_ours", tmp_path / "method_theirs"]), "anna")
    scores = tmp_path / "scores.csv"
    session = Session(trials, Results(scores, "anna"))
    _run_simulated_rater(session, tmp_path / "profile")
    assert (session.answered_count, len(trials)) == (3, 4)

    assert [unquote(path) for path in requests if path.startswith("/failed")] == []
    assert not [path for path in requests if "method" in path or "clip" in path]
    with scores.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter((row["clip"], row["method"]) for row in rows) == {
        ("clip_kick", "method_ours"): 1, ("clip_walk", "method_ours"): 1, ("clip_alone", "method_ours"): 1,
        ("clip_kick", "method_theirs"): 1, ("clip_walk", "method_theirs"): 1,
    }  # fmt: skip
    for row in rows:
        expected = ("1.5", "2") if row["side"] == "left" else ("5", "9.5")
        assert (row["realism"], row["naturalness"]) == expected
        assert row["preferred"] == ("" if row["clip"] == "clip_alone" else str(int(row["side"] == "right")))


def _run_simulated_rater(session: Session, profile: Path) -> None:
    """Serves the page with an added script that scores every trial, until all are answered."""
    assets = load_page_assets()
    script = assets["/page.js"]
    assets["/page.js"] = replace(script, content=script.content + SIMULATED_RATER.encode())
    with StudyServer(session, assets=assets) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        with browser.browsing(server.url, profile):
            thread.join(timeout=90)
        assert session.is_done
