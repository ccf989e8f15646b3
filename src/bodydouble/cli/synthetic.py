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
from bodydouble.bench.requested_clips import RATES, ClipOptions, all_motions, clip, contact_sheet
from bodydouble.bench.synthetic_set import default_folder, private_set, public_set
from bodydouble.cli.evaluate import print_table
from bodydouble.cli.values import rate
from bodydouble.formats.atomic import atomic_write, ensure_folder
from bodydouble.pipeline import Monitor
from bodydouble.synthetic import rendered_clip
from bodydouble.synthetic.cameras import Move

T = TypeVar("T")
Finish = Callable[[Path | None, Path | None, bool], None]


def make_clips(
    motions: Sequence[Path],
    folder: Path,
    clips: int,
    people: int,
    camera: str,
    portrait: bool,
    fps: str,
    seed: int,
    preview: bool,
    monitor: Monitor,
) -> list[Path]:
    """Makes clips as ``truth make`` is asked to; the files that were written."""
    move = None if camera == "any" else Move(camera)
    options = ClipOptions(people, move, portrait, rate(fps, RATES), seed)
    found = all_motions(motions)
    ensure_folder(folder)
    pairs = [(folder / f"clip{n:04d}.mp4", folder / f"clip{n:04d}.npz") for n in range(clips)]
    with monitor.stage("rendering", clips):
        for number in monitor.counted(range(clips)):
            rendered_clip.make(clip(found, number, options), *pairs[number])
    files = [file for pair in pairs for file in pair]
    if preview:
        contact_sheet(pairs, folder / "preview.png", seed)
        files.append(folder / "preview.png")
    return files


def _captured(
    which: str, count: int | None, keep: Path | None, mocap: Path, quality: str, monitor: Monitor
) -> list[accuracy.Captured]:
    place = keep or default_folder()
    found = public_set() if which == "public" else private_set(mocap, place / "mocap")
    return accuracy.captured_clips(_spread(found, count), quality=quality, folder=place, monitor=monitor)


def _spread(found: Sequence[T], count: int | None) -> list[T]:
    """That many, evenly spread."""
    if count is None or count >= len(found):
        return list(found)
    return [found[i * len(found) // count] for i in range(count)]


def deliver_truth(
    which: str, count: int | None, keep: Path | None, mocap: Path, quality: str, monitor: Monitor
) -> Finish:
    """Measures; what it gives back prints and writes the figures."""
    report = accuracy.measure(_captured(which, count, keep, mocap, quality, monitor), quality, monitor)

    def finish(html: Path | None, markdown: Path | None, as_json: bool) -> None:
        _write(html, lambda: accuracy_report.html_page(report))
        _write(markdown, lambda: accuracy_report.markdown(report))
        if as_json:
            typer.echo(json.dumps(accuracy_report.as_dict(report), indent=2))
            return
        typer.echo(accuracy_report.headline(report))
        _print_tables(accuracy_report.tables(report))

    return finish


def deliver_ablation(
    which: str, count: int | None, keep: Path | None, mocap: Path, quality: str, monitor: Monitor
) -> Finish:
    """As deliver_truth, with the truth fed in after each stage in turn."""
    steps = oracle_study.measure(_captured(which, count, keep, mocap, quality, monitor), quality, monitor)
    title, cells = "By stage", oracle_study.rows(steps)

    def finish(html: Path | None, markdown: Path | None, as_json: bool) -> None:
        _write(html, lambda: accuracy_report.table_page(title, {title: cells}))
        _write(markdown, lambda: accuracy_report.table_text({title: cells}, accuracy_report.ABLATION_PREFACE))
        if as_json:
            typer.echo(json.dumps({name: found.as_dict() for name, found in steps.items()}, indent=2))
            return
        _print_tables({title: cells})

    return finish


def deliver_tables(
    count: int | None, keep: Path | None, quality: str, monitor: Monitor
) -> Callable[[Path | None, bool], None]:
    """Measures the seeds' two tables; what it gives back prints and writes them."""
    clips = _captured("public", count, keep, Path(), quality, monitor)
    found = comparison_tables.measure(accuracy.measure(clips, quality, monitor), monitor)

    def finish(markdown: Path | None, as_json: bool) -> None:
        _write(markdown, lambda: accuracy_report.table_text(found, accuracy_report.TABLES_PREFACE))
        if as_json:
            typer.echo(
                json.dumps({title: [dict(zip(c[0], row, strict=True)) for row in c[1]] for title, c in found.items()})
            )
            return
        _print_tables(found)

    return finish


def deliver_motion(
    count: int | None, keep: Path | None, quality: str, monitor: Monitor
) -> Callable[[Path | None, bool], None]:
    """Measures low rates and hits; what it gives back prints and writes the figures."""
    measured = frame_rate.measure(_captured("public", count, keep, Path(), quality, monitor), monitor)
    found = frame_rate.tables(measured)

    def finish(markdown: Path | None, as_json: bool) -> None:
        preface = accuracy_report.MOTION_PREFACE.format(quality=quality)
        _write(markdown, lambda: accuracy_report.table_text(found, preface))
        if as_json:
            typer.echo(json.dumps(frame_rate.as_dict(measured), indent=2))
            return
        _print_tables(found)

    return finish


def deliver_people(
    count: int | None, keep: Path | None, mocap: Path, quality: str, monitor: Monitor
) -> Callable[[Path | None, bool], None]:
    """Measures identities on clips of several people; what it gives back prints and writes the figures."""
    files = people_clips.motion_files()
    makers: list[people_clips.Maker] = [
        partial(people_clips.made, scene, files) for scene in _spread(people_clips.SCENES, count)
    ]
    if count is None and mocap.exists():
        makers += partner_clips.makers(mocap, keep)
    clips = people.captured_clips(makers, quality=quality, folder=keep, monitor=monitor)
    found = {clip.clip.name: people.figures(clip) for clip in clips}

    def finish(markdown: Path | None, as_json: bool) -> None:
        _write(markdown, lambda: people_report.markdown(found, quality))
        if as_json:
            typer.echo(json.dumps(people_report.as_dict(found), indent=2))
            return
        _print_tables(people_report.tables(found))

    return finish


def _print_tables(found: dict[str, accuracy_report.Cells]) -> None:
    for title, cells in found.items():
        typer.echo(f"\n{title}")
        print_table(*cells)


def _write(path: Path | None, text: Callable[[], str]) -> None:
    if path is not None:
        with atomic_write(path) as temporary:
            temporary.write_text(text(), encoding="utf-8")
