"""Conversion of exceptions into one line on standard error and exit status 1."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from bodydouble.errors import BodydoubleError

_tracebacks = False


def enable_tracebacks() -> None:
    """Lets exceptions through with their traceback, for ``bodydouble --debug``."""
    global _tracebacks  # noqa: PLW0603 - the one switch that all commands share
    _tracebacks = True


@contextmanager
def report_errors() -> Iterator[None]:
    """Turns an exception in the block into one line on standard error and exit status 1."""
    if _tracebacks:
        yield
        return
    try:
        yield
    except BodydoubleError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted; files that were complete stay")
    except BrokenPipeError:
        _close_output()
    except MemoryError:
        _fail("out of memory; use --quality fast, or a shorter or smaller video")
    except Exception as error:
        _fail(f"unexpected {type(error).__name__}: {error}; run again as `bodydouble --debug ...` to see where")


def _close_output() -> None:
    """Ends quietly when the program that reads the output has ended, such as ``head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(1)


def _fail(message: str) -> None:
    typer.echo(f"bodydouble: {' '.join(message.split())}", err=True)
    raise typer.Exit(1)
