"""The mode that annotates keypoints in a real browser: drag, keys, files, two tabs, and the motion that follows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.data.annotations import AnnotatedKeypoint, Annotations
from bodydouble.formats import annotations as annotation_files
from bodydouble.motion.annotations.annotated_track import MAX_GAP_SECONDS, interpolate_annotations
from bodydouble.skeletons import blazepose, coco
from tests.studio.chromium import Browser, find_browser, wait_for
from tests.studio.servers import Server, run_studio, write_clip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_browser() is None, reason="Chromium is not installed: apt-get install chromium"),
]
FPS = 30.0
WRIST = "left_wrist"
FIRST, SECOND = 6, 12
"""Keyed frames, less than half a second apart."""
STATUS = "document.querySelector('.annotate-status').textContent"
SAVED = "document.querySelector('.annotate-saving').dataset.state === 'saved'"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with run_studio(tmp_path / "studio") as running:
        yield running


@pytest.fixture
def take_id(server: Server, tmp_path: Path) -> str:
    taken = server.upload(write_clip(tmp_path / "clip.mp4")).json()["id"]
    server.wait_for_state(taken, "done")
    return str(taken)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path / "profile") as running:
        yield running


def open_annotations(browser: Browser, server: Server, take_id: str) -> None:
    """Opens a take in the mode that annotates."""
    browser.open(f"{server.url}/#/take/{take_id}")
    enter_mode(browser)


def enter_mode(browser: Browser) -> None:
    browser.wait("document.querySelector('.take[data-mode] .pane[data-ready]')")
    browser.press("a", "a")
    browser.wait("document.querySelectorAll('.landmarks li').length > 0")


def seek(browser: Browser, frame: int) -> None:
    browser.evaluate(
        f"(() => {{ const e = document.querySelector('.transport input'); e.value = {frame}; "
        "e.dispatchEvent(new Event('input')); e.blur(); })()"
    )
    browser.wait(f"Number(document.querySelector('.still:not([hidden])')?.dataset.frame) === {frame}")


def select(browser: Browser, landmark: str) -> None:
    browser.evaluate(f"document.querySelector('#landmark-{landmark}').click()")
    browser.wait(f"document.querySelector('#landmark-{landmark}').getAttribute('aria-selected') === 'true'")


def read_place(browser: Browser) -> tuple[float, float]:
    """Returns the shown place of the selected landmark, image px."""
    found = browser.wait(f"/x ([\\d.]+) y ([\\d.]+)/.exec({STATUS})")
    return float(found[1]), float(found[2])


def to_page(browser: Browser, place: tuple[float, float]) -> tuple[float, float]:
    """Returns where a place of the image, which is shown as a whole, is on the page."""
    left, top, width, height = browser.evaluate(
        "(() => { const r = document.querySelector('.picture').getBoundingClientRect(); "
        "return [r.x, r.y, r.width, r.height]; })()"
    )
    scale = min(width / 1280, height / 720)
    return left + (width - 1280 * scale) / 2 + place[0] * scale, top + (height - 720 * scale) / 2 + place[1] * scale


def move_mouse(browser: Browser, kind: str, place: tuple[float, float], buttons: int = 1) -> None:
    x, y = to_page(browser, place)
    button = "left" if kind != "mouseMoved" or buttons else "none"
    browser.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=buttons, clickCount=1)


def drag(browser: Browser, start: tuple[float, float], end: tuple[float, float]) -> None:
    move_mouse(browser, "mouseMoved", start, 0)
    move_mouse(browser, "mousePressed", start)
    for part in (0.3, 0.7, 1.0):
        move_mouse(
            browser, "mouseMoved", (start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1]))
        )
    move_mouse(browser, "mouseReleased", end, 0)


def read_saved(server: Server, browser: Browser, take_id: str) -> Annotations:
    browser.wait(SAVED)
    return annotation_files.parse_objects(server.request("GET", f"/api/takes/{take_id}/annotations").json()["poses"])


def find_wrists(server: Server, take_id: str) -> Any:
    """Returns the image px (T, 2) of the joint of the left hand of the first person in the motion as it is now."""
    scene = server.request("GET", f"/takes/{take_id}/scene.json").json()
    body = server.request("GET", f"/takes/{take_id}/scene.bin?version={scene['version']}").body
    numbers = np.frombuffer(body, "<f4").astype(float)

    def read(block: dict[str, Any]) -> Any:
        return numbers[block["offset"] : block["offset"] + int(np.prod(block["shape"]))].reshape(block["shape"])

    joints = read(scene["people"][0]["joints"])[:, scene["joint_names"].index("leftHand")]
    seen = np.einsum("fij,fj->fi", read(scene["camera"]), np.c_[joints, np.ones(len(joints))])
    fx, fy, cx, cy = scene["intrinsics"]
    return np.c_[fx * seen[:, 0] / seen[:, 2] + cx, fy * seen[:, 1] / seen[:, 2] + cy]


def test_wrist_is_dragged_saved_applied_exported_and_imported(
    server: Server, browser: Browser, take_id: str, tmp_path: Path
) -> None:
    open_annotations(browser, server, take_id)
    targets = {}
    for frame in (FIRST, SECOND):
        seek(browser, frame)
        select(browser, WRIST)
        assert "guess" in browser.evaluate(STATUS)
        start = read_place(browser)
        drag(browser, start, (start[0] - 16, start[1] - 10))
        browser.wait(f"{STATUS}.includes('keyed')")
        targets[frame] = read_place(browser)
        assert np.linalg.norm(np.subtract(targets[frame], start) - (-16, -10)) < 1.5
    seek(browser, FIRST + 2)
    assert "interpolated" in browser.evaluate(STATUS)
    saved = read_saved(server, browser, take_id)
    assert {(k.frame, k.landmark) for k in saved.keypoints} == {(FIRST, WRIST), (SECOND, WRIST)}

    browser.reload()
    enter_mode(browser)
    assert read_saved(server, browser, take_id) == saved
    assert browser.wait("document.querySelector('.annotate-apply .primary').textContent === 'Apply'")
    browser.click(".annotate-apply .primary")
    browser.wait("document.querySelector('.annotate-apply .primary').textContent === 'Applied'", 150)
    wrists = find_wrists(server, take_id)
    for frame, target in targets.items():
        assert np.linalg.norm(wrists[frame] - target) < 2.0

    browser.reload()
    enter_mode(browser)
    assert browser.wait("document.querySelector('.annotate-apply .primary').disabled")
    downloads = tmp_path / "downloads"
    browser.save_downloads(downloads)
    browser.evaluate(
        "[...document.querySelectorAll('.annotate-files button')].find((e) => e.innerText === 'COCO').click()"
    )
    exported = downloads / "annotations_coco.json"
    assert wait_for(lambda: exported.exists() and exported.stat().st_size > 0, 30)
    assert len(json.loads(exported.read_text())["annotations"]) == 2
    for frame in (FIRST, SECOND):
        seek(browser, frame)
        select(browser, WRIST)
        browser.press("Delete")
    assert read_saved(server, browser, take_id) == Annotations()
    browser.choose_files("#annotation-file", [exported])
    browser.wait(f"{STATUS}.includes('keyed')")
    assert read_saved(server, browser, take_id) == saved
    assert browser.find_problems() == []


def test_keys_nudge_hide_remove_and_undo(server: Server, browser: Browser, take_id: str) -> None:
    open_annotations(browser, server, take_id)
    seek(browser, FIRST)
    select(browser, WRIST)
    x, y = read_place(browser)
    browser.press("ArrowLeft")
    browser.send("Input.dispatchKeyEvent", type="keyDown", key="ArrowDown", modifiers=8)
    (keypoint,) = read_saved(server, browser, take_id).keypoints
    assert keypoint.pixel == pytest.approx((x - 1, y + 10), abs=0.06)

    browser.press("h", "h")
    assert "keyed, hidden" in browser.evaluate(STATUS)
    browser.press("x", "x")
    assert "keyed, absent" in browser.evaluate(STATUS)
    browser.press("x", "x")
    assert read_place(browser) == pytest.approx((x, y), abs=0.06)  # the network's guess again
    browser.press("Delete")
    assert "guess" in browser.evaluate(STATUS)
    for _ in range(4):
        browser.send("Input.dispatchKeyEvent", type="keyDown", key="z", modifiers=2)
    assert read_saved(server, browser, take_id).keypoints == (keypoint,)  # both nudges are one step
    browser.send("Input.dispatchKeyEvent", type="keyDown", key="z", modifiers=2)
    assert read_saved(server, browser, take_id) == Annotations()
    browser.send("Input.dispatchKeyEvent", type="keyDown", key="y", modifiers=2)
    assert read_saved(server, browser, take_id).keypoints == (keypoint,)

    browser.evaluate("document.querySelector('.picture').focus()")
    browser.press("Tab")
    assert browser.evaluate(STATUS).startswith("right wrist")
    browser.press("I", "I")
    assert len(read_saved(server, browser, take_id).keypoints) == len(blazepose.LANDMARKS)
    browser.evaluate(
        "(() => { const e = document.querySelector('[aria-label=Landmarks].field'); e.value = 'coco'; "
        "e.dispatchEvent(new Event('change')); e.blur(); })()"
    )
    browser.wait(f"document.querySelectorAll('.landmarks li').length === {len(coco.KEYPOINTS)}")
    seek(browser, SECOND)
    browser.press(",", ",")
    browser.wait(f"Number(document.querySelector('.transport input').value) === {FIRST}")
    assert browser.find_problems() == []


def test_person_whom_the_network_missed_is_placed_by_clicks(server: Server, browser: Browser, take_id: str) -> None:
    open_annotations(browser, server, take_id)
    seek(browser, FIRST)
    browser.click("[aria-label='Add a person']")
    browser.wait("document.querySelector('dialog input')")
    browser.evaluate("document.querySelector('dialog input').value = '<b>Ada'")
    browser.click("dialog .primary")
    browser.wait("document.querySelector('.annotate-note:not([hidden])')")
    assert "The network has not found this person" in browser.text()
    for place in ((300.0, 200.0), (310.0, 190.0)):
        for kind in ("mousePressed", "mouseReleased"):
            move_mouse(browser, kind, place, int(kind == "mousePressed"))
    saved = read_saved(server, browser, take_id)
    assert [(k.person, k.frame, k.landmark) for k in saved.keypoints] == [
        ("<b>Ada", FIRST, name) for name in blazepose.LANDMARKS[:2]
    ]
    browser.click(".annotate-apply .primary")
    browser.wait("document.querySelector('.annotate-saving').textContent.includes('2 keypoints of <b>Ada')", 150)
    assert browser.find_problems() == []


def test_two_tabs_do_not_overwrite_each_other_unasked(server: Server, browser: Browser, take_id: str) -> None:
    open_annotations(browser, server, take_id)
    address = f"/api/takes/{take_id}/annotations"
    theirs = [{"person": "person1", "frame": 3, "absent": ["nose"]}]
    assert server.send_json("PUT", address, {"poses": theirs, "version": ""}).status == 200
    seek(browser, FIRST)
    select(browser, WRIST)
    browser.press("i", "i")
    browser.wait("document.querySelector('dialog[open]')")
    assert "Annotations were changed elsewhere" in browser.text()
    assert server.request("GET", address).json()["poses"] == theirs
    browser.click("dialog .button:not(.danger)")
    (mine,) = read_saved(server, browser, take_id).keypoints
    assert (mine.frame, mine.landmark) == (FIRST, WRIST)

    version = server.request("GET", address).json()["version"]
    assert server.send_json("PUT", address, {"poses": theirs, "version": version}).status == 200
    browser.press("h", "h")
    browser.click("dialog .danger")
    browser.wait(f"{SAVED} && {STATUS}.includes('guess')")
    assert server.request("GET", address).json()["poses"] == theirs


def test_places_between_keys_are_those_of_the_fit(server: Server, browser: Browser) -> None:
    random = np.random.default_rng(3)
    frames = np.cumsum(random.integers(1, 19, 30))
    places = np.round(random.uniform(0, 500, (30, 2)), 3)
    keys = [
        {"frame": int(frame), "state": "visible", "x": float(x), "y": float(y)}
        for frame, (x, y) in zip(frames, places, strict=True)
    ]
    cut = int(frames[9])
    rules = {"maxGap": MAX_GAP_SECONDS * FPS, "shotStarts": [cut]}
    annotated = [
        AnnotatedKeypoint("a", int(frame), "nose", pixel=(float(x), float(y)))
        for frame, (x, y) in zip(frames, places, strict=True)
    ]
    expected = interpolate_annotations(annotated, np.arange(frames[-1] + 1), FPS, [cut]).pixels[:, 0]
    browser.open(server.url)
    browser.wait("document.querySelector('.drop')")
    found = browser.evaluate(
        f"(async () => {{ const {{ interpolate }} = await import('/static/annotate/interpolation.js'); "
        f"const keys = {json.dumps(keys)}; return Array.from({{ length: {len(expected)} }}, (_, frame) => "
        f"interpolate(keys, frame, {json.dumps(rules)})); }})()"
    )
    between = np.setdiff1d(np.arange(len(expected)), frames)
    for frame in between:
        if np.isnan(expected[frame, 0]):
            assert found[frame] is None
        else:
            assert (found[frame]["x"], found[frame]["y"]) == pytest.approx(expected[frame], abs=1e-9)
    assert 0 < np.isnan(expected[between, 0]).sum() < len(between)


@pytest.mark.parametrize("size", [(1280, 720), (390, 800)])
def test_nothing_sticks_out_and_everything_has_a_name(
    server: Server, browser: Browser, take_id: str, size: tuple[int, int]
) -> None:
    browser.open(f"{server.url}/#/take/{take_id}", size, is_phone=size[0] < 600)
    enter_mode(browser)
    assert browser.evaluate("document.documentElement.scrollWidth") <= size[0]
    unlabelled = browser.evaluate(
        "[...document.querySelectorAll('button, input, select, a, canvas[role]')].filter((e) => e.offsetParent && "
        "!(e.innerText.trim() || e.getAttribute('aria-label') || e.closest('label'))).map((e) => e.outerHTML)"
    )
    assert unlabelled == [], json.dumps(unlabelled)
