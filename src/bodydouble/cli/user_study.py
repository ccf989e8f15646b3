"""Command ``user-study``: a local web page on which people rate videos blind."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bodydouble.cli.errors import report_errors
from bodydouble.errors import OutputError

if TYPE_CHECKING:
    from bodydouble.user_study.server import Session


def user_study(
    takes: Annotated[
        list[Path],
        typer.Argument(
            metavar="TAKES...", help="Folders of videos, one folder per method and one file name per clip; or videos."
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="CSV file to which the scores are appended.")
    ],
    rater: Annotated[str, typer.Option(metavar="NAME", help="Name of the rater in the CSV file.")] = "anonymous",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="Port of the page. 0: a free port.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
) -> None:
    """Run a blind user study of videos on a local page.

    Shows TAKES of one clip side by side and stores scores for realism and naturalness.
    """
    with report_errors():
        collect_scores(takes, output, rater, port, browser)


def collect_scores(paths: Sequence[Path], output: Path, rater: str, port: int, browser: bool) -> None:
    """Serves the page until all questions are answered or the program is interrupted.

    Raises:
        BodydoubleError: there is nothing to rate, or the scores cannot be written.
    """
    from bodydouble.formats.atomic import ensure_folder
    from bodydouble.user_study.results import Results
    from bodydouble.user_study.server import Session
    from bodydouble.user_study.trials import create_trials, find_takes

    trials = create_trials(find_takes(paths), seed=rater)
    ensure_folder(output.absolute().parent)
    session = Session(trials, Results(output, rater))
    if not session.is_done:
        _serve(session, port, browser)
    hint = "" if session.answered_count == len(trials) else "run again to go on; "
    typer.echo(f"{session.answered_count} of {len(trials)} rated by {rater}: {hint}scores are in {output}")


def _serve(session: "Session", port: int, browser: bool) -> None:
    import webbrowser
    from contextlib import closing

    from bodydouble.user_study.server import StudyServer

    try:
        server = StudyServer(session, port)
    except OSError as error:
        raise OutputError(f"cannot use port {port}: {error.strerror}; choose another with --port") from error
    with closing(server.socket):
        typer.echo(f"rate at {server.url} (Ctrl+C stops; nothing is lost)")
        if browser:
            webbrowser.open(server.url)
        try:
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            typer.echo("")
