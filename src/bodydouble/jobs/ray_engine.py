"""The queue on a Ray cluster: Ray runs the jobs, the queue decides which (extra ``cluster``).

The command that runs the batch claims jobs, sends them to the cluster and keeps their leases; the file of the queue is
used by it alone. All computers must see the clips and the output folder under the same paths.

Source: https://docs.ray.io/en/latest/ray-core/fault-tolerance.html
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bodydouble.errors import InvalidDataError, MissingExtraError, OutputError
from bodydouble.jobs.attempt import JobRunner, Outcome, attempt
from bodydouble.jobs.disk import check_disk
from bodydouble.jobs.job import Job, JobState
from bodydouble.jobs.owner import Owner, current_owner
from bodydouble.jobs.store import HEARTBEAT_SECONDS, JobStore
from bodydouble.jobs.supervisor import QueueListener
from bodydouble.jobs.worker import record
from bodydouble.pipeline import Progress

LOCAL = "local"
"""Address that starts a cluster on this computer for the time of the run."""


@dataclass(frozen=True, slots=True)
class RayOptions:
    """Options of running the queue on a Ray cluster."""

    address: str = LOCAL
    """Address of the cluster, as ``ray.init`` takes it, such as "ray://head:10001" or "auto"."""
    workers: int = 1
    """Number of jobs that run at a time on the cluster."""


def run_queue_on_ray(
    output: Path, options: RayOptions, run: JobRunner, on_change: QueueListener = lambda _: None
) -> list[Job]:
    """Runs the queue of an output folder until every job is done or has failed, and returns the jobs.

    Raises:
        MissingExtraError: Ray is not installed.
        InvalidDataError: the cluster cannot be reached.
        OutputError: the queue cannot be used, or the disk is full or read-only.
    """
    ray = _connect(options)
    try:
        with JobStore(output) as store:
            return _Dispatcher(ray, store, options.workers, run).run(on_change)
    finally:
        ray.shutdown()


def _connect(options: RayOptions) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("the engine ray needs the package ray: pip install 'bodydouble[cluster]'") from error
    try:
        if options.address == LOCAL:
            # One processor per job: the jobs, not Ray, choose the number of their threads.
            ray.init(num_cpus=options.workers, include_dashboard=False, log_to_driver=False, configure_logging=False)
        else:
            ray.init(address=options.address, log_to_driver=False, configure_logging=False)
    except Exception as error:  # Ray raises many kinds
        raise InvalidDataError(
            f"cannot reach the Ray cluster {options.address}: {' '.join(str(error).split())}"
        ) from error
    return ray


def _run_remotely(run: JobRunner, output: Path, job: Job) -> Outcome:
    return attempt(output, job, run, Progress())


class _Dispatcher:
    """Sends due jobs to the cluster and records how they end."""

    def __init__(self, ray: Any, store: JobStore, slots: int, run: JobRunner) -> None:
        self._ray, self._store, self._slots, self._run = ray, store, slots, run
        self._owner: Owner = current_owner()
        self._remote: Callable[..., Any] = ray.remote(max_retries=0, num_cpus=1)(_run_remotely).remote
        self._running: dict[Any, Job] = {}
        """Jobs by the reference of their outcome."""
        self._last_beat = time.monotonic()

    def run(self, on_change: QueueListener) -> list[Job]:
        try:
            while True:
                self._store.recover()
                jobs = self._store.list_jobs()
                on_change(jobs)
                if all(job.state in (JobState.DONE, JobState.FAILED) for job in jobs):
                    return jobs
                self._fill_slots()
                self._collect()
                self._beat()
        finally:
            for reference in self._running:
                self._ray.cancel(reference, force=True)
            self._store.release(self._owner)

    def _fill_slots(self) -> None:
        while len(self._running) < self._slots:
            job = self._store.claim(self._owner)
            if job is None:
                return
            self._running[self._remote(self._run, self._store.folder, job)] = job

    def _collect(self) -> None:
        if not self._running:
            time.sleep(HEARTBEAT_SECONDS / 4)
            return
        ended, _ = self._ray.wait(list(self._running), num_returns=1, timeout=HEARTBEAT_SECONDS / 4)
        for reference in ended:
            job = self._running.pop(reference)
            try:
                outcome = self._ray.get(reference)
            except OutputError:  # the disk is full or read-only
                check_disk(self._store.folder)
                self._store.lose(job.key, self._owner)
            except self._ray.exceptions.RayError:  # the worker of the cluster has ended
                self._store.lose(job.key, self._owner)
            else:
                record(self._store, job, self._owner, outcome)

    def _beat(self) -> None:
        if time.monotonic() - self._last_beat >= HEARTBEAT_SECONDS:
            self._last_beat = time.monotonic()
            for job in self._running.values():
                self._store.beat(job.key, self._owner, "on the cluster", 0, None)
