"""Command line of bodydouble, for example ``bodydouble animate examples/street.mp4``.

Each file declares one command or group of commands and imports its heavy modules when a command runs. Exit status 0:
done; 1: failed, with one line on standard error; 2: bad usage.
"""

import sys
from typing import Annotated

import typer

from bodydouble import __version__
from bodydouble.cli import (
    annotations,
    batch,
    bench,
    capture,
    characters,
    doctor,
    evaluate,
    export,
    film,
    inspect,
    motions,
    resolve,
    retarget,
    studio,
    synth,
    train,
    user_study,
)
from bodydouble.cli.errors import enable_tracebacks
from bodydouble.cli.values import PeopleCommand

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.command(cls=PeopleCommand)(capture.animate)
app.command(cls=PeopleCommand)(capture.capture)
app.command(cls=PeopleCommand)(film.film)
app.command()(film.render)
app.command()(resolve.resolve)
app.command()(inspect.inspect)
app.command()(evaluate.evaluate)
app.command()(retarget.retarget)
app.command()(export.export)
app.command()(motions.motions)
app.command()(studio.studio)
app.command()(user_study.user_study)
app.command()(doctor.doctor)
app.add_typer(annotations.app, name="annotations")
app.add_typer(batch.app, name="batch")
app.add_typer(characters.app, name="characters")
app.add_typer(bench.app, name="bench")
app.add_typer(synth.app, name="synth")
app.add_typer(train.app, name="train")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bodydouble {__version__}")
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback does all
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Markerless motion capture from monocular video, with animated 3D characters (glTF, BVH) as output."""
    if debug:
        enable_tracebacks()


def main() -> None:
    """Runs the ``bodydouble`` command."""
    try:
        app()
    except BrokenPipeError:
        sys.exit(1)
