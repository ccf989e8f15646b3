"""Corrections of a take: the list, what follows from it in all files, two tabs, and the way back."""

import io
import shutil
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bodydouble.data.corrections import Correction, Delete, Merge, Rename, Split, Swap
from bodydouble.errors import RenderingUnavailableError
from bodydouble.formats import corrections as correction_files
from bodydouble.formats import performance as performance_files
from bodydouble.formats.media import probe
from bodydouble.motion.corrections.apply import apply_corrections
from bodydouble.studio.corrected_cast import cast_current_looks, trace_origins
from bodydouble.studio.corrected_film import draw_film
from bodydouble.studio.correction_store import compute_version, read_corrections
from bodydouble.studio.downloads import name_files
from tests.media_builders import write_video
from tests.studio.chromium import wait_for
from tests.studio.servers import Answer, Server, run_studio, write_clip

RENAME = {"kind": "rename", "person": "person1", "name": "Anna"}
EXCHANGE = {"kind": "exchange_sides", "person": "person2", "first_frame": 8, "last_frame": 12, "part": "arms"}
DELETE = {"kind": "delete", "person": "person2"}
SWAP = {"kind": "swap", "person": "person1", "other": "person2", "frame": 12}


class Tab:
    """A tab of a browser that shows a take."""

    def __init__(self, server: Server, take_id: str) -> None:
        self.server, self.api = server, f"/api/takes/{take_id}"
        self.page = f"/takes/{take_id}"
        self.version = self.load()["version"]

    def load(self) -> dict[str, Any]:
        """Returns corrections and version."""
        return dict(self.server.request("GET", f"{self.api}/corrections").json())

    def put(self, *corrections: dict[str, Any]) -> Answer:
        """Sends all corrections."""
        body = {"version": self.version, "corrections": corrections}
        answer = self.server.send_json("PUT", f"{self.api}/corrections", body)
        if answer.status == 200:
            self.version = answer.json()["version"]
        return answer

    def scene(self) -> dict[str, Any]:
        """Returns the description of the scene."""
        return dict(self.server.request("GET", f"{self.page}/scene.json").json())

    def joints(self, number: int) -> np.ndarray[Any, Any]:
        """Returns the joints (T, J, 3) of a person of the scene."""
        scene = self.scene()
        numbers = np.frombuffer(
            self.server.request("GET", f"{self.page}/scene.bin?version={scene['version']}").body, "<f4"
        )
        block = scene["people"][number]["joints"]
        return numbers[block["offset"] :][: np.prod(block["shape"])].reshape(block["shape"])

    def model(self, number: int) -> bytes:
        """Returns the file of the character of a person of the scene."""
        answer = self.server.request("GET", f"{self.page}/models/{self.scene()['people'][number]['model']}")
        assert answer.status == 200, answer.body
        return answer.body

    def unzip(self, *formats: str) -> dict[str, bytes]:
        """Returns the files of a download of several."""
        with zipfile.ZipFile(io.BytesIO(self.download(*formats))) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def download(self, *formats: str) -> bytes:
        """Returns a download."""
        return self.server.download(self.page.rpartition("/")[2], list(formats)).body


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run_studio(tmp_path_factory.mktemp("home") / "studio") as running:
        yield running


@pytest.fixture(scope="module")
def done_take(own_server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    clip = write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4")
    take_id = own_server.upload(clip, "name=clip.mp4", "like-me").json()["id"]
    assert own_server.wait_for_state(take_id, "done", "failed")["state"] == "done"
    return str(take_id)


@pytest.fixture
def folder(own_server: Server, done_take: str) -> Path:
    return own_server.studio.settings.folder / done_take


@pytest.fixture
def tab(own_server: Server, done_take: str) -> Iterator[Tab]:
    """A tab with a take whose automatic result is never changed."""
    folder = own_server.studio.settings.folder / done_take
    before = _read_automatic(folder)
    yield Tab(own_server, done_take)
    assert _read_automatic(folder) == before
    last = Tab(own_server, done_take)
    assert last.put().status == 200


def _read_automatic(folder: Path) -> dict[str, bytes]:
    added = ("corrections.json", "performance_corrected.npz")
    names = (path for path in folder.iterdir() if path.is_file() and path.name not in added)
    return {path.name: path.read_bytes() for path in names if not path.name.startswith("film")}


def test_a_take_begins_without_corrections(tab: Tab) -> None:
    assert tab.load() == {"corrections": [], "version": compute_version(())}
    assert tab.scene()["version"] == compute_version(())


def test_corrections_change_motion_characters_and_downloads(tab: Tab, folder: Path) -> None:
    before, model = tab.joints(1), tab.model(1)
    assert tab.put(RENAME, EXCHANGE).status == 200

    assert [person["name"] for person in tab.scene()["people"]] == ["Anna", "person2"]
    assert np.abs(tab.joints(1) - before).max() > 0.01
    corrected = performance_files.load(folder / "performance_corrected.npz")
    wanted = apply_corrections(performance_files.load(folder / "performance.npz"), read_corrections(folder))
    for person, expected in zip(corrected.people, wanted.people, strict=True):
        assert person.name == expected.name
        np.testing.assert_array_equal(person.motion.rotations, expected.motion.rotations)
    assert tab.model(1)[:4] == b"glTF"
    assert tab.model(1) != model
    assert tab.model(0) == (folder / "person1.glb").read_bytes()  # only its name has changed
    assert tab.download("npz") == (folder / "performance_corrected.npz").read_bytes()
    files = tab.unzip("bvh", "glb", "report", "vrm")
    assert files["clip/clip_person2.glb"] == tab.model(1)
    assert files["clip/clip_person2.bvh"] != (folder / "person2.bvh").read_bytes()
    assert b"Anna" in files["clip/clip.html"]
    assert {"clip/clip_Anna.bvh", "clip/clip_Anna.glb", "clip/clip_Anna.vrm"} <= set(files)
    take = tab.server.request("GET", tab.api).json()
    assert set(take["people"]) == {"Anna", "person2"}


def test_an_empty_list_gives_back_the_automatic_result(tab: Tab, folder: Path) -> None:
    files, numbers = tab.unzip("glb", "bvh", "npz", "report"), tab.joints(0)
    assert tab.put(SWAP, DELETE).status == 200
    assert tab.unzip("glb", "bvh", "npz", "report").keys() != files.keys()
    assert tab.put().status == 200
    assert tab.unzip("glb", "bvh", "npz", "report") == files
    assert files["clip/clip.npz"] == (folder / "performance.npz").read_bytes()
    np.testing.assert_array_equal(tab.joints(0), numbers)
    assert not (folder / "corrections.json").exists()
    assert not (folder / "performance_corrected.npz").exists()


@pytest.mark.parametrize(
    ("corrections", "message"),
    [
        ([RENAME, DELETE, DELETE], "correction 3: there is no person 'person2'; there are Anna"),
        ([RENAME, {"kind": "rename", "person": "Anna"}], "correction 2: rename lacks 'name'; it has person, name"),
        (
            [{**EXCHANGE, "last_frame": 24}],
            "correction 1: frame 24 is outside the frames of person2, which are 0 to 23",
        ),
        ([RENAME, 7], "correction 2: expected an object, got 7"),
    ],
)
def test_a_refused_list_changes_nothing(tab: Tab, folder: Path, corrections: list[Any], message: str) -> None:
    assert tab.put(SWAP).status == 200
    version, files = tab.version, {path: path.read_bytes() for path in folder.rglob("*.*")}
    answer = tab.put(*corrections)
    assert answer.status == 400
    assert answer.json()["error"].startswith(message)
    assert tab.load() == {"corrections": [SWAP], "version": version}
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == files


def test_of_two_tabs_the_one_with_the_older_list_is_refused(tab: Tab) -> None:
    other = Tab(tab.server, tab.page.rpartition("/")[2])
    assert tab.put(RENAME).status == 200
    answer = other.put(DELETE)
    assert answer.status == 409
    assert answer.json() == {"error": "the corrections were changed in another window; here they are"}
    loaded = other.load()
    assert loaded["corrections"] == [RENAME]
    other.version = loaded["version"]
    assert other.put(RENAME, DELETE).status == 200
    assert tab.put().status == 409
    tab.version = other.version


def test_numbers_of_the_scene_are_those_of_its_description(tab: Tab) -> None:
    described = tab.scene()["version"]
    assert tab.put(SWAP).status == 200
    address = f"{tab.page}/scene.bin?version="
    former = tab.server.request("GET", address + described)
    assert former.status == 200
    assert former.body != tab.server.request("GET", f"{tab.page}/scene.bin").body
    assert tab.server.request("GET", address + "0" * 16).status == 409


def test_corrections_stay_when_the_server_stops(tmp_path: Path) -> None:
    with run_studio(tmp_path / "studio") as server:
        take_id = server.upload(write_clip(tmp_path / "a.mp4")).json()["id"]
        server.wait_for_state(take_id, "done")
        assert Tab(server, take_id).put(RENAME).status == 200
    (tmp_path / "studio" / take_id / "performance_corrected.npz").unlink()  # as if it had stopped between both files
    with run_studio(tmp_path / "studio") as server:
        tab = Tab(server, take_id)
        assert tab.load()["corrections"] == [RENAME]
        assert [person["name"] for person in tab.scene()["people"]] == ["Anna", "person2"]
    assert (tmp_path / "studio" / take_id / "performance_corrected.npz").is_file()


def test_a_list_that_was_edited_by_hand_counts(tab: Tab, folder: Path) -> None:
    assert tab.put(RENAME).status == 200
    correction_files.save(folder / "corrections.json", [Delete("person1")])
    assert [person["name"] for person in tab.scene()["people"]] == ["person2"]
    assert tab.put().status == 409
    tab.version = tab.load()["version"]

    (folder / "corrections.json").write_text("{", encoding="utf-8")
    answer = tab.server.request("GET", f"{tab.page}/scene.json")
    assert answer.status == 500
    assert "no valid JSON in line 1" in answer.json()["error"]
    assert tab.server.request("GET", "/api/takes").status == 200
    (folder / "corrections.json").unlink()
    tab.version = tab.load()["version"]


def test_a_character_of_an_overtaken_motion_is_a_conflict(tab: Tab) -> None:
    assert tab.put(EXCHANGE).status == 200
    corrected = tab.scene()["people"][1]["model"]
    assert corrected != "person2.glb"
    hashed = f"{'0' * 32}.glb"
    for name, status in (("person2.glb", 409), (hashed, 409), ("person9.glb", 404), ("performance.npz", 404)):
        assert tab.server.request("GET", f"{tab.page}/models/{name}").status == status, name
    assert tab.put().status == 200
    answer = tab.server.request("GET", f"{tab.page}/models/{corrected}")
    assert (answer.status, answer.json()["error"]) == (409, "this motion has been corrected meanwhile")


@pytest.mark.parametrize("name", ["..", "CON", "a.b", "Zoë 日本", "person2 ", "<b>&", "-x", "~", "$(x)"])
def test_names_of_people_become_no_paths(tab: Tab, folder: Path, name: str) -> None:
    before = set(folder.parent.parent.rglob("*"))
    assert tab.put({**RENAME, "name": name}).status == 200
    assert [person["name"] for person in tab.scene()["people"]] == [name, "person2"]
    assert tab.scene()["people"][0]["model"] == "person1.glb"
    files = tab.unzip("bvh", "glb", "trc", "json", "npz")
    assert len(files) == 9
    for file in files:
        assert file.startswith("clip/clip")
        assert ".." not in file
        assert "/" not in file.removeprefix("clip/")
    added = {path for path in set(folder.parent.parent.rglob("*")) - before if ".exports" not in path.parts}
    assert {path.name for path in added} <= {"corrections.json", "performance_corrected.npz"}


def test_a_film_of_before_the_corrections_is_outdated(tab: Tab, folder: Path) -> None:
    (folder / "film.mp4").write_bytes(b"film")
    try:
        assert _describe_film(tab) == ("current", True, 200)
        tab.put(RENAME, EXCHANGE)
        assert _describe_film(tab) == ("outdated", False, 404)
        assert tab.server.send_json("POST", f"{tab.api}/downloads", {"formats": ["film"]}).status == 400
        tab.put()
        assert _describe_film(tab) == ("current", True, 200)
        assert tab.server.request("GET", f"{tab.page}/film.mp4").body == b"film"
    finally:
        (folder / "film.mp4").unlink()


def test_a_film_that_cannot_be_drawn_tells_why(tab: Tab) -> None:
    tab.put(EXCHANGE)  # the invented performance has another size than the video
    assert tab.server.send_json("POST", f"{tab.api}/film", {}).json()["film_state"] == "drawing"
    assert tab.server.send_json("POST", f"{tab.api}/film", {}).status == 400
    assert wait_for(lambda: _describe_film(tab)[0] != "drawing", 240)
    assert _describe_film(tab) == ("", False, 404)
    error = tab.server.request("GET", tab.api).json()["film_error"]
    assert error.startswith("the performance is of another clip than")
    assert "\n" not in error


def test_a_film_is_drawn_of_the_corrected_motion(tab: Tab, folder: Path, tmp_path: Path) -> None:
    assert tab.put({**RENAME, "name": ".."}, EXCHANGE).status == 200
    results = tmp_path / "results"
    shutil.copytree(folder, results)
    (tmp_path / ".exports").mkdir()
    video = tmp_path / "large.mp4"
    write_video(video, [np.full((720, 1280, 3), 90, dtype=np.uint8)] * 24, fps=Fraction(30))
    try:
        draw_film(results, video, "like-me")
    except RenderingUnavailableError as error:
        pytest.skip(str(error))
    assert probe(results / f"film_{tab.version}.mp4").frame_count == 24
    assert list((tmp_path / ".exports").iterdir()) == []


def _describe_film(tab: Tab) -> tuple[str, bool, int]:
    take = tab.server.request("GET", tab.api).json()
    return take["film_state"], "film" in take["formats"], tab.server.request("GET", f"{tab.page}/film.mp4").status


def test_people_keep_the_look_of_the_person_they_come_from(tab: Tab, folder: Path) -> None:
    before = cast_current_looks(folder)
    split = {"kind": "split", "person": "person1", "frame": 10, "name": "person3"}
    assert (
        tab.put(split, {"kind": "rename", "person": "person1", "name": "Anna"}, SWAP | {"person": "Anna"}).status == 200
    )
    after = cast_current_looks(folder)
    assert set(after) == {"Anna", "person2", "person3"}
    assert (after["Anna"], after["person2"]) == (before["person1"], before["person2"])
    assert after["person3"] not in before.values()


def test_origins_follow_names_through_a_list() -> None:
    corrections: list[Correction] = [
        Rename("a", "x"), Rename("b", "a"), Split("x", 7, "b"), Rename("b", "c"), Swap("a", "x", 3), Merge("c", "d"),
        Delete("a"),
    ]  # fmt: skip
    assert trace_origins(["a", "b", "d"], corrections) == {"x": "a", "c": "a from 7"}


def test_names_of_files_are_different_on_all_file_systems() -> None:
    assert name_files(["Anna", "anna", "a/b", "a:b", "..", "."]) == ["Anna", "anna_2", "a-b", "a-b_2", "take", "take_2"]
