"""Supervisor of the queue: starts workers, starts new ones for those that end, and tells how far the queue is."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bodydouble.errors import OutputError
from bodydouble.formats.atomic import output_errors
from bodydouble.jobs.delivery import remove_empty_work_folder
from bodydouble.jobs.disk import check_disk
from bodydouble.jobs.job import Job, JobState
from bodydouble.jobs.owner import Owner
from bodydouble.jobs.store import WORKER_ENDED, JobStore
from bodydouble.jobs.worker import DISK_STATUS

LOG_FILE = "batch.log"
"""File in the output folder that gets what workers and decoders print."""
MAX_ERRORS = 10
"""Number of workers in a row that end with an error after which no more are started."""
POLL_SECONDS = 0.2
END_SECONDS = 2.0
"""Maximum time between the end of the main thread of a worker and that of all its threads."""
STOP_SECONDS = 10.0
"""Time that workers get to end by themselves."""
WORKER_COMMAND = (sys.executable, "-m", "bodydouble.jobs.worker")

QueueListener = Callable[[Sequence[Job]], None]
"""Receives all jobs whenever something may have changed."""


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """Options of running the queue."""

    workers: int = 1
    """Number of processes that run jobs at a time."""
    command: Sequence[str] = WORKER_COMMAND
    """Command that starts a worker; the output folder follows."""


def run_queue(output: Path, options: QueueOptions, on_change: QueueListener = lambda _: None) -> list[Job]:
    """Runs the queue of an output folder until every job is done or has failed, and returns the jobs.

    Raises:
        OutputError: the queue cannot be used, or the disk is full or read-only. Jobs that ran then wait.
    """
    with JobStore(output) as store, _Workers([*options.command, str(output)], output / LOG_FILE) as workers:
        while True:
            store.recover(workers.explain_end)
            jobs = store.list_jobs()
            on_change(jobs)
            open_jobs = sum(job.state in (JobState.WAITING, JobState.RUNNING) for job in jobs)
            if not open_jobs:
                for job in jobs:
                    remove_empty_work_folder(output, job.key)
                return jobs
            workers.keep_running(min(options.workers, open_jobs))
            time.sleep(POLL_SECONDS)


class _Workers:
    """Processes that run jobs. A context manager; at its end they give their jobs back and end."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command, self._log = command, log
        self._processes: list[subprocess.Popen[bytes]] = []
        self._codes: dict[int, int] = {}
        """Exit statuses of processes that have ended, by their number."""
        self._errors = 0
        """Number of workers that ended with an error since one last ended otherwise."""

    def __enter__(self) -> "_Workers":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def explain_end(self, owner: Owner) -> str:
        """Returns how a worker ended and what to do, as ``JobStore.recover`` takes it."""
        for process in self._processes:
            if process.pid == owner.pid:
                with suppress(subprocess.TimeoutExpired):  # its last threads may still be ending
                    self._codes[process.pid] = process.wait(END_SECONDS)
        code = self._codes.get(owner.pid, 0)
        return _explain_signal(-code) if code < 0 else WORKER_ENDED

    def keep_running(self, count: int) -> None:
        """Starts workers until a number of them run.

        Raises:
            OutputError: the disk is full or read-only, or workers end again and again, so they cannot start.
        """
        for process in self._processes:
            if process.poll() is not None:
                self._codes[process.pid] = process.returncode or 0
                self._errors = self._errors + 1 if (process.returncode or 0) > 0 else 0
                if process.returncode == DISK_STATUS:
                    check_disk(self._log.parent)
        if self._errors >= MAX_ERRORS:
            raise OutputError(f"workers end with an error again and again; {self._log} tells why")
        self._processes = [process for process in self._processes if process.returncode is None]
        with output_errors(self._log), self._log.open("ab") as log:
            missing = range(count - len(self._processes))
            self._processes += [subprocess.Popen(self._command, stdout=log, stderr=log) for _ in missing]


def _explain_signal(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if name == "SIGKILL":
        advice = "perhaps for lack of memory; use fewer workers or --quality fast"
    else:
        advice = "perhaps by a damaged video; convert it with another program, or leave it out"
    return f"its worker was ended by {name} {{times}} times while it ran, {advice}"
