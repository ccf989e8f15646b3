"""Owners of jobs: which process of which computer runs a job, and whether it is still alive."""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that runs jobs."""

    host: str
    boot: str
    """Identity of this start of the computer; empty where the system has none."""
    pid: int
    started: str
    """Time of the process's start in the system's own unit, which tells it from a later process of the same number;
    empty where the system has none."""

    def __str__(self) -> str:
        return "|".join((self.host, self.boot, str(self.pid), self.started))


def parse_owner(text: str) -> Owner:
    """Parses what ``str`` makes of an owner."""
    host, boot, pid, started = text.split("|")
    return Owner(host, boot, int(pid), started)


def current_owner() -> Owner:
    """Returns this process as an owner."""
    return Owner(socket.gethostname(), _boot_id(), os.getpid(), _start_time(os.getpid()) or "")


def is_dead(owner: Owner) -> bool:
    """Returns whether a process is known to have ended; of other computers that is never known."""
    if owner.host != socket.gethostname():
        return False
    if owner.boot != _boot_id():
        return True
    if owner.started:
        return _start_time(owner.pid) != owner.started
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


@cache
def _boot_id() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def _start_time(pid: int) -> str | None:
    """Returns the start time of a process in clock ticks since the start of the computer; None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]
