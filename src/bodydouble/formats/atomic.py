"""Atomic output: files and folders that appear under their name only when they are complete."""

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

from bodydouble.errors import OutputError

_ADVICE = {
    errno.ENOSPC: "free some space or choose another folder with -o",
    errno.EDQUOT: "free some space or choose another folder with -o",
    errno.EFBIG: "choose a folder on another disk with -o",
    errno.EACCES: "choose a folder you may write to with -o",
    errno.EPERM: "choose a folder you may write to with -o",
    errno.EROFS: "choose a folder you may write to with -o",
    errno.ENOENT: "create its folder first",
    errno.ENOTDIR: "a part of its path is a file; choose another folder with -o",
    errno.EISDIR: "there is a folder of that name; choose another name",
}


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Converts the operating system's errors inside the block into an OutputError about ``path``.

    Args:
        path: The file or folder that the block writes.

    Raises:
        OutputError: The block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "choose another folder with -o")
        raise OutputError(f"cannot write {path}: {error.strerror or error}; {advice}") from error


@contextmanager
def temporary_sibling(path: Path) -> Iterator[Path]:
    """Creates an empty file beside ``path`` that replaces it when the block succeeds and vanishes when it does not.

    Its name is hidden and ends in the suffix of ``path``, because encoders choose the format by it.

    Args:
        path: The final file.

    Returns:
        Path of the temporary file, within the block.

    Raises:
        OSError: The file cannot be created or renamed.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "Is a directory")
    temporary = path.with_name(f".{path.stem[:40]}.{secrets.token_hex(4)}{path.suffix}")
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Provides a temporary path to write to, which becomes ``path`` when the block ends without an exception.

    Args:
        path: The final file; an older one of that name stays as it is until the new one is complete.

    Returns:
        Path of an empty temporary file in the same folder, within the block.

    Raises:
        OutputError: The block raised an OSError (no space left, permission denied, ...).
    """
    with output_errors(path), temporary_sibling(path) as temporary:
        yield temporary


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Provides a temporary folder to fill, which becomes ``path`` when the block ends without an exception.

    Args:
        path: The final folder: new, or empty, since files of an older one would mix with the new ones.

    Returns:
        Path of an empty temporary folder beside it, within the block.

    Raises:
        OutputError: ``path`` is a file or a folder that is not empty, or the block raised an OSError.
    """
    if path.exists() and not path.is_dir():
        raise OutputError(f"cannot write into {path}: it is a file, not a folder; choose another folder with -o")
    with output_errors(path):
        if path.is_dir() and any(path.iterdir()):
            raise OutputError(f"cannot write into {path}: it is not empty; empty it or choose another folder with -o")
        temporary = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}")
        temporary.mkdir()
        try:
            yield temporary
            if path.is_dir():
                path.rmdir()
            temporary.rename(path)
        finally:
            rmtree(temporary, ignore_errors=True)


def ensure_folder(path: Path) -> Path:
    """Creates a folder, with its parents, and checks that files can be written into it.

    Args:
        path: The folder.

    Returns:
        The same path.

    Raises:
        OutputError: The folder cannot be created or written to.
    """
    if path.exists() and not path.is_dir():
        raise OutputError(f"cannot write into {path}: it is a file, not a folder; choose another folder with -o")
    with output_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        # Permission bits are not enough on read-only mounts and network drives: try to write.
        probe_file = path / f".{secrets.token_hex(4)}"
        probe_file.touch(exist_ok=False)
        probe_file.unlink()
    return path
