"""Command ``studio``: a local web page for videos, takes and downloads."""

from pathlib import Path
from typing import Annotated

import typer

from bodydouble.cli.errors import report_errors

DEFAULT_PORT = 8765


def studio(
    folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the takes. Default: bodydouble-studio in your home folder."),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address to listen on. Other computers can connect if it is not 127.0.0.1; the page then needs the "
            "token in the printed address.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Port of the page. 0: a free port.")
    ] = DEFAULT_PORT,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
) -> None:
    """Open the studio: drop videos on a page, watch the motion in 3D, download it."""
    with report_errors():
        from bodydouble.studio.serve import serve
        from bodydouble.studio.settings import DEFAULT_FOLDER, StudioSettings, create_token, is_loopback

        chosen = (Path.home() / DEFAULT_FOLDER if folder is None else folder).absolute()
        token = None if is_loopback(host) else create_token()

        def show(url: str) -> None:
            typer.echo(f"the studio is at {url} (Ctrl+C stops it; takes stay in {chosen})")
            if browser:
                _open(url)

        serve(StudioSettings(chosen, host, port, token), show)


def _open(url: str) -> None:
    """Opens a page in the browser as soon as the server answers."""
    import webbrowser
    from threading import Timer

    Timer(0.5, webbrowser.open, (url,)).start()
