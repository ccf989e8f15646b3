"""Hostile things that a clip can do to its worker; the errors are those of the operating system."""

import ctypes
import os
import resource
import signal
from pathlib import Path

from bodydouble.formats.atomic import atomic_write

MEBIBYTE = 1 << 20


def write_much(folder: Path) -> None:
    """Writes a file of 16 MiB in pieces."""
    with atomic_write(folder / "much") as temporary, temporary.open("wb") as file:
        for _ in range(16):
            file.write(os.urandom(MEBIBYTE))


def write_too_much(folder: Path) -> None:
    """Writes a file that is larger than files may be, as on a disk whose file system has such a limit."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MEBIBYTE, resource.RLIM_INFINITY))
    try:
        write_much(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def use_much_memory(_: Path) -> None:
    """Asks for more memory than the worker may have."""
    resource.setrlimit(resource.RLIMIT_AS, (2048 * MEBIBYTE, resource.RLIM_INFINITY))
    try:
        bytearray(4096 * MEBIBYTE)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def crash(_: Path) -> None:
    """Reads from address 0, as a decoder with a defect does."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.string_at(0)


def abort(_: Path) -> None:
    """Aborts the process, as C++ does if nothing handles an exception."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.abort()


def be_killed(_: Path) -> None:
    """Kills the process, as the system does if its memory is exhausted."""
    os.kill(os.getpid(), signal.SIGKILL)
