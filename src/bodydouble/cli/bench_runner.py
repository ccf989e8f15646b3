"""Runs the ``bench`` commands on synthetic clips: measures, writes pages and prints.

A measurement takes the shared arguments and the progress, and returns a ``BenchReport``. ``run`` does the rest.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import typer

from bodydouble.bench import (
    accuracy,
    accuracy_report,
    cast,
    cast_report,
    close_up_clips,
    comparison_tables,
    faces,
    frame_rate,
    hands,
    looks,
    oracle_study,
    partner_clips,
    people,
    people_clips,
    people_report,
    retargeting,
    retargeting_report,
    synthetic_set,
)
from bodydouble.bench.capture_cache import BenchCapture, capture_clips
from bodydouble.bench.clip_cache import ClipFactory, default_cache_dir
from bodydouble.bench.report import BenchReport
from bodydouble.cli.options import BenchArguments, print_json
from bodydouble.cli.progress import ProgressBars
from bodydouble.cli.tables import print_table
from bodydouble.formats.atomic import atomic_write
from bodydouble.pipeline import Progress

T = TypeVar("T")
Measurement = Callable[[BenchArguments, Progress], BenchReport]
"""Measures what the shared arguments ask for and reports the progress."""


def run(measure: Measurement, arguments: BenchArguments, html: Path | None = None) -> None:
    """Runs a measurement, writes its pages and prints its figures.

    Raises:
        BodydoubleError: a clip cannot be rendered or captured, or a page cannot be written.
    """
    with ProgressBars() as progress:
        report = measure(arguments, progress)
    if html is not None:
        _write(html, report.html())
    if arguments.markdown is not None:
        _write(arguments.markdown, report.markdown())
    if arguments.as_json:
        print_json(report.values)
    else:
        _print(report)


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _print(report: BenchReport) -> None:
    if report.headline:
        typer.echo(report.headline)
    for title, table in report.tables.items():
        typer.echo(f"\n{title}")
        print_table(*table)


def measure_accuracy(
    arguments: BenchArguments, progress: Progress, clip_set: str = "public", mocap: Path | None = None
) -> BenchReport:
    """Measures the accuracy on a set of clips, beside baselines."""
    captures = _capture_set(arguments, progress, clip_set, mocap)
    return accuracy_report.build_report(accuracy.measure_accuracy(captures, arguments.quality, progress))


def measure_oracle_steps(
    arguments: BenchArguments, progress: Progress, clip_set: str = "public", mocap: Path | None = None
) -> BenchReport:
    """Measures the accuracy with ground truth substituted stage by stage."""
    captures = _capture_set(arguments, progress, clip_set, mocap)
    return oracle_study.build_report(oracle_study.measure_oracle_steps(captures, arguments.quality, progress))


def measure_tables(arguments: BenchArguments, progress: Progress) -> BenchReport:
    """Measures the tables in which methods are compared."""
    captures = _capture_set(arguments, progress)
    results = accuracy.measure_accuracy(captures, arguments.quality, progress)
    return comparison_tables.build_report(comparison_tables.measure_tables(results, progress), arguments.quality)


def measure_frame_rates(arguments: BenchArguments, progress: Progress) -> BenchReport:
    """Measures the accuracy at low frame rates and the loss of speed in strikes."""
    captures = _capture_set(arguments, progress)
    return frame_rate.build_report(frame_rate.measure_frame_rates(captures, progress), arguments.quality)


def measure_people(arguments: BenchArguments, progress: Progress, mocap: Path | None = None) -> BenchReport:
    """Measures identity association and poses on clips of several people."""
    files = people_clips.motion_files()
    scenes = _sample_evenly(people_clips.SCENES, arguments.clips)
    factories: list[ClipFactory] = [partial(people_clips.render_clip, scene, files) for scene in scenes]
    if mocap is None:
        typer.echo("note: the clips of dancing partners are left out; --mocap FILE adds them", err=True)
    elif arguments.clips is None:
        factories += partner_clips.clip_factories(mocap, arguments.cache_dir)
    captures = _capture(factories, arguments, progress)
    figures = {captured.clip.name: people.measure_clip(captured) for captured in captures}
    return people_report.build_report(figures, arguments.quality)


def measure_hands(arguments: BenchArguments, progress: Progress) -> BenchReport:
    """Measures fingers on rendered close-ups."""
    clips = _sample_evenly(close_up_clips.hand_clips(), arguments.clips)
    captures = _capture([partial(close_up_clips.render_hands, clip) for clip in clips], arguments, progress)
    samples = hands.measure_clips(captures, clips, progress)
    return hands.build_report(samples, len(clips), close_up_clips.FRAME_COUNT, arguments.quality)


def measure_faces(arguments: BenchArguments, progress: Progress) -> BenchReport:
    """Measures faces on rendered close-ups."""
    clips = _sample_evenly(close_up_clips.face_clips(), arguments.clips)
    captures = _capture([partial(close_up_clips.render_face, clip) for clip in clips], arguments, progress)
    return faces.build_report(faces.measure_clips(captures, clips), close_up_clips.FRAME_COUNT, arguments.quality)


def measure_looks(arguments: BenchArguments, progress: Progress) -> BenchReport:
    """Measures the appearance of rendered people."""
    captures = _capture(_sample_evenly(looks.clip_factories(), arguments.clips), arguments, progress)
    return looks.build_report(*looks.measure_looks(captures), arguments.quality)


def measure_retargeting(
    _: BenchArguments,
    progress: Progress,
    mocap: Path | None = None,
    motions: Sequence[Path] | None = None,
    characters: Sequence[Path] | None = None,
) -> BenchReport:
    """Measures retargeting to characters of other proportions."""
    sources = retargeting.load_sources(mocap, motions or ())
    results = retargeting.measure_targets(sources, retargeting.load_targets(characters or ()), progress)
    return retargeting_report.build_report(results)


def measure_clothes(_: BenchArguments, progress: Progress, looks: int, poses: int) -> BenchReport:
    """Measures covered skin that comes through the clothes of the presets and a number of random looks."""
    return cast_report.build_report(cast.measure_cast(cast.choose_looks(looks), poses, progress))


def _capture_set(
    arguments: BenchArguments, progress: Progress, clip_set: str = "public", mocap: Path | None = None
) -> list[BenchCapture]:
    """Renders and captures the clips of a set."""
    if clip_set == "public":
        specs = synthetic_set.public_set()
    else:
        specs = synthetic_set.private_set(mocap, (arguments.cache_dir or default_cache_dir()) / "mocap")
    selected = _sample_evenly(specs, arguments.clips)
    return _capture([partial(synthetic_set.render_clip, spec) for spec in selected], arguments, progress)


def _capture(factories: Sequence[ClipFactory], arguments: BenchArguments, progress: Progress) -> list[BenchCapture]:
    return capture_clips(factories, quality=arguments.quality, cache_dir=arguments.cache_dir, progress=progress)


def _sample_evenly(items: Sequence[T], count: int | None) -> list[T]:
    """Returns ``count`` items, evenly spread; None: all."""
    if count is None or count >= len(items):
        return list(items)
    return [items[i * len(items) // count] for i in range(count)]
