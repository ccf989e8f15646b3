"""Commands ``characters`` and ``characters make``: the characters of the package, and drawn ones of your own."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bodydouble.cli.errors import report_errors

app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


@app.callback()
def characters(context: typer.Context) -> None:
    """List the built-in and the drawn characters, or make a drawn one."""
    if context.invoked_subcommand is not None:
        return
    with report_errors():
        from bodydouble.characters.load import builtin_names, cast_names

        for name in (*builtin_names(), *cast_names()):
            typer.echo(name)


@app.command()
def make(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="File to write: .vrm, .glb, or the look as .toml.")
    ],
    like: Annotated[
        str,
        typer.Option(
            metavar="NAME|SEED|FILE",
            help="Drawn character, whole number for a random one, or look (.toml) to start from.",
        ),
    ] = "woman",
    hair: Annotated[str | None, typer.Option(metavar="STYLE", help="Hair: bob, short, long, bun and others.")] = None,
    fringe: Annotated[
        str | None, typer.Option(metavar="STYLE", help="Fringe: straight, side, none and others.")
    ] = None,
    hair_color: Annotated[str | None, typer.Option(metavar="COLOUR", help="Colour of the hair: #rrggbb.")] = None,
    skin_color: Annotated[str | None, typer.Option(metavar="COLOUR", help="Colour of the skin: #rrggbb.")] = None,
    eye_color: Annotated[str | None, typer.Option(metavar="COLOUR", help="Colour of the eyes: #rrggbb.")] = None,
    top: Annotated[
        str | None, typer.Option(metavar="KIND", help="Upper garment: hoodie, shirt, dress and others.")
    ] = None,
    top_color: Annotated[str | None, typer.Option(metavar="COLOUR", help="Colour of the upper garment.")] = None,
    bottom: Annotated[str | None, typer.Option(metavar="KIND", help="Trousers, shorts, skirt or tights.")] = None,
    bottom_color: Annotated[str | None, typer.Option(metavar="COLOUR", help="Colour of the lower garment.")] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Anything else of the look; repeatable.")
    ] = None,
    vary: Annotated[
        int | None, typer.Option(metavar="SEED", min=0, help="Change the face at random, by a seed.")
    ] = None,
) -> None:
    """Make a drawn character."""
    chosen = {
        "hair": hair, "fringe": fringe, "hair_color": hair_color, "skin_color": skin_color, "eye_color": eye_color,
        "top": top, "top_color": top_color, "bottom": bottom, "bottom_color": bottom_color,
    }  # fmt: skip
    with report_errors():
        from bodydouble.characters.cast.choose import choose_look
        from bodydouble.characters.cast.look import create_look, vary_look
        from bodydouble.pipeline.drawn_characters import write_look

        look = choose_look(like)
        if vary is not None:
            look = vary_look(look, vary)
        given = {name: value for name, value in chosen.items() if value is not None}
        write_look(output, create_look({"name": output.stem, **given, **_parse_values(values or [])}, look))
        typer.echo(output)


def _parse_values(texts: list[str]) -> dict[str, Any]:
    """Parses texts like "jaw=1.1"."""
    from bodydouble.errors import InvalidDataError

    values: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise InvalidDataError(f"--set {text}: write it as NAME=VALUE, such as jaw=1.1")
        try:
            values[name] = int(value) if name == "seed" else float(value)
        except ValueError:
            values[name] = value
    return values
