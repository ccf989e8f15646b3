"""Resolving: an automatic performance, annotations and corrections by hand -> a corrected performance in another file.

The motion is fitted to annotations first; then corrections are applied.

The video is needed only if the files of ``animate`` are wanted as well, for their preview and report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bodydouble.data import Performance
from bodydouble.data.annotations import Annotations
from bodydouble.data.corrections import Correction
from bodydouble.errors import FormatError, InvalidDataError, MediaError, OutputError
from bodydouble.formats import annotations as annotation_files
from bodydouble.formats import corrections as correction_files
from bodydouble.formats import performance as performance_files
from bodydouble.formats.atomic import ensure_folder
from bodydouble.formats.media import probe
from bodydouble.motion.annotations.apply import apply_annotations
from bodydouble.motion.corrections.apply import apply_corrections
from bodydouble.pipeline.animating import AnimationResult, animate_captured, prepare_outputs
from bodydouble.pipeline.annotating import ANNOTATIONS_ENDING, ANNOTATIONS_FILE, find_annotations, find_beside
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


def find_corrections(performance: Path) -> Path | None:
    """Returns the file of corrections beside a performance; None if there is none."""
    return find_beside(performance, CORRECTIONS_ENDING, CORRECTIONS_FILE)


def resolve(
    performance: str | Path,
    corrections: str | Path | Sequence[Correction] | None = None,
    output: str | Path | None = None,
    *,
    annotations: str | Path | Annotations | None = None,
    animation: AnimationRequest | None = None,
    progress: Progress | None = None,
) -> AnimationResult:
    """Writes a corrected performance.

    Args:
        performance: the automatic performance.npz, which stays as it is.
        corrections: a file, or corrections; default: the file beside the performance, if there is one.
        output: file of the corrected performance; default: beside the automatic one, with ``_corrected``.
        annotations: a file, or annotations; default: the file beside the performance, if there is one.
        animation: files of ``animate`` that are written as well; default: none.
        progress: collects progress, timing and warnings.

    Returns:
        The corrected performance and the files that were written.

    Raises:
        FormatError: a file is malformed or missing, there are neither corrections nor annotations, or the performance
            is corrected already.
        InvalidDataError: an annotation or a correction does not fit the performance.
        MediaError: files of ``animate`` are wanted, and the video is not known or not that of the performance.
        OutputError: a file cannot be written.
    """
    source, progress = Path(performance), progress or Progress()
    target = default_output(source) if output is None else Path(output)
    _check_target(source, target)
    automatic = performance_files.load(source)
    if automatic.corrections or automatic.annotations.keypoints:
        raise FormatError(
            f"{source} is corrected already; give the automatic performance, and all corrections in one file"
        )
    edits = _load_edits(source, annotations, corrections)
    video = None if animation is None else _find_video(automatic, source, animation)
    with progress.stage("motion"):
        corrected = apply_corrections(apply_annotations(automatic, edits[0]), edits[1])
    performance_files.save(target, corrected)
    files = [target]
    if animation is not None and video is not None:
        files += _animate(corrected, animation, video, progress)
    return AnimationResult(corrected, tuple(files))


def _load_edits(
    source: Path,
    annotations: str | Path | Annotations | None,
    corrections: str | Path | Sequence[Correction] | None,
) -> tuple[Annotations, Sequence[Correction]]:
    """Returns annotations and corrections of a performance, from objects, named files or the files beside it."""
    annotations = find_annotations(source) if annotations is None else annotations
    corrections = find_corrections(source) if corrections is None else corrections
    if annotations is None and corrections is None:
        names = (CORRECTIONS_FILE, ANNOTATIONS_FILE)
        raise FormatError(
            f"there are neither corrections nor annotations beside {source}: no {' or '.join(names)}, "
            f"and no {source.stem}{CORRECTIONS_ENDING} or {source.stem}{ANNOTATIONS_ENDING}"
        )
    if isinstance(annotations, str | Path):
        annotations = annotation_files.load(Path(annotations))
    if isinstance(corrections, str | Path):
        corrections = correction_files.load(Path(corrections))
    return annotations or Annotations(), corrections or ()


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
