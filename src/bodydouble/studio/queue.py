"""Queue of the studio: takes wait in the store of ``bodydouble.jobs``, and one worker process at a time runs them.

The worker may crash: another one goes on with the stage that it ran. It ends when the server ends; the next server goes
on likewise.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, RLock, Thread

from bodydouble.errors import BodydoubleError
from bodydouble.jobs.job import Job, JobState
from bodydouble.jobs.store import JobStore
from bodydouble.jobs.worker import DISK_STATUS
from bodydouble.studio.web_errors import explain_disk_error

LOG_FILE = "studio.log"
POLL_SECONDS = 0.3
STOP_SECONDS = 10.0
"""Time that a worker gets to end by itself."""
MAX_WAIT_SECONDS = 30.0
"""Maximum wait before another worker is started after several that could not start."""
LOSS = "the work on it crashed {times} times, perhaps for lack of memory, or because the video is damaged"
"""Line for people about a job whose worker ended while it ran."""
DISK_PROBLEM = "The disk is full or cannot be written; free some space."
WORKER_COMMAND = (sys.executable, "-m", "bodydouble.studio.worker")


class JobQueue:
    """Jobs of a folder and the process that runs them. A context manager."""

    def __init__(self, folder: Path, command: Sequence[str] = WORKER_COMMAND) -> None:
        """Takes the folder of the studio, and the command of a worker, which the folder follows."""
        self._folder, self._command = folder, [*command, str(folder)]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = RLock()
        self._jobs: dict[str, Job] = {}
        """Jobs by key, as they were last read."""
        self._ended = Event()
        self._thread = Thread(target=self._supervise, name="queue", daemon=True)
        self._errors, self._next_start = 0, 0.0
        self.problem = ""
        """Line that tells why no job can run now; empty if jobs can run."""

    def __enter__(self) -> "JobQueue":
        self._store = JobStore(self._folder)  # stays open: a file that is opened anew needs space on the disk
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._stop_worker()
        self._store.close()

    @property
    def log(self) -> Path:
        """File that gets what workers and decoders print."""
        return self._folder / LOG_FILE

    def add(self, job: Job) -> bool:
        """Adds a job; returns False if there is one of its key."""
        with self._lock:
            return bool(self._store.add([job]))

    def list_jobs(self) -> dict[str, Job]:
        """Returns all jobs by key; those that were last read if the disk is full."""
        with self._lock, suppress(BodydoubleError):
            self._jobs = {job.key: job for job in self._store.list_jobs()}
        return self._jobs

    def remove(self, key: str) -> None:
        """Takes a job from the queue; if it runs, its worker is ended first."""
        with self._lock:
            job = self._store.remove(key)
            if job is not None and job.state is JobState.RUNNING:
                self._stop_worker()

    def _supervise(self) -> None:
        while not self._ended.wait(POLL_SECONDS):
            try:
                self._keep_running()
            except (BodydoubleError, OSError) as error:  # a disk that is full now may have space later
                self.problem = DISK_PROBLEM if explain_disk_error(error) else str(error)

    def _keep_running(self) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                with self._process as ended:
                    self._note_end(ended.returncode)
                self._process = None
            self._store.recover(lambda _: LOSS)
            is_busy = any(job.state in (JobState.WAITING, JobState.RUNNING) for job in self._store.list_jobs())
            if is_busy and self._process is None and time.monotonic() >= self._next_start:
                with self.log.open("ab") as log:
                    # The worker ends when this end of its standard input is closed, if only by a kill of the server.
                    self.problem = ""
                    self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=log, stderr=log)

    def _note_end(self, code: int) -> None:
        """Notes how a worker ended: those that end with an error, again and again, are started ever more slowly."""
        self._errors = self._errors + 1 if code > 0 else 0
        if code == DISK_STATUS:
            self.problem = DISK_PROBLEM
        else:
            self.problem = f"Jobs cannot start; {self.log} tells why." if self._errors > 1 else ""
        self._next_start = time.monotonic() + min(MAX_WAIT_SECONDS, 2.0**self._errors - 1)

    def _stop_worker(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with process:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
