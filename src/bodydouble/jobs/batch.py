"""A batch: sources of clips and options -> the queue of an output folder, run to its end, and its summary."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bodydouble.errors import InvalidDataError
from bodydouble.formats.atomic import ensure_folder
from bodydouble.jobs.clips import find_clips, request_clips
from bodydouble.jobs.delivery import check_target, delivered_summary
from bodydouble.jobs.job import Job, JobState, create_jobs
from bodydouble.jobs.ray_engine import RayOptions, run_queue_on_ray
from bodydouble.jobs.store import JobStore, has_store, read_jobs
from bodydouble.jobs.summary import write_summary
from bodydouble.jobs.supervisor import QueueListener, QueueOptions, run_queue


def run_batch(
    sources: Sequence[str],
    output: Path,
    options: Mapping[str, Any],
    engine: QueueOptions | RayOptions,
    on_change: QueueListener = lambda _: None,
) -> list[Job]:
    """Adds clips to the queue of an output folder, runs it to its end, writes the summary and returns its jobs.

    Args:
        sources: folders, patterns, lists and videos, as ``find_clips`` takes them.
        output: the output folder, which is created.
        options: options of ``animate`` by name, as JSON has them.
        engine: what runs the queue: processes of this computer, or a Ray cluster.
        on_change: receives the jobs again and again.

    Raises:
        BodydoubleError: there are no clips, an option is invalid, or the output folder cannot be used. Clips that were
            done stay, and the queue goes on with the next call.
    """
    from bodydouble.jobs.stages import check_options, run_stages

    check_options(options)
    clips = find_clips(sources)
    ensure_folder(output)
    jobs = [_find_result(output, job) for job in create_jobs(request_clips(clips, options))]
    for job in jobs:
        check_target(output, job)
    with JobStore(output) as store:
        store.add(jobs)
    if isinstance(engine, RayOptions):
        done = run_queue_on_ray(output.absolute(), engine, run_stages, on_change)
    else:
        done = run_queue(output, engine, on_change)
    write_summary(output, done)
    return done


def _find_result(output: Path, job: Job) -> Job:
    """Returns a job as done if its folder holds its results already."""
    summary = delivered_summary(output, job)
    return job if summary is None else replace(job, state=JobState.DONE, summary=summary)


def read_batch(output: Path) -> list[Job]:
    """Returns the jobs of an output folder, and writes the summary if the folder can be written.

    Raises:
        BodydoubleError: the folder has no queue, or one that cannot be read.
    """
    _check_store(output)
    jobs = read_jobs(output)
    if os.access(output, os.W_OK):
        write_summary(output, jobs)
    return jobs


def retry_batch(output: Path) -> int:
    """Lets the failed jobs of an output folder run again; returns their number."""
    _check_store(output)
    with JobStore(output) as store:
        return store.retry_failed()


def _check_store(output: Path) -> None:
    if not has_store(output):
        raise InvalidDataError(
            f"{output} is no output folder of a batch; start one with bodydouble batch ... -o {output}"
        )
