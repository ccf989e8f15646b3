"""The queue on a full or read-only disk, out of memory, and with clips that crash their worker."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bodydouble.cli import app
from bodydouble.jobs import store as store_module
from bodydouble.jobs.delivery import JOB_FILE, WORK_FOLDER
from bodydouble.jobs.job import Job, JobState
from bodydouble.jobs.store import JobStore
from bodydouble.jobs.supervisor import QueueOptions, run_queue
from tests.jobs.queues import STAGES, add_clips

WORKER = (sys.executable, "-m", "tests.jobs.queues")
MOUNT = ("unshare", "--map-root-user", "--mount", "sh", "-c")
"""Command that runs a script with mounts of its own, also without the rights of root."""


@cache
def may_mount() -> bool:
    try:
        return (
            subprocess.run([*MOUNT, "mount -t tmpfs -o size=1m none /mnt"], check=False, capture_output=True).returncode
            == 0
        )
    except OSError:
        return False


needs_mount = pytest.mark.skipif("not may_mount()", reason="this system lets nobody mount a disk of its own")


def start_queue(output: Path, count: int, **options: Any) -> list[Job]:
    output.mkdir()
    with JobStore(output) as store:
        return store.add(add_clips(output.parent / "in", count, **options))


def check_whole(output: Path, names: list[str]) -> None:
    """Checks that only clips of these names are there, each whole, and that nothing is left of the others."""
    assert sorted(path.name for path in output.iterdir() if path.is_dir()) == sorted([WORK_FOLDER, *names])
    for name in names:
        assert {path.name for path in (output / name).iterdir()} - {"much"} == {*STAGES, "runs.txt", JOB_FILE}
    assert not list((output / WORK_FOLDER).glob("*"))
    assert [path.name for path in output.glob(".*")] == [WORK_FOLDER]


HOSTILE = {
    "write_too_much": r"cannot write .*much: File too large; choose a folder on another disk with -o",
    "use_much_memory": r"out of memory; use --quality fast, or fewer workers",
    "be_killed": r"its worker was ended by SIGKILL 2 times while it ran, perhaps for lack of memory; use fewer workers",
    "crash": r"its worker was ended by SIGSEGV 2 times while it ran, perhaps by a damaged video; convert it",
    "abort": r"its worker was ended by SIGABRT 2 times while it ran, perhaps by a damaged video; convert it",
}


@pytest.mark.parametrize("deed", HOSTILE)
def test_a_hostile_clip_is_reported_and_stops_no_other(
    tmp_path: Path, deed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "MAX_LOSSES", 2)
    output, peace = tmp_path / "out", tmp_path / "peace"
    start_queue(output, 4, hostile={"clip001": deed}, peace=str(peace))
    done = run_queue(output, QueueOptions(2, WORKER))
    assert {job.request.folder for job in done if job.state is JobState.FAILED} == {"clip001"}
    check_whole(output, ["clip000", "clip002", "clip003"])
    result = CliRunner().invoke(app, ["batch", "status", str(output)])
    assert result.exit_code == 1
    (line,) = [line for line in result.stderr.splitlines() if "clip001" in line]
    assert line.startswith("bodydouble: clip001: ")
    assert re.search(HOSTILE[deed], line)
    peace.touch()
    assert "batch retry" in result.stderr
    assert CliRunner().invoke(app, ["batch", "retry", str(output)]).exit_code == 0
    assert {job.state for job in run_queue(output, QueueOptions(2, WORKER))} == {JobState.DONE}
    check_whole(output, ["clip000", "clip001", "clip002", "clip003"])


def run_mounted(folder: Path, size: str, function: str) -> Any:
    """Runs a function of this module in a process that sees a small disk at a folder; returns its result."""
    folder.mkdir()
    script = f"mount -t tmpfs -o size={size} none {folder} && exec {sys.executable} -c '{_CALL}'"
    process = subprocess.run(
        [*MOUNT, script.format(function=function, folder=folder)], capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


_CALL = (
    "import json; from pathlib import Path; from tests.jobs import test_hostile; "
    'print(json.dumps(test_hostile.{function}(Path("{folder}"))))'
)


def fill_disk(folder: Path) -> list[str]:
    """Runs a queue on a disk that is nearly full, and again with free space; returns what the first run says."""
    output = folder / "out"
    start_queue(output, 4, hostile={"clip001": "write_much"})
    filler = folder / "filler"
    filler.write_bytes(bytes(20 << 20))
    try:
        run_queue(output, QueueOptions(1, WORKER))
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
    check_whole(output, ["clip000"])
    with JobStore(output) as store:
        stopped = store.list_jobs()[1]
    assert stopped.state is JobState.WAITING
    assert stopped.failures == stopped.losses == 0
    assert message.endswith(stopped.error)
    filler.unlink()
    done = run_queue(output, QueueOptions(2, WORKER))
    check_whole(output, [job.request.folder for job in done])
    return [message, *(job.state for job in done)]


@needs_mount
def test_a_full_disk_stops_the_batch_and_the_next_run_goes_on(tmp_path: Path) -> None:
    message, *states = run_mounted(tmp_path / "disk", "24m", "fill_disk")
    assert message == (
        f"OutputError: cannot write into {tmp_path / 'disk' / 'out'}: No space left on device; free some space, then "
        "run the same command again"
    )
    assert states == ["done"] * 4


def need_much_space(folder: Path) -> list[str]:
    """Runs a queue one clip of which needs more space than there is; returns states and the error."""
    output = folder / "out"
    start_queue(output, 4, hostile={"clip001": "write_much"})
    done = run_queue(output, QueueOptions(1, WORKER))
    check_whole(output, ["clip000", "clip002", "clip003"])
    return [*(job.state for job in done), done[1].error]


@needs_mount
def test_a_clip_that_needs_more_space_than_there_is_stops_no_other(tmp_path: Path) -> None:
    *states, error = run_mounted(tmp_path / "disk", "12m", "need_much_space")
    assert states == ["done", "failed", "done", "done"]
    assert "No space left on device; free some space" in error


def write_nothing(folder: Path) -> list[Any]:
    """Runs ``batch`` commands on a disk that is read-only; returns the exit status and the output of each."""
    output = folder / "out"
    start_queue(output, 2)
    run_queue(output, QueueOptions(1, WORKER))
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    results = []
    for command in (["run", str(folder / "in"), "-o", str(output)], ["status", str(output)], ["retry", str(output)]):
        result = CliRunner().invoke(app, ["batch", *command])
        results.append([result.exit_code, result.stdout, result.stderr])
    return results


@needs_mount
def test_a_read_only_disk_is_one_clear_line(tmp_path: Path) -> None:
    run, status, retry = run_mounted(tmp_path / "disk", "12m", "write_nothing")
    output = tmp_path / "disk" / "out"
    assert run == [
        1, "", f"bodydouble: cannot write {output}: Read-only file system; choose a folder you may write to with -o\n"
    ]  # fmt: skip
    assert status[0] == 0
    assert status[1].startswith("2 done\n")
    assert retry[0] == 1
    assert retry[2].startswith(f"bodydouble: cannot use the queue {output}")
    assert retry[2].count("\n") == 1
