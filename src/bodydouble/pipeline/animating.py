"""Animation: a video -> motion -> characters -> files, preview and report, as an ``AnimationResult``."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Unpack

from bodydouble.characters import load as character_files
from bodydouble.data import Character, Performance
from bodydouble.data.memory import release_memory
from bodydouble.errors import InvalidDataError, RenderingUnavailableError
from bodydouble.evaluation.report import page
from bodydouble.evaluation.report.frame_samples import FrameSamples
from bodydouble.evaluation.report.images import SpanImages
from bodydouble.formats import bvh, face_embeddings, fbx, gltf, performance
from bodydouble.formats.atomic import ensure_folder
from bodydouble.formats.media import FrameReader, VideoWriter
from bodydouble.motion.upsample import upsample_performance
from bodydouble.pipeline.animated_characters import AnimatedCharacter, animate_characters, person_sized_matrices
from bodydouble.pipeline.avatar_content import avatar_content
from bodydouble.pipeline.capturing import CaptureOptions, CaptureResult, capture_clip, prepare_capture
from bodydouble.pipeline.casting import cast_characters, parse_look_files, write_looks
from bodydouble.pipeline.progress import Progress
from bodydouble.pipeline.reporting import sample_frames
from bodydouble.tracking.association import FaceEmbeddings

PERFORMANCE_FILE = "performance.npz"
PREVIEW_FILE = "preview.mp4"
REPORT_FILE = "report.html"
FACE_EMBEDDINGS_FILE = "embeddings.npz"


@dataclass(frozen=True, slots=True)
class AnimationResult:
    """Result of ``animate`` and ``capture_to_folder``."""

    performance: Performance
    files: tuple[Path, ...]
    """Files that were written."""
    static_people: tuple[str, ...] = ()
    """Names of selected people who never move; those missing from ``performance.people`` were excluded."""


@dataclass(frozen=True, slots=True)
class AnimationOutputs:
    """Choice of the files that are written for a captured video."""

    character: str
    """Name of the character, as ``animate`` takes it."""
    template: Character
    """The character of that name."""
    preview: bool
    """Whether ``preview.mp4`` is rendered."""
    fps: Fraction | None
    """Frame rate of all files but the preview; None: that of the video."""
    keyframe_tolerance: float | None
    """Maximum error in m of a joint that keyframe reduction may cause; None: a key in every frame."""
    fbx_bones: fbx.BoneNaming | None
    """Names of the bones in a ``.fbx`` per person; None: no ``.fbx`` is written."""
    look_files: Mapping[str, Path]
    """Files of looks by the name of the person, which replace look-alikes."""


def default_folder(video: str | Path) -> Path:
    """Returns the default output folder of a video: beside it, with its name and ``_bodydouble``."""
    path = Path(video)
    return path.with_name(f"{clip_name(path)}_bodydouble")


def clip_name(video: Path) -> str:
    """Returns a name of the clip that is valid in a file name, also if the video is a pattern of images."""
    stem = video.name if video.is_dir() else video.stem
    return "".join(c for c in stem if c not in '*?[]<>:"|') or video.resolve().parent.name


def animate(
    video: str | Path,
    folder: str | Path | None = None,
    *,
    character: str = "mannequin",
    bone_map: Mapping[str, str] | None = None,
    preview: bool = True,
    fps: Fraction | None = None,
    keyframe_tolerance: float | None = None,
    fbx_bones: fbx.BoneNaming | None = None,
    looks: Sequence[str | Path] = (),
    save_face_embeddings: bool = False,
    progress: Progress | None = None,
    **options: Unpack[CaptureOptions],
) -> AnimationResult:
    """Gives each person in a video a rigged character that performs the same motion.

    Args:
        video: as for ``capture``.
        folder: output folder; default: the video's name beside it, with ``_bodydouble``.
        character: name of a built-in character, or a .glb or .vrm file; "like-me" for look-alikes.
        bone_map: humanoid bone -> joint name of that file, where the automatic map is wrong.
        preview: whether to render ``preview.mp4``.
        fps: frame rate of all files but the preview; default: that of the video.
        keyframe_tolerance: maximum distance in m of a joint of a .glb from its position, which saves keyframes;
            default: a keyframe in every frame.
        fbx_bones: names of the bones in a ``.fbx`` per person; default: no ``.fbx`` is written.
        looks: .toml files of looks, named after people, which replace their look-alikes.
        save_face_embeddings: whether to write face embeddings, which are biometric data, to ``embeddings.npz``.
        progress: collects progress, timing and warnings.
        **options: as for ``capture``.

    Returns:
        The performance and the files that were written.

    Raises:
        BodydoubleError: the video, the character or the folder cannot be used. Complete files remain.
    """
    progress = progress or Progress()
    request = prepare_capture(Path(video), options)
    outputs = prepare_outputs(
        progress,
        character=character,
        bone_map=bone_map,
        preview=preview,
        fps=fps,
        keyframe_tolerance=keyframe_tolerance,
        fbx_bones=fbx_bones,
        looks=looks,
    )
    with _output_folder(video, folder) as out:
        samples = FrameSamples()
        result = capture_clip(request, progress, samples.add_frame)
        animation = animate_captured(Path(video), result, out, outputs, progress, samples)
        if not save_face_embeddings:
            return animation
        embeddings = _save_face_embeddings(out, result.face_embeddings)
    return replace(animation, files=(*animation.files, embeddings))


def prepare_outputs(
    progress: Progress,
    *,
    character: str = "mannequin",
    bone_map: Mapping[str, str] | None = None,
    preview: bool = True,
    fps: Fraction | None = None,
    keyframe_tolerance: float | None = None,
    fbx_bones: fbx.BoneNaming | None = None,
    looks: Sequence[str | Path] = (),
) -> AnimationOutputs:
    """Checks what is to be written, and loads the character; arguments and errors as for ``animate``."""
    _check_positive(fps=fps, keyframe_tolerance=keyframe_tolerance)
    template = character_files.load_character(character, bone_map)
    for note in template.notes:
        progress.warn(f"{character}: {note}")
    look_files = parse_look_files(character, [Path(look) for look in looks])
    return AnimationOutputs(character, template, preview, fps, keyframe_tolerance, fbx_bones, look_files)


def animate_captured(
    video: Path,
    result: CaptureResult,
    folder: Path,
    outputs: AnimationOutputs,
    progress: Progress,
    samples: FrameSamples | None = None,
) -> AnimationResult:
    """Gives each person of a captured video a character, and writes all files of ``animate``.

    Args:
        video: the video that was captured.
        result: its performance.
        folder: output folder, which exists.
        outputs: what is written.
        progress: collects progress, timing and warnings.
        samples: frames of the video for the report; default: they are decoded if there is no preview.
    """
    captured, name = result.performance, clip_name(video)
    release_memory()
    resampled = _resample(captured, outputs.fps, progress)
    with progress.stage("characters"):
        templates = cast_characters(outputs.character, outputs.template, captured.people, outputs.look_files)
        characters = animate_characters(captured, templates)
        resampled_characters = characters
        if resampled is not captured:
            resampled_characters = animate_characters(resampled, templates)
    with progress.stage("files", 1 + (2 if outputs.fbx_bones is None else 3) * len(characters)):
        steps = _write_files(resampled, resampled_characters, folder, name, outputs)
        files = list(progress.track(steps))
    if outputs.character == character_files.LIKE_ME:
        files += write_looks(folder, captured.people, outputs.look_files)
    del steps, resampled_characters
    images = SpanImages(captured, result.static_people)
    preview = _render_preview(video, captured, characters, images, folder, progress) if outputs.preview else None
    del characters
    release_memory()
    with progress.stage("report"):
        images.add_samples(samples or sample_frames(None if preview else video))
        report = _write_report(video, result, images, preview, folder, progress.warnings)
    files += [path for path in (preview, report) if path]
    return AnimationResult(resampled, tuple(files), tuple(result.static_people))


def capture_to_folder(
    video: str | Path,
    folder: str | Path | None = None,
    *,
    fps: Fraction | None = None,
    save_face_embeddings: bool = False,
    progress: Progress | None = None,
    **options: Unpack[CaptureOptions],
) -> AnimationResult:
    """Captures a video as ``animate`` does, but writes only ``performance.npz``, and face embeddings if requested."""
    progress = progress or Progress()
    _check_positive(fps=fps)
    request = prepare_capture(Path(video), options)
    with _output_folder(video, folder) as out:
        result = capture_clip(request, progress)
        resampled = _resample(result.performance, fps, progress)
        files = [out / PERFORMANCE_FILE]
        performance.save(files[0], resampled)
        if save_face_embeddings:
            files.append(_save_face_embeddings(out, result.face_embeddings))
    return AnimationResult(resampled, tuple(files), tuple(result.static_people))


def _resample(captured: Performance, fps: Fraction | None, progress: Progress) -> Performance:
    if fps is None:
        return captured
    with progress.stage("motion"):
        return upsample_performance(captured, fps)


def _save_face_embeddings(folder: Path, embeddings: Mapping[str, FaceEmbeddings]) -> Path:
    path = folder / FACE_EMBEDDINGS_FILE
    face_embeddings.save(path, embeddings)
    return path


def _check_positive(**options: float | Fraction | None) -> None:
    for name, value in options.items():
        if value is not None and not value > 0:
            raise InvalidDataError(f"{name} is {value}; it must be above 0")


@contextmanager
def _output_folder(video: str | Path, folder: str | Path | None) -> Iterator[Path]:
    """Creates the output folder if necessary, and removes it again if the block fails and it stayed empty."""
    path = Path(folder) if folder is not None else default_folder(video)
    is_new = not path.exists()
    ensure_folder(path)
    try:
        yield path
    except BaseException:
        if is_new and not any(path.iterdir()):
            path.rmdir()
        raise


def _write_files(
    captured: Performance,
    characters: Sequence[AnimatedCharacter],
    folder: Path,
    name: str,
    outputs: AnimationOutputs,
) -> Iterator[Path]:
    """Writes the performance and the files of each person; yields each path once the file is complete."""
    path = folder / PERFORMANCE_FILE
    performance.save(path, captured)
    yield path
    for person, animated in zip(captured.people, characters, strict=True):
        path = folder / f"{person.name}.glb"
        write_glb(path, animated, captured.fps, name, outputs.keyframe_tolerance)
        yield path
        path = folder / f"{person.name}.bvh"
        bvh.write(path, person.motion)
        yield path
        if outputs.fbx_bones is not None:
            path = folder / f"{person.name}.fbx"
            fbx.write(path, [animated.fbx_model(person.name)], captured.fps, name, outputs.fbx_bones)
            yield path


def write_glb(
    path: Path, animated: AnimatedCharacter, fps: Fraction, name: str, tolerance: float | None = None
) -> None:
    """Writes an animated character.

    Args:
        path: .glb file to write.
        animated: the character with its pose in every frame.
        fps: frame rate of the animation.
        name: name of the animation.
        tolerance: maximum error in m of a joint that keyframe reduction may cause; None: a key in every frame.

    Raises:
        OutputError: the file cannot be written.
    """
    motion = animated.rotations, animated.hips_translation
    keys = None if tolerance is None else animated.keyframe_masks(tolerance)
    weight_keys = None if tolerance is None else animated.weight_key_masks(tolerance)
    content = avatar_content(animated.character)
    weights = animated.face_weights
    gltf.write(path, animated.character, *motion, fps, name, keys, weights=weights, weight_keys=weight_keys, **content)


def _render_preview(
    video: Path,
    captured: Performance,
    characters: Sequence[AnimatedCharacter],
    images: SpanImages,
    folder: Path,
    progress: Progress,
) -> Path | None:
    """Renders the preview and collects the report's images on the way; returns None if rendering is unavailable."""
    from bodydouble.render.preview import PreviewRenderer

    path = folder / PREVIEW_FILE
    matrices = [person_sized_matrices(*pair) for pair in zip(captured.people, characters, strict=True)]
    weights = [a.face_weights for a in characters]
    try:
        with (
            progress.stage("preview", captured.frame_count),
            PreviewRenderer(captured, [a.character for a in characters], matrices, weights) as renderer,
            FrameReader(video, image_size=renderer.source_size) as reader,
            VideoWriter(path, image_size=renderer.image_size, fps=captured.fps, audio_from=video, fast=True) as writer,
        ):
            for index, frame in enumerate(progress.track(reader)):
                images.add_frame(index, frame)
                writer.write(renderer.render_frame(index, frame))
    except RenderingUnavailableError as error:
        progress.warn(f"no preview: {error}")
        return None
    return path


def _write_report(
    video: Path,
    result: CaptureResult,
    images: SpanImages,
    preview: Path | None,
    folder: Path,
    warnings: Sequence[str],
) -> Path:
    path = folder / REPORT_FILE
    page.write_report(
        path,
        result.performance,
        images,
        title=clip_name(video),
        preview=preview.name if preview else None,
        warnings=warnings,
        static_people=result.static_people,
    )
    return path
