"""The page on which people rate takes, from the first question to the last."""

import webbrowser
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import typer

from bodydouble.errors import OutputError
from bodydouble.formats.atomic import ensure_folder
from bodydouble.user_study.results import Results
from bodydouble.user_study.server import RatingServer, Session
from bodydouble.user_study.trials import all_trials, find_takes


def collect_scores(paths: Sequence[Path], output: Path, rater: str, port: int, browser: bool) -> None:
    """Serves the page until all is answered or the program is interrupted.

    Raises:
        BodydoubleError: there is nothing to rate, or the scores cannot be kept.
    """
    trials = all_trials(find_takes(paths), seed=rater)
    ensure_folder(output.absolute().parent)
    session = Session(trials, Results(output, rater))
    if not session.done:
        _serve(session, port, browser)
    hint = "" if session.answered == len(trials) else "run again to go on; "
    typer.echo(f"{session.answered} of {len(trials)} rated by {rater}: {hint}scores are in {output}")


def _serve(session: Session, port: int, browser: bool) -> None:
    try:
        server = RatingServer(session, port)
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
