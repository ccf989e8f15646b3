"""Motion -> characters -> files, film and report: what ``animate`` writes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Unpack

from bodydouble.characters.body_fitting import fit
from bodydouble.characters.keyframe_reduction import key_frames
from bodydouble.characters.load import builtin_names, load
from bodydouble.characters.retarget import Poses, retarget
from bodydouble.data import BoolArray, Character, FloatArray, Motion, Performance
from bodydouble.errors import InvalidDataError, RenderingUnavailableError
from bodydouble.evaluation.report import page
from bodydouble.evaluation.report.images import SpanPictures
from bodydouble.formats import bvh, face_embeddings, gltf, performance
from bodydouble.formats.atomic import ensure_folder
from bodydouble.formats.media import FrameReader, VideoWriter
from bodydouble.motion.upsample import fitted_at_rate
from bodydouble.pipeline.capturing import CaptureOptions, CaptureResult, FaceEmbeddings, capture_clip, check_clip
from bodydouble.pipeline.progress import Progress

PREVIEW_MAX_SIDE = 960
"""px; frames with a longer side are scaled down to this for the left half of the film."""

PERFORMANCE_FILE = "performance.npz"
PREVIEW_FILE = "preview.mp4"
REPORT_FILE = "page.html"
FACE_EMBEDDINGS_FILE = "embeddings.npz"


@dataclass(frozen=True, slots=True)
class AnimationResult:
    """What ``animate`` or ``capture_to_folder`` made."""

    performance: Performance
    files: tuple[Path, ...]
    static_people: tuple[str, ...] = ()
    """Names of those asked for who never move; who of them is not in the performance was left out."""


@dataclass(frozen=True, slots=True)
class AnimatedCharacter:
    """A character and its pose in every frame of a person."""

    character: Character
    rotations: FloatArray
    """(T, J, 4) xyzw, of every joint node, local to its parent."""
    hips_translation: FloatArray
    """(T, 3) m, of the hips node, local to its parent."""

    def keyframe_masks(self, tolerance: float) -> tuple[BoolArray, BoolArray]:
        """The frames (T, J) and (T,) that hold every joint within a distance in m of its place."""
        skeleton, hips = self.character.skeleton, self.character.humanoid["hips"]
        return key_frames(skeleton, self.rotations, self.hips_translation, tolerance, hips)


def default_folder(video: str | Path) -> Path:
    """Where ``animate`` writes unless it is told otherwise: the video's name beside it, ``_bodydouble``."""
    path = Path(video)
    return path.with_name(f"{clip_name(path)}_bodydouble")


def clip_name(video: Path) -> str:
    """A name for the clip that can be part of a file name, also if the video is a pattern of pictures."""
    stem = video.name if video.is_dir() else video.stem
    return "".join(c for c in stem if c not in '*?[]<>:"|') or video.resolve().parent.name


def animate(
    video: str | Path,
    folder: str | Path | None = None,
    *,
    character: str = "mannequin",
    preview: bool = True,
    fps: Fraction | None = None,
    keyframe_tolerance: float | None = None,
    save_face_embeddings: bool = False,
    progress: Progress | None = None,
    **options: Unpack[CaptureOptions],
) -> AnimationResult:
    """Gives each person in a video a rigged character that performs the same motion.

    Args:
        video: as for ``capture``.
        folder: where the files go; default: the video's name beside it, ``_bodydouble``.
        character: name of a built-in character or a .glb or .vrm file.
        preview: whether to render ``preview.mp4``.
        fps: rate of all files but the film; default: that of the video.
        keyframe_tolerance: m, how far a joint of a .glb may be from its place if that saves keys; default: a key in every frame.
        save_face_embeddings: whether to write vectors of people's faces, which are biometric data, to ``embeddings.npz``.
        progress: is told about the progress.
        **options: as for ``capture``.

    Returns:
        The performance and the files written.

    Raises:
        BodydoubleError: the video, the character or the folder cannot be used. Files that were complete stay.
    """
    progress = progress or Progress()
    path = Path(video)
    _check_positive(fps=fps, keyframe_tolerance=keyframe_tolerance)
    check_clip(path, options)
    template = load(character)
    with _output_folder(Path(folder) if folder is not None else default_folder(path)) as out:
        found = capture_clip(path, progress, options)
        captured = found.performance
        delivered = _resample(captured, fps, progress)
        with progress.stage("characters"):
            fitted = character in builtin_names()
            cast = _animated_characters(captured, template, fitted)
            delivered_cast = cast if delivered is captured else _animated_characters(delivered, template, fitted)
        with progress.stage("files", 1 + 2 * len(cast)):
            files = list(
                progress.track(_write_files(delivered, delivered_cast, out, clip_name(path), keyframe_tolerance))
            )
        files += _save_face_embeddings(out, found.face_embeddings, save=save_face_embeddings)
        pictures = SpanPictures(captured, found.static_people)
        films = _render_preview(path, captured, cast, pictures, out / PREVIEW_FILE, progress) if preview else []
        with progress.stage("report"):
            files += [*films, _write_report(path, found, pictures, films, out / REPORT_FILE, progress.warnings)]
    return AnimationResult(delivered, tuple(files), tuple(found.static_people))


def capture_to_folder(
    video: str | Path,
    folder: str | Path | None = None,
    *,
    fps: Fraction | None = None,
    save_face_embeddings: bool = False,
    progress: Progress | None = None,
    **options: Unpack[CaptureOptions],
) -> AnimationResult:
    """As ``animate``, but only ``performance.npz`` is written."""
    progress = progress or Progress()
    path = Path(video)
    _check_positive(fps=fps)
    check_clip(path, options)
    with _output_folder(Path(folder) if folder is not None else default_folder(path)) as out:
        found = capture_clip(path, progress, options)
        captured = found.performance
        delivered = _resample(captured, fps, progress)
        performance.save(out / PERFORMANCE_FILE, delivered)
        kept = _save_face_embeddings(out, found.face_embeddings, save=save_face_embeddings)
    return AnimationResult(delivered, (out / PERFORMANCE_FILE, *kept), tuple(found.static_people))


def _resample(captured: Performance, fps: Fraction | None, progress: Progress) -> Performance:
    if fps is None:
        return captured
    with progress.stage("motion"):
        return fitted_at_rate(captured, fps)


def _save_face_embeddings(folder: Path, embeddings: FaceEmbeddings, *, save: bool) -> list[Path]:
    if save:
        face_embeddings.save(folder / FACE_EMBEDDINGS_FILE, embeddings)
    return [folder / FACE_EMBEDDINGS_FILE] if save else []


def _check_positive(**options: float | Fraction | None) -> None:
    for name, value in options.items():
        if value is not None and not value > 0:
            raise InvalidDataError(f"{name} is {value}; it must be above 0")


@contextmanager
def _output_folder(folder: Path) -> Iterator[Path]:
    """The folder, made if need be; one that was made and stayed empty is taken away again if the block fails."""
    missing = not folder.exists()
    ensure_folder(folder)
    try:
        yield folder
    except BaseException:
        if missing and not any(folder.iterdir()):
            folder.rmdir()
        raise


def _animated_characters(captured: Performance, template: Character, fitted: bool) -> list[AnimatedCharacter]:
    return [retarget_to_character(person.motion, template, fitted=fitted) for person in captured.people]


def retarget_to_character(motion: Motion, template: Character, *, fitted: bool) -> AnimatedCharacter:
    """A character that performs a motion, with the person's proportions (built-in characters only) or its own."""
    character = fit(template, motion.skeleton) if fitted else template
    rotations, hips_translation = retarget(motion, character)
    return AnimatedCharacter(character, rotations, hips_translation)


def _write_files(
    captured: Performance,
    characters: Sequence[AnimatedCharacter],
    folder: Path,
    name: str,
    keyframe_tolerance: float | None,
) -> Iterator[Path]:
    path = folder / PERFORMANCE_FILE
    performance.save(path, captured)
    yield path
    for person, actor in zip(captured.people, characters, strict=True):
        path = folder / f"{person.name}.glb"
        keys = None if keyframe_tolerance is None else actor.keyframe_masks(keyframe_tolerance)
        gltf.write(path, actor.character, actor.rotations, actor.hips_translation, captured.fps, name, keys)
        yield path
        path = folder / f"{person.name}.bvh"
        bvh.write(path, person.motion)
        yield path


def _render_preview(
    video: Path,
    captured: Performance,
    characters: Sequence[AnimatedCharacter],
    pictures: SpanPictures,
    path: Path,
    progress: Progress,
) -> list[Path]:
    """The film's path, or nothing where no picture can be rendered. The report's pictures are taken on the way."""
    from bodydouble.render.preview import Film

    poses = [Poses(a.character, a.rotations, a.hips_translation) for a in characters]
    try:
        with (
            progress.stage("preview", captured.frame_count),
            Film(captured, [a.character for a in characters], poses) as film,
            FrameReader(video, max_side=PREVIEW_MAX_SIDE) as reader,
            VideoWriter(path, size=film.size, fps=captured.fps, audio_from=video) as writer,
        ):
            for index, frame in enumerate(progress.track(reader)):
                pictures.look(index, frame)
                writer.write(film.frame(index, frame))
    except RenderingUnavailableError as error:
        progress.warn(f"no preview: {error}")
        return []
    return [path]


def _write_report(
    video: Path,
    found: CaptureResult,
    pictures: SpanPictures,
    films: Sequence[Path],
    path: Path,
    warnings: Sequence[str],
) -> Path:
    pictures.read(video)
    film = films[0].name if films else None
    page.write(
        path,
        found.performance,
        pictures,
        title=clip_name(video),
        film=film,
        warnings=warnings,
        still=found.static_people,
    )
    return path
