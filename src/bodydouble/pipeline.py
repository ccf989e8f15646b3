"""Runs the stages in order: video -> people -> tracks -> motion -> characters -> files, film and report."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from bodydouble.characters.fit import fit
from bodydouble.characters.load import builtin_names, load
from bodydouble.characters.retarget import Poses, retarget
from bodydouble.data import Character, FloatArray, Motion, Observation, Performance, Person
from bodydouble.errors import NoPeopleError, RenderingUnavailableError
from bodydouble.evaluation import report
from bodydouble.evaluation.report_pictures import SpanPictures
from bodydouble.formats import bvh, gltf, performance
from bodydouble.formats.atomic import ensure_folder
from bodydouble.formats.media import FrameReader, VideoWriter, probe
from bodydouble.motion.reconstruct import reconstruct
from bodydouble.perception.observe import create_observer
from bodydouble.tracking.associate import associate
from bodydouble.tracking.select import select

T = TypeVar("T")

PERCEPTION_SIDE = 1920
"""px; frames with a longer side are scaled down to this before anybody looks at them."""
FILM_SIDE = 960
"""px; likewise for the left half of the film."""

PERFORMANCE_FILE = "performance.npz"
FILM_FILE = "preview.mp4"
REPORT_FILE = "report.html"


class Monitor:
    """Is told how a run goes, and remembers how long each stage took and what was wrong with the input.

    Override ``begin``, ``advance`` and ``end`` to show progress.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.network_seconds = 0.0
        self.warnings: list[str] = []

    def begin(self, stage: str, total: int | None) -> None:
        """A stage begins, with that many steps if that is known."""

    def advance(self) -> None:
        """A step of the stage is done."""

    def end(self) -> None:
        """The stage is over."""

    def warn(self, message: str) -> None:
        """Something is wrong, but the run goes on."""
        if message not in self.warnings:
            self.warnings.append(message)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[None]:
        """Times a block as a stage."""
        self.begin(name, total)
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
            self.end()

    def counted(self, steps: Iterable[T]) -> Iterator[T]:
        """The steps of the present stage; each is reported once it is done."""
        for step in steps:
            yield step
            self.advance()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What ``animate`` or ``capture_to_folder`` made."""

    performance: Performance
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class AnimatedCharacter:
    """A character and its pose in every frame of a person."""

    character: Character
    rotations: FloatArray
    """(T, J, 4) xyzw, of every joint node, local to its parent."""
    hips_translation: FloatArray
    """(T, 3) m, of the hips node, local to its parent."""


def default_folder(video: str | Path) -> Path:
    """Where ``animate`` writes unless it is told otherwise: the video's name beside it, ``_bodydouble``."""
    path = Path(video)
    return path.with_name(f"{clip_name(path)}_bodydouble")


def clip_name(video: Path) -> str:
    """A name for the clip that can be part of a file name, also if the video is a pattern of pictures."""
    stem = video.name if video.is_dir() else video.stem
    return "".join(c for c in stem if c not in '*?[]<>:"|') or video.resolve().parent.name


def capture(
    video: str | Path, *, people: str = "all", quality: str = "balanced", monitor: Monitor | None = None
) -> Performance:
    """The motion of the people in a video.

    Args:
        video: any video, GIF, picture, folder of pictures or pattern such as ``shots/*.png``.
        people: "all", "main" or how many of the most prominent ones.
        quality: "fast", "balanced" or "best".
        monitor: is told about the progress.

    Returns:
        Camera, tracks and motions; the most prominent person first.

    Raises:
        MediaError: the video cannot be read.
        NoPeopleError: nobody is in it for long enough.
        InvalidDataError: there is no such choice of people or quality.
    """
    monitor = monitor or Monitor()
    path = Path(video)
    select((), people)
    clip = probe(path)
    observations = _observe(path, clip.size, quality, monitor)
    with monitor.stage("tracking"):
        tracks = select(associate(observations, clip.fps), people)
    if not tracks:
        raise NoPeopleError(
            f"nobody was found in {path} for long enough; people must be visible for about half a second, "
            "not too small and not too dark"
        )
    with monitor.stage("motion"):
        camera, motions = reconstruct(tracks, clip.size, len(observations), clip.fps)
    pairs = zip(tracks, motions, strict=True)
    cast = tuple(Person(f"person{n}", track, motion) for n, (track, motion) in enumerate(pairs, start=1))
    return Performance(clip.fps, len(observations), camera, cast)


def _observe(path: Path, size: tuple[int, int], quality: str, monitor: Monitor) -> list[tuple[Observation, ...]]:
    """The people in every frame, in pixels of a picture of the given size."""
    with monitor.stage("loading networks"):
        observer = create_observer(quality)
    with FrameReader(path, max_side=PERCEPTION_SIDE) as reader, monitor.stage("perception", reader.clip.frame_count):
        width, height = reader.clip.size
        scale = np.array([size[0] / width, size[1] / height])
        seen = [tuple(_scaled(one, scale) for one in observer.observe(frame)) for frame in monitor.counted(reader)]
        for warning in reader.warnings:
            monitor.warn(warning)
    monitor.network_seconds += observer.network_seconds
    return seen


def _scaled(one: Observation, scale: FloatArray) -> Observation:
    return replace(one, box=one.box * np.tile(scale, 2), keypoints=one.keypoints * np.append(scale, 1.0))


def animate(
    video: str | Path,
    folder: str | Path | None = None,
    *,
    people: str = "all",
    character: str = "mannequin",
    film: bool = True,
    quality: str = "balanced",
    monitor: Monitor | None = None,
) -> Delivery:
    """Gives each person in a video a rigged character that performs the same motion.

    Args:
        video: as for ``capture``.
        folder: where the files go; default: the video's name beside it, ``_bodydouble``.
        people: as for ``capture``.
        character: name of a built-in character or a .glb or .vrm file.
        film: whether to render ``preview.mp4``.
        quality: as for ``capture``.
        monitor: is told about the progress.

    Returns:
        The performance and the files written.

    Raises:
        BodydoubleError: the video, the character or the folder cannot be used. Files that were complete stay.
    """
    monitor = monitor or Monitor()
    path = Path(video)
    probe(path)
    template = load(character)
    with _output_folder(Path(folder) if folder is not None else default_folder(path)) as out:
        captured = capture(path, people=people, quality=quality, monitor=monitor)
        with monitor.stage("characters"):
            cast = [play(person.motion, template, fitted=character in builtin_names()) for person in captured.people]
        with monitor.stage("files", 1 + 2 * len(cast)):
            files = list(monitor.counted(_write_files(captured, cast, out, clip_name(path))))
        pictures = SpanPictures(captured)
        films = _film(path, captured, cast, pictures, out / FILM_FILE, monitor) if film else []
        with monitor.stage("report"):
            files += [*films, _report(path, captured, pictures, films, out / REPORT_FILE, monitor.warnings)]
    return Delivery(captured, tuple(files))


def capture_to_folder(
    video: str | Path,
    folder: str | Path | None = None,
    *,
    people: str = "all",
    quality: str = "balanced",
    monitor: Monitor | None = None,
) -> Delivery:
    """As ``animate``, but only ``performance.npz`` is written."""
    monitor = monitor or Monitor()
    path = Path(video)
    probe(path)
    with _output_folder(Path(folder) if folder is not None else default_folder(path)) as out:
        captured = capture(path, people=people, quality=quality, monitor=monitor)
        performance.save(out / PERFORMANCE_FILE, captured)
    return Delivery(captured, (out / PERFORMANCE_FILE,))


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


def play(motion: Motion, template: Character, *, fitted: bool) -> AnimatedCharacter:
    """A character that performs a motion, with the person's proportions (built-in characters only) or its own."""
    character = fit(template, motion.skeleton) if fitted else template
    rotations, hips_translation = retarget(motion, character)
    return AnimatedCharacter(character, rotations, hips_translation)


def _write_files(captured: Performance, cast: Sequence[AnimatedCharacter], folder: Path, name: str) -> Iterator[Path]:
    path = folder / PERFORMANCE_FILE
    performance.save(path, captured)
    yield path
    for person, actor in zip(captured.people, cast, strict=True):
        path = folder / f"{person.name}.glb"
        gltf.write(path, actor.character, actor.rotations, actor.hips_translation, captured.fps, name)
        yield path
        path = folder / f"{person.name}.bvh"
        bvh.write(path, person.motion)
        yield path


def _film(
    video: Path,
    captured: Performance,
    cast: Sequence[AnimatedCharacter],
    pictures: SpanPictures,
    path: Path,
    monitor: Monitor,
) -> list[Path]:
    """The film's path, or nothing where no picture can be rendered. The report's pictures are taken on the way."""
    from bodydouble.render.film import Film

    poses = [Poses(a.character, a.rotations, a.hips_translation) for a in cast]
    try:
        with (
            monitor.stage("film", captured.frame_count),
            Film(captured, [a.character for a in cast], poses) as film,
            FrameReader(video, max_side=FILM_SIDE) as reader,
            VideoWriter(path, size=film.size, fps=captured.fps, audio_from=video) as writer,
        ):
            for index, frame in enumerate(monitor.counted(reader)):
                pictures.look(index, frame)
                writer.write(film.frame(index, frame))
    except RenderingUnavailableError as error:
        monitor.warn(f"no film: {error}")
        return []
    return [path]


def _report(
    video: Path,
    captured: Performance,
    pictures: SpanPictures,
    films: Sequence[Path],
    path: Path,
    warnings: Sequence[str],
) -> Path:
    pictures.read(video)
    film = films[0].name if films else None
    report.write(path, captured, pictures, title=clip_name(video), film=film, warnings=warnings)
    return path
