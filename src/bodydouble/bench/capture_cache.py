"""Captures of clips that are made once and kept beside them."""

import json
import time
from contextlib import suppress
from pathlib import Path

from bodydouble.bench.synthetic_set import package_digest
from bodydouble.data import Performance
from bodydouble.errors import NoPeopleError
from bodydouble.formats import performance
from bodydouble.formats.atomic import atomic_write
from bodydouble.pipeline import Progress, capture

TOTAL = "total"
"""The capture among its stages."""


def load_or_capture(video: Path, quality: str) -> tuple[Performance | None, dict[str, float]]:
    """What our pipeline makes of a video: as it was found before, unless the code that decides it has changed.

    Args:
        video: in a folder that may be written to.
        quality: as for ``pipeline.capture``.

    Returns:
        The performance, None if nobody was found, and how many seconds each stage and the WHOLE took.

    Raises:
        BodydoubleError: the video cannot be read.
    """
    digest = package_digest(("perception", "tracking", "motion", "geometry", "skeletons", "formats", "pipeline"))[:12]
    stem = f"{video.stem}.{quality}_{digest}"
    path, log = video.with_name(f"{stem}.npz"), video.with_name(f"{stem}.json")
    if not log.exists():
        progress = Progress()
        start = time.perf_counter()
        with suppress(NoPeopleError):
            performance.save(path, capture(video, quality=quality, progress=progress))
        seconds = {**progress.seconds, TOTAL: time.perf_counter() - start}
        with atomic_write(log) as temporary:
            temporary.write_text(json.dumps(seconds), encoding="utf-8")
    return performance.load(path) if path.exists() else None, json.loads(log.read_text(encoding="utf-8"))
