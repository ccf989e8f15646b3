"""The report in a real browser at the width of a phone."""

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bodydouble.evaluation.report.images import SpanImages
from bodydouble.evaluation.report.page import write_report
from tests.evaluation import scenes
from tests.media_builders import numbered_pictures, quadrants, write_video
from tests.user_study import browser

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.program() is None, reason="no Chromium"),
]

WIDTH = 412

# Chromium opens no window narrower than 500 px, so the page is shown in a frame, which reports its state.
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
  images: [...document.images].map(i => i.naturalWidth),
  requests: performance.getEntriesByType("resource").map(e => e.name),
  errors,
}), "*"));
</script>"""
FRAME = """<!doctype html><body><pre id="state"></pre>
<iframe src="copy.html" style="width:{width}px;height:900px;border:0"></iframe>
<script>addEventListener("message", event => document.getElementById("state").textContent = event.data)</script>"""


def inspect_page(folder: Path, page: Path) -> dict[str, Any]:
    """Returns the state that the page reports from a frame as wide as a phone."""
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
    match = re.search(r'<pre id="state">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match, done.stderr
    page_state: dict[str, Any] = json.loads(html.unescape(match[1]))
    return page_state


@pytest.fixture(scope="module")
def page_state(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("report")
    truth = scenes.ground_truth(60, 3)
    first, second, third = truth.people
    long_name = "a name that is wider than the screen of any phone " * 2
    people = (scenes.occlude(first, 10, 20), scenes.occlude(second, 40, 52), scenes.rename(third, long_name))
    performance = scenes.with_people(truth, *people)
    images = SpanImages(performance)
    for index in range(60):
        images.add_frame(index, quadrants((640, 360)))
    write_video(folder / "preview.mp4", numbered_pictures(10))
    page = folder / "page.html"
    write_report(page, performance, images, title="clip", preview="preview.mp4", warnings=["a warning"])
    return inspect_page(folder, page)


def test_the_report_fits_the_width_of_a_phone(page_state: dict[str, Any]) -> None:
    assert page_state["width"] == WIDTH
    assert page_state["scroll_width"] <= WIDTH
    assert page_state["too_wide"] == 0


def test_the_report_shows_preview_images_and_people(page_state: dict[str, Any]) -> None:
    ((controls, source, _),) = page_state["videos"]
    assert (controls, source) == (True, "preview.mp4")
    assert page_state["sections"] == 3
    assert len(page_state["images"]) == 3 + 2, "thumbnails and images of low confidence"
    assert all(0 < width <= 200 for width in page_state["images"])


def test_the_report_has_no_errors_and_no_external_requests(page_state: dict[str, Any]) -> None:
    assert page_state["errors"] == []
    assert all(name.startswith(("file:", "data:")) for name in page_state["requests"])
