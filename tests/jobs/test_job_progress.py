"""Progress of jobs and of queues, and the interface for programs: add, look, cancel."""

import re
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bodydouble.cli.batch_progress import BatchProgress, format_time
from bodydouble.jobs.delivery import WORK_FOLDER
from bodydouble.jobs.job import Job, JobRequest, JobState
from bodydouble.jobs.job_progress import STAGES, JobWatch, estimate_fraction, estimate_seconds_left
from bodydouble.jobs.store import JobStore
from bodydouble.jobs.supervisor import QueueOptions, run_queue
from tests.jobs.queues import add_clips

WORKER = (sys.executable, "-m", "tests.jobs.queues")
JOB = Job("key", JobRequest(Path("/in/a.mp4"), "a", {"preview": True, "film": True}), JobState.RUNNING)


def test_the_fraction_grows_from_stage_to_stage_and_step_to_step() -> None:
    fractions = [
        estimate_fraction(replace(JOB, stage=stage, steps_done=done, steps=4)) for stage in STAGES for done in range(5)
    ]
    assert fractions[0] == 0
    assert fractions[-1] == 1
    assert fractions == sorted(fractions)
    assert estimate_fraction(replace(JOB, stage="on the cluster")) == 0


def test_stages_that_do_not_run_take_no_part_of_the_time() -> None:
    job = replace(JOB, stage="perception", steps_done=1, steps=1)
    plain = replace(job, request=JobRequest(job.request.video, "a"))
    assert estimate_fraction(plain) > estimate_fraction(job)


def test_the_time_left_of_a_job_follows_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    watch = JobWatch()
    steps = 1000
    found = []
    for done in range(0, steps, 100):
        found.append(watch.look(replace(JOB, stage="perception", steps_done=done, steps=steps)))
        now[0] += 10.0
    assert found[0].seconds_left is None
    speed = (found[-1].fraction - found[0].fraction) / 90.0
    assert found[-1].seconds_left == pytest.approx((1 - found[-1].fraction) / speed)
    again = watch.look(replace(JOB, stage="loading networks"))
    assert again.fraction == found[-1].fraction
    assert watch.look(replace(JOB, state=JobState.DONE)).fraction == 1
    assert watch.look(replace(JOB, state=JobState.WAITING)).fraction == 0


def test_progress_is_that_of_the_stages_that_a_run_has_left() -> None:
    watch = JobWatch()
    assert watch.look(replace(JOB, stage="")).fraction == 0
    assert watch.look(replace(JOB, stage="characters", steps_done=0, steps=4)).fraction == 0
    half = watch.look(replace(JOB, stage="film", steps_done=1, steps=2)).fraction
    assert 0.2 < half < 0.5
    assert watch.look(replace(JOB, stage="delivery", steps_done=1, steps=1)).fraction == 1


def queue_of(done: int, running: int, waiting: int, failed: int = 0, seconds: float = 10.0) -> list[Job]:
    states = [JobState.DONE] * done + [JobState.RUNNING] * running + [JobState.WAITING] * waiting
    states += [JobState.FAILED] * failed
    return [replace(JOB, state=state, seconds=seconds if state is JobState.DONE else 0.0) for state in states]


def test_the_time_left_of_a_queue_is_shared_by_its_workers() -> None:
    assert estimate_seconds_left(queue_of(0, 2, 8), 2) is None
    assert estimate_seconds_left(queue_of(2, 0, 8), 1) == pytest.approx(80)
    assert estimate_seconds_left(queue_of(2, 0, 8), 2) == pytest.approx(40)
    assert estimate_seconds_left(queue_of(9, 0, 1), 2) == pytest.approx(10)
    assert estimate_seconds_left(queue_of(9, 1, 0), 4) == pytest.approx(10)
    assert estimate_seconds_left(queue_of(10, 0, 0), 2) == 0
    assert estimate_seconds_left(queue_of(0, 0, 0, failed=3), 2) == 0


def test_clips_that_were_found_done_say_nothing_about_the_time() -> None:
    found = queue_of(5, 0, 5, seconds=0.0)
    assert estimate_seconds_left(found, 1) is None


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with BatchProgress(2) as progress:
        for done in range(101):
            progress.show(queue_of(done, 0, 100 - done, failed=1))
            now[0] += 1.0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "clips: 1/101, 1 failed, -:-- left"
    assert lines[1] == "clips: 11/101, 1 failed, 7:30 left"
    assert lines[-1] == "clips: 101/101, 1 failed, 0:00 left"
    assert len(lines) == 11
    assert all(re.fullmatch(r"clips: \d+/101, 1 failed, \S+ left", line) for line in lines)


def test_times_are_written_as_people_read_them() -> None:
    assert [format_time(value) for value in (None, 0.4, 65, 3909)] == ["-:--", "0:00", "1:05", "1:05:09"]


def test_a_program_adds_a_job_follows_it_and_cancels_it(tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    slow, other = add_clips(tmp_path / "in", 2, seconds=60.0)
    with JobStore(output) as store:
        assert store.add([slow]) == [slow]
        runner = threading.Thread(target=run_queue, args=(output, QueueOptions(1, WORKER)))
        runner.start()
        watch = JobWatch()
        while watch.look(store.list_jobs()[0]).stage != "first":
            time.sleep(0.1)
        removed = store.remove(slow.key)
        assert removed is not None
        assert removed.state is JobState.RUNNING
        runner.join()
        assert store.list_jobs() == []
        assert store.remove(other.key) is None
    assert not (output / slow.request.folder).exists()
    assert not list((output / WORK_FOLDER).glob("*/first"))
