"""The page of a take in a browser: another character, downloads with progress, other tabs, odd titles and files."""

import json
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from tests.media_builders import numbered_pictures, write_video
from tests.studio.chromium import Browser, find_browser, wait_for
from tests.studio.servers import Server, run_studio, write_clip
from tests.studio.test_own_characters import WHOLE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_browser() is None, reason="Chromium is not installed: apt-get install chromium"),
]
READY_SECONDS = 180.0
COLLECT_TOASTS = """
(() => {
  window.lines = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) window.lines.push(node.textContent);
  }).observe(document.getElementById("toasts"), { childList: true });
})()
"""
ODD_TITLES = {
    "long": "word " * 2_000,
    "long word": "x" * 10_000,
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u202e\u0639\u0644\u064a\u0643\u0645 abc",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f3f3\ufe0f\u200d\U0001f308" * 30,
    "marks": "Z" + "\u0301\u0316" * 500,
    "HTML": "<img src=x onerror=alert(1)><script>alert(2)</script>",
}


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path / "profile") as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    with run_studio(tmp_path / "studio") as running:
        yield running


def add_take(server: Server, folder: Path) -> str:
    take_id = str(server.upload(write_clip(folder / "clip.mp4")).json()["id"])
    assert server.wait_for_state(take_id, "done", "failed")["state"] == "done"
    return take_id


def open_take(browser: Browser, server: Server, take_id: str, size: tuple[int, int] = (1280, 720)) -> None:
    browser.open(f"{server.url}/#/take/{take_id}", size, is_phone=size[0] < 600)
    browser.wait("document.querySelector('.pane[data-ready]')", READY_SECONDS)


def test_another_character_is_chosen_and_shown(own_server: Server, browser: Browser, tmp_path: Path) -> None:
    take_id = add_take(own_server, tmp_path)
    open_take(browser, own_server, take_id)
    file = tmp_path / "My robot.vrm"
    file.write_bytes(WHOLE)
    browser.press("p", "p")
    browser.wait("document.querySelector('dialog.characters .tile')")
    browser.choose_files("dialog.characters input[type=file]", [file])
    browser.wait("document.querySelector('.tile-box .tile')?.innerText === 'My robot'", READY_SECONDS)
    browser.evaluate("window.before = document.querySelector('.take')")
    browser.click(".tile-box .tile")
    browser.wait("!document.querySelector('.notice').hidden")
    browser.wait(
        "document.querySelector('.take') && document.querySelector('.take') !== window.before "
        "&& document.querySelector('.pane[data-ready]') && document.querySelector('.notice').hidden",
        READY_SECONDS,
    )
    take = own_server.request("GET", f"/api/takes/{take_id}").json()
    assert (take["character_title"], take["state"]) == ("My robot", "done")
    assert browser.evaluate("document.querySelector('.pane-message').hidden")
    assert browser.find_problems() == []


def test_download_shows_its_progress_and_is_cancelled(own_server: Server, browser: Browser, tmp_path: Path) -> None:
    take_id = add_take(own_server, tmp_path)
    open_take(browser, own_server, take_id)
    browser.press("d", "d")
    browser.wait("document.querySelector('dialog.downloads')")
    boxes = "[...document.querySelectorAll('dialog.downloads input')]"
    listed = browser.evaluate(f"{boxes}.map((box) => box.name)")
    assert set(listed) == set(own_server.request("GET", f"/api/takes/{take_id}").json()["formats"])
    texts = browser.evaluate("[...document.querySelectorAll('.format small')].map((e) => e.textContent)")
    assert all(len(text) > 5 for text in texts)
    browser.evaluate(f"{boxes}.filter((box) => !box.checked).forEach((box) => box.click())")
    browser.click("dialog.downloads .primary")
    browser.wait("document.querySelector('.download-progress progress').value > 0", READY_SECONDS)
    assert browser.evaluate("document.querySelector('.download-progress span').textContent").startswith("Writing ")
    browser.evaluate("[...document.querySelectorAll('dialog button')].find((e) => e.innerText === 'Cancel').click()")
    browser.wait("document.querySelector('dialog.downloads .primary:not([hidden])')")
    exports = tmp_path / "studio" / ".exports"
    assert wait_for(lambda: not any(exports.iterdir()), 30)

    saved = tmp_path / "saved"
    browser.save_downloads(saved)
    browser.evaluate(f"{boxes}.filter((box) => box.checked !== (box.name === 'bvh')).forEach((box) => box.click())")
    browser.click("dialog.downloads .primary")
    assert wait_for(lambda: bool(list(saved.glob("*.zip"))), READY_SECONDS)
    assert browser.find_problems() == []


def test_other_tabs_rename_and_delete_a_take_that_plays(own_server: Server, browser: Browser, tmp_path: Path) -> None:
    take_id = add_take(own_server, tmp_path)
    open_take(browser, own_server, take_id)
    browser.press(" ", " ")
    own_server.send_json("PATCH", f"/api/takes/{take_id}", {"title": "From another tab"})
    browser.wait("document.querySelector('h1').textContent === 'From another tab'")
    assert own_server.request("DELETE", f"/api/takes/{take_id}").status == 204
    browser.wait("document.querySelector('[role=alert]')?.textContent === 'This take was deleted.'")
    assert browser.evaluate("document.querySelector('video') === null")
    browser.evaluate("document.querySelector('.loading a').click()")
    browser.wait("document.querySelector('.drop.hero')")


@pytest.mark.parametrize("size", [(1280, 720), (390, 800)])
def test_odd_titles_stay_in_their_place(
    own_server: Server, browser: Browser, tmp_path: Path, size: tuple[int, int]
) -> None:
    take_id = add_take(own_server, tmp_path)

    def show_titles(selector: str) -> Iterator[None]:
        """Renames the take, and yields when the open page shows the new title."""
        for title in ODD_TITLES.values():
            answer = own_server.send_json("PATCH", f"/api/takes/{take_id}", {"title": title[:150]})
            assert answer.status == 200
            kept = answer.json()["title"]
            assert 0 < len(kept) <= 120
            browser.wait(f"document.querySelector({json.dumps(selector)}).textContent === {json.dumps(kept)}")
            assert browser.evaluate("document.documentElement.scrollWidth") <= size[0]
            yield

    browser.open(own_server.url, size, is_phone=size[0] < 600)
    browser.wait("document.querySelector('.card.done')")
    for _ in show_titles(".card h3"):
        assert browser.evaluate("document.querySelector('.card').getBoundingClientRect().height") < 420
    open_take(browser, own_server, take_id, size)
    assert browser.evaluate("document.querySelector('h1').textContent") == ODD_TITLES["HTML"]
    for _ in show_titles("h1"):
        assert browser.evaluate("document.querySelector('.bar').getBoundingClientRect().height") < 80
        assert browser.evaluate("document.querySelectorAll('.bar img, .card img').length") <= 2
    too_long = own_server.send_json("PATCH", f"/api/takes/{take_id}", {"title": ODD_TITLES["long word"]})
    assert (too_long.status, too_long.json()["error"]) == (413, "the body is too large")
    assert browser.find_problems() == []


def test_odd_files_are_explained_or_taken(own_server: Server, browser: Browser, tmp_path: Path) -> None:
    empty, image, renamed, sound = (tmp_path / name for name in ("empty.mp4", "photo.png", "photo.mp4", "song.mp4"))
    empty.touch()
    Image.new("RGB", (64, 64), "red").save(image)
    renamed.write_bytes(image.read_bytes())
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(b"\0\0" * 8_000)
    long = tmp_path / f"{'l' * 200}.mp4"
    write_video(long, numbered_pictures(1, (96, 64)), fps=Fraction(30))
    phone = tmp_path / "phone.mp4"
    write_video(phone, numbered_pictures(24, (96, 64)), fps=Fraction(30), rotation=90)
    browser.open(own_server.url)
    browser.wait("document.querySelector('.drop.hero')")
    browser.evaluate(COLLECT_TOASTS)
    browser.choose_files("#files", [empty, image, renamed, sound, long, phone])
    browser.wait("document.querySelectorAll('.card[data-take]').length === 2", READY_SECONDS)
    found = {take["title"]: take for take in own_server.request("GET", "/api/takes").json()}
    assert (found["phone"]["width"], found["phone"]["height"]) == (64, 96)
    assert any(title.startswith("lll") for title in found)
    assert browser.evaluate("window.lines") == [
        "photo.png is no video",
        "empty.mp4: this file is empty",
        "photo.mp4: this file is an image, no video that can be read; MP4, MOV, WebM, MKV or AVI work",
        "song.mp4: this file is a sound, no video that can be read; MP4, MOV, WebM, MKV or AVI work",
    ]
