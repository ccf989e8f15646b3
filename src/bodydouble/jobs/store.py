"""Store of the queue: an SQLite file that holds all jobs and says who runs which.

A job is leased to the worker that runs it: the worker counts up a heartbeat, and a lease is over when its heartbeat has
stood still for LEASE_SECONDS by the clock of whoever looks, or at once when its process is known to have ended. No
two clocks are compared, so a clock that is set back or a second computer does no harm.

Source: https://sqlite.org/wal.html
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from bodydouble.errors import OutputError
from bodydouble.jobs.job import Job, JobRequest, JobState
from bodydouble.jobs.owner import Owner, is_dead, parse_owner

STORE_FILE = "batch.sqlite"
LEASE_SECONDS = 60.0
"""Time without a heartbeat after which a job is taken from its worker."""
HEARTBEAT_SECONDS = 2.0
"""Time between two heartbeats."""
MAX_FAILURES = 3
"""Number of runs with an error after which a job has failed."""
MAX_LOSSES = 5
"""Number of runs that ended with their worker after which a job has failed; it may be what ends them."""
BACKOFF_SECONDS = 1.0
"""Wait after the first failure of a job; it doubles with every further one."""
WORKER_ENDED = "its worker ended {times} times while it ran, perhaps for lack of memory; use fewer workers"
"""Reason of a loss of which no more is known."""
_LOCK_SECONDS = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, video TEXT NOT NULL, folder TEXT NOT NULL UNIQUE,
    options TEXT NOT NULL, state TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0,
    losses INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0, owner TEXT NOT NULL DEFAULT '',
    heartbeat INTEGER NOT NULL DEFAULT 0, stage TEXT NOT NULL DEFAULT '', steps_done INTEGER NOT NULL DEFAULT 0,
    steps INTEGER, error TEXT NOT NULL DEFAULT '', summary TEXT NOT NULL DEFAULT '{}',
    seconds REAL NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, number);
"""
_FREE = "owner = '', heartbeat = 0"


class JobStore:
    """The queue of one output folder. A context manager; each process opens its own.

    Raises:
        OutputError: the file cannot be opened or written, or is no queue. All methods raise it.
    """

    def __init__(self, folder: Path) -> None:
        """Opens the queue of an output folder, and creates it if there is none."""
        self.folder = folder
        self._path = folder / STORE_FILE
        self._seen: dict[str, tuple[str, int, float]] = {}
        """Owner, heartbeat and time of the last change that this process saw, by the key of a running job."""
        with self._errors():
            self._database = sqlite3.connect(
                self._path, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._database.row_factory = sqlite3.Row
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_SCHEMA)

    def __enter__(self) -> "JobStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def add(self, jobs: Iterable[Job]) -> list[Job]:
        """Adds jobs; those whose key is known stay as they are. Returns the new ones.

        A job whose folder belongs to another key replaces that one, unless it runs.
        """
        added = []
        with self._transaction():
            for job in jobs:
                if self._find(job.key) is None:
                    self._execute("DELETE FROM jobs WHERE folder = ? AND state <> 'running'", job.request.folder)
                    self._insert(job)
                    added.append(job)
        return added

    def _insert(self, job: Job) -> None:
        options = json.dumps(dict(job.request.options), sort_keys=True)
        values = (job.key, str(job.request.video), job.request.folder, options, job.state, json.dumps(job.summary))
        self._execute(
            "INSERT INTO jobs (key, video, folder, options, state, summary) VALUES (?, ?, ?, ?, ?, ?)", *values
        )

    def list_jobs(self) -> list[Job]:
        """Returns all jobs in the order in which they were added."""
        with self._errors():
            return [_read_job(row) for row in self._execute("SELECT * FROM jobs ORDER BY number").fetchall()]

    def claim(self, owner: Owner) -> Job | None:
        """Leases the next job that is due to a worker; None if none is."""
        with self._transaction():
            row = self._execute(
                "SELECT * FROM jobs WHERE state = 'waiting' AND (not_before <= ? OR not_before > ?) "
                "ORDER BY failures + losses, number LIMIT 1",
                time.time(), time.time() + BACKOFF_SECONDS * 2**MAX_FAILURES,
            ).fetchone()  # fmt: skip
            if row is None:
                return None
            self._execute(
                "UPDATE jobs SET state = 'running', owner = ?, heartbeat = 1, stage = '', steps_done = 0, "
                "steps = NULL WHERE key = ?",
                str(owner), row["key"],
            )  # fmt: skip
            return _read_job(row)

    def beat(self, key: str, owner: Owner, stage: str, steps_done: int, steps: int | None) -> bool:
        """Extends the lease of a job and tells how far it is; returns whether the worker still has the lease."""
        with self._transaction():
            changed = self._execute(
                "UPDATE jobs SET heartbeat = heartbeat + 1, stage = ?, steps_done = ?, steps = ? "
                "WHERE key = ? AND owner = ? AND state = 'running'",
                stage, steps_done, steps, key, str(owner),
            )  # fmt: skip
            return changed.rowcount == 1

    def finish(self, key: str, owner: Owner, summary: Mapping[str, Any], seconds: float) -> None:
        """Records that a job is done."""
        with self._transaction():
            self._execute(
                f"UPDATE jobs SET state = 'done', error = '', summary = ?, seconds = ?, {_FREE} "
                "WHERE key = ? AND (owner = ? OR state = 'waiting')",
                json.dumps(summary), seconds, key, str(owner),
            )  # fmt: skip

    def fail(self, key: str, owner: Owner, error: str) -> None:
        """Records an error; the job is run again later unless it has failed MAX_FAILURES times."""
        with self._transaction():
            self._execute(
                f"UPDATE jobs SET failures = failures + 1, error = ?, {_FREE}, not_before = ? + ? * (1 << failures), "
                f"state = iif(failures + 1 >= {MAX_FAILURES}, 'failed', 'waiting') WHERE key = ? AND owner = ?",
                error, time.time(), BACKOFF_SECONDS, key, str(owner),
            )  # fmt: skip

    def release(self, owner: Owner, reason: str = "") -> None:
        """Gives back the jobs of a worker that stops, as if it had not begun them, with the reason if there is one."""
        with self._transaction():
            self._execute(
                f"UPDATE jobs SET state = 'waiting', error = ?, {_FREE} WHERE owner = ? AND state = 'running'",
                reason, str(owner),
            )  # fmt: skip

    def recover(self, explain: Callable[[Owner], str] = lambda _: WORKER_ENDED) -> list[Job]:
        """Takes jobs from workers that have ended, and returns these jobs.

        Args:
            explain: returns how a worker ended and what to do, as a line with ``{times}`` for the number of times.
        """
        with self._transaction():
            rows = self._execute("SELECT * FROM jobs WHERE state = 'running'").fetchall()
            lost = [row for row in rows if self._is_over(row)]
            for row in lost:
                self._lose(row, explain(parse_owner(row["owner"])))
        self._seen = {row["key"]: self._seen[row["key"]] for row in rows if row not in lost}
        return [_read_job(row) for row in lost]

    def lose(self, key: str, owner: Owner) -> None:
        """Records that the process that ran a job has ended; the job is run again unless that was the last time."""
        with self._transaction():
            row = self._find(key)
            if row is not None and row["state"] == "running" and row["owner"] == str(owner):
                self._lose(row, WORKER_ENDED)

    def _lose(self, row: sqlite3.Row, reason: str) -> None:
        losses = row["losses"] + 1
        self._execute(
            f"UPDATE jobs SET losses = ?, {_FREE}, error = ?, state = ? WHERE key = ?",
            losses, reason.format(times=losses), "failed" if losses >= MAX_LOSSES else "waiting", row["key"],
        )  # fmt: skip

    def _is_over(self, row: sqlite3.Row) -> bool:
        """Returns whether the lease of a running job is over."""
        now, current = time.monotonic(), (row["owner"], row["heartbeat"])
        owner, heartbeat, since = self._seen.get(row["key"], ("", -1, now))
        if (owner, heartbeat) != current:
            since = now
        self._seen[row["key"]] = (*current, since)
        return now - since > LEASE_SECONDS or is_dead(parse_owner(row["owner"]))

    def remove(self, key: str) -> Job | None:
        """Removes a job and returns it, if there is one; its worker, if it runs, loses its lease."""
        with self._transaction():
            row = self._find(key)
            self._execute("DELETE FROM jobs WHERE key = ?", key)
        return None if row is None else _read_job(row)

    def retry_failed(self) -> int:
        """Lets failed jobs run again from their last complete stage; returns their number."""
        with self._transaction():
            changed = self._execute(
                "UPDATE jobs SET state = 'waiting', failures = 0, losses = 0, not_before = 0 WHERE state = 'failed'"
            )
            return changed.rowcount

    def _find(self, key: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._execute("SELECT * FROM jobs WHERE key = ?", key).fetchone()
        return row

    def _execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        return self._database.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors():
            self._execute("BEGIN IMMEDIATE")
            try:
                yield
                self._execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise OutputError(f"cannot use the queue {self._path}: {_explain(error)}") from error


def _explain(error: sqlite3.Error) -> str:
    """Returns what is wrong and what to do."""
    text = str(error)
    if "full" in text:
        return "the disk is full; free some space and run the same command again"
    if "readonly" in text or "unable to open" in text:
        return "its folder cannot be written; choose a folder you may write to with -o"
    if "disk I/O" in text:
        return "the disk is full or does not answer; free some space and run the same command again"
    if "no such" in text:
        return "the file is of another program or version; choose another folder with -o"
    if "not a database" in text or "malformed" in text:
        return "the file is damaged; delete it, finished clips are found again by their folders"
    return f"{text}; run the same command again"


def _read_job(row: sqlite3.Row) -> Job:
    request = JobRequest(Path(row["video"]), row["folder"], json.loads(row["options"]))
    return Job(
        row["key"], request, JobState(row["state"]), row["failures"], row["losses"], row["stage"], row["steps_done"],
        row["steps"], row["error"], json.loads(row["summary"]), row["seconds"],
    )  # fmt: skip


def has_store(folder: Path) -> bool:
    """Returns whether an output folder has a queue."""
    return (folder / STORE_FILE).is_file()


def read_jobs(folder: Path) -> list[Job]:
    """Returns the jobs of an output folder, which may be read-only; raises OutputError if its queue cannot be read."""
    if os.access(folder, os.W_OK):
        with JobStore(folder) as store:
            return store.list_jobs()
    path = folder / STORE_FILE
    has_log = path.with_name(f"{STORE_FILE}-wal").exists()
    address = f"{path.absolute().as_uri()}?{'mode=ro' if has_log else 'immutable=1'}"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [_read_job(row) for row in database.execute("SELECT * FROM jobs ORDER BY number").fetchall()]
    except sqlite3.Error as error:
        raise OutputError(f"cannot read the queue {path}: {error}") from error
