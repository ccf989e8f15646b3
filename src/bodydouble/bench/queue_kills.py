"""Runs of a batch whose workers and command are killed at random moments."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bodydouble.jobs.job import Job, JobState
from bodydouble.jobs.store import JobStore

COMMAND_SHARE = 0.3
"""Share of the kills that hit the command instead of a worker."""
POLL_SECONDS = 0.05
MAX_WAIT_SECONDS = 2.0
"""Maximum time between the end of a clip and the kill that it provokes."""


@dataclass
class KilledRun:
    """Record of a batch that was killed again and again."""

    worker_kills: int = 0
    command_kills: int = 0
    exit_status: int = 0
    """Exit status of the last run of the command."""
    deliveries: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    """Identities of the folders that were seen under the name of a clip."""

    @property
    def kills(self) -> int:
        """Number of all kills."""
        return self.worker_kills + self.command_kills

    @property
    def repeated_deliveries(self) -> int:
        """Number of folders that replaced another one of their name."""
        return sum(len(identities) - 1 for identities in self.deliveries.values())


def run_with_kills(command: Sequence[str], output: Path, count: int, kills: int, seed: int = 0) -> KilledRun:
    """Runs a batch to its end while it is killed, and starts it again whenever its command was killed.

    Args:
        command: the command, of the bodydouble command line.
        output: output folder of the batch, which exists.
        count: number of clips.
        kills: number of kills, at random moments while the first nine tenths of the clips are done.
        seed: seed of the moments and the victims.
    """
    rng = np.random.default_rng(seed)
    moments = sorted(rng.uniform(0.0, 0.9 * count, kills))
    run = KilledRun()
    process = start_command(command)
    with JobStore(output) as store:
        while True:
            jobs = store.list_jobs()
            _record_deliveries(run, output, jobs)
            if process.poll() is not None:
                run.exit_status = process.returncode
                if process.returncode >= 0:
                    return run
                process = start_command(command)
            finished = sum(job.state in (JobState.DONE, JobState.FAILED) for job in jobs)
            if jobs and run.kills < kills and finished >= moments[run.kills]:
                time.sleep(float(rng.uniform(0.0, MAX_WAIT_SECONDS)))
                _kill(run, process, rng)
            time.sleep(POLL_SECONDS)


def start_command(command: Sequence[str], stderr: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
    """Starts a command of bodydouble, without its output."""
    arguments = [sys.executable, "-m", "bodydouble", *command]
    return subprocess.Popen(arguments, text=True, stdout=subprocess.DEVNULL, stderr=stderr)


def _record_deliveries(run: KilledRun, output: Path, jobs: Sequence[Job]) -> None:
    for job in jobs:
        folder = output / job.request.folder
        if folder.exists():
            status = folder.stat()
            run.deliveries.setdefault(job.request.folder, set()).add((status.st_ino, status.st_mtime_ns))


def _kill(run: KilledRun, process: "subprocess.Popen[str]", rng: np.random.Generator) -> None:
    """Kills the command or one of its workers; neither if there is none."""
    if process.poll() is not None:
        return
    if rng.random() < COMMAND_SHARE:
        process.kill()
        process.wait()
        run.command_kills += 1
        return
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    if workers:
        with suppress(ProcessLookupError):  # it has ended by itself meanwhile
            os.kill(int(rng.choice(workers)), signal.SIGKILL)
            run.worker_kills += 1
