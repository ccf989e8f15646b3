"""Filming: a video or a performance -> a film in which drawn characters stand where the people stood.

A video is captured first, with one pass of perception; the second pass decodes it only. Decoding, surroundings, drawing
and encoding run at the same time.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Unpack

import numpy as np

from bodydouble.data import Character, IntArray, RgbImage
from bodydouble.errors import InvalidDataError
from bodydouble.film.layouts import Layout
from bodydouble.film.painter import Painter
from bodydouble.film.plan import FilmPlan
from bodydouble.film.surroundings import Surroundings, SurroundingsPainter
from bodydouble.formats import performance as performance_files
from bodydouble.formats.atomic import ensure_folder
from bodydouble.formats.media import FrameReader
from bodydouble.formats.media.encodings import VideoFormat
from bodydouble.formats.media.images import write_png
from bodydouble.formats.media.read_ahead import ReadAhead
from bodydouble.motion.upsample import upsample_performance
from bodydouble.pipeline.animating import AnimationResult
from bodydouble.pipeline.capturing import CaptureOptions, capture_clip, prepare_capture
from bodydouble.pipeline.film_background import check_background, needs_video, open_background
from bodydouble.pipeline.film_cast import CastRequest, choose_characters, load_casts
from bodydouble.pipeline.film_options import FilmOptions
from bodydouble.pipeline.film_output import choose_format, choose_path, choose_rate, create_writer
from bodydouble.pipeline.film_planning import choose_frame_size, find_source_frames, plan_film
from bodydouble.pipeline.film_sheet import draw_sheet
from bodydouble.pipeline.film_source import PERFORMANCE_ENDING, Footage, find_place, is_performance, load_footage
from bodydouble.pipeline.film_turntable import plan_turntable
from bodydouble.pipeline.progress import Progress

MAX_FRAMES_AHEAD = 3
"""Maximum number of frames whose surroundings are painted before their characters."""


def film(
    source: str | Path,
    path: str | Path | None = None,
    *,
    options: FilmOptions | None = None,
    video: str | Path | None = None,
    progress: Progress | None = None,
    **capture_options: Unpack[CaptureOptions],
) -> AnimationResult:
    """Makes a film in which characters stand where the people of a video stood.

    Args:
        source: a video, as for ``capture``, or a performance.npz.
        path: the film; default: beside the video, with its name and ``_film``.
        options: options of the film.
        video: the video of a performance, for sound and backgrounds that show it.
        progress: collects progress, timing and warnings.
        **capture_options: as for ``capture``; of a performance only ``people`` counts.

    Returns:
        The performance; and the film and the file of the performance, if that is new, of which a further film can be
        made without capturing again.

    Raises:
        BodydoubleError: the video, the performance, a character or the output cannot be used. Nothing half-written
            remains.
    """
    options, progress = options or FilmOptions(), progress or Progress()
    source, video = Path(source), None if video is None else Path(video)
    path = None if path is None else Path(path)
    video_format = choose_format(path, options.video_format, options.layout, options.is_transparent)
    place = find_place(source, video)
    target = choose_path(path, place, video_format, options.layout)
    check_options(options)
    casts = load_casts(options)
    ensure_folder(target.parent)
    if is_performance(source):
        footage = load_footage(source, place.video, capture_options.get("people", "all"))
        make_film(footage, target, video_format, casts, options, progress)
        return AnimationResult(footage.performance, (target,))
    file = target.with_name(f"{place.name}{PERFORMANCE_ENDING}")
    footage, static_people = _capture(source, file, capture_options, progress)
    make_film(footage, target, video_format, casts, options, progress)
    return AnimationResult(footage.performance, (target, file), static_people)


def check_options(options: FilmOptions) -> None:
    """Raises InvalidDataError if an option has an invalid value, or two of them contradict each other."""
    if options.further_casts and options.layout is not Layout.SIDE_BY_SIDE:
        raise InvalidDataError(f"several casts need the layout {Layout.SIDE_BY_SIDE.value}, not {options.layout.value}")
    check_background(options)
    if options.fps is not None and not options.fps > 0:
        raise InvalidDataError(f"fps is {options.fps}; it must be above 0")


def _capture(
    video: Path, file: Path, capture_options: CaptureOptions, progress: Progress
) -> tuple[Footage, tuple[str, ...]]:
    """Captures a video and keeps the performance in a file; also returns the names of static people."""
    request = prepare_capture(video, capture_options)
    result = capture_clip(request, progress)
    performance_files.save(file, result.performance)
    return Footage(result.performance, request.clip), tuple(result.static_people)


def make_film(
    footage: Footage,
    path: Path,
    video_format: VideoFormat,
    casts: Sequence[CastRequest],
    options: FilmOptions,
    progress: Progress,
) -> None:
    """Makes a film of footage; raises as ``film`` does."""
    captured = footage.performance
    if options.layout is Layout.SHEET:
        (characters,) = (choose_characters(captured, cast) for cast in casts)
        write_png(path, draw_sheet(footage, characters, options.background_color, progress))
        return
    if options.layout is Layout.SIDE_BY_SIDE or needs_video(options):
        footage.require_clip("this film")
    with progress.stage("characters"):
        fps = choose_rate(options.fps or captured.fps, video_format)
        plan = _plan(footage, fps, [choose_characters(captured, cast) for cast in casts], options)
    has_sound = options.layout is not Layout.TURNTABLE
    audio_from = footage.clip.path if footage.clip is not None and footage.clip.has_audio and has_sound else None
    with progress.stage("background"):
        frames = open_surroundings(footage, plan, options)
    with (
        progress.stage("film", plan.frame_count),
        Painter(plan, is_transparent=options.is_transparent) as painter,
        closing(ReadAhead(frames, MAX_FRAMES_AHEAD)) as surroundings,
        create_writer(path, video_format, plan.layout.image_size, fps, audio_from, options.is_transparent) as writer,
    ):
        for frame, around in enumerate(progress.track(surroundings)):
            writer.write(painter.paint(frame, around))


def _plan(footage: Footage, fps: Fraction, casts: Sequence[Sequence[Character]], options: FilmOptions) -> FilmPlan:
    if options.layout is Layout.TURNTABLE:
        return plan_turntable(footage.performance, fps, casts[0], options)
    return plan_film(footage, upsample_performance(footage.performance, fps), casts, options)


def open_surroundings(footage: Footage, plan: FilmPlan, options: FilmOptions) -> Generator[Surroundings, None, None]:
    """Opens the background of a film and returns an iterator over the surroundings of each frame.

    Raises:
        MediaError: the background or the layout needs a video that is not known.
    """
    frame_size = choose_frame_size(plan)
    painter = SurroundingsPainter(plan, open_background(footage, options, frame_size))
    return _paint_surroundings(footage, plan, painter, frame_size, plan.shows_source or needs_video(options))


def _paint_surroundings(
    footage: Footage, plan: FilmPlan, painter: SurroundingsPainter, frame_size: tuple[int, int], shows_video: bool
) -> Generator[Surroundings, None, None]:
    if not shows_video:
        blank = np.zeros((frame_size[1], frame_size[0], 3), dtype=np.uint8)
        yield from (painter.paint(frame, blank) for frame in range(plan.frame_count))
        return
    clip = footage.require_clip("this film")
    wanted = find_source_frames(plan.frame_count, plan.fps, clip.fps, clip.frame_count)
    with FrameReader(clip.path, image_size=frame_size) as reader:
        for frame, image in enumerate(_repeat_frames(reader, wanted)):
            yield painter.paint(frame, image)


def _repeat_frames(images: Iterable[RgbImage], wanted: IntArray) -> Iterator[RgbImage]:
    """Yields the images of ascending indices; the last one where there are fewer."""
    remaining = enumerate(images)
    index, image = next(remaining)
    for wanted_index in wanted:
        while index < wanted_index:
            index, image = next(remaining, (int(wanted_index), image))
        yield image
