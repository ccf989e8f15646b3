"""Removal of files and folders of the studio."""

from contextlib import suppress
from pathlib import Path
from shutil import rmtree


def remove_path(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir():
        rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
