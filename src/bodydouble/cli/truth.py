"""Rendered people: making clips, and measuring on them."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import typer

from bodydouble.bench import (
    ablation,
    people,
    people_partners,
    people_report,
    people_set,
    rates,
    tables,
    truth,
    truth_report,
)
from bodydouble.bench.requested_clips import RATES, ClipOptions, all_motions, clip, contact_sheet
from bodydouble.bench.truth_set import default_folder, private_set, public_set
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
) -> list[truth.Captured]:
    place = keep or default_folder()
    found = public_set() if which == "public" else private_set(mocap, place / "mocap")
    return truth.captured_clips(_spread(found, count), quality=quality, folder=place, monitor=monitor)


def _spread(found: Sequence[T], count: int | None) -> list[T]:
    """That many, evenly spread."""
    if count is None or count >= len(found):
        return list(found)
    return [found[i * len(found) // count] for i in range(count)]


def deliver_truth(
    which: str, count: int | None, keep: Path | None, mocap: Path, quality: str, monitor: Monitor
) -> Finish:
    """Measures; what it gives back prints and writes the figures."""
    report = truth.measure(_captured(which, count, keep, mocap, quality, monitor), quality, monitor)

    def finish(html: Path | None, markdown: Path | None, as_json: bool) -> None:
        _write(html, lambda: truth_report.html_page(report))
        _write(markdown, lambda: truth_report.markdown(report))
        if as_json:
            typer.echo(json.dumps(truth_report.as_dict(report), indent=2))
            return
        typer.echo(truth_report.headline(report))
        _print_tables(truth_report.tables(report))

    return finish


def deliver_ablation(
    which: str, count: int | None, keep: Path | None, mocap: Path, quality: str, monitor: Monitor
) -> Finish:
    """As deliver_truth, with the truth fed in after each stage in turn."""
    steps = ablation.measure(_captured(which, count, keep, mocap, quality, monitor), quality, monitor)
    title, cells = "By stage", ablation.rows(steps)

    def finish(html: Path | None, markdown: Path | None, as_json: bool) -> None:
        _write(html, lambda: truth_report.table_page(title, {title: cells}))
        _write(markdown, lambda: truth_report.table_text({title: cells}, truth_report.ABLATION_PREFACE))
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
    found = tables.measure(truth.measure(clips, quality, monitor), monitor)

    def finish(markdown: Path | None, as_json: bool) -> None:
        _write(markdown, lambda: truth_report.table_text(found, truth_report.TABLES_PREFACE))
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
    measured = rates.measure(_captured("public", count, keep, Path(), quality, monitor), monitor)
    found = rates.tables(measured)

    def finish(markdown: Path | None, as_json: bool) -> None:
        preface = truth_report.MOTION_PREFACE.format(quality=quality)
        _write(markdown, lambda: truth_report.table_text(found, preface))
        if as_json:
            typer.echo(json.dumps(rates.as_dict(measured), indent=2))
            return
        _print_tables(found)

    return finish


def deliver_people(
    count: int | None, keep: Path | None, mocap: Path, quality: str, monitor: Monitor
) -> Callable[[Path | None, bool], None]:
    """Measures identities on clips of several people; what it gives back prints and writes the figures."""
    files = people_set.motion_files()
    makers: list[people_set.Maker] = [
        partial(people_set.made, scene, files) for scene in _spread(people_set.SCENES, count)
    ]
    if count is None and mocap.exists():
        makers += people_partners.makers(mocap, keep)
    clips = people.captured_clips(makers, quality=quality, folder=keep, monitor=monitor)
    found = {clip.clip.name: people.figures(clip) for clip in clips}

    def finish(markdown: Path | None, as_json: bool) -> None:
        _write(markdown, lambda: people_report.markdown(found, quality))
        if as_json:
            typer.echo(json.dumps(people_report.as_dict(found), indent=2))
            return
        _print_tables(people_report.tables(found))

    return finish


def _print_tables(found: dict[str, truth_report.Cells]) -> None:
    for title, cells in found.items():
        typer.echo(f"\n{title}")
        print_table(*cells)


def _write(path: Path | None, text: Callable[[], str]) -> None:
    if path is not None:
        with atomic_write(path) as temporary:
            temporary.write_text(text(), encoding="utf-8")
