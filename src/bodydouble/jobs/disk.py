"""State of the disk of the output folder: whether results can be written at all, or only those of one clip cannot."""

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from bodydouble.errors import OutputError

PROBE_BYTES = 1 << 22
"""Size of the file by which free space is looked for: about that of the results of a short clip."""
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def is_disk_error(error: OutputError) -> bool:
    """Returns whether an error may concern the whole disk: it is full, or has become read-only."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _DISK_ERRORS


def check_disk(output: Path) -> None:
    """Checks that results can be written.

    Raises:
        OutputError: the disk is full, has become read-only or is gone; the message tells how to go on.
    """
    probe = output / f".{secrets.token_hex(4)}"
    try:
        probe.write_bytes(os.urandom(PROBE_BYTES))
    except OSError as error:
        raise OutputError(
            f"cannot write into {output}: {error.strerror or error}; {_advise(error)}, then run the same command again"
        ) from error
    finally:
        with suppress(OSError):
            probe.unlink()


def _advise(error: OSError) -> str:
    return "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "make it writable"
