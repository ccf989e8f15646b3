"""Worker of the queue: a process that takes jobs, runs them and delivers their results, until none is left.

    python -m bodydouble.jobs.worker OUT

It ends when its parent ends, so that no worker stays behind. What ends a worker, a crash of a decoder or a lack of
memory, costs the running stage of one job; another worker takes that job.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import Self

from bodydouble.errors import BodydoubleError, OutputError
from bodydouble.jobs.attempt import JobRunner, LeaseLostError, Outcome, attempt
from bodydouble.jobs.job import Job, JobState
from bodydouble.jobs.owner import Owner, current_owner
from bodydouble.jobs.store import HEARTBEAT_SECONDS, JobStore
from bodydouble.pipeline import Progress

DISK_STATUS = 74
"""Exit status of a worker that cannot use the queue or the disk."""
POLL_SECONDS = 0.5
"""Time between two looks for a job that is due."""


class Heartbeat(Progress):
    """Progress of a job that extends its lease in a thread of its own. A context manager."""

    def __init__(self, store: JobStore, key: str, owner: Owner) -> None:
        super().__init__()
        self._store, self._key, self._owner = store, key, owner
        self._stage, self._done = "", 0
        self._total: int | None = None
        self._ended = Event()
        self._is_lost = False
        self._thread = Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def begin(self, stage: str, total: int | None) -> None:
        """Records the stage."""
        self._stage, self._done, self._total = stage, 0, total

    def advance(self) -> None:
        """Records a step; raises LeaseLostError if another worker has the job."""
        self._done += 1
        if self._is_lost:
            raise LeaseLostError

    def _run(self) -> None:
        parent = os.getppid()
        while not self._ended.wait(HEARTBEAT_SECONDS):
            if os.getppid() != parent:
                os._exit(1)  # the process that started this one has ended; the main thread may be anywhere
            with suppress(BodydoubleError):  # a queue that cannot be written now can be later
                self._is_lost = not self._store.beat(self._key, self._owner, self._stage, self._done, self._total)


def run_worker(output: Path, run: JobRunner) -> None:
    """Runs jobs of the queue of an output folder until all are done or have failed.

    Jobs of workers that end are given to others by the supervisor.

    Raises:
        OutputError: the queue cannot be used, or the disk is full or read-only.
    """
    owner = current_owner()
    with JobStore(output) as store:
        signal.signal(signal.SIGTERM, _raise_interrupt)
        reason = ""
        try:
            while True:
                job = store.claim(owner)
                if job is not None:
                    run_job(store, job, owner, run)
                elif _is_complete(store):
                    return
                else:
                    time.sleep(POLL_SECONDS)
        except OutputError as error:
            reason = str(error)
            raise
        finally:
            with suppress(BodydoubleError):
                store.release(owner, reason)


def run_job(store: JobStore, job: Job, owner: Owner, run: JobRunner) -> None:
    """Runs a job that the owner has leased, and records how it ended; its errors end no worker."""
    with Heartbeat(store, job.key, owner) as heartbeat:
        outcome = attempt(store.folder, job, run, heartbeat)
    record(store, job, owner, outcome)


def record(store: JobStore, job: Job, owner: Owner, outcome: Outcome) -> None:
    """Records the outcome of an attempt in the queue."""
    if outcome.summary is not None:
        store.finish(job.key, owner, outcome.summary, outcome.seconds)
    elif outcome.error:
        store.fail(job.key, owner, outcome.error)


def _is_complete(store: JobStore) -> bool:
    return all(job.state in (JobState.DONE, JobState.FAILED) for job in store.list_jobs())


def _raise_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run_process(run: JobRunner) -> None:
    """Runs this process as a worker on the output folder that its command line names."""
    try:
        run_worker(Path(sys.argv[1]), run)
    except KeyboardInterrupt:
        pass
    except BodydoubleError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(DISK_STATUS)


def main() -> None:
    """Runs a worker on the output folder that the command line names."""
    from bodydouble.jobs.stages import run_stages

    run_process(run_stages)


if __name__ == "__main__":
    main()
