"""Errors of requests: an HTTP status and one line for the person in front of the page."""

import errno
import sqlite3
from http import HTTPStatus

from bodydouble.errors import OutputError

FULL_DISK = "the disk is full; free some space and try again"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FULL_DATABASE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


class RequestError(Exception):
    """A request that is refused."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class FolderError(OutputError):
    """The folder of the studio cannot be written; its message is for the person in front of the page."""


def explain_disk_error(error: BaseException) -> FolderError | None:
    """Returns an error for people if a file of the studio could not be written; None if an error is another one."""
    if isinstance(error, FolderError):
        return error
    cause = error.__cause__ if isinstance(error, OutputError) else error
    if isinstance(cause, OSError) and cause.errno in _FULL:
        return FolderError(FULL_DISK)
    if isinstance(cause, sqlite3.Error) and cause.sqlite_errorcode & 0xFF in _FULL_DATABASE:
        return FolderError(FULL_DISK)
    if isinstance(error, OutputError) and cause is not None:
        return FolderError(f"the folder of the studio cannot be written: {getattr(cause, 'strerror', None) or cause}")
    return None
