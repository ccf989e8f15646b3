"""The report opened from disk in a real browser, as wide as a phone."""

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bodydouble.evaluation.report.images import SpanPictures
from bodydouble.evaluation.report.page import write
from tests.evaluation import scenes
from tests.media_builders import numbered_pictures, quadrants, write_video
from tests.user_study import browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.program() is None, reason="no Chromium"),
]

WIDTH = 412

# Chromium opens no window narrower than 500 px, so the page is shown in a frame, which tells its surroundings.
REPORTER = """<script>
const errors = [];
addEventListener("error", event => errors.push(String(event.message || event.target.outerHTML).slice(0, 200)), true);
console.error = console.warn = text => errors.push(String(text));
addEventListener("load", () => parent.postMessage(JSON.stringify({
  width: innerWidth,
  scroll_width: document.documentElement.scrollWidth,
  too_wide: [...document.querySelectorAll("body *")].filter(e => !e.closest(".wide")
    && e.getBoundingClientRect().right > innerWidth + 0.5).length,
  videos: [...document.querySelectorAll("video")].map(v => [v.controls, v.getAttribute("src"), v.videoWidth]),
  sections: document.querySelectorAll("section h2").length,
  pictures: [...document.images].map(i => i.naturalWidth),
  requests: performance.getEntriesByType("resource").map(e => e.name),
  errors,
}), "*"));
</script>"""
FRAME = """<!doctype html><body><pre id="told"></pre>
<iframe src="copy.html" style="width:{width}px;height:900px;border:0"></iframe>
<script>addEventListener("message", event => document.getElementById("told").textContent = event.data)</script>"""


def told_by(folder: Path, page: Path) -> dict[str, Any]:
    """What the page says about itself in a frame as wide as a phone."""
    (folder / "copy.html").write_text(
        page.read_text(encoding="utf-8").replace("<head>", f"<head>{REPORTER}"), encoding="utf-8"
    )
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width=WIDTH), encoding="utf-8")
    command = [
        browser.program() or "", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000",
        "--dump-dom", frame.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr
    told: dict[str, Any] = json.loads(html.unescape(found[1]))
    return told


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("report")
    truth = scenes.truth(60, 3)
    first, second, third = truth.people
    long_name = "somebody with a name that is longer than any phone is wide" * 2
    people = (scenes.hidden(first, 10, 20), scenes.hidden(second, 40, 52), scenes.renamed(third, long_name))
    performance = scenes.of(truth, *people)
    pictures = SpanPictures(performance)
    for index in range(60):
        pictures.look(index, quadrants((640, 360)))
    write_video(folder / "preview.mp4", numbered_pictures(10))
    page = folder / "page.html"
    write(page, performance, pictures, title="clip", film="preview.mp4", warnings=["something was odd"])
    return told_by(folder, page)


def test_nothing_sticks_out_on_a_phone(told: dict[str, Any]) -> None:
    assert told["width"] == WIDTH
    assert told["scroll_width"] <= WIDTH
    assert told["too_wide"] == 0


def test_the_film_and_all_pictures_and_people_are_there(told: dict[str, Any]) -> None:
    ((controls, source, _),) = told["videos"]
    assert (controls, source) == (True, "preview.mp4")
    assert told["sections"] == 3
    assert len(told["pictures"]) == 3 + 2, "thumbnails, and spans of little confidence"
    assert all(0 < width <= 200 for width in told["pictures"])


def test_there_is_no_error_and_no_request_elsewhere(told: dict[str, Any]) -> None:
    assert told["errors"] == []
    assert all(name.startswith(("file:", "data:")) for name in told["requests"])
