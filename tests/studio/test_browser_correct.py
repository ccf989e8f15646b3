"""Correcting a real capture with mouse and keyboard: contacts, keyframes, spans, the zoom of the video, and plots."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.data import FloatArray, Motion, Performance
from bodydouble.formats import performance as performance_files
from bodydouble.geometry import camera, kinematics
from bodydouble.motion.body.joint_angles import compute_joint_angles
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.studio.queue import WORKER_COMMAND
from bodydouble.studio.settings import Limits
from tests.clips import EXAMPLE
from tests.studio.chromium import CTRL, SHIFT, Browser, find_browser, wait_for
from tests.studio.servers import Server, run_studio

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_browser() is None, reason="Chromium is not installed: apt-get install chromium"),
]
WALK = EXAMPLE.with_name("walk.mp4")
FRAMES = 90
INSET = 9
"""Distance in px between the edges of the plots and their first and last frame."""
IS_READY = "document.querySelector('.take[data-mode] .pane[data-ready]')"
IS_RESOLVED = "!document.querySelector('.corrections.busy')"
"""The motion is that of the corrections."""
Point = tuple[float, float]


SHOW_ZOOM = """
(async () => {
  const { Zoom } = await import("/static/take/zoom.js");
  const element = document.createElement("div");
  element.style.cssText = "position: fixed; left: 100px; top: 100px; width: 400px; height: 300px; z-index: 9";
  document.body.append(element);
  window.zoom = new Zoom(element, [1600, 900]);
})()
"""


OVERTAKEN = "Failed to load resource: the server responded with a status of 409 (Conflict)"
"""Problem of a page that asks for the characters of a motion after the next edit has replaced it."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("walk") / "studio"
    with run_studio(folder, Limits(free_bytes=0), worker=WORKER_COMMAND) as running:
        yield running


@pytest.fixture(scope="module")
def walk(server: Server) -> str:
    """The ID of a captured take."""
    take_id = str(server.upload(WALK, "name=walk&quality=fast").json()["id"])
    assert server.wait_for_state(take_id, "done", "failed", seconds=270)["state"] == "done"
    return take_id


@pytest.fixture
def page(server: Server, walk: str, tmp_path: Path) -> Iterator[Browser]:
    """The take in the mode that corrects, without corrections; the page must not have logged an error."""
    save_corrections(server, walk, [])
    with Browser(tmp_path / "profile") as browser:
        open_correct_mode(browser, server, walk)
        yield browser
        assert [problem for problem in browser.find_problems() if problem != OVERTAKEN] == []


def open_correct_mode(browser: Browser, server: Server, take_id: str) -> None:
    browser.open(f"{server.url}/#/take/{take_id}", (1280, 1000))
    browser.wait(IS_READY)
    browser.press("c", "c")
    browser.wait("document.querySelector('.contacts')")


def list_corrections(server: Server, take_id: str) -> list[dict[str, Any]]:
    return list(server.request("GET", f"/api/takes/{take_id}/corrections").json()["corrections"])


def save_corrections(server: Server, take_id: str, corrections: list[dict[str, Any]]) -> None:
    address = f"/api/takes/{take_id}/corrections"
    version = server.request("GET", address).json()["version"]
    answer = server.send_json("PUT", address, {"corrections": corrections, "version": version})
    assert answer.status == 200, answer.body


def wait_for_corrections(server: Server, take_id: str, count: int) -> list[dict[str, Any]]:
    assert wait_for(lambda: len(list_corrections(server, take_id)) == count, 60), list_corrections(server, take_id)
    return list_corrections(server, take_id)


def load_automatic(server: Server, take_id: str) -> Performance:
    return performance_files.load(server.studio.settings.folder / take_id / "performance.npz")


def load_corrected(server: Server, take_id: str) -> Performance:
    return performance_files.load(server.studio.settings.folder / take_id / "performance_corrected.npz")


def find_track(browser: Browser, lane: str) -> tuple[float, float, float]:
    """Returns left edge, width of a frame and middle height of the time line with a label."""
    browser.evaluate(
        "(() => { for (const e of document.querySelectorAll('.track')) "
        f"e.id = e.textContent.startsWith({json.dumps(lane)}) ? 'lane' : ''; }})()"
    )
    left, top, width, height = browser.box("#lane")
    return left, width / FRAMES, top + height / 2


def drag_frames(browser: Browser, lane: str, first: float, last: float, modifiers: int = 0) -> None:
    """Drags in a time line from the middle of one frame to that of another one."""
    left, width, y = find_track(browser, lane)
    browser.drag((left + (first + 0.5) * width, y), (left + (last + 0.5) * width, y), modifiers)


def go_to_frame(browser: Browser, frame: int) -> None:
    browser.evaluate(
        f"(() => {{ const e = document.querySelector('.transport input'); e.value = {frame}; "
        "e.dispatchEvent(new Event('input')); })()"
    )


def place_in_pane(browser: Browser, pane: str, pixel: Point, performance: Performance) -> Point:
    """Returns the place in the window of a pixel of the video, in the pane that shows the whole image."""
    left, top, width, height = browser.box(f".pane[aria-label='{pane}'] .picture")
    image_width, image_height = performance.camera.image_size
    scale = min(width / image_width, height / image_height)
    x, y = (width - image_width * scale) / 2, (height - image_height * scale) / 2
    return left + x + pixel[0] * scale, top + y + pixel[1] * scale


def joint_position(motion: Motion, joint: str, frame: int) -> FloatArray:
    return np.asarray(kinematics.joint_positions(motion)[frame, motion.skeleton.index(joint)])


def project(performance: Performance, point: FloatArray, frame: int) -> FloatArray:
    """Returns x and y in px and the depth in m of a point of the world."""
    x, y, depth = camera.transform(performance.camera.camera_from_world[frame], point[None])[0]
    column, row, _ = performance.camera.intrinsics @ np.array([x / depth, y / depth, 1.0])
    return np.array([column, row, depth])


def unproject(performance: Performance, pixel: Point, depth: float, frame: int) -> FloatArray:
    ray = camera.rays(performance.camera.intrinsics, np.array(pixel))
    world_from_camera = camera.inverse(performance.camera.camera_from_world[frame])
    return np.asarray(camera.transform(world_from_camera, (depth * ray)[None])[0])


def measure_slide(motion: Motion, first: int, last: int, columns: tuple[int, ...]) -> float:
    """Returns the largest distance in m of soles from their median place in a span."""
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)[first : last + 1, list(columns)]
    return float(np.linalg.norm(soles - np.median(soles, axis=0), axis=-1).max())


def test_drawn_contact_holds_the_foot_and_undo_gives_the_automatic_result(
    page: Browser, server: Server, walk: str
) -> None:
    motion = load_automatic(server, walk).people[0].motion
    numbers = server.request("GET", f"/takes/{walk}/scene.bin").body
    rests = motion.contacts[:, :2].max(axis=1) >= 0.5
    middle = FRAMES // 3 + int(np.flatnonzero(rests[FRAMES // 3 :])[0]) + 3
    first = middle - int(np.flatnonzero(~rests[:middle][::-1])[0]) - 2  # on empty space before the contact
    last = first + 12
    assert measure_slide(motion, first, last, (0, 1)) > 0.005

    drag_frames(page, "left foot", first, last)
    assert wait_for_corrections(server, walk, 1) == [
        {"kind": "contact", "person": "person1", "side": "left", "first_frame": first, "last_frame": last}
    ]
    corrected = load_corrected(server, walk).people[0].motion
    assert (corrected.contacts[first : last + 1, :2] == 1).all()
    assert measure_slide(corrected, first, last, (0, 1)) <= 0.001
    page.wait("document.querySelector('.contact.by-hand')")

    page.press("z", modifiers=CTRL)
    wait_for_corrections(server, walk, 0)
    assert server.request("GET", f"/takes/{walk}/scene.bin").body == numbers
    page.wait("!document.querySelector('.contact.by-hand')")


def test_contact_is_resized_moved_and_deleted_with_the_mouse(page: Browser, server: Server, walk: str) -> None:
    page.evaluate("document.querySelector('.track-expand').click()")
    contacts = load_automatic(server, walk).people[0].motion.contacts[:, 2] >= 0.5  # right heel
    starts, ends = (np.flatnonzero(np.diff(contacts.astype(int)) == value) for value in (1, -1))
    first, last = int(starts[0]) + 1, int(ends[ends > starts[0]][0])
    edit = {"kind": "contact", "person": "person1", "side": "right", "part": "heel"}

    drag_frames(page, "right heel", last + 0.4, last + 2.4)  # its end
    longer = edit | {"first_frame": last + 1, "last_frame": last + 2}
    assert wait_for_corrections(server, walk, 1) == [longer]
    drag_frames(page, "right heel", last + 2.4, last + 0.4)
    assert wait_for_corrections(server, walk, 0) == []

    drag_frames(page, "right heel", (first + last) // 2, (first + last) // 2 + 1)  # all of it
    moved = [
        edit | {"first_frame": first, "last_frame": first, "resting": False},
        edit | {"first_frame": last + 1, "last_frame": last + 1},
    ]
    assert wait_for_corrections(server, walk, 2) == moved
    page.press("z", modifiers=CTRL)
    wait_for_corrections(server, walk, 0)

    left, width, y = find_track(page, "right heel")
    page.drag((left + (first + 4) * width, y), (left + (first + 4) * width, y))  # a click selects it
    page.press("Delete")
    deleted = edit | {"first_frame": first, "last_frame": last, "resting": False}
    assert wait_for_corrections(server, walk, 1) == [deleted]
    corrected = load_corrected(server, walk).people[0].motion
    assert (corrected.contacts[first : last + 1, 2] == 0).all()


def test_contacts_are_edited_by_keyboard(page: Browser, server: Server, walk: str) -> None:
    contacts = load_automatic(server, walk).people[0].motion.contacts[:, :2].max(axis=1) >= 0.5
    last = int(np.flatnonzero(contacts[:-8] & ~contacts[1:-7])[0])
    go_to_frame(page, last + 1)
    find_track(page, "left foot")
    page.evaluate("document.querySelector('#lane').focus()")
    page.press("Enter", "\r")  # a contact of 0.2 s, which continues the one before it
    page.wait("document.activeElement.matches('.contact.by-hand')")
    edit = {"kind": "contact", "person": "person1", "side": "left", "first_frame": last + 1, "last_frame": last + 6}
    assert wait_for_corrections(server, walk, 1) == [edit]
    for _ in range(3):
        page.press("ArrowLeft", modifiers=SHIFT)
    shorter = edit | {"last_frame": last + 3}
    assert wait_for(lambda: list_corrections(server, walk) == [shorter], 30)
    assert page.evaluate("document.activeElement.matches('.contact')")
    page.press("z", modifiers=CTRL)  # what was done by keys at once is one step
    assert wait_for(lambda: list_corrections(server, walk) == [edit], 30)


def test_impossible_contact_is_explained_and_taken_back(page: Browser, server: Server, walk: str) -> None:
    drag_frames(page, "left foot", FRAMES - 1, 0)
    page.wait(
        "document.querySelector('.error-line').textContent && document.querySelector('.busy-note').textContent === ''"
    )
    assert "add the contact where the foot stands" in page.text()
    page.wait("!document.querySelector('.contact.by-hand')")
    assert list_corrections(server, walk) == []
    page.events.clear()  # the refusal


def test_joint_dragged_in_the_zoomed_video_projects_to_where_it_was_dropped(
    page: Browser, server: Server, walk: str
) -> None:
    performance, frame, joint = load_automatic(server, walk), 40, "rightHand"
    go_to_frame(page, frame)
    pixel = project(performance, joint_position(performance.people[0].motion, joint, frame), frame)[:2]
    start = place_in_pane(page, "Video", (pixel[0], pixel[1]), performance)
    width = page.box(".pane[aria-label='Video'] .picture")[2]
    page.turn_wheel(start, -600)
    page.wait("document.querySelector('.picture.zoomed')")
    zoom = float(
        page.evaluate("document.querySelector('[aria-label=\"Show the whole picture\"]').textContent.slice(0, -1)")
    )
    assert zoom == pytest.approx(2.6, abs=0.1)

    page.drag(start, (start[0] + 40, start[1] - 30))
    (keyframe,) = wait_for_corrections(server, walk, 1)
    scale = width / performance.camera.image_size[0] * zoom
    wanted = pixel + np.array([40, -30]) / scale
    np.testing.assert_allclose(keyframe["pixel"], wanted, atol=2)
    corrected = joint_position(load_corrected(server, walk).people[0].motion, joint, frame)
    np.testing.assert_allclose(project(performance, corrected, frame)[:2], keyframe["pixel"], atol=2)

    page.press("0", "0")
    page.wait("!document.querySelector('.picture.zoomed')")


def test_zoom_keeps_what_is_under_the_fingers(server: Server, tmp_path: Path) -> None:
    with Browser(tmp_path / "profile") as browser:
        browser.open(server.url, (800, 600))
        browser.wait("document.body && 'ready' in document.body.dataset")
        browser.send("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
        browser.evaluate(SHOW_ZOOM)

        def touch(kind: str, *points: Point) -> None:
            fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
            browser.send("Input.dispatchTouchEvent", type=kind, touchPoints=fingers)

        def image_at(x: float, y: float) -> FloatArray:
            return np.array(browser.evaluate(f"zoom.toImage({x}, {y})"))

        np.testing.assert_allclose(image_at(300, 250), [800, 450])  # the image is centred: 400 x 225 px
        middle = image_at(260, 240)
        touch("touchStart", (220, 240), (300, 240))
        touch("touchMove", (160, 240), (360, 240))
        touch("touchEnd")
        browser.wait("zoom.zoom > 2.4")
        np.testing.assert_allclose(image_at(260, 240), middle, atol=8)
        np.testing.assert_allclose(browser.evaluate("zoom.toClient(...zoom.toImage(333, 222))"), [333, 222])

        before, scale = image_at(300, 250), browser.evaluate("zoom.scale")
        touch("touchStart", (300, 250))
        touch("touchMove", (320, 240))
        touch("touchEnd")
        browser.wait(f"zoom.toImage(300, 250)[0] !== {before[0]}")
        np.testing.assert_allclose(image_at(320, 240), before, atol=3 / scale)

        browser.drag((300, 250), (3000, 2500))  # not beyond the edges of the image
        np.testing.assert_allclose(image_at(100, 100), [0, 0], atol=1e-6)
        browser.evaluate("zoom.reset()")
        np.testing.assert_allclose(image_at(300, 250), [800, 450])


@pytest.mark.parametrize("is_along", [False, True])
def test_joint_dragged_in_3d_is_where_it_was_dropped(page: Browser, server: Server, walk: str, is_along: bool) -> None:
    performance, frame, joint = load_automatic(server, walk), 52, "leftHand"
    go_to_frame(page, frame)
    page.press("3", "3")  # the video's camera, in which the place of a joint is known
    before = joint_position(performance.people[0].motion, joint, frame)
    pixel = project(performance, before, frame)
    start = place_in_pane(page, "3D view", (pixel[0], pixel[1]), performance)
    page.wait("document.querySelector('.group .chip:nth-child(3)').getAttribute('aria-pressed') === 'true'")
    page.evaluate("new Promise((done) => setTimeout(done, 500))")
    page.drag(start, (start[0] + 12, start[1] - 16), SHIFT if is_along else 0)
    (keyframe,) = wait_for_corrections(server, walk, 1)
    after = joint_position(load_corrected(server, walk).people[0].motion, joint, frame)
    np.testing.assert_allclose(after, keyframe["position"], atol=0.005)

    scale = page.box(".pane[aria-label='3D view'] .picture")[2] / performance.camera.image_size[0]
    moved = np.array([12, -16]) / scale
    place = project(performance, np.array(keyframe["position"]), frame)
    if is_along:
        np.testing.assert_allclose(place[:2], pixel[:2], atol=1.5)
        metres = 16 / scale * pixel[2] / performance.camera.intrinsics[0, 0]
        assert np.linalg.norm(np.array(keyframe["position"]) - before) == pytest.approx(metres, rel=0.1)
        assert place[2] > pixel[2]
    else:
        wanted = unproject(performance, (pixel[0] + moved[0], pixel[1] + moved[1]), pixel[2], frame)
        np.testing.assert_allclose(keyframe["position"], wanted, atol=0.01)


def test_keyframes_have_marks_that_jump_and_can_be_deleted(page: Browser, server: Server, walk: str) -> None:
    position = joint_position(load_automatic(server, walk).people[0].motion, "head", 30)
    keyframe = {"kind": "keyframe", "person": "person1", "joint": "head", "frame": 30}
    save_corrections(server, walk, [keyframe | {"position": [float(x) for x in position + 0.03]}])
    page.reload()
    page.wait(IS_READY)
    page.press("c", "c")
    page.wait("document.querySelector('.keyframe')")
    left, top, width, height = page.box(".keyframe")
    page.drag((left + width / 2, top + height / 2), (left + width / 2, top + height / 2))
    page.wait("document.querySelector('.transport input').value === '30' && document.querySelector('.keyframe.now')")

    page.evaluate("document.querySelector('[aria-label=Name]').value = 'Half a na'")
    page.evaluate("document.querySelector('.keyframe').focus()")
    page.evaluate(
        "(() => { const e = document.querySelector('.falloff-control input'); e.value = 1.2; "
        "e.dispatchEvent(new Event('input', { bubbles: true })); e.dispatchEvent(new Event('change')); })()"
    )
    assert wait_for(lambda: list_corrections(server, walk)[0].get("falloff") == 1.2, 30)
    page.wait(IS_RESOLVED)
    assert page.evaluate("document.activeElement.matches('.keyframe')")  # the mark is another element now
    assert page.evaluate("document.querySelector('[aria-label=Name]').value") == "Half a na"
    page.press("Delete")
    wait_for_corrections(server, walk, 0)
    page.wait("!document.querySelector('.keyframe')")


def test_span_is_selected_and_resized(page: Browser) -> None:
    drag_frames(page, "Span", 20, 50)
    read = (
        '[...document.querySelectorAll(\'[aria-label="First frame"], [aria-label="Last frame"]\')].map((e) => e.value)'
    )
    assert page.evaluate(read) == ["20", "50"]
    drag_frames(page, "Span", 50.3, 40.3)
    assert page.evaluate(read) == ["20", "40"]
    drag_frames(page, "Span", 30, 35)
    assert page.evaluate(read) == ["25", "45"]
    page.evaluate("document.querySelector('.span-end.first').focus()")
    page.press("ArrowLeft")
    assert page.evaluate(read) == ["24", "45"]
    drag_frames(page, "left foot", 60, 70, SHIFT)
    assert page.evaluate(read) == ["60", "70"]


def test_plots_show_the_values_of_the_frame_and_compare_with_the_automatic_ones(
    page: Browser, server: Server, walk: str
) -> None:
    drag_frames(page, "left foot", FRAMES // 2, FRAMES // 2)  # a click goes to the frame
    page.press("g", "g")
    page.wait("document.querySelectorAll('.plot-legend b').length === 4")
    left, top, width, height = page.box(".plot-area")
    x = left + INSET + (width - 2 * INSET) * 33.5 / FRAMES
    page.drag((x, top + height / 2), (x, top + height / 2))
    page.wait("document.querySelector('.transport input').value === '33'")
    angles = compute_joint_angles(load_automatic(server, walk).people[0].motion)
    knees = [f"{angles.values[33, angles.names.index(f'knee_angle_{side}')]:.0f}°" for side in "lr"]
    assert page.evaluate("[...document.querySelectorAll('.plot-legend b')].map((e) => e.textContent)")[:2] == knees
    assert page.evaluate("document.querySelector('.plot-note').hidden")

    save_corrections(server, walk, [{"kind": "floor", "height": 0.1}])
    page.reload()
    page.wait(IS_READY)
    page.press("g", "g")
    page.wait("!document.querySelector('.plot-note').hidden")


def test_layers_of_the_3d_view_change_the_picture(page: Browser, tmp_path: Path) -> None:
    pictures = []
    for key in ("", "u", "m"):
        if key:
            page.press(key, key)
        page.evaluate("new Promise((done) => setTimeout(done, 1500))")
        page.screenshot(tmp_path / "view.png")
        pictures.append((tmp_path / "view.png").read_bytes())
    assert len(set(pictures)) == 3
    assert page.evaluate("document.querySelectorAll('.layers .chip[aria-pressed=true]').length") == 2
