"""Lock of a folder: one studio at a time uses it. The operating system releases the lock of a studio that is killed."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from bodydouble.errors import OutputError
from bodydouble.formats.atomic import output_errors

if sys.platform == "win32":
    import msvcrt

    _FAR_BYTE = 1 << 20

    def _lock(descriptor: int) -> None:
        """Locks a byte behind the end, so that others can read the file."""
        os.lseek(descriptor, _FAR_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        """Locks a file."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


LOCK_FILE = "studio.lock"


class FolderLock:
    """Lock of a folder with the address of the studio that has it. A context manager."""

    def __init__(self, folder: Path, address: str) -> None:
        """Takes an existing folder, and the address of the page."""
        self._folder, self._address = folder, address

    def __enter__(self) -> Self:
        """Locks the folder.

        Raises:
            OutputError: another studio uses it, or the file cannot be written.
        """
        path = self._folder / LOCK_FILE
        with output_errors(path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            raise OutputError(
                f"another studio uses {self._folder}: {_describe_owner(path)}; open that page, end that process, "
                "or choose another folder with --folder"
            ) from error
        record = {"process": os.getpid(), "address": self._address}
        with suppress(OSError):  # a full disk takes no record, but the lock holds
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, json.dumps(record).encode())
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _describe_owner(path: Path) -> str:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return f"process {int(record['process'])} at {record['address']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "its process is not known"
