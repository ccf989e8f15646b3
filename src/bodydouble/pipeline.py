"""Runs the stages in order: video -> people -> tracks -> motion -> characters -> files, film and report."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypedDict, TypeVar, Unpack

import numpy as np

from bodydouble.characters.fit import fit
from bodydouble.characters.load import builtin_names, load
from bodydouble.characters.retarget import Poses, retarget
from bodydouble.data import Background, BoolArray, Character, Clip, FloatArray, Motion, Observation, Performance, Person
from bodydouble.errors import InvalidDataError, NoPeopleError, RenderingUnavailableError
from bodydouble.evaluation import report
from bodydouble.evaluation.report_pictures import SpanPictures
from bodydouble.formats import bvh, gltf, performance
from bodydouble.formats.atomic import ensure_folder
from bodydouble.formats.media import FrameReader, VideoWriter, probe
from bodydouble.motion.keyframes import key_frames
from bodydouble.motion.reconstruct import Known, reconstruct
from bodydouble.motion.retime import at_rate
from bodydouble.perception.background import BackgroundTracker
from bodydouble.perception.observe import create_observer
from bodydouble.tracking.associate import associate
from bodydouble.tracking.select import At, name_people, parse, select

T = TypeVar("T")

PERCEPTION_SIDE = 1920
"""px; frames with a longer side are scaled down to this before anybody looks at them."""
FILM_SIDE = 960
"""px; likewise for the left half of the film."""

CAMERAS = ("auto", "static", "moving")
FOCAL_RANGE = (8.0, 1000.0)
"""mm, as on 35 mm film."""
HEIGHT_RANGE = (0.4, 2.6)
"""m, of people."""

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


class CaptureOptions(TypedDict, total=False):
    """How a video is looked at; what is left out is found out, or usual."""

    people: str
    """"all", "main", how many of the most prominent ones, names such as "person1,person3", or "at X,Y,FRAME" for the
    one at a point, px, of a frame, counted from 0; "all" if left out."""
    quality: str
    """"fast", "balanced" or "best"; "balanced" if left out."""
    camera: str
    """"static", "moving" or "auto", which looks at the background; "auto" if left out."""
    focal: float
    """mm, of the lens, as if the picture's diagonal were that of 36 mm x 24 mm film."""
    height: float
    """m, of the most prominent person."""


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

    def keys(self, bound: float) -> tuple[BoolArray, BoolArray]:
        """The frames (T, J) and (T,) that hold every joint within a distance in m of its place."""
        skeleton, hips = self.character.skeleton, self.character.humanoid["hips"]
        return key_frames(skeleton, self.rotations, self.hips_translation, bound, hips)


def default_folder(video: str | Path) -> Path:
    """Where ``animate`` writes unless it is told otherwise: the video's name beside it, ``_bodydouble``."""
    path = Path(video)
    return path.with_name(f"{clip_name(path)}_bodydouble")


def clip_name(video: Path) -> str:
    """A name for the clip that can be part of a file name, also if the video is a pattern of pictures."""
    stem = video.name if video.is_dir() else video.stem
    return "".join(c for c in stem if c not in '*?[]<>:"|') or video.resolve().parent.name


def capture(video: str | Path, *, monitor: Monitor | None = None, **options: Unpack[CaptureOptions]) -> Performance:
    """The motion of the people in a video.

    Args:
        video: any video, GIF, picture, folder of pictures or pattern such as ``shots/*.png``.
        monitor: is told about the progress.
        **options: CaptureOptions.

    Returns:
        Camera, tracks and motions; the most prominent person first. Whoever is chosen is named as among all people.

    Raises:
        MediaError: the video cannot be read.
        NoPeopleError: nobody is in it for long enough.
        InvalidDataError: an option has no such value, or the clip no such person.
    """
    monitor = monitor or Monitor()
    path = Path(video)
    clip = _checked_clip(path, options)
    static = options.get("camera", "auto") == "static"
    observations, background = _observe(path, clip.size, options.get("quality", "balanced"), monitor, static=static)
    with monitor.stage("tracking"):
        everybody = name_people(associate(observations, clip.fps))
        people = select(everybody, parse(options.get("people", "all")), clip.size, len(observations))
    if not people:
        raise NoPeopleError(
            f"nobody was found in {path} for long enough; people must be visible for about half a second, "
            "not too small and not too dark"
        )
    known = Known(focal=_focal_px(options, clip), height=options.get("height"))
    moving = True if options.get("camera") == "moving" else None
    with monitor.stage("motion"):
        camera, motions = reconstruct(
            tuple(people.values()),
            clip.size,
            len(observations),
            clip.fps,
            known=known,
            background=background,
            moving=moving,
        )
    pairs = zip(people.items(), motions, strict=True)
    cast = tuple(Person(name, track, motion) for (name, track), motion in pairs)
    return Performance(clip.fps, len(observations), camera, cast)


def _checked_clip(video: Path, options: CaptureOptions) -> Clip:
    """What is known about the clip, once the options are found to make sense for it."""
    _check(options)
    clip = probe(video)
    selection = parse(options.get("people", "all"))
    if isinstance(selection, At):
        selection.check(clip.size, clip.frame_count)
    return clip


def _check(options: CaptureOptions) -> None:
    parse(options.get("people", "all"))
    camera = options.get("camera", "auto")
    if camera not in CAMERAS:
        raise InvalidDataError(f"unknown camera {camera!r}; choose one of {', '.join(CAMERAS)}")
    for name, value, (least, most) in (
        ("focal", options.get("focal"), FOCAL_RANGE), ("height", options.get("height"), HEIGHT_RANGE)
    ):  # fmt: skip
        if value is not None and not least <= value <= most:
            raise InvalidDataError(f"{name} is {value:g}; it must lie between {least:g} and {most:g}")


def _focal_px(options: CaptureOptions, clip: Clip) -> float | None:
    focal = options.get("focal")
    return clip.focal_px if focal is None else replace(clip, focal_35mm=focal).focal_px


def _observe(
    path: Path, size: tuple[int, int], quality: str, monitor: Monitor, *, static: bool = False
) -> tuple[list[tuple[Observation, ...]], Background | None]:
    """The people in every frame and what stands behind them, in pixels of a picture of the given size.

    The background of a static camera is not looked at.
    """
    with monitor.stage("loading networks"):
        observer = create_observer(quality)
    behind = None if static else BackgroundTracker()
    with FrameReader(path, max_side=PERCEPTION_SIDE) as reader, monitor.stage("perception", reader.clip.frame_count):
        width, height = reader.clip.size
        scale = np.array([size[0] / width, size[1] / height])
        seen = []
        for frame in monitor.counted(reader):
            people = observer.observe(frame)
            if behind:
                behind.follow(frame, np.array([one.box for one in people]).reshape(-1, 4))
            seen.append(tuple(_scaled(one, scale) for one in people))
        for warning in reader.warnings:
            monitor.warn(warning)
    monitor.network_seconds += observer.network_seconds
    return seen, behind.result(scale) if behind else None


def _scaled(one: Observation, scale: FloatArray) -> Observation:
    return replace(one, box=one.box * np.tile(scale, 2), keypoints=one.keypoints * np.append(scale, 1.0))


def animate(
    video: str | Path,
    folder: str | Path | None = None,
    *,
    character: str = "mannequin",
    film: bool = True,
    fps: Fraction | None = None,
    keyframes: float | None = None,
    monitor: Monitor | None = None,
    **options: Unpack[CaptureOptions],
) -> Delivery:
    """Gives each person in a video a rigged character that performs the same motion.

    Args:
        video: as for ``capture``.
        folder: where the files go; default: the video's name beside it, ``_bodydouble``.
        character: name of a built-in character or a .glb or .vrm file.
        film: whether to render ``preview.mp4``.
        fps: rate of all files but the film; default: that of the video.
        keyframes: m, how far a joint of a .glb may be from its place if that saves keys; default: a key in every frame.
        monitor: is told about the progress.
        **options: as for ``capture``.

    Returns:
        The performance and the files written.

    Raises:
        BodydoubleError: the video, the character or the folder cannot be used. Files that were complete stay.
    """
    monitor = monitor or Monitor()
    path = Path(video)
    _check_above_zero(fps=fps, keyframes=keyframes)
    _checked_clip(path, options)
    template = load(character)
    with _output_folder(Path(folder) if folder is not None else default_folder(path)) as out:
        captured = capture(path, monitor=monitor, **options)
        with monitor.stage("characters"):
            fitted = character in builtin_names()
            cast = _cast(captured, template, fitted)
            delivered = at_rate(captured, fps or captured.fps)
            delivered_cast = cast if delivered is captured else _cast(delivered, template, fitted)
        with monitor.stage("files", 1 + 2 * len(cast)):
            files = list(monitor.counted(_write_files(delivered, delivered_cast, out, clip_name(path), keyframes)))
        pictures = SpanPictures(captured)
        films = _film(path, captured, cast, pictures, out / FILM_FILE, monitor) if film else []
        with monitor.stage("report"):
            files += [*films, _report(path, captured, pictures, films, out / REPORT_FILE, monitor.warnings)]
    return Delivery(delivered, tuple(files))


def capture_to_folder(
    video: str | Path,
    folder: str | Path | None = None,
    *,
    fps: Fraction | None = None,
    monitor: Monitor | None = None,
    **options: Unpack[CaptureOptions],
) -> Delivery:
    """As ``animate``, but only ``performance.npz`` is written."""
    monitor = monitor or Monitor()
    path = Path(video)
    _check_above_zero(fps=fps)
    _checked_clip(path, options)
    with _output_folder(Path(folder) if folder is not None else default_folder(path)) as out:
        captured = capture(path, monitor=monitor, **options)
        delivered = at_rate(captured, fps or captured.fps)
        performance.save(out / PERFORMANCE_FILE, delivered)
    return Delivery(delivered, (out / PERFORMANCE_FILE,))


def _check_above_zero(**options: float | Fraction | None) -> None:
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


def _cast(captured: Performance, template: Character, fitted: bool) -> list[AnimatedCharacter]:
    return [play(person.motion, template, fitted=fitted) for person in captured.people]


def play(motion: Motion, template: Character, *, fitted: bool) -> AnimatedCharacter:
    """A character that performs a motion, with the person's proportions (built-in characters only) or its own."""
    character = fit(template, motion.skeleton) if fitted else template
    rotations, hips_translation = retarget(motion, character)
    return AnimatedCharacter(character, rotations, hips_translation)


def _write_files(
    captured: Performance, cast: Sequence[AnimatedCharacter], folder: Path, name: str, keyframes: float | None
) -> Iterator[Path]:
    path = folder / PERFORMANCE_FILE
    performance.save(path, captured)
    yield path
    for person, actor in zip(captured.people, cast, strict=True):
        path = folder / f"{person.name}.glb"
        keys = None if keyframes is None else actor.keys(keyframes)
        gltf.write(path, actor.character, actor.rotations, actor.hips_translation, captured.fps, name, keys)
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
