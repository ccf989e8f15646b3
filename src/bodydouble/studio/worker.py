"""Worker of the studio's queue: a process that makes the playback copy of each video, and runs the stages of a batch.

python -m bodydouble.studio.worker FOLDER
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bodydouble.jobs.job import Job
from bodydouble.jobs.worker import run_worker
from bodydouble.pipeline.progress import Progress


def run_take(job: Job, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Runs the stages of a take that are not complete in a folder; arguments and result as ``jobs.run_stages``."""
    from bodydouble.jobs.stages import run_stages
    from bodydouble.studio.playback import PLAYBACK_FILE, write_playback

    copy = folder / PLAYBACK_FILE
    if not copy.exists():
        write_playback(job.request.video, copy, progress)
    return run_stages(job, folder, progress)


def main() -> None:
    """Runs a worker on the folder that the command line names."""
    with suppress(KeyboardInterrupt):
        run_worker(Path(sys.argv[1]), run_take)


if __name__ == "__main__":
    main()
