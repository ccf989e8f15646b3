"""Characters of one's own: added, refused in one line, chosen, exchanged in a done take, removed."""

import asyncio
import io
import json
import os
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bodydouble.errors import MediaError
from bodydouble.studio.helpers import Helper
from bodydouble.studio.titles import clean_title
from tests.characters.glb_edit import MANNEQUIN
from tests.shared_data import SHARED
from tests.studio.servers import SMALL, Server, run_studio, write_clip

CHARACTERS = SHARED / "data" / "characters"
WHOLE = MANNEQUIN.read_bytes()
NO_SKELETON = "no skeleton in this file; export the character with its bones and skin"


def make_glb(document: dict[str, Any] | bytes, announced: int | None = None, json_bytes: int | None = None) -> bytes:
    """Returns a .glb file of a JSON document, whose header may lie about the lengths."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    length = 20 + len(text) if announced is None else announced
    return (
        struct.pack("<4sIIII", b"glTF", 2, length, len(text) if json_bytes is None else json_bytes, 0x4E4F534A) + text
    )


def with_buffer(uri: str) -> bytes:
    """Returns the mannequin with its data in another file."""
    (length,) = struct.unpack_from("<I", WHOLE, 12)
    document = json.loads(WHOLE[20 : 20 + length])
    document["buffers"][0]["uri"] = uri
    return make_glb(document)


BROKEN = {
    "empty.vrm": (b"", "this file is empty"),
    "picture.vrm": (b"\x89PNG\r\n\x1a\n" + b"\0" * 500, "this file is an image, no character"),
    "song.glb": (b"ID3" + b"\0" * 500, "this file is a sound, no character"),
    "archive.glb": (b"PK\x03\x04" + b"\0" * 500, "this file is a zip archive, no character"),
    "video.fbx": (b"\0\0\0\x20ftypisom" + b"\0" * 500, "this file is no character"),
    "noise.glb": (bytes(range(256)) * 10, "this file is no character"),
    "zeros.glb": (b"\0" * 5_000, "this file is no character"),
    "scene.gltf": (b'{"asset": {"version": "2.0"}, "buffers": []}' + b" " * 400, "a .gltf file lacks its other files"),
    "text.fbx": (b"; FBX 7.4.0 project file\n" * 30, "this is an FBX file in text form"),
    "old.glb": (struct.pack("<4sIIII", b"glTF", 1, 20, 0, 0) + b"\0" * 500, "this file is glTF 1"),
    "cut.vrm": (WHOLE[:100_000], "it is cut off"),
    "cut-head.vrm": (WHOLE[:18], "this file is no character"),
    "announced.glb": (make_glb({"asset": {"version": "2.0"}}, announced=2_000_000_000), NO_SKELETON),
    "announced-json.glb": (make_glb(b"{}", json_bytes=2_000_000_000), "the JSON of this file has 2,000 MB"),
    "deep.glb": (make_glb(b"[" * 1_000_000), "its JSON is nested too deeply"),
    "empty-json.glb": (make_glb({}), "it does not say that it is glTF 2"),
    "no-bones.glb": (make_glb({"asset": {"version": "2.0"}, "nodes": [{}]}), NO_SKELETON),
    "escape.glb": (with_buffer("../../../etc/passwd"), "outside its folder; that is not followed"),
    "absolute.glb": (with_buffer("/etc/passwd"), "outside its folder; that is not followed"),
    "own-record.glb": (with_buffer("character.glb"), "its buffer view"),
    "missing.glb": (with_buffer("other.bin"), "its buffer 'other.bin' cannot be read"),
    "cut.fbx": (b"Kaydara FBX Binary  \0\x1a\0" + b"\0" * 500, ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_are_refused_in_one_line_and_leave_nothing(server: Server, studio_folder: Path, name: str) -> None:
    content, expected = BROKEN[name]
    answer = server.add_character(content, name)
    assert answer.status == 415, answer.body
    error = answer.json()["error"]
    assert expected in error
    assert str(studio_folder) not in error
    assert "--map" not in error
    assert "\n" not in error
    assert list((studio_folder / "characters").iterdir()) == []
    assert list((studio_folder / ".uploads").iterdir()) == []
    assert server.request("GET", "/api/characters").json() == []


def test_too_large_characters_are_refused_before_they_are_sent(server: Server) -> None:
    for length in (SMALL.character_bytes + 1, 2_000_000_000):
        answer = server.request(
            "POST", "/api/characters?name=x.glb", WHOLE[:1], Content_Type="model/vrm", Content_Length=str(length)
        )
        assert answer.status == 413
        assert answer.json()["error"] == "the character is larger than 5 MB; export it with smaller textures"


def test_files_of_many_programs_are_taken_or_refused_with_a_reason(server: Server) -> None:
    if not CHARACTERS.is_dir():
        pytest.skip("the shared data is not here")
    found = {file.name: server.add_character(file, file.name) for file in sorted(CHARACTERS.iterdir())}
    refused = {name: answer.json()["error"] for name, answer in found.items() if answer.status != 201}
    added = [answer.json() for answer in found.values() if answer.status == 201]
    for character in added:
        assert server.request("DELETE", f"/api/characters/{character['id']}").status == 204
    assert set(refused) == {"hips_spine_twisting.vrma", "human_a_pose.glb", "raylib_greenman.glb"}
    assert refused["human_a_pose.glb"].endswith(NO_SKELETON)
    assert "no humanoid skeleton found" in refused["raylib_greenman.glb"]
    assert {character["title"] for character in added} >= {"cryptovoxels", "kaykit_knight", "human_wrong_bone_names"}


def test_character_has_title_picture_and_is_removed(server: Server, studio_folder: Path) -> None:
    character = server.add_character(WHOLE, "../../<b>Robo</b>.vrm").json()
    assert character["title"] == "../../<b>Robo</b>"
    picture = server.request("GET", f"/characters/{character['id']}/picture.png")
    if character["has_picture"]:
        image = Image.open(io.BytesIO(picture.body))
        assert (image.size, image.mode) == ((320, 320), "RGBA")
        alpha = image.getchannel("A")
        assert 0.05 < sum(value > 128 for value in alpha.tobytes()) / 320**2 < 0.6
    renamed = server.send_json("PATCH", f"/api/characters/{character['id']}", {"title": "Robo"}).json()
    assert [entry["title"] for entry in renamed] == ["Robo"]
    files = sorted(path.name for path in (studio_folder / "characters" / character["id"]).iterdir())
    assert files[:2] == ["character.glb", "character.json"]
    assert server.request("DELETE", f"/api/characters/{character['id']}").status == 204
    assert server.request("GET", "/api/characters").json() == []
    assert list((studio_folder / "characters").iterdir()) == []
    for path in (character["id"], "../../takes", "%2e%2e", "0" * 16):
        assert server.request("DELETE", f"/api/characters/{path}").status == 404


def test_take_gets_another_character_and_keeps_it_when_that_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    with run_studio(folder) as server:
        mine = server.add_character(WHOLE).json()
        take_id = server.upload(write_clip(tmp_path / "a.mp4"), "name=a", mine["name"]).json()["id"]
        first = server.wait_for_state(take_id, "done", "failed")
        assert (first["state"], first["character_title"]) == ("done", "mine")
        (folder / take_id / "notes.txt").write_text("of another part of the program")
        motion = server.request("GET", f"/takes/{take_id}/scene.bin").body
        video = (folder / take_id / "video.mp4").read_bytes()
        model = server.request("GET", f"/takes/{take_id}/models/person1.glb").body

        _change(server, take_id, "anime:boy", first["made"])
        assert server.request("GET", f"/takes/{take_id}/models/person1.glb").body != model
        assert server.request("GET", f"/takes/{take_id}/scene.bin").body == motion
        assert (folder / take_id / "video.mp4").read_bytes() == video
        assert (folder / take_id / "notes.txt").exists()
        assert not list((folder / ".work").glob("*/*"))

        again = _change(server, take_id, mine["name"], "")
        assert server.request("GET", f"/takes/{take_id}/models/person1.glb").body == model
        assert [entry["takes"] for entry in server.request("GET", "/api/characters").json()] == [1]
        assert server.request("DELETE", f"/api/characters/{mine['id']}").status == 204
        assert server.request("GET", "/api/characters").json() == []
        assert server.download(take_id, ["vrm"]).body[:2] == b"PK"
        refused = server.send_json("POST", f"/api/takes/{take_id}/character", {"character": mine["name"]})
        assert refused.json() == {"error": "this character has been removed; choose another one"}
        assert server.request("GET", f"/api/takes/{take_id}").json()["made"] == again["made"]
        assert server.request("DELETE", f"/api/takes/{take_id}").status == 204
        assert list((folder / "characters").iterdir()) == []


def test_cancelled_and_failed_changes_keep_the_results(tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    with run_studio(folder) as server:
        (folder / "go").touch()
        take_id = server.upload(write_clip(tmp_path / "a.mp4"), "name=a&quality=fast").json()["id"]
        done = server.wait_for_state(take_id, "done", "failed")
        (folder / "go").unlink()
        path = f"/api/takes/{take_id}/character"
        for wrong in ("own:0123456789abcdef", "anime:../../x.toml", "/etc/passwd", ""):
            assert server.send_json("POST", path, {"character": wrong}).status == 400
        assert server.send_json("POST", path, {"character": "anime:girl"}).status == 202
        server.wait_for_state(take_id, "running")
        assert server.request("GET", f"/takes/{take_id}/models/person1.glb").status == 200
        assert server.request("POST", f"/api/takes/{take_id}/cancel").json()["state"] == "done"
        after = server.request("GET", f"/api/takes/{take_id}").json()
        assert (after["character"], after["made"], after["people"]) == ("mannequin", done["made"], done["people"])

        mine = server.add_character(WHOLE).json()
        (folder / "characters" / mine["id"] / "character.glb").rename(tmp_path / "gone.glb")
        assert server.send_json("POST", path, {"character": mine["name"]}).status == 400
        (tmp_path / "gone.glb").rename(folder / "characters" / mine["id"] / "character.glb")
        assert server.send_json("POST", path, {"character": mine["name"]}).status == 202
        server.wait_for_state(take_id, "running")
        server.studio.queue.remove(server.studio.library.find(take_id).key)  # type: ignore[union-attr]
        (folder / "characters" / mine["id"] / "character.glb").unlink()
        (folder / "go").touch()
        server.request("POST", f"/api/takes/{take_id}/restart")
        failed = _wait_for_error(server, take_id)
        assert (failed["state"], failed["character"], failed["made"]) == ("done", "mannequin", done["made"])
        assert failed["error"] == "the file of its character is gone; choose another character"


def _wait_for_error(server: Server, take_id: str) -> dict[str, Any]:
    while True:
        take = server.wait_for_state(take_id, "done", "waiting", "running")
        if take["state"] == "done" and take["error"]:
            return take
        time.sleep(0.2)


def _change(server: Server, take_id: str, character: str, version: str) -> dict[str, Any]:
    """Changes the character of a take and waits until that is done."""
    answer = server.send_json("POST", f"/api/takes/{take_id}/character", {"character": character})
    assert answer.status == 202, answer.body
    assert answer.json()["state"] in ("waiting", "running")
    take = server.wait_for_state(take_id, "done", "failed")
    assert (take["state"], take["character"], take["error"]) == ("done", character, "")
    assert take["made"] != version
    return take


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Knight.VRM", "Knight"), ("a" * 10_000 + ".glb", "a" * 120), ("\u202eevil\u2066.glb", "evil"),
        ("\u200d", "Untitled"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467 family.fbx", "\U0001f468\u200d\U0001f469\u200d\U0001f467 family"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.mp4", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
    ],
)  # fmt: skip
def test_titles_of_all_scripts(text: str, title: str) -> None:
    assert clean_title(text) == title


def test_helper_that_hangs_is_ended_and_the_next_call_gets_another_one() -> None:
    async def run() -> None:
        helper = Helper(max_seconds=1.0)
        with pytest.raises(MediaError, match="the file cannot be read: it takes more than 1 s"):
            await helper.call(time.sleep, 600)
        helper._max_seconds = None
        assert await helper.call(abs, -3) == 3
        with pytest.raises(MediaError, match="it crashes the decoder"):
            await helper.call(os.abort)
        assert await helper.call(abs, -3) == 3
        helper.close()

    asyncio.run(run())
