"""Laws of the queue: every job is delivered once and whole, whoever is killed when."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest

from bodydouble.errors import MediaError, OutputError
from bodydouble.jobs import store as store_module
from bodydouble.jobs.attempt import attempt
from bodydouble.jobs.delivery import JOB_FILE, WORK_FOLDER, deliver, delivered_summary, work_folder
from bodydouble.jobs.job import Job, JobRequest, JobState, compute_key
from bodydouble.jobs.owner import Owner, current_owner, is_dead, parse_owner
from bodydouble.jobs.store import STORE_FILE, JobStore
from bodydouble.jobs.supervisor import QueueOptions, run_queue
from bodydouble.jobs.worker import run_worker
from bodydouble.pipeline import Progress
from tests.jobs.queues import STAGES, add_clips, run_stages

WORKER = (sys.executable, "-m", "tests.jobs.queues")
FAR_OWNER = Owner("another computer", "boot", 1, "0")


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path)


def states(store: JobStore) -> list[JobState]:
    return [job.state for job in store.list_jobs()]


def running_workers(output: Path) -> list[int]:
    """Returns the process numbers of the workers that run a job."""
    with closing(sqlite3.connect(output / STORE_FILE)) as database:
        rows = database.execute("SELECT owner FROM jobs WHERE state = 'running'").fetchall()
    return [parse_owner(owner).pid for (owner,) in rows]


def check_results(output: Path, jobs: list[Job]) -> None:
    """Checks that every job has one whole folder, and that nothing else is left."""
    for job in jobs:
        folder = output / job.request.folder
        record = json.loads((folder / JOB_FILE).read_text())
        assert record["key"] == job.key
        assert all((folder / stage).read_text() == job.request.video.read_text() for stage in STAGES)
        assert {path.name for path in folder.iterdir()} == {*STAGES, "runs.txt", JOB_FILE}
    assert not list((output / WORK_FOLDER).glob("*"))


def test_the_key_depends_on_content_folder_and_options_and_not_on_the_place_of_the_clip(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"1")
    (tmp_path / "b.mp4").write_bytes(b"1")
    (tmp_path / "c.mp4").write_bytes(b"2")
    plain, same, other = (compute_key(JobRequest(tmp_path / f"{name}.mp4", "a")) for name in "abc")
    assert plain == same != other
    assert compute_key(JobRequest(tmp_path / "b.mp4", "b")) != plain
    assert compute_key(JobRequest(tmp_path / "a.mp4", "a", {"quality": "fast"})) != plain


def test_the_content_of_a_file_that_an_option_names_counts(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"1")
    rig = tmp_path / "rig.glb"
    keys = []
    for content in (b"x", b"y", b"x"):
        rig.write_bytes(content)
        keys.append(compute_key(JobRequest(tmp_path / "a.mp4", "a", {"character": str(rig)})))
    assert keys[0] == keys[2] != keys[1]


def test_a_job_is_added_once(store: JobStore, tmp_path: Path) -> None:
    jobs = add_clips(tmp_path / "in", 3)
    assert store.add(jobs) == jobs
    assert store.add(jobs) == []
    assert states(store) == [JobState.WAITING] * 3


def test_a_job_is_leased_to_one_worker(store: JobStore, tmp_path: Path) -> None:
    store.add(add_clips(tmp_path / "in", 1))
    assert store.claim(current_owner()) is not None
    assert JobStore(tmp_path).claim(FAR_OWNER) is None


def test_a_lease_ends_when_the_heartbeat_stands_still(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    (job,) = store.add(add_clips(tmp_path / "in", 1))
    store.claim(FAR_OWNER)
    for _ in range(5):
        now[0] += 0.9 * store_module.LEASE_SECONDS
        assert store.recover() == []
        assert store.beat(job.key, FAR_OWNER, "stage", 1, 2)
    assert store.recover() == []
    now[0] += 1.1 * store_module.LEASE_SECONDS
    assert [lost.key for lost in store.recover()] == [job.key]
    assert not store.beat(job.key, FAR_OWNER, "stage", 2, 2)
    assert states(store) == [JobState.WAITING]


@pytest.mark.parametrize("shift", [-1e6, 1e6], ids=["set back", "set forward"])
def test_a_clock_that_is_set_changes_no_lease_and_blocks_no_job(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shift: float
) -> None:
    first, second = add_clips(tmp_path / "in", 2)
    store.add([first, second])
    owner = current_owner()
    assert store.claim(owner) is not None
    store.fail(first.key, owner, "disk full")
    assert store.claim(owner) is not None
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + shift)
    assert store.recover() == []
    claimed = store.claim(owner)
    assert claimed is not None
    assert claimed.key == first.key


def test_a_dead_process_loses_its_lease_at_once(store: JobStore, tmp_path: Path) -> None:
    (job,) = store.add(add_clips(tmp_path / "in", 1))
    own = current_owner()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    store.claim(Owner(own.host, own.boot, ended.pid, "1"))
    assert [lost.key for lost in store.recover()] == [job.key]
    assert store.list_jobs()[0].losses == 1


def test_owners_survive_the_text_and_are_alive() -> None:
    own = current_owner()
    assert parse_owner(str(own)) == own
    assert not is_dead(own)
    assert not is_dead(FAR_OWNER)
    assert is_dead(Owner(own.host, "an earlier start", own.pid, own.started)) == bool(own.boot)


def test_a_job_fails_after_three_errors_and_can_be_retried(store: JobStore, tmp_path: Path) -> None:
    jobs = add_clips(tmp_path / "in", 5, bad=["clip002"])
    store.add(jobs)
    run_worker(tmp_path, run_stages)
    found = {job.request.folder: job for job in store.list_jobs()}
    assert found["clip002"].state is JobState.FAILED
    assert found["clip002"].failures == store_module.MAX_FAILURES
    assert found["clip002"].error == f"cannot read {jobs[2].request.video}"
    assert [job.state for name, job in found.items() if name != "clip002"] == [JobState.DONE] * 4
    assert store.retry_failed() == 1
    assert store.list_jobs()[2].state is JobState.WAITING


@pytest.mark.parametrize(
    "failure",
    [
        MemoryError(),
        BlockingIOError(11, "Resource temporarily unavailable: 'avcodec_open2(h264)'"),
        RuntimeError("[ONNXRuntimeError] : 6 : Exception during initialization: std::bad_alloc"),
        RuntimeError("can't start new thread"),
        MediaError("cannot read a.mp4: Cannot allocate memory"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_lack_of_memory_is_recognized_whoever_reports_it(tmp_path: Path, failure: Exception) -> None:
    (job,) = add_clips(tmp_path / "in", 1)

    def run(*_: object) -> dict[str, object]:
        raise failure

    outcome = attempt(tmp_path, job, run, Progress())
    assert outcome.summary is None
    assert outcome.error == "out of memory; use --quality fast, or fewer workers"


def test_a_job_that_ends_its_workers_fails(store: JobStore, tmp_path: Path) -> None:
    store.add(add_clips(tmp_path / "in", 1))
    own = current_owner()
    for _ in range(store_module.MAX_LOSSES):
        assert store.claim(Owner(own.host, own.boot, own.pid, "1")) is not None
        store.recover()
    assert states(store) == [JobState.FAILED]
    assert "memory" in store.list_jobs()[0].error


def test_nothing_is_done_twice(tmp_path: Path) -> None:
    jobs = add_clips(tmp_path / "in", 3)
    output = tmp_path / "out"
    output.mkdir()
    with JobStore(output) as store:
        store.add(jobs)
    run_queue(output, QueueOptions(1, WORKER))
    before = [(output / job.request.folder / "first").stat().st_mtime_ns for job in jobs]
    (output / STORE_FILE).unlink()
    with JobStore(output) as store:
        store.add(jobs)
    done = run_queue(output, QueueOptions(1, WORKER))
    assert [job.state for job in done] == [JobState.DONE] * 3
    assert done[0].summary == {"stages": 2}
    assert [(output / job.request.folder / "first").stat().st_mtime_ns for job in jobs] == before
    check_results(output, jobs)


@pytest.mark.parametrize("step", range(5))
def test_a_delivery_that_is_killed_anywhere_is_completed(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = add_clips(tmp_path / "in", 1)
    older = tmp_path / job.request.folder
    older.mkdir()
    (older / "of an earlier version").touch()
    (older / JOB_FILE).write_text('{"key": "of an earlier version"}')
    calls = [0]

    def count(original: object) -> object:
        def counted(*arguments: object, **options: object) -> object:
            if calls[0] == step:
                raise KeyboardInterrupt
            calls[0] += 1
            return original(*arguments, **options)  # type: ignore[operator]

        return counted

    run_stages(job, work_folder(tmp_path, job.key), Progress())
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", count(Path.rename))
        patch.setattr("bodydouble.jobs.delivery.rmtree", count(rmtree))
        try:
            deliver(tmp_path, job, {})
        except KeyboardInterrupt:
            run_stages(job, work_folder(tmp_path, job.key), Progress())
    if delivered_summary(tmp_path, job) is None:
        deliver(tmp_path, job, {})
    assert (tmp_path / job.request.folder / "first").read_text() == "content 0"


def test_kills_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    jobs = add_clips(tmp_path / "in", 24, seconds=0.1)
    output = tmp_path / "out"
    output.mkdir()
    with JobStore(output) as store:
        store.add(jobs)
    rng = np.random.default_rng(0)
    kills: list[int] = []

    def kill() -> None:
        while len(kills) < 6:
            time.sleep(float(rng.uniform(0.2, 0.9)))
            for child in rng.permutation(running_workers(output))[:1]:
                with suppress(ProcessLookupError):  # it has ended by itself meanwhile
                    os.kill(int(child), signal.SIGKILL)
                    kills.append(child)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    done = run_queue(output, QueueOptions(2, WORKER))
    assert [job.state for job in done] == [JobState.DONE] * len(jobs)
    assert len(kills) >= 3
    assert sum(job.losses for job in done) >= 1
    check_results(output, jobs)


def test_two_runs_share_one_queue(tmp_path: Path) -> None:
    jobs = add_clips(tmp_path / "in", 10, seconds=0.05)
    output = tmp_path / "out"
    output.mkdir()
    with JobStore(output) as store:
        store.add(jobs)
    runs = [threading.Thread(target=run_queue, args=(output, QueueOptions(1, WORKER))) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    check_results(output, jobs)
    for job in jobs:
        assert (output / job.request.folder / "runs.txt").read_text().split() == list(STAGES)


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    with JobStore(output) as store:
        store.add(add_clips(tmp_path / "in", 1, seconds=60.0))
        parent = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"from tests.jobs.test_queue import *; run_queue(Path({str(output)!r}), QueueOptions(1, WORKER))",
            ]
        )
        while not any(job.steps_done or job.stage for job in store.list_jobs()):
            time.sleep(0.1)
        (worker,) = running_workers(output)
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 20
        while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert [job.request.folder for job in store.recover()] == ["clip000"]


def test_a_queue_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / STORE_FILE).write_bytes(b"no database at all, but long enough to be read as one" * 100)
    with pytest.raises(OutputError, match="damaged; delete it"):
        JobStore(tmp_path)
    (tmp_path / "foreign").mkdir()
    with closing(sqlite3.connect(tmp_path / "foreign" / STORE_FILE)) as database:
        database.execute("CREATE TABLE jobs (number INTEGER)")
    with pytest.raises(OutputError, match="of another program or version; choose another folder"):
        JobStore(tmp_path / "foreign")
    with pytest.raises(OutputError, match="cannot be written"):
        JobStore(tmp_path / "missing")
