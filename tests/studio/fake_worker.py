"""Worker of the studio whose capture is invented: everything else, files and report included, is the real thing.

Jobs of the quality "best" kill their first worker, and every worker if a file "crash" is in the folder of the studio;
those of the quality "fast" take 150 s, unless a file "go" is there.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bodydouble.data import Performance
from bodydouble.formats import performance
from bodydouble.jobs.job import Job
from bodydouble.jobs.stages import CAPTURE_FILE
from bodydouble.jobs.worker import run_worker
from bodydouble.pipeline.animating import animate_captured, prepare_outputs
from bodydouble.pipeline.capturing import CaptureResult
from bodydouble.pipeline.progress import Progress
from bodydouble.studio.playback import PLAYBACK_FILE, write_playback
from bodydouble.studio.recasting import check_character, take_additions, take_capture
from bodydouble.studio.worker import end_with_server
from tests.evaluation.scenes import ground_truth

FRAMES = 24


def run_invented(job: Job, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Runs the stages of a take with an invented performance."""
    check_character(job)
    results = folder.parents[1] / job.request.folder
    take_capture(job, results, folder)
    if not (folder / PLAYBACK_FILE).exists():
        write_playback(job.request.video, folder / PLAYBACK_FILE, progress)
    mark = folder / "killed"
    if job.request.options["quality"] == "best" and (folder.parents[1] / "crash").exists():
        os.kill(os.getpid(), signal.SIGSEGV)
    if job.request.options["quality"] == "best" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if job.request.options["quality"] == "fast":
        with progress.stage("perception", 1500):
            for _ in progress.track(range(1500)):
                if not (folder.parents[1] / "go").exists():
                    time.sleep(0.1)
    captured = capture(folder)
    outputs = prepare_outputs(progress, character=job.request.options["character"], preview=False)
    animate_captured(job.request.video, CaptureResult(captured, {}, {}), folder, outputs, progress)
    take_additions(job, results, folder)
    return {"frames": FRAMES, "people": {person.name: 1.0 for person in captured.people}, "warnings": []}


def capture(folder: Path) -> Performance:
    """Returns the performance of earlier results, or an invented one."""
    if (folder / CAPTURE_FILE).exists():
        return performance.load(folder / CAPTURE_FILE)
    truth = ground_truth(FRAMES)
    people = tuple(replace(person, name=f"person{k}") for k, person in enumerate(truth.people, start=1))
    return replace(truth, people=people)


if __name__ == "__main__":
    end_with_server()
    with suppress(KeyboardInterrupt):
        run_worker(Path(sys.argv[1]), run_invented)
