"""Worker of the studio's queue: a process that makes the playback copy of each video, and runs the stages of a batch.

python -m bodydouble.studio.worker FOLDER
"""

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

from bodydouble.errors import RenderingUnavailableError
from bodydouble.jobs.job import Job
from bodydouble.jobs.worker import run_process
from bodydouble.pipeline.progress import Progress

STOP_SECONDS = 3.0
"""Time that a job gets to be given back when the server has ended."""


def run_take(job: Job, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Runs the stages of a take that are not complete in a folder; arguments and result as ``jobs.run_stages``.

    Where nothing can be rendered, there is no film, and a warning.
    """
    from bodydouble.studio.playback import PLAYBACK_FILE, write_playback
    from bodydouble.studio.recasting import check_character, take_additions, take_capture

    check_character(job)
    results = folder.parents[1] / job.request.folder
    take_capture(job, results, folder)
    copy = folder / PLAYBACK_FILE
    if not copy.exists():
        write_playback(job.request.video, copy, progress)
    summary = _run_stages(job, folder, progress)
    take_additions(job, results, folder)
    return summary


def _run_stages(job: Job, folder: Path, progress: Progress) -> Mapping[str, Any]:
    from bodydouble.jobs.stages import FILM, run_stages

    try:
        return run_stages(job, folder, progress)
    except RenderingUnavailableError as error:
        progress.warn(f"no film: {error}")
        options = {**job.request.options, FILM: False}
        return run_stages(replace(job, request=replace(job.request, options=options)), folder, progress)


def end_with_server() -> None:
    """Lets this process end when its standard input is closed: by the server, or by the end of the server."""
    Thread(target=_wait_for_server, daemon=True).start()


def _wait_for_server() -> None:
    with suppress(OSError):
        while os.read(0, 1):
            pass
    signal.raise_signal(signal.SIGTERM)  # the main thread gives its job back
    time.sleep(STOP_SECONDS)
    os._exit(1)  # it is somewhere in a library


def main() -> None:
    """Runs a worker on the folder that the command line names."""
    end_with_server()
    run_process(run_take)


if __name__ == "__main__":
    main()
