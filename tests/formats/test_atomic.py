"""Files and folders appear under their name when they are complete, or not at all."""

import errno
import os
import stat
from pathlib import Path

import pytest

from bodydouble.errors import OutputError
from bodydouble.formats.atomic import atomic_folder, atomic_write, ensure_folder


def test_the_file_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "preview.mp4"
    with atomic_write(path) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".mp4"
        assert temporary.name.startswith(".")
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError("bug"), KeyboardInterrupt(), SystemExit(1)])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "person1.bvh"
    path.write_text("old")
    with pytest.raises(type(error)), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "preview.mp4"
    with pytest.raises(OutputError) as raised, atomic_write(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    message = str(raised.value)
    assert message.startswith(f"cannot write {path}: No space left on device; ")
    assert "-o" in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_device_raises_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space left"), atomic_write(tmp_path / "a.txt") as temporary:
        temporary.unlink()
        temporary.symlink_to("/dev/full")
        temporary.write_text("text")
    assert list(tmp_path.iterdir()) == []


def test_obstacles_are_reported_before_the_block_begins(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "a.txt", tmp_path / "missing" / "a.txt", tmp_path / "folder"):
        with pytest.raises(OutputError, match="cannot write"), atomic_write(path):
            pytest.fail("the block must not begin")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.txt"):
        pass
    (tmp_path / "b.txt").touch()
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == stat.S_IMODE((tmp_path / "b.txt").stat().st_mode)


def test_a_long_name_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 240 + ".txt")
    with atomic_write(path) as temporary:
        temporary.write_text("text")
    assert path.read_text() == "text"


def test_ensure_folder_creates_it_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert ensure_folder(folder) == folder
    assert ensure_folder(folder) == folder
    assert list(folder.iterdir()) == []


def test_ensure_folder_reports_obstacles(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="it is a file, not a folder"):
        ensure_folder(tmp_path / "file")
    with pytest.raises(OutputError, match="a part of its path is a file"):
        ensure_folder(tmp_path / "file" / "folder")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_without_write_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="Permission denied; choose a folder you may write to with -o"):
            ensure_folder(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    with atomic_folder(folder) as temporary:
        (temporary / "one").write_text("1")
        assert not folder.exists()
    assert [file.name for file in tmp_path.rglob("*")] == ["frames", "one"]


def test_a_failure_leaves_no_new_folder_and_keeps_an_empty_one(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    with pytest.raises(ZeroDivisionError), atomic_folder(folder) as temporary:
        (temporary / "one").write_text(str(1 / 0))
    assert list(tmp_path.rglob("*")) == [folder]
    with atomic_folder(folder) as temporary:
        (temporary / "one").write_text("1")
    assert (folder / "one").read_text() == "1"
    with pytest.raises(OutputError, match="not empty"), atomic_folder(folder):
        pass
    assert (folder / "one").read_text() == "1"
