"""Worker of the studio's queue: a process that makes the playback copy of each video, and runs the stages of a batch.

python -m bodydouble.studio.worker FOLDER
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bodydouble.errors import RenderingUnavailableError
from bodydouble.jobs.job import Job
from bodydouble.jobs.worker import run_process
from bodydouble.pipeline.progress import Progress


def run_take(job: Job, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Runs the stages of a take that are not complete in a folder; arguments and result as ``jobs.run_stages``.

    Where nothing can be rendered, there is no film, and a warning.
    """
    from bodydouble.jobs.stages import FILM, run_stages
    from bodydouble.studio.playback import PLAYBACK_FILE, write_playback

    copy = folder / PLAYBACK_FILE
    if not copy.exists():
        write_playback(job.request.video, copy, progress)
    try:
        return run_stages(job, folder, progress)
    except RenderingUnavailableError as error:
        progress.warn(f"no film: {error}")
        options = {**job.request.options, FILM: False}
        return run_stages(replace(job, request=replace(job.request, options=options)), folder, progress)


def main() -> None:
    """Runs a worker on the folder that the command line names."""
    run_process(run_take)


if __name__ == "__main__":
    main()
