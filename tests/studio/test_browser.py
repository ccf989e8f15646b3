"""The page in a real browser: empty library -> upload -> progress -> take in 3D -> download, reloaded in between."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media_builders import BITS
from tests.studio.chromium import Browser, find_browser, wait_for
from tests.studio.servers import Server, run_studio, write_clip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_browser() is None, reason="Chromium is not installed: apt-get install chromium"),
]
FRAME = "Number(document.querySelector('.transport input').value)"
READ_STILL = f"""
(() => {{
  const still = document.querySelector(".still:not([hidden])");
  if (!still || !still.complete || Number(still.dataset.frame) !== {FRAME}) return null;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [still.naturalWidth, still.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(still, 0, 0);
  const step = Math.ceil(canvas.width / {BITS});
  let number = 0;
  for (let bit = 0; bit < {BITS}; bit += 1) {{
    const [red] = context.getImageData(bit * step + step / 2, canvas.height / 2, 1, 1).data;
    if (red > 127) number += 1 << bit;
  }}
  return {{ number }};
}})()
"""
COUNT_COLORS = """
(() => {
  const canvas = document.querySelector("SELECTOR");
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, copy.width, copy.height).data.buffer);
  return new Set(pixels).size;
})()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with run_studio(tmp_path / "studio") as running:
        yield running


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path / "profile") as running:
        yield running


def open_take(browser: Browser, server: Server, take_id: str) -> None:
    browser.open(f"{server.url}/#/take/{take_id}")
    browser.wait("document.querySelector('.pane[data-ready]')")


def test_upload_look_and_download(server: Server, browser: Browser, tmp_path: Path) -> None:
    browser.open(server.url)
    browser.wait("document.querySelector('.drop.hero')")
    assert "Drop a video here" in browser.text()

    browser.evaluate("document.querySelector('[name=quality]').value = 'fast'")
    browser.choose_files(
        "#files", [write_clip(tmp_path / "first clip.mp4"), write_clip(tmp_path / "second.mp4", first=40)]
    )
    browser.wait("document.querySelectorAll('.card[data-take]').length === 2")
    browser.wait("[...document.querySelectorAll('.meter-stage')].some((e) => e.textContent === 'Finding people')")

    browser.reload()  # the job goes on without the page
    browser.wait("document.querySelectorAll('.card.busy[data-take]').length === 2")
    (tmp_path / "studio" / "go").touch()
    browser.wait("document.querySelectorAll('.card.done').length === 2", 150)

    take_id = browser.evaluate("[...document.querySelectorAll('.card')].at(-1).dataset.take")
    browser.click(f".card[data-take='{take_id}'] a")
    browser.wait("document.querySelector('.pane[data-ready]')")
    browser.reload()
    browser.wait("document.querySelector('.pane[data-ready]')")
    assert "first clip" in browser.text()

    downloads = tmp_path / "downloads"
    browser.save_downloads(downloads)
    browser.click("button.download")
    browser.wait("document.querySelector('dialog.downloads .primary:not([disabled])')")
    browser.click("dialog.downloads .primary")
    assert wait_for(lambda: bool(list(downloads.glob("*.zip"))), 60)
    with zipfile.ZipFile(next(downloads.glob("*.zip"))) as archive:
        assert {name.rpartition(".")[2] for name in archive.namelist()} == {"glb", "bvh"}
    assert browser.find_problems() == []


def test_pictures_show_the_same_exact_frame(server: Server, browser: Browser, tmp_path: Path) -> None:
    take_id = server.upload(write_clip(tmp_path / "clip.mp4")).json()["id"]
    server.wait_for_state(take_id, "done")
    open_take(browser, server, take_id)
    for _ in range(5):
        browser.press("ArrowRight")
    assert browser.evaluate(FRAME) == 5
    assert browser.wait(READ_STILL) == {"number": 5}
    assert browser.evaluate(COUNT_COLORS.replace("SELECTOR", ".overlay")) > 10
    browser.press("End")
    assert browser.wait(READ_STILL) == {"number": 23}

    browser.press("3", "3")
    browser.wait("document.querySelector('.group .chip:nth-child(3)').getAttribute('aria-pressed') === 'true'")
    path = tmp_path / "view.png"
    browser.screenshot(path)
    assert path.stat().st_size > 20_000
    assert browser.find_problems() == []


def test_playing_moves_all_panels_and_stops_at_the_end(server: Server, browser: Browser, tmp_path: Path) -> None:
    take_id = server.upload(write_clip(tmp_path / "clip.mp4")).json()["id"]
    server.wait_for_state(take_id, "done")
    open_take(browser, server, take_id)
    browser.press("l", "l")
    browser.press(" ", " ")
    browser.wait(f"{FRAME} > 3")
    browser.wait(f"{FRAME} === 23 && document.querySelector('.play').getAttribute('aria-label') === 'Play'")
    assert int(30 * browser.evaluate("document.querySelector('video').currentTime")) == 23
    browser.press("l", "l")
    browser.press(" ", " ")
    browser.wait(f"{FRAME} > 3 && {FRAME} < 20")
    assert browser.find_problems() == []


def test_rename_and_delete_in_two_tabs(server: Server, browser: Browser, tmp_path: Path) -> None:
    take_id = server.upload(write_clip(tmp_path / "clip.mp4")).json()["id"]
    server.wait_for_state(take_id, "done")
    browser.open(server.url)
    browser.click("[aria-label='Rename clip']")
    browser.wait("document.querySelector('dialog input')")
    browser.evaluate("document.querySelector('dialog input').value = '<img src=x onerror=alert(1)>'")
    browser.click("dialog .primary")
    browser.wait("document.querySelector('.card h3').textContent === '<img src=x onerror=alert(1)>'")
    server.send_json("PATCH", f"/api/takes/{take_id}", {"title": "From another tab"})
    browser.wait("document.querySelector('.card h3').textContent === 'From another tab'")
    browser.click("[aria-label='Delete From another tab']")
    browser.click("dialog .danger")
    browser.wait("document.querySelector('.drop.hero')")
    assert server.request("GET", "/api/takes").json() == []


def test_broken_file_and_large_file_are_explained(server: Server, browser: Browser, tmp_path: Path) -> None:
    broken, large = tmp_path / "broken.mp4", tmp_path / "large.mp4"
    broken.write_bytes(b"<!doctype html>" * 100)
    large.write_bytes(b"\0" * 400_000)
    browser.open(server.url)
    browser.wait("document.querySelector('.drop.hero')")
    browser.choose_files("#files", [broken, large])
    browser.wait("document.querySelectorAll('.toast.bad').length === 2")
    text = browser.text()
    assert "broken.mp4: this file is no video that can be read" in text
    assert "large.mp4 has 400 kB; at most 300 kB can be uploaded" in text
    assert browser.evaluate("document.querySelector('.drop.hero') !== null")


IS_IDLE = "!document.querySelector('.corrections.busy') && document.querySelector('.take[data-mode=correct]')"
CORRECTIONS = "[...document.querySelectorAll('.correction-list li')].map((e) => e.innerText.trim().split('\\n').at(-1))"
PEOPLE = "[...document.querySelectorAll('.choice b')].map((e) => e.textContent)"


def press_button(browser: Browser, text: str) -> None:
    """Presses the button of a panel whose text begins so, with the keyboard."""
    browser.evaluate(
        "[...document.querySelectorAll('.panel button')].filter((e) => "
        f"e.textContent.trim().startsWith({json.dumps(text)}))[0].focus()"
    )
    browser.press("Enter", "\r")
    browser.wait(IS_IDLE)


def undo(browser: Browser) -> None:
    """Presses Ctrl+Z."""
    for kind in ("keyDown", "keyUp"):
        browser.send("Input.dispatchKeyEvent", type=kind, key="z", modifiers=2)
    browser.wait(IS_IDLE)


def test_correct_undo_reload_and_download(server: Server, browser: Browser, tmp_path: Path) -> None:
    take_id = server.upload(write_clip(tmp_path / "clip.mp4")).json()["id"]
    server.wait_for_state(take_id, "done")
    open_take(browser, server, take_id)
    browser.press("c", "c")
    browser.wait(IS_IDLE)
    browser.evaluate("document.querySelector('[aria-label=Name]').value = 'Anna'")
    press_button(browser, "Rename")
    assert browser.wait(PEOPLE) == ["Anna", "Person 2"]
    press_button(browser, "Merge")
    assert browser.wait(PEOPLE) == ["Anna"]
    undo(browser)
    press_button(browser, "Delete Anna")
    assert browser.wait(PEOPLE) == ["Person 2"]
    undo(browser)
    assert browser.wait(PEOPLE) == ["Anna", "Person 2"]

    press_button(browser, "Anna")  # Person 2 was selected when Anna was deleted
    browser.press("i", "i")
    for _ in range(6):
        browser.press("ArrowRight")
    browser.press("o", "o")
    press_button(browser, "Arms")
    wanted = ["Person 1 is called Anna", "Anna: left and right of the arms are exchanged, frames 0 to 6"]
    assert browser.wait(CORRECTIONS) == wanted
    browser.wait("document.querySelector('.pane-message').hidden")  # the character was made again

    browser.reload()
    browser.wait("document.querySelector('.pane[data-ready]')")
    browser.press("c", "c")
    browser.wait(IS_IDLE)
    assert browser.wait(CORRECTIONS) == wanted
    downloads = tmp_path / "downloads"
    browser.save_downloads(downloads)
    browser.press("d", "d")
    browser.wait("document.querySelector('dialog.downloads .primary:not([disabled])')")
    browser.click("dialog.downloads .primary")
    assert wait_for(lambda: bool(list(downloads.glob("*.zip"))), 60)
    with zipfile.ZipFile(next(downloads.glob("*.zip"))) as archive:
        assert "clip/clip_Anna.bvh" in archive.namelist()
        bvh = archive.read("clip/clip_Anna.bvh")
    assert bvh != (tmp_path / "studio" / take_id / "person1.bvh").read_bytes()

    undo(browser)
    undo(browser)
    assert browser.wait(PEOPLE) == ["Person 1", "Person 2"]
    assert server.request("GET", f"/api/takes/{take_id}/corrections").json()["corrections"] == []
    assert browser.find_problems() == []


def test_refused_and_outdated_corrections_are_explained(server: Server, browser: Browser, tmp_path: Path) -> None:
    take_id = server.upload(write_clip(tmp_path / "clip.mp4")).json()["id"]
    server.wait_for_state(take_id, "done")
    open_take(browser, server, take_id)
    browser.press("c", "c")
    browser.wait(IS_IDLE)
    browser.evaluate("document.querySelector('[aria-label=Name]').value = 'person2'")
    press_button(browser, "Rename")
    line = "document.querySelector('.error-line:not([hidden])')?.textContent"
    assert browser.wait(line).startswith("correction 1: there is a person 'person2' already")
    assert browser.evaluate(CORRECTIONS) == []

    address = f"/api/takes/{take_id}/corrections"  # another window
    version = server.request("GET", address).json()["version"]
    delete = {"kind": "delete", "person": "person2"}
    server.send_json("PUT", address, {"version": version, "corrections": [delete]})
    press_button(browser, "Merge")
    assert browser.wait(line).startswith("the corrections were changed in another window")
    assert browser.wait(CORRECTIONS) == ["Person 2 is deleted"]
    assert browser.wait(PEOPLE) == ["Person 1"]


@pytest.mark.parametrize("size", [(1280, 720), (390, 800)])
def test_nothing_sticks_out_of_the_page(
    server: Server, browser: Browser, tmp_path: Path, size: tuple[int, int]
) -> None:
    take_id = server.upload(write_clip(tmp_path / "clip.mp4")).json()["id"]
    server.wait_for_state(take_id, "done")
    for address, mode in (("#/", ""), (f"#/take/{take_id}", ""), (f"#/take/{take_id}", "correct")):
        browser.open("about:blank")
        browser.open(f"{server.url}/{address}", size, is_phone=size[0] < 600)
        browser.wait("document.querySelector('.card.done, .pane[data-ready]')")
        if mode:
            browser.press("c", "c")
            browser.wait(IS_IDLE)
        assert browser.evaluate("document.documentElement.scrollWidth") <= size[0]
        unlabelled = browser.evaluate(
            "[...document.querySelectorAll('button, input, select, a, canvas[role]')].filter((e) => e.offsetParent && "
            "!(e.innerText.trim() || e.getAttribute('aria-label') || e.closest('label'))).map((e) => e.outerHTML)"
        )
        assert unlabelled == [], json.dumps(unlabelled)
