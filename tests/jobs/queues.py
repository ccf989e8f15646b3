"""Queues of small jobs whose stages only write files."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bodydouble.errors import MediaError
from bodydouble.jobs.job import Job, JobRequest, compute_key
from bodydouble.jobs.worker import run_process
from bodydouble.pipeline import Progress
from tests.jobs import hostile

STAGES = ("first", "second")


def add_clips(folder: Path, count: int, **options: Any) -> list[Job]:
    """Writes files that stand for videos, and returns a job for each."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = []
    for number in range(count):
        video = folder / f"clip{number:03d}.mp4"
        video.write_text(f"content {number}")
        request = JobRequest(video, video.stem, options)
        jobs.append(Job(compute_key(request), request))
    return jobs


def run_stages(job: Job, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Writes a file per stage that is not there, over some steps.

    A clip of the option "bad" fails; one of the option "deadly" kills its first worker. The option "hostile" names a
    function of ``hostile`` per clip, which is called unless the file of the option "peace" exists.
    """
    if (name := job.request.options.get("hostile", {}).get(job.request.folder)) is not None:
        peace = job.request.options.get("peace")
        if peace is None or not Path(peace).exists():
            getattr(hostile, name)(folder)
    if job.request.folder in job.request.options.get("bad", ()):
        raise MediaError(f"cannot read {job.request.video}")
    runs = folder / "runs.txt"
    if job.request.folder in job.request.options.get("deadly", ()) and not runs.exists():
        runs.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    for stage in STAGES:
        if (folder / stage).exists():
            continue
        with runs.open("a") as file:
            file.write(f"{stage}\n")
        with progress.stage(stage, 5):
            for _ in progress.track(range(5)):
                time.sleep(job.request.options.get("seconds", 0.0) / 5)
        partial = folder / f".{stage}"
        partial.write_text(job.request.video.read_text())
        partial.replace(folder / stage)
    return {"stages": len(STAGES)}


if __name__ == "__main__":
    run_process(run_stages)
