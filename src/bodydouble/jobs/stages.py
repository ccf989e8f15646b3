"""Stages of a job: capture, the film, the files of ``animate``; each starts only if it is not complete in the folder.

The capture, which takes nearly all of the time, is kept in a hidden file until the results are delivered.
"""

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

from bodydouble.formats import performance
from bodydouble.formats.atomic import atomic_write
from bodydouble.formats.fbx import BoneNaming
from bodydouble.jobs.job import Job
from bodydouble.pipeline.animating import AnimationOutputs, animate_captured, prepare_outputs
from bodydouble.pipeline.capturing import (
    CaptureOptions,
    CaptureResult,
    capture_clip,
    check_capture_options,
    prepare_capture,
)
from bodydouble.pipeline.film_options import FilmOptions
from bodydouble.pipeline.filming import film
from bodydouble.pipeline.progress import Progress

CAPTURE_FILE = ".captured.npz"
"""Performance at the frame rate of the video."""
WARNINGS_FILE = ".warnings.json"
"""Warnings of the capture."""
CHARACTER = "character"
"""Name of the option with the character, as ``animate`` takes it."""
FILM = "film"
"""Name of the option that wants a film as well: true for look-alikes, or the name of a character."""
FILM_FILE = "film.mp4"
_CAPTURE_OPTIONS = CaptureOptions.__optional_keys__


def run_stages(job: Job, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Runs the stages of a job that are not complete in a folder.

    Returns:
        Figures of the result: frames, people with their coverage, and warnings.

    Raises:
        BodydoubleError: as ``animate``.
    """
    outputs = read_outputs(job.request.options, progress)
    if not (folder / CAPTURE_FILE).exists():
        _capture(job, folder, progress)
    captured = performance.load(folder / CAPTURE_FILE)
    for warning in json.loads((folder / WARNINGS_FILE).read_text(encoding="utf-8")):
        progress.warn(warning)
    wanted = job.request.options.get(FILM)
    if wanted and not (folder / FILM_FILE).exists():
        options = FilmOptions() if wanted is True else FilmOptions(characters=(wanted,))
        film(folder / CAPTURE_FILE, folder / FILM_FILE, options=options, video=job.request.video, progress=progress)
    animate_captured(job.request.video, CaptureResult(captured, {}, {}), folder, outputs, progress)
    return {
        "frames": captured.frame_count,
        "people": {person.name: round(float(person.track.observed.sum()) / captured.frame_count, 4)
                   for person in captured.people},
        "warnings": progress.warnings,
    }  # fmt: skip


def check_options(options: Mapping[str, Any]) -> None:
    """Raises BodydoubleError if a job with these options would fail for any clip."""
    check_capture_options(_select_capture_options(options))
    read_outputs(options, Progress())


def read_outputs(options: Mapping[str, Any], progress: Progress) -> AnimationOutputs:
    """Reads what is to be written from the options of a job; errors as ``prepare_outputs``."""
    chosen = {name: value for name, value in options.items() if name not in (*_CAPTURE_OPTIONS, FILM)}
    if "fps" in chosen:
        chosen["fps"] = Fraction(chosen["fps"])
    if "fbx_bones" in chosen:
        chosen["fbx_bones"] = BoneNaming(chosen["fbx_bones"])
    return prepare_outputs(progress, **chosen)


def _capture(job: Job, folder: Path, progress: Progress) -> None:
    request = prepare_capture(job.request.video, _select_capture_options(job.request.options))
    result = capture_clip(request, progress)
    with atomic_write(folder / WARNINGS_FILE) as temporary:
        temporary.write_text(json.dumps(progress.warnings), encoding="utf-8")
    performance.save(folder / CAPTURE_FILE, result.performance)


def _select_capture_options(options: Mapping[str, Any]) -> CaptureOptions:
    return cast(CaptureOptions, {name: value for name, value in options.items() if name in _CAPTURE_OPTIONS})
