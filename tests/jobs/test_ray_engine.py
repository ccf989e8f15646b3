"""The queue on a Ray cluster of this computer, where the package ray is installed."""

import json
from pathlib import Path

import pytest

from bodydouble.jobs.delivery import JOB_FILE
from bodydouble.jobs.job import JobState
from bodydouble.jobs.ray_engine import RayOptions, run_queue_on_ray
from bodydouble.jobs.store import MAX_FAILURES, JobStore
from tests.jobs.queues import STAGES, add_clips, run_stages

pytest.importorskip("ray")


@pytest.mark.slow
def test_jobs_survive_the_workers_of_the_cluster(tmp_path: Path) -> None:
    jobs = add_clips(tmp_path / "in", 6, deadly=["clip001"], bad=["clip004"])
    output = tmp_path / "out"
    output.mkdir()
    with JobStore(output) as store:
        store.add(jobs)
    done = {job.request.folder: job for job in run_queue_on_ray(output, RayOptions(workers=2), run_stages)}
    assert done["clip001"].losses == 1
    assert done["clip004"].state is JobState.FAILED
    assert done["clip004"].failures == MAX_FAILURES
    for job in jobs:
        if job.request.folder != "clip004":
            folder = output / job.request.folder
            assert done[job.request.folder].state is JobState.DONE
            assert json.loads((folder / JOB_FILE).read_text())["key"] == job.key
            assert all((folder / stage).read_text() == job.request.video.read_text() for stage in STAGES)
