"""Rendered people: making clips, and measuring on them."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import typer

from bodydouble.bench import (
    accuracy,
    accuracy_report,
    comparison_tables,
    frame_rate,
    oracle_study,
    partner_clips,
    people,
    people_clips,
    people_report,
)
from bodydouble.bench.requested_clips import (
    FRAME_RATE_RANGE,
    ClipOptions,
    build_shot,
    load_motions,
    write_contact_sheet,
)
from bodydouble.bench.synthetic_set import default_cache_dir, private_set, public_set
from bodydouble.cli.evaluate import print_table
from bodydouble.cli.values import parse_frame_rate
from bodydouble.formats.atomic import atomic_write, ensure_folder
from bodydouble.pipeline import Progress
from bodydouble.synthetic import rendered_clip
from bodydouble.synthetic.cameras import Move

T = TypeVar("T")
Finish = Callable[[Path | None, Path | None, bool], None]


def render_clips(
    motions: Sequence[Path],
    folder: Path,
    clips: int,
    people: int,
    camera: str,
    portrait: bool,
    fps: str,
    seed: int,
    preview: bool,
    progress: Progress,
) -> list[Path]:
    """Makes clips as ``truth make`` is asked to; the files that were written."""
    move = None if camera == "any" else Move(camera)
    options = ClipOptions(people, move, portrait, parse_frame_rate(fps, FRAME_RATE_RANGE), seed)
    found = load_motions(motions)
    ensure_folder(folder)
    pairs = [(folder / f"clip{n:04d}.mp4", folder / f"clip{n:04d}.npz") for n in range(clips)]
    with progress.stage("rendering", clips):
        for number in progress.track(range(clips)):
            rendered_clip.make(build_shot(found, number, options), *pairs[number])
    files = [file for pair in pairs for file in pair]
    if preview:
        write_contact_sheet(pairs, folder / "preview.png", seed)
        files.append(folder / "preview.png")
    return files


def _capture_set(
    which: str, count: int | None, cache_dir: Path | None, mocap: Path, quality: str, progress: Progress
) -> list[accuracy.BenchCapture]:
    folder = cache_dir or default_cache_dir()
    specs = public_set() if which == "public" else private_set(mocap, folder / "mocap")
    return accuracy.capture_clips(_sample_evenly(specs, count), quality=quality, cache_dir=folder, progress=progress)


def _sample_evenly(items: Sequence[T], count: int | None) -> list[T]:
    """That many, evenly spread."""
    if count is None or count >= len(items):
        return list(items)
    return [items[i * len(items) // count] for i in range(count)]


def run_accuracy(
    which: str, count: int | None, keep: Path | None, mocap: Path, quality: str, monitor: Progress
) -> Finish:
    """Measures; what it gives back prints and writes the figures."""
    report = accuracy.measure_accuracy(_capture_set(which, count, keep, mocap, quality, monitor), quality, monitor)

    def finish(html: Path | None, markdown: Path | None, as_json: bool) -> None:
        _write(html, lambda: accuracy_report.html_page(report))
        _write(markdown, lambda: accuracy_report.markdown_page(report))
        if as_json:
            typer.echo(json.dumps(accuracy_report.as_dict(report), indent=2))
            return
        typer.echo(accuracy_report.headline(report))
        _print_tables(accuracy_report.tables(report))

    return finish


def run_oracle_study(
    which: str, count: int | None, keep: Path | None, mocap: Path, quality: str, monitor: Progress
) -> Finish:
    """As deliver_truth, with the truth fed in after each stage in turn."""
    steps = oracle_study.measure_oracle_steps(
        _capture_set(which, count, keep, mocap, quality, monitor), quality, monitor
    )
    title, cells = "By stage", oracle_study.oracle_table(steps)

    def finish(html: Path | None, markdown: Path | None, as_json: bool) -> None:
        _write(html, lambda: accuracy_report.html_tables(title, {title: cells}))
        _write(markdown, lambda: accuracy_report.markdown_tables({title: cells}, accuracy_report.ORACLE_PREFACE))
        if as_json:
            typer.echo(json.dumps({name: found.as_dict() for name, found in steps.items()}, indent=2))
            return
        _print_tables({title: cells})

    return finish


def run_comparison_tables(
    count: int | None, keep: Path | None, quality: str, monitor: Progress
) -> Callable[[Path | None, bool], None]:
    """Measures the seeds' two tables; what it gives back prints and writes them."""
    clips = _capture_set("public", count, keep, Path(), quality, monitor)
    found = comparison_tables.measure_tables(accuracy.measure_accuracy(clips, quality, monitor), monitor)

    def finish(markdown: Path | None, as_json: bool) -> None:
        _write(markdown, lambda: accuracy_report.markdown_tables(found, accuracy_report.COMPARISON_PREFACE))
        if as_json:
            typer.echo(
                json.dumps({title: [dict(zip(c[0], row, strict=True)) for row in c[1]] for title, c in found.items()})
            )
            return
        _print_tables(found)

    return finish


def run_frame_rates(
    count: int | None, keep: Path | None, quality: str, monitor: Progress
) -> Callable[[Path | None, bool], None]:
    """Measures low rates and hits; what it gives back prints and writes the figures."""
    measured = frame_rate.measure_frame_rates(_capture_set("public", count, keep, Path(), quality, monitor), monitor)
    found = frame_rate.tables(measured)

    def finish(markdown: Path | None, as_json: bool) -> None:
        preface = accuracy_report.FRAME_RATE_PREFACE.format(quality=quality)
        _write(markdown, lambda: accuracy_report.markdown_tables(found, preface))
        if as_json:
            typer.echo(json.dumps(frame_rate.as_dict(measured), indent=2))
            return
        _print_tables(found)

    return finish


def run_people(
    count: int | None, keep: Path | None, mocap: Path, quality: str, monitor: Progress
) -> Callable[[Path | None, bool], None]:
    """Measures identities on clips of several people; what it gives back prints and writes the figures."""
    files = people_clips.motion_files()
    makers: list[people_clips.ClipFactory] = [
        partial(people_clips.render_clip, scene, files) for scene in _sample_evenly(people_clips.SCENES, count)
    ]
    if count is None and mocap.exists():
        makers += partner_clips.clip_factories(mocap, keep)
    clips = people.capture_clips(makers, quality=quality, cache_dir=keep, progress=monitor)
    found = {clip.clip.name: people.measure_clip(clip) for clip in clips}

    def finish(markdown: Path | None, as_json: bool) -> None:
        _write(markdown, lambda: people_report.markdown_page(found, quality))
        if as_json:
            typer.echo(json.dumps(people_report.as_dict(found), indent=2))
            return
        _print_tables(people_report.tables(found))

    return finish


def _print_tables(found: dict[str, accuracy_report.TableData]) -> None:
    for title, cells in found.items():
        typer.echo(f"\n{title}")
        print_table(*cells)


def _write(path: Path | None, text: Callable[[], str]) -> None:
    if path is not None:
        with atomic_write(path) as temporary:
            temporary.write_text(text(), encoding="utf-8")
