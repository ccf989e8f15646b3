"""Benchmark of films: place and size of the characters in the picture, and time of each part of the work."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bodydouble.characters.rig_vertices import vertices_of
from bodydouble.characters.soles import find_sole_points
from bodydouble.data import Camera, FloatArray, IntArray, Performance, Person
from bodydouble.errors import InvalidDataError
from bodydouble.film.figures import Figure
from bodydouble.film.painter import Painter
from bodydouble.film.plan import FilmPlan
from bodydouble.film.surroundings import SurroundingsPainter
from bodydouble.formats import performance as performance_files
from bodydouble.formats.media import FrameReader, VideoWriter
from bodydouble.formats.media.encodings import VideoFormat
from bodydouble.geometry import camera as cameras
from bodydouble.geometry import kinematics, rotation
from bodydouble.motion.body.proportions import stature
from bodydouble.motion.floor.contacts import sole_positions
from bodydouble.pipeline.film_background import open_background
from bodydouble.pipeline.film_cast import CastRequest, choose_characters, load_casts
from bodydouble.pipeline.film_options import FilmOptions
from bodydouble.pipeline.film_planning import choose_frame_size, plan_film
from bodydouble.pipeline.film_source import Footage, find_place, load_footage
from bodydouble.pipeline.filming import make_film
from bodydouble.pipeline.progress import Progress

MIN_DEPTH = 0.2
"""Minimum depth in m of points that are projected."""


@dataclass(frozen=True, slots=True)
class PlaceErrors:
    """Errors of a character in the picture, over all frames in which it is drawn."""

    person: str
    feet: FloatArray
    """(T,) distance of the middle of the feet from that of the person's feet, as a fraction of the picture's height."""
    size: FloatArray
    """(T,) relative difference of the distance from crown to soles, in px."""


@dataclass(frozen=True, slots=True)
class PartTime:
    """Time of a part of the work per frame, s."""

    elapsed: float
    cpu: float
    """Time of all cores together, which hardly depends on other work on the machine."""


@dataclass(frozen=True, slots=True)
class FilmSpeed:
    """Speed of ``film`` for a performance, with its parts at the same time."""

    frame_count: int
    seconds: Mapping[str, float]
    """Elapsed time of each stage: characters, background, film."""
    cpu_seconds: float
    """Time of all cores together."""

    @property
    def stages(self) -> list[tuple[str, float]]:
        """Time in s of each stage, and of all."""
        return [*self.seconds.items(), ("all", sum(self.seconds.values()))]


@dataclass(frozen=True, slots=True)
class FilmMeasurements:
    """Errors of the characters of a film, and times."""

    errors: list[PlaceErrors]
    """One per person."""
    times: dict[str, PartTime]
    """Time of each part of the work, one after the other."""
    speed: FilmSpeed


def measure_place(
    performance: Performance, figures: Sequence[Figure], truth: Performance | None = None
) -> list[PlaceErrors]:
    """Measures place and size of characters, seen by the camera of the video.

    Args:
        performance: the performance that was captured.
        figures: characters of its people.
        truth: the true performance of the same clip, with people in the same order; None: the captured one is the
            reference.

    Raises:
        InvalidDataError: a character has no feet.
    """
    reference = truth or performance
    return [
        _measure_person(figure, person, performance.camera, reference.camera)
        for figure, person in zip(figures, reference.people, strict=True)
    ]


def _measure_person(figure: Figure, person: Person, camera: Camera, reference_camera: Camera) -> PlaceErrors:
    first = int(person.track.frames[0])
    frames = [
        frame
        for frame in range(figure.first_frame, figure.first_frame + len(figure.opacity))
        if figure.row(frame) is not None and 0 <= frame - first < len(person.track.frames)
    ]
    drawn = _project(_character_points(figure, frames), camera, frames)
    expected = _project(_person_points(person, np.array(frames) - first), reference_camera, frames)
    distance = np.linalg.norm(drawn[:, 1:].mean(axis=1) - expected[:, 1:].mean(axis=1), axis=-1)
    heights = [np.linalg.norm(points[:, 0] - points[:, 1:].mean(axis=1), axis=-1) for points in (drawn, expected)]
    return PlaceErrors(person.name, distance / camera.image_size[1], np.abs(heights[0] / heights[1] - 1.0))


def _character_points(figure: Figure, frames: list[int]) -> FloatArray:
    """Returns the crown and the four points of the soles (T, 5, 3) m of a character, world."""
    character = figure.character
    soles = find_sole_points(character)
    if soles is None:
        raise InvalidDataError(f"{character.name} has no feet, whose place could be measured")
    head = character.humanoid["head"]
    bind = kinematics.bind_matrices(character)
    skull = vertices_of(character, (head,))
    crown = np.array([bind[head, 0, 3], skull[:, 1].max(), bind[head, 2, 3]])
    crown_offset = rotation.rotate(rotation.conjugate(character.rest_rotations[head]), crown - bind[head, :3, 3])
    joints, offsets = np.array([head, *soles.joints]), np.vstack([crown_offset, soles.offsets])
    matrices = np.stack([figure.joint_matrices[frame - figure.first_frame] for frame in frames])[:, joints]
    return np.asarray(np.einsum("tkij,kj->tki", matrices[..., :3, :3], offsets) + matrices[..., :3, 3])


def _person_points(person: Person, rows: IntArray) -> FloatArray:
    """Returns the crown and the four points of the soles (T, 5, 3) m of a captured person, world."""
    motion = person.motion
    head = motion.skeleton.index("head")
    above = stature(motion.skeleton) - kinematics.rest_positions(motion.skeleton)[head, 1]
    world = kinematics.world_rotations(motion.skeleton.parents, motion.rotations)[:, head]
    crown = kinematics.joint_positions(motion)[:, head] + rotation.rotate(world, np.array([0.0, above, 0.0]))
    soles = sole_positions(motion.skeleton, motion.rotations, motion.root_position)
    return np.concatenate([crown[:, None], soles], axis=1)[rows]


def _project(points: FloatArray, camera: Camera, frames: list[int]) -> FloatArray:
    in_camera = cameras.transform(camera.camera_from_world[frames], points)
    in_camera[..., 2] = np.maximum(in_camera[..., 2], MIN_DEPTH)
    return cameras.project(camera.intrinsics, in_camera)


def measure_film(
    performance: Path, video: Path | None, truth: Path | None, options: FilmOptions, frame_count: int
) -> FilmMeasurements:
    """Measures the characters of a film, the time of each part of the work, and the speed of the whole film.

    Args:
        performance: a performance.npz.
        video: its video; None: the one beside it.
        truth: the true performance; None: the captured one is the reference.
        options: options of the film.
        frame_count: maximum number of frames whose time is measured.

    The background is prepared once, which counts for the measured frames.

    Raises:
        BodydoubleError: a file cannot be read, or there is no video.
    """
    footage = load_footage(performance, find_place(performance, video).video, "all")
    captured = footage.performance
    casts = load_casts(options)
    characters = [choose_characters(captured, cast) for cast in casts]
    plan = plan_film(footage, captured, characters, options)
    reference = None if truth is None else performance_files.load(truth)
    errors = measure_place(captured, plan.casts[0], reference)
    times = _measure_seconds(footage, plan, options, min(frame_count, plan.frame_count))
    return FilmMeasurements(errors, times, _measure_speed(footage, casts, options))


def _measure_speed(footage: Footage, casts: Sequence[CastRequest], options: FilmOptions) -> FilmSpeed:
    progress, start = Progress(), time.process_time()
    with TemporaryDirectory() as folder:
        make_film(footage, Path(folder) / "film.mp4", VideoFormat.MP4, casts, options, progress)
    frame_count = footage.performance.frame_count
    return FilmSpeed(frame_count, progress.seconds, time.process_time() - start)


def _measure_seconds(footage: Footage, plan: FilmPlan, options: FilmOptions, count: int) -> dict[str, PartTime]:
    clip = footage.require_clip("the benchmark")
    frame_size = choose_frame_size(plan)
    times: dict[str, PartTime] = {}
    with _timed(times, "decode", count), FrameReader(clip.path, image_size=frame_size) as reader:
        sources = list(islice(reader, count))
    with _timed(times, "prepare background", count):
        painter = SurroundingsPainter(plan, open_background(footage, options, frame_size))
    with _timed(times, "background", count):
        surroundings = [painter.paint(frame, source) for frame, source in enumerate(sources)]
    with Painter(plan, is_transparent=options.is_transparent) as film_painter:
        film_painter.paint(count - 1, surroundings[-1])
        with _timed(times, "draw and composite", count):
            images = [film_painter.paint(frame, around) for frame, around in enumerate(surroundings)]
    with TemporaryDirectory() as folder, _timed(times, "encode", count):
        path = Path(folder) / "film.mp4"
        with VideoWriter(path, image_size=plan.layout.image_size, fps=plan.fps) as writer:
            for image in images:
                writer.write(image)
    return times


@contextmanager
def _timed(times: dict[str, PartTime], part: str, count: int) -> Iterator[None]:
    start, start_cpu = time.perf_counter(), time.process_time()
    yield
    times[part] = PartTime((time.perf_counter() - start) / count, (time.process_time() - start_cpu) / count)


def summarize_place(errors: Sequence[PlaceErrors]) -> list[dict[str, float | str]]:
    """Returns the medians and the 95th percentiles of the errors of each person, in percent."""
    return [
        {
            "person": error.person,
            **{
                f"{name}_{label}_percent": 100 * float(np.quantile(values, quantile))
                for name, values in (("feet", error.feet), ("size", error.size))
                for label, quantile in (("median", 0.5), ("p95", 0.95))
            },
        }
        for error in errors
    ]


def summarize_speed(speed: FilmSpeed) -> dict[str, float]:
    """Returns the number of frames, the time in s of each stage and of all cores together, and the frame rates."""
    return {
        "frames": speed.frame_count,
        "cpu_seconds": speed.cpu_seconds,
        **{f"{stage}_seconds": seconds for stage, seconds in speed.stages},
        **{f"{stage}_frames_per_second": speed.frame_count / seconds for stage, seconds in speed.stages},
    }
