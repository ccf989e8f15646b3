"""The command line: ``bodydouble animate dance.mp4``.

Exit status 0: done; 1: failed, with one line on standard error; 2: bad usage.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from bodydouble import __version__
from bodydouble.errors import BodydoubleError

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
bench = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Measure bodydouble on this machine.")
app.add_typer(bench, name="bench")

_debug = False


class Quality(StrEnum):
    """Balances of speed and accuracy."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"


VideoArgument = Annotated[
    str, typer.Argument(metavar="VIDEO", help="A video, GIF, picture, folder of pictures or pattern ('shots/*.png').")
]
FolderOption = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where the files go [default: VIDEO_bodydouble].")
]
PeopleOption = Annotated[
    str, typer.Option(metavar="all|main|N", help="Everybody, the most prominent person, or the N most prominent.")
]
QualityOption = Annotated[Quality, typer.Option(help="Which networks look at the video.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on standard output.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bodydouble {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback does all
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Ordinary video in, animated 3D characters out."""
    global _debug  # noqa: PLW0603 - the one switch that all commands share
    _debug = debug


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Turn errors into one line on standard error and exit status 1."""
    if _debug:
        yield
        return
    try:
        yield
    except BodydoubleError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted; files that were complete stay")
    except MemoryError:
        _fail("out of memory; use --quality fast, or a shorter or smaller video")
    except Exception as error:
        _fail(f"unexpected {type(error).__name__}: {error}; run again as `bodydouble --debug ...` to see where")


def _fail(message: str) -> None:
    typer.echo(f"bodydouble: {' '.join(message.split())}", err=True)
    raise typer.Exit(1)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2))


@app.command()
def animate(
    video: VideoArgument,
    output: FolderOption = None,
    people: PeopleOption = "all",
    character: Annotated[
        str, typer.Option(metavar="NAME|FILE.glb", help="A built-in character or your own rig (.glb, .vrm).")
    ] = "mannequin",
    film: Annotated[bool, typer.Option("--film/--no-film", help="Render preview.mp4.")] = True,
    quality: QualityOption = Quality.BALANCED,
    as_json: JsonOption = False,
) -> None:
    """Give each person in VIDEO a rigged character that performs the same motion."""
    with _one_line_errors():
        from bodydouble import pipeline
        from bodydouble.cli.progress import ProgressMonitor
        from bodydouble.cli.summary import print_delivery, summary

        with ProgressMonitor() as monitor:
            delivery = pipeline.animate(
                video, output, people=people, character=character, film=film, quality=quality, monitor=monitor
            )
        if as_json:
            _print_json(summary(delivery, monitor))
        else:
            print_delivery(delivery, monitor)


@app.command()
def capture(
    video: VideoArgument,
    output: FolderOption = None,
    people: PeopleOption = "all",
    quality: QualityOption = Quality.BALANCED,
    as_json: JsonOption = False,
) -> None:
    """Write the motion of the people in VIDEO to performance.npz; no character, no film."""
    with _one_line_errors():
        from bodydouble import pipeline
        from bodydouble.cli.progress import ProgressMonitor
        from bodydouble.cli.summary import print_delivery, summary

        with ProgressMonitor() as monitor:
            delivery = pipeline.capture_to_folder(video, output, people=people, quality=quality, monitor=monitor)
        if as_json:
            _print_json(summary(delivery, monitor))
        else:
            print_delivery(delivery, monitor)


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A video, performance.npz, .bvh, .glb or .vrm.")],
    as_json: JsonOption = False,
) -> None:
    """Say what is in FILE."""
    with _one_line_errors():
        from bodydouble.cli.inspect import facts

        found = facts(file)
        if as_json:
            _print_json(found)
        else:
            for key, value in found.items():
                typer.echo(f"{key}: {value}")


@app.command()
def evaluate(
    predicted: Annotated[Path, typer.Argument(metavar="PREDICTED.npz", help="A performance that was captured.")],
    truth: Annotated[Path, typer.Argument(metavar="TRUTH.npz", help="The performance that really took place.")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with all figures and plots as well.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say how far PREDICTED is from TRUTH."""
    with _one_line_errors():
        from bodydouble.cli.evaluate import compared_files, print_comparison, write_page

        found = compared_files(predicted, truth)
        if html is not None:
            write_page(found, html, predicted.name)
        if as_json:
            _print_json(found.as_dict())
        else:
            print_comparison(found)


@app.command()
def characters() -> None:
    """List the built-in characters."""
    with _one_line_errors():
        from bodydouble.characters.load import builtin_names

        for name in builtin_names():
            typer.echo(name)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Say what is installed, which accelerator is used, whether films can be rendered, and all licences."""
    with _one_line_errors():
        from bodydouble.cli.doctor import diagnosis, print_diagnosis

        found = diagnosis()
        if as_json:
            _print_json(found)
        else:
            print_diagnosis(found)


@bench.command("speed")
def bench_speed(
    video: VideoArgument,
    quality: QualityOption = Quality.BALANCED,
    repeat: Annotated[
        int, typer.Option(min=1, metavar="N", help="Play VIDEO that many times over, so that start-up counts little.")
    ] = 1,
    as_json: JsonOption = False,
) -> None:
    """Measure frames per second, peak memory and the ratio to the networks' own time."""
    with _one_line_errors():
        from bodydouble.bench.speed import measure
        from bodydouble.cli.summary import print_speed

        report = measure(Path(video), quality=quality, repeat=repeat)
        if as_json:
            _print_json(report)
        else:
            print_speed(report)


@bench.command("memory")
def bench_memory(
    video: VideoArgument,
    quality: QualityOption = Quality.BALANCED,
    repeat: Annotated[
        int, typer.Option(min=2, metavar="N", help="Compare with VIDEO played that many times over.")
    ] = 20,
    as_json: JsonOption = False,
) -> None:
    """Measure by how much peak memory grows when VIDEO becomes longer."""
    with _one_line_errors():
        from bodydouble.bench.speed import measure_growth
        from bodydouble.cli.summary import print_growth

        report = measure_growth(Path(video), quality=quality, repeat=repeat)
        if as_json:
            _print_json(report)
        else:
            print_growth(report)


@bench.command("truth")
def bench_truth(
    motions: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[MOTION.txt]...", help="DeepMimic motions [default: those of the package pybullet]."),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the rendered clips here, and use those that are there.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the table as Markdown, too.")] = None,
    quality: QualityOption = Quality.BEST,
) -> None:
    """Measure the error on rendered people, beside the network's own 3D landmarks."""
    with _one_line_errors():
        from bodydouble.bench.truth import measure, public_motions
        from bodydouble.cli.evaluate import print_table
        from bodydouble.cli.progress import ProgressMonitor
        from bodydouble.formats.atomic import atomic_write

        with ProgressMonitor() as monitor:
            report = measure(motions or public_motions(), quality=quality, folder=keep, monitor=monitor)
        typer.echo(f"{len(report.clips)} clips, {report.frames} frames, quality {report.quality}")
        print_table(*report.rows())
        if markdown is not None:
            with atomic_write(markdown) as temporary:
                temporary.write_text(report.markdown(), encoding="utf-8")


def main() -> None:
    """Entry point of the ``bodydouble`` command."""
    try:
        app()
    except BrokenPipeError:
        sys.exit(1)
