"""Resolving: an automatic performance and corrections by hand -> a corrected performance in a file of its own.

The video is needed only if the files of ``animate`` are wanted as well, for their preview and report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bodydouble.data import Performance
from bodydouble.data.corrections import Correction
from bodydouble.errors import FormatError, InvalidDataError, MediaError, OutputError
from bodydouble.formats import corrections as correction_files
from bodydouble.formats import performance as performance_files
from bodydouble.formats.atomic import ensure_folder
from bodydouble.formats.media import probe
from bodydouble.motion.corrections.apply import apply_corrections
from bodydouble.pipeline.animating import AnimationResult, animate_captured, prepare_outputs
from bodydouble.pipeline.capturing import CaptureResult
from bodydouble.pipeline.film_source import CORRECTED_ENDING, check_clip, find_place
from bodydouble.pipeline.progress import Progress

CORRECTIONS_FILE = "corrections.json"
CORRECTIONS_ENDING = "_corrections.json"
"""End of the name of corrections that belong to one of several performances in a folder, after its name."""


@dataclass(frozen=True, slots=True)
class AnimationRequest:
    """Files of ``animate`` that are written of a corrected performance."""

    folder: Path
    """Output folder."""
    character: str = "mannequin"
    """Name of the character, as ``animate`` takes it."""
    video: Path | None = None
    """Video of the performance; None: the one that stands where films and captures leave it."""


def default_output(performance: Path) -> Path:
    """Returns the default file of a corrected performance: beside the automatic one."""
    return performance.with_name(performance.stem + CORRECTED_ENDING)


def find_corrections(performance: Path) -> Path:
    """Returns the file of corrections beside a performance.

    Raises:
        FormatError: there is none; the message names the places.
    """
    places = (performance.with_name(performance.stem + CORRECTIONS_ENDING), performance.with_name(CORRECTIONS_FILE))
    for place in places:
        if place.is_file():
            return place
    raise FormatError(f"there are no corrections beside {performance}: neither {places[0].name} nor {places[1].name}")


def resolve(
    performance: str | Path,
    corrections: str | Path | Sequence[Correction] | None = None,
    output: str | Path | None = None,
    *,
    animation: AnimationRequest | None = None,
    progress: Progress | None = None,
) -> AnimationResult:
    """Writes a corrected performance.

    Args:
        performance: the automatic performance.npz, which stays as it is.
        corrections: a file, or corrections; default: the file beside the performance.
        output: file of the corrected performance; default: beside the automatic one, with ``_corrected``.
        animation: files of ``animate`` that are written as well; default: none.
        progress: collects progress, timing and warnings.

    Returns:
        The corrected performance and the files that were written.

    Raises:
        FormatError: a file is malformed or missing, or the performance is corrected already.
        InvalidDataError: a correction does not fit the performance; the message has its number.
        MediaError: files of ``animate`` are wanted, and the video is not known or not that of the performance.
        OutputError: a file cannot be written.
    """
    source, progress = Path(performance), progress or Progress()
    target = default_output(source) if output is None else Path(output)
    _check_target(source, target)
    automatic = performance_files.load(source)
    if automatic.corrections:
        raise FormatError(
            f"{source} is corrected already; give the automatic performance, and all corrections in one file"
        )
    if corrections is None or isinstance(corrections, str | Path):
        corrections = correction_files.load(find_corrections(source) if corrections is None else Path(corrections))
    video = None if animation is None else _find_video(automatic, source, animation)
    with progress.stage("motion"):
        corrected = apply_corrections(automatic, corrections)
    performance_files.save(target, corrected)
    files = [target]
    if animation is not None and video is not None:
        files += _animate(corrected, animation, video, progress)
    return AnimationResult(corrected, tuple(files))


def _check_target(source: Path, target: Path) -> None:
    if target.suffix.lower() != ".npz":
        raise InvalidDataError(f"{target}: a corrected performance is a .npz file")
    if target.exists() and source.exists() and target.samefile(source):
        raise OutputError(f"{target} is the automatic performance, which is kept; choose another output file")


def _find_video(performance: Performance, source: Path, animation: AnimationRequest) -> Path:
    """Returns the video of a performance; raises as ``resolve`` does."""
    video = find_place(source, animation.video).video
    if video is None:
        raise MediaError(f"preview and report need the video of {source}; name it with --video")
    check_clip(performance, probe(video))
    return video


def _animate(performance: Performance, animation: AnimationRequest, video: Path, progress: Progress) -> list[Path]:
    outputs = prepare_outputs(progress, character=animation.character)
    ensure_folder(animation.folder)
    result = animate_captured(video, CaptureResult(performance, {}, {}), animation.folder, outputs, progress)
    return list(result.files)
